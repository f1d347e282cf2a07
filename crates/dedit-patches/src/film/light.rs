//! The exposure of another frame, matched to this one.

use super::motion::Motion;
use super::warp::sample;
use super::{Frame, Other};
use crate::fill::blend::{Value, colour};

/// Pixels that are compared, at most.
const COMPARED: usize = 4000;
/// Fewer pixels than this say nothing.
const FEWEST: usize = 30;
/// Values are scaled by at most so much, or by one over it.
const MOST_GAIN: f32 = 2.0;
/// Below these differences of scale and offset frames count as equally exposed, and pixels are taken as they are.
const SAME: (f32, f32) = (0.02, 1.0 / 255.0);
/// Differences of this size count half.
const SOFT: f32 = 8.0 / 255.0;
/// Fits, each of which weighs pixels by how far the one before is off there.
const ROUNDS: usize = 4;

/// For each colour a scale and an offset.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Light([(f32, f32); 3]);

impl Light {
    /// The least squares of what both frames show; `None` where they show too little alike.
    pub(super) fn between(frame: &Frame<'_>, other: &Other, motion: &Motion) -> Option<Self> {
        let width = frame.planes.size().width();
        let all = frame.known.iter().filter(|known| **known).count();
        let every = all.div_ceil(COMPARED).max(1);
        let places = (0..frame.known.len()).filter(|at| frame.known[*at]).step_by(every);
        let pairs = places.filter_map(|at| {
            let position = motion.at((at % width) as f64, (at / width) as f64);
            Some((sample(&other.planes, &|at| other.known[at], position)?, colour(frame.planes, at)))
        });
        let pairs: Vec<(Value, Value)> = pairs.collect();
        if pairs.len() < FEWEST {
            return None;
        }
        let fitted: [(f32, f32); 3] = std::array::from_fn(|channel| fit(&pairs, channel));
        let is_same = fitted.iter().all(|(gain, offset)| (gain - 1.0).abs() < SAME.0 && offset.abs() < SAME.1);
        let is_possible = fitted.iter().all(|(gain, _)| (1.0 / MOST_GAIN..MOST_GAIN).contains(gain));
        is_possible.then_some(Self(if is_same { [(1.0, 0.0); 3] } else { fitted }))
    }

    pub(super) fn of(&self, value: Value) -> Value {
        std::array::from_fn(|channel| value[channel] * self.0[channel].0 + self.0[channel].1)
    }
}

/// The scale and offset that turn the first of each pair into the second.
fn fit(pairs: &[(Value, Value)], channel: usize) -> (f32, f32) {
    let (mut gain, mut offset) = (1.0, 0.0);
    for _ in 0..ROUNDS {
        let (mut sum, mut mean_x, mut mean_y, mut square, mut product) = (0.0_f64, 0.0, 0.0, 0.0, 0.0);
        for (x, y) in pairs.iter().map(|(x, y)| (x[channel], y[channel])) {
            let off = (x * gain + offset - y) / SOFT;
            let weight = f64::from(1.0 / (1.0 + off * off));
            let (x, y) = (f64::from(x), f64::from(y));
            (sum, mean_x, mean_y) = (sum + weight, mean_x + weight * x, mean_y + weight * y);
            (square, product) = (square + weight * x * x, product + weight * x * y);
        }
        (mean_x, mean_y) = (mean_x / sum, mean_y / sum);
        // Where all is of one brightness the scale stays 1.
        let least = 1e-4;
        let spread = (square / sum - mean_x * mean_x).max(0.0) + least;
        let both = product / sum - mean_x * mean_y + least;
        gain = (both / spread) as f32;
        offset = (mean_y - f64::from(gain) * mean_x) as f32;
    }
    (gain, offset)
}
