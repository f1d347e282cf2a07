//! `OpenFX`: a bundle with a library, in a folder in which every `OpenFX` host looks.

mod bundle;
mod library;
mod places;

use std::fs;
use std::path::{Path, PathBuf};

use etcetera::home_dir;
use ofx_host::folders::LIBRARIES;
use serde_json::{Map, json};

use self::bundle::Bundle;
use self::places::{Places, Readers};
use crate::installer::{Description, Installation, Installer, Watch};
use crate::report::{Installed, Outcome, Removed};
use crate::{Failure, FailureKind, Result, beside, files, sandbox};

/// Hosts that Flatpak and Snap offer.
const SANDBOXED: [sandbox::Host; 3] = [
    sandbox::Host { name: "Kdenlive", flatpak: "org.kde.kdenlive", snap: "kdenlive" },
    sandbox::Host { name: "Shotcut", flatpak: "org.shotcut.Shotcut", snap: "shotcut" },
    sandbox::Host { name: "Natron", flatpak: "fr.natron.Natron", snap: "natron" },
];

/// Hosts that load effects through MLT.
const MLT: [&str; 4] = ["melt", "melt-7", "kdenlive", "shotcut"];

/// The hosts of `OpenFX`, with the options of a command.
#[derive(Debug, Default)]
pub struct OpenFx {
    /// The effect's library; else the one beside this program.
    pub library: Option<PathBuf>,
    /// The folder of bundles; else, to install, the first that can be written, and to uninstall, all in which hosts look.
    pub folder: Option<PathBuf>,
}

impl Installer for OpenFx {
    type Target = Bundle;

    const NAME: &'static str = "openfx";
    const PLACE: &'static str = "folder of OpenFX plug-ins";
    const PROGRAMS: &'static [&'static str] = &["melt", "melt-7", "kdenlive", "shotcut", "Natron", "resolve"];

    fn plan(&self, watch: &dyn Watch) -> Result<Vec<Bundle>> {
        self.read_library()?;
        if self.folder.is_some() {
            return self.find();
        }
        let home = home_dir().unwrap_or_default();
        let sentences = SANDBOXED.iter().flat_map(|host| sandbox::notes(host, &home, Path::new("/")));
        sentences.for_each(|sentence| watch.note(sentence));
        Ok(vec![Bundle::new(&Places::read().choose()?)])
    }

    fn find(&self) -> Result<Vec<Bundle>> {
        let Some(folder) = &self.folder else { return Ok(Places::read().all().into_iter().map(Bundle::new).collect()) };
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.clone());
        let is_bundle = |part: &Path| part.file_name().is_some_and(|name| name.to_string_lossy().contains(".ofx.bundle"));
        if folder.ancestors().any(is_bundle) {
            return Err(Failure::new(FailureKind::Input, "this is a bundle, and no folder of bundles")
                .at(folder)
                .hint("name the folder in which it is"));
        }
        Ok(vec![Bundle::new(&folder)])
    }

    fn describe(&self, bundle: &Bundle) -> Description {
        let details = [("folder", json!(bundle.folder())), ("bundle", json!(bundle.path())), ("plugin", json!(bundle.library()))];
        Description {
            label: "OpenFX".to_owned(),
            folder: bundle.folder().to_path_buf(),
            plugin: bundle.path().to_path_buf(),
            details: details.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
        }
    }

    fn install(&self, bundle: &Bundle, watch: &dyn Watch) -> Result<Installed> {
        let (library, daemon, places) = (self.read_library()?, beside::daemon()?, Places::read());
        bundle.write(&library, &daemon)?;
        let faults = bundle.faults(Some(&library));
        if !faults.is_empty() {
            let message = format!("the bundle was written and is not as it should be: {}", faults.join("; "));
            return Err(Failure::new(FailureKind::Resources, message)
                .at(bundle.path())
                .hint("see whether another program changes it, and try again"));
        }
        let folder = bundle.folder();
        if let Some(sentence) = closed_daemon(&places, folder, &daemon) {
            watch.note(sentence);
        }
        let readers = places.readers(folder);
        let mut advice = vec![readers.sentence(folder)];
        if readers != Readers::None {
            advice.push("start them anew where they run; D-Edit is among their effects".to_owned());
            note_others(&places, bundle, watch);
        }
        let details = [("version", json!(env!("CARGO_PKG_VERSION"))), ("readers", json!(readers.name()))];
        Ok(Installed {
            label: None,
            outcome: Outcome::Checked(format!("a library for {}", LIBRARIES[0])),
            details: details.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>(),
            advice,
        })
    }

    fn uninstall(&self, bundle: &Bundle, _: &dyn Watch) -> Result<Removed> {
        bundle.remove()
    }

    fn check(&self, bundle: &Bundle) -> Option<Installation> {
        let newest = beside::file(&library::file_name()).ok().flatten().and_then(|file| fs::read(file).ok());
        bundle.is_there().then(|| Installation {
            place: format!("{}, version {}", bundle.folder().display(), bundle.version().as_deref().unwrap_or("unknown")),
            faults: bundle.faults(newest.as_deref()),
        })
    }

    fn remark(&self, installed: &[Bundle]) -> Option<String> {
        let places = Places::read();
        let is_for_all = installed.iter().any(|bundle| places.readers(bundle.folder()) == Readers::All);
        let folder = installed.first().filter(|_| !is_for_all)?.folder();
        Some(Readers::NotMlt.sentence(folder))
    }

    fn remark_on_programs(&self, found: &[&str]) -> Option<&'static str> {
        found.iter().all(|name| MLT.contains(name)).then_some("has OpenFX with MLT from 7.38 on")
    }
}

