//! A scene, the edits that are asked for, and the truth of each.

use anyhow::Result;
use clap::ValueEnum;
use dedit_edit::{Edit, Rect, Transform, Vacated};
use dedit_toys::{Drawing, Scene, Toy, draw};

use super::classifier::Classifier;

/// Pixels along each side of a picture: those of the built-in model.
pub(super) const SIDE: u32 = 128;
/// How far the first toy is to be moved, pixels; it is moved less, or the other way, where there is no room.
const WISH: i32 = 30;
/// A move by fewer pixels tells nothing.
const LEAST: i32 = 12;

/// The scale of the first toy where it is resized.
const SCALE: f32 = 0.7;

/// What is done to a scene's first toy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(super) enum Asked {
    /// The whole picture is generated again
    Reconstruct,
    /// It becomes another toy
    Replace,
    /// It gets another colour
    Augment,
    /// It is moved sideways
    Move,
    /// It becomes smaller, and stands where it stood
    Resize,
    /// It changes places with the second toy
    Swap,
    /// It is removed
    Remove,
}

impl Asked {
    pub(super) const ALL: [Self; 7] = [Self::Reconstruct, Self::Replace, Self::Augment, Self::Move, Self::Resize, Self::Swap, Self::Remove];
}

/// A scene with its truths.
pub(super) struct Case {
    pub(super) seed: u64,
    pub(super) scene: Scene,
    pub(super) drawing: Drawing,
    /// What the first toy is replaced by.
    pub(super) other: Toy,
    /// The first toy in another colour.
    pub(super) recoloured: Toy,
    /// How far it is moved to the right, pixels.
    dx: i32,
    pub(super) removed: Drawing,
    pub(super) moved: Drawing,
    pub(super) resized: Drawing,
    pub(super) replaced: Drawing,
}

impl Case {
    /// The case of a seed. Scenes with one toy have no other that an edit could harm, and some have no room for a move: these seeds have none.
    pub(super) fn new(seed: u64) -> Option<Self> {
        let scene = Scene::random(seed);
        if scene.toys.len() < 2 {
            return None;
        }
        let mut random = fastrand::Rng::with_seed(seed);
        let wish = if random.bool() { WISH } else { -WISH };
        let dx = scene.room_to_move(0, wish, SIDE).filter(|dx| dx.abs() >= LEAST)?;
        let other = scene.other(0, &mut random);
        let recoloured = scene.recoloured(0, &mut random);
        let drawn = |scene: &Scene| draw(scene, SIDE);
        let moved = drawn(&scene.with(0, scene.moved(0, dx as f32, SIDE)));
        let resized = drawn(&scene.with(0, smaller(scene.toys[0])));
        let replaced = drawn(&scene.with(0, other));
        let (drawing, removed) = (drawn(&scene), drawn(&scene.without(0)));
        Some(Self { seed, scene, drawing, other, recoloured, dx, removed, moved, resized, replaced })
    }

    /// The edit that asks for it.
    pub(super) fn edit(&self, asked: Asked) -> Edit {
        let item = self.scene.toys[0].name();
        match asked {
            Asked::Reconstruct => Edit::Reconstruct,
            Asked::Replace => Edit::Replace { item, prompt: self.other.prompt() },
            Asked::Augment => Edit::Augment { item, prompt: format!("{} [v]", article(&self.recoloured)) },
            Asked::Move => Edit::Move { item, transform: Transform::shift(f64::from(self.dx), 0.0), vacated: Vacated::Nearest },
            Asked::Resize => {
                let scale = f64::from(SCALE);
                let dy = (1.0 - scale) * self.extent().height as f64 / 2.0;
                Edit::Move { item, transform: Transform { dy, scale, ..Transform::default() }, vacated: Vacated::Nearest }
            }
            Asked::Swap => Edit::Swap { item, with: self.scene.toys[1].name() },
            Asked::Remove => Edit::Remove { items: vec![item], vacated: Vacated::Nearest },
        }
    }

    /// The scene as it should be then.
    pub(super) fn wanted(&self, asked: Asked) -> Scene {
        match asked {
            Asked::Reconstruct => self.scene.clone(),
            Asked::Replace => self.scene.with(0, self.other),
            Asked::Augment => self.scene.with(0, self.recoloured),
            Asked::Move => self.scene.with(0, self.scene.moved(0, self.dx as f32, SIDE)),
            Asked::Resize => self.scene.with(0, smaller(self.scene.toys[0])),
            Asked::Swap => swapped(&self.scene),
            Asked::Remove => self.scene.without(0),
        }
    }

    /// Where the first toy is.
    pub(super) fn extent(&self) -> Rect {
        self.extent_of(0)
    }

    /// Where a toy is.
    pub(super) fn extent_of(&self, toy: u8) -> Rect {
        extent(&self.drawing, toy + 1)
    }

    /// The items whose old pixels do not stay, by an edit that a clean plate is made for.
    pub(super) fn leaving(&self, asked: Asked) -> Vec<String> {
        match asked {
            Asked::Reconstruct | Asked::Augment => Vec::new(),
            Asked::Replace | Asked::Move | Asked::Resize | Asked::Remove => vec![self.scene.toys[0].name()],
            Asked::Swap => vec![self.scene.toys[0].name(), self.scene.toys[1].name()],
        }
    }

    /// Whether a pixel belongs to the first toy.
    pub(super) fn is_first(&self, index: usize) -> bool {
        self.drawing.labels.as_raw()[index] == 1
    }
}

/// A toy at the same place, of a smaller size.
fn smaller(toy: Toy) -> Toy {
    Toy { size: toy.size * SCALE, ..toy }
}

/// The first two toys in each other's place, each of the size of the other.
fn swapped(scene: &Scene) -> Scene {
    let (one, other) = (scene.toys[0], scene.toys[1]);
    let at = |toy: Toy, place: Toy| Toy { x: place.x, z: place.z, size: place.size, ..toy };
    scene.with(0, at(one, other)).with(1, at(other, one))
}

/// “a red” for a toy in red.
fn article(toy: &Toy) -> String {
    let prompt = toy.prompt();
    prompt.rsplit_once(' ').map_or(prompt.clone(), |(words, _)| words.to_owned())
}

/// The rectangle round a toy in a drawing.
fn extent(drawing: &Drawing, number: u8) -> Rect {
    let mask = drawing.mask(number).ok().and_then(|mask| mask.bounding_box());
    mask.unwrap_or(Rect { x: 0, y: 0, width: SIDE as usize, height: SIDE as usize })
}

/// The share of all toys, as drawn, that the classifier names rightly.
pub(super) fn real_accuracy(cases: &[Case], classifier: &Classifier) -> Result<f64> {
    let mut right = Vec::new();
    for case in cases {
        for (place, toy) in case.scene.toys.iter().enumerate() {
            let seen = classifier.look(&case.drawing.picture, extent(&case.drawing, place as u8 + 1))?;
            right.push(f64::from(u8::from(seen.is(toy))));
        }
    }
    Ok(right.iter().sum::<f64>() / right.len().max(1) as f64)
}
