//! Finds the weight files of a component in a diffusers folder: its variant and its shards.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::file::SafetensorsFile;
use crate::config::ConfigFile;
use crate::{Error, Result};

/// Default variants in order of preference; "" is the file without a variant in its name.
const PREFERENCE: [&str; 3] = ["", "fp16", "bf16"];

/// The weight files of one component.
#[derive(Debug)]
pub(super) struct ComponentFiles {
    pub(super) dir: PathBuf,
    pub(super) files: Vec<Arc<SafetensorsFile>>,
    /// The variant of the files.
    pub(super) variant: String,
}

impl ComponentFiles {
    /// Opens `dir`/`stem`[.variant].safetensors, or the shards that an index lists. A component without `variant` is opened in the default one.
    pub(super) fn open(dir: &Path, stem: &str, variant: Option<&str>) -> Result<Self> {
        let found = variant.into_iter().chain(PREFERENCE).find_map(|variant| Some((variant, find(dir, stem, variant)?)));
        let Some((variant, source)) = found else { return Err(nothing_found(dir, stem)) };
        let paths = match source {
            Found::File(path) => vec![path],
            Found::Index(path) => shards(&path)?,
        };
        let files = paths.iter().map(|path| SafetensorsFile::open(path).map(Arc::new)).collect::<Result<_>>()?;
        Ok(Self { dir: dir.to_path_buf(), files, variant: variant.to_owned() })
    }
}

enum Found {
    File(PathBuf),
    Index(PathBuf),
}

fn find(dir: &Path, stem: &str, variant: &str) -> Option<Found> {
    let dotted = if variant.is_empty() { String::new() } else { format!(".{variant}") };
    let file = dir.join(format!("{stem}{dotted}.safetensors"));
    if file.exists() {
        return Some(Found::File(file));
    }
    let indexes = [format!("{stem}.safetensors.index{dotted}.json"), format!("{stem}{dotted}.safetensors.index.json")];
    indexes.into_iter().map(|name| dir.join(name)).find(|path| path.exists()).map(Found::Index)
}

/// The files named by `…safetensors.index.json`, which must be in the same folder.
fn shards(index: &Path) -> Result<Vec<PathBuf>> {
    let map: BTreeMap<String, String> = ConfigFile::read(index)?
        .optional("weight_map")?
        .ok_or_else(|| Error::model("the key \"weight_map\" is missing; it says which file holds which tensor").at(index))?;
    let names: BTreeSet<&String> = map.values().collect();
    names.into_iter().map(|name| shard(index, name)).collect()
}

fn shard(index: &Path, name: &str) -> Result<PathBuf> {
    let parts: Vec<Component<'_>> = Path::new(name).components().collect();
    if !matches!(parts.as_slice(), [Component::Normal(_)]) {
        return Err(Error::model(format!("the index names the file {name:?}, expected a file beside it")).at(index));
    }
    let path = index.with_file_name(name);
    if path.exists() {
        Ok(path)
    } else {
        Err(Error::model(format!("the index names the file {name:?}, which is not there")).at(index).hint("download the missing part"))
    }
}

fn nothing_found(dir: &Path, stem: &str) -> Error {
    let names: Vec<String> = match std::fs::read_dir(dir) {
        Ok(entries) => entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect(),
        Err(error) => {
            return Error::model(format!("cannot read this folder ({error})")).at(dir).hint("download this part of the checkpoint");
        }
    };
    let with = |endings: &[&str]| -> Vec<&str> {
        let mut list: Vec<&str> = names.iter().map(String::as_str).filter(|name| endings.iter().any(|end| name.ends_with(end))).collect();
        list.sort_unstable();
        list
    };
    let (others, pickles) = (with(&[".safetensors"]), with(&[".bin", ".ckpt", ".pt", ".pth"]));
    if !others.is_empty() {
        let list = others.join(", ");
        return Error::model(format!("there is no {stem}.safetensors here, only {list}")).at(dir).hint("name the variant to use");
    }
    if !pickles.is_empty() {
        let list = pickles.join(", ");
        return Error::model(format!("there are only Python pickles here ({list}), expected {stem}.safetensors"))
            .at(dir)
            .hint("get the checkpoint in safetensors form, or convert it");
    }
    Error::model(format!("there is no {stem}.safetensors here")).at(dir).hint("download this part of the checkpoint")
}
