//! The door: what clients can ask for.

mod pictures;
mod shared;
mod store;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use dedit_edit::{EditPlan, Error, Image, ItemMask, Rect, Result};
use serde_json::Value;

pub use self::pictures::Fetched;
pub(crate) use self::shared::Shared;
pub use self::shared::{Logging, Watcher};
use crate::memory;
use crate::models::{Found, ModelChoice, Models};
use crate::session::Info;
use crate::work::{self, EditRequest, Heard, Job, LearnRequest, Learning, Planning, Reporter, Task};

/// How sessions are kept and worked on.
#[derive(Debug, Clone)]
pub struct SessionsSettings {
    /// The folder of the store.
    pub store: PathBuf,
    /// Bytes that the store may hold; what was used least recently goes.
    pub quota: u64,
    /// Bytes of models in memory.
    pub memory_budget: u64,
    /// How long a model that nobody uses stays in memory.
    pub unload_after: Duration,
}

/// A job, as it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobInfo {
    /// Its number.
    pub job: u64,
    /// `learn`, `edit` or `load`.
    pub what: &'static str,
    /// The session.
    pub session: String,
    /// The client that asked for it.
    pub client: u64,
    /// Jobs before it; `None` when it runs.
    pub position: Option<usize>,
}

/// A model in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadedModel {
    /// Which.
    pub found: Found,
    /// What it is, in words.
    pub description: String,
}

/// How everything is.
#[derive(Debug, Clone)]
pub struct Status {
    /// Jobs, those that run first.
    pub jobs: Vec<JobInfo>,
    /// Models in memory.
    pub models: Vec<LoadedModel>,
    /// Sessions in the store.
    pub sessions: usize,
    /// Bytes that the store holds.
    pub store_bytes: u64,
}

/// A revision, as it is told.
#[derive(Debug, Clone)]
pub struct Revision {
    /// Its number.
    pub revision: u64,
    /// What it was made from.
    pub base: u64,
    /// Its edits as the client wrote them, masks left out.
    pub edits: Vec<Value>,
    /// Where pixels may differ from the base.
    pub region: Rect,
    /// The seed.
    pub seed: u64,
    /// Everything else that decided how it came out.
    pub settings: Value,
    /// Seconds it took.
    pub seconds: f64,
    /// When, in seconds since 1970.
    pub time: u64,
    /// What the client noted.
    pub note: Option<Value>,
    /// A small picture, as a PNG file.
    pub thumbnail: Option<Vec<u8>>,
    /// The masks of its edits, in their order.
    pub masks: Vec<Arc<ItemMask>>,
}

/// Everything that there is, shared by all clients.
pub struct Sessions {
    shared: Arc<Shared>,
    next_job: AtomicU64,
    next_client: AtomicU64,
}

impl Sessions {
    /// Opens a store, which nobody else may have open.
    ///
    /// # Errors
    /// `Usage` where the folder cannot be used, or another daemon has it.
    pub fn open(settings: SessionsSettings, models: Arc<dyn Models>, log: Arc<Logging>) -> Result<Self> {
        let shared = Arc::new(Shared::open(settings, models, log)?);
        Ok(Self { shared, next_job: AtomicU64::new(1), next_client: AtomicU64::new(1) })
    }

    /// A client comes; it hears of changes to the sessions that it has open.
    pub fn connect(&self, watcher: Arc<Watcher>) -> u64 {
        let client = self.next_client.fetch_add(1, Ordering::SeqCst);
        self.shared.watch(client, watcher);
        client
    }

    /// A client goes: its jobs are stopped, apart from those that it asked to keep.
    pub fn disconnect(&self, client: u64) {
        self.shared.unwatch(client);
        self.stop(|_, of, keep| of == client && !keep);
        self.shared.closed_by(client);
    }

    /// Loads a model ahead of its use.
    pub fn load(&self, client: u64, choice: ModelChoice, reporter: Arc<dyn Reporter>) -> Result<()> {
        self.push(client, Task::Load(Box::new(choice)), false, reporter)
    }

    /// Learns a picture.
    pub fn learn(&self, client: u64, session: &str, request: LearnRequest, keep: bool, reporter: Arc<dyn Reporter>) -> Result<()> {
        request.options.check()?;
        let session = self.shared.session(session)?;
        self.push(client, Task::Learn(session, Box::new(request), Learning::default()), keep, reporter)
    }

    /// Edits a picture. `keep` is for the session's own pictures: of a frame nobody would get what was made.
    pub fn edit(&self, client: u64, session: &str, request: EditRequest, keep: bool, reporter: Arc<dyn Reporter>) -> Result<()> {
        let session = self.shared.session(session)?;
        work::check(&session, &request)?;
        let keep = keep && !request.planning.original.is_frame();
        self.push(client, Task::Edit(session, Box::new(request)), keep, reporter)
    }

    /// What edits would come to; needs no model.
    pub fn plan(&self, session: &str, planning: &Planning) -> Result<EditPlan> {
        let session = self.shared.session(session)?;
        Ok(work::plan(&session, planning)?.1)
    }

