//! Opening a checkpoint.

use std::path::{Path, PathBuf};

use candle_core::Device;
use dedit_catalog::Library;
use dedit_diffusion::embedding::EmbeddingFile;
use dedit_diffusion::lora::{LoraFile, Placement};
use dedit_diffusion::pipeline::Pipeline;
use dedit_diffusion::weights::OpenOptions;
use dedit_diffusion::{Checkpoint, Error, Result};
use dedit_session::ModelChoice;
use dedit_toys::model as toys;

use crate::device;
use crate::place::{Place, VARIABLE, find, with_paths};

/// An opened checkpoint; no tensor is read yet.
pub struct Model {
    checkpoint: Checkpoint,
    device: Device,
    choice: ModelChoice,
    is_built_in: bool,
}

impl Model {
    /// Opens the model of a choice; if it names none, the [`usual`](crate::usual) one. `note` is called with warnings.
    ///
    /// # Errors
    /// `Model` where none is named, it does not exist or cannot be read, or has no networks; `Usage` and `Resources` for a device that does not exist.
    pub fn open(choice: &ModelChoice, library: &Library, note: &mut dyn FnMut(String)) -> Result<Self> {
        let opened = device::open(choice.device.as_deref())?;
        let (path, is_built_in) = match find(choice.model.as_deref(), library)? {
            Place::Patches => {
                let hint = format!(
                    "fetch one with dedit model fetch NAME, which dedit model list shows; or name one with --model or {VARIABLE}; the built-in one, \
                     which knows toys alone, is {}",
                    toys::NAME
                );
                return Err(Error::model("this needs a diffusion model").hint(hint));
            }
            Place::BuiltIn(path) => (path, true),
            Place::Checkpoint(path) => (path, false),
        };
        let folder = |name: &Option<String>| name.as_ref().map(PathBuf::from);
        let config_dir = folder(&choice.config_dir).or_else(|| configurations_beside(&path));
        let options = OpenOptions { variant: choice.variant.clone(), config_dir, vae: folder(&choice.vae) };
        let checkpoint = Checkpoint::open_with(&path, &options)?;
        if !checkpoint.ignored().is_empty() {
            let (count, names) = (checkpoint.ignored().len(), checkpoint.ignored().iter().take(3).cloned().collect::<Vec<_>>());
            note(format!("{count} tensors of the checkpoint belong to no network and are not used: {} …", names.join(", ")));
        }
        checkpoint.remarks().into_iter().for_each(&mut *note);
        Ok(Self {
            checkpoint,
            device: opened.device,
            choice: lasting(&with_paths(choice, &path, library)?, &path, &opened.name, is_built_in),
            is_built_in,
        })
    }

    /// A short name for messages.
    pub fn name(&self) -> String {
        name(&self.choice)
    }

    /// What it was recognised as; see [`Checkpoint::describe`].
    pub fn description(&self) -> String {
        self.checkpoint.describe()
    }

    /// The choice with absolute paths, which finds the model again from any working directory.
    pub fn choice(&self) -> &ModelChoice {
        &self.choice
    }

    /// The device that it runs on.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// For the built-in model, a sentence about words of a prompt that are not in its training set.
    pub fn remark(&self, prompt: &str) -> Option<String> {
        if self.is_built_in { unknown_words(prompt) } else { None }
    }

    /// Picture pixels per latent pixel along each side.
    pub fn pixels_per_latent(&self) -> usize {
        self.checkpoint.vae().config.pixels_per_latent()
    }

    /// Builds the networks, applies all LoRA and embedding files and the clip skip, and closes the files.
    ///
    /// # Errors
    /// `Model` where its files or those of a LoRA or an embedding cannot be used; `Usage` for a clip skip that makes no sense.
    pub fn load(self, note: &mut dyn FnMut(String)) -> Result<Pipeline> {
        let Self { checkpoint, device, choice, .. } = self;
        // Opened first, so that a wrong name is an error before a large model is loaded.
        let files = choice.loras.iter().map(|lora| LoraFile::open(Path::new(&lora.file))).collect::<Result<Vec<_>>>()?;
        let embeddings = choice.embeddings.iter().map(|embedding| EmbeddingFile::open(&embedding.file)).collect::<Result<Vec<_>>>()?;
        let mut pipeline = Pipeline::load(&checkpoint, &device)?;
        for (embedding, file) in choice.embeddings.iter().zip(&embeddings) {
            pipeline.add_embedding(file, embedding.name.as_deref())?;
        }
        if let Some(layer) = choice.clip_skip {
            pipeline.set_clip_skip(layer)?;
        }
        for (lora, file) in choice.loras.iter().zip(files) {
            // As an adapter it is exact; merged, the sum would be rounded to the precision of the weights.
            let applied = pipeline.apply_lora(&file, Placement::Adapter, lora.scale)?;
            let unused: Vec<&String> = applied.unmatched.iter().chain(file.unknown()).collect();
            if let Some(first) = unused.first() {
                let count = unused.len();
                note(format!("{count} tensors of this LoRA fit nothing in the model and are not used, such as {first}: {}", lora.file));
            }
        }
        Ok(pipeline)
    }
}

/// The folder of a single file, where it holds all configurations of the model: repositories keep both side by side.
fn configurations_beside(path: &Path) -> Option<PathBuf> {
    const FILES: [&str; 5] =
        ["model_index.json", "unet/config.json", "vae/config.json", "text_encoder/config.json", "tokenizer/tokenizer_config.json"];
    let folder = path.parent().filter(|_| path.is_file())?;
    FILES.iter().all(|file| folder.join(file).is_file()).then(|| folder.to_path_buf())
}

/// The last part of a model's path.
pub(crate) fn name(choice: &ModelChoice) -> String {
    let model = choice.model.clone().unwrap_or_default();
    Path::new(&model).file_name().map_or(model.clone(), |name| name.to_string_lossy().into_owned())
}

/// A choice with absolute paths, where these are valid UTF-8, and the name of the device that was opened.
pub(crate) fn lasting(choice: &ModelChoice, path: &Path, device: &str, is_built_in: bool) -> ModelChoice {
    let whole = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()).to_string_lossy().into_owned();
    ModelChoice {
        model: Some(if is_built_in { toys::NAME.to_owned() } else { whole(path) }),
        device: Some(device.to_owned()),
        ..choice.clone()
    }
}

pub(crate) fn unknown_words(prompt: &str) -> Option<String> {
    let unknown = toys::unknown_words(prompt);
    let sentence =
        || format!("the built-in model knows toys alone, and not these words: {}; name another model with --model", unknown.join(", "));
    (!unknown.is_empty()).then(sentence)
}
