//! What learning and editing are told about how.

use serde::{Deserialize, Serialize};

/// A LoRA file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lora {
    /// Its path on the daemon's machine.
    pub file: String,
    /// How strongly it counts.
    pub scale: f64,
}

/// An embedding file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Embedding {
    /// Its path on the daemon's machine.
    pub file: String,
    /// The word that stands for it in prompts; without one the file's name without its ending.
    #[serde(default)]
    pub name: Option<String>,
}

/// A model and where it runs. What is left out is as the session has it, then as the daemon was started.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelChoice {
    /// A name, or a path on the daemon's machine.
    pub model: Option<String>,
    /// `auto`, `cpu`, `cuda`, `cuda:1`, `metal`.
    pub device: Option<String>,
    /// Weight files with this in their names, such as `fp16`.
    pub variant: Option<String>,
    /// For a single file of unusual sizes: a folder whose configurations are used.
    pub config_dir: Option<String>,
    /// An autoencoder instead of the model's own: the path of a file or folder on the daemon's machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vae: Option<String>,
    /// LoRA files on it.
    pub loras: Vec<Lora>,
    /// Embedding files (textual inversion) for its prompts.
    pub embeddings: Vec<Embedding>,
    /// The layer of its text encoders that counts, from the end: 1 for the last one.
    pub clip_skip: Option<usize>,
}

/// How a picture is learned; what is left out is as the preset has it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LearnOptions {
    /// As published.
    pub reference: bool,
    /// Tokens of each item.
    pub tokens: Option<usize>,
    /// Updates of the two stages at most.
    pub updates: Option<[usize; 2]>,
    /// Learning rates of the two stages.
    pub rates: Option<[f64; 2]>,
    /// Rank of the LoRA on the attention.
    pub rank: Option<usize>,
    /// Trains the cross-attention weights themselves.
    pub full_attention: bool,
    /// Noised copies in one pass.
    pub batch: Option<usize>,
    /// Passes to an update.
    pub accumulation: Option<usize>,
    /// Goes through all updates.
    pub no_early_stop: bool,
    /// Levels that are computed again in the backward pass.
    pub checkpoint_levels: usize,
    /// Updates between previews.
    pub preview_every: usize,
    /// Seed of everything random.
    pub seed: u64,
}

/// Learning.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Learn {
    /// The session.
    pub session: String,
    /// The model.
    pub model: ModelChoice,
    /// How.
    pub options: LearnOptions,
    /// Begins again, whatever was learned or begun.
    pub restart: bool,
    /// Goes on when this client is gone.
    pub keep: bool,
}

/// How an edit is made; what is left out is as the preset has it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EditOptions {
    /// As published.
    pub reference: bool,
    /// Denoising steps.
    pub steps: Option<usize>,
    /// The scheduler's name.
    pub scheduler: Option<String>,
    /// How strongly the prompts lead.
    pub guidance: Option<f64>,
    /// Share of the steps in which the soft ring stays.
    pub strength: Option<f64>,
    /// Share of the steps in which moved items keep their own pixels.
    pub anchor: Option<f64>,
    /// Starts from noise that leads back to the picture.
    pub inverted: Option<bool>,
    /// Works on the whole picture.
    pub whole_picture: bool,
    /// Ties the noise to places of the picture: frames of a film that are edited alike come out alike.
    pub steady: bool,
    /// Seed of the noise; without one the daemon draws it, and tells.
    pub seed: Option<u64>,
}
