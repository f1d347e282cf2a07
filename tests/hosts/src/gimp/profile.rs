//! Profiles. The first start with an empty one asks every plug-in what it offers, which takes long; so one start is kept, and copied.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::{Gimp, Version};
use crate::kept;

/// A key for a procedure, such as `<Primary><Alt>r`.
#[derive(Debug, Clone, Copy)]
pub struct Shortcut<'a> {
    /// The procedure.
    pub procedure: &'a str,
    /// The keys, as GTK writes them.
    pub keys: &'a str,
}

/// The kept profile. One that is out of date is no fault: GIMP asks those plug-ins again that have changed.
pub(super) fn kept(gimp: &Gimp) -> Result<PathBuf> {
    let name = match gimp.version() {
        Version::V2 => "gimp-2-profile",
        Version::V3 => "gimp-3-profile",
    };
    kept::folder(name, |made| {
        let test_folder = gimp.bare_desk()?;
        gimp.batch(&test_folder, "#t").context("GIMP does not start with an empty profile")?;
        kept::copy(&test_folder.profile(), made)
    })
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
