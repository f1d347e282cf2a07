//! How detailed scenes are shaded: materials, a wide light, toys that shade themselves.

use glam::{Vec2, Vec3, Vec3Swizzles};

use crate::ground;
use crate::material::Surface;
use crate::parts::Part;
use crate::view::{HIT, Placed, SHADOWED, STEPS, Seen, View, WALL_Z};
use crate::words::Material;

/// Tangent of the half angle under which the light is seen, inverted: the smaller, the softer the shadows.
const HARDNESS: f32 = 6.5;
/// Distance, as a share of a toy's size, up to which it takes light of the sky from the ground.
const REACH: f32 = 0.3;
/// How far half shadows reach beyond a toy, as a share of its size: a shadow is at most about 1.6 times as long as the toy is high.
const WIDEST: f32 = 0.24;
/// The share of light that a toy of glass lets through.
const CLEAR: f32 = 0.5;

impl View<'_> {
    /// Traces the ray through a point of the picture, with coordinates from −1 to 1 to the right and upwards.
    pub(crate) fn trace_detailed(&self, at: Vec2) -> Seen {
        let direction = self.direction(at);
        match self.nearest(self.eye, direction, None) {
            Some((t, part, index)) => {
                let colour = self.surface(index, part, self.eye + direction * t, direction);
                Seen { colour, toy: index as u8 + 1, shadow: 0 }
            }
            None => self.surroundings(self.eye, direction),
        }
    }

    /// The colour of a point of a toy, seen along a direction.
    fn surface(&self, index: usize, part: Part, at: Vec3, direction: Vec3) -> Vec3 {
        let placed = &self.toys[index];
        let normal = placed.normal(at);
        let surface = Surface::new(part, placed.toy.colour, placed.toy.material, placed.local(at));
        let (lit, _) = self.reached(at + normal * 0.02, Some(index));
        let lit = lit * if surface.material == Material::Glass { 1.0 } else { own_shadow(placed, at + normal * 0.03, self.light) };
        let diffuse = normal.dot(self.light).max(0.0) * lit;
        let open = occlusion(placed, at, normal) * contact(at.y, normal.y);
        let half = (self.light - direction).normalize();
        let highlight = surface.gloss * lit * normal.dot(half).max(0.0).powi(surface.polish);
        // Schlick's approximation: surfaces seen at a low angle reflect more.
        let fresnel = (1.0 - normal.dot(-direction).clamp(0.0, 1.0)).powi(4);
        let reflected = || self.reflection(at + normal * 0.02, direction - 2.0 * direction.dot(normal) * normal);
        let matte = surface.base * ((0.40 + 0.20 * (0.5 + 0.5 * normal.y)) * open + 0.52 * diffuse);
        match surface.material {
            Material::Metal => {
                let mirror = reflected() * surface.base.lerp(Vec3::ONE, 0.08 + 0.5 * fresnel) * (0.45 + 0.55 * open);
                matte * 0.28 + mirror * 0.82 + highlight
            }
            Material::Glass => {
                let bent = (direction - normal * 0.22).normalize();
                let through = self.through(at, bent, index) * Vec3::ONE.lerp(surface.base, 0.62 + 0.3 * fresnel);
                let body = through.lerp(surface.base * 0.66, 0.30 + 0.34 * fresnel);
                body.lerp(reflected(), 0.07 + 0.45 * fresnel) + highlight
            }
            Material::Plastic => matte.lerp(reflected(), 0.02 + 0.14 * fresnel) + highlight,
            Material::Wood => matte + highlight,
        }
    }

    /// What is seen through a toy of glass.
    fn through(&self, from: Vec3, direction: Vec3, index: usize) -> Vec3 {
        match self.nearest(from, direction, Some(index)) {
            // Toys behind glass are shown in their own colour, without reflections.
            Some((t, part, other)) => {
                let (placed, at) = (&self.toys[other], from + direction * t);
                let surface = Surface::new(part, placed.toy.colour, placed.toy.material, placed.local(at));
                surface.base * (0.55 + 0.45 * placed.normal(at).dot(self.light).max(0.0))
            }
            None => self.surroundings(from, direction).colour,
        }
    }

    /// What a surface reflects: ground and back, or in front of the scene a bright room.
    fn reflection(&self, from: Vec3, direction: Vec3) -> Vec3 {
        if direction.y < 0.0 {
            let at = from + direction * (from.y / -direction.y).min(12.0);
            return ground::detailed(self.scene.ground, at.xz(), self.scene.pattern, 0.3) * 0.8;
        }
        let room = Vec3::new(0.66, 0.68, 0.72).lerp(Vec3::splat(0.95), direction.y);
        let window = ((direction.dot(self.light) - 0.86) * 9.0).clamp(0.0, 1.0);
        let front = room + 0.35 * window;
        let back = ground::back(self.scene.back, direction.x, direction.y, self.scene.pattern);
        back.lerp(front, (direction.z * 2.0 + 0.5).clamp(0.0, 1.0))
    }

    /// The ground, wall or sky in a direction.
    fn surroundings(&self, from: Vec3, direction: Vec3) -> Seen {
        let scene = self.scene;
        let to_ground = if direction.y < 0.0 { -from.y / direction.y } else { f32::INFINITY };
        let to_wall = if scene.back.is_sky() || direction.z >= 0.0 { f32::INFINITY } else { (WALL_Z - from.z) / direction.z };
        if to_ground.min(to_wall).is_infinite() {
            let colour = ground::back(scene.back, direction.x, direction.y, scene.pattern);
            return Seen { colour, toy: 0, shadow: 0 };
        }
        let is_ground = to_ground <= to_wall;
        let at = from + direction * to_ground.min(to_wall);
        let base = if is_ground {
            // Detail finer than a pixel would flicker from ray to ray.
            ground::detailed(scene.ground, at.xz(), scene.pattern, (1.35 - (at - self.eye).length() / 9.0).clamp(0.0, 1.0))
        } else {
            // The wall is darker towards the ground, where less light of the room reaches it.
            ground::back(scene.back, at.x, at.y, scene.pattern) * (0.9 + 0.1 * (at.y / 0.5).clamp(0.0, 1.0))
        };
        let (lit, shadow) = self.reached(at + Vec3::Y * 0.01, None);
        let open = if is_ground { self.openness(at) } else { 1.0 };
        let wall = if is_ground && !scene.back.is_sky() { 0.88 + 0.12 * ((at.z - WALL_Z) / 0.6).clamp(0.0, 1.0) } else { 1.0 };
        let colour = base * (0.52 + 0.48 * lit) * open * wall;
        // Haze: distant ground fades into the sky.
        let haze = if scene.back.is_sky() { ((to_ground - 8.0) / 30.0).clamp(0.0, 1.0) } else { 0.0 };
        let horizon = ground::back(scene.back, direction.x, 0.0, scene.pattern);
        Seen { colour: colour.lerp(horizon, haze), toy: 0, shadow: if lit < SHADOWED { shadow } else { 0 } }
    }

    /// The share of the sky that a point of the ground sees past the toys, in `[0, 1]`.
    fn openness(&self, at: Vec3) -> f32 {
        let near = |placed: &&Placed<'_>| placed.is_within(at, REACH * placed.toy.size);
        self.toys.iter().filter(near).fold(1.0, |open, placed| {
            let strength = if placed.toy.material == Material::Glass { 0.18 } else { 0.34 };
            let near = (placed.sample(at).0 / (REACH * placed.toy.size)).clamp(0.0, 1.0);
            open * (1.0 - strength * (1.0 - near) * (1.0 - near))
        })
    }

    /// The share of light that reaches a point past all toys but one, in `[0, 1]`, and the toy that blocks most of it.
    fn reached(&self, from: Vec3, except: Option<usize>) -> (f32, u8) {
        let others = self.toys.iter().enumerate().filter(|(index, _)| Some(*index) != except);
        let (lit, _, darkest) = others.fold((1.0, 1.0, 0), |(all, least, toy), (index, placed)| {
            let mut lit = passes(placed, from, self.light);
            if placed.toy.material == Material::Glass {
                lit = CLEAR + (1.0 - CLEAR) * lit;
            }
            if lit < least { (all * lit, lit, index as u8 + 1) } else { (all * lit, least, toy) }
        });
        (lit, darkest)
    }
}

