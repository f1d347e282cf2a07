//! Sessions: a picture, its items, what was learned for them, and the history of its edits.
//!
//! [`Sessions`] is the interface: clients open pictures and request jobs there. A session (summarized in [`Info`]) is a folder on disk that survives any
//! end of the process. Jobs wait in one queue per device, whose worker owns the engine; their events go to a [`Reporter`].
//!
//! This crate knows no host, no wire format and no tensors: engines come from [`Models`] as [`dedit_edit::Engine`].
//!
//! The modules, each using only those before it: `files`, `memory`, `raster`, `colour`, `models`, `settings`, `info`, `opening`, `item_policy` (leaves);
//! `folder` (a session on disk); `session` (a session in memory); `watchers`, `store` (all sessions), `jobs`, `scheduler` (queues and workers); `sessions`.

#![forbid(unsafe_code)]

mod colour;
mod files;
mod folder;
mod info;
mod item_policy;
mod jobs;
pub mod memory;
mod models;
mod opening;
mod raster;
mod scheduler;
mod session;
mod sessions;
mod settings;
mod store;
mod watchers;

pub use colour::shown_in_srgb;
pub use folder::EditRecord;
pub use info::{Info, State};
pub use item_policy::Choice;
pub use jobs::{
    EditRequest, Edited, Frame, JobEvent, JobInfo, JobKind, JobOutput, Layers, LearnRequest, Learned, LoadedModel, Original, OtherFrame,
    Part, PlanRequest, Reporter, SegmentRequest, Wanted,
};
pub use models::{Embedding, Found, Lora, ModelChoice, Models};
pub use opening::{About, Opening};
pub use raster::digest;
pub use sessions::{Adopted, Fetched, Items, Located, NewItems, Revision, RevisionId, Selection, Sessions, Shown, Status};
pub use settings::{DEFAULT_QUOTA, Logging, SessionsSettings};
pub use watchers::Watcher;
