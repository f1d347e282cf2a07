//! Options that several commands take. The commands use this file; it uses none of them.

use std::collections::hash_map::RandomState;
use std::convert::Infallible;
use std::fmt::{self, Display};
use std::hash::{BuildHasher as _, Hasher as _};
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use dedit_diffusion::scheduler::SchedulerKind;

use crate::error::{Error, Result};

/// How the command reports.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Reporting")]
pub(crate) struct Reporting {
    /// Print one JSON object on standard output at the end, and progress and errors as JSON lines on standard error
    #[arg(long)]
    pub(crate) json: bool,
    /// Say nothing but errors, and the JSON object where --json asks for it
    #[arg(long)]
    pub(crate) quiet: bool,
}

/// Where the engine runs.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Daemon")]
pub(crate) struct DaemonOptions {
    /// Run the engine in this process; without this the daemon does, which is started if it is not there, and keeps models and pictures ready
    #[arg(long)]
    pub(crate) no_daemon: bool,
    /// The daemon's socket [default: the environment variable `DEDIT_SOCKET`, else the user's own]
    #[arg(long, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
}

/// The model and where it runs.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Model")]
pub(crate) struct Engine {
    /// A name that dedit model list shows, a diffusers folder or a single .safetensors file; patches, which fills, moves and inserts by what pictures
    /// show and needs no weights; or toys for the built-in model, which knows toys alone [default: the one a session was learned with, else the one that
    /// the environment variable `DEDIT_MODEL` names, else the one that dedit model default chose, else the only one of this machine, else patches]
    #[arg(long, value_name = "NAME|PATH")]
    pub(crate) model: Option<PathBuf>,
    /// Take the weight files with this in their names where there are such, such as fp16
    #[arg(long, value_name = "NAME")]
    pub(crate) variant: Option<String>,
    /// For a single file of unusual sizes: a diffusers folder whose configurations, tokenizers and scheduler settings are used
    #[arg(long, value_name = "DIR")]
    pub(crate) config_dir: Option<PathBuf>,
    /// A LoRA and how strongly it counts, 1 if not said; give it again for more of them
    #[arg(long, value_name = "FILE[:SCALE]")]
    pub(crate) lora: Vec<Lora>,
    /// An autoencoder (VAE) to use instead of the model's own: a .safetensors file or a diffusers folder
    #[arg(long, value_name = "PATH")]
    pub(crate) vae: Option<PathBuf>,
    /// An embedding (textual inversion) and the word that stands for it in prompts, the file's name if not said; give it again for more of them
    #[arg(long, value_name = "FILE[:NAME]")]
    pub(crate) embedding: Vec<Embedding>,
    /// The layer of the text encoders whose output counts, from the end: 1 for the last one [default: 1; 2 for XL]
    #[arg(long, value_name = "N", value_parser = parse_count)]
    pub(crate) clip_skip: Option<usize>,
    /// Where to compute: cpu, cuda, cuda:1, metal, or auto for the first of CUDA, Metal and the processor that opens [default: where the session was
    /// learned, else auto]
    #[arg(long, value_name = "DEVICE")]
    pub(crate) device: Option<DeviceName>,
    #[command(flatten)]
    pub(crate) daemon: DaemonOptions,
}

/// What the other commands take, for calls that give every command the same options: these need no model and draw no numbers.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Unused {
    #[arg(long, hide = true)]
    model: Option<PathBuf>,
    #[command(flatten)]
    draw: UnusedDraw,
    #[command(flatten)]
    pub(crate) daemon: DaemonOptions,
}

/// The same for a command that takes a model.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct UnusedDraw {
    #[arg(long, hide = true)]
    device: Option<DeviceName>,
    #[arg(long, hide = true)]
    seed: Option<u64>,
}

/// How noise becomes a picture.
#[derive(Debug, Args)]
#[command(next_help_heading = "Sampling")]
pub(crate) struct Sampling {
    /// Denoising steps [default: 25; 4 for models distilled to few steps]
    #[arg(long, value_name = "N", value_parser = parse_count)]
    pub(crate) steps: Option<usize>,
    /// The scheduler, one of ddim, ddpm, euler, euler-a, dpmpp-2m, dpmpp-2m-karras, unipc, lcm [default: the model's own]
    #[arg(long, value_name = "NAME")]
    pub(crate) scheduler: Option<SchedulerKind>,
    /// How strongly the prompt leads; up to 1 the negative prompt is not used and a step costs half [default: 7.5; 5 for XL]
    #[arg(long, value_name = "SCALE", allow_negative_numbers = true)]
    pub(crate) guidance: Option<f64>,
    /// Seed of the first picture; the same seed gives the same picture [default: a random one, which is told]
    #[arg(long, value_name = "N", value_parser = parse_seed)]
    pub(crate) seed: Option<u64>,
}

