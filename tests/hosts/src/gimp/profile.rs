//! Profiles. The first start with an empty one asks every plug-in what it offers, which takes long; so one start is kept, and copied.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::window::Shortcut;
use super::{Gimp, Version};
use crate::places;
use crate::process::succeed;

/// Where a profile is kept. One that is out of date is no fault: GIMP asks those plug-ins again that have changed.
pub(super) fn kept(version: Version) -> Result<PathBuf> {
    let name = match version {
        Version::V2 => "gimp-2-profile",
        Version::V3 => "gimp-3-profile",
    };
    Ok(places::cache()?.join(name))
}

/// Makes the kept profile where it is not there yet.
pub(super) fn prepare(gimp: &Gimp) -> Result<()> {
    let kept = kept(gimp.version())?;
    if kept.exists() {
        return Ok(());
    }
    let desk = gimp.bare_desk()?;
    gimp.batch(&desk, "#t").context("GIMP does not start with an empty profile")?;
    let part = tempfile::tempdir_in(places::cache()?)?;
    let made = part.path().join("profile");
    copy(&desk.profile(), &made)?;
    // Another process may have been faster.
    if let Err(error) = fs::rename(&made, &kept)
        && !kept.exists()
    {
        return Err(error).with_context(|| format!("{} cannot be made", kept.display()));
    }
    Ok(())
}

/// Copies a profile with the times of its files, by which GIMP knows what it knows.
pub(super) fn copy(from: &Path, to: &Path) -> Result<()> {
    succeed(Command::new("cp").arg("-a").arg(from).arg(to), Duration::from_secs(60)).map(drop)
}

/// Gives procedures of plug-ins keys, since entries of menus are hard to hit.
pub(super) fn set_shortcuts(version: Version, profile: &Path, shortcuts: &[Shortcut<'_>]) -> Result<()> {
    let line = |Shortcut { procedure, keys }: &Shortcut<'_>| match version {
        Version::V2 => format!("(gtk_accel_path \"<Actions>/plug-in/{procedure}\" \"{keys}\")\n"),
        Version::V3 => format!("(action \"{procedure}\" \"{keys}\")\n"),
    };
    let lines: String = shortcuts.iter().map(line).collect();
    let (file, text) = match version {
        Version::V2 => ("menurc", lines),
        Version::V3 => ("shortcutsrc", format!("(file-version 1)\n{lines}")),
    };
    fs::write(profile.join(file), text).context("the shortcuts cannot be written")
}
