//! The settings that a generated picture is reproduced with, as its file carries them.

use std::fmt::Write as _;

use serde::Serialize;

use crate::error::{Error, ErrorKind, Result};

/// The program and its version, as files name them.
pub(crate) const MADE_BY: &str = concat!("dedit ", env!("CARGO_PKG_VERSION"));

/// All settings that the pixels depend on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Settings {
    /// The program and its version.
    pub(crate) made_by: String,
    pub(crate) prompt: String,
    pub(crate) negative_prompt: String,
    /// File or folder name of the model.
    pub(crate) model: String,
    /// What the model was recognised as.
    pub(crate) model_description: String,
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Steps asked for.
    pub(crate) steps: usize,
    pub(crate) scheduler: String,
    pub(crate) guidance: f64,
    /// The seed of this picture, not that of its batch.
    pub(crate) seed: u64,
    /// The LoRA files that were added to the model.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) lora: Vec<Lora>,
    /// The embeddings that stand in its prompts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) embedding: Vec<Embedding>,
    /// The layer of the text encoders that counted, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) clip_skip: Option<usize>,
    /// The picture it was started from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) init: Option<Init>,
}

/// A LoRA file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Lora {
    /// Its file name.
    pub(crate) file: String,
    pub(crate) scale: f64,
}

/// An embedding file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Embedding {
    /// Its file name.
    pub(crate) file: String,
    /// The word that stands for it, where that is not the file's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
}

/// The picture that another was started from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Init {
    /// Its file name.
    pub(crate) file: String,
    pub(crate) strength: f64,
}

impl Settings {
    /// The texts that a PNG file carries: for people and other programs under `parameters`, and whole as JSON under `dedit`.
    pub(crate) fn texts(&self) -> Result<[(&'static str, String); 2]> {
        let json = serde_json::to_string(self);
        let json = json.map_err(|error| Error::new(ErrorKind::Internal, format!("the settings make no JSON ({error})")))?;
        Ok([("parameters", self.parameters()), ("dedit", json)])
    }

    /// The settings as people read them, in the form that other programs write and read under the name `parameters`.
    fn parameters(&self) -> String {
        let mut text = self.prompt.clone();
        if !self.negative_prompt.is_empty() {
            let _ = write!(text, "\nNegative prompt: {}", self.negative_prompt);
        }
        let Self { steps, scheduler, guidance, seed, width, height, model, .. } = self;
        let _ = write!(
            text,
            "\nSteps: {steps}, Sampler: {scheduler}, CFG scale: {guidance}, Seed: {seed}, Size: {width}x{height}, Model: {model}"
        );
        if let Some(Init { strength, .. }) = &self.init {
            let _ = write!(text, ", Denoising strength: {strength}");
        }
        for Lora { file, scale } in &self.lora {
            let _ = write!(text, ", LoRA: {file} at {scale}");
        }
        for Embedding { file, name } in &self.embedding {
            let _ = match name {
                Some(name) => write!(text, ", Embedding: {file} as {name}"),
                None => write!(text, ", Embedding: {file}"),
            };
        }
        if let Some(layer) = self.clip_skip {
            let _ = write!(text, ", Clip skip: {layer}");
        }
        let _ = write!(text, ", Version: {}", self.made_by);
        text
    }
}
