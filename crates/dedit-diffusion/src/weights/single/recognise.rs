//! Recognises the family of a single file by the names of its tensors, and other kinds of files.

use super::super::Family;
use super::super::file::SafetensorsFile;
use super::super::markers::is_marker;
use super::{TEXT_SD1, TEXT_SD2, TEXT_SDXL, UNET, VAE};
use crate::{Error, Result};

/// The family of a whole checkpoint, which may lack its autoencoder where there is another one.
///
/// # Errors
/// If the file is something else, which the error names: a LoRA, a control network, a single network, another family.
pub(super) fn family(file: &SafetensorsFile, other_vae: bool) -> Result<Family> {
    let refuse = |found: &str, hint: &str| Err(Error::model(format!("this is {found}, expected a checkpoint")).at(&file.path).hint(hint));
    let supported = "use a checkpoint of Stable Diffusion 1.x, 2.x or XL";
    if let Some((found, hint)) = PARTS.iter().find(|part| part.0.iter().any(|sign| contains(file, sign))).map(|part| (part.1, part.2)) {
        return refuse(found, hint);
    }
    if !file.has_prefix(UNET) {
        return match LONE_NETWORKS.iter().find(|network| file.has_prefix(network.0)) {
            Some((_, found)) => refuse(found, "open the folder with model_index.json that it belongs to, or a whole checkpoint"),
            None => refuse("a safetensors file without the names of a checkpoint (model.diffusion_model and so on)", supported),
        };
    }
    if file.has_prefix("edm_") {
        return refuse("a checkpoint with the noise levels of EDM (such as CosXL or Playground 2.5), which are not supported", supported);
    }
    if !file.has_prefix(VAE) && !other_vae {
        return refuse("a checkpoint without its autoencoder (first_stage_model)", "get the whole checkpoint, or name one with --vae");
    }
    if file.has_prefix(TEXT_SDXL[0]) && file.has_prefix(TEXT_SDXL[1]) {
        Ok(Family::Sdxl)
    } else if file.has_prefix("conditioner.embedders.0.model.") {
        refuse("an SDXL refiner", "use the base model")
    } else if file.has_prefix(TEXT_SD2) {
        Ok(Family::Sd2)
    } else if file.has_prefix(TEXT_SD1) {
        Ok(Family::Sd1)
    } else {
        refuse("a U-Net and autoencoder without a text encoder (cond_stage_model)", "get the whole checkpoint")
    }
}

/// Parts of names, the kind of file that has them, and the hint.
const PARTS: [(&[&str], &str, &str); 4] = [
    (
        &[".lora_down.", ".lora_up.", ".lora_A.", ".lora_B.", ".lora.down.", ".lora.up.", "_lora.down.", "_lora.up."],
        "a LoRA",
        "give it as a LoRA beside the checkpoint that it changes",
    ),
    (&["control_model.", "controlnet_cond_embedding.", "controlnet_down_blocks."], "a ControlNet", "give the checkpoint itself"),
    (&["joint_blocks."], "Stable Diffusion 3", "use a checkpoint of Stable Diffusion 1.x, 2.x or XL"),
    (&["double_blocks.", "double_stream_modulation"], "Flux", "use a checkpoint of Stable Diffusion 1.x, 2.x or XL"),
];

/// Networks of diffusers folders and others, as files of their own.
const LONE_NETWORKS: [(&str, &str); 6] = [
    ("down_blocks.", "a U-Net alone"),
    ("decoder.", "an autoencoder alone"),
    (VAE, "an autoencoder alone"),
    ("text_model.", "a text encoder alone"),
    ("transformer_blocks.", "a diffusion transformer, of a family that is not supported"),
    ("emb_params", "a textual inversion embedding"),
];

fn contains(file: &SafetensorsFile, sign: &str) -> bool {
    file.header.tensors.iter().any(|tensor| tensor.name.contains(sign))
}

/// Whether a tensor that belongs to no network can be ignored: moving averages, training schedules, markers.
pub(super) fn harmless(name: &str) -> bool {
    const STARTS: [&str; 11] = [
        "model_ema.",
        "alphas_cumprod",
        "betas",
        "sqrt_",
        "log_one_minus",
        "posterior_",
        "denoiser.",
        "lvlb_weights",
        "logvar",
        "scale_factor",
        "cond_stage_model.logit_scale",
    ];
    is_marker(name) || name == "scaled_fp8" || STARTS.iter().any(|start| name.starts_with(start))
}
