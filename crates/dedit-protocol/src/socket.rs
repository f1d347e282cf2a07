//! The daemon's socket: found or refused by whether somebody lives behind it, and open to its own user alone.
//!
//! Beside the socket lie two lock files. The system lets go of a lock when its process ends, however it ends, so a lock that is free says that no daemon
//! lives, and a socket beside it is left over. `…​.lock` is held by the daemon for its life; `…​.start` by whoever is starting one.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use interprocess::local_socket::prelude::*;
use interprocess::local_socket::{GenericFilePath, Listener, ListenerOptions, Stream};

use crate::failure::{Failure, FailureKind};

/// A socket that is listened on.
#[derive(Debug)]
pub struct Bound {
    path: PathBuf,
    listener: Listener,
    _lock: File,
}

impl Bound {
    /// Takes a socket.
    ///
    /// # Errors
    /// `Connection` where another daemon has it; `Usage` where the path cannot be used.
    pub fn bind(path: &Path) -> Result<Self, Failure> {
        let folder = folder(path)?;
        let lock = lock_file(path, "lock")?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::new(FailureKind::Connection, "another daemon is running")
                    .at(path)
                    .hint("use that one, or end it with `dedit daemon stop`"));
            }
            Err(TryLockError::Error(error)) => return Err(unusable(&error, &folder)),
        }
        let listener = listen(path).map_err(|error| unusable(&error, path))?;
        Ok(Self { path: path.to_path_buf(), listener, _lock: lock })
    }

    /// Waits for a client of this user; those of others are sent away. `None` after a while without any, so that the caller can look round. A socket
    /// that somebody removed is put back.
    pub fn accept(&mut self) -> io::Result<Option<Stream>> {
        if !self.is_there() {
            self.listener = listen(&self.path)?;
        }
        if !wait(&self.listener)? {
            return Ok(None);
        }
        let stream = self.listener.accept()?;
        Ok(is_own(&stream).then_some(stream))
    }

    fn is_there(&self) -> bool {
        cfg!(windows) || self.path.exists()
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Bound {
    /// While the lock is still held, so that it is nobody else's socket.
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// How long one wait for a client takes at most.
#[cfg(unix)]
const PATIENCE: rustix::event::Timespec = rustix::event::Timespec { tv_sec: 1, tv_nsec: 0 };

/// Whether a client came in time.
#[cfg(unix)]
fn wait(listener: &Listener) -> io::Result<bool> {
    use std::os::fd::AsFd as _;

    use rustix::event::{PollFd, PollFlags, poll};
    let Listener::UdSocket(listener) = listener;
    let came = poll(&mut [PollFd::new(&listener.as_fd(), PollFlags::IN)], Some(&PATIENCE));
    match came {
        Ok(count) => Ok(count > 0),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Pipes wait while they accept.
#[cfg(windows)]
fn wait(_: &Listener) -> io::Result<bool> {
    Ok(true)
}

/// Reaches a daemon. `None` where none lives.
///
/// # Errors
/// `Connection` where one lives and cannot be reached.
pub fn connect(path: &Path) -> Result<Option<Stream>, Failure> {
    let name = path.to_fs_name::<GenericFilePath>().map_err(|error| unusable(&error, path))?;
    match Stream::connect(name) {
        Ok(stream) if is_own(&stream) => Ok(Some(stream)),
        Ok(_) => Err(Failure::new(FailureKind::Connection, "the daemon at this socket is another user's").at(path)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => Ok(None),
        Err(error) => Err(Failure::new(FailureKind::Connection, format!("the D-Edit daemon cannot be reached ({error})")).at(path)),
    }
}

/// Held while a daemon is started, so that of many who want one, one starts it; waits for its turn.
pub fn starting(path: &Path) -> Result<File, Failure> {
    let folder = folder(path)?;
    let file = lock_file(path, "start")?;
    file.lock().map_err(|error| unusable(&error, &folder))?;
    Ok(file)
}

/// What lies beside a socket under its name with an ending.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".");
    name.push(ending);
    // A pipe has no folder.
    let folder = if cfg!(windows) { std::env::temp_dir() } else { path.parent().unwrap_or(Path::new(".")).to_path_buf() };
    folder.join(name)
}

fn lock_file(path: &Path, ending: &str) -> Result<File, Failure> {
    let file = beside(path, ending);
    fs::OpenOptions::new().create(true).write(true).truncate(false).open(&file).map_err(|error| unusable(&error, &file))
}

fn unusable(error: &io::Error, path: &Path) -> Failure {
    Failure::new(FailureKind::Usage, format!("this cannot be used for the daemon's socket ({error})"))
        .at(path)
        .hint("name another with --socket")
}

/// The folder of a socket: made for its owner alone where it is not there; one that others own is refused.
#[cfg(unix)]
fn folder(path: &Path) -> Result<PathBuf, Failure> {
    use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
        _ => PathBuf::from("."),
    };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(|error| unusable(&error, &folder))?;
    let found = fs::metadata(&folder).map_err(|error| unusable(&error, &folder))?;
    let user = rustix::process::geteuid().as_raw();
    // Root may own the folder of a service; in one that others can write to, they could put a socket of theirs in place of ours.
    let writable_by_others = found.mode() & 0o022 != 0 && found.mode() & 0o1000 == 0;
    if (found.uid() != user && found.uid() != 0) || writable_by_others {
        return Err(Failure::new(FailureKind::Usage, "the folder of the daemon's socket can be written to by others")
            .at(folder)
            .hint("name another with --socket, in a folder of your own"));
    }
    Ok(folder)
}

#[cfg(windows)]
fn folder(_: &Path) -> Result<PathBuf, Failure> {
    Ok(std::env::temp_dir())
}

/// Listens; what was left over at the path goes. To be called by the holder of the lock alone.
#[cfg(unix)]
fn listen(path: &Path) -> io::Result<Listener> {
    use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};

    use interprocess::os::unix::local_socket::ListenerOptionsExt as _;
    match fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => fs::remove_file(path)?,
        Ok(_) => return Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is a file of this name")),
        Err(_) => {}
    }
    let options = || -> io::Result<ListenerOptions<'_>> { Ok(ListenerOptions::new().name(path.to_fs_name::<GenericFilePath>()?)) };
    // Not every system can set the mode before the socket is there; the folder keeps others out until it is set.
    let listener = options()?.reclaim_name(false).mode(0o600).create_sync().or_else(|_| options()?.reclaim_name(false).create_sync())?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

#[cfg(windows)]
fn listen(path: &Path) -> io::Result<Listener> {
    ListenerOptions::new().name(path.to_fs_name::<GenericFilePath>()?).create_sync()
}

/// Whether the other side is a process of this user; root may be anybody.
#[cfg(unix)]
fn is_own(stream: &Stream) -> bool {
    let other = stream.peer_creds().ok().and_then(|peer| peer.euid());
    other.is_some_and(|other| other == rustix::process::geteuid().as_raw() || other == 0)
}

/// The system lets no other user open a pipe.
#[cfg(windows)]
fn is_own(_: &Stream) -> bool {
    true
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_socket_is_for_its_user_alone_and_for_one_daemon() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("new/daemon.sock");
        assert!(connect(&path).unwrap().is_none(), "nobody is there yet");
        let mut bound = Bound::bind(&path).unwrap();
        assert_eq!((mode(path.parent().unwrap()), mode(&path)), (0o700, 0o600));
        let second = Bound::bind(&path).unwrap_err();
        assert!(second.to_string().contains("another daemon is running"), "{second}");
        assert!(connect(&path).unwrap().is_some() && bound.accept().unwrap().is_some());
        drop(bound);
        assert!(connect(&path).unwrap().is_none());
    }

    #[test]
    fn what_is_left_over_is_taken_over_and_what_is_no_socket_stays() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("daemon.sock");
        // As a process that was killed leaves it.
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists() && connect(&path).unwrap().is_none());
        let mut bound = Bound::bind(&path).unwrap();
        fs::remove_file(&path).unwrap();
        assert!(connect(&path).unwrap().is_none() && bound.accept().unwrap().is_none());
        assert!(connect(&path).unwrap().is_some() && bound.accept().unwrap().is_some());
        drop(bound);
        fs::write(&path, "text").unwrap();
        assert!(Bound::bind(&path).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"text");
    }

    #[test]
    fn a_folder_that_others_write_to_is_refused() {
        let scratch = tempfile::tempdir().unwrap();
        fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let refused = Bound::bind(&scratch.path().join("daemon.sock")).unwrap_err();
        assert!(refused.to_string().contains("written to by others"), "{refused}");
    }
}
