//! Learning that is under way, as bytes: everything that decides how it goes on.

use std::collections::BTreeMap;

use candle_core::Tensor;
use dedit_diffusion::{Error, Result};
use serde::{Deserialize, Serialize};

use super::{LearnSettings, Stage};
use crate::file;
use crate::text::rows_name;

const KIND: &str = "dedit learning state";

/// A point in learning between two updates. Going on from it gives the same numbers, bit for bit, as never having stopped.
#[derive(Debug, Clone)]
pub struct LearningState {
    pub(super) header: Header,
    /// Item tokens, trained weights, and the optimiser's moments.
    pub(super) tensors: BTreeMap<String, Tensor>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Header {
    /// Model, pictures and items.
    pub(super) inputs: String,
    pub(super) settings: LearnSettings,
    pub(super) stage: Stage,
    /// Whether the stage has come to its end.
    pub(super) stage_done: bool,
    /// Where the random draws are.
    pub(super) position: u64,
    /// Losses of every update of both stages.
    pub(super) losses: [Vec<f32>; 2],
}

impl LearningState {
    /// The state as a safetensors file.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        file::write(KIND, &self.header, &self.tensors)
    }

    /// Reads what [`to_bytes`](Self::to_bytes) gave.
    ///
    /// # Errors
    /// `Input` for anything else, cut or damaged bytes among it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let (header, tensors) = file::read(KIND, bytes)?;
        Ok(Self { header, tensors })
    }

    /// Updates done in the two stages.
    pub fn updates(&self) -> [usize; 2] {
        [self.header.losses[0].len(), self.header.losses[1].len()]
    }

    /// The rows of the item tokens by encoder, `[items · tokens, width]`.
    pub fn token_rows(&self) -> Vec<Tensor> {
        (0..).map_while(|encoder| self.tensors.get(&rows_name(encoder)).cloned()).collect()
    }

    /// Says whether learning with these inputs and settings can go on from here.
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

/// Whether two settings come to the same numbers: how often something is shown or saved is left aside.
pub(crate) fn same_outcome(one: &LearnSettings, other: &LearnSettings) -> bool {
    let plain = |settings: &LearnSettings| LearnSettings { preview_every: 0, save_every: 0, ..settings.clone() };
    plain(one) == plain(other)
}
