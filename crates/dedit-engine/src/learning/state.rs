//! The saved state of an unfinished run.

use std::collections::BTreeMap;

use candle_core::Tensor;
use dedit_diffusion::{Error, Result};
use serde::{Deserialize, Serialize};

use super::{LearnSettings, Stage};
use crate::file;
use crate::text::{Brackets, rows_name};

const KIND: &str = "dedit learning state";

/// The state of learning between two updates. A resumed run gives bitwise the same result as an uninterrupted one.
#[derive(Debug, Clone)]
pub struct LearningState {
    pub(super) header: Header,
    /// Item tokens, trained weights, and the optimiser's moments.
    pub(super) tensors: BTreeMap<String, Tensor>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Header {
    /// Hash of model, pictures and items.
    pub(super) inputs: String,
    pub(super) settings: LearnSettings,
    pub(super) stage: Stage,
    /// Whether the stage is finished.
    pub(super) stage_done: bool,
    /// Position of the random draws.
    pub(super) position: u64,
    /// Losses of every update of both stages.
    pub(super) losses: [Vec<f32>; 2],
}

impl LearningState {
    /// The state as a safetensors file.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        file::write(KIND, &self.header, &self.tensors)
    }

    /// Reads the bytes of [`to_bytes`](Self::to_bytes).
    ///
    /// # Errors
    /// `Input` for truncated, damaged or other bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let (header, tensors) = file::read(KIND, bytes)?;
        Ok(Self { header, tensors })
    }

    /// Finished updates of the two stages.
    pub fn updates(&self) -> [usize; 2] {
        [self.header.losses[0].len(), self.header.losses[1].len()]
    }

    /// The item tokens of each text encoder, `[items · tokens, width]`, f32.
    pub fn token_rows(&self) -> Vec<Tensor> {
        (0..).map_while(|encoder| self.tensors.get(&rows_name(encoder)).cloned()).collect()
    }

    /// Fails unless learning with these inputs and settings can resume from here.
    pub(crate) fn check(&self, inputs: &str, settings: &LearnSettings) -> Result<()> {
        let other = if self.header.inputs != inputs {
            "of another picture, other items or another model"
        } else if !same_outcome(&self.header.settings, settings) {
            "with other settings"
        } else {
            return Ok(());
        };
        Err(Error::usage(format!("learning {other} was begun here")).hint("start it again from the beginning, or give another place"))
    }
}

/// Whether two settings give the same result: those for previews and saving do not matter, and how brackets are read only where a template has some.
pub(crate) fn same_outcome(one: &LearnSettings, other: &LearnSettings) -> bool {
    let plain =
        |settings: &LearnSettings| LearnSettings { preview_every: 0, save_every: 0, brackets: Brackets::default(), ..settings.clone() };
    plain(one) == plain(other)
}
