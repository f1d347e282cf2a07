//! The shape of a new thing within its mask: where the picture differs from the plate.

use super::shadow::beside;
use crate::geometry::{Rect, Size};
use crate::image::Planes;

/// Bounds of the colour distance from which on a pixel shows the thing; between them, Otsu's threshold decides.
const THRESHOLD: [f32; 2] = [0.06, 0.25];
/// Parts smaller than this share of the largest are noise.
const LEAST_PART: f32 = 0.05;
/// Fewer pixels are no shape: the mask is.
const FEWEST: usize = 9;
/// Bins of the histogram of distances, which are at most the square root of 3.
const BINS: usize = 128;

/// The pixels of a mask that belong to a thing that the plate does not show, holes filled. The whole mask where none stands out.
pub(super) fn within(masked: &[bool], (shown, behind): (&Planes, &Planes)) -> Vec<bool> {
    let size = shown.size();
    let distances = distances(shown, behind);
    let threshold = otsu(masked.iter().zip(&distances).filter(|(masked, _)| **masked).map(|(_, distance)| *distance));
    let threshold = threshold.clamp(THRESHOLD[0], THRESHOLD[1]);
    let differs: Vec<bool> = masked.iter().zip(&distances).map(|(masked, distance)| *masked && *distance >= threshold).collect();
    let parts = parts(size, |index| differs[index]);
    let largest = parts.iter().map(Vec::len).max().unwrap_or(0);
    if largest < FEWEST {
        return masked.to_vec();
    }
    let mut owned = vec![false; masked.len()];
    let large = parts.into_iter().filter(|part| part.len() as f32 >= LEAST_PART * largest as f32);
    large.flatten().for_each(|index| owned[index] = true);
    fill_holes(size, masked, &mut owned);
    owned
}

/// Colour distances of mean colours over 3 × 3 pixels.
fn distances(shown: &Planes, behind: &Planes) -> Vec<f32> {
    let size = shown.size();
    let distance = |index: usize| {
        let (x, y) = size.position(index);
        let around = Rect { x, y, width: 1, height: 1 }.grown(1, size);
        let count = (around.width * around.height) as f32;
        let difference = |shown: &[f32], behind: &[f32]| {
            let rows = (around.y..around.bottom()).map(|row| row * size.width());
            let sum: f32 = rows.flat_map(|row| row + around.x..row + around.right()).map(|index| shown[index] - behind[index]).sum();
            (sum / count).powi(2)
        };
        shown.colour().iter().zip(behind.colour()).map(|(shown, behind)| difference(shown, behind)).sum::<f32>().sqrt()
    };
    (0..size.pixels()).map(distance).collect()
}

/// The threshold that parts values best into two groups (Otsu 1979).
fn otsu(values: impl Iterator<Item = f32>) -> f32 {
    let most = f32::sqrt(3.0);
    let mut counts = [0.0_f64; BINS];
    for value in values {
        counts[((value / most * BINS as f32) as usize).min(BINS - 1)] += 1.0;
    }
    let weighted = |(bin, count): (usize, &f64)| bin as f64 * count;
    let (all, sum) = (counts.iter().sum::<f64>(), counts.iter().enumerate().map(weighted).sum::<f64>());
    let (mut below, mut sum_below, mut best) = (0.0, 0.0, (0.0, 0));
    for (bin, count) in counts.iter().enumerate() {
        (below, sum_below) = (below + count, sum_below + bin as f64 * count);
        let above = all - below;
        if below > 0.0 && above > 0.0 {
            let variance = below * above * (sum_below / below - (sum - sum_below) / above).powi(2);
            if variance > best.0 {
                best = (variance, bin + 1);
            }
        }
    }
    best.1 as f32 / BINS as f32 * most
}

/// The connected parts of the pixels for which something holds.
fn parts(size: Size, holds: impl Fn(usize) -> bool) -> Vec<Vec<usize>> {
    let mut seen = vec![false; size.pixels()];
    let mut parts = Vec::new();
    for start in 0..size.pixels() {
        if seen[start] || !holds(start) {
            continue;
        }
        seen[start] = true;
        let mut part = vec![start];
        let mut done = 0;
        while let Some(index) = part.get(done).copied() {
            done += 1;
            for next in beside(size, index) {
                if !seen[next] && holds(next) {
                    seen[next] = true;
                    part.push(next);
                }
            }
        }
        parts.push(part);
    }
    parts
}

/// Adds the parts of the mask that the thing encloses.
fn fill_holes(size: Size, masked: &[bool], owned: &mut [bool]) {
    for part in parts(size, |index| !owned[index]) {
        let is_open = |index: &usize| {
            let (x, y) = size.position(*index);
            x == 0 || y == 0 || x + 1 == size.width() || y + 1 == size.height() || !masked[*index]
        };
        if !part.iter().any(is_open) {
            for index in part {
                owned[index] = true;
            }
        }
    }
}
