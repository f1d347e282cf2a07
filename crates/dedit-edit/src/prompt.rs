//! Prompts of items: words, and the learned tokens of items.

use crate::error::{Error, Result};

/// Stands for the item's own tokens in a prompt that a person writes.
const OWN: &str = "[v]";

/// The picture of a session that an item belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Picture {
    /// The picture that is edited.
    Target,
    /// The reference picture.
    Reference,
}

/// An item of one of the two pictures.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ItemRef {
    /// The picture.
    pub picture: Picture,
    /// The item's name in it.
    pub item: String,
}

impl ItemRef {
    /// An item of the picture that is edited.
    pub fn target(item: impl Into<String>) -> Self {
        Self { picture: Picture::Target, item: item.into() }
    }

    /// An item of the reference picture.
    pub fn reference(item: impl Into<String>) -> Self {
        Self { picture: Picture::Reference, item: item.into() }
    }

    /// Reads `reference:NAME`, `target:NAME`, or `NAME` for an item of the picture that is edited.
    pub fn parse(text: &str) -> Self {
        match text.split_once(':') {
            Some(("reference", item)) => Self::reference(item),
            Some(("target", item)) => Self::target(item),
            _ => Self::target(text),
        }
    }
}

/// A piece of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PromptPiece {
    /// Words, trimmed.
    Words(String),
    /// The learned tokens of an item.
    Tokens(ItemRef),
}

/// The prompt of an item.
#[derive(Debug, Clone, PartialEq)]
pub enum ItemPrompt {
    /// Pieces one after another.
    Pieces(Vec<PromptPiece>),
    /// Between the tokens of two items: (1 − amount) · from + amount · to.
    Blend {
        /// At amount 0.
        from: ItemRef,
        /// At amount 1.
        to: ItemRef,
        /// 0 … 1.
        amount: f32,
    },
}

impl ItemPrompt {
    /// An item's tokens alone: the prompt of an item that no edit changes.
    pub fn tokens(item: ItemRef) -> Self {
        Self::Pieces(vec![PromptPiece::Tokens(item)])
    }

    /// Words alone. `[v]` in them is an error: it would be tokenized as letters.
    pub fn words(text: &str) -> Result<Self> {
        if text.contains(OWN) {
            let message = format!("the prompt \"{text}\" has {OWN}, which stands for the item's own tokens, and they are to be replaced");
            return Err(Error::usage(message).hint(format!("augment the item instead, or leave {OWN} out")));
        }
        Ok(Self::Pieces(vec![PromptPiece::Words(said(text)?.to_owned())]))
    }

    /// Words around an item's tokens: every `[v]` of the text becomes the tokens of `own`. A text without `[v]` is an error.
    pub fn around(text: &str, own: &ItemRef) -> Result<Self> {
        if !text.contains(OWN) {
            let message = format!("the prompt \"{text}\" lacks {OWN}, which stands for the item's own tokens");
            return Err(Error::usage(message).hint(format!("write it as \"a golden {OWN}\", or replace the item")));
        }
        let mut pieces = Vec::new();
        for (number, words) in text.split(OWN).enumerate() {
            if number > 0 {
                pieces.push(PromptPiece::Tokens(own.clone()));
            }
            if !words.trim().is_empty() {
                pieces.push(PromptPiece::Words(words.trim().to_owned()));
            }
        }
        Ok(Self::Pieces(pieces))
    }
}

fn said(text: &str) -> Result<&str> {
    match text.trim() {
        "" => Err(Error::usage("the prompt is empty").hint("say what the item should become, or remove it")),
        words => Ok(words),
    }
}
