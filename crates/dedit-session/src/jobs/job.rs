//! A job: a request with everything needed to carry it out.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use super::event::{JobOutput, Reporter};
use super::info::JobKind;
use super::request::{EditRequest, LearnRequest, SegmentRequest};
use crate::models::ModelChoice;
use crate::session::Session;

/// What a job does.
pub(crate) enum Task {
    Load(Box<ModelChoice>),
    Learn(Arc<Session>, Box<LearnRequest>, Interruption),
    Edit(Arc<Session>, Box<EditRequest>),
    Segment(Arc<Session>, Box<SegmentRequest>),
}

/// What learning has to remember while edits interrupt it.
#[derive(Default)]
pub(crate) struct Interruption {
    /// Seconds spent before.
    pub(super) seconds: f64,
    /// Updates of the two stages that were done before the job started.
    pub(super) resumed_at: Option<[usize; 2]>,
    /// Whether the job has been interrupted.
    pub(super) happened: bool,
}

impl Task {
    pub(crate) fn kind(&self) -> JobKind {
        match self {
            Self::Load(_) => JobKind::Load,
            Self::Learn(..) => JobKind::Learn,
            Self::Edit(..) => JobKind::Edit,
            Self::Segment(..) => JobKind::Segment,
        }
    }

    pub(crate) fn session(&self) -> Option<&Arc<Session>> {
        match self {
            Self::Load(_) => None,
            Self::Learn(session, ..) | Self::Edit(session, _) | Self::Segment(session, _) => Some(session),
        }
    }

    /// The name of the queue that it waits in. Segment-anything models have one of their own: clicks do not wait for learning.
    pub(crate) fn queue(&self, device: impl FnOnce(Option<&str>) -> String) -> String {
        match self {
            Self::Segment(..) => "segment-anything".to_owned(),
            _ => device(self.model().device.as_deref()),
        }
    }

    /// The model it needs; what the request leaves out is as the session has it.
    pub(crate) fn model(&self) -> ModelChoice {
        let (asked, session) = match self {
            Self::Load(choice) => return choice.as_ref().clone(),
            Self::Segment(_, request) => return request.model.choice.clone(),
            Self::Learn(session, request, _) => (&request.model, session),
            Self::Edit(session, request) => (&request.model, session),
        };
        asked.clone().or(&session.lock().model())
    }
}

/// A job.
pub(crate) struct Job {
    pub(crate) id: u64,
    pub(crate) task: Task,
    /// The client that asked for it.
    pub(crate) client: u64,
    /// Whether it goes on when that client disconnects.
    pub(crate) keep: bool,
    pub(crate) stop: Arc<AtomicBool>,
    pub(crate) reporter: Arc<dyn Reporter>,
    pub(crate) asked: Instant,
}

/// How a job leaves the worker.
pub(super) enum Outcome {
    Done(JobOutput),
    /// Edits go first; it is queued again after them.
    Interrupted(Interruption),
}
