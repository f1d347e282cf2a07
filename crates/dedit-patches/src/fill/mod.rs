//! Filling holes by example.

use std::ops::ControlFlow;

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
    let _ = (workers, progress);
    let size = task.picture.size();
    let (mut colour, mut open): (Vec<Vec<f32>>, Vec<bool>) = (task.picture.colour().to_vec(), task.hole.to_vec());
    let inside = (0..size.pixels()).filter(|index| task.hole[*index]).map(|index| size.position(index));
    let (mut left, mut top, mut right, mut bottom) = (usize::MAX, usize::MAX, 0, 0);
    for (x, y) in inside {
        (left, top, right, bottom) = (left.min(x), top.min(y), right.max(x + 1), bottom.max(y + 1));
    }
    for _ in 0..size.width() + size.height() {
        let before = open.clone();
        for index in (0..size.pixels()).filter(|index| before[*index]) {
            let (x, y) = size.position(index);
            let near = [(x > 0, index.wrapping_sub(1)), (x + 1 < size.width(), index + 1), (y > 0, index.wrapping_sub(size.width()))];
            if let Some((_, from)) = near.into_iter().find(|(is, at)| *is && !before[*at]) {
                colour.iter_mut().for_each(|plane| plane[index] = plane[from]);
                open[index] = false;
            }
        }
    }
    let rect = Rect { x: left, y: top, width: right - left, height: bottom - top };
    let planes = Planes::new(size, colour, None)?.crop(rect)?;
    Ok(Some(Filled { rect, planes }))
}