impl OpenFx {
    /// The library that is copied, which is checked before anything is written.
    fn read_library(&self) -> Result<Vec<u8>> {
        let hint = "build it with cargo build --release -p dedit-openfx, or name it with --plugin";
        let file = match &self.library {
            Some(named) => named.clone(),
            None => beside::file(&library::file_name())?
                .ok_or_else(|| beside::missing(format!("the effect's library {} is not beside dedit", library::file_name()), hint))?,
        };
        let wrong = |message: String| Failure::new(FailureKind::Input, message).at(&file).hint(hint);
        if !file.is_file() {
            return Err(wrong("there is no such library".to_owned()));
        }
        let bytes = fs::read(&file).map_err(|error| wrong(format!("the effect's library cannot be read ({error})")))?;
        match library::fault(&bytes) {
            None => Ok(bytes),
            Some(fault) => Err(wrong(format!("this is not the effect's library: {fault}"))),
        }
    }
}

/// A sentence where all users find the bundle and not all can start the daemon that it names.
fn closed_daemon(places: &Places, folder: &Path, daemon: &Path) -> Option<String> {
    let closed = files::closed_to_others(daemon).filter(|_| folder.starts_with(&places.system))?;
    Some(format!(
        "programs of other users find D-Edit and cannot start its daemon {}: {} is closed to them; install D-Edit where all users can reach it, \
         and then run this again",
        daemon.display(),
        closed.display()
    ))
}

/// Notes the bundles in other folders, which hosts may load in place of this one.
fn note_others(places: &Places, bundle: &Bundle, watch: &dyn Watch) {
    let others = places.all().into_iter().map(Bundle::new).filter(|other| other.is_there() && other.path() != bundle.path());
    let others: Vec<String> = others.map(|other| other.folder().display().to_string()).collect();
    if !others.is_empty() {
        let others = others.join(", ");
        watch.note(format!("D-Edit is in {others} too, and programs may take that one; dedit uninstall openfx --from DIR removes it"));
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::testing::write;

    #[test]
    fn a_daemon_that_others_cannot_reach_is_noted_where_all_users_find_the_bundle() {
        let scratch = tempfile::tempdir().unwrap();
        let top = scratch.path().canonicalize().unwrap();
        let [system, own, home] = ["system", "own", "home"].map(|name| top.join(name));
        let daemon = home.join("deditd");
        write(&daemon, "");
        let set_mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        set_mode(&daemon, 0o755);
        set_mode(&top, 0o755);
        let places = Places { named: vec![own.clone()], system: system.clone() };
        for (folder, mode, is_noted) in
            [(&system, 0o700, true), (&system.join("x"), 0o750, true), (&system, 0o711, false), (&own, 0o700, false)]
        {
            set_mode(&home, mode);
            // The folder for temporary files may be closed itself.
            let is_noted = is_noted || (folder.starts_with(&system) && files::closed_to_others(&top).is_some());
            let note = closed_daemon(&places, folder, &daemon);
            assert_eq!(note.is_some(), is_noted, "{} {mode:o}", folder.display());
            assert!(note.is_none_or(|note| note.contains(" is closed to them; install D-Edit where all users can reach it")));
        }
    }
}
