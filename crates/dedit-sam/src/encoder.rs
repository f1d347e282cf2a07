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

    /// Bytes of the activations that are held at the same time.
    pub(crate) fn least_memory(&self) -> usize {
        /// Around the hidden layer of an MLP, which is four times as wide: its inputs, itself before and after the activation, and the residual.
        const WIDTHS: usize = 12;
        /// Channels of the hidden layers of `TinyViT`'s first stage, in published models.
        const TINY_HIDDEN: usize = 256;
        let values = match self {
            Self::Vit(vit) => WIDTHS * vit.grid().pow(2) * vit.channels(),
            // On a quarter of the input's side: the hidden layers of a bottleneck, one after the other.
            Self::Tiny(_, side) => 3 * (side / 4).pow(2) * TINY_HIDDEN,
        };
        size_of::<f32>() * values
    }

    /// How often [`Self::forward`] calls `step`.
    pub(crate) fn steps(&self) -> usize {
        match self {
            Self::Vit(vit) => vit.steps(),
            Self::Tiny(tiny, _) => tiny.steps(),
        }
    }

    /// `[1, side, side, 3]` to `[1, grid, grid, channels]`. An error of `step` ends it.
    pub(crate) fn forward(&self, x: &Tensor, step: &mut dyn FnMut() -> Result<()>) -> Result<Tensor> {
        match self {
            Self::Vit(vit) => vit.forward(x, step),
            Self::Tiny(tiny, _) => tiny.forward(x, step),
        }
    }
}
