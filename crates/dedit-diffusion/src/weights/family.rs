//! Which kind of model a checkpoint is.

use std::fmt;

use crate::config::UnetConfig;
use crate::tokenizer::{END, EXCLAMATION};

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
}
