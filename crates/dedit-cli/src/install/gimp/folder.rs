//! The folder of a plug-in that is a program: the program, and beside it which program it starts as the daemon.

use std::env::consts::EXE_SUFFIX;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, Result};
use crate::install::files::{self, Removed};

/// A plug-in's folder; the program in it has its name.
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
    pub(super) fn put(&self, plugin: &Path, daemon: &Path) -> Result<()> {
        files::refuse_link(&self.0)?;
        fs::create_dir_all(&self.0).map_err(|error| files::unwritten(&self.0, &error))?;
        // The plug-in comes last: it is never there without its daemon.
        files::write_program(&self.0, daemon).map_err(|error| files::unwritten(&self.0, &error))?;
        let mut source = fs::File::open(plugin)
            .map_err(|error| Error::new(ErrorKind::Input, format!("the plug-in cannot be read ({error})")).at(plugin))?;
        files::write(&self.plugin(), &mut source, 0o755).map_err(|error| files::unwritten(&self.0, &error))
    }

    /// Removes what [`Self::put`] wrote, and the folder if nothing else is in it.
    pub(super) fn remove(&self) -> Result<Removed> {
        let ours = [self.plugin(), self.0.join(files::PROGRAM)];
        if !ours.iter().any(|file| file.is_file()) {
            return Ok(Removed::Nothing);
        }
        files::refuse_link(&self.0)?;
        for file in ours.iter().filter(|file| file.is_file()) {
            files::remove(file)?;
        }
        Ok(if fs::remove_dir(&self.0).is_ok() { Removed::All } else { Removed::ButOthers })
    }

    /// What is wrong with the plug-in that is there; `newest` is the one that would be put there.
    pub(super) fn faults(&self, newest: Option<&Path>) -> Vec<String> {
        let mut faults = Vec::new();
        if let Some(newest) = newest
            && !same(newest, &self.plugin())
        {
            faults.push(format!("{} is another build than {}", self.plugin().display(), newest.display()));
        }
        faults.extend(files::program_fault(&self.0));
        faults
    }
}

fn same(one: &Path, other: &Path) -> bool {
    matches!((fs::read(one), fs::read(other)), (Ok(one), Ok(other)) if one == other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_put_there_can_be_put_again_looked_at_and_removed() {
        let scratch = tempfile::tempdir().unwrap();
        let [plugin, daemon] = ["built", "deditd"].map(|name| scratch.path().join(name));
        fs::write(&plugin, "one").unwrap();
        fs::write(&daemon, "").unwrap();
        let folder = Folder::new(&scratch.path().join("plug-ins"), "dedit-gimp");
        assert_eq!(folder.remove().unwrap(), Removed::Nothing);
        for content in ["one", "two"] {
            fs::write(&plugin, content).unwrap();
            folder.put(&plugin, &daemon).unwrap();
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
        folder.put(&plugin, &daemon).unwrap();
        fs::write(folder.path().join("notes"), "mine").unwrap();
        assert_eq!(folder.remove().unwrap(), Removed::ButOthers);
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
        folder.put(&plugin, &plugin).unwrap();
        assert_eq!(folder.plugin().metadata().unwrap().permissions().mode() & 0o777, 0o755);
        let link = Folder::new(&scratch.path().join("other"), "dedit-gimp");
        fs::create_dir(scratch.path().join("other")).unwrap();
        symlink(folder.path(), link.path()).unwrap();
        for error in [link.put(&plugin, &plugin).unwrap_err(), link.remove().unwrap_err()] {
            assert!(error.message().contains("a link is where"), "{error}");
        }
        assert!(folder.is_there());
    }
}
