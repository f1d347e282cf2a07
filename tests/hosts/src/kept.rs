//! Folders that take long to make: kept between runs, and copied for each test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::places;
use crate::process::succeed;

/// Held while a folder is made: tests run side by side, and one makes it for all.
static MAKING: Mutex<()> = Mutex::new(());

/// The kept folder of a name, which `make` fills at the path it is given where it is not there yet.
pub(crate) fn folder(name: &str, make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let _making = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    let kept = places::cache()?.join(name);
    if kept.exists() {
        return Ok(kept);
    }
    let part = tempfile::tempdir_in(places::cache()?)?;
    let made = part.path().join("made");
    make(&made)?;
    // Another process may have been faster.
    if let Err(error) = fs::rename(&made, &kept)
        && !kept.exists()
    {
        return Err(error).with_context(|| format!("{} cannot be made", kept.display()));
    }
    Ok(kept)
}

/// Copies a folder with the times of its files, by which programs know what they know.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    succeed(Command::new("cp").arg("-a").arg(from).arg(to), Duration::from_secs(60)).map(drop)
}
