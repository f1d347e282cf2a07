//! The vocabulary and the merges of byte pair encoding, from a checkpoint's files or CLIP's.

use std::collections::HashMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;

use super::special::{END, START};
use crate::config::{ConfigFile, read_text};
use crate::{Error, Result};

/// `merges.txt` of the original CLIP, compressed with gzip (see `data/README.md`).
const CLIP_MERGES: &[u8] = include_bytes!("../../data/clip-merges.txt.gz");
/// Suffix of a symbol at the end of a word.
pub(super) const END_OF_WORD: &str = "</w>";

/// Token strings with their ids, and the merges in order of rank.
pub(super) struct Vocabulary {
    pub(super) ids: HashMap<String, u32>,
    pub(super) merges: Vec<(String, String)>,
    /// The file that errors should name.
    pub(super) place: PathBuf,
}

/// The key `model` of `tokenizer.json`.
#[derive(Deserialize)]
struct BpeModel {
    #[serde(rename = "type")]
    kind: Option<String>,
    vocab: HashMap<String, u32>,
    merges: Vec<Merge>,
}

/// A merge: two strings, or one string with a space between them (older files).
#[derive(Deserialize)]
#[serde(untagged)]
enum Merge {
    Pair(String, String),
    Line(String),
}

impl Vocabulary {
    /// Reads `vocab.json` and `merges.txt`, or else `tokenizer.json`; CLIP's vocabulary where the folder has only the settings of a tokenizer.
    pub(super) fn from_dir(dir: &Path) -> Result<Self> {
        let (vocab, merges, json) = (dir.join("vocab.json"), dir.join("merges.txt"), dir.join("tokenizer.json"));
        let vocabulary = if vocab.exists() && merges.exists() {
            let ids = serde_json::from_str(&read_text(&vocab)?)
                .map_err(|error| Error::model(format!("this is not a vocabulary of token strings and ids ({error})")).at(&vocab))?;
            Self { ids, merges: parse_merges(&read_text(&merges)?, &merges)?, place: merges }
        } else if json.exists() {
            Self::from_tokenizer_json(&ConfigFile::read(&json)?)?
        } else if !vocab.exists() && !merges.exists() && dir.join("tokenizer_config.json").exists() {
            Self::bundled()?
        } else {
            return Err(Error::model("there is no tokenizer here")
                .at(dir)
                .hint("it should hold vocab.json and merges.txt, or tokenizer.json: download the checkpoint again"));
        };
        vocabulary.check()?;
        Ok(vocabulary)
    }

    fn from_tokenizer_json(file: &ConfigFile) -> Result<Self> {
        let model: BpeModel = file.optional("model")?.ok_or_else(|| Error::model("the key \"model\" is missing").at(file.path()))?;
        if model.kind.as_deref().is_some_and(|kind| kind != "BPE") {
            let kind = model.kind.unwrap_or_default();
            return Err(Error::model(format!("this is a tokenizer of type {kind}; CLIP's is BPE")).at(file.path()));
        }
        let merges = model.merges.into_iter().map(|merge| match merge {
            Merge::Pair(left, right) => Ok((left, right)),
            Merge::Line(line) => split_merge(&line, file.path()),
        });
        Ok(Self { ids: model.vocab, merges: merges.collect::<Result<_>>()?, place: file.path().to_path_buf() })
    }

    /// CLIP's vocabulary, built from its merges: the ids are those of the 256 byte symbols, the same at the end of a word, the merges in order of rank, and
    /// the two special tokens.
    pub(super) fn bundled() -> Result<Self> {
        let place = PathBuf::from("the CLIP vocabulary of this program");
        let mut text = String::new();
        flate2::read::GzDecoder::new(CLIP_MERGES)
            .read_to_string(&mut text)
            .map_err(|error| Error::model(format!("it cannot be unpacked ({error})")).at(&place))?;
        let merges = parse_merges(&text, &place)?;
        // Printable bytes are mapped to themselves, the others to characters from U+0100 on; the ids follow the order of the characters.
        let mut bytes: Vec<String> = ByteLevel::alphabet().into_iter().map(String::from).collect();
        bytes.sort_unstable();
        let ended = bytes.iter().map(|symbol| format!("{symbol}{END_OF_WORD}"));
        let merged = merges.iter().map(|(left, right)| format!("{left}{right}"));
        let special = [START, END].into_iter().map(str::to_owned);
        let ids = bytes.iter().cloned().chain(ended).chain(merged).chain(special).zip(0..).collect();
        Ok(Self { ids, merges, place })
    }

    /// Fails unless the vocabulary has the parts and the result of every merge.
    fn check(&self) -> Result<()> {
        for (left, right) in &self.merges {
            let whole = format!("{left}{right}");
            if let Some(absent) = [left, right, &whole].into_iter().find(|token| !self.ids.contains_key(*token)) {
                return Err(Error::model(format!("the merge \"{left} {right}\" needs the token \"{absent}\", which the vocabulary lacks"))
                    .at(&self.place)
                    .hint("vocabulary and merges belong to different tokenizers: download both again"));
            }
        }
        Ok(())
    }
}

fn parse_merges(text: &str, place: &Path) -> Result<Vec<(String, String)>> {
    text.lines().filter(|line| !line.starts_with("#version") && !line.trim().is_empty()).map(|line| split_merge(line, place)).collect()
}

fn split_merge(line: &str, place: &Path) -> Result<(String, String)> {
    match line.split_once(' ') {
        Some((left, right)) if !left.is_empty() && !right.is_empty() && !right.contains(' ') => Ok((left.to_owned(), right.to_owned())),
        _ => Err(Error::model(format!("expected a merge of two tokens with one blank between, found {line:?}")).at(place)),
    }
}
