//! Summaries of jobs and loaded models.

use crate::models::Found;

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobKind {
    /// Loads a model.
    Load,
    /// Learns a picture.
    Learn,
    /// Edits a picture.
    Edit,
    /// Finds an item by a segment-anything model.
    Segment,
}

impl JobKind {
    /// The word for it, for people and on the wire: `load`, `learn`, `edit` or `segment`.
    pub fn label(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Learn => "learn",
            Self::Edit => "edit",
            Self::Segment => "segment",
        }
    }
}

/// A summary of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobInfo {
    /// Its number.
    pub job: u64,
    /// What it does.
    pub kind: JobKind,
    /// The session; empty for `Load`.
    pub session: String,
    /// The client that asked for it.
    pub client: u64,
    /// Jobs before it; `None` when it runs.
    pub position: Option<usize>,
}

/// A model in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadedModel {
    /// Which.
    pub found: Found,
    /// A description for people.
    pub description: String,
}
