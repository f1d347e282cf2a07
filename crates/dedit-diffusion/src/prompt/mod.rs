//! How the text of a prompt is read: weights of words, and prompts longer than a text encoder takes.
//!
//! [`Syntax::Weighted`] reads the marks of AUTOMATIC1111's web UI, which the field's other programs share for the most part:
//!
//! | written | weight |
//! |---|---|
//! | `(word)` | × 1.1 |
//! | `(word:1.3)` | × 1.3; also negative |
//! | `[word]` | ÷ 1.1 |
//! | `((word))`, `([word]:1.3)` | of nested brackets, the product |
//! | `BREAK` | what follows begins another chunk |
//! | `\(` `\)` `\[` `\]` `\\` | the character itself |
//!
//! A bracket that is not closed reaches to the end of the prompt; one that was not opened, and a weight that is no number, are words. Weights are limited to
//! −10 … 10. A text without brackets and `BREAK` is not touched.
//!
//! A weight acts on the encoded text as in compel and `ComfyUI`: with z the hidden state of a token and e that of the empty prompt at the same place, the
//! denoiser attends to e + weight · (z − e). AUTOMATIC1111 scales z itself and restores the mean over all tokens, which changes every other word as well and
//! divides by a mean that may be near 0. SDXL's pooled text has no weights, as in all of these programs.
//!
//! The name of an [embedding](crate::embedding) stands for its vectors, also as `embedding:NAME`.
//!
//! A prompt of more than 75 tokens is divided into chunks between words, as compel does; each is encoded with a start and an end of its own, and the denoiser
//! attends to all of them. The pooled text is that of the first.

mod chunks;
mod names;
#[cfg(test)]
mod tests;
mod weights;

use std::ops::Range;

pub(crate) use self::chunks::{Chunk, Token, divide, named_tokens, row_tokens};
pub(crate) use self::names::{Stretch, find};
pub(crate) use self::weights::{Unit, read, unread};

/// How the text of a prompt is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// Brackets are characters as any other, and what is beyond the text encoder's length is left out: the published implementation.
    Literal,
    /// Brackets are weights, and a long prompt is encoded in chunks.
    Weighted,
}

/// A part of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Words.
    Words(String),
    /// Learned tokens: rows of the table that is given beside the prompt.
    Rows(Range<u32>),
}

/// A prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// Its parts, one after another.
    pub parts: Vec<Part>,
    /// How its words are read.
    pub syntax: Syntax,
    /// The number of tokens, start and end included, that it is padded to, at most the text encoder's length; `None` for that length. With
    /// [`Syntax::Weighted`] a prompt that does not fit has the text encoder's length.
    pub length: Option<usize>,
}

impl Prompt {
    /// A prompt of words alone, with the text encoder's full length.
    pub fn words(text: impl Into<String>, syntax: Syntax) -> Self {
        Self { parts: vec![Part::Words(text.into())], syntax, length: None }
    }
}

impl Syntax {
    /// Whether a text has no marks, so that both ways of reading give the same.
    pub fn is_plain(text: &str) -> bool {
        weights::is_plain(text)
    }
}
