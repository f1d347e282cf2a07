//! The interface of this crate: everything that clients can ask for.

mod history;
mod items;
mod pictures;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use dedit_edit::{EditPlan, Error, Result};

pub use self::history::Revision;
pub use self::items::{Adopted, Items, Located, NewItems, RevisionId, Selection, Shown};
pub use self::pictures::Fetched;
use crate::info::Info;
use crate::jobs::{
    self, EditRequest, Interruption, Job, JobEvent, JobInfo, JobKind, LearnRequest, LoadedModel, PlanRequest, Reporter, Task,
    WorkerSettings,
};
use crate::memory;
use crate::models::{Found, ModelChoice, Models};
use crate::scheduler::Scheduler;
use crate::settings::{Logging, SessionsSettings};
use crate::store::Store;
use crate::watchers::{Watcher, Watchers};

/// A summary of everything.
#[derive(Debug, Clone)]
pub struct Status {
    /// Jobs; of each device the running one first.
    pub jobs: Vec<JobInfo>,
    /// Models in memory.
    pub models: Vec<LoadedModel>,
    /// Sessions in the store.
    pub sessions: usize,
    /// Bytes that the store holds.
    pub store_bytes: u64,
}

/// All sessions, jobs and models of a daemon, shared by its clients.
pub struct Sessions {
    settings: SessionsSettings,
    models: Arc<dyn Models>,
    store: Arc<Store>,
    watchers: Arc<Watchers>,
    scheduler: Scheduler,
    next_job: AtomicU64,
    next_client: AtomicU64,
}

/// Ends a job: logs it, notifies its session's clients, and sends its last event to the client that asked for it.
fn end_job(store: &Store, watchers: &Watchers, log: &Logging, job: Job, event: JobEvent) {
    let seconds = job.asked.elapsed().as_secs_f64();
    let how = match &event {
        JobEvent::Done(_) => "done".to_owned(),
        JobEvent::Failed(error) => format!("failed: {error}"),
        _ => "cancelled".to_owned(),
    };
    let session = job.task.session().cloned();
    let name = session.as_ref().map_or("", |session| session.name.as_str());
    log("job", &format!("{} {} of {name} {how} after {seconds:.1} s", job.task.kind().label(), job.id));
    if let Some(session) = &session {
        session.lock().end(job.id);
        store.log_findings([session].into_iter());
        watchers.changed(session);
    }
    job.reporter.report(event);
    drop(job);
    drop(session);
    store.close_unused();
}

impl Sessions {
    /// Opens a store and locks it for this process.
    ///
    /// # Errors
    /// `Usage` where the folder cannot be used, or another process has locked it.
    pub fn open(settings: SessionsSettings, models: Arc<dyn Models>, log: Arc<Logging>) -> Result<Self> {
        let store = Arc::new(Store::open_at(&settings.store, settings.quota, log.clone())?);
        let watchers = Arc::new(Watchers::default());
        let ended = {
            let (store, watchers, log) = (store.clone(), watchers.clone(), log.clone());
            Box::new(move |job, event| end_job(&store, &watchers, log.as_ref(), job, event))
        };
        let (memory_budget, unload_after) = (settings.memory_budget, settings.unload_after);
        let scheduler = Scheduler::new(WorkerSettings { models: models.clone(), memory_budget, unload_after, log, ended });
        let (next_job, next_client) = (AtomicU64::new(1), AtomicU64::new(1));
        Ok(Self { settings, models, store, watchers, scheduler, next_job, next_client })
    }

    /// Adds a client and gives its number; `watcher` receives changes of the sessions that it opens.
    pub fn connect(&self, watcher: Arc<Watcher>) -> u64 {
        let client = self.next_client.fetch_add(1, Ordering::SeqCst);
        self.watchers.add(client, watcher);
        client
    }

    /// Removes a client and stops its jobs, apart from those with `keep`.
    pub fn disconnect(&self, client: u64) {
        self.watchers.remove(client);
        self.scheduler.stop(|_, of, keep| of == client && !keep);
        self.store.closed_by(client);
    }

    /// Loads a model ahead of its use.
    pub fn load(&self, client: u64, choice: ModelChoice, reporter: Arc<dyn Reporter>) -> Result<()> {
        self.push(client, Task::Load(Box::new(choice)), false, reporter)
    }

