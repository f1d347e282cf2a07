//! What a model is, and which models go together.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What the weights of a file or folder are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A whole diffusion model.
    Checkpoint,
    /// Low-rank changes of a diffusion model.
    Lora,
    /// Vectors for a word of the prompt (textual inversion).
    Embedding,
    /// An autoencoder.
    Vae,
    /// A model that finds things in pictures.
    Segmentation,
}

impl Kind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Checkpoint => "checkpoint",
            Self::Lora => "lora",
            Self::Embedding => "embedding",
            Self::Vae => "vae",
            Self::Segmentation => "segmentation",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A family of diffusion models: weights of one family fit each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// Stable Diffusion 1.
    Sd1,
    /// Stable Diffusion 2.
    Sd2,
    /// Stable Diffusion XL.
    Sdxl,
}

impl Family {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sd1 => "sd1",
            Self::Sd2 => "sd2",
            Self::Sdxl => "sdxl",
        }
    }

    /// By the width of the text features that the U-Net's cross-attention reads.
    pub(crate) fn by_text_width(width: u64) -> Option<Self> {
        match width {
            768 => Some(Self::Sd1),
            1024 => Some(Self::Sd2),
            2048 => Some(Self::Sdxl),
            _ => None,
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
