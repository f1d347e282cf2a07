//! What a session says of itself.

use std::path::{Path, PathBuf};

use dedit_engine::learning::LearnSettings;
use serde::{Deserialize, Serialize};

use crate::learn::Outcome;

/// What `session.json` holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(super) version: u32,
    pub(crate) state: State,
    /// The model's path, and what identifies the model whatever its path.
    pub(crate) model: PathBuf,
    pub(super) fingerprint: String,
    /// The picture, then the reference picture if there is one.
    pub(super) pictures: Vec<PictureRecord>,
    /// How it is learned.
    pub(super) settings: LearnSettings,
    /// What learning came to.
    pub(super) outcome: Option<Outcome>,
    /// Edits done so far.
    pub(crate) revision: u64,
}

/// How far a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum State {
    /// Learning is under way, or was cut off.
    Learning,
    /// Learning has come to its end.
    Learned,
}

impl State {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Learning => "learning",
            Self::Learned => "learned",
        }
    }
}

/// A picture of a session.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct PictureRecord {
    /// The name that the file had.
    pub(super) source: String,
    /// The names that the copies have in the folder.
    pub(super) file: String,
    pub(super) labels: String,
    /// The items' names, in the order of their numbers.
    pub(super) names: Vec<String>,
}

/// What a session is begun with, besides the pictures.
pub(crate) struct Origin<'a> {
    pub(crate) model: &'a Path,
    pub(crate) fingerprint: &'a str,
    pub(crate) settings: &'a LearnSettings,
}

impl PictureRecord {
    /// The names of its copies.
    pub(super) fn files(&self) -> [&String; 2] {
        [&self.file, &self.labels]
    }
}
