//! Fills the parts of a hole one after another.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use dedit_edit::{Depth, EngineEvent, Error, Image, ItemMask, Listener, NearestSites, Planes, Rect, Result, Stage, Window, composite};

use super::area::pixels;
use super::hole::Hole;

use super::scene::{Role, Scene};
use crate::fill::{Progress, Task, Workers, fill, window};

/// Steps of the stage, whatever the number of windows.
pub(super) const STEPS: usize = 100;
/// An heir with fewer pixels to copy from than this, or than a sixteenth of what it inherits, is too small to show what lies behind.
const FEWEST_SOURCES: usize = 81;
/// The region of pixels that are copied from any other.
const ANY: u16 = u16::MAX;

/// What is known of the pixels of a window, row by row.
struct Known {
    window: Rect,
    planes: Planes,
    hole: Vec<bool>,
    sources: Vec<bool>,
    regions: Vec<u16>,
}

/// Fills the hole in `result`, and gives the rectangles that have changed.
pub(super) fn paint(
    scene: &Scene<'_>,
    hole: &Hole<'_>,
    seed: u64,
    result: &mut Image,
    workers: &dyn Workers,
    listener: &mut Listener<'_>,
) -> Result<Vec<Rect>> {
    let clusters = hole.clusters();
    let mut report = Report { listener, step: 0 };
    for (number, cluster) in clusters.iter().enumerate() {
        let known = known(scene, hole, result, *cluster)?;
        let task = Task {
            picture: &known.planes,
            hole: &known.hole,
            sources: &known.sources,
            regions: Some(&known.regions),
            seed: seed.wrapping_add(number as u64),
        };
        let mut flow = |progress: &Progress<'_>| {
            let done = (number as f32 + progress.done.clamp(0.0, 1.0)) / clusters.len() as f32;
            report.progress(done, progress.preview)
        };
        let Some(filled) = fill(&task, workers, &mut flow)? else { return Err(Error::cancelled()) };
        let at = Rect { x: known.window.x + filled.rect.x, y: known.window.y + filled.rect.y, ..filled.rect };
        lay(result, &filled.planes, at, |x, y| hole.weight(x, y))?;
    }
    Ok(clusters)
}

/// Progress on its way to the listener.
struct Report<'r, 'l> {
    listener: &'r mut Listener<'l>,
    /// The last step that was reported.
    step: usize,
}

impl Report<'_, '_> {
    /// Filling asks often whether to go on; only what is new is reported.
    fn progress(&mut self, done: f32, preview: Option<&Planes>) -> Result<ControlFlow<()>> {
        let step = ((done * STEPS as f32) as usize).min(STEPS);
        let event = if step > self.step {
            EngineEvent::Step { stage: Stage::Filling, step, of: STEPS, loss: None, seconds_left: None }
        } else {
            EngineEvent::Poll
        };
        self.step = self.step.max(step);
        match ((self.listener)(event)?, preview) {
            (ControlFlow::Continue(()), Some(preview)) => (self.listener)(EngineEvent::Preview(&preview.to_image(Depth::U8)?)),
            (flow, _) => Ok(flow),
        }
    }
}

/// Lays a clean plate into the picture, as far as the plan lets it change; gives the rectangle that has changed.
pub(super) fn lay_plate(scene: &Scene<'_>, plate: &Image, result: &mut Image) -> Result<Rect> {
    let colours = scene.picture.channels().colours();
    let shown = Window::read(plate, scene.region, colours)?;
    let at = scene.region;
    let finite = |x: usize, y: usize| shown.finite[(y - at.y) * at.width + x - at.x];
    lay(result, &shown.planes, at, |x, y| if finite(x, y) { scene.room(x, y) } else { 0.0 })?;
    Ok(at)
}

/// Lays planes into a rectangle of a picture, as far as the weights say.
pub(super) fn lay(result: &mut Image, planes: &Planes, at: Rect, weight: impl Fn(usize, usize) -> f32) -> Result<()> {
    let part = result.crop(at)?;
    let weights = ItemMask::new(part.size(), pixels(at).map(|(x, y)| weight(x, y)).collect())?;
    result.put((at.x, at.y), &composite(&part, planes, (0, 0), &weights)?)
}

/// Reads the window of a part of the hole: the usual one, or the whole picture where that has nothing to copy from.
fn known(scene: &Scene<'_>, hole: &Hole<'_>, result: &Image, cluster: Rect) -> Result<Known> {
    let (usual, whole) = (window(cluster, scene.size), scene.size.rect());
    for (window, invisible) in [(usual, false), (whole, false), (whole, true)] {
        if let Some(known) = known_in(scene, hole, result, (window, cluster), invisible)? {
            return Ok(known);
        }
    }
    let message = format!("the edit leaves nothing of the picture, {}, to fill {cluster} from", scene.size);
    Err(Error::input(message).hint("edit less of it at once, or take a picture that shows more"))
}

/// `None` without any source. Pixels of which nothing is visible count as such only where `invisible`.
fn known_in(scene: &Scene<'_>, hole: &Hole<'_>, result: &Image, (window, cluster): (Rect, Rect), invisible: bool) -> Result<Option<Known>> {
    let read = Window::read(result, window, scene.picture.channels().colours())?;
    let is_source = |index: usize, x: usize, y: usize| read.finite[index] && (invisible || read.is_visible(index)) && hole.is_source(x, y);
    let sources: Vec<bool> = pixels(window).enumerate().map(|(index, (x, y))| is_source(index, x, y)).collect();
    let Some(nearest) = NearestSites::new(window.size()?, |index| sources[index]) else { return Ok(None) };
    let label = |index: usize| scene.before(window.x + index % window.width, window.y + index / window.width) as u16;
    // Other parts of the hole are filled already, or in their turn.
    let holes: Vec<bool> = pixels(window).map(|(x, y)| cluster.contains(x, y) && hole.is_open(x, y)).collect();
    let region = |(index, (x, y)): (usize, (usize, usize))| {
        if holes[index] || hole.is_shown(x, y) { hole.heir(x, y).unwrap_or_else(|| label(nearest.site(index))) } else { label(index) }
    };
    let mut regions: Vec<u16> = pixels(window).enumerate().map(region).collect();
    free_small_heirs(&mut regions, &holes, &sources, |heir| scene.roles[usize::from(heir)] == Role::Reshaped);
    Ok(Some(Known { window, planes: read.planes, hole: holes, sources, regions }))
}

/// Lets pixels whose heir has hardly anything to copy from be filled from any other. An item that grows is continued from what there is of it.
fn free_small_heirs(regions: &mut [u16], holes: &[bool], sources: &[bool], grows: impl Fn(u16) -> bool) {
    let mut counts: BTreeMap<u16, (usize, usize)> = BTreeMap::new();
    for ((region, hole), source) in regions.iter().zip(holes).zip(sources) {
        let count = counts.entry(*region).or_default();
        count.0 += usize::from(*hole);
        count.1 += usize::from(*source);
    }
    let is_small = |region: u16| {
        let (filled, sources) = counts.get(&region).copied().unwrap_or_default();
        sources < if grows(region) { 1 } else { FEWEST_SOURCES.max(filled / 16) }
    };
    for (region, _) in regions.iter_mut().zip(holes).filter(|(region, hole)| **hole && is_small(**region)) {
        *region = ANY;
    }
}
