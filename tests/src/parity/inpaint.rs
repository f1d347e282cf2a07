//! Filling a part of a picture with a U-Net for inpainting.
//!
//! The checkpoint is the folder's tiny one with another first convolution, `conv_in.safetensors`. `meta.json` is that of a pipeline folder;
//! `expected.safetensors` also has the `picture` (0 to 1), the `mask`, and what the U-Net sees of them: `latent_mask` and `masked_latents`.

use std::path::Path;

use anyhow::{Context as _, Result};
use candle_core::{Device, Tensor, safetensors};
use dedit_diffusion::Checkpoint;
use dedit_diffusion::pipeline::{Fill, GenerateRequest, Pipeline};
use serde_json::json;

use super::{Folder, ONE_OPERATION, Report, pipeline};

pub(super) fn run(folder: &Folder, report: &mut Report<'_>) -> Result<()> {
    let directory = tempfile::tempdir()?;
    checkpoint(&folder.checkpoint()?, &folder.path().join("conv_in.safetensors"), directory.path())?;
    let opened = Checkpoint::open(directory.path())?;
    let model = Pipeline::load(&opened, &Device::Cpu)?;
    let (picture, mask) = (folder.tensor("picture")?, folder.tensor("mask")?);
    let seen = model.inpainting(&((&picture * 2.0)? - 1.0)?, &mask)?.context("the U-Net is not one for inpainting")?;
    report.compare(folder, "latent_mask", 0.0, || Ok(seen.mask));
    report.compare(folder, "masked_latents", ONE_OPERATION, || Ok(seen.masked_latents));
    let request = GenerateRequest { fill: Some(Fill { picture, mask }), ..pipeline::request(folder, &model)? };
    pipeline::cases(folder, report, &model, &request)
}

/// Copies the folder `from` to `to`, with a U-Net whose first convolution is that of `convolution`.
fn checkpoint(from: &Path, convolution: &Path, to: &Path) -> Result<()> {
    copy(from, to)?;
    let first = safetensors::load(convolution, &Device::Cpu)?;
    let channels = first.get("conv_in.weight").context("conv_in.safetensors holds no conv_in.weight")?.dim(1)?;
    let config = to.join("unet/config.json");
    let mut keys: serde_json::Value = serde_json::from_slice(&std::fs::read(&config)?)?;
    keys["in_channels"] = json!(channels);
    std::fs::write(&config, keys.to_string())?;
    let weights = to.join("unet/diffusion_pytorch_model.safetensors");
    let mut tensors: std::collections::HashMap<String, Tensor> = safetensors::load(&weights, &Device::Cpu)?;
    tensors.extend(first);
    Ok(safetensors::save(&tensors, &weights)?)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