    /// Learns a picture.
    pub fn learn(&self, client: u64, session: &str, request: LearnRequest, keep: bool, reporter: Arc<dyn Reporter>) -> Result<()> {
        request.options.check()?;
        let session = self.store.session(session)?;
        self.push(client, Task::Learn(session, Box::new(request), Interruption::default()), keep, reporter)
    }

    /// Edits a picture. `keep` has no effect for a frame, whose result only the client gets.
    pub fn edit(&self, client: u64, session: &str, request: EditRequest, keep: bool, reporter: Arc<dyn Reporter>) -> Result<()> {
        let session = self.store.session(session)?;
        jobs::check(&session, &request)?;
        let keep = keep && !request.planning.original.is_frame();
        self.push(client, Task::Edit(session, Box::new(request)), keep, reporter)
    }

    /// The plan of edits; needs no model.
    pub fn plan(&self, session: &str, planning: &PlanRequest) -> Result<EditPlan> {
        let session = self.store.session(session)?;
        Ok(jobs::plan(&session, planning)?.1)
    }

    fn push(&self, client: u64, task: Task, keep: bool, reporter: Arc<dyn Reporter>) -> Result<()> {
        let id = self.next_job.fetch_add(1, Ordering::SeqCst);
        if let Some(session) = task.session() {
            session.lock().begin(id, task.kind() == JobKind::Learn)?;
        }
        let queue = task.queue(|device| self.models.device(device));
        let session = task.session().cloned();
        let job = Job { id, task, client, keep, stop: Arc::new(AtomicBool::new(false)), reporter, asked: Instant::now() };
        if self.scheduler.push(job, &queue)
            && let Some(session) = session
        {
            self.watchers.changed(&session);
        }
        Ok(())
    }

    /// Stops a job: a waiting one at once, a running one within a step. Says whether there was such a job.
    pub fn cancel(&self, job: u64) -> bool {
        self.scheduler.stop(|id, _, _| id == job)
    }

    /// Removes a session, or what was learned in it. A session that others have open stays.
    pub fn forget(&self, client: u64, session: &str, learned_only: bool) -> Result<()> {
        let session = self.store.session(session)?;
        if session.lock().has_jobs() {
            return Err(Error::usage("a job is under way on this session").at(session.lock().path()).hint("cancel it first"));
        }
        if learned_only {
            session.lock().forget_learned()?;
            self.watchers.changed(&session);
            return Ok(());
        }
        self.store.remove(session, Some(client), false)
    }

    /// All sessions, last used first.
    pub fn sessions(&self) -> Vec<Info> {
        self.store.infos()
    }

    /// The name of the model that is used where none is named; `None` where there is none.
    pub fn usual_model(&self) -> Option<String> {
        self.models.find(&ModelChoice::default()).ok().map(|found| found.name)
    }

    /// The path of that model; `None` for one without weights or one that is built in, too.
    pub fn usual_path(&self) -> Option<String> {
        let found = self.models.find(&ModelChoice::default()).ok()?;
        found.choice.model.filter(|path| std::path::Path::new(path).is_absolute())
    }

    /// The models that are known, and those that are loaded.
    pub fn models(&self) -> (Vec<Found>, Vec<LoadedModel>) {
        (self.models.known(), self.loaded())
    }

    fn loaded(&self) -> Vec<LoadedModel> {
        self.scheduler.loaded()
    }

    /// Unloads all models, and frees the memory of pictures that no client has open.
    pub fn unload(&self) {
        self.scheduler.unload();
        self.store.free_memory();
    }

    /// A summary of everything.
    pub fn status(&self) -> Status {
        let (sessions, store_bytes) = self.store.usage();
        Status { jobs: self.scheduler.jobs(), models: self.loaded(), sessions, store_bytes }
    }

    /// The resident memory of the process, in bytes.
    pub fn rss_bytes(&self) -> Option<u64> {
        memory::rss_bytes()
    }

    /// Whether there are no jobs.
    pub fn is_idle(&self) -> bool {
        self.scheduler.jobs().is_empty()
    }

    /// Refuses further jobs and waits until the running ones have stopped; learning resumes from there another time.
    pub fn close(&self) {
        self.scheduler.close();
    }

    /// The settings.
    pub fn settings(&self) -> &SessionsSettings {
        &self.settings
    }
}

impl Drop for Sessions {
    /// Without this the workers would wait for jobs for ever.
    fn drop(&mut self) {
        self.close();
    }
}
