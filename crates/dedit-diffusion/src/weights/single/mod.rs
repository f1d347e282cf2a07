//! Single-file checkpoints: all networks in one safetensors file, with the names of the original code (LDM).

mod recognise;
mod schedule;
mod shapes;
#[cfg(test)]
mod tests;
mod text_names;
mod unet_names;
mod vae_file;
mod vae_names;

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

pub(crate) use self::unet_names::diffusers as unet_name_from_original;
pub(super) use self::vae_file::open as open_vae;
use super::file::SafetensorsFile;
use super::markers::{Markers, is_marker};
use super::names::{self, Slot};
use super::parts::{TEXT_ENCODERS, check_channels, check_widths, force_zeros, scheduler_json, tokenizer_dirs};
use super::{Checkpoint, Component, Family, OpenOptions, Weights};
use crate::config::{ClipTextConfig, ConfigFile, UnetConfig, VaeConfig};
use crate::{Error, Result};

const UNET: &str = "model.diffusion_model.";
/// Moving averages of the U-Net's weights, whose names lack the dots.
const AVERAGES: &str = "model_ema.diffusion_model";
const VAE: &str = "first_stage_model.";
const TEXT_SD1: &str = "cond_stage_model.transformer.";
const TEXT_SD2: &str = "cond_stage_model.model.";
const TEXT_SDXL: [&str; 2] = ["conditioner.embedders.0.transformer.", "conditioner.embedders.1.model."];

/// Opens a single file.
pub(super) fn open(path: &Path, options: &OpenOptions) -> Result<Checkpoint> {
    if let Some(variant) = &options.variant {
        return Err(Error::usage(format!("a single file has no variants, and the variant {variant:?} was asked for")).at(path));
    }
    let file = Arc::new(SafetensorsFile::open(path)?);
    let family = recognise::family(&file, options.vae.is_some())?;
    let single = Single { file, family, config_dir: options.config_dir.as_deref() };
    let text_encoders: Vec<_> = (0..family.text_encoders()).map(|encoder| single.text_encoder(encoder)).collect::<Result<_>>()?;
    let pooled = text_encoders.last().map_or(0, |encoder| encoder.config.projection_dim);
    let unet = single.unet(pooled)?;
    check_widths(family, &unet.config, &text_encoders).map_err(|error| error.at(path))?;
    let vae = match &options.vae {
        Some(own) => open_vae(own, family, single.config_dir)?,
        None => single.vae()?,
    };
    check_channels(&unet.config, vae.config.latent_channels).map_err(|error| error.at(path))?;
    let index = match single.config_dir {
        Some(dir) => ConfigFile::read_if_present(&dir.join("model_index.json"))?,
        None => None,
    };
    let scheduler = match single.config_dir {
        Some(dir) => scheduler_json(dir)?,
        None => schedule::config(&single.file, family, &unet)?.to_string(),
    };
    // At the top as published files have them, or with the U-Net's other tensors.
    let markers = Markers::of(single.file.names().chain(single.under(UNET)));
    Ok(Checkpoint {
        path: path.to_path_buf(),
        family,
        form: "single file",
        vae,
        unet,
        text_encoders,
        tokenizers: single.config_dir.map(|dir| tokenizer_dirs(dir, family)).unwrap_or_default(),
        scheduler: markers.apply(scheduler, path)?,
        force_zeros_for_empty_prompt: force_zeros(index.as_ref(), family)?,
        ignored: single.ignored(),
        own_vae: options.vae.clone(),
        has_averages: single.file.has_prefix(AVERAGES),
    })
}

struct Single<'a> {
    file: Arc<SafetensorsFile>,
    family: Family,
    config_dir: Option<&'a Path>,
}

