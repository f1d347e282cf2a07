//! The worker of a device: holds the models that are loaded there and carries out one job after another.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use dedit_edit::{Engine, Error, ErrorKind, Result, Stage};

use super::control::Control;
use super::event::{JobEvent, JobOutput};
use super::info::LoadedModel;
use super::job::{Job, Outcome, Task};
use super::queue::{Next, Queue};
use super::segment::Segmenters;
use super::worker_settings::WorkerSettings;
use super::{edit, learn};
use crate::models::{Found, ModelChoice};

/// A loaded model.
struct Loaded {
    found: Found,
    engine: Box<dyn Engine>,
    used: Instant,
}

/// The models that a worker has loaded.
#[derive(Default)]
struct Models {
    engines: Vec<Loaded>,
    segmenters: Segmenters,
}

impl Models {
    fn found(&self) -> impl Iterator<Item = &Found> {
        self.engines.iter().map(|model| &model.found).chain(self.segmenters.found())
    }
}

/// A worker.
pub(crate) struct Worker {
    pub(crate) settings: Arc<WorkerSettings>,
    pub(crate) queue: Arc<Queue>,
}

impl Worker {
    /// Carries out jobs until the queue is closed.
    pub(crate) fn run(&self) {
        let mut models = Models::default();
        loop {
            match self.queue.next(self.settings.unload_after) {
                Next::End => return,
                Next::Idle | Next::Unload => {
                    let names: Vec<&str> = models.found().map(|found| found.name.as_str()).collect();
                    if !names.is_empty() {
                        (self.settings.log)("unloaded", &names.join(", "));
                    }
                    models = Models::default();
                    self.settings.models.unloaded();
                }
                Next::Job(job) => self.job(job, &mut models),
            }
            self.publish_loaded(&models);
        }
    }

    fn publish_loaded(&self, models: &Models) {
        let info = |model: &Loaded| LoadedModel { found: model.found.clone(), description: model.engine.description().to_owned() };
        let segmenter = models.segmenters.loaded();
        self.queue.set_loaded(models.engines.iter().map(info).chain(segmenter).collect());
    }

    fn job(&self, mut job: Job, models: &mut Models) {
        let (queue, stop, reporter) = (self.queue.clone(), job.stop.clone(), job.reporter.clone());
        let control = Control { queue: &queue, stop: &stop, reporter: reporter.as_ref() };
        // A panic ends its job and all loaded models, which may be in an inconsistent state, and nothing else.
        let caught = catch_unwind(AssertUnwindSafe(|| self.attempt(&mut job.task, models, &control)));
        let outcome = caught.unwrap_or_else(|panic| {
            *models = Models::default();
            let what = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
            Err(Error::new(ErrorKind::Internal, format!("the engine came upon a fault of its own ({})", what.unwrap_or("it does not say")))
                .hint("the session is as it was before; see the log with `dedit daemon logs`"))
        });
        self.publish_loaded(models);
        match outcome {
            Ok(Outcome::Interrupted(interruption)) => {
                if let Task::Learn(_, _, before) = &mut job.task {
                    *before = interruption;
                }
                if let Err(job) = self.queue.push_back(job) {
                    (self.settings.ended)(job, JobEvent::Cancelled);
                }
            }
            Ok(Outcome::Done(output)) => self.end(job, JobEvent::Done(output)),
            Err(error) if error.kind() == ErrorKind::Cancelled => self.end(job, JobEvent::Cancelled),
            Err(error) => self.end(job, JobEvent::Failed(error)),
        }
    }

    fn end(&self, job: Job, event: JobEvent) {
        self.queue.ended();
        (self.settings.ended)(job, event);
    }

    fn attempt(&self, task: &mut Task, models: &mut Models, control: &Control<'_>) -> Result<Outcome> {
        if let Task::Segment(session, request) = task {
            return models.segmenters.segment(session, request, &self.settings, control).map(Outcome::Done);
        }
        let models = &mut models.engines;
        let ready = match task {
            Task::Edit(session, request) => Some(edit::ready(session, request)?),
            _ => None,
        };
        let choice = task.model();
        let found = self.engine(&choice, models, control)?;
        // The job may have been cancelled while the model was loaded.
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
                edit::edit(session, request, ready, &found, self.settings.models.as_ref(), engine, control).map(Outcome::Done)
            }
            (Task::Load(_) | Task::Edit(..) | Task::Segment(..), _) => Ok(Outcome::Done(JobOutput::Loaded)),
        }
    }

    /// Loads a model unless it is loaded, and unloads those used least recently to make room for it.
    fn engine(&self, choice: &ModelChoice, models: &mut Vec<Loaded>, control: &Control<'_>) -> Result<Found> {
        let found = self.settings.models.find(choice)?;
        if models.iter().any(|model| model.found == found) {
            return Ok(found);
        }
        self.settings.check_budget(&found)?;
        let budget = self.settings.memory_budget;
        while models.iter().map(|model| model.found.bytes).sum::<u64>() + found.bytes > budget {
            let oldest = models.iter().enumerate().min_by_key(|(_, model)| model.used).map_or(0, |(index, _)| index);
            drop(models.remove(oldest));
        }
        control.reporter.report(JobEvent::Step { stage: Stage::LoadingModel, step: 0, of: 1, loss: None, seconds_left: None });
        let engine = self.settings.models.load(&found, &mut |note| control.note(note))?;
        (self.settings.log)("loaded", &found.name);
        models.push(Loaded { found: found.clone(), engine, used: Instant::now() });
        Ok(found)
    }
}
