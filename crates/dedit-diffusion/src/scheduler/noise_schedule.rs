//! The noise schedule of a model's training.

use candle_core::Tensor;

use super::betas::{self, BetaDefaults, BetaSchedule};
use super::keys::Keys;
use super::{NoiseLevel, PredictionType};
use crate::{Error, Result};

/// The noise levels of the training timesteps, of which 0 has the least noise, and the model's prediction type.
#[derive(Debug, Clone)]
pub struct NoiseSchedule {
    alphas_cumprod: Vec<f32>,
    prediction: PredictionType,
}

impl NoiseSchedule {
    /// Reads the `beta_*` keys; the defaults of LCM's class differ.
    pub(super) fn read(keys: &Keys, lcm: bool) -> Result<Self> {
        let defaults = if lcm {
            BetaDefaults { start: 0.00085, end: 0.012, schedule: BetaSchedule::ScaledLinear }
        } else {
            BetaDefaults { start: 0.0001, end: 0.02, schedule: BetaSchedule::Linear }
        };
        let alphas_cumprod = betas::cumulated_alphas(&betas::read(keys, &defaults)?);
        let last = alphas_cumprod.len() - 1;
        let before = std::iter::once(1.0).chain(alphas_cumprod.iter().copied());
        let wrong = before.zip(&alphas_cumprod).position(|(before, &now)| !(now < before && now >= 0.0));
        if let Some(t) = wrong.or_else(|| alphas_cumprod[..last].iter().position(|&alpha| alpha == 0.0)) {
            let message = "the scheduler configuration's betas must leave less signal at each timestep and some before the last";
            return Err(Error::model(format!("{message}, but timestep {t} has {}", alphas_cumprod[t])));
        }
        Ok(Self { alphas_cumprod, prediction: PredictionType::read(keys)? })
    }

    /// ᾱ per timestep, decreasing from almost 1; the float32 values of PyTorch. The last one is 0 where the schedule was rescaled to zero SNR.
    pub fn alphas_cumprod(&self) -> &[f32] {
        &self.alphas_cumprod
    }

    /// The number of training timesteps, at least 1.
    pub fn num_train_timesteps(&self) -> usize {
        self.alphas_cumprod.len()
    }

    /// What the model is trained to predict.
    pub fn prediction_type(&self) -> PredictionType {
        self.prediction
    }

    /// The noise level of a timestep; `signal² + noise² = 1`.
    ///
    /// # Errors
    /// `Usage` for a timestep outside of the training's.
    pub fn level(&self, timestep: usize) -> Result<NoiseLevel> {
        let alpha_cumprod = self.alphas_cumprod.get(timestep).ok_or_else(|| {
            Error::usage(format!("there is no timestep {timestep}: the model was trained with 0 to {}", self.alphas_cumprod.len() - 1))
        })?;
        Ok(NoiseLevel::variance_preserving(f64::from(*alpha_cumprod)))
    }

    /// The signal-to-noise ratio `ᾱ / (1 − ᾱ)` of a timestep, for loss weights.
    ///
    /// # Errors
    /// As [`NoiseSchedule::level`].
    pub fn snr(&self, timestep: usize) -> Result<f64> {
        let level = self.level(timestep)?;
        Ok((level.signal / level.noise).powi(2))
    }

    /// Noises latents, each sample to its own timestep: `√ᾱ · latent + √(1 − ᾱ) · noise`; `latent` and `noise` are `[batch, ..]`.
    ///
    /// # Errors
    /// `Usage` for timesteps outside of the training's, or where their number is not the batch size; `Internal` where the shapes differ.
    pub fn add_noise(&self, latent: &Tensor, noise: &Tensor, timesteps: &[usize]) -> Result<Tensor> {
        let (signal, noise_scale) = self.scales(latent, timesteps)?;
        Ok((latent.broadcast_mul(&signal)? + noise.broadcast_mul(&noise_scale)?)?)
    }

    /// The velocity `√ᾱ · noise − √(1 − ᾱ) · latent` (arXiv 2202.00512, appendix D); shapes and errors as [`NoiseSchedule::add_noise`].
    pub fn velocity(&self, latent: &Tensor, noise: &Tensor, timesteps: &[usize]) -> Result<Tensor> {
        let (signal, noise_scale) = self.scales(latent, timesteps)?;
        Ok((noise.broadcast_mul(&signal)? - latent.broadcast_mul(&noise_scale)?)?)
    }

    /// The training target for latents noised by [`NoiseSchedule::add_noise`]; shapes and errors as there.
    pub fn target(&self, latent: &Tensor, noise: &Tensor, timesteps: &[usize]) -> Result<Tensor> {
        match self.prediction {
            PredictionType::Epsilon => Ok(noise.clone()),
            PredictionType::Sample => Ok(latent.clone()),
            PredictionType::Velocity => self.velocity(latent, noise, timesteps),
        }
    }

    /// The factors of latent and noise as two tensors `[batch, 1, ..]` that broadcast over `latent`.
    fn scales(&self, latent: &Tensor, timesteps: &[usize]) -> Result<(Tensor, Tensor)> {
        let batch = latent.dims().first().copied().unwrap_or(0);
        if batch != timesteps.len() {
            return Err(Error::usage(format!("{} timesteps for a batch of {batch} latents", timesteps.len())));
        }
        let levels = timesteps.iter().map(|&timestep| self.level(timestep)).collect::<Result<Vec<_>>>()?;
        let mut shape = vec![1; latent.rank()];
        shape[0] = batch;
        let column = |factor: fn(&NoiseLevel) -> f64| -> Result<Tensor> {
            let factors: Vec<f32> = levels.iter().map(|level| factor(level) as f32).collect();
            Ok(Tensor::from_vec(factors, shape.as_slice(), latent.device())?.to_dtype(latent.dtype())?)
        };
        Ok((column(|level| level.signal)?, column(|level| level.noise)?))
    }

    /// ᾱ for the solvers that divide by it: a zero at the last timestep is replaced by 2⁻²⁴, as in diffusers.
    pub(super) fn floored_alphas(&self) -> Vec<f32> {
        let mut alphas = self.alphas_cumprod.clone();
        if let Some(last) = alphas.last_mut()
            && *last == 0.0
        {
            *last = 1.0 / (1 << 24) as f32;
        }
        alphas
    }

    pub(super) fn check_steps(&self, steps: usize) -> Result<()> {
        let most = self.num_train_timesteps();
        match steps {
            0 => Err(Error::usage("0 steps make no picture").hint("ask for at least 1 step")),
            _ if steps > most => Err(Error::usage(format!("{steps} steps are more than the {most} timesteps the model was trained with"))),
            _ => Ok(()),
        }
    }

    /// The noise levels of integer timesteps.
    pub(super) fn levels(&self, timesteps: &[f64]) -> Result<Vec<NoiseLevel>> {
        let level = |&timestep: &f64| {
            let level = self.level(timestep as usize).map_err(|error| Error::model(error.message()).hint("lower steps_offset"))?;
            if level.signal == 0.0 && self.prediction == PredictionType::Epsilon {
                let message =
                    format!("at timestep {timestep} the latent is all noise, and a model that predicts the noise says nothing there");
                return Err(Error::model(message)
                    .hint("turn rescale_betas_zero_snr off, or set prediction_type to what the model was trained with"));
            }
            Ok(level)
        };
        timesteps.iter().map(level).collect()
    }
}
