//! `OpenFX`: a bundle with a library, in a folder in which every host of `OpenFX` looks.

mod bundle;
mod icon;
mod library;
mod places;

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use etcetera::home_dir;
use serde_json::json;

use self::bundle::{BUNDLE, Bundle};
use self::places::{Places, Readers};
use super::files::{self, Removed};
use super::sandbox;
use crate::arguments::{Reporting, Unused};
use crate::console::Console;
use crate::error::{Error, ErrorKind, Result};
use crate::format::listed;

/// Hosts of which there are sandboxed ones.
const SANDBOXED: [sandbox::Host; 3] = [
    sandbox::Host { name: "Kdenlive", flatpak: "org.kde.kdenlive", snap: "kdenlive" },
    sandbox::Host { name: "Shotcut", flatpak: "org.shotcut.Shotcut", snap: "shotcut" },
    sandbox::Host { name: "Natron", flatpak: "fr.natron.Natron", snap: "natron" },
];

#[derive(Debug, Args)]
pub(crate) struct Install {
    /// The effect's library [default: the one beside dedit, such as `libdedit_openfx.so`]
    #[arg(long, value_name = "FILE")]
    plugin: Option<PathBuf>,
    /// The folder into which the bundle is put [default: the one for all users, such as /usr/OFX/Plugins, if it can be written; else the first one
    /// in the environment variable `OFX_PLUGIN_PATH` that can]
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    #[command(flatten)]
    unused: Unused,
    #[command(flatten)]
    pub(crate) reporting: Reporting,
}

#[derive(Debug, Args)]
pub(crate) struct Uninstall {
    /// The folder in which the bundle is [default: all in which programs look]
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    #[command(flatten)]
    unused: Unused,
    #[command(flatten)]
    pub(crate) reporting: Reporting,
}

/// Puts the bundle into a folder, and looks at what is there then.
pub(crate) fn install(options: &Install, console: &Console) -> Result<()> {
    let (plugin, daemon, places) = (plugin(options.plugin.as_deref())?, files::daemon()?, Places::read());
    let folder = if let Some(folder) = &options.to {
        chosen(folder)?
    } else {
        let home = home_dir().unwrap_or_default();
        let notes = SANDBOXED.iter().flat_map(|host| sandbox::notes(host, &home, Path::new("/")));
        notes.for_each(|note| console.note(note));
        places.choose()?
    };
    let bundle = Bundle::new(&folder);
    bundle.put(&plugin, &daemon)?;
    let faults = bundle.faults(Some(&plugin));
    if !faults.is_empty() {
        return Err(Error::new(ErrorKind::Resources, format!("the bundle was written and is not as it should be: {}", faults.join("; ")))
            .at(bundle.path())
            .hint("see whether another program changes it, and try again"));
    }
    let readers = places.readers(&folder);
    if let Some(note) = unreached(&places, &folder, &daemon) {
        console.note(note);
    }
    let others: Vec<Bundle> = there(&places).into_iter().filter(|other| other.path() != bundle.path()).collect();
    if readers != Readers::None && !others.is_empty() {
        let others = listed(others.iter().map(|other| other.folder().display()));
        console.note(format!("D-Edit is in {others} too, and programs may take that one; dedit uninstall openfx --from DIR removes it"));
    }
    let mut lines =
        vec![format!("OpenFX  {}  checked: a library for {}", bundle.path().display(), library::FOLDERS[0]), readers.sentence(&folder)];
    if readers != Readers::None {
        lines.push("start them anew where they run; D-Edit is among their effects".to_owned());
    }
    let entry = json!({
        "host": "openfx",
        "version": env!("CARGO_PKG_VERSION"),
        "folder": folder,
        "bundle": bundle.path(),
        "plugin": bundle.library(),
        "readers": readers.name(),
        "checked": true,
        "problem": null,
    });
    console.finish(&lines.join("\n"), json!({"installed": [entry]}));
    Ok(())
}

/// The library that is to be copied. It is looked at before anything is written.
fn plugin(given: Option<&Path>) -> Result<Vec<u8>> {
    let advice = "build it with cargo build --release -p dedit-openfx, or name it with --plugin";
    let file = match given {
        Some(given) => given.to_path_buf(),
        None => files::file_beside(&library::file_name())?.ok_or_else(|| {
            let folder = files::own().ok().and_then(|own| own.parent().map(Path::to_path_buf)).unwrap_or_default();
            let missing = format!("the effect's library {} is not beside dedit", library::file_name());
            Error::new(ErrorKind::Input, missing).at(folder).hint(advice)
        })?,
    };
    let wrong = |what: String| Error::new(ErrorKind::Input, what).at(&file).hint(advice);
    if !file.is_file() {
        return Err(wrong("there is no such library".to_owned()));
    }
    let bytes = fs::read(&file).map_err(|error| wrong(format!("the effect's library cannot be read ({error})")))?;
    match library::fault(&bytes) {
        None => Ok(bytes),
        Some(fault) => Err(wrong(format!("this is not the effect's library: {fault}"))),
    }
}

