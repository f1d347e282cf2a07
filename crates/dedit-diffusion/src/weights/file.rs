//! One safetensors file, mapped, with its header read.

use std::path::{Path, PathBuf};

use super::header::Header;
use super::map::Map;
use crate::{Error, Result};

/// A mapped file and what lies in it.
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

    /// All bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        self.map.bytes()
    }
}
