//! The folder of the plug-in: its program, and the note of the daemon.

use std::env::consts::EXE_SUFFIX;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{Failure, FailureKind, Removed, Result, daemon_note, files};

/// The folder of a plug-in. The program in it has the same name.
#[derive(Debug, Clone)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// The folder of plug-in `name` among the plug-ins in `parent`.
    pub(super) fn new(parent: &Path, name: &str) -> Self {
        Self(parent.join(name))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// The program in the folder.
    pub(super) fn plugin(&self) -> PathBuf {
        let mut name = self.0.file_name().unwrap_or_default().to_owned();
        name.push(EXE_SUFFIX);
        self.0.join(name)
    }

    pub(super) fn is_there(&self) -> bool {
        self.plugin().is_file()
    }

    /// Copies the plug-in there, over an older one if there is one.
    pub(super) fn write(&self, plugin: &Path, daemon: &Path) -> Result<()> {
        files::refuse_link(&self.0)?;
        fs::create_dir_all(&self.0).map_err(|error| files::cannot_write(&self.0, &error))?;
        // The program comes last: it is never there without the note.
        daemon_note::write(&self.0, daemon).map_err(|error| files::cannot_write(&self.0, &error))?;
        let source = fs::File::open(plugin)
            .map_err(|error| Failure::new(FailureKind::Input, format!("the plug-in cannot be read ({error})")).at(plugin))?;
        files::write(&self.plugin(), source, 0o755).map_err(|error| files::cannot_write(&self.0, &error))
    }

    /// Removes what [`Self::write`] wrote, and the folder if nothing else is in it.
    pub(super) fn remove(&self) -> Result<Removed> {
        let ours = [self.plugin(), self.0.join(daemon_note::NAME)];
        if !ours.iter().any(|file| file.is_file()) {
            return Ok(Removed::Nothing);
        }
        files::refuse_link(&self.0)?;
        for file in ours.iter().filter(|file| file.is_file()) {
            files::remove(file)?;
        }
        Ok(if fs::remove_dir(&self.0).is_ok() { Removed::All } else { Removed::ExceptOthers })
    }

    /// What is wrong with the installed plug-in; `newest` is the one that would be installed.
    pub(super) fn faults(&self, newest: Option<&Path>) -> Vec<String> {
        let mut faults = Vec::new();
        if let Some(newest) = newest
            && !same(newest, &self.plugin())
        {
            faults.push(format!("{} is another build than {}", self.plugin().display(), newest.display()));
        }
        faults.extend(daemon_note::fault(&self.0));
        faults
    }
}

fn same(one: &Path, other: &Path) -> bool {
    matches!((fs::read(one), fs::read(other)), (Ok(one), Ok(other)) if one == other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::names;

    #[test]
    fn the_plug_in_is_written_again_checked_and_removed() {
        let scratch = tempfile::tempdir().unwrap();
        let [plugin, daemon] = ["built", "deditd"].map(|name| scratch.path().join(name));
        fs::write(&plugin, "one").unwrap();
        fs::write(&daemon, "").unwrap();
        let folder = Folder::new(&scratch.path().join("plug-ins"), "dedit-gimp");
        assert_eq!(folder.remove().unwrap(), Removed::Nothing);
        for content in ["one", "two"] {
            fs::write(&plugin, content).unwrap();
            folder.write(&plugin, &daemon).unwrap();
            assert_eq!(fs::read_to_string(folder.plugin()).unwrap(), content);
            assert_eq!(fs::read_to_string(folder.path().join("program")).unwrap(), format!("{}\n", daemon.display()));
            assert_eq!(names(folder.path()), [format!("dedit-gimp{EXE_SUFFIX}"), "program".to_owned()]);
            assert!(folder.faults(Some(&plugin)).is_empty());
        }
        fs::write(&plugin, "three").unwrap();
        fs::remove_file(&daemon).unwrap();
        let faults = folder.faults(Some(&plugin));
        assert!(faults[0].contains("another build") && faults[1].contains("which is not there"), "{faults:?}");
        assert_eq!(folder.faults(None).len(), 1, "nothing to compare with");
        assert_eq!(folder.remove().unwrap(), Removed::All);
        assert!(!folder.path().exists() && scratch.path().join("plug-ins").is_dir());
        folder.write(&plugin, &daemon).unwrap();
        fs::write(folder.path().join("notes"), "mine").unwrap();
        assert_eq!(folder.remove().unwrap(), Removed::ExceptOthers);
        assert_eq!(names(folder.path()), ["notes"]);
    }

    #[cfg(unix)]
    #[test]
    fn the_plug_in_can_be_run_and_links_are_left_alone() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let scratch = tempfile::tempdir().unwrap();
        let plugin = scratch.path().join("built");
        fs::write(&plugin, "one").unwrap();
        let folder = Folder::new(scratch.path(), "dedit-gimp");
        folder.write(&plugin, &plugin).unwrap();
        assert_eq!(folder.plugin().metadata().unwrap().permissions().mode() & 0o777, 0o755);
        let link = Folder::new(&scratch.path().join("other"), "dedit-gimp");
        fs::create_dir(scratch.path().join("other")).unwrap();
        symlink(folder.path(), link.path()).unwrap();
        for error in [link.write(&plugin, &plugin).unwrap_err(), link.remove().unwrap_err()] {
            assert!(error.message.contains("a link is where"), "{error}");
        }
        assert!(folder.is_there());
    }
}
