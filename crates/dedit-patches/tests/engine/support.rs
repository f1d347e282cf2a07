//! Small pictures with items, and an engine for them.

use std::ops::ControlFlow;

use dedit_edit::{
    Channels, Depth, Edit, EditOptions, EditPlan, Edited, Engine as _, EngineEvent, Image, LearnOptions, Margin, Neighbour, PlanSettings,
    Planes, Rect, Result, Ring, Segmentation, Size, Subject, Work,
};
use dedit_patches::{Patches, Workers};

/// So many threads.
pub(crate) struct Threads(pub(crate) usize);

impl Workers for Threads {
    fn run(&self, tasks: usize, run: &(dyn Fn(usize) + Sync)) {
        std::thread::scope(|scope| {
            for first in 0..self.0 {
                scope.spawn(move || (first..tasks).step_by(self.0).for_each(run));
            }
        });
    }
}

/// A picture with its items.
pub(crate) struct Scene {
    pub(crate) picture: Image,
    pub(crate) items: Segmentation,
}

pub(crate) const WIDTH: usize = 96;
pub(crate) const HEIGHT: usize = 72;
/// The ball, before any edit.
pub(crate) const BALL: Rect = Rect { x: 20, y: 30, width: 16, height: 16 };
/// The box.
pub(crate) const BOX: Rect = Rect { x: 64, y: 34, width: 12, height: 12 };
/// Where the wall ends and the table begins.
pub(crate) const TABLE: usize = 24;

/// The red, green and blue of the ground: a wall above a table, both textured.
pub(crate) fn ground(x: usize, y: usize) -> [f32; 3] {
    let grain = ((x * 7 + y * 13) % 11) as f32 * 0.004;
    if y < TABLE { [0.3 + grain, 0.4 + grain, 0.7 + grain] } else { [0.7 + grain, 0.6 + grain, 0.4 + grain] }
}

/// The ball's colour, another at each place.
pub(crate) fn ball(x: usize, y: usize) -> [f32; 3] {
    [0.8, 0.1 + x as f32 * 0.006, 0.1 + y as f32 * 0.006]
}

/// Wall and table, a ball and a box on it; the ball has a shadow to its right.
pub(crate) fn scene() -> Scene {
    scene_of(Size::new(WIDTH, HEIGHT).unwrap(), |x, y| {
        let inside = |rect: Rect| rect.contains(x, y);
        if inside(BALL) {
            (0, ball(x, y))
        } else if inside(BOX) {
            (1, [0.1, 0.5, 0.2])
        } else {
            let is_shadow = (BALL.right()..BALL.right() + 7).contains(&x) && (BALL.y + 8..BALL.bottom()).contains(&y);
            let light = if is_shadow { 0.6 } else { 1.0 };
            (if y < TABLE { 2 } else { 3 }, ground(x, y).map(|value| value * light))
        }
    })
}

pub(crate) fn scene_of(size: Size, pixel: impl Fn(usize, usize) -> (u16, [f32; 3])) -> Scene {
    let pixels: Vec<_> = (0..size.pixels()).map(|index| pixel(index % size.width(), index / size.width())).collect();
    let plane = |channel: usize| pixels.iter().map(|(_, colour)| colour[channel]).collect();
    let planes = Planes::new(size, vec![plane(0), plane(1), plane(2)], None).unwrap();
    let names = ["ball", "box", "wall", "table"].map(str::to_owned).to_vec();
    let labels = pixels.iter().map(|(label, _)| *label).collect();
    Scene { picture: planes.to_image(Depth::U8).unwrap(), items: Segmentation::from_labels_in_part(size, names, labels).unwrap() }
}

/// The same picture in another kind.
pub(crate) fn as_kind(picture: &Image, channels: Channels, depth: Depth) -> Image {
    let planes = picture.planes().unwrap().with_colours(channels.colours());
    let alpha = channels.has_alpha().then(|| (0..picture.size().pixels()).map(|index| 0.4 + 0.6 * (index % 2) as f32).collect());
    Planes::new(planes.size(), planes.colour().to_vec(), alpha).unwrap().to_image(depth).unwrap()
}

/// Nothing but what the edits name may change.
pub(crate) fn bare() -> PlanSettings {
    PlanSettings { ring: Ring::Distance(0.0), margin: Margin::Pixels(0.0), ..PlanSettings::default() }
}

