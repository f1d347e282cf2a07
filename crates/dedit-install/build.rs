//! Embeds the files of the Krita plug-in, a Python package, so that `dedit` stays a single file.

use std::env;
use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let package = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../plugins/krita/dedit_krita");
    // Cargo watches a folder with all that is below it.
    println!("cargo:rerun-if-changed={}", package.display());
    println!("cargo:rerun-if-changed=build.rs");
    let mut names = Vec::new();
    collect(&package, "", &mut names)?;
    names.sort();
    if !names.iter().any(|name| name == "__init__.py") {
        return Err(format!("there is no Python package in {}", package.display()).into());
    }
    let folder = package.to_str().ok_or("the path of this checkout is not UTF-8")?;
    let entries: Vec<String> =
        names.iter().map(|name| format!("    ({name:?}, include_bytes!({:?})),\n", format!("{folder}/{name}"))).collect();
    let table = format!("&[\n{}]\n", entries.concat());
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("krita_package.rs"), table)?;
    Ok(())
}

/// Collects the files below `folder` by their relative paths, with `/` on every system; caches of Python and backups of editors are left out.
fn collect(folder: &Path, above: &str, names: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_str().ok_or_else(|| io::Error::other(format!("{} is not UTF-8", entry.path().display())))?;
        let is_compiled = Path::new(name).extension().is_some_and(|extension| extension == "pyc");
        let is_left = is_compiled || name.starts_with('.') || name.ends_with('~') || ["__pycache__", "tests"].contains(&name);
        match (is_left, entry.path().is_dir()) {
            (true, _) => {}
            (false, true) => collect(&entry.path(), &format!("{above}{name}/"), names)?,
            (false, false) => names.push(format!("{above}{name}")),
        }
    }
    Ok(())
}
