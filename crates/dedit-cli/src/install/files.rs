//! The folder of a plug-in that is a program: the program, and beside it which program it starts as the daemon.

use std::env::consts::EXE_SUFFIX;
use std::env::current_exe;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::Builder;

use crate::error::{Error, ErrorKind, Result};

/// The file beside the plug-in with one line: the program that is the daemon.
const PROGRAM: &str = "program";

/// A plug-in's folder; the program in it has its name.
#[derive(Debug, Clone)]
pub(super) struct Folder(PathBuf);

/// What was found where D-Edit is to be taken away.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Removed {
    Nothing,
    All,
    /// Somebody else's files are in the folder too, and stay.
    ButOthers,
}

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
        self.refuse_link()?;
        let wrong = |error: io::Error| {
            Error::new(ErrorKind::Resources, format!("the plug-in cannot be written ({error})"))
                .at(&self.0)
                .hint("see that you may write there and that the disk has room; end the program if it runs")
        };
        fs::create_dir_all(&self.0).map_err(wrong)?;
        // The plug-in comes last: it is never there without its daemon.
        let mut line = daemon.as_os_str().as_encoded_bytes().to_vec();
        line.push(b'\n');
        self.write(&self.0.join(PROGRAM), &mut line.as_slice(), 0o644).map_err(wrong)?;
        let mut source = fs::File::open(plugin)
            .map_err(|error| Error::new(ErrorKind::Input, format!("the plug-in cannot be read ({error})")).at(plugin))?;
        self.write(&self.plugin(), &mut source, 0o755).map_err(wrong)
    }

    /// Whoever looks sees the old file or the new one, and a running plug-in keeps the old one.
    fn write(&self, file: &Path, content: &mut impl io::Read, mode: u32) -> io::Result<()> {
        let mut temporary = Builder::new().prefix(".new-").tempfile_in(&self.0)?;
        io::copy(content, &mut temporary)?;
        temporary.flush()?;
        allow(temporary.as_file(), mode)?;
        temporary.as_file().sync_all()?;
        temporary.persist(file).map_err(|error| error.error)?;
        Ok(())
    }

    /// What a link leads to belongs to somebody else.
    fn refuse_link(&self) -> Result<()> {
        if self.0.is_symlink() || self.0.is_file() {
            let what = if self.0.is_symlink() { "a link" } else { "a file" };
            return Err(Error::new(ErrorKind::Input, format!("{what} is where the plug-in's folder shall be"))
                .at(&self.0)
                .hint("dedit did not put it there; remove it yourself, and try again"));
        }
        Ok(())
    }

    /// Removes what [`Self::put`] wrote, and the folder if nothing else is in it.
    pub(super) fn remove(&self) -> Result<Removed> {
        let ours = [self.plugin(), self.0.join(PROGRAM)];
        if !ours.iter().any(|file| file.is_file()) {
            return Ok(Removed::Nothing);
        }
        self.refuse_link()?;
        for file in ours.iter().filter(|file| file.is_file()) {
            fs::remove_file(file).map_err(|error| {
                Error::new(ErrorKind::Resources, format!("this cannot be removed ({error})"))
                    .at(file)
                    .hint("see that you may write there; end the program if it runs")
            })?;
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
        let file = self.0.join(PROGRAM);
        match fs::read_to_string(&file) {
            Ok(line) if Path::new(line.trim_end_matches(['\r', '\n'])).is_file() => {}
            Ok(line) => faults.push(format!("{} names {}, which is not there", file.display(), line.trim_end())),
            Err(error) => faults.push(format!("{} cannot be read ({error})", file.display())),
        }
        faults
    }
}

fn same(one: &Path, other: &Path) -> bool {
    matches!((fs::read(one), fs::read(other)), (Ok(one), Ok(other)) if one == other)
}

#[cfg(unix)]
fn allow(file: &fs::File, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn allow(_: &fs::File, _: u32) -> io::Result<()> {
    Ok(())
}

/// The program of that name beside this one, if it is there.
pub(super) fn beside(name: &str) -> Result<Option<PathBuf>> {
    Ok(Some(own()?.with_file_name(format!("{name}{EXE_SUFFIX}"))).filter(|file| file.is_file()))
}

/// The program that a plug-in starts as the daemon.
pub(super) fn daemon() -> Result<PathBuf> {
    Ok(match beside("deditd")? {
        Some(daemon) => daemon,
        None => own()?,
    })
}

/// This program.
pub(super) fn own() -> Result<PathBuf> {
    current_exe().map_err(|error| Error::new(ErrorKind::Internal, format!("this program does not find itself ({error})")))
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
