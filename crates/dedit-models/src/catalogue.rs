//! The catalogue of models for sessions.

use std::fs;
use std::path::Path;

use dedit_edit::Result;
use dedit_engine::{Engine, to_edit};
use dedit_session::{Found, ModelChoice, Models};
use dedit_toys::model as toys;

use crate::model::{self, Model, find, lasting, name, open_device};

/// The built-in model, and any other model by its path.
#[derive(Debug, Clone, Copy, Default)]
pub struct Catalogue;

impl Models for Catalogue {
    fn known(&self) -> Vec<Found> {
        let built_in = ModelChoice { model: Some(toys::NAME.to_owned()), ..ModelChoice::default() };
        // If the built-in model cannot be unpacked, the error is reported when it is opened.
        let mut known: Vec<Found> = [ModelChoice::default(), built_in].iter().filter_map(|choice| self.find(choice).ok()).collect();
        known.dedup();
        known
    }

    fn find(&self, choice: &ModelChoice) -> Result<Found> {
        open_device(choice.device.as_deref().unwrap_or("cpu")).map_err(to_edit)?;
        let (path, is_built_in) = find(choice).map_err(to_edit)?;
        let choice = lasting(choice, &path, is_built_in);
        Ok(Found { name: name(&choice), choice, bytes: bytes(&path) })
    }

    fn load(&self, found: &Found, note: &mut dyn FnMut(String)) -> Result<Box<dyn dedit_edit::Engine>> {
        let model = Model::open(&found.choice, note).map_err(to_edit)?;
        let pipeline = model.load(note).map_err(to_edit)?;
        Ok(Box::new(Engine::new(pipeline).map_err(to_edit)?))
    }

    fn unloaded(&self) {
        dedit_nn::memory::release_kept_buffers();
    }

    fn remark(&self, found: &Found, prompt: &str) -> Option<String> {
        if found.choice.model.as_deref() == Some(toys::NAME) { model::unknown_words(prompt) } else { None }
    }
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
}
