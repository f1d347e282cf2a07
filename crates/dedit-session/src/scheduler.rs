//! One queue and one worker thread for each device.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use dedit_edit::{Error, ErrorKind};

use crate::jobs::{Job, JobEvent, JobInfo, LoadedModel, Queue, Worker, WorkerSettings};

#[derive(Default)]
struct Inner {
    /// By device.
    queues: BTreeMap<String, (Arc<Queue>, thread::JoinHandle<()>)>,
    closed: bool,
}

/// The queues and workers of all devices.
pub(crate) struct Scheduler {
    settings: Arc<WorkerSettings>,
    inner: Mutex<Inner>,
}

/// The error of jobs that come while the daemon ends.
fn ending() -> Error {
    Error::new(ErrorKind::Resources, "the daemon is ending").hint("try again: it is started anew")
}

impl Scheduler {
    pub(crate) fn new(settings: WorkerSettings) -> Self {
        Self { settings: Arc::new(settings), inner: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The queue of a device; its worker is started with it. `None` after [`Self::close`].
    fn queue(&self, device: &str) -> Option<Arc<Queue>> {
        let mut inner = self.lock();
        if inner.closed {
            return None;
        }
        if let Some((queue, _)) = inner.queues.get(device) {
            return Some(queue.clone());
        }
        let queue = Arc::new(Queue::default());
        let worker = Worker { settings: self.settings.clone(), queue: queue.clone() };
        let thread = thread::spawn(move || worker.run());
        inner.queues.insert(device.to_owned(), (queue.clone(), thread));
        Some(queue)
    }

    fn queues(&self) -> Vec<Arc<Queue>> {
        self.lock().queues.values().map(|(queue, _)| queue.clone()).collect()
    }

    /// Queues a job for a device; says whether it did. After [`Self::close`] the job fails at once.
    pub(crate) fn push(&self, job: Job, device: &str) -> bool {
        let refused = match self.queue(device) {
            Some(queue) => queue.push(job).err(),
            None => Some(job),
        };
        match refused {
            None => true,
            Some(job) => {
                self.ended(job, JobEvent::Failed(ending()));
                false
            }
        }
    }

    fn ended(&self, job: Job, event: JobEvent) {
        (self.settings.ended)(job, event);
    }

    /// Stops the jobs for which `found(job, client, keep)` is true: waiting ones at once, running ones within a step. Says whether there was one.
    pub(crate) fn stop(&self, found: impl Fn(u64, u64, bool) -> bool + Copy) -> bool {
        let mut any = false;
        for queue in self.queues() {
            let (waited, runs) = queue.stop(found);
            any |= runs || !waited.is_empty();
            for job in waited {
                self.ended(job, JobEvent::Cancelled);
            }
        }
        any
    }

    /// Unloads all models.
    pub(crate) fn unload(&self) {
        for queue in self.queues() {
            queue.unload();
        }
    }

    /// The models in memory.
    pub(crate) fn loaded(&self) -> Vec<LoadedModel> {
        self.queues().iter().flat_map(|queue| queue.loaded()).collect()
    }

    /// All jobs; of each device the running one first.
    pub(crate) fn jobs(&self) -> Vec<JobInfo> {
        self.queues().iter().flat_map(|queue| queue.jobs()).collect()
    }

    /// Refuses further jobs, lets waiting ones fail, stops running ones within a step, and waits until the workers have ended.
    pub(crate) fn close(&self) {
        let queues = {
            let mut inner = self.lock();
            inner.closed = true;
            std::mem::take(&mut inner.queues)
        };
        for (queue, _) in queues.values() {
            for job in queue.close() {
                self.ended(job, JobEvent::Failed(ending()));
            }
        }
        for (_, (_, thread)) in queues {
            // A worker runs this itself where it drops the last reference to everything; it cannot wait for itself. Its panics are caught and reported
            // where they happen.
            if thread.thread().id() != thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}
