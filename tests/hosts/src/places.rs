//! Where things are: programs that were built, and what is kept between runs.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

/// Names the program `dedit` to be tested.
pub const PROGRAM: &str = "DEDIT_TEST_PROGRAM";

/// Names the plug-in of GIMP to be tested.
pub const GIMP_PLUGIN: &str = "DEDIT_TEST_GIMP_PLUGIN";

/// Names the tree of another Debian, in which GIMP 3 and Krita 5.2 are.
pub const TREE: &str = "DEDIT_TEST_TREE";

/// Names the folder of another Debian's `melt`, which knows effects of `OpenFX`.
pub const MELT: &str = "DEDIT_TEST_MELT";

/// Names the folder with the bundle of the effect to be tested.
pub const EFFECTS: &str = "DEDIT_TEST_OFX";

/// The bundle of the effect.
pub const BUNDLE: &str = "DEdit.ofx.bundle";

/// The program `dedit`.
pub fn program() -> Result<PathBuf> {
    built(PROGRAM, "dedit")
}

/// The plug-in of GIMP.
pub fn gimp_plugin() -> Result<PathBuf> {
    built(GIMP_PLUGIN, "dedit-gimp")
}

/// The folder with the effect's bundle: Cargo's own, where `cargo xtask bundle` puts it.
pub fn effects() -> Result<PathBuf> {
    let named = env::var_os(EFFECTS).filter(|named| !named.is_empty()).map(PathBuf::from);
    let folder = named.or_else(|| built_folder().ok()?.parent().map(Path::to_path_buf)).context("there is no target folder")?;
    if !folder.join(BUNDLE).is_dir() {
        bail!("{} holds no {BUNDLE}: make it with `cargo xtask bundle`, or name its folder with {EFFECTS}", folder.display());
    }
    Ok(folder)
}

/// Cargo's folder for what is built in this profile: that of a program, or the one above that of a test or example.
fn built_folder() -> Result<PathBuf> {
    let executable = env::current_exe().context("the path of the test itself is unknown")?;
    let folder = executable.parent().context("the test lies in no target folder")?;
    let is_below = folder.file_name().is_some_and(|name| name == "deps" || name == "examples");
    Ok(if is_below { folder.parent().unwrap_or(folder) } else { folder }.to_path_buf())
}

fn built(variable: &str, name: &str) -> Result<PathBuf> {
    let path = env::var_os(variable).filter(|named| !named.is_empty()).map(|named| Ok(named.into()));
    let path = path.unwrap_or_else(|| built_folder().map(|folder| folder.join(name)))?;
    if !path.is_file() {
        bail!("{} is not there: build it, or name it with {variable}", path.display());
    }
    Ok(path)
}

/// A folder for pictures of the screen, which are kept, such as `gimp-shots`.
pub fn shots(name: &str) -> Result<PathBuf> {
    let folder = built_folder()?.parent().map(|target| target.join(name)).context("there is no target folder")?;
    std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    Ok(folder)
}

/// The folder of what is kept between runs, because it takes long to make.
pub fn cache() -> Result<PathBuf> {
    let named = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    let folder = named.or_else(home).context("neither XDG_CACHE_HOME nor HOME is set")?.join("dedit-tests");
    std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    Ok(folder)
}
