//! The colours of grounds, walls and skies: smooth patterns without visible repetition.

use glam::{Vec2, Vec3};

use crate::words::{Back, Ground};

/// Value noise in `[0, 1]` on a lattice of spacing 1.
fn noise(at: Vec2) -> f32 {
    let cell = at.floor();
    let f = at - cell;
    let f = f * f * (3.0 - 2.0 * f);
    let value = |dx: i32, dy: i32| lattice(cell.x as i32 + dx, cell.y as i32 + dy);
    let upper = value(0, 0) + (value(1, 0) - value(0, 0)) * f.x;
    let lower = value(0, 1) + (value(1, 1) - value(0, 1)) * f.x;
    upper + (lower - upper) * f.y
}

/// A hash of a lattice point, in `[0, 1]`.
fn lattice(x: i32, y: i32) -> f32 {
    let mut bits = (x as u32).wrapping_mul(0x9E37_79B1) ^ (y as u32).wrapping_mul(0x85EB_CA77);
    bits = (bits ^ (bits >> 15)).wrapping_mul(0x2C1B_3C6D);
    bits = (bits ^ (bits >> 12)).wrapping_mul(0x297A_2D39);
    (bits >> 8) as f32 / (1 << 24) as f32
}

/// The ground's colour at a point.
pub(crate) fn ground(ground: Ground, at: Vec2, pattern: f32) -> Vec3 {
    let at = at + pattern;
    let broad = noise(at * 1.3);
    match ground {
        Ground::Grass => Vec3::new(0.34, 0.58, 0.16).lerp(Vec3::new(0.46, 0.70, 0.24), 0.6 * broad + 0.4 * noise(at * 4.0)),
        Ground::Sand => Vec3::new(0.90, 0.77, 0.54).lerp(Vec3::new(0.97, 0.87, 0.66), 0.7 * broad + 0.3 * noise(at * 3.0)),
        Ground::Wood => Vec3::new(0.58, 0.37, 0.20).lerp(Vec3::new(0.72, 0.50, 0.30), noise(Vec2::new(at.x * 0.5, at.y * 5.0))),
        Ground::Marble => {
            let vein = (at.x * 0.6 + at.y * 0.9 + 1.8 * broad).sin().abs();
            Vec3::new(0.70, 0.72, 0.77).lerp(Vec3::new(0.84, 0.85, 0.87), (vein * 1.6).min(1.0))
        }
        Ground::Stone => Vec3::new(0.42, 0.43, 0.45).lerp(Vec3::new(0.54, 0.54, 0.54), 0.6 * broad + 0.4 * noise(at * 3.5)),
    }
}

/// The colour of the back in a direction. `height` is that above the ground for a wall, and the vertical component of the direction for a sky.
pub(crate) fn back(back: Back, across: f32, height: f32, pattern: f32) -> Vec3 {
    let wall = |colour: Vec3| colour * (0.94 + 0.06 * (height / 2.5).clamp(0.0, 1.0));
    match back {
        Back::BlueWall => wall(Vec3::new(0.42, 0.60, 0.80)),
        Back::PinkWall => wall(Vec3::new(0.88, 0.66, 0.72)),
        Back::GreyWall => wall(Vec3::new(0.70, 0.71, 0.73)),
        Back::GreenWall => wall(Vec3::new(0.58, 0.72, 0.60)),
        Back::BlueSky => {
            let clear = Vec3::new(0.78, 0.88, 0.97).lerp(Vec3::new(0.40, 0.64, 0.92), (height * 3.2).clamp(0.0, 1.0));
            let cloud = noise(Vec2::new(across * 5.0, height * 14.0) + pattern);
            clear.lerp(Vec3::splat(0.97), ((cloud - 0.55) * 3.0).clamp(0.0, 0.7) * (height * 8.0).clamp(0.0, 1.0))
        }
        Back::SunsetSky => {
            let glow = (height * 4.5).clamp(0.0, 1.0);
            Vec3::new(0.99, 0.80, 0.48).lerp(Vec3::new(0.82, 0.44, 0.50), glow)
        }
    }
}
