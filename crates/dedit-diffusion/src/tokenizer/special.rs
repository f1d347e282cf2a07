//! Special tokens, and the tokenizer's configuration files.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use tokenizers::AddedToken;

use crate::Result;
use crate::config::ConfigFile;

/// The start token.
pub(super) const START: &str = "<|startoftext|>";
/// The end token; also the unknown token, and the padding in Stable Diffusion 1 and the first encoder of SDXL.
pub(crate) const END: &str = "<|endoftext|>";
/// The padding in Stable Diffusion 2 and the second encoder of SDXL.
pub(crate) const EXCLAMATION: &str = "!";
/// Prompt length that CLIP was trained with, in tokens.
const MAX_LENGTH: usize = 77;

/// The settings of `tokenizer_config.json` and `special_tokens_map.json`; CLIP's where they do not exist.
#[derive(Debug, Clone)]
pub(super) struct Special {
    pub(super) pad: String,
    pub(super) max_length: usize,
    /// Tokens that are searched in the text before it is split into words, by id.
    pub(super) added: BTreeMap<u32, Added>,
}

/// An entry of `added_tokens_decoder`.
#[derive(Debug, Clone, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "the form of the file")]
pub(super) struct Added {
    content: String,
    #[serde(default)]
    single_word: bool,
    #[serde(default)]
    lstrip: bool,
    #[serde(default)]
    rstrip: bool,
    #[serde(default)]
    normalized: bool,
    #[serde(default)]
    special: bool,
}

impl Special {
    /// CLIP's special tokens with the given padding.
    pub(super) fn with_pad(pad: &str) -> Self {
        Self { pad: pad.to_owned(), max_length: MAX_LENGTH, added: BTreeMap::new() }
    }

    /// Reads the files beside a vocabulary. Where `tokenizer_config.json` has no `added_tokens_decoder` (older files), `special_tokens_map.json` takes
    /// precedence; Stable Diffusion 2 gets its padding "!" from there.
    pub(super) fn from_dir(dir: &Path) -> Result<Self> {
        let config = ConfigFile::read_if_present(&dir.join("tokenizer_config.json"))?;
        let map = ConfigFile::read_if_present(&dir.join("special_tokens_map.json"))?;
        let complete = config.as_ref().is_some_and(|config| config.value("added_tokens_decoder").is_some());
        let order = if complete { [&config, &map] } else { [&map, &config] };
        let pad = order.into_iter().flatten().find_map(|file| token_text(file.value("pad_token")?)).unwrap_or_else(|| END.to_owned());
        let mut special = Self::with_pad(&pad);
        if let Some(config) = &config {
            // Some files have 1e30 for "no limit".
            let length: f64 = config.or("model_max_length", MAX_LENGTH as f64)?;
            if (2.0..=65536.0).contains(&length) {
                special.max_length = length as usize;
            }
            special.added = config.or("added_tokens_decoder", BTreeMap::new())?;
        }
        Ok(special)
    }

    /// All tokens that are searched in the text, in the order of their ids; `id` looks a token up in the vocabulary.
    pub(super) fn added_tokens(&self, id: impl Fn(&str) -> Option<u32>) -> Vec<(u32, AddedToken)> {
        let mut tokens: BTreeMap<u32, Added> = self.added.clone();
        for (text, normalized) in [(START, true), (END, true), (self.pad.as_str(), false)] {
            if let Some(id) = id(text) {
                tokens.entry(id).or_insert_with(|| Added::special(text, normalized));
            }
        }
        tokens.into_iter().map(|(id, added)| (id, added.into())).collect()
    }
}

impl Added {
    fn special(text: &str, normalized: bool) -> Self {
        Self { content: text.to_owned(), single_word: false, lstrip: false, rstrip: false, normalized, special: true }
    }
}

impl From<Added> for AddedToken {
    fn from(added: Added) -> Self {
        AddedToken::from(added.content, added.special)
            .single_word(added.single_word)
            .lstrip(added.lstrip)
            .rstrip(added.rstrip)
            .normalized(added.normalized)
    }
}

/// A token is given as its text, or as an object with its text under `content`.
fn token_text(value: &Value) -> Option<String> {
    value.as_str().or_else(|| value.get("content")?.as_str()).map(str::to_owned)
}
