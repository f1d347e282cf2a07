//! How an edit is carried out: options as the daemon is told them.

use clap::{Args, ValueEnum};
use dedit_diffusion::scheduler::SchedulerKind;
use dedit_protocol::request::EditOptions;

use crate::arguments::{Preset, parse_count, random_seed};

/// How it is made.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Sampling")]
pub(crate) struct How {
    /// The way of the published implementation, or a better one
    #[arg(long, value_enum, default_value_t = Preset::Default)]
    preset: Preset,
    /// Share of the steps in which the soft ring stays as it was [default: 0.5]
    #[arg(long, value_name = "0..1", allow_negative_numbers = true)]
    strength: Option<f64>,
    /// How strongly the prompts lead [default: 7 for words, 3 else, 1 to reconstruct]
    #[arg(long, value_name = "SCALE", allow_negative_numbers = true)]
    guidance: Option<f64>,
    /// Denoising steps [default: 20; 50 to reconstruct and as published]
    #[arg(long, value_name = "N", value_parser = parse_count)]
    steps: Option<usize>,
    /// The scheduler, one of ddim, ddpm, euler, euler-a, dpmpp-2m, dpmpp-2m-karras, unipc, lcm [default: dpmpp-2m]
    #[arg(long, value_name = "NAME")]
    scheduler: Option<SchedulerKind>,
    /// How many results, with the seeds that follow
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = parse_count)]
    pub(crate) variations: usize,
    /// Share of the steps in which moved items keep their own pixels; 0 re-imagines them [default: 0.8]
    #[arg(long, value_name = "0..1", allow_negative_numbers = true)]
    anchor: Option<f64>,
    /// Where denoising starts [default: noise; inverted to reconstruct]
    #[arg(long, value_enum)]
    start: Option<StartName>,
    /// Work on the whole picture at the model's size, not on the region with its surroundings
    #[arg(long)]
    whole_picture: bool,
    /// Tie the noise to places of the picture, and let it go with what moves: frames of a film that are edited alike come out alike
    #[arg(long)]
    steady: bool,
    /// Seed of the first result [default: a random one, which is told]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

/// Where denoising starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StartName {
    /// Noise of the seed
    Noise,
    /// Noise that leads back to the picture
    Inverted,
}

impl How {
    /// Whether it is done as published.
    pub(crate) fn published(&self) -> bool {
        self.preset == Preset::Reference
    }

    /// As the daemon is told it; the seed is that of the first result.
    pub(crate) fn options(&self) -> EditOptions {
        EditOptions {
            reference: self.preset == Preset::Reference,
            steps: self.steps,
            scheduler: self.scheduler.map(|kind| kind.name().to_owned()),
            guidance: self.guidance,
            strength: self.strength,
            anchor: self.anchor,
            inverted: self.start.map(|start| start == StartName::Inverted),
            whole_picture: self.whole_picture,
            steady: self.steady,
            seed: Some(self.seed.unwrap_or_else(random_seed)),
        }
    }
}
