//! From the options to a model on a device.

use std::path::{Path, PathBuf};

use candle_core::Device;
use dedit_diffusion::lora::{LoraFile, Placement};
use dedit_diffusion::pipeline::Pipeline;
use dedit_diffusion::weights::OpenOptions;
use dedit_diffusion::{Checkpoint, Error, ErrorKind, Result};

use crate::arguments::{DeviceName, Engine, Lora, listed};
use crate::console::Console;
use crate::output::file_name;

/// Names the model where the command line does not.
const VARIABLE: &str = "DEDIT_MODEL";

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
    /// Whether its weights are random: a model for tests.
    pub(crate) is_test: bool,
}

impl Model {
    /// Opens the checkpoint that the options name; `recorded` is the one a session was learned with.
    pub(crate) fn open(engine: &Engine, recorded: Option<&Path>, console: &Console) -> Result<Self> {
        let device = open_device(engine.device)?;
        let path = find(engine, recorded, console)?;
        let is_test = test_models().zip(path.canonicalize().ok()).is_some_and(|(folder, path)| path.starts_with(folder));
        if is_test {
            console.note(format!("the weights of this tiny test model are random, so its pictures are noise: {}", path.display()));
        }
        let options = OpenOptions { variant: engine.variant.clone(), config_dir: engine.config_dir.clone() };
        let checkpoint = Checkpoint::open_with(&path, &options)?;
        if !checkpoint.ignored().is_empty() {
            let (count, names) = (checkpoint.ignored().len(), checkpoint.ignored().iter().take(3));
            console.note(format!("{count} tensors of the checkpoint belong to no network and are not used: {} …", listed(names)));
        }
        let choice = Choice { name: file_name(&path), device, loras: engine.lora.clone(), is_test };
        Ok(Self { checkpoint, choice })
    }

    /// Its file or folder, whole.
    pub(crate) fn path(&self) -> &Path {
        self.checkpoint.path()
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

/// The model's path.
fn find(engine: &Engine, recorded: Option<&Path>, console: &Console) -> Result<PathBuf> {
    let variable = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
    let how = format!("name one with --model or the environment variable {VARIABLE}");
    match (engine.model.clone().or(recorded.map(Path::to_path_buf)).or(variable), test_models()) {
        (Some(path), _) if path.exists() => Ok(path),
        (Some(path), _) => Err(Error::model("there is no such model").at(path).hint("give a diffusers folder or a .safetensors file")),
        (None, Some(folder)) => {
            console.note(format!("no model was given, so a test model is taken; {how}"));
            Ok(folder.join("tiny-sd"))
        }
        (None, None) => Err(Error::model("no model was given").hint(how)),
    }
}

/// Where the repository that this was built from keeps models for its tests, if it is there.
fn test_models() -> Option<PathBuf> {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/parity").canonicalize().ok()
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
