//! Installs the plug-in into a test's folder.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::profile::{self, PLUGINS};
use crate::places;
use crate::test_folder::TestFolder;

const NAME: &str = "dedit_krita";
/// Krita's folder of action descriptions, in a test's folder.
const ACTIONS: &str = "home/.local/share/krita/actions";
/// Parts of the source folder that are not installed.
const LEFT_OUT: [&str; 2] = ["__pycache__", "tests"];

/// Installs and enables the plug-in, with the path of the program that it starts as daemon.
pub fn install_plugin(test_folder: &TestFolder) -> Result<()> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/krita");
    let plugins = test_folder.outside(PLUGINS);
    copy(&source.join(NAME), &plugins.join(NAME))?;
    test_folder.put(&source.join(format!("{NAME}.desktop")), &format!("{PLUGINS}/{NAME}.desktop"))?;
    let action = format!("{NAME}.action");
    if source.join(&action).is_file() {
        test_folder.put(&source.join(&action), &format!("{ACTIONS}/{action}"))?;
    }
    test_folder.put(&places::program()?, "bin/dedit")?;
    let program = test_folder.inside("bin/dedit");
    fs::write(plugins.join(NAME).join("program"), program.as_os_str().as_encoded_bytes())
        .context("the plug-in's program cannot be named")?;
    profile::switch_on(test_folder, NAME)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("{} cannot be read", from.display()))? {
        let entry = entry?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if LEFT_OUT.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        if path.is_dir() {
            copy(&path, &target)?;
        } else {
            fs::copy(&path, &target).with_context(|| format!("{} cannot be copied", path.display()))?;
        }
    }
    Ok(())
}
