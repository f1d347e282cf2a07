//! The image encoder of either model.

use candle_core::{Result, Tensor};
use dedit_edit::Error;

use crate::tiny_vit::TinyViT;
use crate::vit::Vit;
use crate::weights::Scope;

/// Pixels along a side of the input of published models.
pub(crate) const SIDE: usize = 1024;

/// An image encoder.
#[derive(Debug)]
pub(crate) enum Encoder {
    /// SAM's own.
    Vit(Vit),
    /// `MobileSAM`'s, for a square of so many pixels a side.
    Tiny(TinyViT, usize),
}

impl Encoder {
    /// `side` is the input's side where the weights do not determine it.
    pub(crate) fn new(scope: &Scope<'_>, side: usize) -> dedit_edit::Result<Self> {
        if scope.has("pos_embed") {
            return Vit::new(scope).map(Self::Vit);
        }
        if scope.has("patch_embed.seq.0.c.weight") {
            return TinyViT::new(scope).map(|tiny| Self::Tiny(tiny, side));
        }
        Err(Error::model("the image encoder of this checkpoint is not supported")
            .hint("give a checkpoint of SAM (ViT-B, -L, -H) or MobileSAM"))
    }

    /// Pixels along a side of the square input.
    pub(crate) fn side(&self) -> usize {
        match self {
            Self::Vit(vit) => vit.side(),
            Self::Tiny(_, side) => *side,
        }
    }

    /// Pixels along a side of the embedding.
    pub(crate) fn grid(&self) -> usize {
        match self {
            Self::Vit(vit) => vit.grid(),
            Self::Tiny(_, side) => side / TinyViT::patch(),
        }
    }

    /// `[1, side, side, 3]` to `[1, grid, grid, channels]`.
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Vit(vit) => vit.forward(x),
            Self::Tiny(tiny, _) => tiny.forward(x),
        }
    }
}
