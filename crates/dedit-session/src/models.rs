//! The interface of a loader of models.

use dedit_edit::{Engine, Error, Result};
use dedit_segment::Segmenter;

/// A model and its device; `None` leaves the choice to the loader.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ModelChoice {
    /// A name or a path.
    pub model: Option<String>,
    /// `auto`, `cpu`, `cuda`, `cuda:1`, `metal`.
    pub device: Option<String>,
    /// Only weight files with this in their names, such as `fp16`.
    pub variant: Option<String>,
    /// A folder with the configurations of a single-file checkpoint of unusual layer sizes.
    pub config_dir: Option<String>,
    /// A file or folder with an autoencoder to use instead of the model's own.
    pub vae: Option<String>,
    /// LoRA files that are added to it.
    pub loras: Vec<Lora>,
    /// Embedding files (textual inversion) for its prompts.
    pub embeddings: Vec<Embedding>,
    /// The layer of its text encoders that counts, from the end; `None` for the usual one of its family.
    pub clip_skip: Option<usize>,
}

/// A LoRA file.
#[derive(Debug, Clone, PartialEq)]
pub struct Lora {
    /// Its path.
    pub file: String,
    /// Its weight; 1 adds it as it was trained.
    pub scale: f64,
}

/// An embedding file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Embedding {
    /// Its path.
    pub file: String,
    /// The word that stands for it in prompts; without one the file's name without its ending.
    pub name: Option<String>,
}

impl ModelChoice {
    /// Fills in missing fields from `other`. LoRA and embedding files and the clip skip belong to a model: where this names a model, none are taken over.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        if self.model.is_some() {
            return Self { device: self.device.or_else(|| other.device.clone()), ..self };
        }
        let loras = if self.loras.is_empty() { other.loras.clone() } else { self.loras };
        let embeddings = if self.embeddings.is_empty() { other.embeddings.clone() } else { self.embeddings };
        Self {
            model: other.model.clone(),
            device: self.device.or_else(|| other.device.clone()),
            variant: self.variant.or_else(|| other.variant.clone()),
            config_dir: self.config_dir.or_else(|| other.config_dir.clone()),
            vae: self.vae.or_else(|| other.vae.clone()),
            loras,
            embeddings,
            clip_skip: self.clip_skip.or(other.clip_skip),
        }
    }
}

/// A model that was found, not loaded.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// A choice that finds it again from any working folder: with an absolute path, or a known name.
    pub choice: ModelChoice,
    /// A short name for people.
    pub name: String,
    /// Bytes of its weights.
    pub bytes: u64,
}

/// Finds and loads models.
pub trait Models: Send + Sync {
    /// The models that are known by name.
    fn known(&self) -> Vec<Found>;

    /// Finds a model and its device.
    ///
    /// # Errors
    /// `Model` or `Usage` where there is none.
    fn find(&self, choice: &ModelChoice) -> Result<Found>;

    /// The one name of a device, by which its queue is found, for any of its names; without a name of the one that is used where none is named.
    fn device(&self, name: Option<&str>) -> String {
        name.unwrap_or("cpu").to_owned()
    }

    /// Loads it; `note` receives what the user should know.
    fn load(&self, found: &Found, note: &mut dyn FnMut(String)) -> Result<Box<dyn Engine>>;

    /// An engine that removes items without weights: it makes the clean plates for others. It takes no memory worth keeping while it does nothing.
    fn plate_engine(&self) -> Box<dyn Engine>;

    /// Finds a segment-anything model by its name or path, or without one the usual one. `None` where items are found without weights: where there is no
    /// usual one, or the name says so.
    ///
    /// # Errors
    /// `Model` where there is none of that name.
    fn find_segmenter(&self, name: Option<&str>) -> Result<Option<Found>> {
        name.map_or(Ok(None), |name| Err(Error::model("there is no such model").at(name)))
    }

    /// Loads a segment-anything model that was found.
    ///
    /// # Errors
    /// `Model` where it cannot be read, or is of another kind.
    fn load_segmenter(&self, found: &Found) -> Result<Box<dyn Segmenter>> {
        Err(Error::model("there is no such model").at(&found.name))
    }

    /// Called after models were unloaded, to free cached memory too.
    fn unloaded(&self) {}

    /// A remark on a prompt for this model, such as words that it was not trained on.
    fn remark(&self, found: &Found, prompt: &str) -> Option<String>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_request_leaves_out_is_as_the_session_has_it() {
        let lora = |file: &str| vec![Lora { file: file.to_owned(), scale: 1.0 }];
        let style = |name: Option<&str>| vec![Embedding { file: "e".to_owned(), name: name.map(str::to_owned) }];
        let session = ModelChoice {
            model: Some("a".into()),
            device: Some("cuda".into()),
            loras: lora("x"),
            embeddings: style(None),
            clip_skip: Some(2),
            ..ModelChoice::default()
        };
        assert_eq!(ModelChoice::default().or(&session), session);
        let other = ModelChoice { model: Some("b".into()), ..ModelChoice::default() };
        assert_eq!(other.clone().or(&session), ModelChoice { device: Some("cuda".into()), ..other.clone() });
        let own = ModelChoice { loras: lora("y"), device: Some("cpu".into()), ..ModelChoice::default() };
        assert_eq!(own.or(&session), ModelChoice { loras: lora("y"), device: Some("cpu".into()), ..session.clone() });
        let own = ModelChoice { embeddings: style(Some("s")), clip_skip: Some(1), ..ModelChoice::default() };
        assert_eq!(own.or(&session), ModelChoice { embeddings: style(Some("s")), clip_skip: Some(1), ..session.clone() });
        let own = ModelChoice { vae: Some("v".into()), ..ModelChoice::default() };
        let both = ModelChoice { vae: Some("v".into()), ..session };
        assert_eq!(own.or(&both), both);
        assert_eq!(ModelChoice::default().or(&both), both);
        assert_eq!(other.or(&both).vae, None, "an autoencoder belongs to its model");
    }
}
