//! Division of a prompt's tokens into chunks that a text encoder takes.

use std::ops::Range;

/// A token of a prompt.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token {
    pub(crate) id: u32,
    pub(crate) weight: f32,
    /// Whether a word ends with it, so that a chunk may.
    pub(crate) ends_word: bool,
    /// As it is written.
    pub(crate) text: String,
}

/// The input of a text encoder for one chunk.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Chunk {
    /// Start, tokens, end and padding.
    pub(crate) ids: Vec<u32>,
    /// The weight of each; empty where all are 1.
    pub(crate) weights: Vec<f32>,
}

/// Learned tokens by their ids; they are one word.
pub(crate) fn row_tokens(ids: Range<u32>, weight: f32) -> impl Iterator<Item = Token> {
    let last = ids.end.saturating_sub(1);
    ids.map(move |id| Token { id, weight, ends_word: id == last, text: format!("<{id}>") })
}

/// The vectors of an embedding by their ids; they are one word.
pub(crate) fn named_tokens(ids: Range<u32>, name: &str) -> impl Iterator<Item = Token> {
    let first = ids.start;
    let text = move |id| if id == first { name.to_owned() } else { String::new() };
    row_tokens(ids, 1.0).map(move |token| Token { text: text(token.id), ..token })
}

/// Divides the tokens between two `BREAK`s into chunks of at most `room`: each ends at the last end of a word within the room, or where there is none, with
/// the room.
pub(crate) fn divide(mut tokens: &[Token], room: usize) -> Vec<&[Token]> {
    let room = room.max(1);
    let mut chunks = Vec::new();
    while tokens.len() > room {
        let end = tokens[..room].iter().rposition(|token| token.ends_word).map_or(room, |last| last + 1);
        let (chunk, rest) = tokens.split_at(end);
        chunks.push(chunk);
        tokens = rest;
    }
    if !tokens.is_empty() {
        chunks.push(tokens);
    }
    chunks
}
