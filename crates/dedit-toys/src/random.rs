//! Random scenes.

use fastrand::Rng;

use crate::scene::{Camera, Extent, Look, Scene, Toy};
use crate::words::{Back, Colour, Ground, Kind, Material};

/// Attempts to place a toy before all toys are placed again.
const TRIES: usize = 60;
/// Attempts to place all toys before one is left out.
const ROUNDS: usize = 40;
/// Least gap between two toys, as a share of the picture's side; toys with a smaller gap would share latent cells.
const GAP: f32 = 0.045;
/// Least distance of a toy from the picture's border, as a share of its side.
const MARGIN: f32 = 0.03;

impl Scene {
    /// The plain scene of a seed: one to three toys that do not occlude each other.
    pub fn random(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let mut scene = Self {
            look: Look::Plain,
            camera: Camera { height: between(&mut rng, 1.2, 1.5), distance: between(&mut rng, 5.5, 6.7) },
            light: between(&mut rng, -0.9, -0.4),
            pattern: between(&mut rng, 0.0, 40.0),
            ground: pick(&mut rng, Ground::ALL),
            back: pick(&mut rng, Back::EVERY),
            toys: Vec::new(),
        };
        let mut count = match rng.u32(0..100) {
            0..22 => 1,
            22..74 => 2,
            _ => 3,
        };
        // A first toy in the middle may leave no room for the others; then all are placed again.
        let mut rounds = 0;
        while scene.toys.len() < count {
            scene.toys.clear();
            rounds += 1;
            if rounds % ROUNDS == 0 {
                count -= 1;
            }
            for _ in 0..count {
                // No two toys of a scene are of the same kind, so that names are unique.
                let kind = loop {
                    let kind = pick(&mut rng, Kind::ALL);
                    if !scene.toys.iter().any(|toy| toy.kind == kind) {
                        break kind;
                    }
                };
                let colour = pick(&mut rng, Colour::ALL);
                let placed = scene.place(kind, colour, count, &mut rng);
                scene.toys.extend(placed);
            }
        }
        scene
    }

    /// A toy at a free place.
    fn place(&self, kind: Kind, colour: Colour, count: usize, rng: &mut Rng) -> Option<Toy> {
        (0..TRIES).find_map(|_| {
            let (smallest, largest) = [(1.0, 1.6), (0.95, 1.35), (0.8, 1.05)][count - 1];
            let toy = Toy {
                kind,
                colour,
                material: Material::Plastic,
                x: between(rng, -1.3, 1.3),
                z: between(rng, -0.6, 1.1),
                size: between(rng, smallest, largest),
                turn: crate::shapes::usual_turn(kind) + between(rng, -0.35, 0.35),
            };
            self.has_room(&toy, None).then_some(toy)
        })
    }

    /// Whether a toy would be inside the picture with a gap to all others except number `except`.
    pub fn has_room(&self, toy: &Toy, except: Option<usize>) -> bool {
        let extent = self.extent(toy);
        let inside = Extent { min: extent.min - MARGIN, max: extent.max + MARGIN };
        let fits = inside.min.min_element() >= 0.0 && inside.max.max_element() <= 1.0;
        let others = self.toys.iter().enumerate().filter(|(index, _)| Some(*index) != except);
        fits && others.map(|(_, other)| self.extent(other).gap(&extent)).all(|gap| gap >= GAP)
    }
}

/// A uniformly distributed number.
pub(crate) fn between(rng: &mut Rng, from: f32, to: f32) -> f32 {
    from + (to - from) * rng.f32()
}

/// A uniformly distributed choice.
pub(crate) fn pick<T: Copy>(rng: &mut Rng, from: &[T]) -> T {
    from[rng.usize(0..from.len())]
}
