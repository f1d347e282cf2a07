//! The family of a checkpoint.

use std::fmt;

use crate::config::UnetConfig;
use crate::tokenizer::{END, EXCLAMATION};

/// The supported families of latent diffusion models.
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
    /// The family of a U-Net: SDXL has text and size conditioning; in 2.x the projections around transformers are linear, in 1.x convolutions.
    pub(super) fn of(unet: &UnetConfig) -> Self {
        if unet.text_time.is_some() {
            Self::Sdxl
        } else if unet.use_linear_projection {
            Self::Sd2
        } else {
            Self::Sd1
        }
    }

    /// The number of text encoders.
    pub fn text_encoders(self) -> usize {
        if self == Self::Sdxl { 2 } else { 1 }
    }

    /// The padding token of a text encoder, for checkpoints without tokenizer.
    pub(super) fn pad(self, encoder: usize) -> &'static str {
        match (self, encoder) {
            (Self::Sd1, _) | (Self::Sdxl, 0) => END,
            _ => EXCLAMATION,
        }
    }
}
