//! The result of learning a picture.

use std::collections::BTreeMap;

use candle_core::Tensor;
use dedit_diffusion::pipeline::Pipeline;
use dedit_diffusion::prompt::Syntax;
use dedit_diffusion::{Error, ErrorKind, Result};
use dedit_edit::{Image, Segmentation};
use serde::{Deserialize, Serialize};

use crate::attention::{self, AttentionDelta};
use crate::learning::{LearnSettings, same_outcome};
use crate::text::{Item, ItemTokens, rows_name};
use crate::{file, picture};

const KIND: &str = "dedit session";

/// The result of learning a picture: the tokens of its items and the change of the attention. Small; usable only with the same model and picture.
#[derive(Debug, Clone)]
pub struct Learned {
    pub(crate) header: Header,
    pub(crate) rows: Vec<Tensor>,
    pub(crate) delta: AttentionDelta,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Header {
    /// Fingerprint and description of the model.
    pub(crate) model: String,
    pub(crate) model_description: String,
    /// [`picture::digest`] of the picture and of the reference picture.
    pub(crate) pictures: Vec<String>,
    pub(crate) items: Vec<Item>,
    pub(crate) settings: LearnSettings,
    /// Losses of every update of both stages.
    pub(crate) losses: [Vec<f32>; 2],
}

impl Learned {
    /// The items with tokens: those of the picture, then those of the reference picture.
    pub fn items(&self) -> &[Item] {
        &self.header.items
    }

    /// The settings it was learned with.
    pub fn settings(&self) -> &LearnSettings {
        &self.header.settings
    }

    /// The loss of every update of the two stages; empty for a draft.
    pub fn losses(&self) -> &[Vec<f32>; 2] {
        &self.header.losses
    }

    /// Whether model, pictures, items and all settings that influence the result are the same.
    pub fn same_inputs(&self, other: &Self) -> bool {
        let (one, other) = (&self.header, &other.header);
        let same = (&one.model, &one.pictures, &one.items) == (&other.model, &other.pictures, &other.items);
        let is_plain = |item: &Item| item.template.as_deref().is_none_or(Syntax::is_plain);
        let same_words = one.settings.brackets == other.settings.brackets || one.items.iter().all(is_plain);
        same && same_words && same_outcome(&one.settings, &other.settings)
    }

    /// The fingerprint of the model.
    pub fn model(&self) -> &str {
        &self.header.model
    }

    /// The item tokens of each text encoder, `[items · tokens, width]`, f32.
    pub fn token_rows(&self) -> &[Tensor] {
        &self.rows
    }

    /// The trained tensors of the denoiser, named as in PEFT and diffusers without the prefix `unet.`.
    pub fn attention_tensors(&self) -> BTreeMap<String, Tensor> {
        attention::named(&self.delta)
    }

    /// As a safetensors file.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut tensors = self.attention_tensors();
        tensors.extend(self.rows.iter().enumerate().map(|(encoder, rows)| (rows_name(encoder), rows.clone())));
        file::write(KIND, &self.header, &tensors)
    }

    /// Reads the bytes of [`to_bytes`](Self::to_bytes).
    ///
    /// # Errors
    /// `Input` for truncated, damaged or other bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let (header, mut tensors) = file::read::<Header>(KIND, bytes)?;
        let damaged = |reason: &dyn std::fmt::Display| {
            Error::new(ErrorKind::Input, format!("this {KIND} is damaged ({reason})")).hint("learn the picture again")
        };
        header.settings.check().map_err(|error| damaged(&error.message()))?;
        let rows = (0..).map_while(|encoder| tensors.remove(&rows_name(encoder))).collect::<Vec<_>>();
        let delta = attention::from_named(&tensors, header.settings.trained).map_err(|reason| damaged(&reason))?;
        if rows.is_empty() || header.items.is_empty() {
            return Err(damaged(&"it holds no item tokens"));
        }
        if delta.is_empty() && !header.losses[1].is_empty() {
            return Err(damaged(&"what the attention learned is missing"));
        }
        Ok(Self { header, rows, delta })
    }

    /// Fails unless this was learned from this picture with these items; with `of_reference`, as the reference picture.
    pub fn check_picture(&self, picture: &Image, items: &Segmentation, of_reference: bool) -> Result<()> {
        match self.header.pictures.get(usize::from(of_reference)) {
            Some(digest) if *digest == picture::digest(picture, items) => Ok(()),
            _ => Err(Error::new(ErrorKind::Input, "this session was learned of another picture or of other items")
                .hint("learn this picture first")),
        }
    }

    /// Fails unless this was learned with a model of this fingerprint.
    pub(crate) fn check_model(&self, fingerprint: &str, pipeline: &Pipeline) -> Result<()> {
        if self.header.model == fingerprint {
            return Ok(());
        }
        let (learned, present) = (&self.header.model_description, pipeline.description());
        let which = if learned == present { format!("another {learned}") } else { format!("{learned}, and this is {present}") };
        Err(Error::model(format!("this session was learned with {which}"))
            .hint("name the model it was learned with, or learn the picture again"))
    }

    pub(crate) fn tokens(&self, pipeline: &Pipeline) -> Result<ItemTokens> {
        let tokens = ItemTokens::with_rows(pipeline, self.header.items.clone(), self.header.settings.token_kind(), self.rows.clone())?;
        tokens.set_trainable(false);
        Ok(tokens)
    }
}
