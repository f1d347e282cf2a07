//! Several processes in one session's folder.

use std::fs::{File, TryLockError};
use std::path::Path;

use dedit_diffusion::{Error, Result};

/// Held while something in the folder is read and written again. The system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "the lock is there as long as the file is open")] File);

impl Lock {
    /// For the whole of learning: two at once would write over each other's state.
    pub(crate) fn for_learning(folder: &Path) -> Result<Option<Self>> {
        let Ok(file) = File::create(folder.join(".learning.lock")) else { return Ok(None) };
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => {
                Err(Error::usage("another dedit is learning here").at(folder).hint("wait until it has finished, or give another --session"))
            }
            // Some file systems have no locks; that is no reason to do nothing.
            Err(TryLockError::Error(_)) => Ok(None),
        }
    }

    /// For a moment: waits for its turn.
    pub(super) fn wait(folder: &Path) -> Option<Self> {
        let file = File::create(folder.join(".lock")).ok()?;
        file.lock().ok()?;
        Some(Self(file))
    }
}
