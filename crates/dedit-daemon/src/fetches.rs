//! Models that are fetched, or compared with their checksums, each in a thread of its own: no job for a device waits for the network or the disk.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use dedit_catalog::{Found, Known, Library, Origin, Progress, Verified, known};
use dedit_protocol::event::{self, Queued};
use dedit_protocol::names::{JobKind, Stage};
use dedit_protocol::{Event, Failure, FailureKind, answer, request};

use crate::outgoing::Outgoing;

/// The numbers of fetches begin here, far beyond those of the sessions' jobs.
const FIRST: u64 = 1 << 48;
/// Bytes of a step of the progress.
const STEP: u64 = 1_000_000;

/// A fetch or a comparison under way.
struct Running {
    client: u64,
    what: JobKind,
    stop: Arc<AtomicBool>,
}

/// The fetches and comparisons under way.
#[derive(Default)]
pub(crate) struct Fetches {
    next: AtomicU64,
    running: Mutex<BTreeMap<u64, Running>>,
}

/// Who asked.
pub(crate) struct Asked {
    pub(crate) client: u64,
    pub(crate) serial: u32,
    pub(crate) outgoing: Arc<Outgoing>,
}

impl Fetches {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those under way: job number, client, and kind.
    pub(crate) fn running(&self) -> Vec<(u64, u64, JobKind)> {
        self.lock().iter().map(|(job, running)| (*job, running.client, running.what.clone())).collect()
    }

    /// Stops a fetch; what has come is kept.
    pub(crate) fn cancel(&self, job: u64) {
        if let Some(running) = self.lock().get(&job) {
            running.stop.store(true, Ordering::SeqCst);
        }
    }

    /// Stops the fetches of a client, or of all.
    pub(crate) fn stop(&self, client: Option<u64>) {
        for running in self.lock().values().filter(|running| client.is_none_or(|client| running.client == client)) {
            running.stop.store(true, Ordering::SeqCst);
        }
    }

    /// Begins a fetch, whose events go to the client that asked.
    ///
    /// # Errors
    /// `Model` for a name that is not known; `Usage` where the licence was not accepted.
    pub(crate) fn begin(self: &Arc<Self>, library: &Arc<Library>, fetch: &request::FetchModel, asked: Asked) -> Result<(), Failure> {
        let known = known::named(&fetch.name).ok_or_else(|| library.missing(&fetch.name))?;
        if fetch.accept_licence {
            library.accept(&known.licence)?;
        }
        if library.present(known).is_none_or(|found| found.broken.is_some()) {
            library.check_licence(known)?;
        }
        let library = library.clone();
        self.spawn(JobKind::Fetch, asked, move |stop, tell| carry_out(&library, known, stop, tell))
    }

    /// Begins to compare the files of a model with their checksums; events go to the client that asked.
    ///
    /// # Errors
    /// `Model` for a name that is not found.
    pub(crate) fn verify(self: &Arc<Self>, library: &Arc<Library>, verify: &request::VerifyModel, asked: Asked) -> Result<(), Failure> {
        let found = library.named(&verify.name).ok_or_else(|| library.missing(&verify.name))?;
        let library = library.clone();
        self.spawn(JobKind::Verify, asked, move |stop, tell| compare(&library, &found, stop, tell))
    }

    /// Starts a thread for work that gives its last event.
    fn spawn(
        self: &Arc<Self>,
        what: JobKind,
        asked: Asked,
        work: impl FnOnce(&AtomicBool, &dyn Fn(Event)) -> Event + Send + 'static,
    ) -> Result<(), Failure> {
        let Asked { client, serial, outgoing } = asked;
        let job = FIRST + self.next.fetch_add(1, Ordering::SeqCst);
        let stop = Arc::new(AtomicBool::new(false));
        self.lock().insert(job, Running { client, what, stop: stop.clone() });
        outgoing.send(Event::Queued(Queued { job, position: 0 }), serial);
        let fetches = self.clone();
        let started = thread::Builder::new().name("models".to_owned()).spawn(move || {
            let event = work(&stop, &|event| outgoing.send(event, serial));
            fetches.lock().remove(&job);
            outgoing.send(event, serial);
        });
        started.map(drop).map_err(|error| {
            self.lock().remove(&job);
            Failure::new(FailureKind::Resources, format!("no thread can be started for a model ({error})"))
        })
    }
}

