//! Networks one by one: token ids, text encoders, autoencoder, U-Net.
//!
//! `meta.json` has the `prompts`. Hidden states are those of the first four prompts at 77 tokens.

use anyhow::{Context as _, Result, ensure};
use candle_core::{Device, Tensor};
use dedit_diffusion::text_encoder::TextEncoder;
use dedit_diffusion::unet::{Context, TextTimeInput, Unet, UnetInput};
use dedit_diffusion::vae::{Tiling, Vae};
use dedit_diffusion::{Checkpoint, Tokenizer};
use dedit_nn::autograd::Value;

use super::{Folder, ONE_OPERATION, Report};

pub(super) fn run(folder: &Folder, report: &mut Report<'_>) -> Result<()> {
    compare(folder, report, &Checkpoint::open(folder.checkpoint()?)?)
}

/// Compares everything in `folder` with the results of the networks of `checkpoint`.
pub(super) fn compare(folder: &Folder, report: &mut Report<'_>, checkpoint: &Checkpoint) -> Result<()> {
    let device = Device::Cpu;
    for (i, component) in checkpoint.text_encoders().iter().enumerate() {
        let name = encoder_name(i);
        let encoder = TextEncoder::new(component, &device)?;
        text(folder, report, &name, &checkpoint.tokenizer(i)?, &encoder)?;
    }
    autoencoder(folder, report, &Vae::new(checkpoint.vae(), &device)?);
    denoiser(folder, report, &Unet::new(checkpoint.unet(), &device)?);
    Ok(())
}

/// The name of the text encoder `index`.
pub(super) fn encoder_name(index: usize) -> String {
    if index == 0 { "text_encoder".to_owned() } else { format!("text_encoder_{}", index + 1) }
}

fn text(folder: &Folder, report: &mut Report<'_>, name: &str, tokenizer: &Tokenizer, encoder: &TextEncoder) -> Result<()> {
    let prompts: Vec<String> = serde_json::from_value(folder.meta()["prompts"].clone()).context("meta.json has no prompts")?;
    for length in [77, 40] {
        let key = format!("{name}.ids{length}");
        if !folder.has(&key) {
            continue;
        }
        let count = folder.tensor(&key)?.dim(0)?;
        ensure!(count <= prompts.len(), "{key} has more rows than there are prompts");
        report.compare(folder, &key, 0.0, || Ok(Tensor::new(encode(tokenizer, &prompts[..count], length)?, &Device::Cpu)?));
    }
    let last = format!("{name}.last_hidden");
    if !folder.has(&last) {
        return Ok(());
    }
    let (count, length, _) = folder.tensor(&last)?.dims3()?;
    let output = encoder.forward(&encode(tokenizer, &prompts[..count], length)?, None)?;
    let penultimate = output.penultimate().clone();
    let results = [("last_hidden", output.last), ("penultimate_hidden", penultimate), ("pooled", output.pooled)];
    for (key, value) in results {
        let key = format!("{name}.{key}");
        if folder.has(&key) {
            report.compare(folder, &key, folder.tolerance(ONE_OPERATION), || Ok(value.into_tensor()));
        }
    }
    Ok(())
}

fn encode(tokenizer: &Tokenizer, prompts: &[String], length: usize) -> Result<Vec<Vec<u32>>> {
    prompts.iter().map(|prompt| Ok(tokenizer.encode(prompt, length)?.ids)).collect()
}

/// The names `x` for which `PART.x.SUFFIX` is stored.
pub(super) fn cases(folder: &Folder, part: &str, suffix: &str) -> Vec<String> {
    let case = |name: &str| Some(name.strip_prefix(part)?.strip_prefix('.')?.strip_suffix(suffix)?.strip_suffix('.')?.to_owned());
    folder.names().into_iter().filter_map(case).collect()
}

fn autoencoder(folder: &Folder, report: &mut Report<'_>, vae: &Vae) {
    let tolerance = folder.tolerance(ONE_OPERATION);
    for case in cases(folder, "vae", "decoded") {
        let posterior = || -> Result<_> { Ok(vae.encode(&folder.tensor(&format!("vae.{case}.image"))?, Tiling::WHOLE)?) };
        report.compare(folder, &format!("vae.{case}.mean"), tolerance, || Ok(posterior()?.mean));
        report.compare(folder, &format!("vae.{case}.std"), tolerance, || Ok(posterior()?.std));
        report.compare(folder, &format!("vae.{case}.decoded"), tolerance, || {
            Ok(vae.decode(&folder.tensor(&format!("vae.{case}.latent"))?, Tiling::WHOLE)?)
        });
    }
}

fn denoiser(folder: &Folder, report: &mut Report<'_>, unet: &Unet) {
    for case in cases(folder, "unet", "out") {
        report.compare(folder, &format!("unet.{case}.out"), folder.tolerance(ONE_OPERATION), || predict(folder, unet, &case));
    }
}

/// The output of the U-Net for the stored inputs `unet.CASE.*`.
pub(super) fn predict(folder: &Folder, unet: &Unet, case: &str) -> Result<Tensor> {
    let stored = |part: &str| folder.tensor(&format!("unet.{case}.{part}"));
    let timesteps: Vec<f32> = stored("timestep")?.to_dtype(candle_core::DType::F32)?.to_vec1()?;
    let text_time = match unet.config().text_time {
        Some(_) => {
            let numbers: Vec<Vec<f32>> = stored("time_ids")?.to_vec2()?;
            let time_ids = numbers.iter().map(|row| Ok(<[f32; 6]>::try_from(row.as_slice())?)).collect::<Result<_>>()?;
            Some(TextTimeInput { pooled: Value::constant(stored("pooled")?), time_ids })
        }
        None => None,
    };
    let input = UnetInput {
        latents: &Value::constant(stored("latent")?),
        timesteps: &timesteps,
        context: &Context::Shared(Value::constant(stored("context")?)),
        separation: None,
        text_time: text_time.as_ref(),
        inpainting: None,
        guidance: None,
        checkpoint_levels: 0,
    };
    Ok(unet.forward(&input)?.into_tensor())
}
