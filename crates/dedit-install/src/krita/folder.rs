//! The plug-in's files, which are embedded in this program, in Krita's folder of resources.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use tempfile::{Builder, TempDir};

use crate::{Failure, FailureKind, Removed, Result, daemon_note, files};

/// The name of the Python package, and of the files by which Krita finds it.
const PLUGIN: &str = "dedit_krita";
/// The files of the package.
const PACKAGE: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/krita_package.rs"));
/// The entry in Krita's list of plug-ins.
const DESKTOP: &[u8] = include_bytes!("../../../../plugins/krita/dedit_krita.desktop");
/// The plug-in's actions, for menus and shortcuts.
const ACTION: &[u8] = include_bytes!("../../../../plugins/krita/dedit_krita.action");
/// The file in the package that lists what was installed, by which a later version knows the files to remove.
const LIST: &str = "files";

/// The plug-in in a folder of resources.
#[derive(Debug, Clone)]
pub(super) struct Plugin {
    resources: PathBuf,
}

impl Plugin {
    pub(super) fn new(resources: PathBuf) -> Self {
        Self { resources }
    }

    /// Krita's folder of resources.
    pub(super) fn resources(&self) -> &Path {
        &self.resources
    }

    /// The folder from which Krita imports plug-ins.
    pub(super) fn modules(&self) -> PathBuf {
        self.resources.join("pykrita")
    }

    /// The folder of the package.
    pub(super) fn package(&self) -> PathBuf {
        self.modules().join(PLUGIN)
    }

    fn desktop(&self) -> PathBuf {
        self.modules().join(format!("{PLUGIN}.desktop"))
    }

    fn action(&self) -> PathBuf {
        self.resources.join(format!("actions/{PLUGIN}.action"))
    }

    pub(super) fn is_there(&self) -> bool {
        let package = self.package();
        [self.desktop(), self.action(), package.join("__init__.py"), package.join(daemon_note::NAME)].iter().any(|file| file.is_file())
    }

    /// Writes the plug-in, in the place of an older version if there is one.
    pub(super) fn write(&self, daemon: &Path) -> Result<()> {
        self.refuse_links()?;
        let package = self.package();
        let wrong = |error: io::Error| files::cannot_write(&package, &error);
        let scratch = self.prepare(daemon).map_err(wrong)?;
        self.replace(scratch).map_err(wrong)?;
        // Krita looks for the desktop file: it comes last, so that it is never there without the package.
        for (file, content) in [(self.action(), ACTION), (self.desktop(), DESKTOP)] {
            files::write(&file, content, 0o644).map_err(|error| files::cannot_write(&file, &error))?;
        }
        Ok(())
    }

    /// Writes the package into a temporary folder beside its place.
    fn prepare(&self, daemon: &Path) -> io::Result<TempDir> {
        for folder in [self.action(), self.desktop()].iter().filter_map(|file| file.parent()) {
            fs::create_dir_all(folder)?;
        }
        let scratch = Builder::new().prefix(".dedit_krita-").tempdir_in(self.modules())?;
        let new = scratch.path().join("new");
        fs::create_dir(&new)?;
        for (name, content) in PACKAGE.iter().copied().chain([(LIST, list().as_bytes())]) {
            let file = new.join(name);
            fs::create_dir_all(file.parent().unwrap_or(&new))?;
            files::write(&file, content, 0o644)?;
        }
        daemon_note::write(&new, daemon)?;
        Ok(scratch)
    }

    /// Replaces the installed package by the prepared one. Files of others that lie in it are moved over.
    fn replace(&self, scratch: TempDir) -> io::Result<()> {
        let (package, old) = (self.package(), scratch.path().join("old"));
        let others: Vec<PathBuf> = files::below(&package)?.into_iter().filter(|file| !self.is_ours(file)).collect();
        let is_update = package.exists();
        if is_update {
            fs::rename(&package, &old)?;
        }
        if let Err(error) = fs::rename(scratch.path().join("new"), &package) {
            if is_update && fs::rename(&old, &package).is_err() {
                return Err(io::Error::other(format!("{error}; the older one is kept in {}", scratch.keep().display())));
            }
            return Err(error);
        }
        for other in &others {
            let back = package.join(other);
            let moved = fs::create_dir_all(back.parent().unwrap_or(&package)).and_then(|()| fs::rename(old.join(other), &back));
            if let Err(error) = moved {
                return Err(io::Error::other(format!("{error}; {} is kept in {}", other.display(), scratch.keep().display())));
            }
        }
        Ok(())
    }

