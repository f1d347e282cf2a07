//! What all clients and workers share.

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use dedit_edit::{Error, ErrorKind, Result};

use super::SessionsSettings;
use crate::models::Models;
use crate::session::{Info, Session};
use crate::work::{Heard, Job, Queue, Worker};

/// Hears of changes to a session that its client has open. To be quick is its part.
pub type Watcher = dyn Fn(&Info) + Send + Sync;

/// Hears what is worth a line in a log: an event, and what it is about.
pub type Logging = dyn Fn(&str, &str) + Send + Sync;

/// A queue, and the thread that works it off.
type Working = (Arc<Queue>, thread::JoinHandle<()>);

/// What all share.
pub(crate) struct Shared {
    pub(crate) settings: SessionsSettings,
    pub(crate) models: Arc<dyn Models>,
    log: Arc<Logging>,
    /// Sessions in memory, by name.
    pub(super) open: Mutex<BTreeMap<String, Arc<Session>>>,
    /// When something was used last.
    pub(super) latest: Mutex<u64>,
    watchers: Mutex<BTreeMap<u64, Arc<Watcher>>>,
    queues: Mutex<BTreeMap<String, Working>>,
    closed: Mutex<bool>,
    _lock: Option<File>,
}

/// What is told to those who come while everything ends.
pub(super) fn ending() -> Error {
    Error::new(ErrorKind::Resources, "the daemon is ending").hint("try again: it is started anew")
}

impl Shared {
    pub(super) fn open(settings: SessionsSettings, models: Arc<dyn Models>, log: Arc<Logging>) -> Result<Self> {
        let lock = super::store::take(&settings.store)?;
        let shared = Self {
            settings,
            models,
            log,
            open: Mutex::default(),
            latest: Mutex::default(),
            watchers: Mutex::default(),
            queues: Mutex::default(),
            closed: Mutex::default(),
            _lock: lock,
        };
        let latest = shared.last_used();
        *locked(&shared.latest) = latest;
        Ok(shared)
    }

    pub(crate) fn log(&self, event: &str, what: &str) {
        (self.log)(event, what);
    }

    pub(super) fn watch(&self, client: u64, watcher: Arc<Watcher>) {
        locked(&self.watchers).insert(client, watcher);
    }

    pub(super) fn unwatch(&self, client: u64) {
        locked(&self.watchers).remove(&client);
    }

    /// Tells everybody who has a session open how it is now.
    pub(crate) fn changed(&self, session: &Session) {
        let watchers: Vec<_> = locked(&self.watchers).iter().map(|(client, watcher)| (*client, watcher.clone())).collect();
        let inner = session.lock();
        let info = inner.info();
        let hearing: Vec<_> = watchers.into_iter().filter(|(client, _)| inner.is_open_by(*client)).collect();
        drop(inner);
        for (_, watcher) in hearing {
            watcher(&info);
        }
    }

    /// The queue of a device; a worker comes with it.
    pub(super) fn queue(self: &Arc<Self>, device: &str) -> Arc<Queue> {
        let mut queues = locked(&self.queues);
        if let Some((queue, _)) = queues.get(device) {
            return queue.clone();
        }
        let queue = Arc::new(Queue::default());
        if *locked(&self.closed) {
            queue.close();
            return queue;
        }
        let worker = Worker { shared: self.clone(), queue: queue.clone() };
        let thread = thread::spawn(move || worker.run());
        queues.insert(device.to_owned(), (queue.clone(), thread));
        queue
    }

    pub(super) fn queues(&self) -> Vec<Arc<Queue>> {
        locked(&self.queues).values().map(|(queue, _)| queue.clone()).collect()
    }

    /// A job is over: its session and whoever asked for it hear so.
    pub(crate) fn ended(&self, job: Job, heard: Heard) {
        let seconds = job.asked.elapsed().as_secs_f64();
        let how = match &heard {
            Heard::Done(_) => "done".to_owned(),
            Heard::Failed(error) => format!("failed: {error}"),
            _ => "cancelled".to_owned(),
        };
        let session = job.task.session().cloned();
        let name = session.as_ref().map_or("", |session| session.name.as_str());
        self.log("job", &format!("{} {} of {name} {how} after {seconds:.1} s", job.task.name(), job.id));
        if let Some(session) = &session {
            session.lock().end(job.id);
            self.tell_aside([session].into_iter());
            self.changed(session);
        }
        job.reporter.hear(heard);
        drop(job);
        drop(session);
        self.tidy();
    }

    pub(super) fn close(&self) {
        *locked(&self.closed) = true;
        let queues = std::mem::take(&mut *locked(&self.queues));
        for (queue, _) in queues.values() {
            for job in queue.close() {
                self.ended(job, Heard::Failed(ending()));
            }
        }
        for (_, (queue, thread)) in queues {
            debug_assert!(queue.is_closed(), "it was closed above");
            // A panic of the worker was caught and told where it happened. Where a worker is the last that holds everything, it need not wait for itself.
            if thread.thread().id() != thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
