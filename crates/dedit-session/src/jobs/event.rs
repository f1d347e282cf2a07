//! What a job reports while it waits and runs, and its result.

use dedit_edit::{Error, Image, ItemLayer, ItemMask, Rect, Segmentation, Stage};
use serde_json::Value;

/// The result of learning.
#[derive(Debug, Clone, PartialEq)]
pub struct Learned {
    /// Updates of the two stages, tokens and attention.
    pub steps: [usize; 2],
    /// Updates that were done in an earlier run.
    pub resumed_at: [usize; 2],
    /// Mean of the first losses and mean of the last losses.
    pub losses: [f64; 2],
    /// Duration in seconds.
    pub seconds: f64,
    /// Bytes of the learned file.
    pub bytes: usize,
    /// Item names of the picture, then of the reference picture.
    pub items: [Vec<String>; 2],
}

/// The result of an edit as layers, all of the picture's depth.
#[derive(Debug, Clone)]
pub struct Layers {
    /// The picture without the edited items.
    pub plate: Part,
    /// The edited items, the first in front: as they are now, or as they were where they are removed.
    pub items: Vec<ItemLayer>,
}

/// A rectangle of a picture; the rest is as it was.
#[derive(Debug, Clone)]
pub struct Part {
    /// Where it lies.
    pub rect: Rect,
    /// Its pixels.
    pub picture: Image,
}

/// The result of an edit.
#[derive(Debug, Clone)]
pub struct Edited {
    /// The new revision; `None` for a frame, and where it could not be kept.
    pub revision: Option<u64>,
    /// The revision that was edited; 0 for a frame.
    pub base: u64,
    /// The new pixels of the region.
    pub pixels: Image,
    /// The same as layers, if asked for.
    pub layers: Option<Layers>,
    /// Where pixels may have changed.
    pub region: Rect,
    /// The same, a rectangle for each of its distant parts.
    pub regions: Vec<Rect>,
    /// How far each pixel of the region may change, 0 … 1, if asked for.
    pub changes: Option<ItemMask>,
    /// Pixels outside the plan's region that differ in any bit.
    pub changed_pixels_outside: usize,
    /// Denoising steps done.
    pub steps: usize,
    /// The seed.
    pub seed: u64,
    /// All other settings that determined the result.
    pub settings: Value,
    /// Duration in seconds.
    pub seconds: f64,
    /// Whether nothing was learned.
    pub draft: bool,
    /// The model's name.
    pub model: String,
    /// The items after it.
    pub items: Vec<String>,
}

/// The result of a job that succeeded.
#[derive(Debug, Clone)]
pub enum JobOutput {
    /// A model is loaded.
    Loaded,
    /// A picture is learned.
    Learned(Learned),
    /// A picture is edited.
    Edited(Box<Edited>),
    /// An item is found: its mask.
    Segmented(ItemMask),
    /// All items are found.
    Divided(Segmentation),
}

/// What a job reports. The last event of each job is exactly one of `Done`, `Failed` and `Cancelled`.
#[derive(Debug, Clone)]
pub enum JobEvent {
    /// It waits.
    Queued {
        /// The job's number.
        job: u64,
        /// Jobs before it; 0 when it is next or has started.
        position: usize,
    },
    /// It runs.
    Step {
        /// What it is doing.
        stage: Stage,
        /// Steps of the stage that are done.
        step: usize,
        /// Steps of the stage in all, or at most.
        of: usize,
        /// The loss of this step, when learning.
        loss: Option<f32>,
        /// Estimated seconds until the stage ends.
        seconds_left: Option<f64>,
    },
    /// A preview of the result so far.
    Preview(Image),
    /// Something the user should know.
    Note(String),
    /// It succeeded.
    Done(JobOutput),
    /// It failed.
    Failed(Error),
    /// It was stopped.
    Cancelled,
}

/// Receives the events of a job. Called by the worker, so it must return quickly.
pub trait Reporter: Send + Sync {
    /// Receives an event.
    fn report(&self, event: JobEvent);
}
