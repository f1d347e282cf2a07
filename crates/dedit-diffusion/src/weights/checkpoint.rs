//! An opened model: networks, tokenizers and scheduler settings.

use std::path::{Path, PathBuf};

use super::family::Family;
use super::source::Weights;
use crate::Result;
use crate::config::{ClipTextConfig, UnetConfig, VaeConfig};
use crate::scheduler::{PredictionType, SchedulerConfig};
use crate::tokenizer::Tokenizer;

/// A network's configuration and weights.
#[derive(Debug, Clone)]
pub struct Component<C> {
    /// The configuration.
    pub config: C,
    /// The tensors.
    pub weights: Weights,
}

/// An opened model: all files are memory-mapped and their headers checked; tensors are read on demand.
#[derive(Debug)]
pub struct Checkpoint {
    pub(super) path: PathBuf,
    pub(super) family: Family,
    /// "diffusers folder", "single file".
    pub(super) form: &'static str,
    pub(super) unet: Component<UnetConfig>,
    pub(super) vae: Component<VaeConfig>,
    pub(super) text_encoders: Vec<Component<ClipTextConfig>>,
    /// Folders of the tokenizers, where the checkpoint has them.
    pub(super) tokenizers: Vec<Option<PathBuf>>,
    pub(super) scheduler: String,
    pub(super) force_zeros_for_empty_prompt: bool,
    /// Tensors of a single file that belong to no network.
    pub(super) ignored: Vec<String>,
    /// The autoencoder that was named instead of the checkpoint's own.
    pub(super) own_vae: Option<PathBuf>,
    /// Whether a single file has moving averages (EMA) of the U-Net beside its weights.
    pub(super) has_averages: bool,
}

impl Checkpoint {
    /// The family of the model.
    pub fn family(&self) -> Family {
        self.family
    }

    /// The folder or file that was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A description such as "Stable Diffusion 2.x, 866 M parameters in the U-Net, float16, diffusers folder, v-prediction".
    pub fn describe(&self) -> String {
        let unet = &self.unet.weights;
        let (count, numbers) = (short_count(unet.parameters()), unet.number_type());
        let family = if self.unet.config.is_inpainting() { format!("{} for inpainting", self.family) } else { self.family.to_string() };
        let mut parts = vec![family, format!("{count} parameters in the U-Net"), numbers.to_owned(), self.form.to_owned()];
        if let Ok(scheduler) = SchedulerConfig::from_json(&self.scheduler) {
            if matches!(scheduler.prediction_type(), Ok(PredictionType::Velocity)) {
                parts.push("v-prediction".to_owned());
            }
            if scheduler.has_zero_terminal_snr() {
                parts.push("zero terminal SNR".to_owned());
            }
        }
        if let Some(name) = self.own_vae.as_ref().and_then(|path| path.file_name()) {
            parts.push(format!("VAE {}", name.to_string_lossy()));
        }
        parts.join(", ")
    }

    /// The denoiser.
    pub fn unet(&self) -> &Component<UnetConfig> {
        &self.unet
    }

    /// The autoencoder.
    pub fn vae(&self) -> &Component<VaeConfig> {
        &self.vae
    }

    /// The text encoders, in order: one, or two in SDXL.
    pub fn text_encoders(&self) -> &[Component<ClipTextConfig>] {
        &self.text_encoders
    }

    /// The tokenizer of the text encoder with this index: the checkpoint's own, or CLIP's where it has none.
    pub fn tokenizer(&self, encoder: usize) -> Result<Tokenizer> {
        match self.tokenizers.get(encoder) {
            Some(Some(dir)) => Tokenizer::from_dir(dir),
            _ => Tokenizer::bundled(self.family.pad(encoder)),
        }
    }

    /// Tensors of a single file that belong to no network and are not known to be harmless. Callers should warn about them.
    pub fn ignored(&self) -> &[String] {
        &self.ignored
    }

    /// Sentences about what is in the checkpoint and not used as one might expect. Callers should show them.
    pub fn remarks(&self) -> Vec<String> {
        let averages = "the file holds moving averages (EMA) of the U-Net beside its main weights; the main weights are used";
        self.has_averages.then(|| averages.to_owned()).into_iter().collect()
    }

    /// The scheduler's settings in the format of `scheduler_config.json`.
    pub fn scheduler_config_json(&self) -> &str {
        &self.scheduler
    }

    /// Whether an empty negative prompt is all zeros instead of being encoded (a key of `model_index.json`).
    pub fn force_zeros_for_empty_prompt(&self) -> bool {
        self.force_zeros_for_empty_prompt
    }
}

fn short_count(count: usize) -> String {
    let count = count as f64;
    match count {
        1e9.. => format!("{:.2} B", count / 1e9),
        1e6.. => format!("{:.0} M", count / 1e6),
        _ => format!("{:.0} k", count / 1e3),
    }
}
