//! Sessions on disk and in memory: found, opened, and given up when room is short.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use dedit_edit::{Error, Result};
use sha2::{Digest as _, Sha256};

use super::shared::{Shared, locked};
use crate::files;
use crate::folder::{Folder, Kept};
use crate::raster::hex;
use crate::session::{Info, Opening, Session};

/// Where the sessions lie in a store.
const SESSIONS: &str = "sessions";
/// How long those are waited for who just look at a session that is to go.
const LOOKS: Duration = Duration::from_secs(2);

/// Takes a store for this process alone.
pub(super) fn take(store: &Path) -> Result<Option<File>> {
    files::create_folder(&store.join(SESSIONS))?;
    files::lock(&store.join(".lock"), || {
        Error::usage("another daemon is using this store of sessions")
            .at(store)
            .hint("use that daemon, or name another store with the environment variable DEDIT_DATA")
    })
}

/// The name of the session that a folder keeps.
fn name_of(folder: &Path) -> String {
    format!("folder-{}", hex(&Sha256::digest(folder.as_os_str().as_encoded_bytes())[..8]))
}

/// A folder's whole path, whether it is there or not.
fn whole(folder: &Path) -> PathBuf {
    folder.canonicalize().or_else(|_| std::path::absolute(folder)).unwrap_or_else(|_| folder.to_path_buf())
}

impl Shared {
    fn place(&self, name: &str) -> PathBuf {
        self.settings.store.join(SESSIONS).join(name)
    }

