//! The state of a daemon, which its clients share.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use dedit_catalog::Library;
use dedit_protocol::Failure;
use dedit_session::{Models, Sessions, SessionsSettings};

use crate::fetches::Fetches;
use crate::log::Log;
use crate::outgoing::Outgoing;

/// How long all clients together may take to read the last events of their jobs when the daemon ends.
const LAST_EVENTS: Duration = Duration::from_secs(2);

/// Settings of a daemon.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Settings of its sessions.
    pub sessions: SessionsSettings,
    /// The log file; `None` for no log.
    pub log: Option<PathBuf>,
    /// How long it keeps running without clients and jobs.
    pub exit_after: Duration,
    /// The models of this machine.
    pub library: Arc<Library>,
}

/// The connected clients, by number.
#[derive(Default)]
pub(crate) struct Clients(Mutex<BTreeMap<u64, Arc<Outgoing>>>);

impl Clients {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Outgoing>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, client: u64, outgoing: Arc<Outgoing>) {
        self.lock().insert(client, outgoing);
    }

    pub(crate) fn remove(&self, client: u64) {
        self.lock().remove(&client);
    }

    pub(crate) fn count(&self) -> usize {
        self.lock().len()
    }
}

/// A daemon.
pub struct Daemon {
    pub(crate) sessions: Sessions,
    pub(crate) log: Arc<Log>,
    pub(crate) clients: Clients,
    pub(crate) library: Arc<Library>,
    pub(crate) fetches: Arc<Fetches>,
    pub(crate) started: Instant,
    /// Requests of all clients so far.
    pub(crate) requests: AtomicU64,
    /// A file and its random content: a client that can read it shares the daemon's file system.
    pub(crate) token: (PathBuf, String),
    ending: AtomicBool,
    /// The socket it listens at, if any.
    socket: OnceLock<PathBuf>,
    exit_after: Duration,
    /// The names that clients gave, by number.
    names: Mutex<BTreeMap<u64, String>>,
}

impl Daemon {
    /// A daemon with the store of the settings.
    ///
    /// # Errors
    /// `Usage` where the store cannot be used, or another daemon is using it.
    pub fn new(settings: Settings, models: Arc<dyn Models>) -> Result<Arc<Self>, Failure> {
        let log = Arc::new(Log::open(settings.log.as_deref()));
        let lines = log.clone();
        let logging = Arc::new(move |event: &str, what: &str| lines.write(event, what));
        let token = (settings.sessions.store.join("token"), format!("{:032x}", fastrand::u128(..)));
        let sessions = Sessions::open(settings.sessions, models, logging)?;
        dedit_files::write(&token.0, token.1.as_bytes())?;
        Ok(Arc::new(Self {
            sessions,
            log,
            clients: Clients::default(),
            library: settings.library,
            fetches: Arc::default(),
            started: Instant::now(),
            requests: AtomicU64::new(0),
            token,
            ending: AtomicBool::new(false),
            socket: OnceLock::new(),
            exit_after: settings.exit_after,
            names: Mutex::default(),
        }))
    }

    /// Makes [`Self::run`] return; running jobs are stopped within a step, and learning resumes from there another time.
    pub fn end(&self) {
        self.ending.store(true, Ordering::SeqCst);
        // A connection wakes it where it waits for one.
        if let Some(path) = self.socket.get() {
            let _ = dedit_protocol::socket::connect(path);
        }
    }

    /// Whether [`Self::end`] was called.
    pub(crate) fn is_ending(&self) -> bool {
        self.ending.load(Ordering::SeqCst)
    }

    /// Notes where it listens.
    pub(crate) fn listens_at(&self, socket: &Path) {
        let _ = self.socket.set(socket.to_path_buf());
    }

    /// How long it keeps running without clients and jobs.
    pub(crate) fn exit_after(&self) -> Duration {
        self.exit_after
    }

    /// Stops all jobs, and waits until every client was sent their last events.
    pub fn close(&self) {
        self.fetches.stop(None);
        self.sessions.close();
        let clients: Vec<_> = self.clients.lock().values().cloned().collect();
        let deadline = Instant::now() + LAST_EVENTS;
        for outgoing in clients {
            outgoing.wait_until_sent(deadline.saturating_duration_since(Instant::now()));
        }
    }

    /// The names that clients gave, by number.
    pub(crate) fn names(&self) -> MutexGuard<'_, BTreeMap<u64, String>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
