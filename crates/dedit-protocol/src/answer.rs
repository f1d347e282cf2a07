//! The answers to requests, by type; [`request`](crate::request) says which request has which.

mod models;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::models::{Catalog, CatalogModel, FetchedModel, VerifiedModel};
use crate::event::SessionInfo;
use crate::failure::{Failure, FailureKind};
use crate::features;
use crate::names::{ItemChange, JobKind, VerbName};
use crate::words::Words;

/// The answer of requests that have nothing to tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nothing {}

/// To `hello`: who the daemon is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Welcome {
    /// The program's version.
    pub version: String,
    /// Its process.
    pub process: u32,
    /// Its log file.
    pub log: String,
    /// A file on the daemon's machine, and what is in it: a client that finds the same sees the same files.
    pub token_file: String,
    /// What is in it.
    pub token: String,
    /// What it can beyond the first release of version 1; see [`features`].
    pub features: Vec<String>,
    /// The name of the model that is used where neither request nor session names one.
    pub model: Option<String>,
}

impl Welcome {
    /// An error unless the daemon can this. One that does not would pass the fields by that belong to it, and do something else.
    ///
    /// # Errors
    /// `Connection`.
    pub fn require(&self, feature: &str) -> Result<(), Failure> {
        if self.features.iter().any(|known| known == feature) {
            return Ok(());
        }
        let message = format!("the D-Edit daemon that runs cannot {}", features::in_words(feature));
        Err(Failure::new(FailureKind::Connection, message).hint("stop it with `dedit daemon stop`; the next command starts a newer one"))
    }
}

/// A model that there is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelInfo {
    /// What names it in requests.
    pub name: String,
    /// What it is, in words.
    pub description: String,
    /// Where it is.
    pub device: String,
    /// Whether it is loaded.
    pub loaded: bool,
    /// Bytes of its weights.
    pub bytes: u64,
}

/// To `models` and `load`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Models {
    /// All that are known or loaded.
    pub models: Vec<ModelInfo>,
}

/// To `open_picture`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OpenedPicture {
    /// Whether the daemon has the pixels; where not, nothing was opened.
    pub known: bool,
    /// The session; where `carried` without `known`, the one that has the items.
    pub session: SessionInfo,
    /// The revision that the picture is; 0 is the picture itself.
    pub base: u64,
    /// The names of its items.
    pub names: Vec<String>,
    /// Blob: the label map (u16), if asked for and there are items.
    pub labels: Option<usize>,
    /// The items are those of the session that was worked on last. After a `peek`, `session` is that one, and its items can be planned with.
    pub carried: bool,
}

/// To `items`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ItemsFound {
    /// The items' names; empty where none are set.
    pub names: Vec<String>,
    /// Words for them, by name.
    pub words: BTreeMap<String, Words>,
    /// The smallest rectangle round each, in their order.
    pub regions: Vec<Region>,
    /// Pixels of each, in their order.
    pub areas: Vec<usize>,
    /// Blob: the label map (u16), if asked for and there are items.
    pub labels: Option<usize>,
}

/// To `choose`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Chosen {
    /// The item's name.
    pub item: String,
    /// Whether the picture has it; else the selection would become it.
    pub known: bool,
    /// Width of the selection's soft edge in pixels, where the selection decided and its edge is soft: the `ring` of a plan.
    pub ring: Option<f64>,
    /// The names of all items.
    pub names: Vec<String>,
}

/// To `adopt`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Adopted {
    /// The session that has the items: another one than before where the picture was a revision and other items were wanted.
    pub session: SessionInfo,
    /// The revision that the picture is there.
    pub base: u64,
    /// The item that is meant, where one was.
    pub item: Option<String>,
    /// As for `choose`.
    pub ring: Option<f64>,
    /// The names of all items.
    pub names: Vec<String>,
    /// Names of masks that were left out because they are empty.
    pub empty: Vec<String>,
    /// Blob: the label map (u16), if asked for.
    pub labels: Option<usize>,
}

/// To `learn`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Learned {
    /// Updates of the two stages.
    pub steps: [usize; 2],
    /// Those of them that were done before.
    pub resumed_at: [usize; 2],
    /// Mean of the first losses.
    pub loss_first: f64,
    /// Mean of the last losses.
    pub loss_last: f64,
    /// Seconds it took.
    pub seconds: f64,
    /// Size of what was learned.
    pub session_bytes: usize,
    /// The items that were learned.
    pub items: Vec<String>,
    /// Those of the reference picture.
    pub reference_items: Vec<String>,
    /// The most memory that the daemon's process has held so far.
    pub peak_rss_bytes: Option<u64>,
}

impl Learned {
    /// Whether the model has nothing to learn, and edits at once.
    pub fn learned_nothing(&self) -> bool {
        self.steps == [0, 0] && self.session_bytes == 0
    }
}

/// A rectangle.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Region {
    /// First column.
    pub x: usize,
    /// First row.
    pub y: usize,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