    /// Whether a file of the package was written by this version, by the installed one, or by Python as a cache.
    fn is_ours(&self, file: &Path) -> bool {
        let listed = fs::read_to_string(self.package().join(LIST)).unwrap_or_default();
        let known: HashSet<&Path> = PACKAGE.iter().map(|(name, _)| *name).chain(listed.lines()).map(Path::new).collect();
        let is_cache = |part: Component<'_>| part.as_os_str() == "__pycache__";
        known.contains(file) || [LIST, daemon_note::NAME].iter().any(|name| file == Path::new(name)) || file.components().any(is_cache)
    }

    /// An error where a link is in the place of one of the plug-in's files or folders.
    fn refuse_links(&self) -> Result<()> {
        files::refuse_link(&self.package())?;
        for file in [self.desktop(), self.action()] {
            if file.is_symlink() || file.is_dir() {
                let what = if file.is_symlink() { "a link" } else { "a folder" };
                return Err(files::in_the_way(&file, &format!("{what} is where a file of the plug-in shall be")));
            }
        }
        Ok(())
    }

    /// Removes what [`Self::write`] wrote, and the package's folder if nothing else is in it.
    pub(super) fn remove(&self) -> Result<Removed> {
        if !self.is_there() {
            return Ok(Removed::Nothing);
        }
        self.refuse_links()?;
        for file in [self.desktop(), self.action()].iter().filter(|file| file.is_file()) {
            files::remove(file)?;
        }
        let package = self.package();
        let found = files::below(&package)
            .map_err(|error| Failure::new(FailureKind::Resources, format!("this folder cannot be read ({error})")).at(&package))?;
        // The list goes last: a removal that was cut off can be continued.
        let (list, ours): (Vec<_>, Vec<_>) = found.into_iter().filter(|file| self.is_ours(file)).partition(|file| file == Path::new(LIST));
        for file in ours.iter().chain(&list) {
            files::remove(&package.join(file))?;
        }
        files::remove_empty_folders(&package);
        Ok(if package.exists() { Removed::ExceptOthers } else { Removed::All })
    }

    /// What is wrong with the installed plug-in.
    pub(super) fn faults(&self) -> Vec<String> {
        let (package, list) = (self.package(), list());
        let inner = PACKAGE.iter().copied().chain([(LIST, list.as_bytes())]).map(|(name, content)| (package.join(name), content));
        let mut all = inner.chain([(self.desktop(), DESKTOP), (self.action(), ACTION)]);
        let differs = all.find(|(file, content)| fs::read(file).ok().as_deref() != Some(*content));
        let build = differs.map(|(file, _)| format!("it is another build than this dedit, as {} shows", file.display()));
        build.into_iter().chain(daemon_note::fault(&package)).collect()
    }
}

