//! Autoencoders of their own: a diffusers folder, or a file with the names of diffusers or of the original code.

use std::path::Path;
use std::sync::Arc;

use super::super::file::SafetensorsFile;
use super::super::folder::ComponentFiles;
use super::super::{Component, Family, Weights, names};
use super::{VAE, original_vae, shapes};
use crate::config::{ConfigFile, VaeConfig};
use crate::{Error, Result};

/// Opens the autoencoder at `path`: the folder of one, a checkpoint's folder with one in it, or a file. A file says neither its groups nor how its latents
/// are scaled: they are as in `vae/config.json` of the checkpoint's folder `config_dir`, or as in all models of the family.
pub(in crate::weights) fn open(path: &Path, family: Family, config_dir: Option<&Path>) -> Result<Component<VaeConfig>> {
    if !path.is_dir() {
        return from_file(path, family, config_dir);
    }
    let inner = path.join("vae");
    let dir = if path.join("model_index.json").exists() && inner.is_dir() { inner.as_path() } else { path };
    let config = VaeConfig::from_file(&ConfigFile::read(&dir.join("config.json"))?)?;
    let files = ComponentFiles::open(dir, "diffusion_pytorch_model", None)?;
    Ok(Component { config, weights: Weights::new(dir, &files.files, names::vae)? })
}

fn from_file(path: &Path, family: Family, config_dir: Option<&Path>) -> Result<Component<VaeConfig>> {
    let file = Arc::new(SafetensorsFile::open(path)?);
    // A whole checkpoint has one too.
    let prefix = if file.has_prefix(VAE) { VAE } else { "" };
    let has = |start: &str| file.has_prefix(&format!("{prefix}{start}"));
    if !has("encoder.conv_in.") || !has("decoder.conv_in.") {
        let example = file.names().next().unwrap_or("no tensor at all").to_owned();
        return Err(Error::model(format!("this is no autoencoder of Stable Diffusion (it holds {example})"))
            .at(path)
            .hint("give the file or folder of a VAE"));
    }
    let is_diffusers = has("encoder.down_blocks.");
    let weights = if is_diffusers {
        Weights::new(path, &[file], |name| name.strip_prefix(prefix).map_or_else(Vec::new, names::vae))?
    } else {
        original_vae(&file, prefix)?
    };
    let stored = config_dir.map_or(Ok(None), |dir| ConfigFile::read_if_present(&dir.join("vae/config.json")))?;
    let config = match stored {
        Some(config) => config,
        None => ConfigFile::parse(&shapes::vae(&weights, family)?.to_string(), path)?,
    };
    let config = VaeConfig::from_file(&config)?;
    Ok(Component { config, weights })
}
