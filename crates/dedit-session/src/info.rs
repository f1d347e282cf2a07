//! A summary of a session.

use std::path::PathBuf;

/// Progress of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It has no items yet.
    Opened,
    /// It has items; nothing was learned yet.
    Items,
    /// Learning runs, is queued, or was interrupted.
    Learning,
    /// Learned.
    Learned,
}

/// A summary of a session, as clients see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Info {
    /// Its name: unique, used in requests.
    pub session: String,
    /// The picture's name, for people.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    /// Its progress.
    pub state: State,
    /// The picture's width and height.
    pub size: [usize; 2],
    /// Item names of the picture, then of the reference picture.
    pub items: [Vec<String>; 2],
    /// The current revision; 0 is the picture itself.
    pub revision: u64,
    /// The newest revision.
    pub newest: u64,
    /// The model it was last learned with.
    pub model: Option<String>,
    /// The job that runs or waits on it.
    pub job: Option<u64>,
    /// Bytes on disk.
    pub bytes: u64,
    /// Whether any client has it open.
    pub open: bool,
    /// When it was last used, in milliseconds since 1970.
    pub used: u64,
}
