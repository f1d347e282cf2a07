//! Options for the words of items: those that their tokens are initialised with, and the template they are learned in.

use std::collections::BTreeMap;

use clap::Args;
use dedit_edit::{ItemRef, ItemWords, Picture, Segmentation};

use crate::error::{Error, Result};

/// Words of items. Items of the reference picture are named `reference:NAME`.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Learning")]
pub(crate) struct WordOptions {
    /// Words that an item's tokens start from, NAME=WORDS; without any, its own name where that is words, else noise
    #[arg(long, value_name = "NAME=WORDS")]
    words: Vec<String>,
    /// Words round an item's tokens while it is learned, NAME=TEXT with `[v]` for the tokens
    #[arg(long, value_name = "NAME=TEXT")]
    template: Vec<String>,
}

impl WordOptions {
    /// The words of the items of one of the two pictures.
    pub(crate) fn of_items(&self, items: &Segmentation, picture: Picture) -> Result<BTreeMap<String, ItemWords>> {
        let mut words = ItemWords::by_name(items);
        for text in &self.words {
            let (item, start) = parse(text, "--words bag=\"leather handbag\"")?;
            if item.picture == picture {
                words.entry(item.item).or_default().start = Some(start);
            }
        }
        for text in &self.template {
            let (item, template) = parse(text, "--template bag=\"a photo of a [v] handbag\"")?;
            if item.picture == picture {
                words.entry(item.item).or_default().template = Some(template);
            }
        }
        Ok(words)
    }

    /// An error where words are given for items of a reference picture, and there is none.
    pub(crate) fn check_without_reference(&self) -> Result<()> {
        let of_reference = |text: &&String| ItemRef::parse(text).picture == Picture::Reference;
        match self.words.iter().chain(&self.template).find(of_reference) {
            Some(text) => Err(Error::usage(format!("'{text}' is about a reference picture, and there is none")).hint("give --reference")),
            None => Ok(()),
        }
    }
}

fn parse(text: &str, example: &str) -> Result<(ItemRef, String)> {
    let wrong = || Error::usage(format!("'{text}' does not say which item it is about")).hint(format!("write it as {example}"));
    text.split_once('=').map(|(name, words)| (ItemRef::parse(name.trim()), words.trim().to_owned())).ok_or_else(wrong)
}
