//! Segment-anything models by their names or paths.

use std::path::{Path, PathBuf};

use candle_core::Device;
use dedit_catalog::{Kind, Library};
use dedit_edit::{Error, Result};
use dedit_patches::NAME;
use dedit_sam::{Sam, SharedSam};
use dedit_segment::Segmenter;
use dedit_session::{Found, ModelChoice};
use dedit_toys::model as toys;

/// The file with the weights, in folders of transformers.
const FILES: [&str; 2] = ["model.safetensors", "pytorch_model.bin"];

/// Finds the model of a name or path; without one the usual one. `None` for the way without weights: by its name, or where there is no usual model.
pub(crate) fn find(name: Option<&str>, library: &Library) -> Result<Option<Found>> {
    let path = match name {
        None => library.usual_segmentation(),
        Some(NAME) => None,
        Some(name) => Some(by_name(name, library)?),
    };
    path.map(|path| found(&path)).transpose()
}

fn by_name(name: &str, library: &Library) -> Result<PathBuf> {
    let path = Path::new(name);
    if path.exists() {
        return Ok(path.to_path_buf());
    }
    if name == toys::NAME {
        return Err(Error::model("this is a diffusion model, and no segment-anything model").at(name).hint(hint()));
    }
    let found = library.named(name).ok_or_else(|| match dedit_catalog::known::named(name) {
        Some(_) => library.missing(name),
        None => Error::model("there is no such model").at(name).hint(hint()),
    })?;
    if let Some(broken) = found.broken {
        return Err(Error::model(format!("this model is broken: {broken}")).at(found.path).hint("fetch or copy it again"));
    }
    if found.kind != Kind::Segmentation {
        let message = format!("this is no segment-anything model but a file of the kind {}", found.kind);
        return Err(Error::model(message).at(found.path).hint(hint()));
    }
    Ok(found.path)
}

fn hint() -> String {
    format!("give a checkpoint of SAM or MobileSAM, a name that dedit model list shows, or {NAME} for none")
}

fn found(path: &Path) -> Result<Found> {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let file = if path.is_dir() {
        let file = FILES.iter().map(|file| path.join(file)).find(|file| file.is_file());
        file.ok_or_else(|| Error::model("this folder has no weights of a segment-anything model").at(&path).hint(hint()))?
    } else {
        path.clone()
    };
    let bytes = std::fs::metadata(&file).map_or(0, |found| found.len());
    let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let choice = ModelChoice { model: Some(file.to_string_lossy().into_owned()), device: Some("cpu".to_owned()), ..ModelChoice::default() };
    Ok(Found { choice, name, bytes })
}

/// Loads a model that was found, on the processor.
pub(crate) fn load(found: &Found) -> Result<Box<dyn Segmenter>> {
    let path = found.choice.model.as_deref().unwrap_or_default();
    Ok(Box::new(SharedSam::from(Sam::open(Path::new(path), &Device::Cpu)?)))
}
