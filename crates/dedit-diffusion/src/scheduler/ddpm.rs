//! DDPM (arXiv 2006.11239, algorithm 2 on a subset of the timesteps).

use candle_core::Tensor;

use super::keys::Keys;
use super::linear::{combine, finish, to_f32};
use super::prediction::Denoiser;
use super::timesteps::{self, Layout};
use super::{DrawNoise, NoiseLevel, NoiseSchedule, Scheduler, Step, check_step, level_in};
use crate::Result;

pub(super) struct Ddpm {
    timesteps: Vec<f32>,
    levels: Vec<NoiseLevel>,
    posteriors: Vec<Posterior>,
    denoiser: Denoiser,
}

/// The normal distribution of the next sample: mean `original · x₀ + sample · x`.
#[derive(Debug, Clone, Copy)]
struct Posterior {
    original: f64,
    sample: f64,
    deviation: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Variance {
    /// The variance of the posterior given x₀.
    Small,
    /// The noise added by training between the two timesteps.
    Large,
}

impl Ddpm {
    pub(super) fn new(keys: &Keys, schedule: &NoiseSchedule, steps: usize) -> Result<Self> {
        // "fixed_small_log" is the same value computed through its logarithm.
        let choices = [("fixed_small", Variance::Small), ("fixed_small_log", Variance::Small), ("fixed_large", Variance::Large)];
        let variance = keys.choice("variance_type", &choices, Variance::Small)?;
        let timesteps = timesteps::read(keys, Layout::Whole, schedule.num_train_timesteps(), steps)?;
        let levels = schedule.levels(&timesteps)?;
        let alpha = |t: f64| f64::from(schedule.alphas_cumprod()[t as usize]);
        let next = timesteps.iter().skip(1).map(|&t| alpha(t)).chain(std::iter::once(1.0));
        let posteriors = timesteps.iter().zip(next).map(|(&t, next)| Posterior::new(alpha(t), next, variance)).collect();
        let denoiser = Denoiser::read(keys, schedule.prediction_type(), true)?;
        Ok(Self { timesteps: timesteps::rounded(&timesteps), levels, posteriors, denoiser })
    }
}

impl Posterior {
    /// Equation 7, from ᾱ of this and of the next timestep.
    fn new(alpha: f64, next: f64, variance: Variance) -> Self {
        let (step_alpha, step_beta) = (alpha / next, 1.0 - alpha / next);
        let variance = match variance {
            // The lower limit of diffusers, which computes the logarithm.
            Variance::Small => ((1.0 - next) / (1.0 - alpha) * step_beta).max(1e-20),
            Variance::Large => step_beta,
        };
        Self {
            original: next.sqrt() * step_beta / (1.0 - alpha),
            sample: step_alpha.sqrt() * (1.0 - next) / (1.0 - alpha),
            deviation: variance.sqrt(),
        }
    }
}

impl Scheduler for Ddpm {
    fn timesteps(&self) -> &[f32] {
        &self.timesteps
    }

    fn level(&self, index: usize) -> Result<NoiseLevel> {
        level_in(&self.levels, index)
    }

    fn step(&mut self, model_output: &Tensor, index: usize, sample: &Tensor, noise: &mut DrawNoise<'_>) -> Result<Step> {
        check_step(index, self.steps())?;
        let (output, x) = (to_f32(model_output)?, to_f32(sample)?);
        let original = self.denoiser.original(self.levels[index], &output, &x)?;
        let posterior = self.posteriors[index];
        let mut prev_sample = combine(&[(posterior.original, &original), (posterior.sample, &x)])?;
        if self.timesteps[index] > 0.0 {
            let drawn = to_f32(&noise(sample.dims())?)?;
            prev_sample = combine(&[(1.0, &prev_sample), (posterior.deviation, &drawn)])?;
        }
        finish(sample, &prev_sample, &original)
    }
}
