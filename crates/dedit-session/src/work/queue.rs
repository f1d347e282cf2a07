//! The jobs that wait for a device. Edits go before learning, which can be interrupted and goes on to the same numbers.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Heard, Job};
use crate::host::{JobInfo, LoadedModel};

/// What is known of a job besides itself.
#[derive(Clone)]
struct Known {
    info: JobInfo,
    keep: bool,
    client: u64,
    stop: std::sync::Arc<std::sync::atomic::AtomicBool>,
}

#[derive(Default)]
struct Inner {
    edits: VecDeque<Job>,
    learning: VecDeque<Job>,
    running: Option<Known>,
    /// Models are to be given back.
    unload: bool,
    closed: bool,
    /// Models in the worker's hands.
    loaded: Vec<LoadedModel>,
}

/// A queue.
#[derive(Default)]
pub(crate) struct Queue {
    inner: Mutex<Inner>,
    wake: Condvar,
}

/// What the worker is to do next.
pub(crate) enum Next {
    Job(Job),
    Unload,
    /// Nothing happened for a while.
    Idle,
    End,
}

impl Inner {
    fn waiting(&self) -> impl Iterator<Item = &Job> {
        self.edits.iter().chain(&self.learning)
    }

    /// Tells every job that waits where it is.
    fn tell(&self) {
        let before = usize::from(self.running.is_some());
        for (index, job) in self.waiting().enumerate() {
            job.reporter.hear(Heard::Queued { job: job.id, position: index + before });
        }
    }

    fn take(&mut self, found: impl Fn(&Job) -> bool) -> Vec<Job> {
        let mut taken = Vec::new();
        for list in [&mut self.edits, &mut self.learning] {
            let (out, kept): (Vec<Job>, Vec<Job>) = list.drain(..).partition(|job| found(job));
            list.extend(kept);
            taken.extend(out);
        }
        taken
    }
}

fn known(job: &Job, position: Option<usize>) -> Known {
    let session = job.task.session().map(|session| session.name.clone()).unwrap_or_default();
    let info = JobInfo { job: job.id, what: job.task.name(), session, client: job.client, position };
    Known { info, keep: job.keep, client: job.client, stop: job.stop.clone() }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a job; gives it back where no more are taken.
    pub(crate) fn push(&self, job: Job) -> Result<(), Job> {
        let mut inner = self.lock();
        if inner.closed {
            return Err(job);
        }
        if job.task.learns() {
            inner.learning.push_back(job);
        } else {
            inner.edits.push_back(job);
        }
        inner.tell();
        self.wake.notify_all();
        Ok(())
    }

    /// Puts learning back that was interrupted by edits: it is next after them. Gives it back where it was stopped in the meantime, or everything is.
    pub(crate) fn push_back(&self, job: Job) -> Result<(), Job> {
        let mut inner = self.lock();
        inner.running = None;
        if inner.closed || job.stop.load(Ordering::SeqCst) {
            return Err(job);
        }
        inner.learning.push_front(job);
        inner.tell();
        Ok(())
    }

    /// Whether learning is to make way.
    pub(crate) fn has_edits(&self) -> bool {
        !self.lock().edits.is_empty()
    }

    /// Waits for what is next.
    pub(crate) fn next(&self, patience: Duration) -> Next {
        let mut inner = self.lock();
        loop {
            if inner.closed {
                return Next::End;
            }
            if std::mem::take(&mut inner.unload) {
                return Next::Unload;
            }
            let taken = inner.edits.pop_front().or_else(|| inner.learning.pop_front());
            if let Some(job) = taken {
                inner.running = Some(known(&job, None));
                job.reporter.hear(Heard::Queued { job: job.id, position: 0 });
                inner.tell();
                return Next::Job(job);
            }
            let waited = self.wake.wait_timeout(inner, patience).unwrap_or_else(PoisonError::into_inner);
            inner = waited.0;
            if waited.1.timed_out() {
                return Next::Idle;
            }
        }
    }

    /// The running job is over.
    pub(crate) fn ended(&self) {
        let mut inner = self.lock();
        inner.running = None;
        inner.tell();
    }

    /// Stops what `found` names: what waits at once, what runs within a step. Gives the jobs that waited.
    pub(crate) fn stop(&self, found: impl Fn(u64, u64, bool) -> bool) -> (Vec<Job>, bool) {
        let mut inner = self.lock();
        let taken = inner.take(|job| found(job.id, job.client, job.keep));
        let runs = inner.running.as_ref().filter(|known| found(known.info.job, known.client, known.keep));
        if let Some(running) = runs {
            running.stop.store(true, Ordering::SeqCst);
        }
        let any = runs.is_some();
        if !taken.is_empty() {
            inner.tell();
        }
        (taken, any)
    }

    pub(crate) fn unload(&self) {
        self.lock().unload = true;
        self.wake.notify_all();
    }

    /// Takes no more jobs; gives those that waited, and stops the one that runs.
    pub(crate) fn close(&self) -> Vec<Job> {
        let mut inner = self.lock();
        inner.closed = true;
        if let Some(running) = &inner.running {
            running.stop.store(true, Ordering::SeqCst);
        }
        self.wake.notify_all();
        inner.take(|_| true)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    pub(crate) fn set_loaded(&self, loaded: Vec<LoadedModel>) {
        self.lock().loaded = loaded;
    }

    pub(crate) fn loaded(&self) -> Vec<LoadedModel> {
        self.lock().loaded.clone()
    }

    /// Every job, the running one first.
    pub(crate) fn jobs(&self) -> Vec<JobInfo> {
        let inner = self.lock();
        let before = usize::from(inner.running.is_some());
        let waiting = inner.waiting().enumerate().map(|(index, job)| known(job, Some(index + before)).info);
        inner.running.iter().map(|known| known.info.clone()).chain(waiting).collect()
    }
}
