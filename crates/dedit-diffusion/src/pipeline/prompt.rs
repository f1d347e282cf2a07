//! Encoding of prompts.

use std::collections::BTreeMap;

use candle_core::{DType, Tensor};
use dedit_nn::autograd::Value;
use dedit_nn::ops;

use super::Pipeline;
use crate::prompt::{self, Chunk, Prompt, Stretch, Syntax, Token, Unit};
use crate::text_encoder::TextOutput;
use crate::{Error, Family, Result};

/// The most chunks of a prompt, 1200 tokens; the rest is left out.
const MOST_CHUNKS: usize = 16;

/// An encoded prompt.
#[derive(Debug, Clone)]
pub struct EncodedPrompt {
    /// `[1, tokens, width]`: the last hidden states; in SDXL the penultimate ones of both encoders, concatenated along the width. A long prompt has a
    /// multiple of the text encoder's length.
    pub context: Tensor,
    /// SDXL's pooled text, `[1, width]`: the projected state at the end token of the second encoder.
    pub pooled: Option<Tensor>,
    /// The end of the prompt beyond the length limit, which was left out.
    pub cut: Option<String>,
}

/// Prompts encoded together, differentiable with respect to learned tokens.
#[derive(Clone)]
pub struct EncodedPrompts {
    /// `[1, tokens, width]` each.
    pub contexts: Vec<Value>,
    /// SDXL's pooled text of each, `[1, width]`; else empty.
    pub pooled: Vec<Value>,
    /// Ends of prompts beyond the length limit, which were left out.
    pub cut: Vec<String>,
}

impl Pipeline {
    /// Encodes a prompt in the precision of the denoiser, with [weights](Syntax::Weighted).
    pub fn encode_prompt(&self, prompt: &str) -> Result<EncodedPrompt> {
        let EncodedPrompts { contexts, pooled, cut } = self.encode_prompts(&[Prompt::words(prompt, Syntax::Weighted)], &[])?;
        let converted = |text: &Value| text.tensor().to_dtype(self.unet_dtype);
        let Some(context) = contexts.first() else { return Err(Error::model("this model has no text encoder")) };
        Ok(EncodedPrompt { context: converted(context)?, pooled: pooled.first().map(converted).transpose()?, cut: cut.into_iter().next() })
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

    /// Encodes prompts with learned tokens: `rows`, `[n, width]` for each text encoder, empty where no prompt has any.
    ///
    /// # Errors
    /// `Usage` where learned tokens do not fit into a prompt.
    pub fn encode_prompts(&self, prompts: &[Prompt], rows: &[Value]) -> Result<EncodedPrompts> {
        let mut inputs: Vec<Vec<Input>> = Vec::with_capacity(self.text_encoders.len());
        for encoder in 0..self.text_encoders.len() {
            inputs.push(prompts.iter().map(|prompt| self.input(encoder, prompt)).collect::<Result<_>>()?);
        }
        let Some(first) = inputs.first() else { return Err(Error::model("this model has no text encoder")) };
        let shape = |input: &Input| (input.length, input.chunks.len());
        if inputs.iter().any(|other| !other.iter().map(shape).eq(first.iter().map(shape))) {
            return Err(Error::model("the text encoders divide a prompt in different ways, expected the same vocabulary"));
        }
        // All encoders have the same vocabulary, so they leave out the same text.
        let cut = first.iter().filter(|input| !input.cut.is_empty()).map(|input| input.cut.clone()).collect();
        let mut by_length: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, input) in first.iter().enumerate() {
            by_length.entry(input.length).or_default().push(index);
        }
        let (mut contexts, mut pooled) = (vec![None; prompts.len()], vec![None; prompts.len()]);
        for (length, indices) in by_length {
            let chunks: Vec<Vec<&Chunk>> =
                inputs.iter().map(|of_encoder| indices.iter().flat_map(|index| &of_encoder[*index].chunks).collect()).collect();
            let joined = self.encode_chunks(&chunks, length, rows)?;
            let mut from = 0;
            for index in indices {
                let count = first[index].chunks.len();
                let context = ops::samples(&joined.context, from, count)?;
                let width = context.dims()[2];
                contexts[index] = Some(if count == 1 { context } else { ops::reshape(&context, &[1, count * length, width])? });
                pooled[index] = joined.pooled.as_ref().map(|pooled| ops::samples(pooled, from, 1)).transpose()?;
                from += count;
            }
        }
        Ok(EncodedPrompts { contexts: contexts.into_iter().flatten().collect(), pooled: pooled.into_iter().flatten().collect(), cut })
    }

    /// Encodes chunks of one length, given for each text encoder, and applies their weights.
    fn encode_chunks(&self, chunks: &[Vec<&Chunk>], length: usize, rows: &[Value]) -> Result<JoinedText> {
        let mut outputs = Vec::with_capacity(chunks.len());
        for (index, (encoder, chunks)) in self.text_encoders.iter().zip(chunks).enumerate() {
            let ids: Vec<Vec<u32>> = chunks.iter().map(|chunk| chunk.ids.clone()).collect();
            outputs.push(encoder.forward(&ids, rows.get(index))?);
        }
        let mut joined = self.join_text(&outputs)?;
        let weights: Vec<&[f32]> = chunks.first().into_iter().flatten().map(|chunk| chunk.weights.as_slice()).collect();
        if weights.iter().any(|weights| !weights.is_empty()) {
            let empty = self.tokenizers.iter().zip(&self.text_encoders);
            let empty = empty.map(|(tokenizer, encoder)| encoder.forward(&[tokenizer.chunk(&[], length).ids], None));
            let empty = self.join_text(&empty.collect::<Result<Vec<_>>>()?)?.context.into_tensor();
            joined.context = weighted(&joined.context, &empty, &weights)?;
        }
        Ok(joined)
    }

