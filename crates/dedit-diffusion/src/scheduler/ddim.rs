//! DDIM (arXiv 2010.02502, equation 12 with η = 0).

use candle_core::Tensor;

use super::keys::Keys;
use super::linear::{combine, finish, to_f32};
use super::prediction::Denoiser;
use super::timesteps::{self, Layout};
use super::{DrawNoise, NoiseLevel, NoiseSchedule, Scheduler, Step, check_step, level_in};
use crate::Result;

pub(super) struct Ddim {
    timesteps: Vec<f32>,
    levels: Vec<NoiseLevel>,
    /// The level that each step ends at: a fixed number of timesteps lower, which is not always the level of the next step.
    targets: Vec<NoiseLevel>,
    denoiser: Denoiser,
}

impl Ddim {
    pub(super) fn new(keys: &Keys, schedule: &NoiseSchedule, steps: usize) -> Result<Self> {
        let train = schedule.num_train_timesteps();
        let timesteps = timesteps::read(keys, Layout::Whole, train, steps)?;
        let last = if keys.flag("set_alpha_to_one", true)? { NoiseLevel::CLEAN } else { schedule.level(0)? };
        let target = |&t: &f64| (t as usize).checked_sub(train / steps).map_or(Ok(last), |previous| schedule.level(previous));
        Ok(Self {
            levels: schedule.levels(&timesteps)?,
            targets: timesteps.iter().map(target).collect::<Result<_>>()?,
            timesteps: timesteps::rounded(&timesteps),
            denoiser: Denoiser::read(keys, schedule.prediction_type(), true)?,
        })
    }
}

impl Scheduler for Ddim {
    fn timesteps(&self) -> &[f32] {
        &self.timesteps
    }

    fn level(&self, index: usize) -> Result<NoiseLevel> {
        level_in(&self.levels, index)
    }

    fn step(&mut self, model_output: &Tensor, index: usize, sample: &Tensor, _: &mut DrawNoise<'_>) -> Result<Step> {
        check_step(index, self.steps())?;
        let (output, x) = (to_f32(model_output)?, to_f32(sample)?);
        let original = self.denoiser.original(self.levels[index], &output, &x)?;
        // From the unclipped output, also where the clean latent was clipped, as in diffusers.
        let noise = self.denoiser.prediction.noise(self.levels[index], &output, &x)?;
        let target = self.targets[index];
        finish(sample, &combine(&[(target.signal, &original), (target.noise, &noise)])?, &original)
    }
}
