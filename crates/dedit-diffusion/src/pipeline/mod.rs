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
mod inpainting;
mod networks;
mod noise;
mod progress;
mod prompt;
mod request;

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device};
use dedit_nn::layers::join;
use dedit_nn::ops;

pub use self::generate::Generated;
pub use self::noise::{Noise, RecordedNoise, SeededNoise};
pub use self::progress::Progress;
pub use self::prompt::{EncodedPrompt, EncodedPrompts, JoinedText};
pub use self::request::{Fill, GenerateRequest, InitPicture, check_size};
use crate::embedding::EmbeddingFile;
use crate::lora::{Applied, LoraFile, LoraTarget, Placement};
use crate::scheduler::{SchedulerConfig, SchedulerKind};
use crate::text_encoder::TextEncoder;
use crate::unet::Unet;
use crate::vae::Vae;
use crate::{Checkpoint, Error, Family, Result, Tokenizer, Weights};

/// What stands before the clip skip in descriptions.
const CLIP_SKIP: &str = ", clip skip ";

/// The networks of a checkpoint on one device.
pub struct Pipeline {
    family: Family,
    description: String,
    tokenizers: Vec<Tokenizer>,
    text_encoders: Vec<TextEncoder>,
    /// The layer of the text encoders that the denoiser attends to, counted from the end; `None` for the family's own.
    clip_skip: Option<usize>,
    embeddings: Vec<Embedding>,
    unet: Unet,
    unet_dtype: DType,
    vae: Vae,
    vae_dtype: DType,
    scheduler: SchedulerConfig,
    /// The file that the scheduler's settings come from, for errors.
    scheduler_place: PathBuf,
    replaced_scheduler: Option<String>,
    force_zeros_for_empty_prompt: bool,
    /// Layers whose weights LoRA files changed for good, by their paths in [`Visit`](dedit_nn::layers::Visit).
    merged: BTreeSet<String>,
    device: Device,
}

