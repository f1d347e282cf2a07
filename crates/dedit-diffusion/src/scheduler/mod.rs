//! Schedulers: the noise levels a latent passes on its way to a picture, and the rule that takes it from one to the next.
//!
//! A [`SchedulerConfig`] is read from a checkpoint's `scheduler_config.json`, or taken for granted ([`SchedulerConfig::stable_diffusion`]); it builds a
//! [`Scheduler`] for a number of steps, and the [`NoiseSchedule`] that training noises latents with. The numbers are those of Hugging Face diffusers:
//! its defaults per class, its roundings of timesteps, its float32 tables. A setting that is not implemented here is an error, never ignored.
//!
//! ```no_run
//! # use dedit_diffusion::scheduler::{SchedulerConfig, SchedulerKind};
//! # fn main() -> dedit_diffusion::Result<()> {
//! # let text = ""; let unit_noise = candle_core::Tensor::zeros(1, candle_core::DType::F32, &candle_core::Device::Cpu)?;
//! # let predict = |x: &candle_core::Tensor, _t: f32| x.clone();
//! # let mut randn = |shape: &[usize]| Ok(candle_core::Tensor::zeros(shape, candle_core::DType::F32, &candle_core::Device::Cpu)?);
//! let mut scheduler = SchedulerConfig::from_json(text)?.with_kind(SchedulerKind::UniPc).build(20)?;
//! let mut latent = (unit_noise * scheduler.init_noise_sigma())?;
//! for index in 0..scheduler.steps() {
//!     let input = scheduler.scale_model_input(&latent, index)?;
//!     let output = predict(&input, scheduler.timesteps()[index]);
//!     latent = scheduler.step(&output, index, &latent, &mut randn)?.prev_sample;
//! }
//! # Ok(()) }
//! ```

mod betas;
mod config;
mod ddim;
mod ddpm;
mod dpm_solver;
mod euler;
mod history;
mod interval;
mod keys;
mod kind;
mod lcm;
mod linear;
mod noise_schedule;
mod prediction;
mod sigmas;
mod timesteps;
mod unipc;

use candle_core::Tensor;

pub use config::SchedulerConfig;
pub use kind::SchedulerKind;
pub use noise_schedule::NoiseSchedule;
pub use prediction::PredictionType;

use crate::{Error, Result};

/// What one step of a [`Scheduler`] gives; both tensors have the shape and element type of the sample stepped from.
#[derive(Debug, Clone)]
pub struct Step {
    /// The sample at the next, lower noise level.
    pub prev_sample: Tensor,
    /// The clean latent as the model sees it at this step: good for a preview.
    pub pred_original_sample: Tensor,
}

/// How much of a noised latent is picture and how much is noise: `signal · latent + noise · unit_noise`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NoiseLevel {
    /// The factor of the clean latent.
    pub signal: f64,
    /// The factor of unit normal noise.
    pub noise: f64,
}

impl NoiseLevel {
    /// No noise at all.
    pub const CLEAN: Self = Self { signal: 1.0, noise: 0.0 };

    /// The variance-preserving level with cumulated signal power ᾱ in 0..=1: `√ᾱ` and `√(1 − ᾱ)`.
    pub(crate) fn variance_preserving(alpha_cumprod: f64) -> Self {
        Self { signal: alpha_cumprod.sqrt(), noise: (1.0 - alpha_cumprod).sqrt() }
    }

    /// `√(signal² + noise²)`: 1 for the levels that a model was trained at, more where a scheduler keeps the signal at 1.
    pub fn magnitude(self) -> f64 {
        self.signal.hypot(self.noise)
    }
}

/// Draws unit normal noise of the given shape, on the device of the sample.
pub type DrawNoise<'a> = dyn FnMut(&[usize]) -> Result<Tensor> + 'a;

/// The rule that takes a latent from pure noise to a clean picture in a fixed number of steps.
///
/// Steps are named by their index, 0 being the noisiest. To start from a picture instead of noise, take [`first_step`], noise the clean latent to that
/// level with [`Scheduler::add_noise`], and step from there. A solver that looks back at earlier steps starts afresh at any index that does not follow
/// the one it stepped last, so nothing needs to be said or reset.
pub trait Scheduler: Send {
    /// The timestep the model is told at each step, falling; in 0..`num_train_timesteps`, whole numbers for all but the Euler schedulers.
    fn timesteps(&self) -> &[f32];

    /// What unit normal noise is multiplied with to be the sample of step 0.
    fn init_noise_sigma(&self) -> f64 {
        1.0
    }

    /// The number of steps.
    fn steps(&self) -> usize {
        self.timesteps().len()
    }

    /// The noise level of the sample that step `index` starts from; `index == steps()` is the end: no noise.
    ///
    /// # Errors
    /// `Usage` where `index` is beyond `steps()`.
    fn level(&self, index: usize) -> Result<NoiseLevel>;

    /// The sample as the model wants it at step `index`.
    ///
    /// # Errors
    /// `Usage` where there is no step `index`.
    fn scale_model_input(&self, sample: &Tensor, index: usize) -> Result<Tensor> {
        check_step(index, self.steps())?;
        Ok(sample.clone())
    }

    /// Takes `sample` from the level of step `index` to the next one, given what the model predicts for it (same shape).
    ///
    /// Computes in float32 and keeps no gradient. `noise` is called once by each step of a stochastic scheduler that diffusers draws in too (which can
    /// include the last one, whose noise has no effect), and never by the others.
    ///
    /// # Errors
    /// `Usage` where there is no step `index`; whatever `noise` gives.
    fn step(&mut self, model_output: &Tensor, index: usize, sample: &Tensor, noise: &mut DrawNoise<'_>) -> Result<Step>;

    /// A clean latent noised to the level of the sample that step `index` starts from; `index == steps()` gives it back as it is.
    ///
    /// # Errors
    /// `Usage` where `index` is beyond `steps()`; `Internal` where the shapes differ.
    fn add_noise(&self, original: &Tensor, noise: &Tensor, index: usize) -> Result<Tensor> {
        let level = self.level(index)?;
        linear::combine_as(original, &[(level.signal, original), (level.noise, noise)])
    }
}

/// The scheduler that `scheduler_config.json` (its text) asks for, ready for a number of steps.
///
/// # Errors
/// `Model` where the text is no scheduler configuration or has a setting that is not supported; `Usage` for an impossible number of steps.
pub fn from_json(text: &str, steps: usize) -> Result<Box<dyn Scheduler>> {
    SchedulerConfig::from_json(text)?.build(steps)
}

/// The index of the first step for a picture that is redone with `strength` in 0..=1: 1 starts from pure noise at step 0, 0 leaves nothing to do.
///
/// # Errors
/// `Usage` where `strength` is not in 0..=1.
pub fn first_step(steps: usize, strength: f64) -> Result<usize> {
    if !(0.0..=1.0).contains(&strength) {
        return Err(Error::usage(format!("strength {strength} is outside 0 to 1")));
    }
    Ok(steps - ((steps as f64 * strength) as usize).min(steps))
}

fn check_step(index: usize, steps: usize) -> Result<()> {
    if index < steps { Ok(()) } else { Err(Error::usage(format!("there is no step {index}: the scheduler was built for {steps} steps"))) }
}

/// The level of `index` in a table that has one per step, or the clean one after the last.
fn level_in(levels: &[NoiseLevel], index: usize) -> Result<NoiseLevel> {
    if index == levels.len() {
        return Ok(NoiseLevel::CLEAN);
    }
    check_step(index, levels.len())?;
    Ok(levels[index])
}

#[cfg(test)]
mod tests;
