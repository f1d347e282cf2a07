//! Which colours to expect in the hole: those around it, continued smoothly.

use super::level::{Colour, Level};

/// Half the side of the squares over which colours are averaged, pixels.
const RADIUS: usize = 3;

/// Local mean colours.
pub(super) struct Guide {
    /// What is known around each pixel, in the mean; in the hole its harmonic continuation.
    expected: Vec<Colour>,
    /// What is known around each pixel, in the mean.
    shown: Vec<Colour>,
}

impl Guide {
    /// The guide of a level.
    pub(super) fn of(level: &Level, depth: &[f32]) -> Self {
        let shown = local_means(level);
        let mut expected: Vec<[f32; 3]> = shown.iter().map(|colour| [colour[0], colour[1], colour[2]].map(f32::from)).collect();
        let inside = level.hole_pixels();
        let rim = || inside.iter().flat_map(|at| level.neighbours(*at as usize)).filter(|at| !level.hole[*at]);
        let (mut mean, mut count) = ([0.0; 3], 0.0f32);
        for at in rim() {
            for channel in 0..3 {
                mean[channel] += expected[at][channel];
            }
            count += 1.0;
        }
        let mean = mean.map(|sum: f32| sum / count.max(1.0));
        for at in &inside {
            expected[*at as usize] = mean;
        }
        // Successive over-relaxation; a hole of radius r needs about r passes.
        let deepest = depth.iter().copied().fold(0.0f32, f32::max);
        for _ in 0..(deepest as usize * 8).clamp(50, 400) {
            for at in &inside {
                let at = *at as usize;
                let (mut sum, mut count) = ([0.0; 3], 0.0f32);
                for near in level.neighbours(at) {
                    for channel in 0..3 {
                        sum[channel] += expected[near][channel];
                    }
                    count += 1.0;
                }
                for channel in 0..3 {
                    expected[at][channel] += 1.7 * (sum[channel] / count.max(1.0) - expected[at][channel]);
                }
            }
        }
        let whole = |colour: [f32; 3]| [colour[0].round() as i16, colour[1].round() as i16, colour[2].round() as i16, 0];
        Self { expected: expected.into_iter().map(whole).collect(), shown }
    }

    /// The squared difference, in steps, of what is expected at a pixel and what is shown around another; limited, for an unusual thing may lie in the hole.
    #[inline]
    pub(super) fn mismatch(&self, at: usize, source: usize) -> f32 {
        /// Of 80 grey levels in each channel.
        const MOST: i32 = 3 * (80 * 4) * (80 * 4);
        let (expected, shown) = (self.expected[at], self.shown[source]);
        let square = |channel: usize| (i32::from(expected[channel]) - i32::from(shown[channel])).pow(2);
        (square(0) + square(1) + square(2)).min(MOST) as f32
    }
}

/// The mean of the known colours in a square around each pixel; 0 where nothing is known.
fn local_means(level: &Level) -> Vec<Colour> {
    let (w, h) = (level.width, level.height);
    let mut sums = vec![[0i64; 4]; (w + 1) * (h + 1)];
    for y in 0..h {
        let mut row = [0i64; 4];
        for x in 0..w {
            let at = y * w + x;
            if !level.hole[at] {
                let [red, green, blue, _] = level.colour[at].map(i64::from);
                row = [row[0] + red, row[1] + green, row[2] + blue, row[3] + 1];
            }
            let above = sums[y * (w + 1) + x + 1];
            sums[(y + 1) * (w + 1) + x + 1] = [0, 1, 2, 3].map(|channel| above[channel] + row[channel]);
        }
    }
    let mean = |at: usize| {
        let (x, y) = (at % w, at / w);
        let (left, top) = (x.saturating_sub(RADIUS), y.saturating_sub(RADIUS));
        let (right, bottom) = ((x + RADIUS + 1).min(w), (y + RADIUS + 1).min(h));
        let corner = |x: usize, y: usize| sums[y * (w + 1) + x];
        let (a, b, c, d) = (corner(left, top), corner(right, top), corner(left, bottom), corner(right, bottom));
        let sum = [0, 1, 2, 3].map(|channel| d[channel] + a[channel] - b[channel] - c[channel]);
        let count = sum[3].max(1);
        [(sum[0] / count) as i16, (sum[1] / count) as i16, (sum[2] / count) as i16, 0]
    };
    (0..w * h).map(mean).collect()
}
