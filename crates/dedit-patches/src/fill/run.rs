//! From a task to the filled hole.

use std::ops::{ControlFlow, RangeInclusive};

use dedit_edit::{Error, Planes, Rect, Result, Size};

use super::field::{Field, NO_COST, Search};
use super::guide::Guide;
use super::level::{ANY, Level, expanded};
use super::patch::{Patches, RADIUS};
use super::seams::{Labelling, frequent, refine, solve};
use super::shifts::Scene;
use super::vote::{Weights, vote};
use super::{Filled, Flow, Progress, Task, Workers, blend, onion};

/// The share of a level's work that seams are; the rest is fusing pieces.
const SEAMS: f32 = 0.7;
/// Pixels of the hole from which on patches are cut at a resolution.
const CUT: usize = 500;
/// Most shifts among which seams are searched, and least.
const SHIFTS: RangeInclusive<usize> = 8..=200;
/// Of a hole that could not be made small, fewer shifts are searched: so many times pixels, at most.
const SHIFTED: usize = 4_000_000;
/// Most rounds of two passes of a search, at one resolution.
const ROUNDS: usize = 8;
/// Steps of a channel, in the mean, below which a search has settled.
const SETTLED: f32 = 0.4;

/// See [`super::fill`].
pub(super) fn fill(task: &Task<'_>, workers: &dyn Workers, progress: &mut Flow<'_>) -> Result<Option<Filled>> {
    let rect = check(task)?;
    let mut report = Report { rect, progress };
    let finest = Level::of_picture(task.picture, task.hole, task.sources, task.regions);
    let Some(mut levels) = pyramid(finest, &mut || report.going(0.0))? else { return Ok(None) };
    let base = base(&levels);
    let mut coarser: Option<(Level, Patches, Field)> = None;
    let mut labelling: Option<Labelling> = None;
    while let Some(mut level) = levels.pop() {
        let index = levels.len();
        let depth = level.depth();
        let (start, end) = (share(index + 1), share(index));
        if !report.going(start)? {
            return Ok(None);
        }
        level.region = relaxed(&level, (0..level.source.len()).filter(|at| level.source[*at]));
        if let Some(half) = labelling {
            labelling = refine(&level, &depth, &half, &mut |done| report.going(start + (end - start) * done * SEAMS))?;
        } else {
            let Some(patches) = Patches::of(&level) else { return Err(no_source()) };
            // A region may have sources, and no whole patch of them.
            let regions = relaxed(&level, patches.sources.iter().map(|at| *at as usize));
            let regions = std::mem::replace(&mut level.region, regions);
            let seed = task.seed.wrapping_mul(64).wrapping_add(index as u64);
            let mut work = Work { level: &mut level, patches: &patches, depth: &depth, seed, workers };
            let Some(field) = work.field(coarser.take(), index > 0, &mut |done| report.going(start + (end - start) * done * 0.5))? else {
                return Ok(None);
            };
            if index == base {
                level.region = regions;
                let most = (SHIFTED / level.hole_pixels().len().max(1)).clamp(*SHIFTS.start(), *SHIFTS.end());
                let shifts = frequent(&level, &patches, &field, most);
                let first = Labelling::of_field(&level, &patches, &field);
                let half_way = start.midpoint(end);
                labelling = solve(Scene::with_expected(&level, &depth), first, &shifts, &mut |done| {
                    report.going(half_way + (end - half_way) * done)
                })?;
            } else {
                coarser = Some((level, patches, field));
                continue;
            }
        }
        let Some(found) = &labelling else { return Ok(None) };
        if index == 0 {
            let blending = start + (end - start) * SEAMS;
            return result(task, &level, found, rect, &mut || report.going(blending));
        }
        if !report.preview(end, &level, found, index)? {
            return Ok(None);
        }
    }
    Err(no_source())
}

/// The share of the work that is done when a level is: each takes about four times as long as the next coarser one.
fn share(level: usize) -> f32 {
    0.25f32.powi(level as i32)
}

