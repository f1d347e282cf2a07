//! A memory-mapped safetensors file.

use std::path::{Path, PathBuf};

use super::header::Header;
use super::map::Map;
use crate::{Error, Result};

/// A memory-mapped file and its header.
#[derive(Debug)]
pub(crate) struct SafetensorsFile {
    pub(super) path: PathBuf,
    pub(super) header: Header,
    map: Map,
}

impl SafetensorsFile {
    /// Maps a file and checks its header; no tensor is read.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let map = Map::open(path)?;
        let header = Header::parse(map.bytes()).map_err(|fault| Error::model(fault.found).at(path).hint(fault.hint))?;
        Ok(Self { path: path.to_path_buf(), header, map })
    }

    /// An entry of the file's `__metadata__`.
    pub(crate) fn note(&self, key: &str) -> Option<&str> {
        self.header.notes.get(key).map(String::as_str)
    }

    /// All bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        self.map.bytes()
    }

    /// All names, in alphabetical order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.header.tensors.iter().map(|tensor| tensor.name.as_str())
    }

    /// Whether there is a tensor of this name.
    pub(super) fn has_tensor(&self, name: &str) -> bool {
        self.header.tensors.binary_search_by(|tensor| tensor.name.as_str().cmp(name)).is_ok()
    }

    /// Whether there is a tensor whose name begins with `prefix`.
    pub(super) fn has_prefix(&self, prefix: &str) -> bool {
        let first = self.header.tensors.partition_point(|tensor| tensor.name.as_str() < prefix);
        self.header.tensors.get(first).is_some_and(|tensor| tensor.name.starts_with(prefix))
    }
}
