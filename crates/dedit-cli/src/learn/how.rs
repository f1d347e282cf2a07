//! How a picture is learned: options to settings.

use clap::{Args, ValueEnum};
use dedit_diffusion::{Error, Result};
use dedit_engine::learning::LearnSettings;
use dedit_engine::{Engine, TrainedAttention};

use crate::arguments;

/// How it is learned.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Learning")]
pub(crate) struct How {
    /// The way of the published implementation, or a better one
    #[arg(long, value_enum, default_value_t = Preset::Default)]
    preset: Preset,
    /// Tokens of each item [default: 5]
    #[arg(long, value_name = "N", value_parser = arguments::parse_count)]
    tokens: Option<usize>,
    /// Updates of the two stages at most, for the tokens and for the attention [default: 80,120]
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    updates: Vec<usize>,
    /// Learning rates of the two stages [default: 0.001,0.0005]
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    rates: Vec<f64>,
    /// Rank of the LoRA on the attention [default: 4]
    #[arg(long, value_name = "N", conflicts_with = "full_attention", value_parser = arguments::parse_count)]
    rank: Option<usize>,
    /// Train the cross-attention weights themselves: a session of over 100 MB
    #[arg(long)]
    full_attention: bool,
    /// Noised copies in one pass [default: 1]
    #[arg(long, value_name = "N", value_parser = arguments::parse_count)]
    batch: Option<usize>,
    /// Passes to an update [default: 2]
    #[arg(long, value_name = "N", value_parser = arguments::parse_count)]
    accumulation: Option<usize>,
    /// Go through all updates, also when the loss has settled
    #[arg(long)]
    no_early_stop: bool,
    /// Compute the outermost N levels of the denoiser again in the backward pass: less memory for more time
    #[arg(long, value_name = "N", default_value_t = 0)]
    checkpoint_levels: usize,
    /// Write a preview to the session's folder every N updates
    #[arg(long, value_name = "N", default_value_t = 0)]
    preview_every: usize,
    /// Seed of everything random
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

/// The published way, or a better one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Preset {
    /// Better
    Default,
    /// As published
    Reference,
}

impl How {
    /// The settings for a model and one or two pictures.
    pub(crate) fn settings(&self, engine: &Engine, pictures: usize) -> Result<LearnSettings> {
        let mut settings = match self.preset {
            Preset::Default => LearnSettings::default(),
            Preset::Reference => LearnSettings::reference(engine.pipeline().family(), pictures),
        };
        settings.tokens_per_item = self.tokens.unwrap_or(settings.tokens_per_item);
        if let Some([tokens, attention]) = pair(&self.updates, "updates")? {
            (settings.tokens.updates, settings.attention.updates) = (tokens, attention);
        }
        if let Some([tokens, attention]) = pair(&self.rates, "rates")? {
            (settings.tokens.rate, settings.attention.rate) = (tokens, attention);
        }
        if let Some(rank) = self.rank {
            settings.trained = TrainedAttention::Lora { rank, alpha: rank as f64 };
        }
        if self.full_attention {
            settings.trained = TrainedAttention::CrossAttention;
        }
        settings.batch = self.batch.unwrap_or(settings.batch);
        settings.accumulation = self.accumulation.unwrap_or(settings.accumulation);
        if self.no_early_stop {
            settings.plateau = None;
        }
        let (checkpoint_levels, preview_every, seed) = (self.checkpoint_levels, self.preview_every, self.seed);
        Ok(LearnSettings { checkpoint_levels, preview_every, seed, ..settings })
    }
}

/// Two numbers, one for each stage, if any were given.
pub(crate) fn pair<T: Copy>(values: &[T], what: &str) -> Result<Option<[T; 2]>> {
    match values {
        [] => Ok(None),
        &[one, other] => Ok(Some([one, other])),
        _ => Err(Error::usage(format!("--{what} has {} numbers", values.len())).hint("give two, one for each stage, such as 80,120")),
    }
}
