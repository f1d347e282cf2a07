//! The catalogue of models for sessions.

use std::fs;
use std::path::Path;

use dedit_edit::{Error, Result};
use dedit_engine::{Engine, to_edit};
use dedit_patches::{NAME, Patches};
use dedit_session::{Found, ModelChoice, Models};
use dedit_toys::model as toys;

use crate::model::{self, Model, Place, find, lasting, name, open_device};
use crate::pool::Pool;

/// The engine without weights, the built-in model, and any other model by its path.
#[derive(Debug, Clone, Copy, Default)]
pub struct Catalogue;

impl Models for Catalogue {
    fn known(&self) -> Vec<Found> {
        let named = |name: &str| ModelChoice { model: Some(name.to_owned()), ..ModelChoice::default() };
        let choices = [ModelChoice::default(), named(NAME), named(toys::NAME)];
        // If the built-in model cannot be unpacked, the error is reported when it is opened.
        let mut known: Vec<Found> = Vec::new();
        for found in choices.iter().filter_map(|choice| self.find(choice).ok()) {
            if !known.contains(&found) {
                known.push(found);
            }
        }
        known
    }

    fn find(&self, choice: &ModelChoice) -> Result<Found> {
        let (path, is_built_in) = match find(choice).map_err(to_edit)? {
            Place::Patches => return patches(choice),
            Place::BuiltIn(path) => (path, true),
            Place::Checkpoint(path) => (path, false),
        };
        open_device(choice.device.as_deref().unwrap_or("cpu")).map_err(to_edit)?;
        let choice = lasting(choice, &path, is_built_in);
        Ok(Found { name: name(&choice), choice, bytes: bytes(&path) })
    }

    fn load(&self, found: &Found, note: &mut dyn FnMut(String)) -> Result<Box<dyn dedit_edit::Engine>> {
        if found.choice.model.as_deref() == Some(NAME) {
            return Ok(self.plate_engine());
        }
        let model = Model::open(&found.choice, note).map_err(to_edit)?;
        let pipeline = model.load(note).map_err(to_edit)?;
        Ok(Box::new(Engine::new(pipeline).map_err(to_edit)?))
    }

    fn plate_engine(&self) -> Box<dyn dedit_edit::Engine> {
        Box::new(Patches::new(Box::new(Pool)))
    }

    fn unloaded(&self) {
        dedit_nn::memory::release_kept_buffers();
    }

    fn remark(&self, found: &Found, prompt: &str) -> Option<String> {
        if found.choice.model.as_deref() == Some(toys::NAME) { model::unknown_words(prompt) } else { None }
    }
}

/// The engine without weights. It computes on the processor, whatever device is asked for.
fn patches(choice: &ModelChoice) -> Result<Found> {
    if let Some(lora) = choice.loras.first() {
        return Err(Error::usage("a LoRA belongs to a diffusion model, and none is named").at(&lora.file).hint("name it with --model"));
    }
    if let Some(embedding) = choice.embeddings.first() {
        let message = "an embedding belongs to a diffusion model, and none is named";
        return Err(Error::usage(message).at(&embedding.file).hint("name it with --model"));
    }
    if choice.clip_skip.is_some() {
        return Err(Error::usage("a clip skip is for a diffusion model, and none is named").hint("name it with --model"));
    }
    let choice = ModelChoice { model: Some(NAME.to_owned()), device: Some("cpu".to_owned()), ..ModelChoice::default() };
    Ok(Found { choice, name: NAME.to_owned(), bytes: 0 })
}

/// Total size of a model's files in bytes.
fn bytes(path: &Path) -> u64 {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => fs::read_dir(path).into_iter().flatten().flatten().map(|entry| bytes(&entry.path())).sum(),
        Ok(found) => found.len(),
        Err(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_is_found_again_and_what_is_not_there_says_so() {
        let named =
            |model: &str, device: &str| ModelChoice { model: Some(model.into()), device: Some(device.into()), ..ModelChoice::default() };
        let folder = env!("CARGO_MANIFEST_DIR");
        let found = Catalogue.find(&named(folder, "cpu")).unwrap();
        assert_eq!((found.name.as_str(), Catalogue.find(&found.choice).unwrap()), ("dedit-models", found.clone()));
        assert!(found.bytes > 1000, "{}", found.bytes);
        for (model, device, fragment) in
            [("nowhere", "cpu", "there is no such model"), (folder, "gpu", "there is no device 'gpu'"), (folder, "cuda:x", "no device")]
        {
            assert!(Catalogue.find(&named(model, device)).unwrap_err().message().contains(fragment), "{model} {device}");
        }
    }

    #[test]
    fn the_engine_without_weights_is_there_by_its_name_and_where_none_is_named() {
        let choice = |model: Option<&str>| ModelChoice { model: model.map(str::to_owned), ..ModelChoice::default() };
        let found = Catalogue.find(&choice(Some("patches"))).unwrap();
        assert_eq!((found.name.as_str(), found.bytes), ("patches", 0));
        assert_eq!(Catalogue.find(&found.choice).unwrap(), found);
        assert_eq!(Catalogue.find(&ModelChoice { device: Some("cuda".into()), ..found.choice.clone() }).unwrap(), found, "any device");
        if std::env::var_os(model::VARIABLE).is_none_or(|value| value.is_empty()) {
            assert_eq!(Catalogue.find(&choice(None)).unwrap(), found);
        }
        assert!(!Catalogue.load(&found, &mut |_| {}).unwrap().learns());
        let lora = vec![dedit_session::Lora { file: "a.safetensors".into(), scale: 1.0 }];
        let refused = Catalogue.find(&ModelChoice { loras: lora, ..choice(Some("patches")) }).unwrap_err();
        assert!(refused.message().contains("a LoRA belongs to a diffusion model"), "{refused}");
        let embeddings = vec![dedit_session::Embedding { file: "a.safetensors".into(), name: None }];
        let refused = Catalogue.find(&ModelChoice { embeddings, ..choice(Some("patches")) }).unwrap_err();
        assert!(refused.message().contains("an embedding belongs to a diffusion model"), "{refused}");
        let refused = Catalogue.find(&ModelChoice { clip_skip: Some(2), ..choice(Some("patches")) }).unwrap_err();
        assert!(refused.message().contains("a clip skip is for a diffusion model"), "{refused}");
        assert!(model::Model::open(&choice(Some("patches")), &mut |_| {}).is_err_and(|error| error.message().contains("diffusion model")));
    }
}
