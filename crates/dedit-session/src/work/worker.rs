//! The worker of a device: holds the models that are loaded there and does one job after another.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use dedit_edit::{Engine, Error, ErrorKind, Result, Size};

use super::queue::Next;
use super::{Done, Heard, Job, Outcome, Queue, Reporter, Task, edit, learn};
use crate::host::{LoadedModel, Shared};
use crate::memory;
use crate::models::{Found, ModelChoice};

/// A model that is loaded.
struct Loaded {
    found: Found,
    engine: Box<dyn Engine>,
    used: Instant,
}

/// A worker.
pub(crate) struct Worker {
    pub(crate) shared: Arc<Shared>,
    pub(crate) queue: Arc<Queue>,
}

/// What a job hears from outside, and says.
pub(crate) struct Control<'a> {
    pub(crate) queue: &'a Queue,
    pub(crate) stop: &'a AtomicBool,
    pub(crate) reporter: &'a dyn Reporter,
}

impl Control<'_> {
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    pub(crate) fn note(&self, note: String) {
        self.reporter.hear(Heard::Note(note));
    }
}

/// Refuses what cannot fit into memory, before hours are spent or the system kills something.
pub(super) fn check_memory(engine: &dyn Engine, size: Size) -> Result<()> {
    memory::check(&format!("a picture of {size}"), engine.least_memory(size), memory::available_bytes())
}

pub(super) fn step(stage: &str, step: usize, of: usize, loss: Option<f32>, seconds_left: Option<f64>) -> Heard {
    Heard::Step { stage: stage.to_owned(), step, of, loss, seconds_left }
}

impl Worker {
    /// Does jobs until the queue is closed.
    pub(crate) fn run(&self) {
        let mut models: Vec<Loaded> = Vec::new();
        loop {
            match self.queue.next(self.shared.settings.unload_after) {
                Next::End => return,
                Next::Idle | Next::Unload => {
                    if !models.is_empty() {
                        self.shared.log("unloaded", &models.iter().map(|model| model.found.name.as_str()).collect::<Vec<_>>().join(", "));
                    }
                    models.clear();
                    self.shared.models.unloaded();
                }
                Next::Job(job) => self.job(job, &mut models),
            }
            self.tell_loaded(&models);
        }
    }

    fn tell_loaded(&self, models: &[Loaded]) {
        let told = |model: &Loaded| LoadedModel { found: model.found.clone(), description: model.engine.description().to_owned() };
        self.queue.set_loaded(models.iter().map(told).collect());
    }

    fn job(&self, mut job: Job, models: &mut Vec<Loaded>) {
        let (queue, stop, reporter) = (self.queue.clone(), job.stop.clone(), job.reporter.clone());
        let control = Control { queue: &queue, stop: &stop, reporter: reporter.as_ref() };
        // A fault in an engine ends its job and the engine, and nothing else: what it holds may be half changed.
        let caught = catch_unwind(AssertUnwindSafe(|| self.attempt(&mut job.task, models, &control)));
        let outcome = caught.unwrap_or_else(|panic| {
            models.clear();
            let what = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
            Err(Error::new(ErrorKind::Internal, format!("the engine came upon a fault of its own ({})", what.unwrap_or("it does not say")))
                .hint("the session is as it was before; see the log with `dedit daemon logs`"))
        });
        self.tell_loaded(models);
        match outcome {
            Ok(Outcome::Paused(learning)) => {
                if let Task::Learn(_, _, before) = &mut job.task {
                    *before = learning;
                }
                if let Err(job) = self.queue.push_back(job) {
                    self.shared.ended(job, Heard::Cancelled);
                }
            }
            Ok(Outcome::Done(done)) => self.end(job, Heard::Done(done)),
            Err(error) if error.kind() == ErrorKind::Cancelled => self.end(job, Heard::Cancelled),
            Err(error) => self.end(job, Heard::Failed(error)),
        }
    }

    fn end(&self, job: Job, heard: Heard) {
        self.queue.ended();
        self.shared.ended(job, heard);
    }

    fn attempt(&self, task: &mut Task, models: &mut Vec<Loaded>, control: &Control<'_>) -> Result<Outcome> {
        let ready = match task {
            Task::Edit(session, request) => Some(edit::ready(session, request)?),
            _ => None,
        };
        let choice = task.model();
        let found = self.engine(&choice, models, control)?;
        // A model takes long to load.
        if control.is_stopped() {
            return Err(Error::cancelled());
        }
        let Some(loaded) = models.iter_mut().find(|model| model.found == found) else {
            return Err(Error::new(ErrorKind::Internal, "a model was loaded and is not there"));
        };
        loaded.used = Instant::now();
        let engine = loaded.engine.as_mut();
        match (task, ready) {
            (Task::Learn(session, request, before), _) => learn::learn(session, request, std::mem::take(before), &found, engine, control),
            (Task::Edit(session, request), Some(ready)) => {
                edit::edit(session, request, ready, &found, self.shared.models.as_ref(), engine, control).map(Outcome::Done)
            }
            (Task::Load(_) | Task::Edit(..), _) => Ok(Outcome::Done(Done::Loaded)),
        }
    }

    /// Makes sure that a model is loaded; others make room for it.
    fn engine(&self, choice: &ModelChoice, models: &mut Vec<Loaded>, control: &Control<'_>) -> Result<Found> {
        let found = self.shared.models.find(choice)?;
        if models.iter().any(|model| model.found == found) {
            return Ok(found);
        }
        let budget = self.shared.settings.memory_budget;
        if found.bytes > budget {
            let mib = |bytes: u64| bytes.div_ceil(1 << 20);
            let message = format!("the model takes {} MiB of memory, and {} MiB may be used", mib(found.bytes), mib(budget));
            return Err(Error::new(ErrorKind::Resources, message).at(&found.name).hint("start the daemon with a larger --memory"));
        }
        while models.iter().map(|model| model.found.bytes).sum::<u64>() + found.bytes > budget {
            let oldest = models.iter().enumerate().min_by_key(|(_, model)| model.used).map_or(0, |(index, _)| index);
            drop(models.remove(oldest));
        }
        control.reporter.hear(step("loading the model", 0, 1, None, None));
        let engine = self.shared.models.load(&found, &mut |note| control.note(note))?;
        self.shared.log("loaded", &found.name);
        models.push(Loaded { found: found.clone(), engine, used: Instant::now() });
        Ok(found)
    }
}
