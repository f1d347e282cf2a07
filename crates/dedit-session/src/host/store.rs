//! Sessions on disk and in memory: found, opened, and given up when room is short.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dedit_edit::{Error, Result};
use sha2::{Digest as _, Sha256};

use super::shared::{Shared, locked};
use crate::files;
use crate::folder::{Folder, Loaded};
use crate::raster::hex;
use crate::session::{Info, Opening, Session};

/// Where the sessions lie in a store.
const SESSIONS: &str = "sessions";

/// Takes a store for this process alone.
pub(super) fn take(store: &Path) -> Result<Option<File>> {
    files::create_folder(&store.join(SESSIONS))?;
    let file = File::create(store.join(".lock")).map_err(|error| files::cannot_write(&error, store))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(Error::usage("another daemon is using this store of sessions")
            .at(store)
            .hint("use that daemon, or name another store with the environment variable DEDIT_DATA")),
        Err(TryLockError::Error(_)) => Ok(None),
    }
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
        let Some((mut session, aside)) = Session::open(path)? else { return Ok(None) };
        for file in aside {
            self.log("damaged", &format!("a revision is set aside: {}", file.display()));
        }
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
    pub(super) fn of_picture(&self, digest: &str, opening: &Opening) -> Result<Arc<Session>> {
        let name = &digest[..16];
        let path = self.place(name);
        match self.opened_from(&path, name) {
            Ok(Some(session)) => {
                let damaged = session.lock().picture(0).is_err();
                if damaged {
                    self.log("restored", &format!("the picture of {name}"));
                    session.lock().restore_picture(opening)?;
                }
                return Ok(session);
            }
            Ok(None) => {}
            Err(error) => {
                let aside = files::set_aside(&path)?;
                self.log("damaged", &format!("{error}; set aside: {}", aside.display()));
            }
        }
        self.make_room(opening);
        let session = self.begun(name, &path, opening);
        // Whoever comes for the same picture meanwhile waits here for what is being written, and for nothing else.
        session.lock().write().inspect_err(|_| _ = locked(&self.open).remove(name))?;
        Ok(session)
    }

    /// A session that is not written yet; of several that want one for the same place, the first begins it.
    fn begun(&self, name: &str, path: &Path, opening: &Opening) -> Arc<Session> {
        let mut open = locked(&self.open);
        open.entry(name.to_owned()).or_insert_with(|| Arc::new(Session::new(name, path, opening))).clone()
    }

    /// The session of a picture in a folder that a user named.
    pub(super) fn of_folder(&self, folder: &Path, digest: &str, opening: &Opening, replace: bool) -> Result<Arc<Session>> {
        let path = whole(folder);
        let name = name_of(&path);
        match self.opened_from(&path, &name) {
            Ok(Some(session)) => {
                if session.lock().is_of(digest) {
                    if session.lock().picture(0).is_err() {
                        session.lock().restore_picture(opening)?;
                    }
                    return Ok(session);
                }
                if !replace {
                    return Err(Error::usage("something else was learned here")
                        .at(folder)
                        .hint("give another --session, or --restart to forget it"));
                }
                self.give_up(session, true)?;
            }
            Ok(None) => {}
            Err(error) if replace && error.kind() == dedit_edit::ErrorKind::Input => {
                Folder::take(&path)?.clear()?;
            }
            Err(error) if error.kind() == dedit_edit::ErrorKind::Input => return Err(error.hint("begin again with --restart")),
            Err(error) => return Err(error),
        }
        let session = self.begun(&name, &path, opening);
        let same = session.lock().is_of(digest);
        if same { Ok(session) } else { Err(Error::usage("another picture is being opened here").at(folder).hint("give another --session")) }
    }

    /// A picture that some open session holds, or one in the store.
    pub(super) fn pixels_of(&self, digest: &str) -> Option<Opening> {
        let open = self.all_open();
        let stored = digest.get(..16).and_then(|name| self.session(name).ok());
        let Loaded { image, profile, .. } = open.iter().chain(&stored).find_map(|session| session.lock().pixels_of(digest))?;
        Some(Opening { image, profile: profile.map(|profile| profile.as_ref().clone()), name: String::new() })
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

    /// Removes a session.
    pub(super) fn remove(&self, session: Arc<Session>) -> Result<()> {
        self.give_up(session, false)
    }

    /// Removes a session from memory and disk; `keep_folder` leaves its empty folder.
    fn give_up(&self, session: Arc<Session>, keep_folder: bool) -> Result<()> {
        let in_use = || Error::usage("this session is in use").at(session.lock().path()).hint("close it in the other program first");
        let mut open = locked(&self.open);
        let name = session.name.clone();
        if session.lock().info().job.is_some() || Arc::strong_count(&session) > 2 {
            return Err(in_use());
        }
        open.remove(&name);
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
                infos.extend(Session::peek(&self.place(&name)));
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

    /// Gives up what was used least recently until a picture fits; never what somebody has open.
    fn make_room(&self, opening: &Opening) {
        let needed = opening.image.samples().len() as u64 * 4;
        let (_, mut held) = self.stored();
        let mut infos = self.infos();
        infos.retain(|info| info.folder == self.place(&info.session) && !info.open && info.job.is_none());
        while held + needed > self.settings.quota {
            let Some(oldest) = infos.pop() else { return };
            let Ok(session) = self.session(&oldest.session) else { continue };
            match self.give_up(session, false) {
                Ok(()) => {
                    held = held.saturating_sub(oldest.bytes);
                    self.log("evicted", &oldest.session);
                }
                Err(error) => self.log("kept", &format!("{}: {error}", oldest.session)),
            }
        }
    }
}
