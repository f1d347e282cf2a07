//! Scheduler settings of single files: those of the family's diffusers folders, with the prediction type (ε or v) of the file. Marker tensors are applied later.

use serde_json::{Value, json};

use super::super::file::SafetensorsFile;
use super::super::{Component, Family};
use crate::Result;
use crate::config::UnetConfig;

/// The content of a `scheduler_config.json`.
pub(super) fn config(file: &SafetensorsFile, family: Family, unet: &Component<UnetConfig>) -> Result<Value> {
    let v = predicts_v(file, family, unet)?;
    let mut config = json!({
        "_class_name": if family == Family::Sdxl { "EulerDiscreteScheduler" } else { "DDIMScheduler" },
        "num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear",
        "prediction_type": if v { "v_prediction" } else { "epsilon" },
        "timestep_spacing": "leading", "steps_offset": 1,
    });
    if family != Family::Sdxl {
        config["clip_sample"] = json!(false);
        config["set_alpha_to_one"] = json!(false);
    }
    Ok(config)
}

/// Whether the U-Net predicts v, from the file's metadata (`modelspec`). Stable Diffusion 2 at 768² has none: there a bias of the last transformer has a
/// larger spread (an empirical rule; 0.09 separates all known checkpoints).
fn predicts_v(file: &SafetensorsFile, family: Family, unet: &Component<UnetConfig>) -> Result<bool> {
    const SPREAD: f64 = 0.09;
    match file.note("modelspec.prediction_type") {
        Some("v" | "v_prediction" | "v-prediction") => return Ok(true),
        Some("epsilon") => return Ok(false),
        _ => {}
    }
    let levels = unet.config.block_out_channels.len();
    let last = unet.config.layers_per_block[0];
    let name = format!("up_blocks.{}.attentions.{last}.transformer_blocks.0.norm1.bias", levels - 1);
    let Some(shape) = unet.weights.shape(&name) else { return Ok(false) };
    if family != Family::Sd2 || unet.config.in_channels != 4 {
        return Ok(false);
    }
    let bias: Vec<f32> = unet.weights.tensor(&name, shape)?.to_dtype(candle_core::DType::F32)?.flatten_all()?.to_vec1()?;
    let mean = bias.iter().map(|&x| f64::from(x)).sum::<f64>() / bias.len() as f64;
    let variance = bias.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / bias.len() as f64;
    Ok(variance.sqrt() > SPREAD)
}
