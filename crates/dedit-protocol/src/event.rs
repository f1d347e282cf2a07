//! What the daemon says. Every request ends with exactly one of `finished`, `failed` and `cancelled` that has its serial; what comes before says how far
//! it is. Events of serial 0 belong to no request of this client.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::failure::{self, Failure, FailureKind};
use crate::frame::{Blob, Frame};
use crate::names::{SessionState, Stage};

/// An event.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A job is waiting, or its place in the queue has changed.
    Queued(Queued),
    /// A job is under way.
    Progress(Progress),
    /// How it looks now; blob 0 is the picture, of a pixel per latent.
    Preview(Vec<Blob>),
    /// Something that was not asked for and should be known.
    Note(String),
    /// A session that this client has open has changed; by whom, does not matter.
    Session(SessionInfo),
    /// The answer, and its blobs.
    Finished(Map<String, Value>, Vec<Blob>),
    /// There is no answer.
    Failed(Failure),
    /// The job was stopped.
    Cancelled,
    /// Something that only newer versions know: to be passed by.
    Unknown(u32),
}

/// A job that waits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Queued {
    /// Its number, for `cancel`.
    pub job: u64,
    /// Jobs before it; 0 when it is next or has begun.
    pub position: usize,
}

/// How far a job is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// Steps of the stage that are done.
    pub step: usize,
    /// Steps of the stage in all, or at most.
    pub of: usize,
    /// The loss of this step, where something is learned.
    pub loss: Option<f32>,
    /// Seconds that the rest takes.
    pub seconds_left: Option<f64>,
}

/// A session as clients see it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SessionInfo {
    /// Its name.
    pub session: String,
    /// What people call its picture.
    pub name: String,
    /// The folder that keeps it.
    pub folder: String,
    /// How far it is.
    pub state: SessionState,
    /// Width and height of the picture.
    pub size: [u32; 2],
    /// The items' names.
    pub items: Vec<String>,
    /// Those of the reference picture.
    pub reference_items: Vec<String>,
    /// The revision it is at.
    pub revision: u64,
    /// The newest revision.
    pub newest: u64,
    /// The model it was last used with.
    pub model: Option<String>,
    /// The job that runs or waits on it.
    pub job: Option<u64>,
    /// Bytes on disk.
    pub bytes: u64,
    /// Whether anybody has it open.
    pub open: bool,
}

const QUEUED: u32 = 101;
const PROGRESS: u32 = 102;
const PREVIEW: u32 = 103;
const NOTE: u32 = 104;
const SESSION: u32 = 105;
const FINISHED: u32 = 106;
const FAILED: u32 = 107;
const CANCELLED: u32 = 108;

/// Any of our own heads as a JSON object.
fn object(value: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(head)) => head,
        _ => Map::new(),
    }
}

impl Event {
    /// An answer of a type.
    pub fn finished(answer: &impl Serialize, blobs: Vec<Blob>) -> Self {
        Self::Finished(object(answer), blobs)
    }

    /// Whether it is the last of its request.
    pub fn is_last(&self) -> bool {
        matches!(self, Self::Finished(..) | Self::Failed(_) | Self::Cancelled)
    }

    /// As a frame of the request `serial`.
    pub fn into_frame(self, serial: u32) -> Frame {
        let (tag, head, blobs) = match self {
            Self::Queued(queued) => (QUEUED, object(&queued), Vec::new()),
            Self::Progress(progress) => (PROGRESS, object(&progress), Vec::new()),
            Self::Preview(blobs) => (PREVIEW, Map::new(), blobs),
            Self::Note(note) => (NOTE, object(&serde_json::json!({"note": note})), Vec::new()),
            Self::Session(info) => (SESSION, object(&info), Vec::new()),
            Self::Finished(head, blobs) => (FINISHED, head, blobs),
            Self::Failed(failure) => (FAILED, failure::head(&failure), Vec::new()),
            Self::Cancelled => (CANCELLED, Map::new(), Vec::new()),
            Self::Unknown(tag) => (tag, Map::new(), Vec::new()),
        };
        Frame { tag, serial, head, blobs }
    }

    /// Reads an event.
    ///
    /// # Errors
    /// A sentence about a head that is not that of such an event.
    pub fn from_frame(frame: Frame) -> Result<Self, String> {
        let Frame { tag, head, blobs, .. } = frame;
        Ok(match tag {
            QUEUED => Self::Queued(read(head)?),
            PROGRESS => Self::Progress(read(head)?),
            PREVIEW => Self::Preview(blobs),
            NOTE => Self::Note(head.get("note").and_then(Value::as_str).unwrap_or_default().to_owned()),
            SESSION => Self::Session(read(head)?),
            FINISHED => Self::Finished(head, blobs),
            FAILED => Self::Failed(failure::read(head)?),
            CANCELLED => Self::Cancelled,
            other => Self::Unknown(other),
        })
    }
}

/// A head as one of our types.
///
/// # Errors
/// A sentence about what is wrong with it.
pub fn read<T: DeserializeOwned>(head: Map<String, Value>) -> Result<T, String> {
    serde_json::from_value(Value::Object(head)).map_err(|error| format!("an answer of the daemon is not understood ({error})"))
}

/// What a daemon says when it does not know a request.
pub fn unknown_request(tag: u32) -> Failure {
    Failure::new(FailureKind::Usage, format!("this daemon does not know requests of number {tag}"))
        .hint("the daemon is older than the program that asks: end it with `dedit daemon stop` and install the newer D-Edit")
}
