//! What is written in a session's folder, apart from pixels. Inner types are not written as they are: these change only with [`VERSION`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::raster::{Layout, hex};

/// The version of the folder's files.
pub(crate) const VERSION: u32 = 2;

/// `session.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) version: u32,
    /// The session's name.
    pub(crate) session: String,
    /// The picture, then the reference picture if there is one.
    pub(crate) pictures: Vec<PictureRecord>,
    /// The model it was last learned with.
    pub(crate) model: Option<ModelRecord>,
    /// The revision it is at.
    pub(crate) revision: u64,
    /// When it was last used, in milliseconds since 1970; later than whatever was used before, also when the clock goes back.
    pub(crate) used: u64,
}

impl Record {
    /// Identifies what is learned: the pictures and their items. `None` before items are set.
    pub(crate) fn learning_key(&self) -> Option<String> {
        let mut hash = Sha256::new();
        for picture in &self.pictures {
            hash.update(&picture.digest);
            hash.update(&picture.items.as_ref()?.key);
        }
        Some(hex(&hash.finalize()[..8]))
    }
}

/// A picture of a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PictureRecord {
    /// What people call it.
    pub(crate) source: String,
    /// [`digest`](crate::digest) of its pixels.
    pub(crate) digest: String,
    pub(crate) layout: Layout,
    pub(crate) items: Option<ItemsRecord>,
}

/// The items of a picture; their numbers lie in the file that [`file`](Self::file) names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ItemsRecord {
    pub(crate) names: Vec<String>,
    pub(crate) words: BTreeMap<String, WordsRecord>,
    /// Identifies names, words and numbers.
    pub(crate) key: String,
}

/// What is said of an item.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WordsRecord {
    pub(crate) start: Option<String>,
    pub(crate) template: Option<String>,
}

/// A model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ModelRecord {
    pub(crate) model: Option<String>,
    pub(crate) device: Option<String>,
    pub(crate) variant: Option<String>,
    pub(crate) config_dir: Option<String>,
    pub(crate) loras: Vec<(String, f64)>,
    /// Identifies it, whatever its path.
    pub(crate) fingerprint: String,
}

/// `entry.json` of a revision. The entry is written last: a revision without it never was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct EntryRecord {
    pub(crate) version: u32,
    pub(crate) revision: u64,
    pub(crate) base: u64,
    /// [`ItemsRecord::key`] of the picture's items that it was made with.
    #[serde(default)]
    pub(crate) items: Option<String>,
    /// As requests have them, masks left out: these lie beside, `mask-0`, `mask-1`, … in the order of the edits.
    pub(crate) edits: Vec<Value>,
    /// Left, top, width, height of what was changed.
    pub(crate) region: [usize; 4],
    pub(crate) layout: Layout,
    /// The items after it.
    pub(crate) names: Vec<String>,
    /// Prompts of items that are no longer what was learned.
    pub(crate) prompts: BTreeMap<String, PromptRecord>,
    pub(crate) seed: u64,
    pub(crate) settings: Value,
    pub(crate) model: ModelRecord,
    pub(crate) draft: bool,
    pub(crate) seconds: f64,
    /// Seconds since 1970.
    pub(crate) time: u64,
    pub(crate) note: Option<Value>,
}

/// The prompt of an item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PromptRecord {
    /// Pieces one after another.
    Pieces(Vec<PieceRecord>),
    /// Between two items.
    Blend { from: String, to: String, amount: f32 },
}

/// A piece of a prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PieceRecord {
    /// Words.
    Words(String),
    /// The tokens of an item, `reference:NAME` for one of the reference picture.
    Tokens(String),
}
