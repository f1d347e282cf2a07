//! Prompts to what the denoiser attends to.

use candle_core::{DType, Tensor};
use dedit_nn::ops;

use super::Pipeline;
use crate::{Error, Family, Result};

/// A prompt as the denoiser takes it.
#[derive(Debug, Clone)]
pub struct EncodedPrompt {
    /// `[1, tokens, width]`: the last hidden states; in SDXL the penultimate ones of both encoders side by side.
    pub context: Tensor,
    /// SDXL's pooled text, `[1, width]`: the projected state at the end token of the second encoder.
    pub pooled: Option<Tensor>,
    /// The end of the prompt that did not fit and was left out.
    pub cut: Option<String>,
}

impl Pipeline {
    /// Encodes a prompt in the precision of the denoiser. What does not fit into the text encoder (77 tokens) is cut.
    pub fn encode_prompt(&self, prompt: &str) -> Result<EncodedPrompt> {
        let mut context: Option<Tensor> = None;
        let mut pooled = None;
        let mut cut = None;
        for (tokenizer, encoder) in self.tokenizers.iter().zip(&self.text_encoders) {
            let length = tokenizer.max_length().min(encoder.config().max_position_embeddings);
            let encoded = tokenizer.encode(prompt, length)?;
            let output = encoder.forward(&[encoded.ids], None)?;
            // Both encoders of SDXL split text alike.
            cut = cut.or(encoded.dropped);
            let hidden = match self.family {
                Family::Sd1 | Family::Sd2 => output.last,
                Family::Sdxl => {
                    pooled = Some(output.pooled.into_tensor().to_dtype(self.unet_dtype)?);
                    output.penultimate
                }
            };
            let hidden = hidden.into_tensor().to_dtype(self.unet_dtype)?;
            context = Some(match context {
                Some(first) => side_by_side(&first, &hidden)?,
                None => hidden,
            });
        }
        let context = context.ok_or_else(|| Error::model("a checkpoint without a text encoder"))?;
        Ok(EncodedPrompt { context, pooled, cut })
    }

    /// Encodes what a picture is led away from. An empty one is all zeros for checkpoints whose `model_index.json` says
    /// `force_zeros_for_empty_prompt` (SDXL's).
    pub fn encode_negative_prompt(&self, prompt: &str) -> Result<EncodedPrompt> {
        let encoded = self.encode_prompt(prompt)?;
        if !prompt.is_empty() || !self.force_zeros_for_empty_prompt {
            return Ok(encoded);
        }
        let pooled = encoded.pooled.map(|pooled| pooled.zeros_like()).transpose()?;
        Ok(EncodedPrompt { context: encoded.context.zeros_like()?, pooled, cut: None })
    }
}

/// Joins hidden states of two encoders along the width.
fn side_by_side(first: &Tensor, second: &Tensor) -> Result<Tensor> {
    let (tokens, more) = (first.dim(1)?, second.dim(1)?);
    if tokens != more {
        return Err(Error::model(format!("the text encoders take {tokens} and {more} tokens, expected the same number")));
    }
    Ok(ops::cat_channels(&first.clone().into(), &second.clone().into())?.into_tensor())
}

/// `[1, …]` to `[batch, …]`.
pub(super) fn repeat(x: &Tensor, batch: usize) -> Result<Tensor> {
    let mut shape = x.dims().to_vec();
    shape[0] = batch;
    Ok(x.broadcast_as(shape)?.contiguous()?)
}

/// Whether every element is a finite number.
pub(super) fn all_finite(x: &Tensor) -> Result<bool> {
    Ok(x.to_dtype(DType::F32)?.abs()?.sum_all()?.to_scalar::<f32>()?.is_finite())
}
