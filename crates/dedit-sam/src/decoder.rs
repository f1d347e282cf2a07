//! The mask decoder: from the embedding and a prompt's tokens to masks and their predicted qualities.

use candle_core::{Result, Tensor};
use dedit_nn::layers::LayerNorm;

use crate::layers::{Doubling, Mlp, gelu, norm};
use crate::neck::CHANNEL_EPSILON;
use crate::transformer::{Prepared, Transformer};
use crate::weights::Scope;

/// Linear layers of each head.
const HEAD_LAYERS: usize = 3;

/// The mask decoder.
#[derive(Debug)]
pub(crate) struct Decoder {
    /// The token of the qualities, then those of the masks, `[1, 1 + masks, channels]`.
    tokens: Tensor,
    transformer: Transformer,
    doubling: [Doubling; 2],
    between: LayerNorm,
    heads: Vec<Mlp>,
    quality: Mlp,
}

impl Decoder {
    pub(crate) fn new(scope: &Scope<'_>, channels: usize) -> dedit_edit::Result<Self> {
        let (quality, masks) = (scope.at("iou_token").wide("weight", 2)?, scope.at("mask_tokens").wide("weight", 2)?);
        let count = masks.dims()[0];
        scope.expect(quality.dims() == [1, channels] && masks.dims() == [count, channels])?;
        let tokens = || Tensor::cat(&[&quality, &masks], 0)?.unsqueeze(0);
        let heads = (0..count).map(|index| Mlp::new(&scope.at("output_hypernetworks_mlps").at(index), HEAD_LAYERS));
        let upscaling = scope.at("output_upscaling");
        Ok(Self {
            tokens: tokens().map_err(crate::error::internal)?,
            transformer: Transformer::new(&scope.at("transformer"))?,
            doubling: [Doubling::new(&upscaling.at(0))?, Doubling::new(&upscaling.at(3))?],
            between: upscaling.at(1).norm(CHANNEL_EPSILON)?,
            heads: heads.collect::<dedit_edit::Result<_>>()?,
            quality: Mlp::new(&scope.at("iou_prediction_head"), HEAD_LAYERS)?,
        })
    }

    /// What depends on the embedding `[1, grid, grid, channels]` with the dense prompt added and on its positions `[1, grid², channels]` alone.
    pub(crate) fn prepare(&self, picture: &Tensor, positions: &Tensor) -> Result<Prepared> {
        let (_, grid, _, channels) = picture.dims4()?;
        self.transformer.prepare(&picture.reshape((1, grid * grid, channels))?, positions)
    }

    /// Logits of the masks `[masks, 4 · grid, 4 · grid]` and their qualities `[masks]`, from a prepared picture, its positions and the prompt's tokens
    /// `[1, tokens, channels]`.
    pub(crate) fn forward(&self, picture: &Prepared, positions: &Tensor, prompt: Option<&Tensor>) -> Result<(Tensor, Tensor)> {
        let (_, pixels, channels) = positions.dims3()?;
        let grid = pixels.isqrt();
        let tokens = match prompt {
            Some(prompt) => Tensor::cat(&[&self.tokens, prompt], 1)?,
            None => self.tokens.clone(),
        };
        let (tokens, keys) = self.transformer.forward(&tokens, picture, positions)?;
        let doubled = gelu(&norm(&self.between, &self.doubling[0].forward(&keys.reshape((1, grid, grid, channels))?)?)?)?;
        let pixels = gelu(&self.doubling[1].forward(&doubled)?)?;
        let side = 4 * grid;
        let pixels = pixels.reshape((side * side, ()))?;
        let token = |index: usize| tokens.narrow(1, index, 1)?.contiguous()?.reshape((1, channels));
        let factors = self.heads.iter().enumerate().map(|(index, head)| head.forward(&token(1 + index)?)).collect::<Result<Vec<_>>>()?;
        let masks = Tensor::cat(&factors, 0)?.matmul(&pixels.t()?)?.reshape((self.heads.len(), side, side))?;
        Ok((masks, self.quality.forward(&token(0)?)?.flatten_all()?))
    }
}
