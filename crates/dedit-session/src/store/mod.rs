//! The store: open sessions, and those on disk.

mod open;
mod room;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dedit_edit::{Error, Result};

use crate::files;
use crate::folder::{Contents, Folder};
use crate::info::Info;
use crate::session::Session;
use crate::settings::Logging;

/// The folder of the sessions in a store.
const SESSIONS: &str = "sessions";

/// The open sessions, by name, and a folder with the others.
pub(crate) struct Store {
    folder: PathBuf,
    /// Bytes that it may hold.
    quota: u64,
    log: Arc<Logging>,
    open: Mutex<BTreeMap<String, Arc<Session>>>,
    /// The latest use of any session, in milliseconds since 1970.
    latest: Mutex<u64>,
    _lock: Option<File>,
}

impl Store {
    /// Opens a store and locks it for this process.
    ///
    /// # Errors
    /// `Usage` where the folder cannot be used, or another process has locked it.
    pub(crate) fn open_at(folder: &Path, quota: u64, log: Arc<Logging>) -> Result<Self> {
        files::create_folder(&folder.join(SESSIONS))?;
        let lock = files::lock(&folder.join(".lock"), || {
            Error::usage("another daemon is using this store of sessions")
                .at(folder)
                .hint("use that daemon, or name another store with the environment variable DEDIT_DATA")
        })?;
        let mut store = Self { folder: folder.to_path_buf(), quota, log, open: Mutex::default(), latest: Mutex::default(), _lock: lock };
        store.latest = Mutex::new(store.last_used());
        Ok(store)
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Session>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sessions_folder(&self) -> PathBuf {
        self.folder.join(SESSIONS)
    }

    /// The folder of a session in the store.
    fn folder_of(&self, name: &str) -> PathBuf {
        self.sessions_folder().join(name)
    }

    /// Notes that a client has opened a session.
    pub(crate) fn opened(&self, session: &Arc<Session>, client: u64) -> Info {
        let mut inner = session.lock();
        inner.opened_by(client);
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        *latest = inner.touch(*latest);
        inner.info()
    }

    /// Notes that a client has disconnected.
    pub(crate) fn closed_by(&self, client: u64) {
        for session in self.all_open() {
            session.lock().closed_by(client);
        }
        self.close_unused();
    }

    /// Closes unused sessions: frees their memory, and unlocks their folders for other programs.
    pub(crate) fn close_unused(&self) {
        let mut open = self.open();
        open.retain(|_, session| Arc::strong_count(session) > 1 || session.lock().in_use());
    }

    /// The open sessions, copied so that the list is not locked while one of them is busy.
    fn all_open(&self) -> Vec<Arc<Session>> {
        self.open().values().cloned().collect()
    }

    /// Frees the memory of sessions that no client has open and no job needs.
    pub(crate) fn free_memory(&self) {
        for session in self.all_open() {
            let mut inner = session.lock();
            if !inner.in_use() {
                inner.free_memory();
            }
        }
    }

    /// Logs what sessions have found damaged or unsupported.
    pub(crate) fn log_findings<'a>(&self, sessions: impl Iterator<Item = &'a Arc<Session>>) {
        for session in sessions {
            for finding in session.lock().take_findings() {
                (self.log)("damaged", &finding);
            }
        }
    }

    /// Summaries of all sessions, open or in the store; last used first.
    pub(crate) fn infos(&self) -> Vec<Info> {
        let mut infos: Vec<Info> = self.all_open().iter().map(|session| session.lock().info()).collect();
        for name in self.names() {
            if !infos.iter().any(|info| info.session == name) {
                // Damaged ones are left out; opening them says so.
                infos.extend(Session::peek(&self.folder_of(&name), &name));
            }
        }
        infos.sort_by_key(|info| std::cmp::Reverse(info.used));
        infos
    }

    /// The names of the sessions in the store.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.sessions_folder()).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| !name.contains('.')).collect()
    }

    /// The number of sessions in the store, and their bytes.
    pub(crate) fn usage(&self) -> (usize, u64) {
        (self.names().len(), files::bytes_below(&self.sessions_folder()))
    }

    /// The latest use of any session in the store, in milliseconds since 1970. Folders without a record, left by interrupted writes, are removed.
    fn last_used(&self) -> u64 {
        let used = |name: String| {
            let path = self.folder_of(&name);
            if matches!(Folder::contents(&path), Ok(Contents::Nothing)) {
                let _ = Folder::take(&path).and_then(Folder::remove);
            }
            Session::last_used(&path)
        };
        self.names().into_iter().map(used).max().unwrap_or(0)
    }
}
