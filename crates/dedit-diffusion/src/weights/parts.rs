//! Checks and settings that diffusers folders and single files share.

use std::path::{Path, PathBuf};

use super::checkpoint::Component;
use super::family::Family;
use crate::config::{ClipTextConfig, ConfigFile, UnetConfig};
use crate::{Error, Result};

pub(super) const TEXT_ENCODERS: [&str; 2] = ["text_encoder", "text_encoder_2"];
const TOKENIZERS: [&str; 2] = ["tokenizer", "tokenizer_2"];

pub(super) fn tokenizer_dirs(dir: &Path, family: Family) -> Vec<Option<PathBuf>> {
    let present = |name: &&str| Some(dir.join(name)).filter(|dir| dir.is_dir());
    TOKENIZERS[..family.text_encoders()].iter().map(present).collect()
}

/// Fails unless the U-Net denoises the autoencoder's latents, with no other input than what is needed for inpainting.
pub(super) fn check_channels(unet: &UnetConfig, latent: usize) -> Result<()> {
    let (takes, gives) = (unet.in_channels, unet.out_channels);
    if unet.latent_channels() == latent && gives == latent {
        return Ok(());
    }
    let kind = match takes {
        _ if gives != latent => None,
        takes if takes == 2 * latent => Some("an InstructPix2Pix model, which is given the picture to change"),
        takes if takes == latent + 1 => Some("a model that is given the depth of a picture"),
        takes if takes == latent + 3 => Some("an upscaler"),
        _ => None,
    };
    let found = format!("the U-Net takes {takes} channels and gives {gives}");
    Err(match kind {
        Some(kind) => Error::model(format!("this is {kind}: {found}")),
        None => Error::model(format!("{found}, expected the {latent} of the autoencoder's latents")),
    }
    .hint("use the plain checkpoint of the same family, or one for inpainting"))
}

/// Fails unless the width of the text encoders, in SDXL of both together, is the width that the U-Net attends to.
pub(super) fn check_widths(family: Family, unet: &UnetConfig, encoders: &[Component<ClipTextConfig>]) -> Result<()> {
    let width: usize = encoders.iter().map(|encoder| encoder.config.hidden_size).sum();
    if let Some(&expected) = unet.cross_attention_dim.iter().find(|&&expected| expected != width) {
        return Err(Error::model(format!("the U-Net attends to text of width {expected} and the text encoders of {family} give {width}"))
            .hint("the parts belong to different models: download the checkpoint again"));
    }
    let (Some(text_time), Some(last)) = (unet.text_time, encoders.last()) else { return Ok(()) };
    let expected = last.config.projection_dim + 6 * text_time.addition_time_embed_dim;
    if text_time.projection_class_embeddings_input_dim != expected {
        let found = text_time.projection_class_embeddings_input_dim;
        return Err(Error::model(format!(
            "the U-Net's added conditioning has the width {found}, expected pooled text and six sizes, {expected}"
        ))
        .hint("SDXL refiner checkpoints (five sizes) are not supported: use the base model"));
    }
    Ok(())
}

pub(super) fn scheduler_json(dir: &Path) -> Result<String> {
    let path = dir.join("scheduler").join("scheduler_config.json");
    // Parsed only to fail early.
    ConfigFile::read(&path)?;
    crate::config::read_text(&path)
}

/// Whether an empty negative prompt is all zeros; the default of diffusers is true for SDXL, which was trained so.
pub(super) fn force_zeros(index: Option<&ConfigFile>, family: Family) -> Result<bool> {
    let usual = family == Family::Sdxl;
    index.map_or(Ok(usual), |index| index.or("force_zeros_for_empty_prompt", usual))
}
