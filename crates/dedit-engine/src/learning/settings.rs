//! The settings of learning.

use dedit_diffusion::{Error, Family, Result};
use dedit_edit::Downsampling;
use dedit_schema::defaults;
use serde::{Deserialize, Serialize};

use crate::attention::TrainedAttention;
use crate::text::{Brackets, MOST_TOKENS, TokenKind};

/// One stage of fine-tuning.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StageSettings {
    /// Updates of the optimiser; 0 skips the stage.
    pub updates: usize,
    /// Learning rate.
    pub rate: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
}

/// Early stopping: a stage ends when the mean loss of the last `window` updates is not at least the share `least_gain` below that of the window before.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Plateau {
    /// Number of updates in a window.
    pub window: usize,
    /// Least relative decrease of the loss, such as 0.01.
    pub least_gain: f64,
}

/// How timesteps are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Timesteps {
    /// Independent and uniform, as published.
    Uniform,
    /// A golden-ratio sequence from a random start, which is evenly spread within each window of updates, so that the losses of windows are comparable.
    Spread,
}

/// All settings of learning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "switches that have nothing to do with each other, each with its name")]
pub struct LearnSettings {
    /// Tokens per item, 1 to 32. The paper uses 2; 5 is the best in its ablation.
    pub tokens_per_item: usize,
    /// Stage 1: the token embeddings.
    pub tokens: StageSettings,
    /// Stage 2: the attention, with frozen embeddings.
    pub attention: StageSettings,
    /// The weights that stage 2 trains.
    pub trained: TrainedAttention,
    /// Batch size: (noise, timestep) pairs in one pass of the denoiser.
    pub batch: usize,
    /// Gradient accumulation: passes per update.
    pub accumulation: usize,
    /// How timesteps are drawn.
    pub timesteps: Timesteps,
    /// Whether every item has the same total weight in the loss, whatever its size.
    pub balanced: bool,
    /// γ of min-SNR weighting (arXiv 2303.09556), which gives timesteps with little noise less weight; `None` for equal weights.
    pub min_snr_gamma: Option<f64>,
    /// Early stopping; `None` for all updates.
    pub plateau: Option<Plateau>,
    /// Whether each item keeps a cell at every resolution of the attention; otherwise masks are resized by nearest neighbour, as published.
    pub small_items_kept: bool,
    /// Whether latents are sampled from the autoencoder's posterior, as published, instead of its mean.
    pub sampled_latents: bool,
    /// How brackets in the items' templates are read.
    #[serde(default)]
    pub brackets: Brackets,
    /// Whether SDXL's size conditioning is always 1024 × 1024, as published, instead of the actual size.
    pub fixed_time_ids: bool,
    /// Gradient checkpointing: number of levels of the denoiser, from the outermost, that are computed again in the backward pass; saves memory, takes time.
    pub checkpoint_levels: usize,
    /// Seed of all random draws.
    pub seed: u64,
    /// Updates between previews; 0 for no previews.
    pub preview_every: usize,
    /// Updates between saved states; 0 for one at the end of each stage only.
    pub save_every: usize,
}

impl Default for LearnSettings {
    /// Our tuned defaults: few updates; tokens that stay near their initial words (if those of the background move far, a removed item reappears); a LoRA on all
    /// attention; evenly spread timesteps; balanced items; min-SNR weighting with γ = 5 as in its paper; early stopping.
    fn default() -> Self {
        Self {
            tokens_per_item: defaults::TOKENS,
            tokens: StageSettings { updates: defaults::UPDATES[0], rate: defaults::RATES[0], weight_decay: 0.0 },
            attention: StageSettings { updates: defaults::UPDATES[1], rate: defaults::RATES[1], weight_decay: 0.0 },
            trained: TrainedAttention::Lora { rank: defaults::RANK, alpha: defaults::RANK as f64 },
            batch: defaults::BATCH,
            accumulation: defaults::ACCUMULATION,
            timesteps: Timesteps::Spread,
            balanced: true,
            min_snr_gamma: Some(5.0),
            plateau: Some(Plateau { window: 30, least_gain: 0.01 }),
            small_items_kept: true,
            sampled_latents: false,
            brackets: Brackets::Weights,
            fixed_time_ids: false,
            checkpoint_levels: 0,
            seed: 0,
            preview_every: 0,
            save_every: 20,
        }
    }
}

