//! Reading a parity folder.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use candle_core::{Device, Tensor};
use serde_json::Value;

/// A folder of stored inputs and results.
pub struct Folder {
    path: PathBuf,
    name: String,
    meta: Value,
    tensors: HashMap<String, Tensor>,
    read: RefCell<BTreeSet<String>>,
    directories: Vec<PathBuf>,
}

impl Folder {
    /// Reads `meta.json` and `expected.safetensors` of the folder at `path`. If `meta.json` names another folder as `expected`, that folder provides the values and
    /// the missing settings. Other folders are looked up beside this one and in `directories`.
    pub fn open(path: &Path, directories: &[PathBuf]) -> Result<Self> {
        let name = path.file_name().ok_or_else(|| anyhow!("{} has no name", path.display()))?.to_string_lossy().into_owned();
        let mut folder = Self {
            meta: read_meta(path)?,
            path: path.to_path_buf(),
            name,
            tensors: HashMap::new(),
            read: RefCell::default(),
            directories: directories.to_vec(),
        };
        let values = match folder.meta["expected"].as_str() {
            Some(other) => folder.beside(other)?,
            None => path.to_path_buf(),
        };
        if values != path {
            let shared = read_meta(&values)?;
            for (key, value) in shared.as_object().into_iter().flatten() {
                if folder.meta[key].is_null() {
                    folder.meta[key] = value.clone();
                }
            }
        }
        let tensors = values.join("expected.safetensors");
        folder.tensors = candle_core::safetensors::load(&tensors, &Device::Cpu)
            .with_context(|| format!("{} cannot be read as safetensors", tensors.display()))?;
        Ok(folder)
    }

    /// The name of the folder, such as `ladder-sd`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The path of the folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The `kind` in `meta.json`, such as `sd`; empty if there is none.
    pub fn kind(&self) -> &str {
        self.meta["kind"].as_str().unwrap_or_default()
    }

    /// The content of `meta.json`.
    pub fn meta(&self) -> &Value {
        &self.meta
    }

    /// The settings of each case, by name.
    pub fn cases(&self) -> Result<Vec<(&str, &Value)>> {
        let cases = self.meta["cases"].as_object().context("meta.json has no cases")?;
        Ok(cases.iter().map(|(name, case)| (name.as_str(), case)).collect())
    }

    /// The names of all stored tensors, sorted.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.tensors.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    /// Whether a tensor is stored.
    pub fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// A stored tensor in its stored type, on the CPU. Marks it as used.
    pub fn tensor(&self, name: &str) -> Result<Tensor> {
        let tensor = self.tensors.get(name).ok_or_else(|| anyhow!("expected.safetensors holds no tensor {name}"))?;
        self.read.borrow_mut().insert(name.to_owned());
        Ok(tensor.clone())
    }

    /// The tolerance of `meta.json`, as the largest absolute difference in float32, or else `default`.
    pub fn tolerance(&self, default: f64) -> f64 {
        self.tolerance_of("float32", default)
    }

    /// The tolerance `name` of `meta.json`, or else `default`.
    pub fn tolerance_of(&self, name: &str, default: f64) -> f64 {
        self.meta["tolerance"][name].as_f64().unwrap_or(default)
    }

    /// The checkpoint that the values were computed with: `tiny-<kind>` beside this folder or in one of the directories.
    pub fn checkpoint(&self) -> Result<PathBuf> {
        self.beside(&format!("tiny-{}", self.kind()))
    }

    /// The folder `name` beside this one or in one of the directories.
    pub fn beside(&self, name: &str) -> Result<PathBuf> {
        let places = self.path.parent().into_iter().chain(self.directories.iter().map(PathBuf::as_path));
        let Some(found) = places.map(|place| place.join(name)).find(|path| path.is_dir()) else {
            bail!("there is no {name} beside {}; name the directory that holds it too", self.path.display());
        };
        Ok(found)
    }

    /// The stored tensors that were not used, sorted.
    pub(super) fn unread(&self) -> Vec<&str> {
        let read = self.read.borrow();
        self.names().into_iter().filter(|name| !read.contains(*name)).collect()
    }
}

fn read_meta(folder: &Path) -> Result<Value> {
    let path = folder.join("meta.json");
    let text = std::fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let meta: Value = serde_json::from_slice(&text).with_context(|| format!("{} is not JSON", path.display()))?;
    if !meta.is_object() {
        bail!("{} holds {meta}, expected an object", path.display());
    }
    Ok(meta)
}
