//! Ground truth of edits: the changed scene.

use fastrand::Rng;
use glam::Vec3;

use crate::random::pick;
use crate::scene::{Scene, Toy};
use crate::words::{Colour, Kind};

impl Scene {
    /// The scene without a toy.
    #[must_use]
    pub fn without(&self, index: usize) -> Self {
        let mut scene = self.clone();
        scene.toys.remove(index);
        scene
    }

    /// The scene with one toy replaced.
    #[must_use]
    pub fn with(&self, index: usize, toy: Toy) -> Self {
        let mut scene = self.clone();
        scene.toys[index] = toy;
        scene
    }

    /// A toy of another kind and colour at the place of a toy, of about the same size.
    pub fn other(&self, index: usize, rng: &mut Rng) -> Toy {
        let old = self.toys[index];
        let (kind, colour) = loop {
            let (kind, colour) = (pick(rng, Kind::ALL), pick(rng, Colour::ALL));
            if colour != old.colour && !self.toys.iter().any(|toy| toy.kind == kind) {
                break (kind, colour);
            }
        };
        Toy { kind, colour, turn: crate::shapes::usual_turn(kind), ..old }
    }

    /// The same toy in another colour.
    pub fn recoloured(&self, index: usize, rng: &mut Rng) -> Toy {
        let old = self.toys[index];
        loop {
            let colour = pick(rng, Colour::ALL);
            if colour != old.colour {
                return Toy { colour, ..old };
            }
        }
    }

    /// A toy moved to the right by `dx` pixels of a picture of `side` × `side` pixels.
    pub fn moved(&self, index: usize, dx: f32, side: u32) -> Toy {
        let old = self.toys[index];
        let at = |x: f32| self.camera.project(Vec3::new(x, 0.0, old.z)).x * side as f32;
        Toy { x: old.x + dx / (at(1.0) - at(0.0)), ..old }
    }

    /// The number of pixels nearest to `wanted` by which a toy can be moved to the right to a free place.
    pub fn room_to_move(&self, index: usize, wanted: i32, side: u32) -> Option<i32> {
        let step = if wanted < 0 { -1 } else { 1 };
        let distances = (0..=wanted.abs() / 2).flat_map(|less| [wanted - step * less, step * less - wanted]);
        distances.into_iter().find(|dx| self.has_room(&self.moved(index, *dx as f32, side), Some(index)))
    }
}
