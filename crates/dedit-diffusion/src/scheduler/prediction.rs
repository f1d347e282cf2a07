//! Conversion of a model's prediction to the clean latent and to the noise.

use candle_core::Tensor;

use super::NoiseLevel;
use super::keys::Keys;
use super::linear::combine;
use crate::Result;

/// What a model predicts from a noised latent `x = signal · latent + noise · ε`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PredictionType {
    /// The noise ε.
    Epsilon,
    /// The clean latent.
    Sample,
    /// The velocity `signal · ε − noise · latent` (arXiv 2202.00512), at `signal² + noise² = 1`.
    Velocity,
}

impl PredictionType {
    /// The name in diffusers' settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Epsilon => "epsilon",
            Self::Sample => "sample",
            Self::Velocity => "v_prediction",
        }
    }

    pub(super) fn read(keys: &Keys) -> Result<Self> {
        let choices =
            [("epsilon", Self::Epsilon), ("sample", Self::Sample), ("original_sample", Self::Sample), ("v_prediction", Self::Velocity)];
        keys.choice("prediction_type", &choices, Self::Epsilon)
    }

    /// The clean latent, given the model's `output` for `sample` at `level`.
    pub fn original(self, level: NoiseLevel, output: &Tensor, sample: &Tensor) -> Result<Tensor> {
        let NoiseLevel { signal, noise } = level;
        let magnitude = level.magnitude();
        match self {
            Self::Epsilon => combine(&[(1.0 / signal, sample), (-noise / signal, output)]),
            Self::Sample => Ok(output.clone()),
            Self::Velocity => combine(&[(signal / magnitude.powi(2), sample), (-noise / magnitude, output)]),
        }
    }

    /// The noise, given the model's `output` for `sample` at `level`.
    pub fn noise(self, level: NoiseLevel, output: &Tensor, sample: &Tensor) -> Result<Tensor> {
        let NoiseLevel { signal, noise } = level;
        let magnitude = level.magnitude();
        match self {
            Self::Epsilon => Ok(output.clone()),
            Self::Sample => combine(&[(1.0 / noise, sample), (-signal / noise, output)]),
            Self::Velocity => combine(&[(noise / magnitude.powi(2), sample), (signal / magnitude, output)]),
        }
    }
}

/// Computes the clean latent from the model's output, with optional clipping.
#[derive(Debug, Clone, Copy)]
pub(super) struct Denoiser {
    pub(super) prediction: PredictionType,
    /// The clean latent is clipped to ± this value.
    clip: Option<f64>,
}

impl Denoiser {
    /// Reads `clip_sample` and `clip_sample_range`; `clip` is the class's default.
    pub(super) fn read(keys: &Keys, prediction: PredictionType, clip: bool) -> Result<Self> {
        keys.refuse(&["thresholding"])?;
        let range = keys.number("clip_sample_range", 1.0)?;
        Ok(Self { prediction, clip: keys.flag("clip_sample", clip)?.then_some(range) })
    }

    pub(super) fn original(self, level: NoiseLevel, output: &Tensor, sample: &Tensor) -> Result<Tensor> {
        let original = self.prediction.original(level, output, sample)?;
        match self.clip {
            Some(range) => Ok(original.clamp(-range, range)?),
            None => Ok(original),
        }
    }
}