fn parse_seed(text: &str) -> std::result::Result<u64, String> {
    text.parse().map_err(|_| format!("give a whole number from 0 to {}", u64::MAX))
}

/// A seed that is short enough to be typed again.
pub(crate) fn random_seed() -> u64 {
    // The standard library's hasher is keyed with the system's random numbers.
    RandomState::new().build_hasher().finish() >> 32
}

/// Reads how many there shall be of something.
pub(crate) fn parse_count(text: &str) -> std::result::Result<usize, String> {
    match text.parse() {
        Ok(count @ 1..=1000) => Ok(count),
        _ => Err("give a whole number from 1 to 1000; or leave it out".to_owned()),
    }
}

/// Two numbers, one for each stage of learning, if any were given.
pub(crate) fn pair<T: Copy>(values: &[T], what: &str) -> Result<Option<[T; 2]>> {
    match values {
        [] => Ok(None),
        &[one, other] => Ok(Some([one, other])),
        _ => Err(Error::usage(format!("--{what} has {} numbers", values.len())).hint("give two, one for each stage, such as 80,120")),
    }
}

/// Where to compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeviceName {
    Auto,
    Cpu,
    Cuda(usize),
    Metal,
}

impl Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str(dedit_models::AUTO),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(index) => write!(f, "cuda:{index}"),
            Self::Metal => f.write_str("metal"),
        }
    }
}

impl FromStr for DeviceName {
    type Err = String;

    fn from_str(name: &str) -> std::result::Result<Self, String> {
        let wrong = || "give auto, cpu, cuda, cuda:1 or metal".to_owned();
        match name {
            dedit_models::AUTO => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            "metal" => Ok(Self::Metal),
            _ => name.strip_prefix("cuda:").and_then(|index| index.parse().ok()).map(Self::Cuda).ok_or_else(wrong),
        }
    }
}

/// A LoRA file and its scale.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Lora {
    pub(crate) file: PathBuf,
    pub(crate) scale: f64,
}

impl FromStr for Lora {
    type Err = Infallible;

    /// What follows the last colon is the scale if it is a number, and part of the name if not.
    fn from_str(text: &str) -> std::result::Result<Self, Infallible> {
        let parts = text.rsplit_once(':').and_then(|(file, scale)| Some((file, scale.parse().ok()?)));
        let (file, scale) = parts.unwrap_or((text, 1.0));
        Ok(Self { file: PathBuf::from(file), scale })
    }
}

/// An embedding file and its name in prompts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Embedding {
    pub(crate) file: PathBuf,
    pub(crate) name: Option<String>,
}

impl FromStr for Embedding {
    type Err = Infallible;

    /// What follows the last colon is the name, unless it has a separator of folders: then it is part of the path.
    fn from_str(text: &str) -> std::result::Result<Self, Infallible> {
        let parts = text.rsplit_once(':').filter(|(file, name)| !file.is_empty() && !name.contains(['/', '\\']));
        let (file, name) = parts.map_or((text, None), |(file, name)| (file, Some(name.to_owned())));
        Ok(Self { file: PathBuf::from(file), name })
    }
}

/// Width and height in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) width: usize,
    pub(crate) height: usize,
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let sides = text.split_once(['x', 'X', '×']);
        let parsed = sides.and_then(|(width, height)| Some(Self { width: width.parse().ok()?, height: height.parse().ok()? }));
        parsed.ok_or_else(|| "give width and height in pixels, such as 768x512".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_of_a_lora_follows_the_last_colon() {
        for (text, file, scale) in [
            ("a.safetensors", "a.safetensors", 1.0),
            ("a.safetensors:0.5", "a.safetensors", 0.5),
            ("a.safetensors:-1", "a.safetensors", -1.0),
            ("C:\\a.safetensors", "C:\\a.safetensors", 1.0),
            ("C:\\a.safetensors:2", "C:\\a.safetensors", 2.0),
            ("a:b", "a:b", 1.0),
        ] {
            assert_eq!(text.parse(), Ok(Lora { file: file.into(), scale }), "{text}");
        }
    }
    #[test]
    fn the_name_of_an_embedding_follows_the_last_colon() {
        for (text, file, name) in [
            ("a.safetensors", "a.safetensors", None),
            ("a.safetensors:style", "a.safetensors", Some("style")),
            ("C:\\a.safetensors", "C:\\a.safetensors", None),
            ("C:/a.safetensors:style-2", "C:/a.safetensors", Some("style-2")),
            ("a.safetensors:", "a.safetensors", Some("")),
            (":style", ":style", None),
        ] {
            assert_eq!(text.parse(), Ok(Embedding { file: file.into(), name: name.map(str::to_owned) }), "{text}");
        }
    }
}
