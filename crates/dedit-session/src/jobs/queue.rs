//! The jobs that wait for a device. Edits go before learning, which can be interrupted and resumed with bit-identical results.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::event::JobEvent;
use super::info::{JobInfo, JobKind, LoadedModel};
use super::job::Job;

/// The running job, which the worker owns.
#[derive(Clone)]
struct Running {
    info: JobInfo,
    keep: bool,
    client: u64,
    stop: Arc<AtomicBool>,
}

#[derive(Default)]
struct Inner {
    edits: VecDeque<Job>,
    learning: VecDeque<Job>,
    running: Option<Running>,
    /// Models are to be unloaded.
    unload: bool,
    closed: bool,
    /// Models that the worker has loaded.
    loaded: Vec<LoadedModel>,
}

/// A queue.
#[derive(Default)]
pub(crate) struct Queue {
    inner: Mutex<Inner>,
    wake: Condvar,
}

/// What the worker does next.
pub(crate) enum Next {
    Job(Job),
    Unload,
    /// There was no job for a while.
    Idle,
    End,
}

impl Inner {
    fn waiting(&self) -> impl Iterator<Item = &Job> {
        self.edits.iter().chain(&self.learning)
    }

    /// Reports its position to every waiting job.
    fn report_positions(&self) {
        let before = usize::from(self.running.is_some());
        for (index, job) in self.waiting().enumerate() {
            job.reporter.report(JobEvent::Queued { job: job.id, position: index + before });
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

fn info(job: &Job, position: Option<usize>) -> JobInfo {
    let session = job.task.session().map(|session| session.name.clone()).unwrap_or_default();
    JobInfo { job: job.id, kind: job.task.kind(), session, client: job.client, position }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a job; returns it where the queue is closed.
    pub(crate) fn push(&self, job: Job) -> Result<(), Job> {
        let mut inner = self.lock();
        if inner.closed {
            return Err(job);
        }
        if job.task.kind() == JobKind::Learn {
            inner.learning.push_back(job);
        } else {
            inner.edits.push_back(job);
        }
        inner.report_positions();
        self.wake.notify_all();
        Ok(())
    }

    /// Adds interrupted learning again, as the next job after the edits. Returns it where it was stopped in the meantime, or the queue is closed.
    pub(crate) fn push_back(&self, job: Job) -> Result<(), Job> {
        let mut inner = self.lock();
        inner.running = None;
        if inner.closed || job.stop.load(Ordering::SeqCst) {
            return Err(job);
        }
        inner.learning.push_front(job);
        inner.report_positions();
        Ok(())
    }

    /// Whether learning should let edits go first.
    pub(crate) fn has_edits(&self) -> bool {
        !self.lock().edits.is_empty()
    }

    /// Waits for the next job, for `patience` at most.
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
                inner.running = Some(Running { info: info(&job, None), keep: job.keep, client: job.client, stop: job.stop.clone() });
                job.reporter.report(JobEvent::Queued { job: job.id, position: 0 });
                inner.report_positions();
                return Next::Job(job);
            }
            let waited = self.wake.wait_timeout(inner, patience).unwrap_or_else(PoisonError::into_inner);
            inner = waited.0;
            if waited.1.timed_out() {
                return Next::Idle;
            }
        }
    }

    /// Notes that the running job has ended.
    pub(crate) fn ended(&self) {
        let mut inner = self.lock();
        inner.running = None;
        inner.report_positions();
    }

    /// Stops the jobs for which `found(job, client, keep)` is true: waiting ones at once, the running one within a step. Returns those that waited, and
    /// whether the running one is among them.
    pub(crate) fn stop(&self, found: impl Fn(u64, u64, bool) -> bool) -> (Vec<Job>, bool) {
        let mut inner = self.lock();
        let taken = inner.take(|job| found(job.id, job.client, job.keep));
        let runs = inner.running.as_ref().filter(|running| found(running.info.job, running.client, running.keep));
        if let Some(running) = runs {
            running.stop.store(true, Ordering::SeqCst);
        }
        let any = runs.is_some();
        if !taken.is_empty() {
            inner.report_positions();
        }
        (taken, any)
    }

    pub(crate) fn unload(&self) {
        self.lock().unload = true;
        self.wake.notify_all();
    }

    /// Closes the queue: returns the waiting jobs, and stops the running one within a step.
    pub(crate) fn close(&self) -> Vec<Job> {
        let mut inner = self.lock();
        inner.closed = true;
        if let Some(running) = &inner.running {
            running.stop.store(true, Ordering::SeqCst);
        }
        self.wake.notify_all();
        inner.take(|_| true)
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
        let waiting = inner.waiting().enumerate().map(|(index, job)| info(job, Some(index + before)));
        inner.running.iter().map(|running| running.info.clone()).chain(waiting).collect()
    }
}