/// What plans of pictures of that size have by themselves.
pub(crate) fn usual(scene: &Scene) -> PlanSettings {
    PlanSettings::for_size(scene.picture.size())
}

/// A plan carried out, with a reference picture if there is one.
pub(crate) struct Call<'a> {
    pub(crate) scene: &'a Scene,
    pub(crate) reference: Option<&'a Scene>,
    pub(crate) settings: PlanSettings,
    pub(crate) seed: u64,
    pub(crate) threads: usize,
    pub(crate) plate: Option<&'a Image>,
    pub(crate) neighbours: &'a [Neighbour],
}

impl<'a> Call<'a> {
    pub(crate) fn new(scene: &'a Scene) -> Self {
        Self { scene, reference: None, settings: usual(scene), seed: 1, threads: 1, plate: None, neighbours: &[] }
    }

    pub(crate) fn run(&self, edits: &[Edit]) -> Result<Edited> {
        self.listened(edits, &mut |_| ControlFlow::Continue(()))
    }

    pub(crate) fn listened(&self, edits: &[Edit], listener: &mut dyn FnMut(&EngineEvent<'_>) -> ControlFlow<()>) -> Result<Edited> {
        let mut engine = Patches::new(Box::new(Threads(self.threads)));
        let subject = |scene: &'a Scene| Subject { picture: &scene.picture, items: &scene.items, words: std::collections::BTreeMap::new() };
        let subjects: Vec<_> = [Some(self.scene), self.reference].into_iter().flatten().map(subject).collect();
        let learned = engine.draft(&subjects, &LearnOptions::default())?;
        let plan = EditPlan::new(&self.scene.items, self.reference.map(|scene| &scene.items), edits, &self.settings)?;
        let picture = match plan.sides() {
            Some(sides) => self.scene.picture.expanded(sides)?,
            None => self.scene.picture.clone(),
        };
        let options = EditOptions { seed: self.seed, ..EditOptions::default() };
        let work = Work { picture: &picture, plan: &plan, edits, options: &options, plate: self.plate, neighbours: self.neighbours };
        let edited = engine.edit(learned.as_ref(), &work, &mut |event| Ok(listener(&event)))?;
        assert_eq!(edited.changed_pixels_outside, 0);
        assert_eq!(
            (edited.picture.size(), edited.picture.channels(), edited.picture.depth()),
            (picture.size(), picture.channels(), picture.depth())
        );
        Ok(edited)
    }
}

/// The colour of a pixel, 0 … 1.
pub(crate) fn at(picture: &Image, x: usize, y: usize) -> [f32; 3] {
    let planes = picture.crop(Rect { x, y, width: 1, height: 1 }).unwrap().planes().unwrap().with_colours(3);
    [0, 1, 2].map(|channel| planes.colour()[channel][0])
}

/// The largest difference of any sample from what is expected, over the pixels of a rectangle.
pub(crate) fn off(picture: &Image, rect: Rect, expected: impl Fn(usize, usize) -> [f32; 3]) -> f32 {
    let pixels = (rect.y..rect.bottom()).flat_map(|y| (rect.x..rect.right()).map(move |x| (x, y)));
    let off = |(x, y): (usize, usize)| {
        let (is, should) = (at(picture, x, y), expected(x, y));
        is.iter().zip(should).map(|(is, should)| (is - should).abs()).fold(0.0, f32::max)
    };
    pixels.map(off).fold(0.0, f32::max)
}

/// A rectangle that much smaller on every side.
pub(crate) fn inner(rect: Rect, by: usize) -> Rect {
    Rect { x: rect.x + by, y: rect.y + by, width: rect.width - 2 * by, height: rect.height - 2 * by }
}

/// The pixels that differ.
pub(crate) fn changed(one: &Image, other: &Image) -> Vec<(usize, usize)> {
    let (one, other) = (one.planes().unwrap(), other.planes().unwrap());
    let size = one.size();
    let differs = |index: &usize| {
        let planes = one.colour().iter().zip(other.colour());
        planes.map(|(one, other)| (one[*index], other[*index])).any(|(one, other)| one.to_bits() != other.to_bits())
            || one.alpha().map(|alpha| alpha[*index]) != other.alpha().map(|alpha| alpha[*index])
    };
    (0..size.pixels()).filter(differs).map(|index| size.position(index)).collect()
}
