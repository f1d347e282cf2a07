//! Which kind of model a checkpoint is.

use std::fmt;

use crate::config::{ClipTextConfig, UnetConfig};
use crate::tokenizer::{END, EXCLAMATION};
use crate::{Error, Result};

/// The families of latent diffusion models that this engine runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Stable Diffusion 1.x: CLIP-L.
    Sd1,
    /// Stable Diffusion 2.x: OpenCLIP-H.
    Sd2,
    /// Stable Diffusion XL: CLIP-L and OpenCLIP-bigG, text and size conditioning.
    Sdxl,
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sd1 => "Stable Diffusion 1.x",
            Self::Sd2 => "Stable Diffusion 2.x",
            Self::Sdxl => "Stable Diffusion XL",
        })
    }
}

impl Family {
    /// Told from the networks themselves: SDXL conditions on text and sizes; 2.x has linear projections around its transformers, 1.x convolutions.
    pub(super) fn of(unet: &UnetConfig) -> Self {
        if unet.text_time.is_some() {
            Self::Sdxl
        } else if unet.use_linear_projection {
            Self::Sd2
        } else {
            Self::Sd1
        }
    }

    /// How many text encoders it has.
    pub fn text_encoders(self) -> usize {
        if self == Self::Sdxl { 2 } else { 1 }
    }

    /// What pads the prompt of a text encoder, where the checkpoint brings no tokenizer.
    pub(super) fn pad(self, encoder: usize) -> &'static str {
        match (self, encoder) {
            (Self::Sd1, _) | (Self::Sdxl, 0) => END,
            _ => EXCLAMATION,
        }
    }

    /// The text encoders must give what the U-Net attends to: in SDXL, both side by side.
    pub(super) fn check_widths(self, unet: &UnetConfig, encoders: &[&ClipTextConfig]) -> Result<()> {
        let width: usize = encoders.iter().map(|encoder| encoder.hidden_size).sum();
        if let Some(&expected) = unet.cross_attention_dim.iter().find(|&&expected| expected != width) {
            return Err(Error::model(format!(
                "the U-Net attends to text of width {expected} and the text encoders of {self} give {width}"
            ))
            .hint("the parts belong to different models; download the checkpoint again"));
        }
        let (Some(text_time), Some(last)) = (unet.text_time, encoders.last()) else { return Ok(()) };
        let expected = last.projection_dim + 6 * text_time.addition_time_embed_dim;
        if text_time.projection_class_embeddings_input_dim != expected {
            let found = text_time.projection_class_embeddings_input_dim;
            return Err(Error::model(format!(
                "the U-Net's added conditioning has the width {found}, expected pooled text and six sizes, {expected}"
            ))
            .hint("SDXL refiner checkpoints (five sizes) are not supported; use the base model"));
        }
        Ok(())
    }
}
