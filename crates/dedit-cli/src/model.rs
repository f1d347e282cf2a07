//! From the options to a model on a device.

use std::path::{Path, PathBuf};

use candle_core::Device;
use dedit_diffusion::pipeline::Pipeline;
use dedit_diffusion::weights::OpenOptions;
use dedit_diffusion::{Checkpoint, Error, ErrorKind, Result};

use crate::arguments::{DeviceName, Engine, listed};
use crate::console::Console;

/// Names the model where the command line does not.
const VARIABLE: &str = "DEDIT_MODEL";

/// A checkpoint that was found and opened; no tensor is read yet.
pub(crate) struct Model {
    pub(crate) checkpoint: Checkpoint,
    device: Device,
    /// Whether it is the test model that stands in for a real one.
    pub(crate) stand_in: bool,
}

impl Model {
    /// Opens the checkpoint that the options name.
    pub(crate) fn open(engine: &Engine, console: &Console) -> Result<Self> {
        let device = open_device(engine.device)?;
        let (path, stand_in) = find(engine)?;
        if stand_in {
            console.note(format!(
                "no --model was given: this is the tiny test model of the repository, whose weights are random, so its pictures are noise; name a real \
                 one with --model or {VARIABLE}"
            ));
        }
        let options = OpenOptions { variant: engine.variant.clone(), config_dir: engine.config_dir.clone() };
        let checkpoint = Checkpoint::open_with(&path, &options)?;
        if !checkpoint.ignored().is_empty() {
            let (count, names) = (checkpoint.ignored().len(), checkpoint.ignored().iter().take(3));
            console.note(format!("{count} tensors of the checkpoint belong to no network and are not used: {} …", listed(names)));
        }
        Ok(Self { checkpoint, device, stand_in })
    }

    /// Builds its networks.
    pub(crate) fn load(&self) -> Result<Pipeline> {
        Pipeline::load(&self.checkpoint, &self.device)
    }

    /// Where it runs.
    pub(crate) fn device(&self) -> &Device {
        &self.device
    }

    /// The file or folder name, for a picture's settings.
    pub(crate) fn name(&self) -> String {
        let path = self.checkpoint.path();
        path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
    }
}

/// The model's path, and whether it only stands in for one.
fn find(engine: &Engine) -> Result<(PathBuf, bool)> {
    let variable = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(path) = engine.model.clone().or(variable) {
        if path.exists() {
            return Ok((path, false));
        }
        return Err(Error::model("there is no such model").at(path).hint("give a diffusers folder or a .safetensors file"));
    }
    let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/parity/tiny-sd");
    match tiny.canonicalize() {
        Ok(path) => Ok((path, true)),
        Err(_) => Err(Error::model("no model was given").hint(format!("name one with --model or the environment variable {VARIABLE}"))),
    }
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
