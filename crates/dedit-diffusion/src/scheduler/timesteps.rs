//! The training timesteps of the steps (arXiv 2305.08891, table 2), with numpy's rounding.

use super::keys::Keys;
use crate::Result;

#[derive(Debug, Clone, Copy)]
enum Spacing {
    /// Every n-th timestep from 0 on, shifted up by `steps_offset`.
    Leading,
    /// Evenly from the last timestep to the first.
    Linspace,
    /// Every n-th timestep from the last one down.
    Trailing,
}

/// How a class of schedulers computes the timesteps of `timestep_spacing`.
#[derive(Debug, Clone, Copy)]
pub(super) enum Layout {
    /// DDIM and DDPM: integers; leading by default.
    Whole,
    /// Euler: not rounded; linspace by default.
    Fractional,
    /// DPM-Solver and UniPC: integers above 0, as the level after the last step takes its place; linspace by default. Timesteps from `last` on are skipped.
    Multistep { last: usize },
}

/// The decreasing timesteps of `steps` steps for a model trained with `train` timesteps.
pub(super) fn read(keys: &Keys, layout: Layout, train: usize, steps: usize) -> Result<Vec<f64>> {
    let choices = [("leading", Spacing::Leading), ("linspace", Spacing::Linspace), ("trailing", Spacing::Trailing)];
    let default = if matches!(layout, Layout::Whole) { Spacing::Leading } else { Spacing::Linspace };
    let spacing = keys.choice("timestep_spacing", &choices, default)?;
    let offset = keys.count("steps_offset", 0)? as f64;
    let (last, points) = match layout {
        Layout::Multistep { last } => (last, steps + 1),
        Layout::Whole | Layout::Fractional => (train, steps),
    };
    let mut timesteps: Vec<f64> = match spacing {
        Spacing::Leading => (0..points).rev().map(|i| (i * (last / points)) as f64 + offset).collect(),
        Spacing::Linspace => {
            let even = linspace(0.0, last as f64 - 1.0, points);
            let fractional = matches!(layout, Layout::Fractional);
            even.into_iter().rev().map(|t| if fractional { f64::from(t as f32) } else { t.round_ties_even() }).collect()
        }
        Spacing::Trailing => trailing(last, train, steps),
    };
    timesteps.truncate(steps);
    Ok(timesteps)
}

/// `numpy.arange(last, 0, -train / steps).round() - 1`, but never more than `steps` values.
fn trailing(last: usize, train: usize, steps: usize) -> Vec<f64> {
    let (last, ratio) = (last as f64, train as f64 / steps as f64);
    // numpy uses the difference of the first two values, which differs from the given step by rounding.
    let difference = (last - ratio) - last;
    let count = ((last / ratio).ceil() as usize).min(steps);
    (0..count).map(|i| ((last + i as f64 * difference).round_ties_even() - 1.0).max(0.0)).collect()
}

/// `numpy.linspace`: `count` values from `start` to `end`, both included; only `start` for a count of 1.
pub(super) fn linspace(start: f64, end: f64, count: usize) -> Vec<f64> {
    let step = (end - start) / (count.max(2) - 1) as f64;
    let value = |i: usize| if i > 0 && i + 1 == count { end } else { start + i as f64 * step };
    (0..count).map(value).collect()
}

/// Timesteps in the type of [`super::Scheduler::timesteps`].
pub(super) fn rounded(timesteps: &[f64]) -> Vec<f32> {
    timesteps.iter().map(|&t| t as f32).collect()
}
