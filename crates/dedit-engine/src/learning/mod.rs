//! Two-stage fine-tuning on one picture, or on two for edits that take items from a reference.
//!
//! Read top to bottom: [`settings`](LearnSettings) say how; `run` goes through the stages, first the token embeddings with everything else fixed,
//! then the attention with the embeddings fixed; `scene` is one picture's share of an update; `loss` is what is minimised; `draws` are the random
//! numbers; `state` is what a resumed run needs.

mod draws;
mod loss;
mod plateau;
mod run;
mod scene;
mod settings;
mod state;

use std::ops::ControlFlow;

use dedit_diffusion::Result;
use dedit_edit::Image;
use serde::{Deserialize, Serialize};

pub use draws::{RecordedDraws, SeededDraws, TrainingDraws};
pub(crate) use run::{Clock, Run};
pub(crate) use scene::Scene;
pub use settings::{LearnSettings, Plateau, StageSettings, Timesteps};
pub use state::LearningState;
pub(crate) use state::same_outcome;

/// A stage of fine-tuning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The item tokens.
    Tokens,
    /// The denoiser's attention.
    Attention,
}

impl Stage {
    pub(crate) fn index(self) -> usize {
        self as usize
    }
}

/// What is heard while a picture is learned.
pub enum LearnEvent<'a> {
    /// An update is done.
    Step {
        /// Which stage.
        stage: Stage,
        /// Updates of the stage that are done.
        step: usize,
        /// Updates of the stage, if it does not settle before.
        of: usize,
        /// The loss of this update.
        loss: f32,
        /// Seconds that both stages still take at this pace, at most.
        seconds_left: f64,
    },
    /// How the denoiser sees the picture now: from half noise, a pixel per latent.
    Preview(&'a Image),
    /// A state that can be gone on from; it is worth saving.
    State(&'a LearningState),
    /// A stage is at its end: all updates are done, or the loss has settled.
    StageDone {
        /// Which stage.
        stage: Stage,
        /// Updates done.
        steps: usize,
        /// Whether it ended early because the loss had settled.
        settled: bool,
    },
}

/// Hears of everything and decides whether to go on; an error of its own ends the work too.
pub type LearnListener<'a> = dyn FnMut(LearnEvent<'_>) -> Result<ControlFlow<()>> + 'a;
