//! One fetch of a file at a time, in all processes.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use dedit_error::{Error, Result};

/// The lock of a target; it is held until it is dropped, and by no process that has ended.
pub(crate) struct Lock {
    path: PathBuf,
    /// `None` where the file system has no locks.
    _file: Option<File>,
}

impl Lock {
    /// Waits until no other fetch holds it; `wait` is called meanwhile, and says whether to go on.
    pub(crate) fn take(target: &Path, wait: &mut dyn FnMut() -> bool) -> Result<Self> {
        let path = super::part::beside(target, ".lock");
        let file = File::create(&path).map_err(|error| dedit_files::cannot_write(&error, &path))?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { path, _file: Some(file) }),
                Err(TryLockError::WouldBlock) if !wait() => return Err(Error::cancelled()),
                Err(TryLockError::WouldBlock) => sleep(Duration::from_millis(100)),
                Err(TryLockError::Error(_)) => return Ok(Self { path, _file: None }),
            }
        }
    }

    /// Removes the file of the lock, after the target is there: whoever waits for it finds the target.
    pub(crate) fn remove(self) {
        let _ = fs::remove_file(&self.path);
    }
}
