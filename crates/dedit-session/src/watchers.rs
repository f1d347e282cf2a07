//! Clients that are notified when a session changes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::info::Info;
use crate::session::Session;

/// Receives the new summary of a session that its client has open. It must return quickly.
pub type Watcher = dyn Fn(&Info) + Send + Sync;

/// The watchers of all clients.
#[derive(Default)]
pub(crate) struct Watchers(Mutex<BTreeMap<u64, Arc<Watcher>>>);

impl Watchers {
    pub(crate) fn add(&self, client: u64, watcher: Arc<Watcher>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(client, watcher);
    }

    pub(crate) fn remove(&self, client: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&client);
    }

    /// Sends a session's summary to every client that has it open.
    pub(crate) fn changed(&self, session: &Session) {
        let watchers = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let inner = session.lock();
        let info = inner.info();
        let openers: Vec<_> = watchers.into_iter().filter(|(client, _)| inner.is_open_by(*client)).collect();
        drop(inner);
        for (_, watcher) in openers {
            watcher(&info);
        }
    }
}
