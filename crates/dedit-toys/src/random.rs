//! Scenes from seeds.

use fastrand::Rng;

use crate::scene::{Camera, Extent, Scene, Toy};
use crate::words::{Back, Colour, Ground, Kind};

/// How often a place is tried for a toy before all toys are placed anew.
const TRIES: usize = 60;
/// How often all toys are placed anew before the scene gets one less.
const ROUNDS: usize = 40;
/// The least gap between two toys, as a share of the picture's side: what is nearer shares cells of a coarse grid.
const GAP: f32 = 0.045;
/// The least distance of a toy from the picture's border.
const MARGIN: f32 = 0.03;

impl Scene {
    /// The scene of a seed: one to three toys that do not hide one another.
    pub fn random(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let mut scene = Self {
            camera: Camera { height: between(&mut rng, 1.2, 1.5), distance: between(&mut rng, 5.5, 6.7) },
            light: between(&mut rng, -0.9, -0.4),
            pattern: between(&mut rng, 0.0, 40.0),
            ground: pick(&mut rng, Ground::ALL),
            back: pick(&mut rng, Back::ALL),
            toys: Vec::new(),
        };
        let mut count = match rng.u32(0..100) {
            0..22 => 1,
            22..74 => 2,
            _ => 3,
        };
        // A first toy in the middle can leave no room for the others, so all are placed anew until they fit.
        let mut rounds = 0;
        while scene.toys.len() < count {
            scene.toys.clear();
            rounds += 1;
            if rounds % ROUNDS == 0 {
                count -= 1;
            }
            for _ in 0..count {
                // What is named must be told apart by its name, so no two toys of a scene are of a kind.
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
                x: between(rng, -1.3, 1.3),
                z: between(rng, -0.6, 1.1),
                size: between(rng, smallest, largest),
                turn: crate::shapes::usual_turn(kind) + between(rng, -0.35, 0.35),
            };
            self.has_room(&toy, None).then_some(toy)
        })
    }

    /// Whether a toy would stand inside the picture and clear of the others; `except` is one that does not count.
    pub fn has_room(&self, toy: &Toy, except: Option<usize>) -> bool {
        let extent = self.extent(toy);
        let inside = Extent { min: extent.min - MARGIN, max: extent.max + MARGIN };
        let fits = inside.min.min_element() >= 0.0 && inside.max.max_element() <= 1.0;
        let others = self.toys.iter().enumerate().filter(|(index, _)| Some(*index) != except);
        fits && others.map(|(_, other)| self.extent(other).gap(&extent)).all(|gap| gap >= GAP)
    }
}

/// A number from a range, all equally likely.
pub(crate) fn between(rng: &mut Rng, from: f32, to: f32) -> f32 {
    from + (to - from) * rng.f32()
}

/// One of the values, all equally likely.
pub(crate) fn pick<T: Copy>(rng: &mut Rng, from: &[T]) -> T {
    from[rng.usize(0..from.len())]
}
