//! Memory-mapped files.

use std::fs::File;
use std::path::Path;

use memmap2::Mmap;

use crate::{Error, Result};

/// A memory-mapped file: the system reads pages on first access and may drop them again.
#[derive(Debug)]
pub(super) struct Map(Option<Mmap>);

impl Map {
    /// Maps a file. An empty one is an empty slice.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let cannot = |error: std::io::Error| {
            Error::model(format!("cannot read this file ({error})")).at(path).hint("check that it exists and may be read")
        };
        let file = File::open(path).map_err(cannot)?;
        let kind = file.metadata().map_err(cannot)?;
        if !kind.is_file() {
            return Err(Error::model("this is not a file").at(path).hint("give a .safetensors file"));
        }
        if kind.len() == 0 {
            return Ok(Self(None));
        }
        #[expect(unsafe_code, reason = "there is no mapping a file without it, and reading SDXL to the heap first would hold it twice")]
        // SAFETY: the map is private and read-only, lives as long as `Self` and is only handed out as `&[u8]` borrowed from it. Another program
        // could change the file meanwhile: every bit pattern is a valid byte, so such a change gives wrong weights, and shortening the file ends
        // the program with SIGBUS, as with any mapped file.
        let map = unsafe { Mmap::map(&file) };
        map.map(|map| Self(Some(map))).map_err(cannot)
    }

    /// All bytes of the file.
    pub(super) fn bytes(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }
}
