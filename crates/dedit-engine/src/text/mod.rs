//! Encoding of item prompts.

mod tokens;

use candle_core::Tensor;
use dedit_diffusion::Result;
use dedit_diffusion::pipeline::{EncodedPrompts, Pipeline};
use dedit_diffusion::prompt::{Part, Prompt, Syntax};
use dedit_edit::{ItemPrompt, ItemRef, PromptPiece};
use dedit_nn::autograd::Value;
use serde::{Deserialize, Serialize};

pub use tokens::Item;
pub(crate) use tokens::{ItemTokens, MOST_TOKENS, TokenKind, rows_name};

/// Length in tokens that a prompt with item tokens is padded to, as published; other prompts have the encoder's full length.
const ITEM_TOKENS_LENGTH: usize = 40;

/// How brackets in prompts are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Brackets {
    /// As characters, and a prompt that is too long is cut, as published; settings that were saved without the field.
    #[default]
    Characters,
    /// As weights, and a long prompt is encoded in chunks; see [`dedit_diffusion::prompt`].
    Weights,
}

impl From<Brackets> for Syntax {
    fn from(brackets: Brackets) -> Self {
        match brackets {
            Brackets::Characters => Self::Literal,
            Brackets::Weights => Self::Weighted,
        }
    }
}

/// Encodes prompts, differentiable with respect to trainable item tokens. A prompt of an item's tokens alone uses the template that they were learned with.
pub(crate) fn encode(pipeline: &Pipeline, tokens: &ItemTokens, prompts: &[ItemPrompt], brackets: Brackets) -> Result<EncodedPrompts> {
    let mut reader = Reader { tokens, blends: Vec::new(), brackets };
    let read = prompts.iter().map(|prompt| reader.read(prompt)).collect::<Result<Vec<_>>>()?;
    let rows = (0..tokens.rows.len()).map(|encoder| rows(tokens, encoder, &reader.blends)).collect::<Result<Vec<_>>>()?;
    pipeline.encode_prompts(&read, &rows)
}

/// (rows of one item, rows of another, amount): interpolated rows, appended to the table.
type BlendedRows = (std::ops::Range<u32>, std::ops::Range<u32>, f32);

struct Reader<'a> {
    tokens: &'a ItemTokens,
    blends: Vec<BlendedRows>,
    brackets: Brackets,
}

impl Reader<'_> {
    fn read(&mut self, prompt: &ItemPrompt) -> Result<Prompt> {
        match prompt {
            ItemPrompt::Pieces(pieces) => match pieces.as_slice() {
                [PromptPiece::Tokens(own)] => self.plain(own),
                pieces => self.pieces(pieces, self.brackets),
            },
            ItemPrompt::Blend { from, to, amount } => {
                let blend = (self.tokens.rows_of(from)?, self.tokens.rows_of(to)?, *amount);
                let first = (self.tokens.items.len() + self.blends.len()) * self.tokens.per_item;
                self.blends.push(blend);
                Ok(padded(vec![Part::Rows(first as u32..(first + self.tokens.per_item) as u32)], self.brackets))
            }
        }
    }

    /// An item's tokens in the template that they were learned with, read as then.
    fn plain(&self, own: &ItemRef) -> Result<Prompt> {
        let rows = self.tokens.rows_of(own)?;
        match self.tokens.item(own).filter(|item| item.template.is_some()).map(tokens::Item::prompt).transpose()? {
            Some(ItemPrompt::Pieces(pieces)) => self.pieces(&pieces, self.tokens.brackets),
            _ => Ok(padded(vec![Part::Rows(rows)], self.brackets)),
        }
    }

    fn pieces(&self, pieces: &[PromptPiece], brackets: Brackets) -> Result<Prompt> {
        let part = |piece: &PromptPiece| match piece {
            PromptPiece::Words(words) => Ok(Part::Words(words.clone())),
            PromptPiece::Tokens(item) => Ok(Part::Rows(self.tokens.rows_of(item)?)),
        };
        Ok(padded(pieces.iter().map(part).collect::<Result<_>>()?, brackets))
    }
}

/// A prompt with the length for its kind.
fn padded(parts: Vec<Part>, brackets: Brackets) -> Prompt {
    let has_tokens = parts.iter().any(|part| matches!(part, Part::Rows(_)));
    Prompt { parts, syntax: brackets.into(), length: has_tokens.then_some(ITEM_TOKENS_LENGTH) }
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
