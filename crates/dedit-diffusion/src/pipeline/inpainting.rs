//! The further inputs of denoisers for inpainting.

use candle_core::{DType, Device, Tensor};

use super::Pipeline;
use crate::unet::Inpainting;
use crate::{Error, Result};

impl Pipeline {
    /// Whether the denoiser is one for inpainting, which also takes a mask and the picture without what the mask covers.
    pub fn is_inpainting(&self) -> bool {
        self.unet.config().is_inpainting()
    }

    /// What a denoiser for inpainting sees of a picture `[1, 3, height, width]` with values in `[-1, 1]`, of which the pixels of `mask`
    /// `[1, 1, height, width]` from 0.5 on are generated: as in diffusers' inpainting pipelines these are grey, a latent pixel has the mask of its top left
    /// pixel, and the latents are the mean of their distribution. `None` for other denoisers.
    ///
    /// # Errors
    /// `Usage` where the shapes differ; as [`Pipeline::encode_picture`].
    pub fn inpainting(&self, picture: &Tensor, mask: &Tensor) -> Result<Option<Inpainting>> {
        if !self.is_inpainting() {
            return Ok(None);
        }
        let (_, _, height, width) = picture.dims4()?;
        if mask.dims() != [1, 1, height, width] {
            return Err(Error::usage(format!("a picture of {width} × {height} was given a mask of {:?}", mask.dims())));
        }
        let mask = mask.to_device(&Device::Cpu)?.to_dtype(DType::F32)?.ge(0.5)?.to_dtype(DType::F32)?;
        let kept = (1.0 - &mask)?;
        let posterior = self.encode_picture(&picture.to_device(&Device::Cpu)?.broadcast_mul(&kept)?)?;
        let factor = self.pixels_per_latent();
        let (rows, columns) = (height / factor, width / factor);
        let mask = mask.reshape((rows, factor, columns, factor))?.narrow(1, 0, 1)?.narrow(3, 0, 1)?.reshape((1, 1, rows, columns))?;
        let masked_latents = self.vae.scale_latents(&posterior.mean)?;
        Ok(Some(Inpainting { mask: mask.to_device(&self.device)?, masked_latents }))
    }

    /// [`inpainting`](Self::inpainting) where everything is generated, for pictures of this size in pixels.
    ///
    /// # Errors
    /// As [`Pipeline::encode_picture`].
    pub fn inpainting_of_all(&self, height: usize, width: usize) -> Result<Option<Inpainting>> {
        let ones = Tensor::ones((1, 1, height, width), DType::F32, &Device::Cpu)?;
        self.inpainting(&Tensor::zeros((1, 3, height, width), DType::F32, &Device::Cpu)?, &ones)
    }
}