/// The names of the package's files, one a line.
fn list() -> String {
    PACKAGE.iter().flat_map(|(name, _)| [*name, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, write};

    fn names(folder: &Path) -> HashSet<String> {
        testing::names(folder).into_iter().collect()
    }

    /// All files in the folder of resources when the plug-in is installed.
    fn whole() -> HashSet<String> {
        let inner = PACKAGE.iter().map(|(name, _)| *name).chain(["files", "program"]);
        let inner = inner.map(|name| format!("pykrita/dedit_krita/{name}"));
        inner.chain(["pykrita/dedit_krita.desktop", "actions/dedit_krita.action"].map(str::to_owned)).collect()
    }

    #[test]
    fn only_the_package_itself_is_embedded() {
        for (name, _) in PACKAGE {
            let is_odd = ["__pycache__", "tests", ".pyc", "\\"].iter().any(|part| name.contains(part));
            assert!(!is_odd && ![LIST, daemon_note::NAME].contains(name), "{name}");
        }
        assert!(PACKAGE.iter().any(|(name, _)| *name == "__init__.py"));
    }

    #[test]
    fn the_plug_in_is_written_again_checked_and_removed() {
        let scratch = tempfile::tempdir().unwrap();
        let daemon = scratch.path().join("deditd");
        write(&daemon, "");
        let plugin = Plugin::new(scratch.path().join("share/krita"));
        assert_eq!(plugin.remove().unwrap(), Removed::Nothing);
        for _ in 0..2 {
            plugin.write(&daemon).unwrap();
            assert_eq!(names(plugin.resources()), whole());
            assert_eq!(fs::read_to_string(plugin.package().join("program")).unwrap(), format!("{}\n", daemon.display()));
            assert!(plugin.is_there() && plugin.faults().is_empty(), "{:?}", plugin.faults());
        }
        fs::remove_file(&daemon).unwrap();
        write(&plugin.package().join("__init__.py"), "other");
        let faults = plugin.faults();
        assert!(faults[0].contains("another build") && faults[1].contains("which is not there"), "{faults:?}");
        assert_eq!(plugin.remove().unwrap(), Removed::All);
        assert!(names(plugin.resources()).is_empty() && !plugin.package().exists());
        assert_eq!(plugin.remove().unwrap(), Removed::Nothing);
    }

    #[test]
    fn files_of_an_older_version_go_and_those_of_others_stay() {
        let scratch = tempfile::tempdir().unwrap();
        let plugin = Plugin::new(scratch.path().to_path_buf());
        let package = plugin.package();
        for name in ["__init__.py", "former.py", "former/mask.kra", "__pycache__/former.cpython-311.pyc", "files", "notes", "mine/a/b"] {
            write(&package.join(name), "an older one");
        }
        write(&package.join(LIST), "__init__.py\nformer.py\nformer/mask.kra\n");
        for name in ["pykrita/other.desktop", "pykrita/other/__init__.py", "actions/other.action", "pykrita/dedit_krita.desktop"] {
            write(&scratch.path().join(name), "other");
        }
        plugin.write(Path::new("deditd")).unwrap();
        let others = ["pykrita/other.desktop", "pykrita/other/__init__.py", "actions/other.action"];
        let others = others.into_iter().chain(["pykrita/dedit_krita/notes", "pykrita/dedit_krita/mine/a/b"]).map(str::to_owned);
        let others: HashSet<String> = others.collect();
        assert_eq!(names(scratch.path()), whole().union(&others).cloned().collect());
        assert!(!package.join("former").exists());
        write(&package.join("ui/__pycache__/a.pyc"), "");
        assert_eq!(plugin.remove().unwrap(), Removed::ExceptOthers);
        assert_eq!(names(scratch.path()), others);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_left_alone() {
        use std::os::unix::fs::symlink;
        let scratch = tempfile::tempdir().unwrap();
        let plugin = Plugin::new(scratch.path().join("krita"));
        plugin.write(Path::new("deditd")).unwrap();
        let elsewhere = scratch.path().join("elsewhere");
        for (place, what) in [(plugin.package(), "folder shall be"), (plugin.desktop(), "file of the plug-in shall be")] {
            fs::rename(&place, &elsewhere).unwrap();
            symlink(&elsewhere, &place).unwrap();
            for error in [plugin.write(Path::new("deditd")).unwrap_err(), plugin.remove().unwrap_err()] {
                assert!(error.message.starts_with("a link is where") && error.message.contains(what), "{error}");
            }
            fs::remove_file(&place).unwrap();
            fs::rename(&elsewhere, &place).unwrap();
        }
        // Nothing is removed through a link in the package either.
        write(&elsewhere.join("__init__.py"), "other");
        symlink(&elsewhere, plugin.package().join("link")).unwrap();
        assert_eq!(plugin.remove().unwrap(), Removed::ExceptOthers);
        assert_eq!(names(&elsewhere), HashSet::from(["__init__.py".to_owned()]));
    }
}
