//! What other frames of a film show where this one has a hole.
//!
//! For each other frame, `motion` finds how the picture around the hole moved, on the pyramids of `level`: a homography, or the simplest motion that explains
//! as much. `light` matches its exposure. `cover` takes each pixel of the hole from the frame nearest in time that shows it (`warp` interpolates), then from
//! what an earlier frame was filled with, and closes the seams. Frames whose motion is not found are left out.
//!
//! The cost of each other frame: a fixed number of comparisons for its motion, whatever the sizes, and a few operations for each pixel of the window.

mod cover;
mod level;
mod light;
mod motion;
mod warp;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use dedit_edit::{Planes, Rect, Result, Size};

use self::level::Level;
use self::light::Light;
use self::motion::Motion;
use crate::fill::Workers;
use crate::fill::blend::Value;

/// A window of the frame with the hole.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'a> {
    /// Its colours.
    pub(crate) planes: &'a Planes,
    /// The pixels that belong to the scene: not of the hole, not of anything else that moves by itself.
    pub(crate) known: &'a [bool],
    /// The pixels to fill.
    pub(crate) hole: &'a [bool],
    /// The item of each pixel; in the hole that which gets it, or [`ANY`].
    pub(crate) labels: &'a [u16],
}

/// The item of pixels that any may get.
pub(crate) const ANY: u16 = u16::MAX;

/// A part of another frame.
#[derive(Debug, Clone)]
pub(crate) struct Other {
    /// Its time minus that of the frame with the hole, in frames.
    pub(crate) offset: f64,
    /// Where its first pixel lies in the window of the frame with the hole: column and row.
    pub(crate) origin: (i64, i64),
    /// Its colours, compressed.
    pub(crate) planes: Planes,
    /// The pixels that belong to the scene.
    pub(crate) known: Vec<bool>,
    /// The item of each pixel.
    pub(crate) labels: Vec<u16>,
    /// Its colours after the same edit, compressed; only of a frame before.
    pub(crate) edited: Option<Planes>,
}

/// Pixels of the hole that other frames show.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Shown {
    /// Row-major indices, ascending.
    pub(crate) pixels: Vec<u32>,
    /// Their colours.
    pub(crate) colours: Vec<Value>,
}

/// How another frame is brought to this one.
#[derive(Debug, Clone)]
struct Match {
    /// From pixels of the window to pixels of the other part.
    motion: Motion,
    light: Light,
    /// The items that move as the scene does: what they show is there at other times too.
    of_scene: BTreeSet<u16>,
}

/// The pixels of the hole that `others` show. `None` where `going` said to stop.
pub(crate) fn shown(
    frame: &Frame<'_>,
    others: &[Other],
    workers: &dyn Workers,
    going: &mut dyn FnMut() -> Result<bool>,
) -> Result<Option<Shown>> {
    let own = Level::pyramid(frame.planes, frame.known);
    let found: Vec<Mutex<Option<Match>>> = others.iter().map(|_| Mutex::default()).collect();
    // One for each thread in turn, so that somebody who wants to stop does not wait for all.
    for start in (0..others.len()).step_by(AT_ONCE) {
        if !going()? {
            return Ok(None);
        }
        workers.run(AT_ONCE.min(others.len() - start), &|task| {
            let matched = matched(frame, &own, &others[start + task]);
            *found[start + task].lock().unwrap_or_else(PoisonError::into_inner) = matched;
        });
    }
    let found = found.into_iter().map(|found| found.into_inner().unwrap_or_else(PoisonError::into_inner));
    let usable: Vec<(&Other, Match)> = others.iter().zip(found).filter_map(|(other, found)| Some((other, found?))).collect();
    cover::cover(frame, &usable, going)
}

/// Other frames that are matched between two questions whether to go on.
const AT_ONCE: usize = 4;

fn matched(frame: &Frame<'_>, own: &[Level], other: &Other) -> Option<Match> {
    let levels = Level::pyramid(&other.planes, &other.known);
    let motion = motion::find(own, &levels, other.origin)?;
    let light = Light::between(frame, other, &motion)?;
    Some(Match { motion, light, of_scene: of_scene(frame, other, &motion) })
}

/// An item belongs to the scene where at least these shares of its known pixels, in percent, are its own in both frames.
const OF_SCENE: usize = 85;
/// Of fewer pixels nothing is known.
const FEWEST: usize = 30;

/// The items whose pixels the motion takes to their own.
fn of_scene(frame: &Frame<'_>, other: &Other, motion: &Motion) -> BTreeSet<u16> {
    let width = frame.planes.size().width();
    let mut counts: BTreeMap<u16, (usize, usize)> = BTreeMap::new();
    for at in (0..frame.known.len()).filter(|at| frame.known[*at]) {
        let (x, y) = motion.at((at % width) as f64, (at / width) as f64);
        if let Some(place) = other.place(x, y).filter(|place| other.known[*place]) {
            let (own, its) = (frame.labels[at], other.labels[place]);
            let count = counts.entry(its).or_default();
            *count = (count.0 + usize::from(own == its), count.1 + 1);
        }
    }
    counts.into_iter().filter(|(_, (same, all))| *all >= FEWEST && same * 100 >= all * OF_SCENE).map(|(label, _)| label).collect()
}

impl Other {
    /// The pixel nearest to a position.
    fn place(&self, x: f64, y: f64) -> Option<usize> {
        let (size, x, y) = (self.planes.size(), x.round(), y.round());
        let within = x >= 0.0 && y >= 0.0 && x < size.width() as f64 && y < size.height() as f64;
        within.then(|| y as usize * size.width() + x as usize)
    }
}

/// The part of another frame that is read for a window: as far around it as it is wide, which is how far the picture may move.
pub(crate) fn reach(window: Rect, size: Size) -> Rect {
    window.grown(window.width.max(window.height) / 2, size)
}

#[cfg(test)]
mod tests;