/// The folder that the user names.
fn chosen(folder: &Path) -> Result<PathBuf> {
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf());
    let is_bundle = |part: &Path| part.file_name().is_some_and(|name| name.to_string_lossy().contains(".ofx.bundle"));
    if folder.ancestors().any(is_bundle) {
        return Err(Error::new(ErrorKind::Input, "this is a bundle, and no folder of bundles")
            .at(folder)
            .hint("name the folder in which it is"));
    }
    Ok(folder)
}

/// What is to be known where all users find the bundle, and not all can start the daemon that it names.
fn unreached(places: &Places, folder: &Path, daemon: &Path) -> Option<String> {
    let closed = files::closed(daemon).filter(|_| folder.starts_with(&places.system))?;
    Some(format!(
        "programs of other users find D-Edit and cannot start its daemon {}: {} is closed to them; install D-Edit where all users can reach it, \
         and then run this again",
        daemon.display(),
        closed.display()
    ))
}

/// The bundles in the folders in which hosts look.
fn there(places: &Places) -> Vec<Bundle> {
    places.all().into_iter().map(Bundle::new).filter(Bundle::is_there).collect()
}

/// Takes the bundle out of folders.
pub(crate) fn uninstall(options: &Uninstall, console: &Console) -> Result<()> {
    let places = Places::read();
    let (bundles, looked) = match &options.from {
        Some(folder) => {
            let folder = chosen(folder)?;
            (vec![Bundle::new(&folder)], folder.display().to_string())
        }
        None => (there(&places), listed(places.all().iter().map(|folder| folder.display()))),
    };
    let (mut lines, mut removed, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    for bundle in &bundles {
        let told = match bundle.remove() {
            Ok(Removed::Nothing) => continue,
            Ok(what) => {
                removed.push(json!({"host": "openfx", "folder": bundle.folder()}));
                let others = if what == Removed::ButOthers { "; other files are in that folder, and stay" } else { "" };
                format!("removed{others}")
            }
            Err(error) => {
                let told = format!("failed: {}", error.message());
                failed.push((bundle, error));
                told
            }
        };
        lines.push(format!("OpenFX  {}  {told}", bundle.path().display()));
    }
    if lines.is_empty() {
        lines.push(format!("{BUNDLE} is in no folder of OpenFX plug-ins: looked in {looked}"));
    }
    let problem = |(bundle, error): &(&Bundle, Error)| json!({"host": "openfx", "folder": bundle.folder(), "problem": error.message()});
    let problems: Vec<_> = failed.iter().map(problem).collect();
    console.finish(&lines.join("\n"), json!({"removed": removed, "failed": problems}));
    // What else failed is among the lines.
    failed.into_iter().next().map_or(Ok(()), |(_, error)| Err(error))
}

/// D-Edit in the folders in which hosts of `OpenFX` look, for the doctor.
#[derive(Debug)]
pub(crate) struct Found {
    /// Where it is, and which version.
    pub(crate) there: Vec<String>,
    /// What is wrong with it.
    pub(crate) faults: Vec<String>,
    /// What is to be known about where it is.
    pub(crate) note: Option<String>,
}

/// Looks into the folders.
pub(crate) fn look() -> Found {
    let places = Places::read();
    let newest = files::file_beside(&library::file_name()).ok().flatten().and_then(|file| fs::read(file).ok());
    let bundles = there(&places);
    let told = |bundle: &Bundle| format!("{}, version {}", bundle.folder().display(), bundle.version().as_deref().unwrap_or("unknown"));
    let is_for_all = bundles.iter().any(|bundle| places.readers(bundle.folder()) == Readers::All);
    Found {
        there: bundles.iter().map(told).collect(),
        faults: bundles.iter().flat_map(|bundle| bundle.faults(newest.as_deref())).collect(),
        note: bundles.first().filter(|_| !is_for_all).map(|bundle| Readers::NotMlt.sentence(bundle.folder())),
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_daemon_that_others_cannot_reach_is_told_where_all_find_the_bundle() {
        let scratch = tempfile::tempdir().unwrap();
        let top = scratch.path().canonicalize().unwrap();
        let [system, own, home] = ["system", "own", "home"].map(|name| top.join(name));
        let daemon = home.join("deditd");
        fs::create_dir_all(&home).unwrap();
        fs::write(&daemon, "").unwrap();
        let allow_only = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        allow_only(&daemon, 0o755);
        allow_only(&top, 0o755);
        let places = Places { named: vec![own.clone()], system: system.clone() };
        for (folder, mode, is_told) in
            [(&system, 0o700, true), (&system.join("x"), 0o750, true), (&system, 0o711, false), (&own, 0o700, false)]
        {
            allow_only(&home, mode);
            // The folder for temporary files may be closed itself.
            let is_told = is_told || (folder.starts_with(&system) && files::closed(&top).is_some());
            let note = unreached(&places, folder, &daemon);
            assert_eq!(note.is_some(), is_told, "{} {mode:o}", folder.display());
            assert!(note.is_none_or(|note| note.contains(" is closed to them; install D-Edit where all users can reach it")));
        }
    }
}
