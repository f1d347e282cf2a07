//! How a picture is learned: options as the daemon is told them.

use clap::Args;
use dedit_protocol::request::LearnOptions;

use crate::arguments::{self, Preset, pair};
use crate::error::Result;

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
    pub(super) preview_every: usize,
    /// Seed of everything random
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

impl How {
    /// What makes no sense is told before anything is sent.
    pub(super) fn options(&self) -> Result<LearnOptions> {
        let (updates, rates) = (pair(&self.updates, "updates")?, pair(&self.rates, "rates")?);
        dedit_edit::LearnOptions { tokens: self.tokens, rates, ..dedit_edit::LearnOptions::default() }.check()?;
        Ok(LearnOptions {
            reference: self.preset == Preset::Reference,
            tokens: self.tokens,
            updates,
            rates,
            rank: self.rank,
            full_attention: self.full_attention,
            batch: self.batch,
            accumulation: self.accumulation,
            no_early_stop: self.no_early_stop,
            checkpoint_levels: self.checkpoint_levels,
            preview_every: self.preview_every,
            seed: self.seed,
        })
    }
}
