//! Item tokens: embedding rows for the items of the pictures.

use std::ops::Range;

use candle_core::{DType, Device, Tensor};
use dedit_diffusion::pipeline::Pipeline;
use dedit_diffusion::text_encoder::TextEncoder;
use dedit_diffusion::{Error, Result, Tokenizer};
use dedit_edit::{ItemPrompt, ItemRef, Picture};
use dedit_nn::autograd::Parameter;
use dedit_nn::rng::Generator;
use serde::{Deserialize, Serialize};

use super::Brackets;
use crate::error::from_edit;

/// An item that has tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Whether it is in the reference picture.
    pub of_reference: bool,
    /// Its name in its picture's segmentation.
    pub name: String,
    /// Words whose embeddings initialise its tokens.
    pub words: Option<String>,
    /// The prompt in learning, and in edits without other words, with `[v]` for the tokens: `a photo of a [v] handbag`.
    pub template: Option<String>,
}

impl Item {
    /// Its name in edits.
    pub fn reference(&self) -> ItemRef {
        if self.of_reference { ItemRef::reference(&self.name) } else { ItemRef::target(&self.name) }
    }

    /// The prompt that it is learned with.
    pub(crate) fn prompt(&self) -> Result<ItemPrompt> {
        match &self.template {
            Some(template) => ItemPrompt::around(template, &self.reference()).map_err(from_edit),
            None => Ok(ItemPrompt::tokens(self.reference())),
        }
    }
}

/// What the tokens of all items have in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TokenKind {
    pub(crate) per_item: usize,
    /// How brackets in the items' templates are read.
    pub(crate) brackets: Brackets,
}

/// The tokens of all items in every text encoder: `per_item` rows for each item, in the order of the items.
#[derive(Debug, Clone)]
pub(crate) struct ItemTokens {
    pub(crate) items: Vec<Item>,
    pub(crate) per_item: usize,
    /// `[items · per_item, width]` f32 for each encoder.
    pub(crate) rows: Vec<Parameter>,
    /// How brackets in the items' templates are read.
    pub(crate) brackets: Brackets,
}

/// Maximal number of tokens per item; together with start and end they fit into a prompt of item tokens.
pub(crate) const MOST_TOKENS: usize = dedit_edit::LearnOptions::MOST_TOKENS;
/// Deviation of the noise added to rows that start from the same word, in deviations of the table: equal rows would always get equal gradients.
const APART: f64 = 0.1;

impl ItemTokens {
    /// Initial tokens: the embeddings of the item's words, repeated; without words, Gaussian with mean and deviation of the encoder's table (one number each).
    pub(crate) fn new(pipeline: &Pipeline, items: Vec<Item>, kind: TokenKind, rng: &mut Generator) -> Result<Self> {
        let TokenKind { per_item, brackets } = kind;
        let mut rows = Vec::new();
        for (tokenizer, encoder) in pipeline.tokenizers().iter().zip(pipeline.text_encoders()) {
            let table = Table::of(encoder)?;
            let starts = items.iter().map(|item| table.start(tokenizer, item, per_item, rng)).collect::<Result<Vec<_>>>()?;
            rows.push(Parameter::new(Tensor::cat(&starts, 0)?.to_device(pipeline.device())?));
        }
        Ok(Self { items, per_item, rows, brackets })
    }

    /// Tokens with the given rows, whose shapes are checked.
    pub(crate) fn with_rows(pipeline: &Pipeline, items: Vec<Item>, kind: TokenKind, rows: Vec<Tensor>) -> Result<Self> {
        let TokenKind { per_item, brackets } = kind;
        let expected = items.len() * per_item;
        let fits = |(encoder, rows): (&TextEncoder, &Tensor)| rows.dims() == [expected, encoder.config().hidden_size];
        if rows.len() != pipeline.text_encoders().len() || !pipeline.text_encoders().iter().zip(&rows).all(fits) {
            let found: Vec<_> = rows.iter().map(Tensor::dims).collect();
            return Err(Error::model(format!("the item tokens {found:?} do not fit {expected} rows of this model's text encoders")));
        }
        let placed = |rows: Tensor| Ok(Parameter::new(rows.to_dtype(DType::F32)?.to_device(pipeline.device())?));
        Ok(Self { items, per_item, rows: rows.into_iter().map(placed).collect::<Result<_>>()?, brackets })
    }

    /// The rows of an item.
    pub(crate) fn rows_of(&self, wanted: &ItemRef) -> Result<Range<u32>> {
        let of_reference = wanted.picture == Picture::Reference;
        let found = self.items.iter().position(|item| item.of_reference == of_reference && item.name == wanted.item);
        let Some(index) = found else {
            let whose = if of_reference { "the reference picture" } else { "the picture" };
            return Err(Error::usage(format!("item '{}' of {whose} was not learned", wanted.item)).hint("learn the picture with it"));
        };
        let first = (index * self.per_item) as u32;
        Ok(first..first + self.per_item as u32)
    }

    /// The item as it was learned.
    pub(crate) fn item(&self, wanted: &ItemRef) -> Option<&Item> {
        self.items.iter().find(|item| item.reference() == *wanted)
    }

    /// Freezes or unfreezes all rows.
    pub(crate) fn set_trainable(&self, trainable: bool) {
        self.rows.iter().for_each(|rows| rows.set_trainable(trainable));
    }
}

/// The name of an encoder's tokens in files.
pub(crate) fn rows_name(encoder: usize) -> String {
    if encoder == 0 { "tokens.text_encoder".to_owned() } else { format!("tokens.text_encoder_{}", encoder + 1) }
}

/// A text encoder's embedding table with its mean and deviation.
struct Table<'a> {
    rows: &'a Tensor,
    mean: f64,
    deviation: f64,
}

impl<'a> Table<'a> {
    fn of(encoder: &'a TextEncoder) -> Result<Self> {
        let rows = encoder.token_embedding();
        let values = rows.to_device(&Device::Cpu)?.to_dtype(DType::F32)?.flatten_all()?;
        let mean = f64::from(values.mean_all()?.to_scalar::<f32>()?);
        let count = values.elem_count().max(2) as f64;
        let squares = f64::from((values - mean)?.sqr()?.mean_all()?.to_scalar::<f32>()?);
        Ok(Self { rows, mean, deviation: (squares * count / (count - 1.0)).sqrt() })
    }

    fn start(&self, tokenizer: &Tokenizer, item: &Item, count: usize, rng: &mut Generator) -> Result<Tensor> {
        let noise = (rng.normal((count, self.rows.dim(1)?), &Device::Cpu)? * self.deviation)?;
        let words = match &item.words {
            Some(words) => word_ids(tokenizer, words)?,
            None => Vec::new(),
        };
        if words.is_empty() {
            return Ok((noise + self.mean)?);
        }
        let ids: Vec<u32> = (0..count).map(|row| words[row % words.len()]).collect();
        let rows = self.rows.index_select(&Tensor::new(ids, self.rows.device())?, 0)?.to_device(&Device::Cpu)?.to_dtype(DType::F32)?;
        Ok((rows + (noise * APART)?)?)
    }
}

/// The ids of words, without start, end and padding.
fn word_ids(tokenizer: &Tokenizer, words: &str) -> Result<Vec<u32>> {
    let encoded = tokenizer.encode(words, tokenizer.max_length())?.ids;
    Ok(encoded.into_iter().skip(1).take_while(|id| *id != tokenizer.end_id()).collect())
}