impl Single<'_> {
    fn unet(&self, pooled: usize) -> Result<Component<UnetConfig>> {
        let blocks = unet_names::blocks_per_level(self.under(UNET));
        let weights =
            self.weights(UNET, |name| if is_marker(name) { Some(Vec::new()) } else { whole(unet_names::diffusers(name, blocks)) })?;
        let config = self.config("unet", || shapes::unet(&weights, self.family, pooled))?;
        let config = UnetConfig::from_file(&config).map_err(|error| self.unusual(error))?;
        Ok(Component { config, weights })
    }

    fn vae(&self) -> Result<Component<VaeConfig>> {
        let weights = original_vae(&self.file, VAE)?;
        let config = self.config("vae", || shapes::vae(&weights, self.family))?;
        let config = VaeConfig::from_file(&config).map_err(|error| self.unusual(error))?;
        Ok(Component { config, weights })
    }

    fn text_encoder(&self, encoder: usize) -> Result<Component<ClipTextConfig>> {
        let all = self.text_weights(encoder, usize::MAX, true)?;
        let config = self.config(TEXT_ENCODERS[encoder], || shapes::text_encoder(&all, self.family, encoder))?;
        let config = ClipTextConfig::from_file(&config).map_err(|error| self.unusual(error))?;
        let weights = self.text_weights(encoder, config.num_hidden_layers, config.with_projection)?;
        Ok(Component { config, weights })
    }

    fn text_weights(&self, encoder: usize, layers: usize, with_projection: bool) -> Result<Weights> {
        let open_clip = |name: &str| Some(text_names::transformers(name, layers, with_projection));
        let clip = |name: &str| Some(names::text_encoder(name, with_projection));
        match (self.family, encoder) {
            (Family::Sd1, _) => self.weights(TEXT_SD1, clip),
            (Family::Sd2, _) => self.weights(TEXT_SD2, open_clip),
            (Family::Sdxl, 0) => self.weights(TEXT_SDXL[0], clip),
            (Family::Sdxl, _) => self.weights(TEXT_SDXL[1], open_clip),
        }
    }

    /// The tensors below a prefix. A name for which `map` gives `None` is kept, and later reported as unused.
    fn weights(&self, prefix: &str, map: impl Fn(&str) -> Option<Vec<Slot>>) -> Result<Weights> {
        Weights::new(&self.file.path, std::slice::from_ref(&self.file), |name| match name.strip_prefix(prefix) {
            Some(rest) => map(rest).unwrap_or_else(|| vec![Slot::whole(name)]),
            None => Vec::new(),
        })
    }

    fn config(&self, part: &str, derive: impl FnOnce() -> Result<Value>) -> Result<ConfigFile> {
        match self.config_dir {
            Some(dir) => ConfigFile::read(&dir.join(part).join("config.json")),
            None => ConfigFile::parse(&derive()?.to_string(), &self.file.path),
        }
    }

    fn unusual(&self, error: Error) -> Error {
        if self.config_dir.is_some() { error } else { error.hint("its sizes are unusual: give a folder with its configurations") }
    }

    fn under<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.file.names().filter_map(move |name| name.strip_prefix(prefix))
    }

    /// Tensors without the prefix of a network that are not known to be harmless.
    fn ignored(&self) -> Vec<String> {
        let text: &[&str] = match self.family {
            Family::Sd1 => &[TEXT_SD1],
            Family::Sd2 => &[TEXT_SD2],
            Family::Sdxl => &TEXT_SDXL,
        };
        let known = |name: &str| [UNET, VAE].iter().chain(text).any(|prefix| name.starts_with(prefix)) || recognise::harmless(name);
        self.file.names().filter(|name| !known(name)).map(str::to_owned).collect()
    }
}

/// The weights of an autoencoder below a prefix, with the names of the original code. Other names are kept, and later reported as unused.
fn original_vae(file: &Arc<SafetensorsFile>, prefix: &str) -> Result<Weights> {
    let levels = vae_names::levels(file.names().filter_map(|name| name.strip_prefix(prefix)));
    let extra = |name: &str| name.starts_with("loss.") || name.starts_with("model_ema.");
    Weights::new(&file.path, std::slice::from_ref(file), |name| match name.strip_prefix(prefix) {
        Some(rest) if !extra(rest) => whole(vae_names::diffusers(rest, levels)).unwrap_or_else(|| vec![Slot::whole(name)]),
        _ => Vec::new(),
    })
}

fn whole(name: Option<String>) -> Option<Vec<Slot>> {
    name.map(|name| vec![Slot::whole(name)])
}