/// Compares the files of a model with their checksums; gives the last event.
fn compare(library: &Library, found: &Found, stop: &AtomicBool, tell: &dyn Fn(Event)) -> Event {
    let (of, mut shown) = ((found.bytes / STEP) as usize, None);
    let verified = library.verify(found, &mut |done| {
        let step = ((done / STEP) as usize).min(of);
        if shown.replace(step) != Some(step) {
            tell(Event::Progress(event::Progress { stage: Stage::Verifying, step, of, loss: None, seconds_left: None }));
        }
        !stop.load(Ordering::SeqCst)
    });
    let (compared, broken) = match verified {
        Ok(Verified::Same) => (true, None),
        Ok(Verified::Whole) => (false, None),
        Ok(Verified::Broken(how)) => (true, Some(how)),
        Err(error) if error.kind() == FailureKind::Cancelled => return Event::Cancelled,
        Err(error) => return Event::Failed(error),
    };
    Event::finished(&answer::VerifiedModel { name: found.name.clone(), compared, broken }, Vec::new())
}

/// Fetches a model; gives the last event.
fn carry_out(library: &Library, known: &Known, stop: &AtomicBool, tell: &dyn Fn(Event)) -> Event {
    let begun = Instant::now();
    let mut first: Option<u64> = None;
    let fetched = library.fetch(known, &Origin::from_environment(), &mut |Progress { done, of }| {
        let first = *first.get_or_insert(done);
        let seconds_left = of.filter(|_| done > first).map(|of| {
            let rate = (done - first) as f64 / begun.elapsed().as_secs_f64().max(0.1);
            of.saturating_sub(done) as f64 / rate
        });
        let steps = |bytes: u64| (bytes / STEP) as usize;
        let of = steps(of.unwrap_or(done));
        tell(Event::Progress(event::Progress { stage: Stage::Fetching, step: steps(done), of, loss: None, seconds_left }));
        !stop.load(Ordering::SeqCst)
    });
    match fetched {
        Ok(fetched) => {
            let path = fetched.path.to_string_lossy().into_owned();
            let answer = answer::FetchedModel { name: known.name.clone(), path, bytes: fetched.bytes, received: fetched.received };
            Event::finished(&answer, Vec::new())
        }
        Err(error) if error.kind() == FailureKind::Cancelled => Event::Cancelled,
        Err(error) => Event::Failed(error),
    }
}

/// All models, as the wire has them.
pub(crate) fn catalog(library: &Library, usual: Option<String>) -> answer::Catalog {
    let found = library.found();
    let of = |known: &Known| {
        let mut present: Vec<_> = found.iter().filter(|found| found.name == known.name).collect();
        present.sort_by_key(|found| found.broken.is_some());
        let present = present.first();
        let to_fetch: Option<u64> = known.files.iter().map(|file| file.bytes).sum();
        answer::CatalogModel {
            name: known.name.clone(),
            title: known.title.clone(),
            kind: known.kind.to_string(),
            family: known.family.map(|family| family.to_string()),
            inpainting: known.inpainting,
            purpose: known.purpose.clone(),
            licence: known.licence.name.clone(),
            licence_link: known.licence.link.clone(),
            accepted: library.is_accepted(&known.licence),
            bytes: present.map_or(to_fetch, |found| Some(found.bytes)),
            fetchable: true,
            path: present.map(|found| found.path.to_string_lossy().into_owned()),
            program: present.map(|found| found.program.to_string()).unwrap_or_default(),
            broken: present.and_then(|found| found.broken.clone()),
        }
    };
    let others = found.iter().filter(|found| known::named(&found.name).is_none()).map(|found| answer::CatalogModel {
        name: found.name.clone(),
        title: found.name.clone(),
        kind: found.kind.to_string(),
        family: found.family.map(|family| family.to_string()),
        inpainting: found.inpainting,
        bytes: Some(found.bytes),
        path: Some(found.path.to_string_lossy().into_owned()),
        program: found.program.to_string(),
        broken: found.broken.clone(),
        ..answer::CatalogModel::default()
    });
    answer::Catalog { models: known::all().iter().map(of).chain(others).collect(), chosen: library.chosen(), usual }
}
