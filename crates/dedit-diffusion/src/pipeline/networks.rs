//! Access to the networks of a pipeline, for methods that train them or call them directly.

use candle_core::{DType, Device, Tensor};
use dedit_nn::layers::{Visit, Visitor, join};

use super::generate::not_finite;
use super::prompt::all_finite;
use super::{Pipeline, encoder_path};
use crate::text_encoder::TextEncoder;
use crate::unet::Unet;
use crate::vae::{Posterior, Tiling, Vae};
use crate::{Result, Tokenizer};

impl Pipeline {
    /// The denoiser.
    pub fn unet(&self) -> &Unet {
        &self.unet
    }

    /// The denoiser, to train its weights or attach adapters.
    pub fn unet_mut(&mut self) -> &mut Unet {
        &mut self.unet
    }

    /// The text encoders: one, or SDXL's two.
    pub fn text_encoders(&self) -> &[TextEncoder] {
        &self.text_encoders
    }

    /// The tokenizer of each text encoder.
    pub fn tokenizers(&self) -> &[Tokenizer] {
        &self.tokenizers
    }

    /// The autoencoder.
    pub fn vae(&self) -> &Vae {
        &self.vae
    }

    /// The device of all networks.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The precision that the denoiser computes in.
    pub fn unet_dtype(&self) -> DType {
        self.unet_dtype
    }

    /// The side, in pixels, of the square pictures that the denoiser was trained on.
    pub fn native_side(&self) -> usize {
        self.default_side()
    }

    /// Encodes a picture `[1, 3, height, width]` with values in `[-1, 1]` to the distribution of its unscaled latents.
    ///
    /// # Errors
    /// As [`Vae::encode`]; `Model` where the encoder gives an infinity or NaN.
    pub fn encode_picture(&self, picture: &Tensor) -> Result<Posterior> {
        let mut posterior = self.vae.encode(&picture.to_device(&self.device)?.to_dtype(self.vae_dtype)?, Tiling::default())?;
        posterior.mean = posterior.mean.to_dtype(DType::F32)?;
        posterior.std = posterior.std.to_dtype(DType::F32)?;
        if !all_finite(&posterior.mean)? || !all_finite(&posterior.std)? {
            return Err(not_finite("the latents of the picture"));
        }
        Ok(posterior)
    }

    /// Decodes scaled latents `[1, channels, height / 8, width / 8]` to a picture `[1, 3, height, width]`, nominally in `[-1, 1]`, f32 on the CPU.
    ///
    /// # Errors
    /// `Model` where the decoder gives an infinity or NaN.
    pub fn decode_latents(&self, latents: &Tensor) -> Result<Tensor> {
        let unscaled = self.vae.unscale_latents(latents)?.to_dtype(self.vae_dtype)?;
        let picture = self.vae.decode(&unscaled, Tiling::default())?.to_device(&Device::Cpu)?.to_dtype(DType::F32)?;
        if all_finite(&picture)? { Ok(picture) } else { Err(not_finite("the decoded picture")) }
    }
}

impl Visit for Pipeline {
    /// The denoiser's layers have paths below `unet`, those of the text encoders below `text_encoder` and `text_encoder_2`.
    fn visit(&mut self, path: &str, visitor: &mut Visitor<'_>) -> dedit_nn::Result<()> {
        self.unet.visit(&join(path, "unet"), visitor)?;
        for (index, encoder) in self.text_encoders.iter_mut().enumerate() {
            encoder.visit(&join(path, encoder_path(index)), visitor)?;
        }
        Ok(())
    }
}
