//! A folder with the files of another Debian that `melt` needs.
//!
//! They are not installed, and nothing here becomes a root: the program is started by the loader of its own libraries, and told by variables
//! where the rest is. So it needs no rights, and sees the same files as the test.

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

/// Changes with what is in the folder.
const NAME: &str = "melt-1";
/// Folders that were made before, which nothing uses any more.
const EARLIER: [&str; 0] = [];
/// Written last, with the version: without it a folder is not complete.
const STAMP: &str = "dedit-tests-stamp";
/// The parts of MLT that are used. Others want a screen, and without `xine`, which can deinterlace, pixels come out changed.
const MODULES: [&str; 5] = ["core", "avformat", "openfx", "xml", "xine"];
/// Where the packages are unpacked, and where the parts that are used are named.
const FILES: &str = "root";
const USED: &str = "modules";
/// The folder of MLT's own files.
const DATA: &str = "usr/share/mlt-7";
/// The program.
const PROGRAM: &str = "usr/bin/melt-7";
/// Folders below that of the libraries in which there are more.
const MORE_LIBRARIES: [&str; 3] = ["blas", "lapack", "pulseaudio"];

/// The folder.
#[derive(Debug, Clone)]
pub struct System {
    root: PathBuf,
    version: String,
}

impl System {
    /// Where the folder is, or would be.
    pub fn usual_place() -> Result<PathBuf> {
        Ok(places::cache()?.join(NAME))
    }

    /// Makes the folder where it is not there yet; takes a minute or more then, and the net.
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
        locked?.with_context(|| format!("another process has been making {} for too long", root.display()))?;
        // The other process may have made it.
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

    /// A folder that was made.
    pub fn open(root: &Path) -> Result<Self> {
        let stamp = fs::read_to_string(root.join(STAMP));
        let stamp = stamp.with_context(|| format!("{} holds no complete {PACKAGE}: make it with make_melt", root.display()))?;
        Ok(Self { root: root.to_path_buf(), version: stamp.trim().to_owned() })
    }

    /// The folder that [`MELT`](places::MELT) names.
    pub fn named() -> Result<Self> {
        let named = env::var_os(places::MELT).filter(|named| !named.is_empty());
        let root = named.with_context(|| format!("{} names no folder that make_melt made", places::MELT))?;
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

    /// The program, with no environment but what it needs.
    pub(super) fn command(&self) -> Result<Command> {
        let files = self.root.join(FILES);
        let libraries = files.join(libraries());
        let searched = MORE_LIBRARIES.map(|name| libraries.join(name));
        let searched = env::join_paths([&libraries].into_iter().chain(&searched));
        let searched =
            searched.with_context(|| format!("{} cannot be searched for libraries: its name has a colon", libraries.display()))?;
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

/// Makes all that is in the folder.
fn fill(root: &Path) -> Result<()> {
    let state = root.join("apt");
    let packages = Packages::new(&state)?;
    let version = packages.version()?;
    packages.download()?;
    let files = root.join(FILES);
    packages.unpack(&files, &left_out())?;
    remove(&state)?;
    fs::create_dir(root.join(USED)).context("the folder of modules cannot be made")?;
    for module in MODULES {
        let name = format!("libmlt{module}.so");
        let file = Path::new(FILES).join(libraries()).join("mlt-7").join(&name);
        if !root.join(&file).is_file() {
            bail!("{PACKAGE} {version} of Debian {RELEASE} has no {name}: the tests have to learn what it has instead");
        }
        // Relative, because the folder gets another name when it is complete.
        symlink(Path::new("..").join(file), root.join(USED).join(name)).context("a module cannot be linked")?;
    }
    let system = System { root: root.to_path_buf(), version };
    let started = succeed(system.command()?.arg("-version"), Duration::from_secs(60));
    started.with_context(|| format!("{PACKAGE} {} of Debian {RELEASE} does not run on this machine", system.version))?;
    fs::write(root.join(STAMP), &system.version).context("the stamp cannot be written")
}

/// The folder of libraries, below that of the files.
fn libraries() -> String {
    format!("usr/lib/{ARCH}-linux-gnu")
}

/// The program that starts those that use these libraries.
fn loader(libraries: &Path) -> Result<PathBuf> {
    let entries = fs::read_dir(libraries).with_context(|| format!("{} cannot be read", libraries.display()))?;
    let mut names = entries.flatten().map(|entry| entry.file_name());
    let name = names.find(|name| name.as_encoded_bytes().starts_with(b"ld-linux"));
    let name = name.with_context(|| format!("{} holds no loader of programs", libraries.display()))?;
    Ok(libraries.join(name))
}

/// Patterns of what is not unpacked: all but the program, its own files and the libraries, and of those what draws with a graphics card.
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
