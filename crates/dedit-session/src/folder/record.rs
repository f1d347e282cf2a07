//! The records in a session's folder. They are types of their own, so that other types can change without a change of the format; `convert.rs` converts.
//!
//! Versions of the format:
//! - 2: edits of a revision as the wire wrote them, each mask with its number in the request
//! - 3: edits as [`EditRecord`], without those numbers
//!
//! Both can be read. With the first change of a session of version 2 its records are written again.

use std::collections::BTreeMap;

use dedit_edit::{Result, Sides, Size};
use dedit_schema::Verb;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::raster::{Layout, hex};

/// The version of the format that is written.
pub(crate) const VERSION: u32 = 3;
/// The oldest version that can be read.
pub(super) const OLDEST_VERSION: u32 = 2;

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
    /// The current revision; 0 is the picture itself.
    pub(crate) revision: u64,
    /// When it was last used, in milliseconds since 1970; always later than any use before it, also when the clock was set back.
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
    /// The picture's name, for people.
    pub(crate) source: String,
    /// [`digest`](crate::digest) of its pixels.
    pub(crate) digest: String,
    pub(crate) layout: Layout,
    pub(crate) items: Option<ItemsRecord>,
}

/// The items of a picture; the item number of each pixel lies in `items-KEY.gz`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ItemsRecord {
    pub(crate) names: Vec<String>,
    pub(crate) words: BTreeMap<String, WordsRecord>,
    /// A hash of names, words and item numbers.
    pub(crate) key: String,
}

/// Words for an item.
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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) vae: Option<String>,
    pub(crate) loras: Vec<(String, f64)>,
    /// Files of textual inversion with their names in prompts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) embeddings: Vec<(String, Option<String>)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) clip_skip: Option<usize>,
    /// Identifies the weights, wherever they lie.
    pub(crate) fingerprint: String,
}

/// `entry.json` of a revision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct EntryRecord {
    pub(crate) version: u32,
    pub(crate) revision: u64,
    pub(crate) base: u64,
    /// [`ItemsRecord::key`] of the items that were set when it was made.
    #[serde(default)]
    pub(crate) items: Option<String>,
    /// The masks lie beside in `mask-0.gz`, `mask-1.gz`, …, in the order of the edits that have one.
    pub(crate) edits: Vec<EditRecord>,
    /// Left, top, width and height of what was changed, pixels.
    pub(crate) region: [usize; 4],
    /// The layout of the region's pixels.
    pub(crate) layout: Layout,
    /// The names of the items after it.
    pub(crate) names: Vec<String>,
    /// Prompts of items that edits have changed, by item name.
    pub(crate) prompts: BTreeMap<String, PromptRecord>,
    pub(crate) seed: u64,
    /// The engine's settings.
    pub(crate) settings: Value,
    pub(crate) model: ModelRecord,
    pub(crate) draft: bool,
    pub(crate) seconds: f64,
    /// When it was made, in seconds since 1970.
    pub(crate) time: u64,
    /// The client's note.
    pub(crate) note: Option<Value>,
}

impl EntryRecord {
    /// The pixels that the revision adds at the sides of its base.
    pub(crate) fn sides(&self) -> Option<Sides> {
        self.edits.iter().find_map(EditRecord::sides)
    }

    /// The layout of the whole picture, for the layout of its base.
    ///
    /// # Errors
    /// The canvas would be larger than pictures can be.
    pub(super) fn layout_on(&self, base: Layout) -> Result<Layout> {
        let Some(sides) = self.sides() else { return Ok(base) };
        let size = sides.grown(Size::new(base.width, base.height)?)?;
        Ok(Layout { width: size.width(), height: size.height(), ..base })
    }
}

/// An edit of a revision, without its mask. Items are named: `reference:NAME` is one of the reference picture; `vacated` names the item that gets the
/// pixels an item leaves, and is `None` for the nearest ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the fields are those of `dedit_edit::Edit`")]
pub enum EditRecord {
    Reconstruct,
    Replace {
        item: String,
        prompt: String,
    },
    Augment {
        item: String,
        prompt: String,
    },
    SwapIn {
        item: String,
        from: String,
    },
    Move {
        item: String,
        dx: f64,
        dy: f64,
        scale: f64,
        #[serde(alias = "rotate")]
        degrees: f64,
        #[serde(alias = "into")]
        vacated: Option<String>,
    },
    Reshape {
        item: String,
        #[serde(alias = "into")]
        vacated: Option<String>,
    },
    Swap {
        item: String,
        with: String,
    },
    Remove {
        items: Vec<String>,
        #[serde(alias = "into")]
        vacated: Option<String>,
    },
    Blend {
        item: String,
        with: String,
        amount: f32,
    },
    Refine,
    Expand {
        left: usize,
        right: usize,
        top: usize,
        bottom: usize,
        vacated: Option<String>,
    },
    Personalize {
        item: String,
        prompt: String,
    },
}

impl EditRecord {
    /// The verb, whose id is `verb` in the file.
    pub fn verb(&self) -> Verb {
        match self {
            Self::Reconstruct => Verb::Reconstruct,
            Self::Replace { .. } => Verb::Replace,
            Self::Augment { .. } => Verb::Augment,
            Self::SwapIn { .. } => Verb::SwapIn,
            Self::Move { .. } => Verb::Move,
            Self::Reshape { .. } => Verb::Reshape,
            Self::Swap { .. } => Verb::Swap,
            Self::Remove { .. } => Verb::Remove,
            Self::Blend { .. } => Verb::Blend,
            Self::Refine => Verb::Refine,
            Self::Expand { .. } => Verb::Expand,
            Self::Personalize { .. } => Verb::Personalize,
        }
    }

    /// The pixels that the canvas gets at its sides, if the edit is to expand it.
    pub(crate) fn sides(&self) -> Option<Sides> {
        match *self {
            Self::Expand { left, right, top, bottom, .. } => Some(Sides { left, right, top, bottom }),
            _ => None,
        }
    }

    /// Whether the edit has a mask.
    pub fn has_mask(&self) -> bool {
        match self {
            Self::Reshape { .. } | Self::Refine => true,
            Self::Reconstruct
            | Self::Replace { .. }
            | Self::Augment { .. }
            | Self::SwapIn { .. }
            | Self::Move { .. }
            | Self::Swap { .. }
            | Self::Remove { .. }
            | Self::Blend { .. }
            | Self::Expand { .. }
            | Self::Personalize { .. } => false,
        }
    }
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
