//! The options of the command line: each is described once, and shared by the commands that take it.

use std::convert::Infallible;
use std::fmt::{self, Display};
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;

use clap::error::ErrorKind as ClapErrorKind;
use clap::{Args, Parser, Subcommand};
use dedit_diffusion::scheduler::SchedulerKind;

use crate::console::Console;
use crate::desk::Place;
use crate::error::Error;
use crate::{daemon, demo, doctor, edit, generate, install, learn, plan, segment, show};

/// Edits pictures by their items, and makes pictures from prompts, with Stable Diffusion 1, 2 and XL.
#[derive(Debug, Parser)]
#[command(name = "dedit", version, after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str =
    "Exit codes: 0 done, 2 usage, 3 bad input, 4 model, 5 connection, 6 cancelled, 7 memory or disk; 1 a fault of dedit itself.";

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Learn(Box<learn::Options>),
    Edit(Box<edit::Options>),
    Plan(Box<plan::Options>),
    Show(show::Options),
    Generate(generate::Options),
    Demo(demo::Options),
    Segment(segment::Options),
    Daemon(daemon::Options),
    Install(install::Options),
    Uninstall(install::Removal),
    Doctor(doctor::Options),
}

impl Command {
    /// How the command wants to be heard.
    pub(crate) fn reporting(&self) -> &Reporting {
        match self {
            Self::Generate(options) => &options.reporting,
            Self::Demo(options) => &options.reporting,
            Self::Learn(options) => &options.reporting,
            Self::Edit(options) => options.reporting(),
            Self::Plan(options) => options.reporting(),
            Self::Show(options) => &options.reporting,
            Self::Segment(options) => &options.reporting,
            Self::Daemon(options) => options.reporting(),
            Self::Install(options) => options.reporting(),
            Self::Uninstall(options) => options.reporting(),
            Self::Doctor(options) => &options.reporting,
        }
    }
}

/// What is told, and how.
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

/// The model and where it runs.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Model")]
pub(crate) struct Engine {
    /// A diffusers folder, a single .safetensors file, or toys for the built-in model; else the one a session was learned with, else the one that
    /// the environment variable `DEDIT_MODEL` names, else the built-in one
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
    /// Where to compute: cpu, cuda, cuda:1, metal [default: where the session was learned, else cpu]
    #[arg(long, value_name = "DEVICE")]
    pub(crate) device: Option<DeviceName>,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// What the other commands take, for calls that give every command the same options: these need no model and draw no numbers.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Unused {
    #[arg(long, hide = true)]
    model: Option<PathBuf>,
    #[arg(long, hide = true)]
    device: Option<DeviceName>,
    #[arg(long, hide = true)]
    seed: Option<u64>,
    #[command(flatten)]
    pub(crate) place: Place,
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

fn parse_seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("give a whole number from 0 to {}", u64::MAX))
}

/// Reads how many there shall be of something.
pub(crate) fn parse_count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count @ 1..=1000) => Ok(count),
        _ => Err("give a whole number from 1 to 1000; or leave it out".to_owned()),
    }
}

/// Where to compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeviceName {
    Cpu,
    Cuda(usize),
    Metal,
}

impl Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(index) => write!(f, "cuda:{index}"),
            Self::Metal => f.write_str("metal"),
        }
    }
}

impl FromStr for DeviceName {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let wrong = || "give cpu, cuda, cuda:1 or metal".to_owned();
        match name {
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
    fn from_str(text: &str) -> Result<Self, Infallible> {
        let parts = text.rsplit_once(':').and_then(|(file, scale)| Some((file, scale.parse().ok()?)));
        let (file, scale) = parts.unwrap_or((text, 1.0));
        Ok(Self { file: PathBuf::from(file), scale })
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

    fn from_str(text: &str) -> Result<Self, String> {
        let sides = text.split_once(['x', 'X', '×']);
        let parsed = sides.and_then(|(width, height)| Some(Self { width: width.parse().ok()?, height: height.parse().ok()? }));
        parsed.ok_or_else(|| "give width and height in pixels, such as 768x512".to_owned())
    }
}

/// Reads the command line; where there is nothing to run, says so and gives the exit code.
pub(crate) fn read() -> Result<Command, ExitCode> {
    let error = match Arguments::try_parse() {
        Ok(arguments) => return Ok(arguments.command),
        Err(error) => error,
    };
    if matches!(error.kind(), ClapErrorKind::DisplayHelp | ClapErrorKind::DisplayVersion) {
        let _ = error.print();
        return Err(ExitCode::SUCCESS);
    }
    // What --json asks for holds for complaints about the other options too.
    let json = std::env::args_os().any(|argument| argument == "--json");
    Err(Console::new(&Reporting { json, quiet: true }).fail(&in_one_line(&error)))
}

/// clap's complaint as one sentence.
fn in_one_line(error: &clap::Error) -> Error {
    if error.kind() == ClapErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return Error::usage("no command was given").hint("try dedit --help");
    }
    let text = error.to_string();
    let told = text.lines().take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"));
    let words: Vec<&str> = told.flat_map(str::split_whitespace).collect();
    let sentence = words.join(" ").replace(" tip: ", "; ");
    let sentence = sentence.strip_prefix("error: ").unwrap_or(&sentence);
    // Complaints about values say what to do themselves.
    let (message, hint) = sentence.split_once("; ").unwrap_or((sentence, "see dedit --help, or --help after a command"));
    Error::usage(message).hint(hint)
}

/// The names of everything in a list, for a sentence.
pub(crate) fn listed(items: impl IntoIterator<Item = impl Display>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
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
}
