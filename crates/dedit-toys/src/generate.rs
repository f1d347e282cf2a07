//! Random detailed scenes.

use fastrand::Rng;

use crate::random::{between, pick};
use crate::scene::{Camera, Look, Scene, Toy};
use crate::words::{Back, Colour, Ground, Kind, Material};

/// What may be in a random scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cast {
    /// What training may show.
    Seen,
    /// The first toy is of a kind that no training has seen, half of the others are too, and half of the grounds.
    Unseen,
}

/// Ranges of the sizes of toys, by their number in the scene.
const SIZES: [(f32, f32); 5] = [(0.9, 1.7), (0.8, 1.4), (0.65, 1.05), (0.5, 0.8), (0.45, 0.68)];
/// Attempts to place a toy before all toys are placed again.
const TRIES: usize = 60;
/// Attempts to place all toys before one is left out.
const ROUNDS: usize = 60;

impl Scene {
    /// The detailed scene of a seed: up to five toys that do not occlude each other, each of another kind.
    pub fn detailed(seed: u64, cast: Cast) -> Self {
        // The same seed gives different scenes to different casts.
        let mut rng = Rng::with_seed(seed ^ if cast == Cast::Seen { 0x5EE0_0000_0000 } else { 0x0DD0_0000_0000 });
        let grounds = if cast == Cast::Unseen && rng.bool() { Ground::UNSEEN } else { Ground::ALL };
        let mut scene = Self {
            look: Look::Detailed,
            camera: Camera { height: between(&mut rng, 1.2, 2.2), distance: between(&mut rng, 5.5, 6.8) },
            light: between(&mut rng, 0.3, 0.95) * if rng.bool() { 1.0 } else { -1.0 },
            pattern: between(&mut rng, 0.0, 40.0),
            ground: pick(&mut rng, grounds),
            back: pick(&mut rng, Back::EVERY),
            toys: Vec::new(),
        };
        let mut count = match (rng.u32(0..100), cast) {
            (0..4, Cast::Seen) => 0,
            (0..22, _) => 1,
            (22..48, _) => 2,
            (48..72, _) => 3,
            (72..88, _) => 4,
            _ => 5,
        };
        let mut rounds = 0;
        while scene.toys.len() < count {
            scene.toys.clear();
            rounds += 1;
            if rounds % ROUNDS == 0 {
                count -= 1;
            }
            for _ in 0..count {
                let placed = scene.with_room(count, cast, &mut rng);
                scene.toys.extend(placed);
            }
        }
        scene
    }

    /// A toy of a kind that is not there yet, at a free place.
    fn with_room(&self, count: usize, cast: Cast, rng: &mut Rng) -> Option<Toy> {
        let kinds = if cast == Cast::Unseen && (self.toys.is_empty() || rng.bool()) { Kind::UNSEEN } else { Kind::SEEN };
        let kind = loop {
            let kind = pick(rng, kinds);
            if !self.toys.iter().any(|toy| toy.kind == kind) {
                break kind;
            }
        };
        let (colour, material) = (pick(rng, Colour::EVERY), material(rng));
        (0..TRIES).find_map(|_| {
            let (smallest, largest) = SIZES[count - 1];
            let toy = Toy {
                kind,
                colour,
                material,
                x: between(rng, -1.5, 1.5),
                z: between(rng, -1.2, 1.5),
                size: between(rng, smallest, largest),
                turn: crate::shapes::usual_turn(kind) + between(rng, -0.45, 0.45),
            };
            self.has_room(&toy, None).then_some(toy)
        })
    }
}

/// Half of all toys are of plastic, as a prompt without a word for the material says.
fn material(rng: &mut Rng) -> Material {
    match rng.u32(0..100) {
        0..52 => Material::Plastic,
        52..70 => Material::Wood,
        70..86 => Material::Metal,
        _ => Material::Glass,
    }
}