/// Upper limits of LoRA rank and updates, against typing errors that would exhaust the memory.
const MOST_RANK: usize = 1024;
const MOST_UPDATES: usize = 1_000_000;

impl LearnSettings {
    /// The settings of the published implementation. `pictures` is 1, or 2 with a reference picture.
    pub fn reference(family: Family, pictures: usize) -> Self {
        let batch = match (family, pictures) {
            (_, 2..) => 1,
            (Family::Sdxl, _) => 2,
            (Family::Sd1 | Family::Sd2, _) => 5,
        };
        Self {
            tokens_per_item: 5,
            tokens: StageSettings { updates: 100, rate: 1e-4, weight_decay: 0.01 },
            attention: StageSettings { updates: 100, rate: 5e-5, weight_decay: 0.01 },
            trained: TrainedAttention::CrossAttention,
            batch,
            accumulation: 5,
            timesteps: Timesteps::Uniform,
            balanced: false,
            min_snr_gamma: None,
            plateau: None,
            small_items_kept: false,
            sampled_latents: true,
            brackets: Brackets::Characters,
            fixed_time_ids: true,
            ..Self::default()
        }
    }

    pub(crate) fn token_kind(&self) -> TokenKind {
        TokenKind { per_item: self.tokens_per_item, brackets: self.brackets }
    }

    pub(crate) fn downsampling(&self) -> Downsampling {
        if self.small_items_kept { Downsampling::AreaMajority } else { Downsampling::Nearest }
    }

    /// Validates the settings before any work is done.
    pub(crate) fn check(&self) -> Result<()> {
        if self.tokens_per_item == 0 || self.tokens_per_item > MOST_TOKENS {
            let message = format!("{} tokens per item", self.tokens_per_item);
            return Err(Error::usage(message).hint(format!("give 1 to {MOST_TOKENS}; 5 is usual")));
        }
        self.check_sizes()?;
        for (what, stage) in [("a token", self.tokens), ("an attention", self.attention)] {
            if !(stage.rate.is_finite() && stage.rate > 0.0 && stage.weight_decay.is_finite() && stage.weight_decay >= 0.0) {
                let StageSettings { rate, weight_decay, .. } = stage;
                return Err(Error::usage(format!("{what} learning rate of {rate} with weight decay {weight_decay}"))
                    .hint("give a rate above 0, such as 1e-4, and a decay from 0"));
            }
        }
        for (what, count) in [("a batch", self.batch), ("an accumulation", self.accumulation)] {
            if count == 0 {
                return Err(Error::usage(format!("{what} of 0")).hint("give at least 1"));
            }
        }
        match self.min_snr_gamma {
            Some(gamma) if !(gamma.is_finite() && gamma > 0.0) => {
                Err(Error::usage(format!("a min-SNR γ of {gamma}")).hint("give a number above 0, such as 5, or leave it out"))
            }
            _ => Ok(()),
        }
    }

    fn check_sizes(&self) -> Result<()> {
        if let Some(updates) = [self.tokens.updates, self.attention.updates].into_iter().find(|updates| *updates > MOST_UPDATES) {
            return Err(Error::usage(format!("{updates} updates")).hint(format!("give at most {MOST_UPDATES}; 100 are usual")));
        }
        if let TrainedAttention::Lora { rank, alpha } = self.trained
            && !((1..=MOST_RANK).contains(&rank) && alpha.is_finite())
        {
            let message = format!("a LoRA of rank {rank} and strength {alpha}");
            return Err(Error::usage(message).hint(format!("give a rank of 1 to {MOST_RANK}; 4 is usual")));
        }
        if let Some(Plateau { window, least_gain }) = self.plateau
            && !((1..=MOST_UPDATES).contains(&window) && least_gain.is_finite())
        {
            let message = format!("an end where {window} losses fell by less than {least_gain}");
            return Err(Error::usage(message).hint("give a window such as 30 and a share such as 0.01"));
        }
        Ok(())
    }
}