/// The rectangle around the hole.
fn check(task: &Task<'_>) -> Result<Rect> {
    let size = task.picture.size();
    for (what, length) in
        [("hole", task.hole.len()), ("sources", task.sources.len()), ("regions", task.regions.map_or(size.pixels(), <[u16]>::len))]
    {
        if length != size.pixels() {
            return Err(Error::input(format!("a picture of {size} and {length} values for its {what}")).hint("give one for each pixel"));
        }
    }
    let around = Rect::around(size, (0..size.pixels()).filter(|at| task.hole[*at]));
    around.ok_or_else(|| Error::input("there is no hole to fill").hint("mark at least one pixel"))
}

fn no_source() -> Error {
    Error::input("nothing is left in the picture to fill the hole with").hint("mark less, or let more of the surroundings be used")
}

/// The level and coarser ones, until the hole is a few pixels wide or a patch would hardly fit. `None` where `going` said to stop.
fn pyramid(finest: Level, going: &mut dyn FnMut() -> Result<bool>) -> Result<Option<Vec<Level>>> {
    const WIDE: f32 = 4.0;
    let deepest = finest.depth().into_iter().fold(0.0, f32::max);
    let mut levels = vec![finest];
    let mut scale = 1.0;
    while let Some(last) = levels.last() {
        if !going()? {
            return Ok(None);
        }
        let half = last.halved();
        let smallest = 7 * (2 * RADIUS + 1) / 4;
        if deepest / scale <= WIDE || half.width.min(half.height) <= smallest || !half.source.contains(&true) {
            break;
        }
        scale *= 2.0;
        levels.push(half);
    }
    Ok(Some(levels))
}

/// The coarsest level with enough of the hole to cut it into pieces.
fn base(levels: &[Level]) -> usize {
    let pixels = |level: &Level| level.hole.iter().filter(|hole| **hole).count();
    levels.iter().rposition(|level| pixels(level) > CUT).unwrap_or(0)
}

/// The regions of a level, with `ANY` for pixels that are no sources and whose region has none of some sources.
fn relaxed(level: &Level, sources: impl Iterator<Item = usize>) -> Vec<u16> {
    let mut has = vec![false; usize::from(ANY) + 1];
    for source in sources {
        has[usize::from(level.region[source])] = true;
    }
    let regions = level.region.iter().zip(&level.source);
    regions.map(|(region, source)| if *source || has[usize::from(*region)] { *region } else { ANY }).collect()
}

/// The search at one level.
struct Work<'a> {
    level: &'a mut Level,
    patches: &'a Patches,
    depth: &'a [f32],
    seed: u64,
    workers: &'a dyn Workers,
}

