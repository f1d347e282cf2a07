//! Opening a diffusers folder or a single file.

use std::path::Path;

use super::checkpoint::Checkpoint;
use super::options::OpenOptions;
use super::{diffusers, single};
use crate::Result;

impl Checkpoint {
    /// Opens a diffusers folder (the one with `model_index.json`) or a single `.safetensors` file with the default options.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(path, &OpenOptions::default())
    }

    /// Opens a diffusers folder or a single file.
    ///
    /// # Errors
    /// If a file is missing or damaged, or the model is not supported.
    pub fn open_with(path: impl AsRef<Path>, options: &OpenOptions) -> Result<Self> {
        let path = path.as_ref();
        if path.is_dir() { diffusers::open(path, options) } else { single::open(path, options) }
    }
}
