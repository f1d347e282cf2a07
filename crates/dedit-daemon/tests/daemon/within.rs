//! A daemon within this process, and a limit on how long a test may take.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use dedit_catalog::{Library, Surroundings};
use dedit_client::Client;
use dedit_daemon::{Daemon, Settings};
use dedit_session::SessionsSettings;

use crate::fake::{FakeModels, Knobs};
use crate::host::{Host, hello};

/// After this a test hangs: far longer than any takes on a machine with other work.
const PATIENCE: Duration = Duration::from_secs(300);

/// Runs a test, and fails when it does not come to an end.
pub(crate) fn timed(test: impl FnOnce() + Send + 'static) {
    let (sender, done) = channel();
    let running = thread::spawn(move || {
        test();
        let _ = sender.send(());
    });
    assert_ne!(done.recv_timeout(PATIENCE), Err(RecvTimeoutError::Timeout), "the test does not come to an end");
    if let Err(panic) = running.join() {
        std::panic::resume_unwind(panic);
    }
}

/// Settings for a store in a folder.
pub(crate) fn settings(store: &Path) -> Settings {
    Settings {
        sessions: SessionsSettings {
            store: store.to_path_buf(),
            quota: u64::MAX,
            memory_budget: u64::MAX,
            unload_after: Duration::from_secs(300),
        },
        log: Some(store.join("deditd.log")),
        exit_after: Duration::from_secs(300),
        library: Arc::new(Library::with(store, Surroundings::default())),
    }
}

/// A daemon within this process.
pub(crate) struct Within(pub(crate) Arc<Daemon>);

impl Within {
    pub(crate) fn new(store: &Path, knobs: Knobs) -> Self {
        Self::with(settings(store), knobs)
    }

    pub(crate) fn with(settings: Settings, knobs: Knobs) -> Self {
        Self(Daemon::new(settings, Arc::new(FakeModels(knobs))).unwrap())
    }

    /// A client over two pipes.
    pub(crate) fn client(&self) -> Host {
        client_of(&self.0)
    }
}

/// A client of a daemon over two pipes.
pub(crate) fn client_of(daemon: &Arc<Daemon>) -> Host {
    let (reader, to_client) = std::io::pipe().unwrap();
    let (from_client, writer) = std::io::pipe().unwrap();
    let daemon = daemon.clone();
    thread::spawn(move || daemon.converse(from_client, to_client));
    Host(Client::over(reader, writer, &hello()).unwrap())
}

impl Drop for Within {
    fn drop(&mut self) {
        self.0.close();
        // Those who speak with clients hold it too, and with it the lock of its store.
        let begun = Instant::now();
        while Arc::strong_count(&self.0) > 1 && begun.elapsed() < Duration::from_secs(2) {
            thread::sleep(Duration::from_millis(1));
        }
    }
}
