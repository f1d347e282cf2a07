//! What is said of items: the words their tokens start from, and those round them.

use std::collections::BTreeMap;

use clap::Args;
use dedit_diffusion::{Error, Result};
use dedit_edit::{ItemRef, Picture, Segmentation};
use dedit_engine::ItemWords;

/// What is said on the command line. Items of the reference picture are named `reference:NAME`.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Learning")]
pub(crate) struct Said {
    /// Words that an item's tokens start from, NAME=WORDS; without any, its own name where that is words, else noise
    #[arg(long, value_name = "NAME=WORDS")]
    words: Vec<String>,
    /// Words round an item's tokens while it is learned, NAME=TEXT with `[v]` for the tokens
    #[arg(long, value_name = "NAME=TEXT")]
    template: Vec<String>,
}

/// What is known of items about which nothing is said: names that are words.
pub(crate) fn by_name(items: &Segmentation) -> BTreeMap<String, ItemWords> {
    let named = items.names().iter().filter(|name| names_a_thing(name));
    named.map(|name| (name.clone(), ItemWords { start: Some(name.clone()), template: None })).collect()
}

impl Said {
    /// What is said of the items of one of the two pictures.
    pub(crate) fn about(&self, items: &Segmentation, picture: Picture) -> Result<BTreeMap<String, ItemWords>> {
        let mut words = by_name(items);
        for said in &self.words {
            let (item, start) = said_of(said, "--words bag=\"leather handbag\"")?;
            if item.picture == picture {
                words.entry(item.item).or_default().start = Some(start);
            }
        }
        for said in &self.template {
            let (item, template) = said_of(said, "--template bag=\"a photo of a [v] handbag\"")?;
            if item.picture == picture {
                words.entry(item.item).or_default().template = Some(template);
            }
        }
        Ok(words)
    }

    /// An error where something is said of the items of a reference picture, and there is none.
    pub(crate) fn check_without_reference(&self) -> Result<()> {
        let of_reference = |said: &&String| ItemRef::parse(said).picture == Picture::Reference;
        match self.words.iter().chain(&self.template).find(of_reference) {
            Some(said) => Err(Error::usage(format!("'{said}' is about a reference picture, and there is none")).hint("give --reference")),
            None => Ok(()),
        }
    }
}

fn said_of(text: &str, example: &str) -> Result<(ItemRef, String)> {
    let wrong = || Error::usage(format!("'{text}' does not say which item it is about")).hint(format!("write it as {example}"));
    text.split_once('=').map(|(name, words)| (ItemRef::parse(name.trim()), words.trim().to_owned())).ok_or_else(wrong)
}

/// Whether a name is words that somebody chose: letters and spaces, and not what programs call things.
fn names_a_thing(name: &str) -> bool {
    const OF_PROGRAMS: [&str; 9] = ["background", "layer", "mask", "item", "image", "object", "region", "selection", "label"];
    let first = name.split_whitespace().next().unwrap_or_default().to_lowercase();
    name.chars().all(|letter| letter.is_alphabetic() || letter == ' ') && name.chars().count() > 2 && !OF_PROGRAMS.contains(&first.as_str())
}

#[cfg(test)]
mod tests {
    use super::names_a_thing;

    #[test]
    fn names_that_people_choose_are_words() {
        for (name, words) in [
            ("bag", true),
            ("red bag", true),
            ("Büste", true),
            ("background", false),
            ("Layer", false),
            ("item 3", false),
            ("mask01", false),
            ("ab", false),
            ("selection mask", false),
        ] {
            assert_eq!(names_a_thing(name), words, "{name}");
        }
    }
}
