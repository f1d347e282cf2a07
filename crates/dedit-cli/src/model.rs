//! From the options to a model on a device.

use std::path::{Path, PathBuf};

use candle_core::Device;
use dedit_diffusion::lora::{LoraFile, Placement};
use dedit_diffusion::pipeline::Pipeline;
use dedit_diffusion::weights::OpenOptions;
use dedit_diffusion::{Checkpoint, Error, ErrorKind, Result};
use dedit_toys::model as toys;
use etcetera::{BaseStrategy as _, choose_base_strategy};

use crate::arguments::{DeviceName, Engine, Lora, listed};
use crate::console::Console;
use crate::output::file_name;

/// Names the model where the command line does not.
const VARIABLE: &str = "DEDIT_MODEL";
/// Names the folder that the built-in model is unpacked to, instead of the user's usual one.
const CACHE: &str = "DEDIT_CACHE";

/// A checkpoint that was found and opened; no tensor is read yet.
pub(crate) struct Model {
    checkpoint: Checkpoint,
    choice: Choice,
}

/// What was chosen: what is left to know of a model when it is loaded.
pub(crate) struct Choice {
    /// The file or folder name.
    pub(crate) name: String,
    pub(crate) device: Device,
    pub(crate) loras: Vec<Lora>,
    /// Whether it is the model of this program, which knows toys and nothing else.
    pub(crate) is_built_in: bool,
}

impl Choice {
    /// Tells which words of a prompt the built-in model was never shown; others know them all, about.
    pub(crate) fn check_words(&self, prompt: &str, console: &Console) {
        let unknown = if self.is_built_in { toys::unknown_words(prompt) } else { Vec::new() };
        if !unknown.is_empty() {
            let unknown = listed(unknown);
            console.note(format!("the built-in model knows toys alone, and not these words: {unknown}; name another model with --model"));
        }
    }
}

impl Model {
    /// Opens the checkpoint that the options name; `recorded` is the one a session was learned with.
    pub(crate) fn open(engine: &Engine, recorded: Option<&Path>, console: &Console) -> Result<Self> {
        let device = open_device(engine.device)?;
        let (path, is_built_in) = find(engine, recorded)?;
        if is_built_in && recorded.is_none() && engine.model.is_none() {
            console.note(format!("the built-in model draws toy scenes and nothing else; name another with --model or {VARIABLE}"));
        }
        let options = OpenOptions { variant: engine.variant.clone(), config_dir: engine.config_dir.clone() };
        let checkpoint = Checkpoint::open_with(&path, &options)?;
        if !checkpoint.ignored().is_empty() {
            let (count, names) = (checkpoint.ignored().len(), checkpoint.ignored().iter().take(3));
            console.note(format!("{count} tensors of the checkpoint belong to no network and are not used: {} …", listed(names)));
        }
        let name = if is_built_in { toys::NAME.to_owned() } else { file_name(&path) };
        let choice = Choice { name, device, loras: engine.lora.clone(), is_built_in };
        Ok(Self { checkpoint, choice })
    }

    /// What finds it again: its file or folder, whole, or the name of the built-in one.
    pub(crate) fn lasting_name(&self) -> PathBuf {
        if self.choice.is_built_in {
            return PathBuf::from(toys::NAME);
        }
        let path = self.checkpoint.path();
        std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
    }

    /// How many pixels a latent pixel stands for, along each side.
    pub(crate) fn pixels_per_latent(&self) -> usize {
        self.checkpoint.vae().config.pixels_per_latent()
    }

    /// Builds its networks, with every LoRA on them, and closes the files.
    pub(crate) fn load(self, console: &Console) -> Result<(Pipeline, Choice)> {
        let Self { checkpoint, choice } = self;
        // Opened first: a name that is wrong is told before the time that a large model takes.
        let files = choice.loras.iter().map(|lora| LoraFile::open(&lora.file)).collect::<Result<Vec<_>>>()?;
        let mut pipeline = Pipeline::load(&checkpoint, &choice.device)?;
        for (lora, file) in choice.loras.iter().zip(files) {
            // Beside the weights it counts exactly; merged, it would be rounded to what they are stored in.
            let applied = pipeline.apply_lora(&file, Placement::Beside, lora.scale)?;
            let unused: Vec<&String> = applied.unmatched.iter().chain(file.unknown()).collect();
            if let Some(first) = unused.first() {
                let (count, place) = (unused.len(), lora.file.display());
                console.note(format!("{count} tensors of this LoRA fit nothing in the model and are not used, such as {first}: {place}"));
            }
        }
        Ok((pipeline, choice))
    }
}

/// The model's path, and whether it is the built-in one.
fn find(engine: &Engine, recorded: Option<&Path>) -> Result<(PathBuf, bool)> {
    let variable = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
    match engine.model.clone().or(recorded.map(Path::to_path_buf)).or(variable) {
        Some(path) if path.exists() => Ok((path, false)),
        Some(path) if path != Path::new(toys::NAME) => {
            let hint = format!("give a diffusers folder, a .safetensors file, or the built-in model's name, {}", toys::NAME);
            Err(Error::model("there is no such model").at(path).hint(hint))
        }
        _ => Ok((unpack()?, true)),
    }
}

/// Unpacks the built-in model where this user's programs keep what they can make again.
fn unpack() -> Result<PathBuf> {
    let own = || choose_base_strategy().map(|folders| folders.cache_dir().join("dedit")).ok();
    let named = std::env::var_os(CACHE).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = named.or_else(own).unwrap_or_else(|| std::env::temp_dir().join("dedit"));
    toys::unpack(&folder).map_err(|error| {
        Error::new(ErrorKind::Resources, format!("the built-in model cannot be unpacked ({error})"))
            .at(folder)
            .hint(format!("make room or name another folder with the environment variable {CACHE}"))
    })
}

fn open_device(name: DeviceName) -> Result<Device> {
    let (opened, built, feature) = match name {
        DeviceName::Cpu => return Ok(Device::Cpu),
        DeviceName::Cuda(index) => (Device::new_cuda(index), cfg!(feature = "cuda"), "cuda"),
        DeviceName::Metal => (Device::new_metal(0), cfg!(feature = "metal"), "metal"),
    };
    if !built {
        return Err(Error::usage(format!("this dedit was built without support for {feature}"))
            .hint(format!("use --device cpu, or build it with --features {feature}")));
    }
    opened.map_err(|error| {
        Error::new(ErrorKind::Resources, format!("the device {feature} cannot be opened ({error})")).hint("use --device cpu")
    })
}