impl Pipeline {
    /// Builds the networks of `checkpoint` on `device`.
    ///
    /// # Errors
    /// When a tensor is missing or has the wrong shape.
    pub fn load(checkpoint: &Checkpoint, device: &Device) -> Result<Self> {
        let (unet, vae) = (checkpoint.unet(), checkpoint.vae());
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
            clip_skip: None,
            embeddings: Vec::new(),
            unet: Unet::new(unet, device)?,
            unet_dtype: compute_dtype(&unet.weights, "conv_in.weight", device)?,
            vae: Vae::new(vae, device)?,
            vae_dtype: compute_dtype(&vae.weights, "decoder.conv_in.weight", device)?,
            replaced_scheduler: own.kind().is_none().then(|| own.class_name().to_owned()),
            scheduler: known,
            scheduler_place,
            force_zeros_for_empty_prompt: checkpoint.force_zeros_for_empty_prompt(),
            merged: BTreeSet::new(),
            device: device.clone(),
        })
    }

    /// Which kind of model it is.
    pub fn family(&self) -> Family {
        self.family
    }

    /// A description of the checkpoint, see [`Checkpoint::describe`], with a [clip skip](Self::unusual_clip_skip).
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

    /// The layer of the text encoders whose hidden states the denoiser attends to, counted from the end as in the field's programs: 1 for the last one (the
    /// usual of Stable Diffusion 1 and 2), 2 for the one before it (the usual of SDXL).
    pub fn clip_skip(&self) -> usize {
        self.clip_skip.unwrap_or(self.usual_clip_skip())
    }

    /// A [clip skip](Self::clip_skip) other than the family's own. Prompts and learned tokens mean something else with it.
    pub fn unusual_clip_skip(&self) -> Option<usize> {
        self.clip_skip
    }

    /// Attends to another layer of the text encoders. In Stable Diffusion 1 and 2 the final norm follows it, in SDXL none.
    ///
    /// # Errors
    /// `Usage` where a text encoder has not so many layers.
    pub fn set_clip_skip(&mut self, layer: usize) -> Result<()> {
        let layers = self.text_encoders.iter().map(|encoder| encoder.config().num_hidden_layers).min().unwrap_or(0);
        if !(1..=layers).contains(&layer) {
            return Err(Error::usage(format!("a clip skip of {layer} makes no sense for a text encoder of {layers} layers"))
                .hint(format!("give 1 to {layers}; the usual one for {} is {}", self.family, self.usual_clip_skip())));
        }
        if layer != self.clip_skip() {
            let plain = self.description.split(CLIP_SKIP).next().unwrap_or_default().to_owned();
            self.clip_skip = Some(layer).filter(|layer| *layer != self.usual_clip_skip());
            self.description = self.clip_skip.map_or(plain.clone(), |layer| format!("{plain}{CLIP_SKIP}{layer}"));
        }
        Ok(())
    }

    fn usual_clip_skip(&self) -> usize {
        match self.family {
            Family::Sd1 | Family::Sd2 => 1,
            Family::Sdxl => 2,
        }
    }

    /// Adds vectors of textual inversion, which stand in prompts under this name, or that of the file.
    ///
    /// # Errors
    /// `Model` where they are for text encoders of another width, `Usage` where the name cannot stand in a prompt or is taken.
    pub fn add_embedding(&mut self, file: &EmbeddingFile, name: Option<&str>) -> Result<()> {
        let name = file.name(name)?;
        if self.embeddings.iter().any(|other| other.name.eq_ignore_ascii_case(&name)) {
            return Err(Error::usage(format!("two embeddings have the name '{name}'"))
                .at(file.path())
                .hint("give it another name after the file, such as style.safetensors:style2"));
        }
        let widths: Vec<usize> = self.text_encoders.iter().map(|encoder| encoder.config().hidden_size).collect();
        file.check(&widths)?;
        let ids = self.text_encoders.iter_mut().zip(file.rows()).map(|(encoder, rows)| encoder.add_embeddings(rows));
        let ids = ids.collect::<Result<_>>()?;
        self.embeddings.push(Embedding { name, ids });
        Ok(())
    }

    /// Applies a LoRA to the denoiser and the text encoders; see [`LoraFile::apply`].
    ///
    /// # Errors
    /// As [`LoraFile::apply`].
    pub fn apply_lora(&mut self, lora: &LoraFile, placement: Placement, scale: f64) -> Result<Applied> {
        let applied = lora.apply(&mut self.unet, &mut self.text_encoders, placement, scale)?;
        self.merged.extend(applied.merged.iter().map(|(target, module)| match target {
            LoraTarget::Unet => join("unet", module),
            LoraTarget::TextEncoder(index) => join(&encoder_path(*index), module),
        }));
        Ok(applied)
    }

    /// The layers whose weights LoRA files that are no plain ones changed for good, by their paths in [`Visit`](dedit_nn::layers::Visit).
    pub fn merged(&self) -> &BTreeSet<String> {
        &self.merged
    }
}

/// Vectors of textual inversion.
struct Embedding {
    /// Its name in prompts.
    name: String,
    /// The ids of its vectors in each text encoder.
    ids: Vec<Range<u32>>,
}

/// The file with the scheduler's settings: a single-file checkpoint itself, or a file of the folder.
fn scheduler_place(checkpoint: &Path) -> PathBuf {
    if checkpoint.is_dir() { checkpoint.join("scheduler/scheduler_config.json") } else { checkpoint.to_path_buf() }
}

/// The path of the text encoder with this index.
fn encoder_path(index: usize) -> String {
    if index == 0 { "text_encoder".to_owned() } else { format!("text_encoder_{}", index + 1) }
}

/// The precision that a network computes in on `device`, from one of its tensors.
fn compute_dtype(weights: &Weights, name: &str, device: &Device) -> Result<DType> {
    let shape = weights.shape(name).unwrap_or_default();
    Ok(ops::compute_dtype(&weights.tensor(name, shape)?.to_device(device)?))
}

#[cfg(test)]
mod tests;