/// To `edit`: blob 0 holds the pixels of the region after the edit, of the picture's own kind; all others are as they were.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Edited {
    /// The revision it is; `None` for a frame, and where it could not be kept, which a note says.
    pub revision: Option<u64>,
    /// The revision that was edited; 0 for a frame.
    pub base: u64,
    /// The verb of the first edit.
    pub verb: VerbName,
    /// Where pixels may have changed.
    pub region: Region,
    /// The same, a rectangle for each of its distant parts.
    pub regions: Vec<Region>,
    /// Pixels outside the plan's region that differ, in any bit.
    pub changed_pixels_outside: usize,
    /// Denoising steps done.
    pub steps: usize,
    /// The seed.
    pub seed: u64,
    /// Seconds it took.
    pub seconds: f64,
    /// Whether nothing was learned: better results come after learning.
    pub draft: bool,
    /// Everything that decided how it came out.
    pub settings: Value,
    /// The model's name.
    pub model: String,
    /// The items after it.
    pub items: Vec<String>,
    /// The most memory that the daemon's process has held so far.
    pub peak_rss_bytes: Option<u64>,
    /// Blob: how far each pixel of the region may change (f32, 0 … 1), if asked for.
    pub changes: Option<usize>,
    /// The same as layers, if asked for and if the edit is about items.
    pub layers: Option<Layers>,
}

/// An edit as layers, bottom up: the picture as it was, the plate in its region, and the items over it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Layers {
    /// The clean plate: the picture without the edited items.
    pub plate: LayerPart,
    /// The edited items, the first in front. One that is removed is there as it was, so that it can be laid elsewhere.
    pub items: Vec<LayerPart>,
}

/// A layer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LayerPart {
    /// The item's name; of a plate none.
    pub item: String,
    /// Where it lies.
    pub region: Region,
    /// Blob: its pixels, of the picture's depth. Those of an item have straight alpha; a plate has the picture's channels.
    pub pixels: usize,
}

/// An item of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PlannedItem {
    /// Its name.
    pub name: String,
    /// Its number after the edit; `None` when it goes away.
    pub number: Option<usize>,
    /// Where it is.
    pub before: Option<Region>,
    /// Where it will be.
    pub after: Option<Region>,
    /// What happens to it.
    pub changes: Vec<ItemChange>,
}

/// To `plan`: blob 0 holds the items' numbers after the edit (u16), blob 1 how far each pixel may change (f32); of the region alone where the request was
/// `cropped`, and none where that is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Planned {
    /// Where pixels may change.
    pub region: Region,
    /// The same, a rectangle for each of its distant parts.
    pub regions: Vec<Region>,
    /// The items after the edit, by number.
    pub names: Vec<String>,
    /// What becomes of each item.
    pub items: Vec<PlannedItem>,
}

/// A revision.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Revision {
    /// Its number, from 1.
    pub revision: u64,
    /// What it was made from.
    pub base: u64,
    /// Its edits, as a request has them.
    pub edits: Vec<Value>,
    /// Where pixels may differ from the base.
    pub region: Region,
    /// The seed.
    pub seed: u64,
    /// Everything else that decided how it came out.
    pub settings: Value,
    /// Seconds it took.
    pub seconds: f64,
    /// When, in seconds since 1970.
    pub time: u64,
    /// What the client noted.
    pub note: Option<Value>,
    /// Blob: a small picture (PNG), if that was asked for.
    pub thumbnail: Option<usize>,
    /// Blobs: the masks (f32) of its edits, in their order, if that was asked for.
    pub masks: Vec<usize>,
}

/// To `history`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Revisions {
    /// The one that the session is at.
    pub current: u64,
    /// All, oldest first.
    pub revisions: Vec<Revision>,
}

/// To `result`: blob 0 holds the pixels of the region.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResultRegion {
    /// Where they belong.
    pub region: Region,
}

/// To `fetch`: blob 0 the items' numbers (u16) where there are items; the others as named.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fetched {
    /// The session.
    pub session: SessionInfo,
    /// The items' names.
    pub names: Vec<String>,
    /// What was said of them, by name.
    pub words: BTreeMap<String, Words>,
    /// Blob: the items' numbers.
    pub labels: Option<usize>,
    /// Blob: the pixels.
    pub pixels: Option<usize>,
    /// Blob: the colour profile.
    pub profile: Option<usize>,
    /// Blob: what the client that opened the picture knew of it besides.
    pub metadata: Option<usize>,
}

/// To `segment`: blob 0 holds the mask (f32, 0 … 1), or with `everything` the items' numbers (u16).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Segmented {
    /// The items' names, where there are several.
    pub names: Vec<String>,
}

/// To `sessions`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sessions {
    /// All, last used first.
    pub sessions: Vec<SessionInfo>,
}

/// A job, as `status` shows it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobInfo {
    /// Its number.
    pub job: u64,
    /// What it does.
    pub what: JobKind,
    /// The session.
    pub session: String,
    /// The program that asked for it.
    pub client: String,
    /// Jobs before it; `None` when it runs.
    pub position: Option<usize>,
}

/// To `status`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Status {
    /// Seconds since it was started.
    pub seconds: f64,
    /// Clients that are connected, this one too.
    pub clients: usize,
    /// Requests that came since it was started, this one too.
    pub requests: u64,
    /// Jobs.
    pub jobs: Vec<JobInfo>,
    /// Models that are loaded.
    pub models: Vec<ModelInfo>,
    /// Sessions in its store.
    pub sessions: usize,
    /// Where the store is.
    pub store: String,
    /// Bytes that it holds.
    pub store_bytes: u64,
    /// Bytes that it may hold.
    pub store_quota: u64,
    /// Memory of the process, in bytes.
    pub rss_bytes: Option<u64>,
}
