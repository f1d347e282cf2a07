//! Jobs: what is asked of an engine, the queue they wait in, and the worker that does them.

mod edit;
mod frame;
mod learn;
mod queue;
mod thumbnail;
mod worker;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use dedit_edit::{Edit, EditOptions, Error, Image, ItemMask, LearnOptions, PlanSettings, Rect};
use serde_json::Value;

pub(crate) use self::edit::{check, plan};
pub use self::frame::Frame;
pub(crate) use self::queue::Queue;
pub(crate) use self::worker::Worker;
use crate::models::ModelChoice;
use crate::session::Session;

/// What is to be learned, and how.
#[derive(Debug, Clone, Default)]
pub struct LearnRequest {
    /// The model.
    pub model: ModelChoice,
    /// How.
    pub options: LearnOptions,
    /// Begins again, whatever was learned or begun.
    pub restart: bool,
}

/// Edits, and what holds for their plan.
#[derive(Debug, Clone)]
pub struct Planning {
    /// What is done, in one go; the first lies in front.
    pub edits: Vec<Edit>,
    /// What holds for all of it.
    pub settings: PlanSettings,
    /// What is edited.
    pub original: Original,
}

/// What is edited.
#[derive(Debug, Clone)]
pub enum Original {
    /// The revision that the session is at.
    Current,
    /// A revision; 0 is the picture itself.
    Revision(u64),
    /// A picture that is none of the session's.
    Frame(Frame),
}

impl Original {
    /// Whether it is none of the session's own pictures, so that nothing of it is kept.
    pub fn is_frame(&self) -> bool {
        matches!(self, Self::Frame(_))
    }
}

/// What is to be edited, and how.
#[derive(Debug, Clone)]
pub struct EditRequest {
    /// What is done.
    pub planning: Planning,
    /// The edits as the client wrote them, for the history; masks left out.
    pub written: Vec<Value>,
    /// The masks of the edits, in their order, for the history; none for a frame, which it does not keep.
    pub masks: Vec<Arc<ItemMask>>,
    /// The model.
    pub model: ModelChoice,
    /// How.
    pub options: EditOptions,
    /// Goes on without anything learned, if nothing is.
    pub draft: bool,
    /// Whether previews are wanted.
    pub previews: bool,
    /// Kept with the revision.
    pub note: Option<Value>,
}

/// What learning came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Learned {
    /// Updates of the two stages.
    pub steps: [usize; 2],
    /// Those of them that were done before.
    pub resumed_at: [usize; 2],
    /// Mean of the first and of the last losses.
    pub losses: [f64; 2],
    /// Seconds it took.
    pub seconds: f64,
    /// Size of what was learned.
    pub bytes: usize,
    /// The items, and those of the reference picture.
    pub items: [Vec<String>; 2],
}

/// What an edit came to.
#[derive(Debug, Clone)]
pub struct Edited {
    /// The revision it is; `None` for a frame, and where it could not be kept.
    pub revision: Option<u64>,
    /// The revision that was edited; 0 for a frame.
    pub base: u64,
    /// The pixels of the region after it.
    pub pixels: Image,
    /// Where pixels may have changed.
    pub region: Rect,
    /// Pixels outside the plan's region that differ, in any bit.
    pub changed_pixels_outside: usize,
    /// Denoising steps done.
    pub steps: usize,
    /// The seed.
    pub seed: u64,
    /// Everything else that decided how it came out.
    pub settings: Value,
    /// Seconds it took.
    pub seconds: f64,
    /// Whether nothing was learned.
    pub draft: bool,
    /// The model's name.
    pub model: String,
    /// The items after it.
    pub items: Vec<String>,
}

/// The good end of a job.
#[derive(Debug, Clone)]
pub enum Done {
    /// A model is loaded.
    Loaded,
    /// A picture is learned.
    Learned(Learned),
    /// A picture is edited.
    Edited(Box<Edited>),
}

/// What is heard of a job. Each ends with exactly one of `Done`, `Failed` and `Cancelled`.
#[derive(Debug, Clone)]
pub enum Heard {
    /// It waits.
    Queued {
        /// Its number.
        job: u64,
        /// Jobs before it; 0 when it is next or has begun.
        position: usize,
    },
    /// It is under way.
    Step {
        /// What is being done.
        stage: String,
        /// Steps of the stage that are done.
        step: usize,
        /// Steps of the stage in all, or at most.
        of: usize,
        /// The loss of this step, where something is learned.
        loss: Option<f32>,
        /// Seconds that the rest takes.
        seconds_left: Option<f64>,
    },
    /// How it looks now.
    Preview(Image),
    /// Something that was not asked for and should be known.
    Note(String),
    /// It has come to a good end.
    Done(Done),
    /// It could not be done.
    Failed(Error),
    /// It was stopped.
    Cancelled,
}

/// Hears of a job. Called by the worker, which waits for nobody: to be quick is the listener's part.
pub trait Reporter: Send + Sync {
    /// Hears.
    fn hear(&self, heard: Heard);
}

/// What a job is to do.
pub(crate) enum Task {
    Load(Box<ModelChoice>),
    Learn(Arc<Session>, Box<LearnRequest>, Learning),
    Edit(Arc<Session>, Box<EditRequest>),
}

/// What is known of learning that was interrupted by edits.
#[derive(Default)]
pub(crate) struct Learning {
    /// Seconds before.
    seconds: f64,
    resumed_at: Option<[usize; 2]>,
    /// Whether it is a job that edits interrupted.
    goes_on: bool,
}

impl Task {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Load(_) => "load",
            Self::Learn(..) => "learn",
            Self::Edit(..) => "edit",
        }
    }

    pub(crate) fn session(&self) -> Option<&Arc<Session>> {
        match self {
            Self::Load(_) => None,
            Self::Learn(session, ..) | Self::Edit(session, _) => Some(session),
        }
    }

    /// The model it needs: what it does not say is as its session has it.
    pub(crate) fn model(&self) -> ModelChoice {
        let (asked, session) = match self {
            Self::Load(choice) => return choice.as_ref().clone(),
            Self::Learn(session, request, _) => (&request.model, session),
            Self::Edit(session, request) => (&request.model, session),
        };
        asked.clone().or(&session.lock().model())
    }

    pub(crate) fn learns(&self) -> bool {
        matches!(self, Self::Learn(..))
    }
}

/// A job.
pub(crate) struct Job {
    pub(crate) id: u64,
    pub(crate) task: Task,
    /// The client that asked.
    pub(crate) client: u64,
    /// Goes on when that client is gone.
    pub(crate) keep: bool,
    pub(crate) stop: Arc<AtomicBool>,
    pub(crate) reporter: Arc<dyn Reporter>,
    pub(crate) asked: Instant,
}

/// How a job leaves the worker.
pub(crate) enum Outcome {
    Done(Done),
    /// Edits come first; it is to go on after them.
    Paused(Learning),
}
