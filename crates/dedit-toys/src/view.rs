//! A scene as rays see it, by sphere tracing of signed distance functions.

use glam::{Vec2, Vec3};

use crate::parts::Part;
use crate::scene::{Look, Scene, Toy};
use crate::shapes;

/// Maximal number of steps of a ray through the bounding sphere of a toy.
pub(crate) const STEPS: usize = 48;
/// Distance at which a ray hits a surface.
pub(crate) const HIT: f32 = 0.002;
/// z of the wall.
pub(crate) const WALL_Z: f32 = -2.6;
/// The vertical component of the light's direction.
const LIGHT_UP: f32 = 0.72;
/// A point with less than this share of light is in shadow.
pub(crate) const SHADOWED: f32 = 0.75;

/// What a ray hits.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) colour: Vec3,
    /// The toy's number from 1, or 0.
    pub(crate) toy: u8,
    /// The number, from 1, of the toy that casts a shadow on it, or 0.
    pub(crate) shadow: u8,
}

/// A scene with precomputed values for tracing.
pub(crate) struct View<'a> {
    pub(crate) scene: &'a Scene,
    pub(crate) toys: Vec<Placed<'a>>,
    pub(crate) eye: Vec3,
    axes: [Vec3; 3],
    pub(crate) light: Vec3,
}

/// A toy with its bounding sphere and box, and its rotation.
pub(crate) struct Placed<'a> {
    pub(crate) toy: &'a Toy,
    middle: Vec3,
    radius: f32,
    /// The middle of the bounding box, which has the axes of the scene, and half its sides.
    centre: Vec3,
    half: Vec3,
    turn: (f32, f32),
}

/// By how much a bounding box is larger than the extent of a kind, which is approximate.
const SLACK: Vec3 = Vec3::new(1.12, 1.05, 1.12);

impl Placed<'_> {
    /// A point in the toy's own coordinates, in which it is about 1 high.
    pub(crate) fn local(&self, point: Vec3) -> Vec3 {
        let (sin, cos) = self.turn;
        let p = (point - Vec3::new(self.toy.x, 0.0, self.toy.z)) / self.toy.size;
        Vec3::new(cos * p.x - sin * p.z, p.y, sin * p.x + cos * p.z)
    }

    /// The signed distance to the toy, and the nearest part.
    pub(crate) fn sample(&self, point: Vec3) -> (f32, Part) {
        let (distance, part) = shapes::sample(self.toy.kind, self.local(point));
        (distance * self.toy.size, part)
    }

    /// Whether a point is in the bounding sphere or at most so far from it.
    pub(crate) fn is_within(&self, point: Vec3, distance: f32) -> bool {
        (point - self.middle).length_squared() < (self.radius + distance).powi(2)
    }

    /// The range of a ray inside the bounding sphere.
    pub(crate) fn stretch(&self, from: Vec3, direction: Vec3) -> Option<(f32, f32)> {
        let to = self.middle - from;
        let along = to.dot(direction);
        let left = self.radius * self.radius - (to.length_squared() - along * along);
        let half = (left > 0.0).then(|| left.sqrt())?;
        (along + half > 0.0).then_some(((along - half).max(0.0), along + half))
    }

    /// The range of a ray inside the bounding box, enlarged on every side.
    pub(crate) fn stretch_in_box(&self, from: Vec3, direction: Vec3, beyond: f32) -> Option<(f32, f32)> {
        let half = self.half + beyond;
        let to = (self.centre - from) / direction;
        let reach = (half / direction).abs();
        let (start, end) = ((to - reach).max_element(), (to + reach).min_element());
        (end > start.max(0.0)).then_some((start.max(0.0), end))
    }

    /// The normal of the surface.
    pub(crate) fn normal(&self, at: Vec3) -> Vec3 {
        let step = 0.003;
        let [x, y, z] = [Vec3::X, Vec3::Y, Vec3::Z].map(|axis| self.sample(at + axis * step).0 - self.sample(at - axis * step).0);
        Vec3::new(x, y, z).normalize_or(Vec3::Y)
    }
}

impl<'a> View<'a> {
    pub(crate) fn new(scene: &'a Scene) -> Self {
        let toys = scene.toys.iter().map(|toy| Placed {
            toy,
            middle: Vec3::new(toy.x, 0.52 * toy.size, toy.z),
            radius: 0.86 * toy.size,
            centre: Vec3::new(toy.x, shapes::height(toy.kind) / 2.0 * toy.size, toy.z),
            half: Vec3::new(shapes::half_width(toy.kind), shapes::height(toy.kind) / 2.0, shapes::half_width(toy.kind)) * toy.size * SLACK,
            turn: toy.turn.sin_cos(),
        });
        let (sin, cos) = scene.light.sin_cos();
        let level = (1.0 - LIGHT_UP * LIGHT_UP).sqrt();
        Self {
            scene,
            toys: toys.collect(),
            eye: scene.camera.eye(),
            axes: scene.camera.axes(),
            light: Vec3::new(level * sin, LIGHT_UP, level * cos),
        }
    }

    /// The direction of the ray through a point of the picture, with coordinates from −1 to 1 to the right and upwards.
    pub(crate) fn direction(&self, at: Vec2) -> Vec3 {
        let [right, up, ahead] = self.axes;
        (ahead + right * at.x + up * at.y).normalize()
    }

    /// The nearest toy in a direction, except number `except`: the distance to it, the part that the ray hits, and the toy's index.
    pub(crate) fn nearest(&self, from: Vec3, direction: Vec3, except: Option<usize>) -> Option<(f32, Part, usize)> {
        let others = self.toys.iter().enumerate().filter(|(index, _)| Some(*index) != except);
        let hits = others.filter_map(|(index, toy)| {
            let stretch = match self.scene.look {
                Look::Plain => toy.stretch(from, direction),
                Look::Detailed => toy.stretch_in_box(from, direction, 0.0),
            };
            march(toy, from, direction, stretch?).map(|(t, part)| (t, part, index))
        });
        hits.min_by(|a, b| a.0.total_cmp(&b.0))
    }
}

/// The distance at which a ray hits a toy within a range, and the part that it hits.
fn march(placed: &Placed<'_>, from: Vec3, direction: Vec3, (start, end): (f32, f32)) -> Option<(f32, Part)> {
    let mut t = start;
    for _ in 0..STEPS {
        let (distance, part) = placed.sample(from + direction * t);
        if distance < HIT {
            return Some((t, part));
        }
        t += distance * 0.95;
        if t > end {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Kind;
    use crate::{Camera, Scene};

    #[test]
    fn bounding_boxes_hold_every_kind_however_it_is_turned() {
        for (kind, turn) in Kind::EVERY.iter().flat_map(|kind| [0.0, 0.4, 0.9, 2.0].map(|turn| (*kind, turn))) {
            let mut scene = Scene { camera: Camera { height: 1.5, distance: 6.0 }, ..Scene::random(0) };
            scene.toys.truncate(1);
            scene.toys[0] = Toy { kind, turn, x: 0.0, z: 0.0, size: 1.0, ..scene.toys[0] };
            let view = View::new(&scene);
            let placed = &view.toys[0];
            let steps = || (-30..=30).map(|step| step as f32 * 0.05);
            for point in steps().flat_map(|x| steps().flat_map(move |y| steps().map(move |z| Vec3::new(x, y, z)))) {
                let outside = (point - placed.centre).abs().cmpgt(placed.half).any() && point.y > 0.0;
                assert!(!outside || placed.sample(point).0 > HIT, "{kind} turned by {turn} reaches {point}");
            }
        }
    }
}
