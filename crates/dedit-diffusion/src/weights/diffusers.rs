//! Opening diffusers folders.

use std::path::Path;

use super::checkpoint::{Checkpoint, Component};
use super::family::Family;
use super::folder::ComponentFiles;
use super::markers::Markers;
use super::names;
use super::options::OpenOptions;
use super::parts::{TEXT_ENCODERS, check_channels, check_widths, force_zeros, scheduler_json, tokenizer_dirs};
use super::single::open_vae;
use super::source::Weights;
use crate::config::{ClipTextConfig, ConfigFile, UnetConfig, VaeConfig};
use crate::{Error, Result};

/// Opens a folder that holds `model_index.json`.
pub(super) fn open(dir: &Path, options: &OpenOptions) -> Result<Checkpoint> {
    let index = model_index(dir)?;
    check_parts(&index)?;
    let variant = options.variant.as_deref();
    let part = |name: &str, stem: &str| -> Result<(ConfigFile, ComponentFiles)> {
        let dir = dir.join(name);
        Ok((ConfigFile::read(&dir.join("config.json"))?, ComponentFiles::open(&dir, stem, variant)?))
    };
    let (unet_config, unet_files) = part("unet", "diffusion_pytorch_model")?;
    let unet_config = UnetConfig::from_file(&unet_config)?;
    let family = Family::of(&unet_config);
    let mut taken = vec![unet_files.variant.clone()];
    let vae = if let Some(own) = &options.vae {
        open_vae(own, family, Some(dir))?
    } else {
        let (config, files) = part("vae", "diffusion_pytorch_model")?;
        let config = VaeConfig::from_file(&config)?;
        let weights = Weights::new(&files.dir, &files.files, names::vae)?;
        taken.push(files.variant);
        Component { config, weights }
    };
    check_channels(&unet_config, vae.config.latent_channels).map_err(|error| error.at(dir))?;
    let mut text_encoders = Vec::new();
    for name in &TEXT_ENCODERS[..family.text_encoders()] {
        let (config, files) = part(name, "model")?;
        let config = ClipTextConfig::from_file(&config)?;
        let rename = |name: &str| names::text_encoder(name, config.with_projection);
        let weights = Weights::new(&files.dir, &files.files, rename)?;
        text_encoders.push(Component { config, weights });
        taken.push(files.variant);
    }
    if let Some(variant) = variant.filter(|&variant| taken.iter().all(|taken| taken != variant)) {
        return Err(Error::model(format!("no part of this checkpoint has the variant {variant:?}")).at(dir));
    }
    check_widths(family, &unet_config, &text_encoders).map_err(|error| error.at(dir))?;
    let markers = Markers::of(unet_files.files.iter().flat_map(|file| file.names()));
    Ok(Checkpoint {
        path: dir.to_path_buf(),
        family,
        form: "diffusers folder",
        unet: Component { weights: Weights::new(&unet_files.dir, &unet_files.files, names::unet)?, config: unet_config },
        vae,
        text_encoders,
        tokenizers: tokenizer_dirs(dir, family),
        scheduler: markers.apply(scheduler_json(dir)?, dir)?,
        force_zeros_for_empty_prompt: force_zeros(Some(&index), family)?,
        ignored: Vec::new(),
        own_vae: options.vae.clone(),
        has_averages: false,
    })
}

fn model_index(dir: &Path) -> Result<ConfigFile> {
    let path = dir.join("model_index.json");
    if path.exists() {
        return ConfigFile::read(&path);
    }
    let entries = std::fs::read_dir(dir)
        .map_err(|error| Error::model(format!("cannot read this folder ({error})")).at(dir).hint("check the path"))?;
    let mut files: Vec<String> = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    files.sort_unstable();
    let missing =
        |hint: String| Err(Error::model("there is no model_index.json in this folder, expected a diffusers checkpoint").at(dir).hint(hint));
    if let Some(config) = ConfigFile::read_if_present(&dir.join("config.json"))? {
        let class: String = config.or("_class_name", "one network".to_owned())?;
        return missing(format!("it holds only a part of one ({class}): give the folder of the whole checkpoint"));
    }
    match files.iter().find(|name| name.ends_with(".safetensors")) {
        Some(file) => missing(format!("to open a single-file checkpoint, give the file itself, such as {file}")),
        None => missing("give the folder that holds model_index.json".to_owned()),
    }
}

/// Fails for pipelines with other parts.
fn check_parts(index: &ConfigFile) -> Result<()> {
    let class: String = index.or("_class_name", "a model without a class name".to_owned())?;
    let has = |part: &str| index.value(part).is_some_and(|value| value.get(1).is_some_and(serde_json::Value::is_string));
    if has("unet") && has("text_encoder_2") && !has("text_encoder") {
        return Err(Error::model("this is an SDXL refiner, expected a base model").at(index.path()).hint("use the base model"));
    }
    if let Some(part) = ["unet", "vae", "text_encoder"].into_iter().find(|part| !has(part)) {
        return Err(Error::model(format!("this is {class}, which has no {part}; supported are Stable Diffusion 1.x, 2.x and XL"))
            .at(index.path())
            .hint("use a checkpoint of one of these families"));
    }
    Ok(())
}
