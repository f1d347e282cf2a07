//! The choice of a model from the options.

use std::path::Path;

use dedit_catalog::Library;
use dedit_protocol::address;
use dedit_protocol::request::{self, ModelChoice};
use dedit_session::{Embedding, Lora};
use dedit_toys::model as toys;

use crate::arguments::Engine;
use crate::console::Console;
use crate::error::Result;

/// A name or path of a model as requests carry it: a name that is no path stays as it is, and so does a path that does not exist, for the error message.
pub(crate) fn whole(path: &Path) -> String {
    let path = if path.exists() { std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()) } else { path.to_path_buf() };
    path.to_string_lossy().into_owned()
}

impl Engine {
    /// The choice as requests carry it. Where no option names a model, `recorded`, which a session was learned with, is left to the daemon; else it is the
    /// usual one, else the engine without weights.
    ///
    /// # Errors
    /// `Model` where the usual one is not there any more.
    pub(crate) fn choice(&self, recorded: Option<&str>) -> Result<ModelChoice> {
        let model = match (&self.model, recorded) {
            (Some(model), _) => Some(whole(model)),
            (None, Some(_)) => None,
            (None, None) => {
                let usual = dedit_models::usual(&Library::new(&address::data()))?;
                Some(usual.map_or_else(|| dedit_models::PATCHES.to_owned(), |usual| whole(&usual)))
            }
        };
        Ok(ModelChoice {
            model,
            device: self.device.map(|device| device.to_string()),
            variant: self.variant.clone(),
            config_dir: self.config_dir.as_deref().map(whole),
            vae: self.vae.as_deref().map(whole),
            loras: self.lora.iter().map(|lora| request::Lora { file: whole(&lora.file), scale: lora.scale }).collect(),
            embeddings: self
                .embedding
                .iter()
                .map(|embedding| request::Embedding { file: whole(&embedding.file), name: embedding.name.clone() })
                .collect(),
            clip_skip: self.clip_skip,
        })
    }

    /// The same for pictures of toys: without any name it is the built-in model, which knows them.
    ///
    /// # Errors
    /// As [`Self::choice`].
    pub(crate) fn choice_for_toys(&self, console: &Console) -> Result<ModelChoice> {
        let variable = dedit_models::VARIABLE;
        if self.model.is_some() || std::env::var_os(variable).is_some_and(|value| !value.is_empty()) {
            return self.choice(None);
        }
        console.note(format!("the built-in model draws toy scenes and nothing else; name another with --model or {variable}"));
        Ok(ModelChoice { model: Some(toys::NAME.to_owned()), ..self.choice(Some(toys::NAME))? })
    }

    /// The same for `dedit generate`, which runs in this process.
    ///
    /// # Errors
    /// As [`Self::choice`].
    pub(crate) fn own_choice(&self) -> Result<dedit_session::ModelChoice> {
        let ModelChoice { model, device, variant, config_dir, vae, loras, embeddings, clip_skip } = self.choice(None)?;
        let embeddings = embeddings.into_iter().map(|embedding| Embedding { file: embedding.file, name: embedding.name }).collect();
        let loras = loras.into_iter().map(|lora| Lora { file: lora.file, scale: lora.scale }).collect();
        Ok(dedit_session::ModelChoice { model, device, variant, config_dir, vae, loras, embeddings, clip_skip })
    }
}
