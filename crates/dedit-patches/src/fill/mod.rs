//! Filling holes by example.
//!
//! The way of a hole: `run` halves the picture around it until the hole is a few pixels wide (`level`), finds for each patch that reaches into it a
//! similar one elsewhere, from coarse to fine (`field`, with `onion` as the start, `guide` for colours and `vote` for pixels); where the hole has about a
//! thousand pixels, it is cut into pieces that are copied whole, along the cheapest seams (`shifts`, `seams`), which are then made exact up to the full
//! resolution; in the end the pieces are fused (`blend`).
//!
//! Compared with published methods: sources near the hole are preferred, patches are weighed by their depth in the hole, seams are searched among the shifts
//! that patches found, and the fusion leaves hard edges alone.

pub(crate) mod blend;
mod draws;
mod field;
mod guide;
pub(crate) mod level;
mod onion;
mod patch;
mod run;
mod seams;
mod shifts;
mod vote;

use std::ops::{ControlFlow, Range};
use std::sync::{Mutex, PoisonError};

use dedit_edit::{Planes, Rect, Result, Size};

/// What is filled, and from what. Everything has the size of [`picture`](Self::picture), row-major.
#[derive(Debug, Clone, Copy)]
pub struct Task<'a> {
    /// The picture: grey or colour, nominally 0 … 1; alpha is ignored. What it shows in the hole is not read.
    pub picture: &'a Planes,
    /// The pixels to fill.
    pub hole: &'a [bool],
    /// The pixels that may be copied; those of the hole never are.
    pub sources: &'a [bool],
    /// The region of each pixel: a pixel of the hole is copied from its own region as long as that has any source. Without regions everything is one.
    pub regions: Option<&'a [u16]>,
    /// Results with other seeds differ.
    pub seed: u64,
}

/// The filled pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct Filled {
    /// The smallest rectangle around the hole.
    pub rect: Rect,
    /// The picture within it, with the hole filled; no alpha.
    pub planes: Planes,
}

/// How far it is, and what there is to see.
#[derive(Debug)]
pub struct Progress<'a> {
    /// Work that is done, 0 … 1.
    pub done: f32,
    /// The picture within the hole's rectangle so far, at a coarser resolution; where there is something new.
    pub preview: Option<&'a Planes>,
}

/// Receives progress, and whether to go on.
pub type Flow<'a> = dyn FnMut(&Progress<'_>) -> Result<ControlFlow<()>> + 'a;

/// A pool of threads.
pub trait Workers: Sync {
    /// Calls `run` once with each number below `tasks`, in any order and on any threads, and returns when all are done.
    fn run(&self, tasks: usize, run: &(dyn Fn(usize) + Sync));
}

/// The part of a picture that is read to fill a hole with this bounding box.
pub fn window(hole: Rect, size: Size) -> Rect {
    hole.grown((hole.width.max(hole.height) * 3 / 2).max(40), size)
}

/// Fills a hole. The result depends on the task alone, not on the number of threads. `None` where `progress` said to stop.
///
/// # Errors
/// The hole is empty, or there is no source; the sizes differ.
pub fn fill(task: &Task<'_>, workers: &dyn Workers, progress: &mut Flow<'_>) -> Result<Option<Filled>> {
    run::fill(task, workers, progress)
}

/// Calls `make` with ranges of at most `chunk` of `count` indices, on the workers, and returns all that it made, in order.
fn chunked<T: Send + Clone>(count: usize, chunk: usize, workers: &dyn Workers, make: &(dyn Fn(Range<usize>) -> Vec<T> + Sync)) -> Vec<T> {
    let parts: Vec<Mutex<Vec<T>>> = (0..count.div_ceil(chunk)).map(|_| Mutex::default()).collect();
    workers.run(parts.len(), &|part| {
        let made = make(part * chunk..((part + 1) * chunk).min(count));
        *parts[part].lock().unwrap_or_else(PoisonError::into_inner) = made;
    });
    parts.into_iter().flat_map(|part| part.into_inner().unwrap_or_else(PoisonError::into_inner)).collect()
}

#[cfg(test)]
mod tests;
