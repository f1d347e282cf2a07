//! Euler's method along the noise level σ, with or without ancestral noise (k-diffusion's `sample_euler` and `sample_euler_ancestral`).
//!
//! Samples are `latent + σ · noise`; they are scaled to unit variance only for the model.

use candle_core::Tensor;

use super::keys::Keys;
use super::linear::{combine, finish, to_f32};
use super::sigmas::{Family, FinalSigma, Sigmas};
use super::timesteps::{self, Layout};
use super::{DrawNoise, NoiseLevel, NoiseSchedule, PredictionType, Scheduler, Step, check_step};
use crate::Result;

pub(super) struct Euler {
    timesteps: Vec<f32>,
    /// One per step, and the level after the last step.
    sigmas: Vec<f64>,
    prediction: PredictionType,
    init_noise_sigma: f64,
    ancestral: bool,
}

impl Euler {
    pub(super) fn new(keys: &Keys, schedule: &NoiseSchedule, steps: usize) -> Result<Self> {
        keys.only("interpolation_type", "linear")?;
        if schedule.prediction_type() == PredictionType::Velocity {
            keys.only("timestep_type", "discrete")?;
        }
        let timesteps = timesteps::read(keys, Layout::Fractional, schedule.num_train_timesteps(), steps)?;
        let end = FinalSigma::read(keys, FinalSigma::Zero)?;
        Self::on(keys, schedule, Sigmas::read(keys, schedule, timesteps, Family::Euler, end)?, false)
    }

    /// diffusers' ancestral class has neither Karras' levels nor an end other than 0.
    pub(super) fn ancestral(keys: &Keys, schedule: &NoiseSchedule, steps: usize) -> Result<Self> {
        let timesteps = timesteps::read(keys, Layout::Fractional, schedule.num_train_timesteps(), steps)?;
        Self::on(keys, schedule, Sigmas::even(schedule, timesteps, FinalSigma::Zero)?, true)
    }

    fn on(keys: &Keys, schedule: &NoiseSchedule, sigmas: Sigmas, ancestral: bool) -> Result<Self> {
        let highest = sigmas.sigmas[0];
        let leading = keys.text("timestep_spacing")? == Some("leading");
        Ok(Self {
            timesteps: timesteps::rounded(&sigmas.timesteps),
            sigmas: sigmas.sigmas,
            prediction: schedule.prediction_type(),
            init_noise_sigma: if leading { highest.hypot(1.0) } else { highest },
            ancestral,
        })
    }
}

impl Scheduler for Euler {
    fn timesteps(&self) -> &[f32] {
        &self.timesteps
    }

    fn init_noise_sigma(&self) -> f64 {
        self.init_noise_sigma
    }

    fn level(&self, index: usize) -> Result<NoiseLevel> {
        if index == self.steps() {
            return Ok(NoiseLevel::CLEAN);
        }
        check_step(index, self.steps())?;
        Ok(NoiseLevel { signal: 1.0, noise: self.sigmas[index] })
    }

    fn scale_model_input(&self, sample: &Tensor, index: usize) -> Result<Tensor> {
        check_step(index, self.steps())?;
        Ok(sample.affine(1.0 / self.sigmas[index].hypot(1.0), 0.0)?)
    }

    fn step(&mut self, model_output: &Tensor, index: usize, sample: &Tensor, noise: &mut DrawNoise<'_>) -> Result<Step> {
        check_step(index, self.steps())?;
        let level = self.level(index)?;
        let (output, x) = (to_f32(model_output)?, to_f32(sample)?);
        let original = self.prediction.original(level, &output, &x)?;
        // dx/dσ of the probability flow is the noise itself.
        let slope = self.prediction.noise(level, &output, &x)?;
        let (from, to) = (self.sigmas[index], self.sigmas[index + 1]);
        if !self.ancestral {
            return finish(sample, &combine(&[(1.0, &x), (to - from, &slope)])?, &original);
        }
        let up = to * ((from - to) * (from + to)).sqrt() / from;
        let down = to * to / from;
        let drawn = to_f32(&noise(sample.dims())?)?;
        finish(sample, &combine(&[(1.0, &x), (down - from, &slope), (up, &drawn)])?, &original)
    }
}
