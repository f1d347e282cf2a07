//! Where engines come from, as sessions see it.

use dedit_edit::{Engine, Result};

/// A model and where it runs; what is `None` is left to whoever loads it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ModelChoice {
    /// A name or a path.
    pub model: Option<String>,
    /// `cpu`, `cuda`, `cuda:1`, `metal`.
    pub device: Option<String>,
    /// Weight files with this in their names, such as `fp16`.
    pub variant: Option<String>,
    /// For a single file of unusual sizes: a folder whose configurations are used.
    pub config_dir: Option<String>,
    /// LoRA files on it.
    pub loras: Vec<Lora>,
}

/// A LoRA file.
#[derive(Debug, Clone, PartialEq)]
pub struct Lora {
    /// Its path.
    pub file: String,
    /// How strongly it counts.
    pub scale: f64,
}

impl ModelChoice {
    /// With what `other` says where this says nothing. LoRA files belong to a model: where this names one, they are its own.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        if self.model.is_some() {
            return Self { device: self.device.or_else(|| other.device.clone()), ..self };
        }
        let loras = if self.loras.is_empty() { other.loras.clone() } else { self.loras };
        Self {
            model: other.model.clone(),
            device: self.device.or_else(|| other.device.clone()),
            variant: self.variant.or_else(|| other.variant.clone()),
            config_dir: self.config_dir.or_else(|| other.config_dir.clone()),
            loras,
        }
    }
}

/// A model that was found; nothing of it is loaded yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// What finds it again from anywhere: with a whole path, or the name it is known by.
    pub choice: ModelChoice,
    /// A short name for people.
    pub name: String,
    /// Bytes of its weights.
    pub bytes: u64,
}

/// Finds and loads models.
pub trait Models: Send + Sync {
    /// Those that are known by name.
    fn known(&self) -> Vec<Found>;

    /// Finds a model, and the device it is to run on.
    ///
    /// # Errors
    /// `Model` and `Usage` where there is none such.
    fn find(&self, choice: &ModelChoice) -> Result<Found>;

    /// Loads it; `note` hears what should be known of it.
    fn load(&self, found: &Found, note: &mut dyn FnMut(String)) -> Result<Box<dyn Engine>>;

    /// Models were given back: memory that is kept for the next one can go too.
    fn unloaded(&self) {}

    /// What should be known of a prompt for this model, such as words that it was never shown.
    fn remark(&self, found: &Found, prompt: &str) -> Option<String>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_request_leaves_out_is_as_the_session_has_it() {
        let lora = |file: &str| vec![Lora { file: file.to_owned(), scale: 1.0 }];
        let session = ModelChoice { model: Some("a".into()), device: Some("cuda".into()), loras: lora("x"), ..ModelChoice::default() };
        assert_eq!(ModelChoice::default().or(&session), session);
        let other = ModelChoice { model: Some("b".into()), ..ModelChoice::default() };
        assert_eq!(other.clone().or(&session), ModelChoice { device: Some("cuda".into()), ..other });
        let own = ModelChoice { loras: lora("y"), device: Some("cpu".into()), ..ModelChoice::default() };
        assert_eq!(own.or(&session), ModelChoice { loras: lora("y"), device: Some("cpu".into()), ..session });
    }
}
