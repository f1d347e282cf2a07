//! One parity folder on disk.

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
    /// Reads `meta.json` and `expected.safetensors` of the folder at `path`. Checkpoints are looked up beside it and in `directories`.
    pub fn open(path: &Path, directories: &[PathBuf]) -> Result<Self> {
        let name = path.file_name().ok_or_else(|| anyhow!("{} has no name", path.display()))?.to_string_lossy().into_owned();
        let meta_path = path.join("meta.json");
        let meta = std::fs::read(&meta_path).with_context(|| format!("{} cannot be read", meta_path.display()))?;
        let meta: Value = serde_json::from_slice(&meta).with_context(|| format!("{} is not JSON", meta_path.display()))?;
        let tensors_path = path.join("expected.safetensors");
        let tensors = candle_core::safetensors::load(&tensors_path, &Device::Cpu)
            .with_context(|| format!("{} cannot be read as safetensors", tensors_path.display()))?;
        Ok(Self { path: path.to_path_buf(), name, meta, tensors, read: RefCell::default(), directories: directories.to_vec() })
    }

    /// The folder's own name, such as `ladder-sd`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The `kind` in `meta.json`, such as `sd`; empty where it names none.
    pub fn kind(&self) -> &str {
        self.meta["kind"].as_str().unwrap_or_default()
    }

    /// The whole of `meta.json`.
    pub fn meta(&self) -> &Value {
        &self.meta
    }

    /// The names of all stored tensors, sorted.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.tensors.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    /// A stored tensor, of its stored type, on the CPU. It then counts as used.
    pub fn tensor(&self, name: &str) -> Result<Tensor> {
        let tensor = self.tensors.get(name).ok_or_else(|| anyhow!("expected.safetensors holds no tensor {name}"))?;
        self.read.borrow_mut().insert(name.to_owned());
        Ok(tensor.clone())
    }

    /// The largest absolute difference allowed in float32: what `meta.json` says, or else `default`.
    pub fn tolerance(&self, default: f64) -> f64 {
        self.meta["tolerance"]["float32"].as_f64().unwrap_or(default)
    }

    /// The checkpoint that these values were computed with: `tiny-<kind>` beside this folder, or in one of the directories given.
    pub fn checkpoint(&self) -> Result<PathBuf> {
        let name = format!("tiny-{}", self.kind());
        let places = self.path.parent().into_iter().chain(self.directories.iter().map(PathBuf::as_path));
        let Some(found) = places.map(|place| place.join(&name)).find(|path| path.is_dir()) else {
            bail!("no checkpoint {name} beside {}; name the directory that holds it too", self.path.display());
        };
        Ok(found)
    }

    /// The stored tensors that nobody asked for, sorted.
    pub(super) fn unread(&self) -> Vec<&str> {
        let read = self.read.borrow();
        self.names().into_iter().filter(|name| !read.contains(*name)).collect()
    }
}
