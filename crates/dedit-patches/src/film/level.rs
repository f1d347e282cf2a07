//! The luma of a window at one resolution.

use dedit_edit::{Planes, luma};

use crate::fill::blend::colour;

/// The shorter side of the coarsest level, pixels, at least.
const COARSEST: usize = 12;
/// Levels whose longer side is no longer than this are searched whole.
const SEARCHED: usize = 40;
/// The share of the weights that known pixels must have for a smoothed pixel to be known.
const KNOWN: f32 = 0.75;

/// Smoothed luma, row-major, NaN where it is not known.
#[derive(Debug, Clone)]
pub(super) struct Level {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) luma: Vec<f32>,
}

impl Level {
    /// Levels from the full resolution to a coarse one, each half as wide as the one before.
    pub(super) fn pyramid(planes: &Planes, known: &[bool]) -> Vec<Self> {
        let size = planes.size();
        let value = |at: usize| if known[at] { luma(colour(planes, at)) } else { f32::NAN };
        let sharp = Self { width: size.width(), height: size.height(), luma: (0..size.pixels()).map(value).collect() };
        // Smoothed a little, so that values between pixels can be interpolated.
        let mut levels = vec![sharp.filtered(&[0.25, 0.5, 0.25], 1)];
        while let Some(last) = levels.last() {
            if last.width.min(last.height) / 2 < COARSEST || last.width.max(last.height) <= SEARCHED {
                break;
            }
            let half = last.filtered(&[0.125, 0.375, 0.375, 0.125], 2);
            levels.push(half);
        }
        levels
    }

    /// A separable filter of known pixels, whose middle lies in the middle of each `step` pixels, one value for these.
    fn filtered(&self, weights: &[f32], step: usize) -> Self {
        let (width, height) = (self.width.div_ceil(step), self.height.div_ceil(step));
        let back = (weights.len() - step) / 2;
        let taps = |at: usize, length: usize| {
            let first = at * step;
            weights.iter().zip(first..).map(move |(weight, place)| (*weight, place.wrapping_sub(back))).filter(move |tap| tap.1 < length)
        };
        let mut rows = vec![(0.0, 0.0); width * self.height];
        for y in 0..self.height {
            for x in 0..width {
                let (mut sum, mut known) = (0.0, 0.0);
                for (weight, column) in taps(x, self.width) {
                    let value = self.luma[y * self.width + column];
                    if !value.is_nan() {
                        (sum, known) = (sum + weight * value, known + weight);
                    }
                }
                rows[y * width + x] = (sum, known);
            }
        }
        let mut luma = Vec::with_capacity(width * height);
        for y in 0..height {
            for x in 0..width {
                let (mut sum, mut known) = (0.0, 0.0);
                for (weight, row) in taps(y, self.height) {
                    let (part, share) = rows[row * width + x];
                    (sum, known) = (sum + weight * part, known + weight * share);
                }
                luma.push(if known >= KNOWN { sum / known } else { f32::NAN });
            }
        }
        Self { width, height, luma }
    }

    /// The value at a pixel; NaN outside and where it is not known.
    pub(super) fn at(&self, x: i64, y: i64) -> f32 {
        let within = x >= 0 && y >= 0 && x < self.width as i64 && y < self.height as i64;
        if within { self.luma[y as usize * self.width + x as usize] } else { f32::NAN }
    }

    /// The value between pixels; NaN where one of those around is not known.
    pub(super) fn between(&self, x: f64, y: f64) -> f32 {
        let (left, top) = (x.floor(), y.floor());
        let (across, down) = ((x - left) as f32, (y - top) as f32);
        let (left, top) = (left as i64, top as i64);
        let row = |y: i64| self.at(left, y) * (1.0 - across) + self.at(left + 1, y) * across;
        row(top) * (1.0 - down) + row(top + 1) * down
    }
}
