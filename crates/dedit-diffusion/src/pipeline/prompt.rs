//! Encoding of prompts.

use candle_core::{DType, Tensor};
use dedit_nn::autograd::Value;
use dedit_nn::ops;

use super::Pipeline;
use crate::text_encoder::TextOutput;
use crate::{Error, Family, Result};

/// An encoded prompt.
#[derive(Debug, Clone)]
pub struct EncodedPrompt {
    /// `[1, tokens, width]`: the last hidden states; in SDXL the penultimate ones of both encoders, concatenated along the width.
    pub context: Tensor,
    /// SDXL's pooled text, `[1, width]`: the projected state at the end token of the second encoder.
    pub pooled: Option<Tensor>,
    /// The end of the prompt beyond the length limit, which was left out.
    pub cut: Option<String>,
}

impl Pipeline {
    /// Encodes a prompt in the precision of the denoiser. Text beyond the limit of the text encoder (77 tokens) is left out.
    pub fn encode_prompt(&self, prompt: &str) -> Result<EncodedPrompt> {
        let mut outputs = Vec::with_capacity(self.text_encoders.len());
        let mut cut = None;
        for (tokenizer, encoder) in self.tokenizers.iter().zip(&self.text_encoders) {
            let length = tokenizer.max_length().min(encoder.config().max_position_embeddings);
            let encoded = tokenizer.encode(prompt, length)?;
            outputs.push(encoder.forward(&[encoded.ids], None)?);
            // Both encoders of SDXL have the same vocabulary, so they leave out the same text.
            cut = cut.or(encoded.dropped);
        }
        let JoinedText { context, pooled } = self.join_text(&outputs)?;
        let converted = |text: Value| text.into_tensor().to_dtype(self.unet_dtype);
        let (context, pooled) = (converted(context)?, pooled.map(converted).transpose()?);
        Ok(EncodedPrompt { context, pooled, cut })
    }

    /// Encodes a negative prompt. An empty one is all zeros for checkpoints with `force_zeros_for_empty_prompt` in `model_index.json` (SDXL).
    pub fn encode_negative_prompt(&self, prompt: &str) -> Result<EncodedPrompt> {
        let encoded = self.encode_prompt(prompt)?;
        if !prompt.is_empty() || !self.force_zeros_for_empty_prompt {
            return Ok(encoded);
        }
        let pooled = encoded.pooled.map(|pooled| pooled.zeros_like()).transpose()?;
        Ok(EncodedPrompt { context: encoded.context.zeros_like()?, pooled, cut: None })
    }
}

/// The outputs of a model's text encoders, joined.
#[derive(Clone)]
pub struct JoinedText {
    /// `[prompts, tokens, width]`.
    pub context: Value,
    /// SDXL's pooled text, `[prompts, width]`.
    pub pooled: Option<Value>,
}

impl Pipeline {
    /// Joins the outputs of the text encoders for the same prompts as the denoiser was trained with: the last hidden states, or for SDXL the penultimate
    /// ones of both encoders, concatenated along the width, and the pooled text of the second.
    ///
    /// # Errors
    /// `Model` where the number of encoders is not the family's, or the encoders take different numbers of tokens.
    pub fn join_text(&self, outputs: &[TextOutput]) -> Result<JoinedText> {
        match (self.family, outputs) {
            (Family::Sd1 | Family::Sd2, [only]) => Ok(JoinedText { context: only.last.clone(), pooled: None }),
            (Family::Sdxl, [first, second]) => {
                let context = side_by_side(&first.penultimate, &second.penultimate)?;
                Ok(JoinedText { context, pooled: Some(second.pooled.clone()) })
            }
            _ => Err(Error::model(format!("{} text encoders do not make what a {} model attends to", outputs.len(), self.family))),
        }
    }
}

/// Joins hidden states of two encoders along the width.
fn side_by_side(first: &Value, second: &Value) -> Result<Value> {
    let (tokens, more) = (first.dims()[1], second.dims()[1]);
    if tokens != more {
        return Err(Error::model(format!("the text encoders take {tokens} and {more} tokens, expected the same number")));
    }
    Ok(ops::cat_channels(first, second)?)
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
