//! The life of a picture that is edited: opened, given items, learned, edited, and kept.
//!
//! [`Sessions`] is the door: clients open pictures and ask for jobs there. A session ([`Info`] is what is told of it) lives in a folder that survives
//! whatever ends the process; jobs wait in a queue for each device, where one worker lends them the engine; what a job says reaches whoever asked through
//! a [`Reporter`].
//!
//! This crate knows no host, no wire and no tensor: engines come from [`Models`] as [`dedit_edit::Engine`].

#![forbid(unsafe_code)]

pub mod files;
mod folder;
mod host;
pub mod memory;
mod models;
mod raster;
mod session;
mod work;

pub use host::{Fetched, JobInfo, LoadedModel, Logging, Revision, Sessions, SessionsSettings, Status, Watcher};
pub use models::{Found, Lora, ModelChoice, Models};
pub use raster::digest;
pub use session::{Info, Opening, State};
pub use work::{Done, EditRequest, Edited, Frame, Heard, LearnRequest, Learned, Original, Planning, Reporter};
