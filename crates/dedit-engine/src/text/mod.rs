//! Encoding of item prompts.

mod tokens;

use std::collections::BTreeMap;

use candle_core::Tensor;
use dedit_diffusion::pipeline::Pipeline;
use dedit_diffusion::{Error, Piece, Result};
use dedit_edit::{ItemPrompt, ItemRef, PromptPiece};
use dedit_nn::autograd::Value;
use dedit_nn::ops;

pub use tokens::Item;
pub(crate) use tokens::{ItemTokens, MOST_TOKENS, rows_name};

/// Length in tokens that a prompt with item tokens is padded to, as published; other prompts have the encoder's full length.
const ITEM_TOKENS_LENGTH: usize = 40;

/// Encoded prompts.
#[derive(Clone)]
pub(crate) struct EncodedItems {
    /// `[1, tokens, width]` each.
    pub(crate) contexts: Vec<Value>,
    /// SDXL's pooled text of each, `[1, width]`.
    pub(crate) pooled: Vec<Value>,
    /// Ends of prompts beyond the length limit, which were left out.
    pub(crate) cut: Vec<String>,
}

/// Encodes prompts, differentiable with respect to trainable item tokens. A prompt of an item's tokens alone uses the template that they were learned with.
pub(crate) fn encode(pipeline: &Pipeline, tokens: &ItemTokens, prompts: &[ItemPrompt]) -> Result<EncodedItems> {
    let mut reader = Reader { tokens, blends: Vec::new() };
    let read = prompts.iter().map(|prompt| reader.read(prompt)).collect::<Result<Vec<_>>>()?;
    let mut by_length: BTreeMap<bool, Vec<usize>> = BTreeMap::new();
    for (index, parts) in read.iter().enumerate() {
        by_length.entry(parts.iter().any(|part| matches!(part, Part::Rows(_)))).or_default().push(index);
    }
    let blends = reader.blends;
    let mut contexts = vec![None; prompts.len()];
    let (mut pooled, mut cut) = (vec![None; prompts.len()], Vec::new());
    for (has_tokens, indices) in by_length {
        let group: Vec<&[Part]> = indices.iter().map(|index| read[*index].as_slice()).collect();
        let joined = encode_group(pipeline, tokens, &blends, &group, has_tokens, &mut cut)?;
        for (place, index) in indices.into_iter().enumerate() {
            contexts[index] = Some(ops::samples(&joined.context, place, 1)?);
            pooled[index] = joined.pooled.as_ref().map(|pooled| ops::samples(pooled, place, 1)).transpose()?;
        }
    }
    Ok(EncodedItems { contexts: contexts.into_iter().flatten().collect(), pooled: pooled.into_iter().flatten().collect(), cut })
}

/// A piece of a prompt in which items are given by their rows.
enum Part {
    Words(String),
    Rows(std::ops::Range<u32>),
}

/// (rows of one item, rows of another, amount): interpolated rows, appended to the table.
type BlendedRows = (std::ops::Range<u32>, std::ops::Range<u32>, f32);

struct Reader<'a> {
    tokens: &'a ItemTokens,
    blends: Vec<BlendedRows>,
}

impl Reader<'_> {
    fn read(&mut self, prompt: &ItemPrompt) -> Result<Vec<Part>> {
        match prompt {
            ItemPrompt::Pieces(pieces) => match pieces.as_slice() {
                [PromptPiece::Tokens(own)] => self.plain(own),
                pieces => pieces.iter().map(|piece| self.piece(piece)).collect(),
            },
            ItemPrompt::Blend { from, to, amount } => {
                let blend = (self.tokens.rows_of(from)?, self.tokens.rows_of(to)?, *amount);
                let first = (self.tokens.items.len() + self.blends.len()) * self.tokens.per_item;
                self.blends.push(blend);
                Ok(vec![Part::Rows(first as u32..(first + self.tokens.per_item) as u32)])
            }
        }
    }

    /// An item's tokens in the template that they were learned with.
    fn plain(&self, own: &ItemRef) -> Result<Vec<Part>> {
        let rows = self.tokens.rows_of(own)?;
        match self.tokens.item(own).filter(|item| item.template.is_some()).map(tokens::Item::prompt).transpose()? {
            Some(ItemPrompt::Pieces(pieces)) => pieces.iter().map(|piece| self.piece(piece)).collect(),
            _ => Ok(vec![Part::Rows(rows)]),
        }
    }

    fn piece(&self, piece: &PromptPiece) -> Result<Part> {
        match piece {
            PromptPiece::Words(words) => Ok(Part::Words(words.clone())),
            PromptPiece::Tokens(item) => Ok(Part::Rows(self.tokens.rows_of(item)?)),
        }
    }
}

/// Encodes prompts of one length in every text encoder.
fn encode_group(
    pipeline: &Pipeline,
    tokens: &ItemTokens,
    blends: &[BlendedRows],
    group: &[&[Part]],
    has_tokens: bool,
    cut: &mut Vec<String>,
) -> Result<dedit_diffusion::pipeline::JoinedText> {
    let mut outputs = Vec::new();
    for (index, (tokenizer, encoder)) in pipeline.tokenizers().iter().zip(pipeline.text_encoders()).enumerate() {
        let full = tokenizer.max_length().min(encoder.config().max_position_embeddings);
        let length = if has_tokens { ITEM_TOKENS_LENGTH.min(full) } else { full };
        let first = encoder.config().vocab_size as u32;
        let mut prompts = Vec::with_capacity(group.len());
        for parts in group {
            let pieces: Vec<Piece<'_>> = parts.iter().flat_map(|part| pieces(part, first)).collect();
            let encoded = tokenizer.encode_pieces(&pieces, length)?;
            let held = |piece: &Piece<'_>| !matches!(piece, Piece::Id(id) if !encoded.ids.contains(id));
            if !pieces.iter().all(held) {
                return Err(
                    Error::usage("a prompt is too long: an item's own tokens do not fit into it").hint("use fewer words before them")
                );
            }
            // All encoders have the same vocabulary.
            cut.extend(encoded.dropped.filter(|_| index == 0));
            prompts.push(encoded.ids);
        }
        outputs.push(encoder.forward(&prompts, Some(&rows(tokens, index, blends)?))?);
    }
    pipeline.join_text(&outputs)
}

fn pieces(part: &Part, first: u32) -> Vec<Piece<'_>> {
    match part {
        Part::Words(words) => vec![Piece::Text(words)],
        Part::Rows(rows) => rows.clone().map(|row| Piece::Id(first + row)).collect(),
    }
}

/// The learned rows of an encoder, followed by the interpolated ones.
fn rows(tokens: &ItemTokens, encoder: usize, blends: &[BlendedRows]) -> Result<Value> {
    let learned = tokens.rows[encoder].value();
    if blends.is_empty() {
        return Ok(learned);
    }
    let table = learned.into_tensor();
    let of = |rows: &std::ops::Range<u32>| table.narrow(0, rows.start as usize, rows.len());
    let mut all = vec![table.clone()];
    for (from, to, amount) in blends {
        let amount = f64::from(*amount);
        all.push(((of(from)? * (1.0 - amount))? + (of(to)? * amount)?)?);
    }
    Ok(Value::constant(Tensor::cat(&all, 0)?))
}
