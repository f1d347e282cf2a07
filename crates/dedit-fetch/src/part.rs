//! The part of a file that has come, beside its target: `NAME.part`, and `NAME.part.json` with what the server said of it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use dedit_error::Result;
use dedit_files::cannot_write;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A path beside `target` whose name has this ending.
pub(crate) fn beside(target: &Path, ending: &str) -> PathBuf {
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    target.with_file_name(name)
}

/// Which version of the file the part is of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Version {
    pub(crate) url: String,
    /// A strong `ETag`, else `Last-Modified`: what `If-Range` takes.
    pub(crate) validator: Option<String>,
}

/// The part.
pub(crate) struct Part {
    path: PathBuf,
    file: File,
    sum: Sha256,
    pub(crate) bytes: u64,
    pub(crate) version: Version,
}

impl Part {
    /// Opens the part of a target, or begins one. What is there is read for the sum.
    pub(crate) fn open(target: &Path) -> Result<Self> {
        let path = beside(target, ".part");
        let file = OpenOptions::new().read(true).append(true).create(true).open(&path).map_err(|error| cannot_write(&error, &path))?;
        let version = fs::read(beside(&path, ".json")).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
        let mut part = Self { path, file, sum: Sha256::new(), bytes: 0, version };
        part.read().map_err(|error| cannot_write(&error, &part.path))?;
        Ok(part)
    }

    fn read(&mut self) -> io::Result<()> {
        // Not a device or a pipe, which would never end.
        if !self.file.metadata()?.is_file() {
            return Ok(());
        }
        let mut buffer = vec![0; 1 << 20];
        loop {
            let read = self.file.read(&mut buffer)?;
            if read == 0 {
                return Ok(());
            }
            self.sum.update(&buffer[..read]);
            self.bytes += read as u64;
        }
    }

    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(|error| cannot_write(&error, &self.path))?;
        self.sum.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Begins again with nothing.
    pub(crate) fn clear(&mut self) -> Result<()> {
        if self.bytes > 0 {
            self.file.set_len(0).map_err(|error| cannot_write(&error, &self.path))?;
        }
        (self.bytes, self.sum) = (0, Sha256::new());
        Ok(())
    }

    /// Notes which version it is of, so that the rest of another version is not put behind it.
    pub(crate) fn set_version(&mut self, version: Version) -> Result<()> {
        if self.version != version {
            let text = serde_json::to_vec(&version).unwrap_or_default();
            dedit_files::write(&beside(&self.path, ".json"), &text)?;
            self.version = version;
        }
        Ok(())
    }

    /// The SHA-256 of what is there.
    pub(crate) fn sum(&self) -> String {
        self.sum.clone().finalize().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    }

    /// Becomes the target.
    pub(crate) fn finish(self, target: &Path) -> Result<()> {
        self.file.sync_all().and_then(|()| fs::rename(&self.path, target)).map_err(|error| cannot_write(&error, target))?;
        let _ = fs::remove_file(beside(&self.path, ".json"));
        dedit_files::sync_folder(target.parent().unwrap_or(Path::new(".")));
        Ok(())
    }

    /// Removes what is there.
    pub(crate) fn remove(self) {
        let _ = fs::remove_file(&self.path);
        let _ = fs::remove_file(beside(&self.path, ".json"));
    }
}