    fn push(&self, client: u64, task: Task, keep: bool, reporter: Arc<dyn Reporter>) -> Result<()> {
        let id = self.next_job.fetch_add(1, Ordering::SeqCst);
        if let Some(session) = task.session() {
            session.lock().begin(id, task.learns())?;
        }
        let device = task.model().device;
        let changed = task.session().cloned();
        let job = Job { id, task, client, keep, stop: Arc::new(AtomicBool::new(false)), reporter, asked: Instant::now() };
        if let Err(job) = self.shared.queue(device.as_deref().unwrap_or("cpu")).push(job) {
            self.shared.ended(job, Heard::Failed(shared::ending()));
        } else if let Some(session) = changed {
            self.shared.changed(&session);
        }
        Ok(())
    }

    /// Stops a job: one that waits at once, one that runs within a step. Says whether there was one.
    pub fn cancel(&self, job: u64) -> bool {
        self.stop(|id, _, _| id == job)
    }

    fn stop(&self, found: impl Fn(u64, u64, bool) -> bool + Copy) -> bool {
        let mut any = false;
        for queue in self.shared.queues() {
            let (waited, runs) = queue.stop(found);
            any |= runs || !waited.is_empty();
            for job in waited {
                self.shared.ended(job, Heard::Cancelled);
            }
        }
        any
    }

    /// What was made in a session, oldest first, and the revision that it is at.
    pub fn history(&self, session: &str, thumbnails: bool, masks: bool) -> Result<(u64, Vec<Revision>)> {
        let session = self.shared.session(session)?;
        let inner = session.lock();
        let told = |entry: &crate::folder::Entry| -> Result<Revision> {
            let record = entry.record.clone();
            let count = record.edits.iter().filter(|edit| matches!(edit["verb"].as_str(), Some("reshape" | "refine"))).count();
            Ok(Revision {
                revision: record.revision,
                base: record.base,
                region: entry.region(),
                edits: record.edits,
                seed: record.seed,
                settings: record.settings,
                seconds: record.seconds,
                time: record.time,
                note: record.note,
                thumbnail: if thumbnails { inner.thumbnail(entry) } else { None },
                masks: if masks { inner.masks(entry, count)? } else { Vec::new() },
            })
        };
        let revisions = inner.entries().iter().map(told).collect::<Result<_>>()?;
        Ok((inner.current(), revisions))
    }

    /// The pixels of a revision, and where they belong: what it changed, or the whole picture.
    pub fn result(&self, session: &str, revision: u64, whole: bool) -> Result<(Image, Rect)> {
        let session = self.shared.session(session)?;
        let mut inner = session.lock();
        if revision == 0 {
            let image = inner.picture(0)?.image;
            return Ok((image.as_ref().clone(), image.size().rect()));
        }
        if whole {
            let image = inner.base(revision)?.image;
            let rect = image.size().rect();
            return Ok((image.as_ref().clone(), rect));
        }
        inner.changed(revision)
    }

    /// Goes back or on to a revision.
    pub fn undo(&self, session: &str, revision: u64) -> Result<Info> {
        let session = self.shared.session(session)?;
        session.lock().go_to(revision)?;
        self.shared.changed(&session);
        Ok(session.lock().info())
    }

    /// Removes a session, or what was learned in it. A session that others have open stays.
    pub fn forget(&self, client: u64, session: &str, learned_only: bool) -> Result<()> {
        let session = self.shared.session(session)?;
        if session.lock().has_jobs() {
            return Err(Error::usage("a job is under way on this session").at(session.lock().path()).hint("cancel it first"));
        }
        if learned_only {
            session.lock().forget_learned()?;
            self.shared.changed(&session);
            return Ok(());
        }
        self.shared.give_up(session, Some(client), false)
    }

    /// All sessions, last used first.
    pub fn sessions(&self) -> Vec<Info> {
        self.shared.infos()
    }

    /// The models that are known, and those that are loaded.
    pub fn models(&self) -> (Vec<Found>, Vec<LoadedModel>) {
        (self.shared.models.known(), self.loaded())
    }

    fn loaded(&self) -> Vec<LoadedModel> {
        self.shared.queues().iter().flat_map(|queue| queue.loaded()).collect()
    }

    /// Gives the memory of models and of pictures that nobody has open back.
    pub fn unload(&self) {
        for queue in self.shared.queues() {
            queue.unload();
        }
        self.shared.rest();
    }

    /// How everything is.
    pub fn status(&self) -> Status {
        let jobs = self.shared.queues().iter().flat_map(|queue| queue.jobs()).collect();
        let (sessions, store_bytes) = self.shared.stored();
        Status { jobs, models: self.loaded(), sessions, store_bytes }
    }

    /// The memory of the process, in bytes.
    pub fn rss_bytes(&self) -> Option<u64> {
        memory::rss_bytes()
    }

    /// Whether nothing is under way.
    pub fn is_idle(&self) -> bool {
        self.shared.queues().iter().all(|queue| queue.jobs().is_empty())
    }

    /// Takes no more jobs, and waits until those that run have stopped; learning goes on from there another time.
    pub fn close(&self) {
        self.shared.close();
    }

    /// The settings.
    pub fn settings(&self) -> &SessionsSettings {
        &self.shared.settings
    }
}

impl Drop for Sessions {
    /// The workers hold what all share: without this they would wait for jobs for ever.
    fn drop(&mut self) {
        self.close();
    }
}
