//! The folders in which hosts look for `OpenFX` bundles.

use std::path::{Path, PathBuf};

use ofx_host::folders::{self, VARIABLE};

use super::bundle::BUNDLE;
use crate::{Failure, FailureKind, Result};

/// Where hosts look on this system.
#[derive(Debug, Clone)]
pub(super) struct Places {
    /// The folders that [`VARIABLE`] names.
    pub(super) named: Vec<PathBuf>,
    /// The folder that is the same for all users.
    pub(super) system: PathBuf,
}

/// Which programs look into a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readers {
    /// All, hosts that use MLT too.
    All,
    /// All but those that use MLT, which look into the named folders alone, and not into folders below them.
    NotMlt,
    None,
}

impl Readers {
    /// A sentence about a folder.
    pub(super) fn sentence(self, folder: &Path) -> String {
        let export = setting(folder);
        match self {
            Self::All => format!(
                "programs that are started with this {VARIABLE} read that folder: Natron, DaVinci Resolve and other hosts of OpenFX; \
                 Kdenlive, Shotcut and melt, where their MLT has OpenFX"
            ),
            Self::NotMlt => format!(
                "Natron, DaVinci Resolve and other hosts of OpenFX read that folder; Kdenlive, Shotcut and melt do where they are started with {export}"
            ),
            Self::None => format!("no program reads that folder until it is started with {export}"),
        }
    }

    /// As JSON reports name it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::NotMlt => "not-mlt",
            Self::None => "none",
        }
    }
}

impl Places {
    /// Those of the user who runs this.
    pub(super) fn read() -> Self {
        Self { named: folders::named(), system: folders::system() }
    }

    /// All folders, each once.
    pub(super) fn all(&self) -> Vec<&Path> {
        let mut all = vec![self.system.as_path()];
        for folder in &self.named {
            if !all.contains(&folder.as_path()) {
                all.push(folder);
            }
        }
        all
    }

    /// The folder to install into: one that has the bundle already, so that there is only one; else the first that can be written.
    pub(super) fn choose(&self) -> Result<PathBuf> {
        let all = self.all();
        let mut writable = all.iter().filter(|folder| can_be_written(folder)).peekable();
        let first = writable.peek().map(|folder| folder.to_path_buf());
        let used = writable.find(|folder| folder.join(BUNDLE).is_dir()).map(|folder| folder.to_path_buf());
        used.or(first).ok_or_else(|| {
            let own = setting(&etcetera::home_dir().unwrap_or_default().join("OFX").join("Plugins"));
            Failure::new(FailureKind::Resources, "no folder in which programs look for OpenFX plug-ins can be written")
                .at(all.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", "))
                .hint(format!(
                    "run this as root or administrator, for all users; or set {own}, for this and for the programs that shall have it"
                ))
        })
    }

    /// Which programs look into a folder.
    pub(super) fn readers(&self, folder: &Path) -> Readers {
        match self {
            _ if self.named.iter().any(|named| named == folder) => Readers::All,
            _ if self.all().iter().any(|searched| folder.starts_with(searched)) => Readers::NotMlt,
            _ => Readers::None,
        }
    }
}

/// The shell's text that puts a folder before those that [`VARIABLE`] names where the host is started.
fn setting(folder: &Path) -> String {
    let folder = folder.display().to_string();
    if cfg!(windows) {
        // cmd.exe would make quotation marks part of the value.
        return format!("{VARIABLE}={folder};%{VARIABLE}%");
    }
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+,@%".contains(c);
    let quoted = if folder.chars().all(is_plain) { folder } else { format!("'{}'", folder.replace('\'', r"'\''")) };
    format!(r#"{VARIABLE}={quoted}"${{{VARIABLE}:+:${VARIABLE}}}""#)
}

/// Whether a folder can be written, or created.
fn can_be_written(folder: &Path) -> bool {
    let nearest = folder.ancestors().find(|folder| folder.exists());
    nearest.is_some_and(|nearest| tempfile::tempfile_in(nearest).is_ok())
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_first_folder_that_can_be_written_is_taken_and_one_with_a_bundle_before_it() {
        let scratch = tempfile::tempdir().unwrap();
        let at = |name: &str| scratch.path().join(name);
        fs::write(at("file"), "").unwrap();
        // Nobody, not even root, can create a folder in a file.
        fs::create_dir_all(at("used").join(BUNDLE)).unwrap();
        for (system, named, expected) in [
            ("system", &["a"][..], Some("system")),
            ("file/x", &["a", "b"], Some("a")),
            ("file/x", &["file", "b/c/d"], Some("b/c/d")),
            ("system", &["a", "used"], Some("used")),
            ("used", &["a"], Some("used")),
            ("file/x", &["file", "file/y"], None),
            ("file/x", &[], None),
        ] {
            let places = Places { named: named.iter().map(|name| at(name)).collect(), system: at(system) };
            match (places.choose(), expected) {
                (Ok(found), Some(expected)) => assert_eq!(found, at(expected), "{named:?}"),
                (Err(error), None) => {
                    let text = error.to_string();
                    assert!(error.kind == FailureKind::Resources && text.contains("as root") && text.contains("file/x"), "{text}");
                    assert!(named.iter().all(|name| text.contains(name)) && text.contains(VARIABLE), "{text}");
                }
                (found, _) => panic!("{system} {named:?}: {found:?}"),
            }
            assert!(!at("system").exists() && !at("a").exists() && !at("b").exists(), "choosing creates nothing");
        }
    }

    #[test]
    fn the_shell_text_keeps_the_list_that_is_set() {
        for folder in ["/a", "/a b/c", "/it's/\"$HOME\"", "/wow!/`x`/é;&*", "/a\\b"] {
            for (before, after) in [(None, ""), (Some(""), ""), (Some("/x y:/z"), ":/x y:/z")] {
                for typed in [format!("export {}", setting(Path::new(folder))), format!("{} env", setting(Path::new(folder)))] {
                    let print = if typed.ends_with("env") { "" } else { "; env" };
                    let mut shell = std::process::Command::new("sh");
                    shell.args(["-c", &format!("{typed}{print}")]).env_remove(VARIABLE).envs(before.map(|before| (VARIABLE, before)));
                    let printed = String::from_utf8(shell.output().unwrap().stdout).unwrap();
                    let expected = format!("{VARIABLE}={folder}{after}");
                    assert!(printed.lines().any(|line| line == expected), "{typed}: {printed}");
                }
            }
        }
        assert_eq!(setting(Path::new("/a/b")), r#"OFX_PLUGIN_PATH=/a/b"${OFX_PLUGIN_PATH:+:$OFX_PLUGIN_PATH}""#);
    }

    #[test]
    fn mlt_looks_into_named_folders_alone() {
        let places = Places { named: vec!["/a".into(), "/usr/b".into()], system: "/usr/OFX/Plugins".into() };
        for (folder, expected) in [
            ("/a", Readers::All),
            ("/a/", Readers::All),
            ("/a/c", Readers::NotMlt),
            ("/usr/OFX/Plugins", Readers::NotMlt),
            ("/usr/OFX", Readers::None),
            ("/ab", Readers::None),
        ] {
            assert_eq!(places.readers(Path::new(folder)), expected, "{folder}");
        }
        let both = Places { named: vec!["/usr/OFX/Plugins".into()], system: "/usr/OFX/Plugins".into() };
        assert_eq!((both.readers(&both.system), both.all().len()), (Readers::All, 1));
    }
}
