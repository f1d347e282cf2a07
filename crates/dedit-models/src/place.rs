//! Where the model of a name is.

use std::path::{Path, PathBuf};

use dedit_catalog::{Kind, Library, Usual};
use dedit_diffusion::{Error, ErrorKind, Result};
use dedit_session::ModelChoice;
use dedit_toys::model as toys;
use etcetera::{BaseStrategy as _, choose_base_strategy};

/// Environment variable with the default model.
pub const VARIABLE: &str = "DEDIT_MODEL";
/// Environment variable with the folder that the built-in model is unpacked to, instead of the user's cache folder.
const CACHE: &str = "DEDIT_CACHE";

/// Where a model is.
pub(crate) enum Place {
    /// The engine without weights: nowhere.
    Patches,
    /// The built-in model, unpacked.
    BuiltIn(PathBuf),
    /// A folder or file of weights.
    Checkpoint(PathBuf),
}

/// The name or path of the model that is used where none is named: what [`VARIABLE`] names, else the one chosen, else the only one of this machine.
/// `None` where there is no such model.
///
/// # Errors
/// `Model` where the one chosen is not there any more.
pub fn usual(library: &Library) -> Result<Option<PathBuf>> {
    if let Some(named) = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()) {
        return Ok(Some(named.into()));
    }
    match library.usual() {
        Usual::Chosen(path) | Usual::OnlyOne(path) => Ok(Some(path)),
        Usual::None => Ok(None),
        Usual::Missing(name) => Err(Error::model("the model that was chosen as default is not there any more")
            .at(name)
            .hint("choose another with dedit model default NAME, or none with dedit model default --none")),
    }
}

/// Finds the model of a name or path; without one the [`usual`] one, else the engine without weights.
pub(crate) fn find(name: Option<&str>, library: &Library) -> Result<Place> {
    let Some(path) = name.map_or_else(|| usual(library), |name| Ok(Some(name.into())))? else { return Ok(Place::Patches) };
    if path.exists() {
        return Ok(Place::Checkpoint(path));
    }
    match path.to_str() {
        Some(dedit_patches::NAME) => Ok(Place::Patches),
        Some(toys::NAME) => Ok(Place::BuiltIn(unpack()?)),
        name => by_name(&path, name, library).map(Place::Checkpoint),
    }
}

fn by_name(path: &Path, name: Option<&str>, library: &Library) -> Result<PathBuf> {
    let Some(found) = name.and_then(|name| library.named(name)) else {
        if let Some(name) = name.filter(|name| dedit_catalog::known::named(name).is_some()) {
            return Err(library.missing(name).into());
        }
        let hint = format!(
            "give a diffusers folder, a .safetensors file, a name that dedit model list shows, {} or {}",
            dedit_patches::NAME,
            toys::NAME
        );
        return Err(Error::model("there is no such model").at(path).hint(hint));
    };
    if let Some(broken) = found.broken {
        return Err(Error::model(format!("this model is broken: {broken}")).at(found.path).hint("fetch or copy it again"));
    }
    if found.kind != Kind::Checkpoint {
        let error = Error::model(format!("this is no checkpoint but a file of the kind {}", found.kind)).at(found.path);
        return Err(error.hint("name a checkpoint, which dedit model list shows"));
    }
    Ok(found.path)
}

/// What stands for the LCM-LoRA of the model's family, whichever that is.
pub(crate) const LCM_LORA: &str = "lcm-lora";

/// A choice in which files of `LoRA`s and embeddings are paths, where they are names of the library. `path` is that of the model.
///
/// # Errors
/// `Model` where [`LCM_LORA`] is meant and not there.
pub(crate) fn with_paths(choice: &ModelChoice, path: &Path, library: &Library) -> Result<ModelChoice> {
    let mut choice = choice.clone();
    for lora in choice.loras.iter_mut().filter(|lora| lora.file == LCM_LORA) {
        lora.file = library.lcm_lora(library.family(path))?.path.to_string_lossy().into_owned();
    }
    let files = choice.loras.iter_mut().map(|lora| (Kind::Lora, &mut lora.file));
    for (kind, file) in files.chain(choice.embeddings.iter_mut().map(|embedding| (Kind::Embedding, &mut embedding.file))) {
        if !Path::new(file).exists()
            && let Some(found) = library.named(file).filter(|found| found.kind == kind && found.broken.is_none())
        {
            *file = found.path.to_string_lossy().into_owned();
        }
    }
    Ok(choice)
}

/// Unpacks the built-in model to the user's cache folder.
fn unpack() -> Result<PathBuf> {
    let own = || choose_base_strategy().map(|folders| folders.cache_dir().join("dedit")).ok();
    let named = std::env::var_os(CACHE).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = named.or_else(own).unwrap_or_else(|| std::env::temp_dir().join("dedit"));
    toys::unpack(&folder).map_err(|error| {
        Error::new(ErrorKind::Resources, format!("the built-in model cannot be unpacked ({error})"))
            .at(folder)
            .hint(format!("make room or name another folder with the environment variable {CACHE}"))
    })
}