/// The share of a wide light that passes a toy.
fn passes(placed: &Placed<'_>, from: Vec3, direction: Vec3) -> f32 {
    // The half shadow reaches beyond the toy, the further the longer the way from it.
    let Some((start, end)) = placed.stretch_in_box(from, direction, WIDEST * placed.toy.size) else { return 1.0 };
    let (mut t, mut lit) = (start.max(0.02), 1.0_f32);
    for _ in 0..STEPS {
        let (distance, _) = placed.sample(from + direction * t);
        // From −1, where the light is covered, to 1, where it is open.
        lit = lit.min(HARDNESS * distance / t);
        if lit < -1.0 || t > end {
            break;
        }
        t += distance.abs().clamp(0.03 * placed.toy.size, 0.3);
    }
    let lit = f32::midpoint(lit.max(-1.0), 1.0);
    lit * lit * (3.0 - 2.0 * lit)
}

/// The share of light that a toy leaves for a point of its own surface.
fn own_shadow(placed: &Placed<'_>, from: Vec3, direction: Vec3) -> f32 {
    let Some((_, end)) = placed.stretch_in_box(from, direction, 0.0) else { return 1.0 };
    let (mut t, mut lit) = (0.03, 1.0_f32);
    for _ in 0..STEPS / 2 {
        let (distance, _) = placed.sample(from + direction * t);
        if distance < HIT {
            return 0.0;
        }
        lit = lit.min(7.0 * distance / t);
        t += distance.max(0.02);
        if t > end {
            break;
        }
    }
    lit * lit * (3.0 - 2.0 * lit)
}

/// How open the own surface of a toy is at a point: lower in creases between its parts.
fn occlusion(placed: &Placed<'_>, at: Vec3, normal: Vec3) -> f32 {
    let size = placed.toy.size;
    let missing = [(0.05, 1.0), (0.11, 0.6), (0.2, 0.35)].into_iter().map(|(far, weight)| {
        let far = far * size;
        weight * (far - placed.sample(at + normal * far).0).max(0.0) / far
    });
    (1.0 - 0.38 * missing.sum::<f32>()).clamp(0.35, 1.0)
}

/// How open a surface is above the ground: lower near it, where it does not look upwards.
fn contact(height: f32, up: f32) -> f32 {
    let near = 1.0 - (height / 0.35).clamp(0.0, 1.0);
    1.0 - 0.3 * near * near * (1.0 - up.max(0.0))
}
