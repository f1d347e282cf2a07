//! The catalogue of models for sessions.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dedit_catalog::{Library, is_usable};
use dedit_edit::{Error, ErrorKind, Result};
use dedit_engine::{Engine, to_edit};
use dedit_patches::{NAME, Patches};
use dedit_segment::Segmenter;
use dedit_session::{Found, ModelChoice, Models};
use dedit_toys::model as toys;

use crate::device::{self, AUTO};
use crate::model::{self, Model, lasting, name};
use crate::place::{LCM_LORA, Place, find, with_paths};
use crate::pool::Pool;
use crate::segmenter;

/// The engine without weights, the built-in model, and the models of a library by their names or paths.
#[derive(Debug)]
pub struct Catalogue {
    library: Arc<Library>,
    /// Whether a device was chosen automatically since the last note about it.
    automatic: AtomicBool,
}

impl Catalogue {
    /// With the models of a library.
    pub fn new(library: Arc<Library>) -> Self {
        Self { library, automatic: AtomicBool::new(false) }
    }
}

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
        // Not by `find`, which would open the device for each.
        let device = device::one_name(None);
        for found in self.library.found().into_iter().filter(is_usable) {
            let choice = lasting(&ModelChoice::default(), &found.path, &device, false);
            let found = Found { name: name(&choice), choice, bytes: bytes(&found.path) };
            if known.iter().all(|known| known.name != found.name) {
                known.push(found);
            }
        }
        known
    }

    fn find(&self, choice: &ModelChoice) -> Result<Found> {
        let (path, is_built_in) = match find(choice.model.as_deref(), &self.library).map_err(to_edit)? {
            Place::Patches => return patches(choice),
            Place::BuiltIn(path) => (path, true),
            Place::Checkpoint(path) => (path, false),
        };
        let opened = device::open(choice.device.as_deref()).map_err(to_edit)?;
        if choice.device.as_deref().is_none_or(|device| device == AUTO) {
            self.automatic.store(true, Ordering::Relaxed);
        }
        let choice = lasting(&with_paths(choice, &path, &self.library).map_err(to_edit)?, &path, &opened.name, is_built_in);
        Ok(Found { name: name(&choice), choice, bytes: bytes(&path) })
    }

    fn device(&self, name: Option<&str>) -> String {
        device::one_name(name)
    }

    fn load(&self, found: &Found, note: &mut dyn FnMut(String)) -> Result<Box<dyn dedit_edit::Engine>> {
        if found.choice.model.as_deref() == Some(NAME) {
            return Ok(self.plate_engine());
        }
        if self.automatic.swap(false, Ordering::Relaxed)
            && let Some(fallback) = device::fallback()
        {
            note(fallback.to_owned());
        }
        let model = Model::open(&found.choice, &self.library, note).map_err(to_edit)?;
        let pipeline = model.load(note).map_err(to_edit)?;
        Ok(Box::new(Engine::new(pipeline).map_err(to_edit)?))
    }

    fn plate_engine(&self) -> Box<dyn dedit_edit::Engine> {
        Box::new(Patches::new(Box::new(Pool)))
    }

    fn find_segmenter(&self, name: Option<&str>) -> Result<Option<Found>> {
        segmenter::find(name, &self.library)
    }

    fn load_segmenter(&self, found: &Found) -> Result<Box<dyn Segmenter>> {
        segmenter::load(found)
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
    if choice.loras.iter().any(|lora| lora.file == LCM_LORA) {
        let hint = "fetch one in D-Edit's window Models or with `dedit model fetch NAME`, or choose another quality";
        return Err(Error::new(ErrorKind::Model, "edits in few steps need a diffusion model, and none is named").hint(hint));
    }
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
    if let Some(vae) = &choice.vae {
        return Err(Error::usage("a VAE belongs to a diffusion model, and none is named").at(vae).hint("name it with --model"));
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
    use std::ffi::OsStr;

    use dedit_catalog::Surroundings;
    use tempfile::TempDir;

    use super::*;

    /// A machine without models.
    fn empty() -> (TempDir, Catalogue) {
        let folder = tempfile::tempdir().unwrap();
        let around = Surroundings { home: folder.path().to_path_buf(), ..Surroundings::default() };
        let library = Library::with(&folder.path().join("data"), around);
        (folder, Catalogue::new(Arc::new(library)))
    }

    fn choice(model: Option<&str>, device: Option<&str>) -> ModelChoice {
        ModelChoice { model: model.map(str::to_owned), device: device.map(str::to_owned), ..ModelChoice::default() }
    }

    fn no_variable() -> bool {
        std::env::var_os(crate::VARIABLE).is_none_or(|value| value == OsStr::new(""))
    }

    #[test]
    fn what_is_found_is_found_again_and_what_is_not_there_says_so() {
        let (_home, catalogue) = empty();
        let folder = env!("CARGO_MANIFEST_DIR");
        let found = catalogue.find(&choice(Some(folder), Some("cpu"))).unwrap();
        assert_eq!((found.name.as_str(), catalogue.find(&found.choice).unwrap()), ("dedit-models", found.clone()));
        assert!(found.bytes > 1000, "{}", found.bytes);
        for (model, device, fragment) in [
            ("nowhere", "cpu", "there is no such model"),
            ("sd15", "cpu", "Stable Diffusion 1.5 is not on this machine; fetch it with dedit model fetch sd15"),
            (folder, "gpu", "there is no device 'gpu'"),
            (folder, "cuda:x", "no device"),
        ] {
            let error = catalogue.find(&choice(Some(model), Some(device))).unwrap_err().to_string();
            assert!(error.contains(fragment), "{model} {device}: {error}");
        }
    }

    #[test]
    fn the_engine_without_weights_is_there_by_its_name_and_where_none_is_named() {
        let (_home, catalogue) = empty();
        let found = catalogue.find(&choice(Some("patches"), None)).unwrap();
        assert_eq!((found.name.as_str(), found.bytes), ("patches", 0));
        assert_eq!(catalogue.find(&found.choice).unwrap(), found);
        assert_eq!(catalogue.find(&ModelChoice { device: Some("cuda".into()), ..found.choice.clone() }).unwrap(), found, "any device");
        if no_variable() {
            assert_eq!(catalogue.find(&choice(None, None)).unwrap(), found);
        }
        assert!(!catalogue.load(&found, &mut |_| {}).unwrap().learns());
        let lora = vec![dedit_session::Lora { file: "a.safetensors".into(), scale: 1.0 }];
        let refused = catalogue.find(&ModelChoice { loras: lora, ..choice(Some("patches"), None) }).unwrap_err();
        assert!(refused.message().contains("a LoRA belongs to a diffusion model"), "{refused}");
        let few_steps = vec![dedit_session::Lora { file: LCM_LORA.into(), scale: 1.0 }];
        let refused = catalogue.find(&ModelChoice { loras: few_steps, ..choice(Some("patches"), None) }).unwrap_err();
        assert!(refused.message().contains("edits in few steps need a diffusion model"), "{refused}");
        let embeddings = vec![dedit_session::Embedding { file: "a.safetensors".into(), name: None }];
        let refused = catalogue.find(&ModelChoice { embeddings, ..choice(Some("patches"), None) }).unwrap_err();
        assert!(refused.message().contains("an embedding belongs to a diffusion model"), "{refused}");
        let refused = catalogue.find(&ModelChoice { clip_skip: Some(2), ..choice(Some("patches"), None) }).unwrap_err();
        assert!(refused.message().contains("a clip skip is for a diffusion model"), "{refused}");
        let refused = catalogue.find(&ModelChoice { vae: Some("a.safetensors".into()), ..choice(Some("patches"), None) }).unwrap_err();
        assert!(refused.message().contains("a VAE belongs to a diffusion model"), "{refused}");
        let opened = Model::open(&choice(Some("patches"), None), &catalogue.library, &mut |_| {});
        assert!(opened.is_err_and(|error| error.message().contains("diffusion model")));
    }

    #[test]
    fn names_and_the_default_are_those_of_the_library() {
        let (home, catalogue) = empty();
        let checkpoints = home.path().join("ComfyUI/models/checkpoints");
        fs::create_dir_all(&checkpoints).unwrap();
        let tensors = [
            ("model.diffusion_model.input_blocks.0.0.weight", [1, 4, 1, 1].as_slice()),
            ("model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight", &[1, 768]),
        ];
        let tensors = tensors.map(|(name, shape)| {
            (name.to_owned(), candle_core::Tensor::zeros(shape, candle_core::DType::F32, &candle_core::Device::Cpu).unwrap())
        });
        let path = checkpoints.join("mine.safetensors");
        candle_core::safetensors::save(&tensors.into_iter().collect(), &path).unwrap();
        let named = catalogue.find(&choice(Some("mine"), None)).unwrap();
        assert_eq!(named.choice.model.as_deref(), path.to_str());
        assert_eq!(catalogue.known().iter().filter(|found| **found == named).count(), 1, "hosts offer it");
        assert_eq!(catalogue.find(&choice(Some(&named.name), None)).unwrap(), named, "by the name that hosts show");
        let lora =
            |file: &str| ModelChoice { loras: vec![dedit_session::Lora { file: file.into(), scale: 1.0 }], ..choice(Some("mine"), None) };
        fs::create_dir_all(home.path().join("ComfyUI/models/loras")).unwrap();
        let style = home.path().join("ComfyUI/models/loras/style.safetensors");
        let tensor = candle_core::Tensor::zeros(&[1, 768], candle_core::DType::F32, &candle_core::Device::Cpu).unwrap();
        candle_core::safetensors::save(&[("lora_a.lora_down.weight".to_owned(), tensor)].into(), &style).unwrap();
        assert_eq!(catalogue.find(&lora("style")).unwrap().choice.loras[0].file, style.to_str().unwrap());
        let few_steps = catalogue.find(&lora("lcm-lora")).unwrap_err().to_string();
        assert!(few_steps.contains(
            "need LCM-LoRA for Stable Diffusion 1.5, which is not on this machine; fetch it with dedit model fetch lcm-lora-sd15"
        ));
        let fetched = home.path().join("data/models/lcm-lora-sd15/pytorch_lora_weights.safetensors");
        fs::create_dir_all(fetched.parent().unwrap()).unwrap();
        fs::File::create(&fetched).unwrap().set_len(134_621_556).unwrap();
        assert!(catalogue.find(&lora("lcm-lora")).is_err(), "it is broken");
        fs::remove_file(&fetched).unwrap();
        let named_so = home.path().join("ComfyUI/models/loras/lcm-lora-sd15.safetensors");
        fs::copy(&style, &named_so).unwrap();
        assert_eq!(catalogue.find(&lora("lcm-lora")).unwrap().choice.loras[0].file, named_so.to_str().unwrap());
        assert_eq!(catalogue.find(&lora("absent")).unwrap().choice.loras[0].file, "absent", "it is refused when it is opened");
        if no_variable() {
            assert_eq!(catalogue.find(&choice(None, None)).unwrap(), named, "the only one");
        }
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        assert!(catalogue.find(&choice(Some("mine"), None)).unwrap_err().message().contains("this model is broken: it is cut off"));
    }

    #[test]
    fn a_device_has_one_name() {
        let (_home, catalogue) = empty();
        let folder = env!("CARGO_MANIFEST_DIR");
        let device = |name: Option<&str>| catalogue.find(&choice(Some(folder), name)).map(|found| found.choice.device.unwrap());
        assert_eq!((device(None).unwrap(), device(Some("auto")).unwrap()), (device(Some("auto")).unwrap(), device(None).unwrap()));
        if let Ok(name) = device(Some("cuda")) {
            assert_eq!(name, "cuda:0");
        }
    }
}
