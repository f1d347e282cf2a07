//! Rendering by sphere tracing of signed distance functions.

use glam::{Vec2, Vec3, Vec3Swizzles};
use image::{GrayImage, Luma, Rgb, RgbImage};

use crate::ground;
use crate::scene::{Scene, Toy};
use crate::shapes::{self, Part};
use crate::words::Colour;

/// A rendered scene.
#[derive(Clone, Debug)]
pub struct Drawing {
    /// The picture.
    pub picture: RgbImage,
    /// For each pixel the number, from 1, of the toy that covers most of it, or 0.
    pub labels: GrayImage,
    /// For each pixel without a toy the number, from 1, of the toy whose shadow it is in, or 0.
    pub shadows: GrayImage,
}

/// Rays per pixel along each side.
const RAYS: u32 = 2;
/// Maximal number of steps of a ray through the bounding sphere of a toy.
const STEPS: usize = 48;
/// Distance at which a ray hits a surface.
const HIT: f32 = 0.002;
/// z of the wall.
const WALL_Z: f32 = -2.6;
/// The vertical component of the light's direction.
const LIGHT_UP: f32 = 0.72;
/// A point with less than this share of light is in shadow.
const SHADOWED: f32 = 0.75;

/// Renders a scene as a picture of `side` × `side` pixels.
pub fn draw(scene: &Scene, side: u32) -> Drawing {
    let view = View::new(scene);
    let mut drawing =
        Drawing { picture: RgbImage::new(side, side), labels: GrayImage::new(side, side), shadows: GrayImage::new(side, side) };
    for (x, y) in (0..side).flat_map(|y| (0..side).map(move |x| (x, y))) {
        let mut sum = Vec3::ZERO;
        let (mut covered, mut shadowed) = ([0; 4], [0; 4]);
        for ray in 0..RAYS * RAYS {
            let within = Vec2::new((ray % RAYS) as f32 + 0.5, (ray / RAYS) as f32 + 0.5) / RAYS as f32;
            let at = (Vec2::new(x as f32, y as f32) + within) / side as f32 * 2.0 - 1.0;
            let seen = view.trace(Vec2::new(at.x, -at.y));
            sum += seen.colour;
            covered[ray as usize] = seen.toy;
            shadowed[ray as usize] = seen.shadow;
        }
        let mean = sum / (RAYS * RAYS) as f32;
        drawing.picture.put_pixel(
            x,
            y,
            Rgb((mean * 255.0 + 0.5).clamp(Vec3::ZERO, Vec3::splat(255.0)).to_array().map(|value| value as u8)),
        );
        let toy = most(covered);
        drawing.labels.put_pixel(x, y, Luma([toy]));
        drawing.shadows.put_pixel(x, y, Luma([if toy == 0 { most(shadowed) } else { 0 }]));
    }
    drawing
}

/// The toy that most rays of a pixel hit; of equally frequent ones the first.
fn most(toys: [u8; 4]) -> u8 {
    let rays = |toy: &u8| toys.into_iter().filter(|other| other == toy).fold(0, |rays, _| rays + 1);
    toys.into_iter().rev().max_by_key(rays).unwrap_or(0)
}

/// What a ray hits.
struct Seen {
    colour: Vec3,
    /// The toy's number from 1, or 0.
    toy: u8,
    /// The number, from 1, of the toy that casts a shadow on it, or 0.
    shadow: u8,
}

/// A scene with precomputed values for tracing.
struct View<'a> {
    scene: &'a Scene,
    toys: Vec<Placed<'a>>,
    eye: Vec3,
    axes: [Vec3; 3],
    light: Vec3,
}

/// A toy with its bounding sphere and rotation.
struct Placed<'a> {
    toy: &'a Toy,
    middle: Vec3,
    radius: f32,
    turn: (f32, f32),
}

impl Placed<'_> {
    fn sample(&self, point: Vec3) -> (f32, Part) {
        let (sin, cos) = self.turn;
        let p = (point - Vec3::new(self.toy.x, 0.0, self.toy.z)) / self.toy.size;
        let (distance, part) = shapes::sample(self.toy.kind, Vec3::new(cos * p.x - sin * p.z, p.y, sin * p.x + cos * p.z));
        (distance * self.toy.size, part)
    }

    /// The range of a ray inside the bounding sphere.
    fn stretch(&self, from: Vec3, direction: Vec3) -> Option<(f32, f32)> {
        let to = self.middle - from;
        let along = to.dot(direction);
        let left = self.radius * self.radius - (to.length_squared() - along * along);
        let half = (left > 0.0).then(|| left.sqrt())?;
        (along + half > 0.0).then_some(((along - half).max(0.0), along + half))
    }

    /// The normal of the surface.
    fn normal(&self, at: Vec3) -> Vec3 {
        let step = 0.003;
        let [x, y, z] = [Vec3::X, Vec3::Y, Vec3::Z].map(|axis| self.sample(at + axis * step).0 - self.sample(at - axis * step).0);
        Vec3::new(x, y, z).normalize_or(Vec3::Y)
    }
}

impl<'a> View<'a> {
    fn new(scene: &'a Scene) -> Self {
        let toys = scene.toys.iter().map(|toy| Placed {
            toy,
            middle: Vec3::new(toy.x, 0.52 * toy.size, toy.z),
            radius: 0.86 * toy.size,
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

    /// Traces the ray through a point of the picture, with coordinates from −1 to 1 to the right and upwards.
    fn trace(&self, at: Vec2) -> Seen {
        let [right, up, ahead] = self.axes;
        let direction = (ahead + right * at.x + up * at.y).normalize();
        let hits =
            self.toys.iter().enumerate().filter_map(|(index, toy)| march(toy, self.eye, direction).map(|(t, part)| (t, part, index)));
        match hits.min_by(|a, b| a.0.total_cmp(&b.0)) {
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
            ground::ground(self.scene.ground, at.xz(), self.scene.pattern)
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

/// The distance at which a ray hits a toy, and the part that it hits.
fn march(placed: &Placed<'_>, from: Vec3, direction: Vec3) -> Option<(f32, Part)> {
    let (mut t, end) = placed.stretch(from, direction)?;
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
