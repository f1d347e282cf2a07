//! The supported schedulers, by their names on the command line and in diffusers.

use std::fmt;
use std::str::FromStr;

use crate::{Error, Result};

/// A scheduler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SchedulerKind {
    /// Denoising diffusion implicit models (arXiv 2010.02502), without noise (η = 0).
    Ddim,
    /// Denoising diffusion probabilistic models (arXiv 2006.11239): new noise at every step.
    Ddpm,
    /// Euler's method on the probability flow (arXiv 2206.00364, algorithm 2 without churn).
    Euler,
    /// Euler's method with ancestral noise, as in k-diffusion.
    EulerAncestral,
    /// DPM-Solver++ 2M (arXiv 2211.01095, algorithm 2).
    DpmPlusPlus2M,
    /// DPM-Solver++ 2M on the noise levels of arXiv 2206.00364, equation 5.
    DpmPlusPlus2MKarras,
    /// UniPC: a predictor and a corrector without further model calls (arXiv 2302.04867).
    UniPc,
    /// Latent consistency models (arXiv 2310.04378): 1 to 8 steps with weights distilled for it.
    Lcm,
}

impl SchedulerKind {
    /// All schedulers, in the order of listings.
    pub const ALL: [Self; 8] =
        [Self::Ddim, Self::Ddpm, Self::Euler, Self::EulerAncestral, Self::DpmPlusPlus2M, Self::DpmPlusPlus2MKarras, Self::UniPc, Self::Lcm];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ddim => "ddim",
            Self::Ddpm => "ddpm",
            Self::Euler => "euler",
            Self::EulerAncestral => "euler-a",
            Self::DpmPlusPlus2M => "dpmpp-2m",
            Self::DpmPlusPlus2MKarras => "dpmpp-2m-karras",
            Self::UniPc => "unipc",
            Self::Lcm => "lcm",
        }
    }

    /// The `_class_name` in `scheduler_config.json`; both DPM-Solver++ kinds have the same.
    pub fn class_name(self) -> &'static str {
        match self {
            Self::Ddim => "DDIMScheduler",
            Self::Ddpm => "DDPMScheduler",
            Self::Euler => "EulerDiscreteScheduler",
            Self::EulerAncestral => "EulerAncestralDiscreteScheduler",
            Self::DpmPlusPlus2M | Self::DpmPlusPlus2MKarras => "DPMSolverMultistepScheduler",
            Self::UniPc => "UniPCMultistepScheduler",
            Self::Lcm => "LCMScheduler",
        }
    }

    /// The names of all schedulers, for an error or a help text.
    pub fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }
}

impl fmt::Display for SchedulerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for SchedulerKind {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == name);
        found.ok_or_else(|| Error::usage(format!("there is no scheduler '{name}'")).hint(format!("choose one of {}", Self::names())))
    }
}
