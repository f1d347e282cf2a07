//! Schedulers: the noise levels of a generation, and the rule for a step from one to the next.
//!
//! A [`SchedulerConfig`] is read from a checkpoint's `scheduler_config.json`, or [`SchedulerConfig::stable_diffusion`]; it builds a [`Scheduler`] for a
//! number of steps, and the [`NoiseSchedule`] of the training. All numbers agree with Hugging Face diffusers: its defaults per class, its rounding of
//! timesteps, its float32 tables. A setting that is not implemented is an error.
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

/// The result of one step of a [`Scheduler`]; both tensors have the shape and element type of the step's sample.
#[derive(Debug, Clone)]
pub struct Step {
    /// The sample at the next, lower noise level.
    pub prev_sample: Tensor,
    /// The estimate of the clean latent at this step; can be decoded for a preview.
    pub pred_original_sample: Tensor,
}

/// The composition of a noised latent: `signal · latent + noise · unit_noise`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NoiseLevel {
    /// The factor of the clean latent.
    pub signal: f64,
    /// The factor of unit normal noise.
    pub noise: f64,
}

impl NoiseLevel {
    /// The level without noise.
    pub const CLEAN: Self = Self { signal: 1.0, noise: 0.0 };

    /// The variance-preserving level with ᾱ in `[0, 1]`: `√ᾱ` and `√(1 − ᾱ)`.
    pub(crate) fn variance_preserving(alpha_cumprod: f64) -> Self {
        Self { signal: alpha_cumprod.sqrt(), noise: (1.0 - alpha_cumprod).sqrt() }
    }

    /// `√(signal² + noise²)`: 1 for the levels of the training, more where a scheduler keeps the signal at 1.
    pub fn magnitude(self) -> f64 {
        self.signal.hypot(self.noise)
    }
}

/// Draws unit normal noise of the given shape, on the device of the sample.
pub type DrawNoise<'a> = dyn FnMut(&[usize]) -> Result<Tensor> + 'a;

/// A sampler from pure noise to a clean latent in a fixed number of steps.
///
/// Steps are numbered from 0, the noisiest. To start from a picture instead of noise, begin at [`first_step`] with the clean latent noised to that level
/// by [`Scheduler::add_noise`]. A multistep solver clears its history at any index that does not follow its last step; it needs no reset.
pub trait Scheduler: Send {
    /// The model's timestep at each step, decreasing, in `0..num_train_timesteps`; integers for all but the Euler schedulers.
    fn timesteps(&self) -> &[f32];

    /// The factor that makes unit normal noise the sample of step 0.
    fn init_noise_sigma(&self) -> f64 {
        1.0
    }

    /// The number of steps.
    fn steps(&self) -> usize {
        self.timesteps().len()
    }

    /// The noise level of the sample that step `index` starts from; that of `index == steps()` has no noise.
    ///
    /// # Errors
    /// `Usage` where `index` is beyond `steps()`.
    fn level(&self, index: usize) -> Result<NoiseLevel>;

    /// The sample scaled for the model at step `index`.
    ///
    /// # Errors
    /// `Usage` where there is no step `index`.
    fn scale_model_input(&self, sample: &Tensor, index: usize) -> Result<Tensor> {
        check_step(index, self.steps())?;
        Ok(sample.clone())
    }

    /// Takes `sample` from the level of step `index` to the next one, given the model's output for it, of the same shape.
    ///
    /// Computes in float32 and records no gradient. A stochastic scheduler calls `noise` once in each step in which diffusers draws too (also in a last one
    /// whose noise has no effect); others never call it.
    ///
    /// # Errors
    /// `Usage` where there is no step `index`; errors of `noise`.
    fn step(&mut self, model_output: &Tensor, index: usize, sample: &Tensor, noise: &mut DrawNoise<'_>) -> Result<Step>;

    /// A clean latent noised to the level that step `index` starts from; unchanged for `index == steps()`.
    ///
    /// # Errors
    /// `Usage` where `index` is beyond `steps()`; `Internal` where the shapes differ.
    fn add_noise(&self, original: &Tensor, noise: &Tensor, index: usize) -> Result<Tensor> {
        let level = self.level(index)?;
        linear::combine_as(original, &[(level.signal, original), (level.noise, noise)])
    }
}

/// The scheduler of the text of a `scheduler_config.json`, with `steps` steps.
///
/// # Errors
/// `Model` where the text is not a scheduler configuration or has a setting that is not supported; `Usage` where `steps` is out of range.
pub fn from_json(text: &str, steps: usize) -> Result<Box<dyn Scheduler>> {
    SchedulerConfig::from_json(text)?.build(steps)
}

/// The index of the first step when starting from a picture with `strength` in `[0, 1]`: 0, with pure noise, for 1, and `steps` for 0.
///
/// # Errors
/// `Usage` where `strength` is not in `[0, 1]`.
pub fn first_step(steps: usize, strength: f64) -> Result<usize> {
    if !(0.0..=1.0).contains(&strength) {
        return Err(Error::usage(format!("strength {strength} is outside 0 to 1")));
    }
    Ok(steps - ((steps as f64 * strength) as usize).min(steps))
}

fn check_step(index: usize, steps: usize) -> Result<()> {
    if index < steps { Ok(()) } else { Err(Error::usage(format!("there is no step {index}: the scheduler was built for {steps} steps"))) }
}

/// The level of `index` in a table with one per step; after the last step the level without noise.
fn level_in(levels: &[NoiseLevel], index: usize) -> Result<NoiseLevel> {
    if index == levels.len() {
        return Ok(NoiseLevel::CLEAN);
    }
    check_step(index, levels.len())?;
    Ok(levels[index])
}

#[cfg(test)]
mod tests;
