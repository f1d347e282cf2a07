//! The choice of a model from the options.

use std::path::Path;

use dedit_protocol::request::{self, ModelChoice};
use dedit_session::{Embedding, Lora};
use dedit_toys::model as toys;

use crate::arguments::Engine;
use crate::console::Console;

impl Engine {
    /// The choice as requests carry it. Where no option names a model, `recorded`, which a session was learned with, is left to the daemon; else the
    /// environment names one, else it is the engine without weights.
    pub(crate) fn choice(&self, recorded: Option<&str>) -> ModelChoice {
        let whole = |path: &Path| {
            // A name that is no path stays as it is, and so does a path that does not exist, for the error message.
            let path = if path.exists() { std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()) } else { path.to_path_buf() };
            path.to_string_lossy().into_owned()
        };
        let variable = std::env::var_os(dedit_models::VARIABLE).filter(|value| !value.is_empty()).map(std::path::PathBuf::from);
        let model = match (&self.model, recorded, variable) {
            (Some(model), _, _) => Some(whole(model)),
            (None, Some(_), _) => None,
            (None, None, Some(variable)) => Some(whole(&variable)),
            (None, None, None) => Some(dedit_models::PATCHES.to_owned()),
        };
        ModelChoice {
            model,
            device: self.device.map(|device| device.to_string()),
            variant: self.variant.clone(),
            config_dir: self.config_dir.as_deref().map(whole),
            loras: self.lora.iter().map(|lora| request::Lora { file: whole(&lora.file), scale: lora.scale }).collect(),
            embeddings: self
                .embedding
                .iter()
                .map(|embedding| request::Embedding { file: whole(&embedding.file), name: embedding.name.clone() })
                .collect(),
            clip_skip: self.clip_skip,
        }
    }

    /// The same for pictures of toys: without any name it is the built-in model, which knows them.
    pub(crate) fn choice_for_toys(&self, console: &Console) -> ModelChoice {
        let choice = self.choice(None);
        if choice.model.as_deref() != Some(dedit_models::PATCHES) || self.model.is_some() {
            return choice;
        }
        let variable = dedit_models::VARIABLE;
        console.note(format!("the built-in model draws toy scenes and nothing else; name another with --model or {variable}"));
        ModelChoice { model: Some(toys::NAME.to_owned()), ..choice }
    }

    /// The same for `dedit generate`, which runs in this process.
    pub(crate) fn own_choice(&self) -> dedit_session::ModelChoice {
        let ModelChoice { model, device, variant, config_dir, loras, embeddings, clip_skip } = self.choice(None);
        let embeddings = embeddings.into_iter().map(|embedding| Embedding { file: embedding.file, name: embedding.name }).collect();
        let loras = loras.into_iter().map(|lora| Lora { file: lora.file, scale: lora.scale }).collect();
        dedit_session::ModelChoice { model, device, variant, config_dir, loras, embeddings, clip_skip }
    }
}
