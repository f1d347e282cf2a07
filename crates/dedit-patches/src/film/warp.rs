//! Colours between the pixels of another frame.

use dedit_edit::Planes;

use crate::fill::blend::{Value, colour};

/// Positions this close to a pixel, along an axis, take it as it is: an interpolation would only make it softer.
const ON_PIXEL: f64 = 0.02;
/// How far a colour may lie beyond those around, as a share of their range: a peak between pixels does, but so does ringing beside hard edges.
const OVERSHOOT: f32 = 0.1;
/// Pixels on each side of a position that are used.
const REACH: i64 = 3;

/// The colour of compressed planes at a position; `None` where pixels that are needed do not have the property `known`.
pub(super) fn sample(planes: &Planes, known: &impl Fn(usize) -> bool, (x, y): (f64, f64)) -> Option<Value> {
    let (across, down) = (Axis::at(x)?, Axis::at(y)?);
    let size = planes.size();
    taps(planes, known, &across.taps(lanczos), &down.taps(lanczos), (size.width() as i64, size.height() as i64))
        .or_else(|| taps(planes, known, &across.taps(linear), &down.taps(linear), (size.width() as i64, size.height() as i64)))
}

/// A position along an axis: the pixel before it, and how far it is beyond that.
#[derive(Debug, Clone, Copy)]
struct Axis {
    first: i64,
    beyond: f64,
}

impl Axis {
    /// `None` where it is far from any picture.
    fn at(position: f64) -> Option<Self> {
        let near = position.round();
        let position = if (position - near).abs() < ON_PIXEL { near } else { position };
        let first = position.floor();
        (first.abs() < 1e6).then_some(Self { first: first as i64, beyond: position - first })
    }

    /// Pixels and their weights, those that are not 0.
    fn taps(self, weight: impl Fn(f64) -> f64) -> Vec<(i64, f32)> {
        if self.beyond == 0.0 {
            return vec![(self.first, 1.0)];
        }
        let taps = (1 - REACH..=REACH).map(|step| (self.first + step, weight(step as f64 - self.beyond) as f32));
        let taps: Vec<(i64, f32)> = taps.filter(|(_, weight)| *weight != 0.0).collect();
        let sum: f32 = taps.iter().map(|(_, weight)| weight).sum();
        taps.into_iter().map(|(place, weight)| (place, weight / sum)).collect()
    }
}

/// Lanczos' kernel with three lobes.
fn lanczos(way: f64) -> f64 {
    let angle = std::f64::consts::PI * way;
    if way.abs() >= REACH as f64 { 0.0 } else { REACH as f64 * angle.sin() * (angle / REACH as f64).sin() / (angle * angle) }
}

fn linear(way: f64) -> f64 {
    (1.0 - way.abs()).max(0.0)
}

fn taps(
    planes: &Planes,
    known: &impl Fn(usize) -> bool,
    across: &[(i64, f32)],
    down: &[(i64, f32)],
    (width, height): (i64, i64),
) -> Option<Value> {
    let (mut sum, mut low, mut high) = ([0.0; 3], [f32::INFINITY; 3], [f32::NEG_INFINITY; 3]);
    for (y, down) in down {
        for (x, across) in across {
            let within = (0..width).contains(x) && (0..height).contains(y);
            let at = within.then_some((y * width + x) as usize).filter(|at| known(*at))?;
            let value = colour(planes, at);
            for channel in 0..3 {
                sum[channel] += across * down * value[channel];
                low[channel] = low[channel].min(value[channel]);
                high[channel] = high[channel].max(value[channel]);
            }
        }
    }
    if !sum.iter().all(|sum| sum.is_finite()) {
        return None;
    }
    Some(std::array::from_fn(|channel| {
        let beyond = OVERSHOOT * (high[channel] - low[channel]);
        sum[channel].clamp(low[channel] - beyond, high[channel] + beyond)
    }))
}
