//! `cargo xtask evaluate --clicks`: how well things are found by a box and by clicks, without weights, against what was outlined by hand and against scenes
//! whose masks are known.

mod grabcut;
mod report;
mod user;

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result};
use dedit_edit::Rect;
use dedit_segment::{Hint, segment};

use super::things::{self, Group, Thing};
use grabcut::GrabCut;

/// Most clicks on a thing.
const CLICKS: usize = 3;
/// Side of the drawn scenes in pixels.
const SIDE: u32 = 256;

/// The overlaps (intersection over union) of one way with one thing.
#[derive(Debug, Clone, Copy)]
struct Found {
    /// From the box around the thing.
    from_box: f64,
    /// After one click, two, three.
    clicks: [f64; CLICKS],
    /// Seconds for the box, and the mean of the clicks.
    seconds: [f64; 2],
}

/// A thing and how well each way found it.
struct Row {
    thing: String,
    group: Group,
    ours: Found,
    /// `OpenCV`'s, where asked and if Python has it.
    peer: Option<Found>,
}

/// Measures the outlined things of `photos`, and at least `drawn` things of drawn scenes from `seed` on, by `OpenCV` too where asked; gives the tables.
pub(super) fn run(photos: &Path, drawn: usize, seed: u64, with_peers: bool) -> Result<String> {
    let mut peer = if with_peers { GrabCut::start()? } else { None };
    let mut rows = Vec::new();
    for thing in things::outlined(photos)?.into_iter().chain(things::drawn(drawn, seed, SIDE)?) {
        let ours = measure(&thing, |thing, hint| Ok(segment(&thing.picture, hint)?.values().iter().map(|value| *value >= 0.5).collect()));
        let ours = ours.with_context(|| format!("{} cannot be measured", thing.name))?;
        let peer = peer.as_mut().map(|peer| measure(&thing, |thing, hint| peer.segment(&thing.picture, hint))).transpose()?;
        rows.push(Row { thing: thing.name, group: thing.group, ours, peer });
    }
    Ok(report::tables(&rows))
}

/// Segments by the box around a thing and by the clicks of a user who sees what is wrong.
fn measure(thing: &Thing, mut way: impl FnMut(&Thing, &Hint) -> Result<Vec<bool>>) -> Result<Found> {
    let size = thing.picture.size();
    let inside = (0..thing.truth.len()).filter(|index| thing.truth[*index]);
    let region = Rect::around(size, inside).context("it has no pixel")?;
    let begun = Instant::now();
    let from_box = way(thing, &Hint { region: Some(region), ..Hint::default() })?;
    let box_seconds = begun.elapsed().as_secs_f64();
    let mut hint = Hint { inside: user::deepest(size, &thing.truth).into_iter().collect(), ..Hint::default() };
    let mut clicks = [0.0; CLICKS];
    let begun = Instant::now();
    for overlap in &mut clicks {
        let found = way(thing, &hint)?;
        *overlap = user::overlap(&found, &thing.truth);
        user::correct(size, &found, &thing.truth, &mut hint);
    }
    let click_seconds = begun.elapsed().as_secs_f64() / CLICKS as f64;
    Ok(Found { from_box: user::overlap(&from_box, &thing.truth), clicks, seconds: [box_seconds, click_seconds] })
}

#[cfg(test)]
mod tests;