    /// The input of a text encoder for a prompt.
    fn input(&self, encoder: usize, prompt: &Prompt) -> Result<Input> {
        let tokenizer = &self.tokenizers[encoder];
        let full = tokenizer.max_length().min(self.text_encoders[encoder].config().max_position_embeddings);
        let wanted = prompt.length.map_or(full, |length| length.min(full));
        let sections = self.sections(encoder, prompt)?;
        let tokens = sections.concat();
        let room = wanted.saturating_sub(2);
        let (length, mut chunks) = match prompt.syntax {
            Syntax::Weighted if sections.len() > 1 || tokens.len() > room => {
                (full, sections.iter().flat_map(|section| prompt::divide(section, full.saturating_sub(2))).collect())
            }
            _ => (wanted, vec![&tokens[..tokens.len().min(room)]]),
        };
        chunks.truncate(MOST_CHUNKS);
        let kept: usize = chunks.iter().map(|chunk| chunk.len()).sum();
        let lost = &tokens[kept..];
        if lost.iter().any(|token| token.id >= self.text_encoders[encoder].first_learned()) {
            return Err(Error::usage("a prompt is too long: an item's own tokens do not fit into it").hint("use fewer words before them"));
        }
        let cut = lost.iter().map(|token| token.text.as_str()).collect();
        Ok(Input { length, chunks: chunks.into_iter().map(|tokens| tokenizer.chunk(tokens, length)).collect(), cut })
    }

    /// The tokens of a prompt, divided where it says `BREAK`; empty sections are left out.
    fn sections(&self, encoder: usize, prompt: &Prompt) -> Result<Vec<Vec<Token>>> {
        let units = match prompt.syntax {
            Syntax::Weighted => prompt::read(&prompt.parts),
            Syntax::Literal => prompt::unread(&prompt.parts),
        };
        let first = self.text_encoders[encoder].first_learned();
        let mut sections = Vec::new();
        let mut section = Vec::new();
        for unit in units {
            match unit {
                Unit::Break => sections.push(std::mem::take(&mut section)),
                Unit::Words(words, weight) => {
                    let tokens = self.word_tokens(encoder, &words)?;
                    section.extend(tokens.into_iter().map(|token| Token { weight: weight as f32, ..token }));
                }
                Unit::Rows(rows, weight) => section.extend(prompt::row_tokens(first + rows.start..first + rows.end, weight as f32)),
            }
        }
        sections.push(section);
        sections.retain(|section| !section.is_empty());
        Ok(sections)
    }

    /// The tokens of words, in which names of embeddings stand for their vectors.
    fn word_tokens(&self, encoder: usize, words: &str) -> Result<Vec<Token>> {
        if self.embeddings.is_empty() {
            return self.tokenizers[encoder].tokens(words);
        }
        let names: Vec<&str> = self.embeddings.iter().map(|embedding| embedding.name.as_str()).collect();
        let mut tokens = Vec::new();
        for stretch in prompt::find(words, &names) {
            match stretch {
                Stretch::Words(words) => tokens.extend(self.tokenizers[encoder].tokens(words)?),
                Stretch::Name(index) => tokens.extend(prompt::named_tokens(self.embeddings[index].ids[encoder].clone(), names[index])),
            }
        }
        Ok(tokens)
    }
}

/// What a text encoder gets for a prompt.
struct Input {
    /// Tokens of each chunk, start, end and padding included.
    length: usize,
    chunks: Vec<Chunk>,
    /// The end of the prompt that was left out.
    cut: String,
}

/// e + w · (z − e) for hidden states z `[chunks, tokens, width]`, those of the empty prompt e `[1, tokens, width]`, and the weights of each chunk's tokens;
/// chunks without weights stay as they are.
fn weighted(states: &Value, empty: &Tensor, weights: &[&[f32]]) -> Result<Value> {
    let (chunks, tokens, width) = states.tensor().dims3()?;
    let mut parts = Vec::with_capacity(chunks);
    for (index, weights) in weights.iter().enumerate() {
        let own = ops::samples(states, index, 1)?;
        if weights.is_empty() {
            parts.push(own);
            continue;
        }
        let dtype = states.tensor().dtype();
        let weights = Tensor::from_slice(weights, (tokens, 1), states.tensor().device())?;
        let rest = weights.affine(-1.0, 1.0)?.to_dtype(dtype)?;
        let rest = empty.reshape((tokens, width))?.broadcast_mul(&rest)?;
        let scaled = ops::scale_rows(&ops::reshape(&own, &[tokens, width])?, &weights.to_dtype(dtype)?)?;
        parts.push(ops::reshape(&ops::add(&scaled, &Value::constant(rest))?, &[1, tokens, width])?);
    }
    Ok(ops::cat_samples(&parts)?)
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
    /// ones of both encoders, concatenated along the width, and the pooled text of the second; or the states of [another layer](Self::set_clip_skip).
    ///
    /// # Errors
    /// `Model` where the number of encoders is not the family's, or the encoders take different numbers of tokens.
    pub fn join_text(&self, outputs: &[TextOutput]) -> Result<JoinedText> {
        let layer = self.clip_skip();
        match (self.family, outputs, self.text_encoders.as_slice()) {
            (Family::Sd1 | Family::Sd2, [only], [encoder]) => Ok(JoinedText { context: encoder.hidden(only, layer, true)?, pooled: None }),
            (Family::Sdxl, [first, second], [one, other]) => {
                let context = side_by_side(&one.hidden(first, layer, false)?, &other.hidden(second, layer, false)?)?;
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