    /// A session by its name.
    pub(super) fn session(&self, name: &str) -> Result<Arc<Session>> {
        if let Some(session) = locked(&self.open).get(name) {
            return Ok(session.clone());
        }
        let unknown = || Error::usage(format!("there is no session '{name}'")).hint("open its picture");
        // A name is no path.
        if name.is_empty() || !name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-') {
            return Err(unknown());
        }
        self.opened_from(&self.place(name), name)?.ok_or_else(unknown)
    }

    /// The session that a folder keeps, put among those that are open; `None` where it keeps none.
    fn opened_from(&self, path: &Path, name: &str) -> Result<Option<Arc<Session>>> {
        let mut open = locked(&self.open);
        if let Some(session) = open.get(name) {
            return Ok(Some(session.clone()));
        }
        let Some(mut session) = Session::open(path)? else { return Ok(None) };
        // Folders can be copied and moved; where they are decides what they are called.
        session.rename(name);
        let session = Arc::new(session);
        open.insert(name.to_owned(), session.clone());
        Ok(Some(session))
    }

    /// The session of a folder.
    pub(super) fn in_folder(&self, folder: &Path) -> Result<Arc<Session>> {
        let path = whole(folder);
        let none = || {
            Error::usage("there is no session here").at(folder).hint("learn a picture first: dedit learn PICTURE --items … --session DIR")
        };
        self.opened_from(&path, &name_of(&path)).map_err(|error| error.at(folder))?.ok_or_else(none)
    }

    /// The session of a picture in the store; where it is damaged, another takes its place.
    pub(super) fn of_picture(&self, opening: &Opening) -> Result<Arc<Session>> {
        let name = &opening.place();
        let path = self.place(name);
        let session = match Folder::kept(&path)? {
            Kept::Foreign(error) => {
                let aside = files::set_aside(&path)?;
                self.log("damaged", &format!("{error}; set aside: {}", aside.display()));
                None
            }
            Kept::Damaged(error) => Some(self.renewed(name, &path, opening, &error)?),
            Kept::Nothing | Kept::Session(_) => self.opened_from(&path, name)?,
        };
        let session = session.unwrap_or_else(|| {
            self.make_room(opening);
            self.begun(name, &path, opening)
        });
        if !session.lock().is_of(&opening.digest) {
            return Err(Error::input("this session is of another picture").at(path).hint("move it away"));
        }
        // Who comes second waits here for the first.
        let written = session.lock().write();
        if let Err(error) = written.and_then(|()| restored(&session, opening)) {
            // One that is nowhere is no session.
            drop(session);
            self.tidy();
            return Err(error);
        }
        Ok(session)
    }

    /// A new session of a picture, unless somebody was faster.
    fn begun(&self, name: &str, path: &Path, opening: &Opening) -> Arc<Session> {
        let new = || Arc::new(Session::new(name, path, opening));
        locked(&self.open).entry(name.to_owned()).or_insert_with(new).clone()
    }

    /// The session of a folder whose record is damaged.
    fn renewed(&self, name: &str, path: &Path, opening: &Opening, error: &Error) -> Result<Arc<Session>> {
        let mut open = locked(&self.open);
        if let Some(session) = open.get(name) {
            return Ok(session.clone());
        }
        self.log("damaged", &error.to_string());
        let session = Arc::new(Session::renewed(name, path, opening)?);
        open.insert(name.to_owned(), session.clone());
        Ok(session)
    }

    /// The session of a picture in a folder that a user named.
    pub(super) fn of_folder(&self, folder: &Path, opening: &Opening, replace: bool, client: u64) -> Result<Arc<Session>> {
        let path = whole(folder);
        let name = name_of(&path);
        let found = match Folder::kept(&path)? {
            Kept::Damaged(error) if Session::is_in(&path, opening) => Some(self.renewed(&name, &path, opening, &error)?),
            Kept::Damaged(error) | Kept::Foreign(error) if !replace => return Err(error.hint("begin again with --restart")),
            Kept::Damaged(_) | Kept::Foreign(_) => {
                Folder::take(&path)?.clear()?;
                None
            }
            Kept::Nothing | Kept::Session(_) => self.opened_from(&path, &name)?,
        };
        if let Some(session) = found {
            if session.lock().is_of(&opening.digest) {
                restored(&session, opening)?;
                return Ok(session);
            }
            if !replace {
                let other = Error::usage("something else was learned here").at(folder);
                return Err(other.hint("give another --session, or --restart to forget it"));
            }
            self.give_up(session, Some(client), true)?;
        }
        let session = self.begun(&name, &path, opening);
        if !session.lock().is_of(&opening.digest) {
            return Err(Error::usage("another picture is opened here at this moment").at(folder).hint("try again"));
        }
        Ok(session)
    }

    /// A picture that some open session holds, or one in the store, or in a folder.
    pub(super) fn opening_of(&self, digest: &str, folder: Option<&Path>) -> Option<Opening> {
        let named = digest.get(..16).and_then(|name| self.session(name).ok());
        let kept = folder.and_then(|folder| self.in_folder(folder).ok());
        let own = named.iter().chain(&kept);
        let found = own.clone().find_map(|session| session.lock().opening_of(digest));
        self.tell_aside(own);
        // The reference picture of another session, perhaps; pixels that are sent once more than needed cost less than to wait for one that is busy.
        found.or_else(|| self.all_open().iter().find_map(|session| session.try_lock()?.opening_of(digest)))
    }

    /// Logs what sessions had to set aside.
    pub(super) fn tell_aside<'a>(&self, sessions: impl Iterator<Item = &'a Arc<Session>>) {
        for session in sessions {
            for file in session.lock().take_aside() {
                self.log("damaged", &format!("set aside: {}", file.display()));
            }
        }
    }

    /// A client has opened a session.
    pub(super) fn opened(&self, session: &Arc<Session>, client: u64) -> Info {
        let mut inner = session.lock();
        inner.opened_by(client);
        let mut latest = locked(&self.latest);
        *latest = inner.touch(*latest);
        inner.info()
    }

    /// A client is gone.
    pub(super) fn closed_by(&self, client: u64) {
        for session in self.all_open() {
            session.lock().closed_by(client);
        }
        self.tidy();
    }

    /// Lets go of the folders of sessions that nobody uses, so that other programs can have them, and of their memory.
    pub(crate) fn tidy(&self) {
        let mut open = locked(&self.open);
        open.retain(|_, session| Arc::strong_count(session) > 1 || session.lock().in_use());
    }

    /// Those in memory; nobody waits for all while one is busy.
    fn all_open(&self) -> Vec<Arc<Session>> {
        locked(&self.open).values().cloned().collect()
    }

    /// Gives memory back.
    pub(super) fn rest(&self) {
        for session in self.all_open() {
            let mut inner = session.lock();
            if !inner.in_use() {
                inner.rest();
            }
        }
    }

    /// Removes a session from memory and disk, unless somebody else than this client uses it; `keep_folder` leaves its empty folder.
    pub(super) fn give_up(&self, session: Arc<Session>, client: Option<u64>, keep_folder: bool) -> Result<()> {
        let begun = Instant::now();
        let mut open = locked(&self.open);
        // One is ours, one the list's; with more, somebody looks at it, and is soon done, or works on it.
        while Arc::strong_count(&session) > 2 {
            drop(open);
            let used = session.lock().has_jobs() || begun.elapsed() > LOOKS;
            if used {
                return Err(in_use(&session));
            }
            thread::sleep(Duration::from_millis(1));
            open = locked(&self.open);
        }
        if session.lock().is_open_by_others(client) {
            return Err(in_use(&session));
        }
        open.remove(&session.name);
        let Some(session) = Arc::into_inner(session) else { return Ok(()) };
        match session.into_folder() {
            Some(folder) if keep_folder => folder.clear(),
            Some(folder) => folder.remove(),
            None => Ok(()),
        }
    }

    /// What is told of every session: of those in memory, and of those in the store.
    pub(super) fn infos(&self) -> Vec<Info> {
        let mut infos: Vec<Info> = self.all_open().iter().map(|session| session.lock().info()).collect();
        for name in self.names() {
            if !infos.iter().any(|info| info.session == name) {
                // Damaged ones say so when they are opened.
                infos.extend(Session::peek(&self.place(&name), &name));
            }
        }
        infos.sort_by_key(|info| std::cmp::Reverse(info.used));
        infos
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.settings.store.join(SESSIONS)).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| !name.contains('.')).collect()
    }

    /// Sessions in the store, and the bytes that it holds.
    pub(super) fn stored(&self) -> (usize, u64) {
        (self.names().len(), files::bytes_below(&self.settings.store.join(SESSIONS)))
    }

    /// When any session of the store was used last. What was begun there and never came to be is removed.
    pub(super) fn last_used(&self) -> u64 {
        let used = |name: String| {
            let path = self.place(&name);
            if matches!(Folder::kept(&path), Ok(Kept::Nothing)) {
                let _ = Folder::take(&path).and_then(Folder::remove);
            }
            Session::last_used(&path)
        };
        self.names().into_iter().map(used).max().unwrap_or(0)
    }

    /// Gives up what was used least recently until a picture fits; never what somebody has open.
    fn make_room(&self, opening: &Opening) {
        let needed = opening.bytes();
        let (_, mut held) = self.stored();
        if held + needed <= self.settings.quota {
            return;
        }
        held = held.saturating_sub(self.remove_damaged());
        let mut infos = self.infos();
        infos.retain(|info| info.folder == self.place(&info.session) && !info.open && info.job.is_none());
        while held + needed > self.settings.quota {
            let Some(oldest) = infos.pop() else { return };
            let Ok(session) = self.session(&oldest.session) else { continue };
            match self.give_up(session, None, false) {
                Ok(()) => {
                    held = held.saturating_sub(oldest.bytes);
                    self.log("evicted", &oldest.session);
                }
                Err(error) => self.log("kept", &format!("{}: {error}", oldest.session)),
            }
        }
    }

    /// Removes sessions that were set aside; says how many bytes they took.
    fn remove_damaged(&self) -> u64 {
        let entries = fs::read_dir(self.settings.store.join(SESSIONS)).into_iter().flatten().flatten();
        let damaged = entries.filter(|entry| entry.file_name().to_string_lossy().ends_with(files::DAMAGED));
        let remove = |path: PathBuf| {
            let bytes = files::bytes_below(&path);
            if fs::remove_dir_all(&path).is_ok() { bytes } else { 0 }
        };
        damaged.map(|entry| remove(entry.path())).sum()
    }
}

fn in_use(session: &Session) -> Error {
    Error::usage("this session is in use").at(session.lock().path()).hint("close it in the other program first, or cancel its job")
}

/// Puts a picture back that its session can no longer read.
fn restored(session: &Session, opening: &Opening) -> Result<()> {
    let mut inner = session.lock();
    if inner.picture(0).is_ok() { Ok(()) } else { inner.restore_picture(0, opening) }
}
