//! How plain scenes are shaded. The built-in model was trained on them: every pixel stays as it is.

use glam::{Vec2, Vec3, Vec3Swizzles};

use crate::ground;
use crate::parts::Part;
use crate::view::{HIT, Placed, SHADOWED, STEPS, Seen, View, WALL_Z};
use crate::words::Colour;

impl View<'_> {
    /// Traces the ray through a point of the picture, with coordinates from −1 to 1 to the right and upwards.
    pub(crate) fn trace_plain(&self, at: Vec2) -> Seen {
        let direction = self.direction(at);
        match self.nearest(self.eye, direction, None) {
            Some((t, part, index)) => self.on_toy(index, part, self.eye + direction * t, direction),
            None => self.behind(direction),
        }
    }

    fn on_toy(&self, index: usize, part: Part, at: Vec3, direction: Vec3) -> Seen {
        let placed = &self.toys[index];
        let normal = placed.normal(at);
        let (lit, _) = self.light_at(at + normal * 0.02, Some(index));
        let diffuse = normal.dot(self.light).max(0.0) * lit;
        let sky = 0.5 + 0.5 * normal.y;
        let half = (self.light - direction).normalize();
        let gloss = normal.dot(half).max(0.0).powi(40) * 0.35 * lit;
        let base = match part {
            Part::Main => placed.toy.colour.rgb(),
            Part::Dark => Vec3::new(0.16, 0.16, 0.18),
            // White parts would not be visible on a white toy.
            Part::Pale if placed.toy.colour == Colour::White => Vec3::new(0.62, 0.66, 0.72),
            Part::Pale => Vec3::new(0.95, 0.93, 0.86),
            Part::Brown => Vec3::new(0.42, 0.26, 0.14),
            Part::Beak => Vec3::new(0.98, 0.55, 0.12),
            Part::Leaf => Vec3::new(0.24, 0.52, 0.18),
            Part::Glass => Vec3::new(0.66, 0.85, 0.95),
        };
        Seen { colour: base * (0.50 + 0.16 * sky + 0.54 * diffuse) + gloss, toy: index as u8 + 1, shadow: 0 }
    }

    /// The ground, wall or sky in a direction.
    fn behind(&self, direction: Vec3) -> Seen {
        let to_ground = if direction.y < 0.0 { -self.eye.y / direction.y } else { f32::INFINITY };
        let to_wall = if self.scene.back.is_sky() { f32::INFINITY } else { (WALL_Z - self.eye.z) / direction.z };
        if to_ground.min(to_wall).is_infinite() {
            let colour = ground::back(self.scene.back, direction.x, direction.y, self.scene.pattern);
            return Seen { colour, toy: 0, shadow: 0 };
        }
        let is_ground = to_ground <= to_wall;
        let at = self.eye + direction * to_ground.min(to_wall);
        let base = if is_ground {
            ground::plain(self.scene.ground, at.xz(), self.scene.pattern)
        } else {
            ground::back(self.scene.back, at.x, at.y, self.scene.pattern)
        };
        let (lit, shadow) = self.light_at(at + Vec3::Y * 0.01, None);
        // Ambient occlusion by toys near the ground.
        let near = self.toys.iter().map(|toy| if is_ground { toy.sample(at).0 } else { 1.0 }).fold(1.0, f32::min);
        let open = 0.72 + 0.28 * (near / 0.22).clamp(0.0, 1.0);
        let colour = base * (0.55 + 0.45 * lit) * open;
        // Haze: distant ground fades into the sky.
        let haze = if self.scene.back.is_sky() { ((to_ground - 8.0) / 30.0).clamp(0.0, 1.0) } else { 0.0 };
        let horizon = ground::back(self.scene.back, direction.x, 0.0, self.scene.pattern);
        Seen { colour: colour.lerp(horizon, haze), toy: 0, shadow: if lit < SHADOWED { shadow } else { 0 } }
    }

    /// The share of light that reaches a point, in `[0, 1]`, and the toy that blocks most of it. Toys do not shade themselves: in small pictures that looks like
    /// dirt.
    fn light_at(&self, from: Vec3, except: Option<usize>) -> (f32, u8) {
        let others = self.toys.iter().enumerate().filter(|(index, _)| Some(*index) != except);
        others.fold((1.0, 0), |best, (index, toy)| {
            let lit = passes(toy, from, self.light);
            if lit < best.0 { (lit, index as u8 + 1) } else { best }
        })
    }
}

/// The share of light that passes a toy; decreases as the ray comes nearer, for soft shadows.
fn passes(placed: &Placed<'_>, from: Vec3, direction: Vec3) -> f32 {
    let Some((start, end)) = placed.stretch(from, direction) else { return 1.0 };
    let (mut t, mut lit) = (start.max(0.02), 1.0_f32);
    for _ in 0..STEPS {
        let (distance, _) = placed.sample(from + direction * t);
        if distance < HIT {
            return 0.0;
        }
        lit = lit.min(9.0 * distance / t);
        t += distance.max(0.02);
        if t > end {
            break;
        }
    }
    lit * lit * (3.0 - 2.0 * lit)
}
