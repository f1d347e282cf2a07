//! From a prompt to a picture: the text encoders, denoiser, scheduler and autoencoder of one checkpoint, as in the pipelines of Hugging Face diffusers.
//!
//! ```no_run
//! # use std::ops::ControlFlow;
//! use candle_core::Device;
//! use dedit_diffusion::Checkpoint;
//! use dedit_diffusion::pipeline::{GenerateRequest, Pipeline};
//! # fn main() -> dedit_diffusion::Result<()> {
//! let pipeline = Pipeline::load(&Checkpoint::open("a-checkpoint")?, &Device::Cpu)?;
//! let request = GenerateRequest { seed: 7, ..pipeline.request("a photo of a red bag") };
//! let pictures = pipeline.generate(&request, &mut |_| ControlFlow::Continue(()))?.pictures;
//! # Ok(()) }
//! ```

mod generate;
mod guidance;
mod networks;
mod noise;
mod progress;
mod prompt;
mod request;

use std::path::{Path, PathBuf};

use candle_core::{DType, Device};
use dedit_nn::ops;

pub use self::generate::Generated;
pub use self::noise::{Noise, RecordedNoise, SeededNoise};
pub use self::progress::Progress;
pub use self::prompt::{EncodedPrompt, JoinedText};
pub use self::request::{GenerateRequest, InitPicture, check_size};
use crate::lora::{Applied, LoraFile, Placement};
use crate::scheduler::{SchedulerConfig, SchedulerKind};
use crate::text_encoder::TextEncoder;
use crate::unet::Unet;
use crate::vae::Vae;
use crate::{Checkpoint, Error, Family, Result, Tokenizer, Weights};

/// The networks of a checkpoint on one device.
pub struct Pipeline {
    family: Family,
    description: String,
    tokenizers: Vec<Tokenizer>,
    text_encoders: Vec<TextEncoder>,
    unet: Unet,
    unet_dtype: DType,
    vae: Vae,
    vae_dtype: DType,
    scheduler: SchedulerConfig,
    /// The file that the scheduler's settings come from, for errors.
    scheduler_place: PathBuf,
    replaced_scheduler: Option<String>,
    force_zeros_for_empty_prompt: bool,
    device: Device,
}

impl Pipeline {
    /// Builds the networks of `checkpoint` on `device`.
    ///
    /// # Errors
    /// When a tensor is missing or has the wrong shape, or the U-Net has inputs besides latents and text (inpainting, depth).
    pub fn load(checkpoint: &Checkpoint, device: &Device) -> Result<Self> {
        let (unet, vae) = (checkpoint.unet(), checkpoint.vae());
        let (channels, latent) = (unet.config.in_channels, vae.config.latent_channels);
        if channels != latent || unet.config.out_channels != latent {
            return Err(Error::model(format!(
                "the U-Net takes {channels} channels and gives {}, expected the {latent} of the autoencoder's latents",
                unet.config.out_channels
            ))
            .at(checkpoint.path())
            .hint("checkpoints for inpainting or depth are not supported; use the plain one of the same family"));
        }
        let encoders = checkpoint.text_encoders();
        let scheduler_place = scheduler_place(checkpoint.path());
        let own = SchedulerConfig::from_json(checkpoint.scheduler_config_json()).map_err(|error| error.at(&scheduler_place))?;
        // Of the supported schedulers it needs the fewest steps, with the checkpoint's own noise levels.
        let known = if own.kind().is_some() { own.clone() } else { own.with_kind(SchedulerKind::DpmPlusPlus2M) };
        Ok(Self {
            family: checkpoint.family(),
            description: checkpoint.describe(),
            tokenizers: (0..encoders.len()).map(|encoder| checkpoint.tokenizer(encoder)).collect::<Result<_>>()?,
            text_encoders: encoders.iter().map(|component| TextEncoder::new(component, device)).collect::<Result<_>>()?,
            unet: Unet::new(unet, device)?,
            unet_dtype: compute_dtype(&unet.weights, "conv_in.weight", device)?,
            vae: Vae::new(vae, device)?,
            vae_dtype: compute_dtype(&vae.weights, "decoder.conv_in.weight", device)?,
            replaced_scheduler: own.kind().is_none().then(|| own.class_name().to_owned()),
            scheduler: known,
            scheduler_place,
            force_zeros_for_empty_prompt: checkpoint.force_zeros_for_empty_prompt(),
            device: device.clone(),
        })
    }

    /// Which kind of model it is.
    pub fn family(&self) -> Family {
        self.family
    }

    /// A description of the checkpoint, see [`Checkpoint::describe`].
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The scheduler for requests that name none: the checkpoint's own, or DPM-Solver++ 2M with its settings where that one is not supported.
    pub fn scheduler(&self) -> &SchedulerConfig {
        &self.scheduler
    }

    /// The diffusers class of the checkpoint's own scheduler, if it is not supported. Callers should warn about it.
    pub fn replaced_scheduler(&self) -> Option<&str> {
        self.replaced_scheduler.as_deref()
    }

    /// Picture pixels per latent pixel along each side (8). Sides of pictures are multiples of it.
    pub fn pixels_per_latent(&self) -> usize {
        self.vae.config().pixels_per_latent()
    }

    /// Applies a LoRA to the denoiser and the text encoders; see [`LoraFile::apply`].
    ///
    /// # Errors
    /// As [`LoraFile::apply`].
    pub fn apply_lora(&mut self, lora: &LoraFile, placement: Placement, scale: f64) -> Result<Applied> {
        lora.apply(&mut self.unet, &mut self.text_encoders, placement, scale)
    }
}

/// The file with the scheduler's settings: a single-file checkpoint itself, or a file of the folder.
fn scheduler_place(checkpoint: &Path) -> PathBuf {
    if checkpoint.is_dir() { checkpoint.join("scheduler/scheduler_config.json") } else { checkpoint.to_path_buf() }
}

/// The precision that a network computes in on `device`, from one of its tensors.
fn compute_dtype(weights: &Weights, name: &str, device: &Device) -> Result<DType> {
    let shape = weights.shape(name).unwrap_or_default();
    Ok(ops::compute_dtype(&weights.tensor(name, shape)?.to_device(device)?))
}

#[cfg(test)]
mod tests;
