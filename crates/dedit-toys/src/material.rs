//! Colours of the parts of toys in detailed scenes.

use glam::{Vec2, Vec3};

use crate::ground::noise;
use crate::parts::Part;
use crate::words::{Colour, Material};

/// How a surface answers to light.
pub(crate) struct Surface {
    /// Colour in full light, with channels in `[0, 1]`.
    pub(crate) base: Vec3,
    /// Strength of the highlight.
    pub(crate) gloss: f32,
    /// Exponent of the highlight: the larger, the smaller it is.
    pub(crate) polish: i32,
    /// Material: parts that are not of the main one are of plastic.
    pub(crate) material: Material,
}

impl Surface {
    /// The surface of a part at a point in the toy's own coordinates.
    pub(crate) fn new(part: Part, colour: Colour, material: Material, point: Vec3) -> Self {
        let plastic = |base: Vec3| Self { base, gloss: 0.35, polish: 50, material: Material::Plastic };
        match part {
            Part::Main => Self::main(colour, material, point),
            // Parts that would not be visible on a toy of their own colour have another one.
            Part::Dark if colour == Colour::Black => plastic(Vec3::new(0.44, 0.45, 0.48)),
            Part::Dark => plastic(Vec3::new(0.16, 0.16, 0.18)),
            Part::Pale if colour == Colour::White => plastic(Vec3::new(0.62, 0.66, 0.72)),
            Part::Pale => plastic(Vec3::new(0.95, 0.93, 0.86)),
            Part::Brown if colour == Colour::Brown => plastic(Vec3::new(0.74, 0.58, 0.38)),
            Part::Brown => plastic(Vec3::new(0.42, 0.26, 0.14)),
            Part::Beak if colour == Colour::Orange => plastic(Vec3::new(0.98, 0.84, 0.18)),
            Part::Beak => plastic(Vec3::new(0.98, 0.55, 0.12)),
            Part::Glass => Self { gloss: 0.7, ..plastic(Vec3::new(0.66, 0.85, 0.95)) },
            Part::Leaf if colour == Colour::Green => plastic(Vec3::new(0.46, 0.66, 0.18)),
            Part::Leaf => plastic(Vec3::new(0.24, 0.52, 0.18)),
        }
    }

    fn main(colour: Colour, material: Material, point: Vec3) -> Self {
        let base = colour.rgb();
        match material {
            Material::Plastic => Self { base, gloss: 0.38, polish: 50, material },
            Material::Wood => {
                // Stained timber: grain along the vertical, with darker rings across.
                let warp = noise(Vec2::new(point.x * 2.5 + point.z * 1.7, point.y * 1.3));
                let across = point.x * 5.0 + point.z * 4.0 + 2.2 * warp;
                let ring = (across * std::f32::consts::TAU).sin() * 0.5 + 0.5;
                let fibre = noise(Vec2::new(across * 9.0, point.y * 3.0));
                let stained = base.lerp(Vec3::new(0.74, 0.54, 0.34), 0.3);
                Self { base: stained * (0.66 + 0.26 * ring + 0.16 * fibre), gloss: 0.07, polish: 14, material }
            }
            Material::Metal => Self { base: base.lerp(Vec3::splat(0.8), 0.12), gloss: 0.9, polish: 90, material },
            Material::Glass => Self { base, gloss: 0.9, polish: 160, material },
        }
    }
}
