//! Noise levels as σ = noise / signal: the steps of Euler, DPM-Solver and UniPC.

use super::keys::Keys;
use super::timesteps::linspace;
use super::{NoiseLevel, NoiseSchedule};
use crate::{Error, Result};

/// The timesteps and noise levels of the steps, both decreasing.
#[derive(Debug, Clone)]
pub(super) struct Sigmas {
    /// The model's timesteps.
    pub(super) timesteps: Vec<f64>,
    /// One per step, then the level after the last step, which is 0 or the lowest of training. Strictly decreasing before the last entry.
    pub(super) sigmas: Vec<f64>,
}

/// The schedulers that differ in how they use Karras' noise levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Euler,
    DpmSolver,
    UniPc,
}

/// The noise level after the last step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FinalSigma {
    Zero,
    /// The lowest level of training.
    Lowest,
}

impl FinalSigma {
    pub(super) fn read(keys: &Keys, default: Self) -> Result<Self> {
        keys.choice("final_sigmas_type", &[("zero", Self::Zero), ("sigma_min", Self::Lowest)], default)
    }
}

impl Sigmas {
    /// The levels of `timesteps`, or Karras' where the settings have `use_karras_sigmas`.
    pub(super) fn read(keys: &Keys, schedule: &NoiseSchedule, timesteps: Vec<f64>, family: Family, end: FinalSigma) -> Result<Self> {
        keys.refuse(&["use_exponential_sigmas", "use_beta_sigmas", "use_lu_lambdas", "use_flow_sigmas", "use_dynamic_shifting"])?;
        if !keys.flag("use_karras_sigmas", false)? {
            return Self::even(schedule, timesteps, end);
        }
        let trained = trained_sigmas(schedule);
        let at_steps: Vec<f64> = timesteps.iter().map(|&t| interpolate(&trained, t)).collect();
        let (highest, lowest) = family.karras_range(keys, &trained, &at_steps)?;
        let sigmas = karras_sigmas(highest, lowest, timesteps.len());
        let timesteps = family.round(keys, sigmas.iter().map(|&sigma| timestep_of(sigma, &trained)).collect())?;
        let last = if family == Family::UniPc { sigmas[sigmas.len() - 1] } else { trained[0] };
        Self::ending(timesteps, sigmas, if end == FinalSigma::Zero { 0.0 } else { last })
    }

    /// The levels of `timesteps`.
    pub(super) fn even(schedule: &NoiseSchedule, timesteps: Vec<f64>, end: FinalSigma) -> Result<Self> {
        let trained = trained_sigmas(schedule);
        let sigmas = timesteps.iter().map(|&t| interpolate(&trained, t)).collect();
        Self::ending(timesteps, sigmas, if end == FinalSigma::Zero { 0.0 } else { trained[0] })
    }

    fn ending(timesteps: Vec<f64>, mut sigmas: Vec<f64>, last: f64) -> Result<Self> {
        sigmas.push(last);
        let sigmas: Vec<f64> = sigmas.into_iter().map(|sigma| f64::from(sigma as f32)).collect();
        let steps = timesteps.len();
        if sigmas[..steps].windows(2).any(|pair| pair[0] <= pair[1]) {
            let message = format!("{steps} steps are so many that two of them are at one noise level");
            return Err(Error::usage(message).hint("ask for fewer steps"));
        }
        Ok(Self { timesteps, sigmas })
    }

    /// The variance-preserving level of a step; after the last one without noise.
    pub(super) fn preserving_level(&self, index: usize) -> Result<NoiseLevel> {
        let steps = self.timesteps.len();
        if index == steps {
            return Ok(NoiseLevel::CLEAN);
        }
        super::check_step(index, steps)?;
        Ok(preserving(self.sigmas[index]))
    }
}

/// The level with `signal² + noise² = 1` whose ratio of noise to signal is σ.
pub(super) fn preserving(sigma: f64) -> NoiseLevel {
    let signal = 1.0 / sigma.hypot(1.0);
    NoiseLevel { signal, noise: sigma * signal }
}

/// σ of every training timestep, increasing, rounded to float32.
fn trained_sigmas(schedule: &NoiseSchedule) -> Vec<f64> {
    schedule.floored_alphas().iter().map(|&alpha| f64::from(((1.0 - alpha) / alpha).sqrt())).collect()
}

impl Family {
    /// The highest and the lowest of Karras' levels, given those of training (increasing) and of the evenly spaced steps (decreasing).
    fn karras_range(self, keys: &Keys, trained: &[f64], at_steps: &[f64]) -> Result<(f64, f64)> {
        let of_training = (trained[trained.len() - 1], trained[0]);
        let (highest, lowest) = match self {
            Self::DpmSolver => return Ok(of_training),
            Self::UniPc => of_training,
            Self::Euler => (at_steps[0], at_steps[at_steps.len() - 1]),
        };
        let highest = keys.number("sigma_max", highest)?;
        let lowest = keys.number("sigma_min", lowest)?;
        if !(highest.is_finite() && lowest > 0.0 && lowest <= highest) {
            return Err(keys.unsupported(if keys.has("sigma_min") { "sigma_min" } else { "sigma_max" }, "0 < sigma_min <= sigma_max"));
        }
        Ok((highest, lowest))
    }

    /// The model's timesteps for Karras' levels, rounded as the scheduler does.
    fn round(self, keys: &Keys, timesteps: Vec<f64>) -> Result<Vec<f64>> {
        let rounding = match self {
            Self::Euler => return Ok(timesteps),
            Self::DpmSolver if keys.text("beta_schedule")? == Some("squaredcos_cap_v2") => f64::trunc,
            Self::DpmSolver | Self::UniPc => f64::round_ties_even,
        };
        Ok(timesteps.into_iter().map(rounding).collect())
    }
}

/// Noise levels evenly spaced in σ^(1/7) (arXiv 2206.00364, equation 5 with ρ = 7).
fn karras_sigmas(highest: f64, lowest: f64, steps: usize) -> Vec<f64> {
    const RHO: f64 = 7.0;
    let (from, to) = (highest.powf(1.0 / RHO), lowest.powf(1.0 / RHO));
    linspace(0.0, 1.0, steps).into_iter().map(|ramp| (from + ramp * (to - from)).powf(RHO)).collect()
}

/// Linear interpolation in a table, constant beyond both ends.
fn interpolate(table: &[f64], at: f64) -> f64 {
    let end = table.len() - 1;
    let low = (at as usize).min(end);
    let high = (low + 1).min(end);
    let part = (at - low as f64).clamp(0.0, 1.0);
    table[low] + (table[high] - table[low]) * part
}

/// The timestep with noise level σ, interpolated by log σ between those of training. The table and its logarithms are rounded to float32.
fn timestep_of(sigma: f64, trained: &[f64]) -> f64 {
    if trained.len() < 2 {
        return 0.0;
    }
    let logarithm = |t: usize| f64::from((trained[t] as f32).ln());
    let wanted = sigma.max(1e-10).ln();
    let below = trained.partition_point(|&level| f64::from((level as f32).ln()) <= wanted);
    let low = below.saturating_sub(1).min(trained.len() - 2);
    let part = (logarithm(low) - wanted) / (logarithm(low) - logarithm(low + 1));
    low as f64 + part.clamp(0.0, 1.0)
}
