//! The further input channels of U-Nets for inpainting (Rombach et al. 2021, section 4.5).

use candle_core::{DType, Tensor};
use dedit_nn::autograd::Value;
use dedit_nn::ops;

use crate::{Error, Result};

/// What a U-Net for inpainting sees besides the noisy latents: the same for all samples and steps.
#[derive(Debug, Clone)]
pub struct Inpainting {
    /// `[1, 1, height, width]` in latent pixels: 1 where the picture is generated, 0 where it is kept.
    pub mask: Tensor,
    /// Scaled latents of the picture without what the mask covers, `[1, channels, height, width]`.
    pub masked_latents: Tensor,
}

impl Inpainting {
    /// Appends the channels to latents `[batch, height, width, channels]`: the mask, then the masked latents.
    pub(super) fn append(&self, latents: &Value) -> Result<Value> {
        let (batch, height, width, channels) = latents.tensor().dims4()?;
        let (mask, masked) = (self.mask.dims(), self.masked_latents.dims());
        if mask != [1, 1, height, width] || masked != [1, channels, height, width] {
            return Err(Error::usage(format!(
                "latents of {channels} channels, {width} × {height}, were given a mask of {mask:?} and masked latents of {masked:?}"
            )));
        }
        let like = latents.tensor();
        let extra = Tensor::cat(&[self.mask.to_dtype(DType::F32)?, self.masked_latents.to_dtype(DType::F32)?], 1)?;
        let extra = extra.to_device(like.device())?.to_dtype(like.dtype())?.permute((0, 2, 3, 1))?;
        let extra = extra.broadcast_as((batch, height, width, channels + 1))?.contiguous()?;
        Ok(ops::cat_channels(latents, &Value::constant(extra))?)
    }
}
