//! The daemon itself: from its first client to its end.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use dedit_protocol::handshake::{VERSIONS, answer};
use dedit_protocol::socket::Bound;
use dedit_protocol::{Failure, FailureKind};
use dedit_session::{Models, Sessions, SessionsSettings};
use interprocess::local_socket::Stream;
use interprocess::local_socket::prelude::*;

use crate::connection::Connection;
use crate::convert;
use crate::log::Log;
use crate::outgoing::Outgoing;

/// Most clients at a time.
const MOST_CLIENTS: usize = 512;
/// How long a client may take to say who it is, and to read what it asked for.
const HANDSHAKE: Duration = Duration::from_secs(10);
const SLOWEST: Duration = Duration::from_secs(120);
/// How long clients may take, all together, to read what became of their jobs when the daemon ends.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How a daemon is run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How sessions are kept.
    pub sessions: SessionsSettings,
    /// The log file; `None` for no log.
    pub log: Option<PathBuf>,
    /// How long it stays without clients and jobs.
    pub exit_after: Duration,
}

/// Clients that are connected.
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
    pub(crate) started: Instant,
    /// A file that only who sees the same files can read, and what is in it.
    pub(crate) token: (PathBuf, String),
    ending: AtomicBool,
    /// Where it listens, if it does.
    socket: OnceLock<PathBuf>,
    exit_after: Duration,
    /// What clients call themselves.
    names: Mutex<BTreeMap<u64, String>>,
}

impl Daemon {
    /// A daemon on a store, which nobody else may have open.
    pub fn new(settings: Settings, models: Arc<dyn Models>) -> Result<Arc<Self>, Failure> {
        let log = Arc::new(Log::open(settings.log.as_deref()));
        let told = log.clone();
        let logging = Arc::new(move |event: &str, what: &str| told.write(event, what));
        let token = (settings.sessions.store.join("token"), format!("{:032x}", fastrand::u128(..)));
        let sessions = Sessions::open(settings.sessions, models, logging).map_err(|error| convert::failure(&error))?;
        dedit_session::files::write(&token.0, token.1.as_bytes()).map_err(|error| convert::failure(&error))?;
        Ok(Arc::new(Self {
            sessions,
            log,
            clients: Clients::default(),
            started: Instant::now(),
            token,
            ending: AtomicBool::new(false),
            socket: OnceLock::new(),
            exit_after: settings.exit_after,
            names: Mutex::default(),
        }))
    }

    /// Speaks with one client over two halves, until it goes.
    pub fn converse(self: &Arc<Self>, reader: impl Read, writer: impl Write + Send + 'static) {
        let (mut reader, mut writer) = (reader, writer);
        if let Ok(Some(_)) = answer(&mut Both { reader: &mut reader, writer: &mut writer }, &VERSIONS) {
            Connection::converse(self, reader, writer);
        }
    }

    /// Asks it to end; jobs that run are stopped within a step, and learning goes on from there another time.
    pub fn end(&self) {
        self.ending.store(true, Ordering::SeqCst);
        // It may be waiting for a client.
        if let Some(path) = self.socket.get() {
            let _ = dedit_protocol::socket::connect(path);
        }
    }

    /// Listens at a socket until somebody asks it to end, or nobody has needed it for long.
    ///
    /// # Errors
    /// `Connection` where the socket breaks.
    pub fn run(self: &Arc<Self>, mut socket: Bound) -> Result<(), Failure> {
        self.log.write("started", &format!("{} at {}", env!("CARGO_PKG_VERSION"), socket.path().display()));
        let _ = self.socket.set(socket.path().to_path_buf());
        let mut needed = Instant::now();
        let mut broken = None;
        while !self.ending.load(Ordering::SeqCst) {
            match socket.accept() {
                Ok(Some(stream)) if !self.ending.load(Ordering::SeqCst) => self.welcome(stream),
                Ok(_) => {}
                Err(error) => {
                    self.log.write("socket", &error.to_string());
                    // Too many open files, say: it gets better when clients go.
                    thread::sleep(Duration::from_millis(100));
                    if self.clients.count() == 0 {
                        broken = Some(Failure::new(FailureKind::Connection, format!("the daemon's socket is broken ({error})")));
                        break;
                    }
                }
            }
            if self.clients.count() > 0 || !self.sessions.is_idle() {
                needed = Instant::now();
            } else if needed.elapsed() > self.exit_after {
                self.log.write("idle", "nobody needed it");
                break;
            }
        }
        self.close();
        drop(socket);
        self.log.write("ended", "");
        broken.map_or(Ok(()), Err)
    }

    /// Stops jobs, and lets every client hear what became of them.
    pub fn close(&self) {
        self.sessions.close();
        let clients: Vec<_> = self.clients.lock().values().cloned().collect();
        let deadline = Instant::now() + LAST_WORDS;
        for outgoing in clients {
            outgoing.wait_until_sent(deadline.saturating_duration_since(Instant::now()));
        }
    }

    /// What clients call themselves.
    pub(crate) fn names(&self) -> MutexGuard<'_, BTreeMap<u64, String>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn welcome(self: &Arc<Self>, stream: Stream) {
        if self.clients.count() >= MOST_CLIENTS {
            return self.log.write("refused", "too many clients");
        }
        let daemon = self.clone();
        // Without a thread the client sees its connection end; the others stay.
        if let Err(error) = thread::Builder::new().name("client".to_owned()).spawn(move || daemon.hear(stream)) {
            self.log.write("refused", &format!("no thread for a client ({error})"));
        }
    }

    fn hear(self: Arc<Self>, mut stream: Stream) {
        // Where times cannot be limited, a client that says nothing costs a thread.
        let _ = stream.set_recv_timeout(Some(HANDSHAKE));
        let _ = stream.set_send_timeout(Some(SLOWEST));
        match answer(&mut stream, &VERSIONS) {
            Ok(Some(_)) => {
                let _ = stream.set_recv_timeout(None);
                let stream = Arc::new(stream);
                Connection::converse(&self, std::io::BufReader::with_capacity(1 << 16, Shared(stream.clone())), Shared(stream));
            }
            Ok(None) => self.log.write("refused", "a client of another version"),
            Err(error) => self.log.write("refused", &format!("no client ({error})")),
        }
    }
}

/// A stream that is read in one thread and written in another.
struct Shared(Arc<Stream>);

impl Read for Shared {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        (&*self.0).read(into)
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        (&*self.0).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        (&*self.0).flush()
    }
}

/// Two halves as one.
struct Both<'a, R, W> {
    reader: &'a mut R,
    writer: &'a mut W,
}

impl<R: Read, W> Read for Both<'_, R, W> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.reader.read(into)
    }
}

impl<R, W: Write> Write for Both<'_, R, W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.writer.flush()
    }
}
