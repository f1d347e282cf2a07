//! Latent consistency models (arXiv 2310.04378, algorithm 3): every step predicts the clean latent and adds new noise.

use candle_core::Tensor;

use super::keys::Keys;
use super::linear::{combine, finish, to_f32};
use super::prediction::Denoiser;
use super::timesteps;
use super::{DrawNoise, NoiseLevel, NoiseSchedule, Scheduler, Step, check_step, level_in};
use crate::{Error, Result};

/// The standard deviation of latents in the boundary condition.
const SIGMA_DATA: f64 = 0.5;

pub(super) struct Lcm {
    timesteps: Vec<f32>,
    levels: Vec<NoiseLevel>,
    timestep_scaling: f64,
    denoiser: Denoiser,
}

impl Lcm {
    pub(super) fn new(keys: &Keys, schedule: &NoiseSchedule, steps: usize) -> Result<Self> {
        let original_steps = keys.count("original_inference_steps", 50)?;
        let train = schedule.num_train_timesteps();
        if !(1..=train).contains(&original_steps) {
            return Err(keys.unsupported("original_inference_steps", &format!("1 to {train}, the timesteps of training")));
        }
        if steps > original_steps {
            let message = format!("{steps} steps are more than the {original_steps} that a latent consistency model was distilled with");
            return Err(Error::usage(message).hint("4 to 8 steps are enough"));
        }
        let distilled: Vec<f64> = (1..=original_steps).rev().map(|i| (i * (train / original_steps) - 1) as f64).collect();
        // numpy.linspace(0, len, steps, endpoint=False), rounded down.
        let spacing = original_steps as f64 / steps as f64;
        let timesteps: Vec<f64> = (0..steps).map(|i| distilled[(i as f64 * spacing) as usize]).collect();
        Ok(Self {
            levels: schedule.levels(&timesteps)?,
            timesteps: timesteps::rounded(&timesteps),
            timestep_scaling: keys.number("timestep_scaling", 10.0)?,
            denoiser: Denoiser::read(keys, schedule.prediction_type(), false)?,
        })
    }
}

impl Scheduler for Lcm {
    fn timesteps(&self) -> &[f32] {
        &self.timesteps
    }

    fn level(&self, index: usize) -> Result<NoiseLevel> {
        level_in(&self.levels, index)
    }

    /// The returned clean latent is the consistency function, which includes the boundary condition.
    fn step(&mut self, model_output: &Tensor, index: usize, sample: &Tensor, noise: &mut DrawNoise<'_>) -> Result<Step> {
        check_step(index, self.steps())?;
        let (output, x) = (to_f32(model_output)?, to_f32(sample)?);
        let original = self.denoiser.original(self.levels[index], &output, &x)?;
        let scaled = f64::from(self.timesteps[index]) * self.timestep_scaling;
        let radius = scaled.hypot(SIGMA_DATA);
        let denoised = combine(&[(scaled / radius, &original), ((SIGMA_DATA / radius).powi(2), &x)])?;
        if index + 1 == self.steps() {
            return finish(sample, &denoised, &denoised);
        }
        let next = self.levels[index + 1];
        let drawn = to_f32(&noise(sample.dims())?)?;
        finish(sample, &combine(&[(next.signal, &denoised), (next.noise, &drawn)])?, &denoised)
    }
}
