//! Two-stage fine-tuning on one picture, or on two for edits that take items from a reference picture.
//!
//! Modules in reading order: `settings` has the options ([`LearnSettings`]); `run` goes through the stages, first the token embeddings with everything else
//! frozen, then the attention with the embeddings frozen; `scene` computes the loss of one picture in one pass; `loss` is the formula; `draws` are the random
//! numbers; `state` is what is saved to resume a run; `plateau` decides on early stopping.

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
    /// Stage 1: the item tokens.
    Tokens,
    /// Stage 2: the denoiser's attention.
    Attention,
}

impl Stage {
    pub(crate) fn index(self) -> usize {
        self as usize
    }
}

/// Progress of learning.
pub enum LearnEvent<'a> {
    /// A finished update of the optimiser.
    Step {
        /// The stage.
        stage: Stage,
        /// Finished updates of the stage.
        step: usize,
        /// Updates of the stage without early stopping.
        of: usize,
        /// The loss of this update.
        loss: f32,
        /// Estimated seconds for the rest of both stages without early stopping.
        seconds_left: f64,
    },
    /// The denoiser's present estimate of the picture from a half-noised one, with one pixel per latent cell.
    Preview(&'a Image),
    /// A state from which learning can be resumed, to be saved.
    State(&'a LearningState),
    /// The end of a stage: all updates are done, or the loss no longer falls.
    StageDone {
        /// The stage.
        stage: Stage,
        /// Finished updates.
        steps: usize,
        /// Whether it stopped early.
        settled: bool,
    },
}

/// Called with every event. `Break` cancels learning; an error is returned to the caller.
pub type LearnListener<'a> = dyn FnMut(LearnEvent<'_>) -> Result<ControlFlow<()>> + 'a;
