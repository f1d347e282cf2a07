//! A tree with the files of another Debian, for programs that this one does not have.
//!
//! A program is run inside with the tree as its root, and sees mounts that nobody else sees: they are gone with the last process that sees
//! them, whatever happens. It shares the numbers of processes with all others, since the daemon and the plug-in look at whose the other is.

use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::process::{run, succeed, within};

/// The release that has GIMP 3 and Krita 5.2.
const RELEASE: &str = "trixie";
/// Changes with what is in the tree.
const NAME: &str = "trixie-2";
/// Trees that were made before, which nothing uses any more.
const EARLIER: [&str; 1] = ["trixie-gimp-1"];
/// The programs that are tested.
const PROGRAMS: [&str; 2] = ["gimp", "krita"];
/// What they need beyond what their packages bring: Krita's plug-ins are Python, and see Qt by its bindings.
const ALONGSIDE: [&str; 3] = ["xauth", "dbus-x11", "python3-pyqt5"];
/// Documents that no test reads are half of the files.
const LEFT_OUT: [&str; 4] = ["man", "locale", "doc", "help"];
const MIRROR: &str = "http://deb.debian.org/debian";
/// Written last: without it a tree is not complete.
const STAMP: &str = "dedit-tests-stamp";
/// The beginning of the names of test folders.
pub(crate) const PREFIX: &str = "test-";
/// Mounts what is needed below the tree `$1`, then runs the rest inside.
const ENTER: &str = r#"set -e
mkdir -p /tmp/.X11-unix "$1/tmp/.X11-unix"
mount -t proc proc "$1/proc"
mount --bind /tmp/.X11-unix "$1/tmp/.X11-unix"
exec chroot "$@""#;

/// The tree. While a process has it, no other gets it.
#[derive(Debug, Clone)]
pub struct Tree {
    root: PathBuf,
}

/// The lock of the tree, held to the end of the process by all its threads together.
static LOCK: Mutex<Option<File>> = Mutex::new(None);

impl Tree {
    /// Where the tree is, or would be.
    pub fn usual_place() -> Result<PathBuf> {
        Ok(crate::places::cache()?.join(NAME))
    }

    /// Makes the tree where it is not there yet; takes minutes then. For root alone.
    pub fn make() -> Result<Self> {
        let root = Self::usual_place()?;
        let tree = Self { root: root.clone() };
        tree.lock()?;
        if tree.versions().is_ok() {
            return tree.entered();
        }
        let part = root.with_extension("part");
        for old in [&part, &root] {
            remove(old)?;
        }
        remove_earlier()?;
        let options = LEFT_OUT.map(|folder| format!("--dpkgopt=path-exclude=/usr/share/{folder}/*"));
        let mut command = Command::new("mmdebstrap");
        command.args(["--variant=apt", "--mode=root", r#"--aptopt=APT::Install-Recommends "false""#]).args(options);
        command.arg(format!("--include={}", [&PROGRAMS[..], &ALONGSIDE].concat().join(",")));
        command.arg(RELEASE).arg(&part).arg(mirror());
        succeed(&mut command, Duration::from_secs(30 * 60))?;
        let made = Self { root: part.clone() };
        let mut ask = made.command("dpkg-query");
        let versions = succeed(ask.args(["-W", "-f=${Package} ${Version}\\n"]).args(PROGRAMS), Duration::from_secs(60))?;
        fs::write(part.join(STAMP), versions).context("the stamp cannot be written")?;
        fs::rename(&part, &root).with_context(|| format!("{} cannot be renamed", part.display()))?;
        tree.entered()
    }

    /// The tree, if this process may enter it: not every container lets root mount anything.
    fn entered(self) -> Result<Self> {
        succeed(&mut self.command("true"), Duration::from_secs(60)).context("the tree cannot be entered")?;
        Ok(self)
    }

    /// A tree that was made.
    pub fn open(root: &Path) -> Result<Self> {
        let tree = Self { root: root.to_path_buf() };
        tree.versions()?;
        tree.lock()?;
        Ok(tree)
    }

    /// The tree that [`TREE`](crate::places::TREE) names.
    pub fn named() -> Result<Self> {
        let named = std::env::var_os(crate::places::TREE).filter(|named| !named.is_empty());
        let root = named.with_context(|| format!("{} names no tree of Debian {RELEASE}", crate::places::TREE))?;
        Self::open(Path::new(&root))
    }

    /// The versions of the programs inside, each in a line with its name.
    pub fn versions(&self) -> Result<String> {
        fs::read_to_string(self.root.join(STAMP)).with_context(|| format!("{} holds no complete tree", self.root.display()))
    }

    /// The folder that is `/` inside.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A program inside, with no environment but a search path.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-c", ENTER, "sh"]);
        command.arg(&self.root).arg(program);
        command.env_clear().env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        command
    }

    /// Waits for other processes that use the tree, and clears what an aborted one left in it.
    fn lock(&self) -> Result<()> {
        let mut held = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
        if held.is_some() {
            return Ok(());
        }
        let file = lock_file(&self.root)?;
        let locked = within(Duration::from_secs(20 * 60), || match file.try_lock() {
            Ok(()) => Ok(Some(())),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error.into()),
        });
        locked?.with_context(|| format!("{} is in use by another process", self.root.display()))?;
        *held = Some(file);
        if let Ok(entries) = fs::read_dir(self.root.join("tmp")) {
            for entry in entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX)) {
                remove(&entry.path())?;
            }
        }
        Ok(())
    }
}

/// The file whose lock says that a tree is in use.
pub(crate) fn lock_file(root: &Path) -> Result<File> {
    let path = root.with_extension("lock");
    File::create(&path).with_context(|| format!("{} cannot be opened", path.display()))
}

/// Removes trees of earlier versions of these tests, but none that such tests are using right now.
fn remove_earlier() -> Result<()> {
    for name in EARLIER {
        let root = crate::places::cache()?.join(name);
        if !root.exists() {
            continue;
        }
        let lock = lock_file(&root)?;
        if lock.try_lock().is_ok() {
            remove(&root)?;
            fs::remove_file(root.with_extension("lock"))?;
        }
    }
    Ok(())
}

/// Removes a folder, and nothing that is mounted below it.
fn remove(path: &Path) -> Result<()> {
    if !path.exists() {
        return Ok(());
    }
    let output = run(Command::new("rm").args(["-rf", "--one-file-system"]).arg(path), Duration::from_secs(300))?;
    if !output.succeeded() {
        bail!("{} cannot be removed: {}", path.display(), output.stderr);
    }
    Ok(())
}

/// The mirror that this system's packages come from, if it is a Debian.
pub(crate) fn mirror() -> String {
    let lists = ["/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"];
    let text: String = lists.iter().filter_map(|list| fs::read_to_string(list).ok()).collect();
    let mut words = text.lines().filter(|line| line.starts_with("URIs:") || line.starts_with("deb ")).flat_map(str::split_whitespace);
    words.find(|word| word.starts_with("http") && word.trim_end_matches('/').ends_with("/debian")).unwrap_or(MIRROR).to_owned()
}
