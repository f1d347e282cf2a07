//! A whole model: its networks, tokenizers and scheduler settings, from a diffusers folder or a single file.

use std::path::{Path, PathBuf};

use super::folder::ComponentFiles;
use super::{Family, Weights, names, single};
use crate::config::{ClipTextConfig, ConfigFile, UnetConfig, VaeConfig};
use crate::tokenizer::Tokenizer;
use crate::{Error, Result};

/// Choices when a checkpoint is opened.
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    /// Take the files with this in their names (`fp16`, `non_ema`) where there are such; else the plain ones, then fp16, then bf16.
    pub variant: Option<String>,
    /// For single files of unusual size: a diffusers folder whose configurations, tokenizers and scheduler settings are used.
    pub config_dir: Option<PathBuf>,
}

/// A network's configuration and weights.
#[derive(Debug, Clone)]
pub struct Component<C> {
    /// Its sizes.
    pub config: C,
    /// Its tensors.
    pub weights: Weights,
}

/// A model on disk, opened: every file is mapped and its header checked, no tensor is read yet.
#[derive(Debug)]
pub struct Checkpoint {
    pub(super) path: PathBuf,
    pub(super) family: Family,
    /// "diffusers folder", "single file".
    pub(super) form: &'static str,
    pub(super) unet: Component<UnetConfig>,
    pub(super) vae: Component<VaeConfig>,
    pub(super) text_encoders: Vec<Component<ClipTextConfig>>,
    /// Folders of the tokenizers, where the checkpoint brings them.
    pub(super) tokenizers: Vec<Option<PathBuf>>,
    pub(super) scheduler: String,
    pub(super) force_zeros_for_empty_prompt: bool,
    /// Tensors of a single file that belong to no network.
    pub(super) ignored: Vec<String>,
}

impl Checkpoint {
    /// Opens a diffusers folder (the one with `model_index.json`) or a single `.safetensors` file with the default choices.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(path, &OpenOptions::default())
    }

    /// Opens a diffusers folder or a single file.
    ///
    /// # Errors
    /// In one sentence, if something is not there, is damaged, or is no model that this engine runs.
    pub fn open_with(path: impl AsRef<Path>, options: &OpenOptions) -> Result<Self> {
        let path = path.as_ref();
        if path.is_dir() { Self::from_folder(path, options) } else { single::open(path, options) }
    }

    fn from_folder(dir: &Path, options: &OpenOptions) -> Result<Self> {
        let index = model_index(dir)?;
        check_parts(&index)?;
        let variant = options.variant.as_deref();
        let part = |name: &str, stem: &str| -> Result<(ConfigFile, ComponentFiles)> {
            let dir = dir.join(name);
            Ok((ConfigFile::read(&dir.join("config.json"))?, ComponentFiles::open(&dir, stem, variant)?))
        };
        let (unet_config, unet_files) = part("unet", "diffusion_pytorch_model")?;
        let (vae_config, vae_files) = part("vae", "diffusion_pytorch_model")?;
        let unet_config = UnetConfig::from_file(&unet_config)?;
        let family = Family::of(&unet_config);
        let mut taken = vec![unet_files.variant.clone(), vae_files.variant.clone()];
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
        Ok(Self {
            path: dir.to_path_buf(),
            family,
            form: "diffusers folder",
            unet: Component { weights: Weights::new(&unet_files.dir, &unet_files.files, names::unet)?, config: unet_config },
            vae: Component {
                weights: Weights::new(&vae_files.dir, &vae_files.files, names::vae)?,
                config: VaeConfig::from_file(&vae_config)?,
            },
            text_encoders,
            tokenizers: tokenizer_dirs(dir, family),
            scheduler: scheduler_json(dir)?,
            force_zeros_for_empty_prompt: force_zeros(Some(&index), family)?,
            ignored: Vec::new(),
        })
    }

    /// Which kind of model it is.
    pub fn family(&self) -> Family {
        self.family
    }

    /// Where it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What was recognised, in words: "Stable Diffusion 1.x, 860 M parameters in the U-Net, float16, diffusers folder".
    pub fn describe(&self) -> String {
        let unet = &self.unet.weights;
        format!("{}, {} parameters in the U-Net, {}, {}", self.family, short_count(unet.parameters()), unet.number_type(), self.form)
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

    /// The tokenizer of the text encoder with this index: the checkpoint's own, or CLIP's where it brings none.
    pub fn tokenizer(&self, encoder: usize) -> Result<Tokenizer> {
        match self.tokenizers.get(encoder) {
            Some(Some(dir)) => Tokenizer::from_dir(dir),
            _ => Tokenizer::bundled(self.family.pad(encoder)),
        }
    }

    /// Tensors of a single file that belong to no network and are no known extras: worth a warning.
    pub fn ignored(&self) -> &[String] {
        &self.ignored
    }

    /// The scheduler's settings as diffusers writes them (`scheduler_config.json`).
    pub fn scheduler_config_json(&self) -> &str {
        &self.scheduler
    }

    /// Whether an empty negative prompt is all zeros instead of being encoded (a key of `model_index.json`).
    pub fn force_zeros_for_empty_prompt(&self) -> bool {
        self.force_zeros_for_empty_prompt
    }
}

pub(super) const TEXT_ENCODERS: [&str; 2] = ["text_encoder", "text_encoder_2"];
const TOKENIZERS: [&str; 2] = ["tokenizer", "tokenizer_2"];

pub(super) fn tokenizer_dirs(dir: &Path, family: Family) -> Vec<Option<PathBuf>> {
    let present = |name: &&str| Some(dir.join(name)).filter(|dir| dir.is_dir());
    TOKENIZERS[..family.text_encoders()].iter().map(present).collect()
}

/// The text encoders must give what the U-Net attends to: in SDXL, both side by side.
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
    // Parsed here only to complain early.
    ConfigFile::read(&path)?;
    crate::config::read_text(&path)
}

/// SDXL was trained with zeros in place of an empty prompt; diffusers takes that for granted where the index does not say.
pub(super) fn force_zeros(index: Option<&ConfigFile>, family: Family) -> Result<bool> {
    let usual = family == Family::Sdxl;
    index.map_or(Ok(usual), |index| index.or("force_zeros_for_empty_prompt", usual))
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

/// Refuses folders of models that are built otherwise.
fn check_parts(index: &ConfigFile) -> Result<()> {
    let class: String = index.or("_class_name", "a model without a class name".to_owned())?;
    let has = |part: &str| index.value(part).is_some_and(|value| value.get(1).is_some_and(serde_json::Value::is_string));
    if let Some(part) = ["unet", "vae", "text_encoder"].into_iter().find(|part| !has(part)) {
        return Err(Error::model(format!("this is {class}, which has no {part}; supported are Stable Diffusion 1.x, 2.x and XL"))
            .at(index.path())
            .hint("use a checkpoint of one of these families"));
    }
    Ok(())
}

fn short_count(count: usize) -> String {
    let count = count as f64;
    match count {
        1e9.. => format!("{:.2} B", count / 1e9),
        1e6.. => format!("{:.0} M", count / 1e6),
        _ => format!("{:.0} k", count / 1e3),
    }
}
