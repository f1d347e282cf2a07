//! The autoencoder between pictures and latents (Kingma & Welling 2013; Rombach et al. 2021), as diffusers' `AutoencoderKL`.
//!
//! Large pictures are processed in tiles that overlap by the receptive field of the network and share one set of norm statistics, so that there are no
//! seams.

mod blocks;
mod decoder;
mod encoder;
mod norms;
mod tiles;

use candle_core::{DType, Device, Tensor};
use dedit_nn::autograd::Value;
use dedit_nn::ops;

use self::decoder::Decoder;
use self::encoder::Encoder;
pub use self::tiles::Tiling;
use crate::build::Build;
use crate::config::VaeConfig;
use crate::weights::Component;
use crate::{Error, Result};

/// The autoencoder.
pub struct Vae {
    config: VaeConfig,
    encoder: Encoder,
    decoder: Decoder,
    /// The precision that it computes in.
    dtype: DType,
}

/// A diagonal Gaussian over unscaled latents; mean and deviation are `[batch, channels, height / 8, width / 8]`.
#[derive(Debug, Clone)]
pub struct Posterior {
    /// The mean, f32.
    pub mean: Tensor,
    /// The standard deviation, f32.
    pub std: Tensor,
}

impl Posterior {
    /// `mean + std · noise`.
    pub fn sample(&self, noise: &Tensor) -> Result<Tensor> {
        Ok((&self.mean + (&self.std * noise)?)?)
    }
}

impl Vae {
    /// Builds the autoencoder on `device`.
    ///
    /// # Errors
    /// When a tensor is missing or has the wrong shape, or the checkpoint has tensors that the network does not use.
    pub fn new(component: &Component<VaeConfig>, device: &Device) -> Result<Self> {
        let vae = Self::build(&Build::new(component.weights.root(), device), component.config.clone())?;
        component.weights.finish()?;
        Ok(vae)
    }

    /// An autoencoder of the given sizes with random weights stored as `dtype`: for measuring speed and memory without a checkpoint.
    pub fn random(config: VaeConfig, dtype: DType, device: &Device) -> Result<Self> {
        Self::build(&Build::random(dtype, device), config)
    }

    fn build(root: &Build, config: VaeConfig) -> Result<Self> {
        // Some overflow in f16, such as SDXL's, and not all of those say so; beside the denoiser's steps it costs little.
        let root = root.clone().widened();
        let dtype = root.compute_dtype("encoder.conv_in.bias", config.block_out_channels[0])?;
        Ok(Self { encoder: Encoder::new(&root, &config)?, decoder: Decoder::new(&root, &config)?, dtype, config })
    }

    /// Its configuration.
    pub fn config(&self) -> &VaeConfig {
        &self.config
    }

    /// Encodes pictures `[batch, 3, height, width]` with values in `[-1, 1]`.
    ///
    /// # Errors
    /// When a side is not a multiple of the pixels per latent pixel.
    pub fn encode(&self, picture: &Tensor, tiling: Tiling) -> Result<Posterior> {
        let (_, channels, height, width) = picture.dims4()?;
        let factor = self.config.pixels_per_latent();
        if channels != self.config.in_channels || !height.is_multiple_of(factor) || !width.is_multiple_of(factor) || height * width == 0 {
            let expected = self.config.in_channels;
            return Err(Error::usage(format!(
                "the autoencoder takes {expected} channels and sides that are multiples of {factor}, not {channels} channels of {width} × {height}"
            )));
        }
        let moments = self.encoder.run(&ops::channels_last(&Value::constant(picture.to_dtype(self.dtype)?))?, tiling)?;
        let moments = ops::channels_first(&moments)?.into_tensor().to_dtype(DType::F32)?;
        let half = self.config.latent_channels;
        let log_variance = moments.narrow(1, half, half)?.contiguous()?.clamp(-30.0, 20.0)?;
        Ok(Posterior { mean: moments.narrow(1, 0, half)?.contiguous()?, std: (log_variance * 0.5)?.exp()? })
    }

    /// Decodes unscaled latents `[batch, channels, height, width]` to `[batch, 3, height · 8, width · 8]`, nominally in `[-1, 1]`.
    pub fn decode(&self, latents: &Tensor, tiling: Tiling) -> Result<Tensor> {
        let (_, channels, _, _) = latents.dims4()?;
        if channels != self.config.latent_channels {
            let expected = self.config.latent_channels;
            return Err(Error::usage(format!("the autoencoder takes latents of {expected} channels, not {channels}")));
        }
        let picture = self.decoder.run(&ops::channels_last(&Value::constant(latents.to_dtype(self.dtype)?))?, tiling)?;
        Ok(ops::channels_first(&picture)?.into_tensor().to_dtype(DType::F32)?)
    }

    /// Scales the autoencoder's latents for the denoiser: `(latent - shift) · scale`, or normalised by the checkpoint's own statistics.
    pub fn scale_latents(&self, latents: &Tensor) -> Result<Tensor> {
        match self.statistics(latents)? {
            Some((mean, std)) => Ok((latents.broadcast_sub(&mean)?.broadcast_div(&std)? * self.config.scaling_factor)?),
            None => Ok(((latents - self.config.shift_factor)? * self.config.scaling_factor)?),
        }
    }

    /// The inverse of [`Self::scale_latents`].
    pub fn unscale_latents(&self, latents: &Tensor) -> Result<Tensor> {
        let plain = (latents / self.config.scaling_factor)?;
        match self.statistics(latents)? {
            Some((mean, std)) => Ok(plain.broadcast_mul(&std)?.broadcast_add(&mean)?),
            None => Ok((plain + self.config.shift_factor)?),
        }
    }

    fn statistics(&self, like: &Tensor) -> Result<Option<(Tensor, Tensor)>> {
        let (Some(mean), Some(std)) = (&self.config.latents_mean, &self.config.latents_std) else { return Ok(None) };
        let per_channel = |values: &[f64]| -> Result<Tensor> {
            let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
            Ok(Tensor::from_vec(values, (1, (), 1, 1), like.device())?.to_dtype(like.dtype())?)
        };
        Ok(Some((per_channel(mean)?, per_channel(std)?)))
    }
}