impl Work<'_> {
    /// The field of this level, from that of the next coarser one. `None` where it was stopped.
    fn field(
        &mut self,
        coarser: Option<(Level, Patches, Field)>,
        guided: bool,
        going: &mut dyn FnMut(f32) -> Result<bool>,
    ) -> Result<Option<Field>> {
        let (patches, depth, workers) = (self.patches, self.depth, self.workers);
        let inside = self.level.hole_pixels();
        let mut field = Field::random(patches, self.seed);
        match coarser {
            None => onion::peel(self.level, patches, &mut field, depth, self.seed, workers),
            Some((half, its, coarse)) => {
                self.doubled(&half, &its, &coarse, &mut field);
                field.cost.fill(1);
                vote(self.level, &inside, patches, &field, depth, Weights::Equal, workers);
            }
        }
        let guide = guided.then(|| Guide::of(self.level, depth));
        for round in 0..ROUNDS {
            for pass in [2 * round, 2 * round + 1] {
                let search = Search { level: self.level, patches, depth, guide: guide.as_ref(), seed: self.seed };
                search.pass(&mut field, pass, pass % 2 == 0, workers);
                if !going(pass as f32 / (2 * ROUNDS) as f32)? {
                    return Ok(None);
                }
            }
            if vote(self.level, &inside, patches, &field, depth, Weights::BySimilarity, workers) < SETTLED {
                break;
            }
        }
        Ok(Some(field))
    }

    /// Sources of the next coarser level, at twice their place.
    fn doubled(&self, half: &Level, its: &Patches, coarse: &Field, field: &mut Field) {
        let rings = |radius: i32| (-radius..=radius).flat_map(move |dy| (-radius..=radius).map(move |dx| (dx, dy)));
        let mut around: Vec<(i32, i32)> = rings(5).collect();
        around.sort_by_key(|(dx, dy)| dx * dx + dy * dy);
        for (index, target) in self.patches.targets.iter().enumerate() {
            let (x, y) = self.level.position(*target as usize);
            let near = around.iter().take(25).find_map(|(dx, dy)| half.at(x / 2 + dx, y / 2 + dy).and_then(|at| its.target(at)));
            let Some(near) = near.filter(|near| coarse.cost[*near] != NO_COST) else { continue };
            let (from, to) = (half.position(its.targets[near] as usize), half.position(coarse.source[near] as usize));
            let (to_x, to_y) = (x + 2 * (to.0 - from.0), y + 2 * (to.1 - from.1));
            let source = around.iter().find_map(|(dx, dy)| self.level.at(to_x + dx, to_y + dy).filter(|at| self.patches.is_source[*at]));
            if let Some(source) = source {
                field.source[index] = source as u32;
            }
        }
    }
}

/// Tells how far it is.
struct Report<'a, 'f> {
    rect: Rect,
    progress: &'a mut Flow<'f>,
}

impl Report<'_, '_> {
    /// Whether to go on.
    fn going(&mut self, done: f32) -> Result<bool> {
        Ok((self.progress)(&Progress { done, preview: None })?.is_continue())
    }

    /// Shows the hole's rectangle as it is at a level. Whether to go on.
    fn preview(&mut self, done: f32, level: &Level, labelling: &Labelling, index: usize) -> Result<bool> {
        let mut colour = level.colour.clone();
        for (at, source) in labelling.pixels.iter().zip(labelling.sources()) {
            colour[*at as usize] = level.colour[source];
        }
        let (x, y) = (self.rect.x >> index, self.rect.y >> index);
        let end = |start: usize, length: usize, most: usize| ((start + length - 1) >> index).min(most - 1) + 1;
        let (right, bottom) = (end(self.rect.x, self.rect.width, level.width), end(self.rect.y, self.rect.height, level.height));
        let unit = |value: i16| expanded(f32::from(value) / (255.0 * super::level::STEPS));
        let plane = |channel: usize| {
            (y..bottom).flat_map(|y| (x..right).map(move |x| (x, y))).map(|(x, y)| unit(colour[y * level.width + x][channel])).collect()
        };
        let planes = Planes::new(Size::new(right - x, bottom - y)?, (0..3).map(plane).collect(), None)?;
        let flow = (self.progress)(&Progress { done, preview: Some(&planes) })?;
        Ok(flow == ControlFlow::Continue(()))
    }
}

/// The picture within a rectangle, with the hole filled. `None` where `going` said to stop.
fn result(
    task: &Task<'_>,
    level: &Level,
    labelling: &Labelling,
    rect: Rect,
    going: &mut dyn FnMut() -> Result<bool>,
) -> Result<Option<Filled>> {
    let Some(values) = blend::blended(&blend::Copied::new(task.picture, level, labelling), going)? else { return Ok(None) };
    let mut planes = task.picture.crop(rect)?.colour().to_vec();
    for (at, value) in labelling.pixels.iter().zip(values) {
        let (x, y) = (*at as usize % level.width - rect.x, *at as usize / level.width - rect.y);
        for (plane, value) in planes.iter_mut().zip(value) {
            plane[y * rect.width + x] = value;
        }
    }
    Ok(Some(Filled { rect, planes: Planes::new(rect.size()?, planes, None)? }))
}
