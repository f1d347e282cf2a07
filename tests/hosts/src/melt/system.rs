//! A folder with a `melt` of another Debian release and the files that it needs.
//!
//! Nothing is installed, and there is no chroot: the program is started by the dynamic loader of its own libraries, and environment variables name its data.
//! So it needs no privileges and sees the same files as the test.

use std::env::{self, consts::ARCH};
use std::fs::{self, TryLockError};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::packages::{PACKAGE, Packages, RELEASE};
use crate::places;
use crate::process::{succeed, within};
use crate::tree::lock_file;

/// The name of the folder; changes with its contents.
const NAME: &str = "melt-1";
/// Folders of earlier versions, to be removed.
const EARLIER: [&str; 0] = [];
/// The file with the version, written last: a folder without it is incomplete.
const STAMP: &str = "dedit-tests-stamp";
/// The modules of MLT that are used. Others need a display; without `xine`, which can deinterlace, pixels change.
const MODULES: [&str; 5] = ["core", "avformat", "openfx", "xml", "xine"];
/// The folders of unpacked packages, and of links to the modules.
const FILES: &str = "root";
const USED: &str = "modules";
/// MLT's data folder.
const DATA: &str = "usr/share/mlt-7";
/// The program.
const PROGRAM: &str = "usr/bin/melt-7";
/// Subfolders with more libraries.
const MORE_LIBRARIES: [&str; 3] = ["blas", "lapack", "pulseaudio"];

/// The folder.
#[derive(Debug, Clone)]
pub struct System {
    root: PathBuf,
    version: String,
}

impl System {
    /// The default path of the folder.
    pub fn usual_place() -> Result<PathBuf> {
        Ok(places::cache()?.join(NAME))
    }

    /// Creates the folder if it is missing, which takes a minute or more and the network.
    pub fn make() -> Result<Self> {
        let root = Self::usual_place()?;
        if let Ok(system) = Self::open(&root) {
            return Ok(system);
        }
        let lock = lock_file(&root)?;
        let locked = within(Duration::from_secs(30 * 60), || match lock.try_lock() {
            Ok(()) => Ok(Some(())),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error.into()),
        });
        locked?.with_context(|| format!("another process has been creating {} for too long", root.display()))?;
        // The other process may have created it.
        if let Ok(system) = Self::open(&root) {
            return Ok(system);
        }
        let part = root.with_extension("part");
        for old in [&part, &root] {
            remove(old)?;
        }
        for name in EARLIER {
            remove(&places::cache()?.join(name))?;
        }
        fill(&part)?;
        fs::rename(&part, &root).with_context(|| format!("{} cannot be renamed", part.display()))?;
        Self::open(&root)
    }

    /// An existing folder.
    pub fn open(root: &Path) -> Result<Self> {
        let stamp = fs::read_to_string(root.join(STAMP));
        let stamp = stamp.with_context(|| format!("{} has no complete {PACKAGE}: create it with make_melt", root.display()))?;
        Ok(Self { root: root.to_path_buf(), version: stamp.trim().to_owned() })
    }

    /// The folder named by [`MELT`](places::MELT).
    pub fn named() -> Result<Self> {
        let named = env::var_os(places::MELT).filter(|named| !named.is_empty());
        let root = named.with_context(|| format!("{} names no folder made by make_melt", places::MELT))?;
        Self::open(Path::new(&root))
    }

    /// The version of the package.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The program with only the environment that it needs.
    pub(super) fn command(&self) -> Result<Command> {
        let files = self.root.join(FILES);
        let libraries = files.join(libraries());
        let searched = MORE_LIBRARIES.map(|name| libraries.join(name));
        let searched = env::join_paths([&libraries].into_iter().chain(&searched));
        let searched = searched.with_context(|| format!("{} cannot be a library path: its name has a colon", libraries.display()))?;
        let mut command = Command::new(loader(&libraries)?);
        command.arg("--library-path").arg(searched).arg(files.join(PROGRAM));
        command.env_clear().env("PATH", env::var_os("PATH").unwrap_or_default());
        command.env("MLT_REPOSITORY", self.root.join(USED)).env("MLT_DATA", files.join(DATA));
        for (name, below) in [("MLT_PROFILES_PATH", "profiles"), ("MLT_PRESETS_PATH", "presets")] {
            command.env(name, files.join(DATA).join(below));
        }
        Ok(command)
    }
}

/// Fills the folder.
fn fill(root: &Path) -> Result<()> {
    let state = root.join("apt");
    let packages = Packages::new(&state)?;
    let version = packages.version()?;
    packages.download()?;
    let files = root.join(FILES);
    packages.unpack(&files, &left_out())?;
    remove(&state)?;
    fs::create_dir(root.join(USED)).context("the folder of modules cannot be created")?;
    for module in MODULES {
        let name = format!("libmlt{module}.so");
        let file = Path::new(FILES).join(libraries()).join("mlt-7").join(&name);
        if !root.join(&file).is_file() {
            bail!("{PACKAGE} {version} of Debian {RELEASE} has no {name}: update the list of modules");
        }
        // Relative, because the folder is renamed when it is complete.
        symlink(Path::new("..").join(file), root.join(USED).join(name)).context("a module cannot be linked")?;
    }
    let system = System { root: root.to_path_buf(), version };
    let started = succeed(system.command()?.arg("-version"), Duration::from_secs(60));
    started.with_context(|| format!("{PACKAGE} {} of Debian {RELEASE} does not run on this machine", system.version))?;
    fs::write(root.join(STAMP), &system.version).context("the stamp cannot be written")
}

/// The folder of libraries, relative to the files.
fn libraries() -> String {
    format!("usr/lib/{ARCH}-linux-gnu")
}

/// The dynamic loader of these libraries.
fn loader(libraries: &Path) -> Result<PathBuf> {
    let entries = fs::read_dir(libraries).with_context(|| format!("{} cannot be read", libraries.display()))?;
    let mut names = entries.flatten().map(|entry| entry.file_name());
    let name = names.find(|name| name.as_encoded_bytes().starts_with(b"ld-linux"));
    let name = name.with_context(|| format!("{} has no dynamic loader", libraries.display()))?;
    Ok(libraries.join(name))
}

/// Patterns of files that are not unpacked: all but the program, its data and the libraries, without graphics drivers.
fn left_out() -> Vec<String> {
    let first: String = ARCH.chars().take(1).collect();
    let folders = ["./[!u]*", "./usr/[!bls]*", "./usr/sbin", "./usr/bin/[!m]*", "./usr/share/[!m]*", "./usr/share/m[!l]*", "./usr/lib64"];
    let mut patterns: Vec<String> = folders.map(str::to_owned).into();
    patterns.push(format!("./usr/lib/[!{first}]*"));
    patterns.extend(["libLLVM*", "libgallium*", "libz3*", "gconv", "dri"].map(|name| format!("./{}/{name}", libraries())));
    patterns
}

fn remove(path: &Path) -> Result<()> {
    if !path.exists() {
        return Ok(());
    }
    fs::remove_dir_all(path).with_context(|| format!("{} cannot be removed", path.display()))
}
