//! Carries out requests.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use dedit_edit::{Error, Result, Size};
use dedit_protocol::answer::{self, Nothing, Welcome};
use dedit_protocol::names::{JobKind, VerbName};
use dedit_protocol::request::{self, EditVerb, PlanOptions, Request};
use dedit_protocol::{Blob, Event, features};
use dedit_session::{EditRequest, Frame, JobEvent, JobOutput, LearnRequest, Original, PlanRequest, Reporter, Revision};

use crate::client::Client;
use crate::convert::{self, Blobs, FrameBlobs};
use crate::daemon::Daemon;
use crate::fetches::{self, Asked};
use crate::outgoing::Outgoing;

/// Sends the events of a job to the client that asked for it.
pub(crate) struct JobReporter {
    daemon: Arc<Daemon>,
    outgoing: Arc<Outgoing>,
    serial: u32,
    /// That of an edit.
    verb: VerbName,
}

impl Reporter for JobReporter {
    fn report(&self, event: JobEvent) {
        let event = match event {
            JobEvent::Done(JobOutput::Loaded) => models(&self.daemon),
            event => convert::event(event, &self.verb),
        };
        self.outgoing.send(event, self.serial);
    }
}

/// An answer, or `None` where a job answers later.
pub(crate) type Answer = Result<Option<Event>>;

fn nothing() -> Event {
    Event::finished(&Nothing {}, Vec::new())
}

pub(crate) fn session(info: &dedit_session::Info) -> Event {
    Event::finished(&convert::session_info(info), Vec::new())
}

/// The loaded models, then the others that are known.
fn models(daemon: &Daemon) -> Event {
    let (known, loaded) = daemon.sessions.models();
    let mut models: Vec<_> = loaded.iter().map(|model| convert::model_info(&model.found, Some(&model.description))).collect();
    let rest = known.iter().filter(|found| !loaded.iter().any(|model| model.found == **found));
    models.extend(rest.map(|found| convert::model_info(found, None)));
    Event::finished(&answer::Models { models }, Vec::new())
}

impl Client {
    /// Carries out a request, or starts a job that does.
    pub(crate) fn answer(&self, serial: u32, request: Request, blobs: Vec<Blob>) -> Answer {
        let sessions = &self.daemon.sessions;
        self.daemon.requests.fetch_add(1, Ordering::SeqCst);
        let mut blobs = Blobs::new(blobs);
        match request {
            Request::Hello(hello) => Ok(Some(self.hello(hello))),
            Request::Models(_) => Ok(Some(models(&self.daemon))),
            Request::Load(load) => {
                sessions.load(self.number, convert::model_choice(load.0), self.reporter(serial, VerbName::default())).map(|()| None)
            }
            Request::OpenPicture(open) => self.open_picture(&open, &mut blobs),
            Request::OpenSession(open) => {
                let folder = blobs.folder(open.folder.as_deref(), open.folder_bytes)?;
                sessions.open_session(self.number, open.session.as_deref(), folder.as_deref()).map(|info| Some(session(&info)))
            }
            Request::SetItems(set) => self.set_items(set, &mut blobs),
            Request::Segment(segment) => self.segment(serial, &segment, &mut blobs),
            Request::Learn(learn) => self.learn(serial, learn),
            Request::Edit(edit) => self.edit(serial, *edit, blobs),
            Request::Plan(plan) => self.plan(*plan, blobs),
            Request::History(history) => self.history(&history),
            Request::Result(of) => sessions.result(&of.session, of.revision, of.whole).and_then(|(image, rect)| {
                let region = answer::ResultRegion { region: convert::region(rect) };
                Ok(Some(Event::finished(&region, vec![convert::image_blob(image)?])))
            }),
            Request::Undo(undo) => sessions.undo(&undo.session, undo.revision).map(|info| Some(session(&info))),
            Request::Cancel(cancel) => {
                // A job that has ended is not an error.
                sessions.cancel(cancel.job);
                self.daemon.fetches.cancel(cancel.job);
                Ok(Some(nothing()))
            }
            Request::Sessions(_) => {
                let sessions = sessions.sessions().iter().map(convert::session_info).collect();
                Ok(Some(Event::finished(&answer::Sessions { sessions }, Vec::new())))
            }
            Request::Forget(forget) => sessions.forget(self.number, &forget.session, forget.learned_only).map(|()| Some(nothing())),
            Request::Status(_) => Ok(Some(self.status())),
            Request::Unload(_) => {
                sessions.unload();
                Ok(Some(nothing()))
            }
            Request::Shutdown(_) => {
                self.daemon.log.write("shutdown", "a client asked for it");
                self.daemon.end();
                Ok(Some(nothing()))
            }
            Request::Fetch(fetch) => self.fetch(&fetch),
            Request::Items(of) => self.items(&of),
            Request::Choose(choose) => self.choose(&choose, &mut blobs),
            Request::Adopt(adopt) => self.adopt(adopt, &mut blobs),
            Request::Catalog(_) => Ok(Some(self.catalog())),
            Request::FetchModel(fetch) => {
                let asked = Asked { client: self.number, serial, outgoing: self.outgoing.clone() };
                self.daemon.fetches.begin(&self.daemon.library, &fetch, asked).map(|()| None)
            }
            Request::ChooseModel(choose) => {
                self.daemon.library.set_default(choose.name.as_deref())?;
                Ok(Some(self.catalog()))
            }
            Request::AddModel(add) => {
                self.daemon.library.add(Path::new(&add.path))?;
                Ok(Some(self.catalog()))
            }
            Request::VerifyModel(verify) => {
                let asked = Asked { client: self.number, serial, outgoing: self.outgoing.clone() };
                self.daemon.fetches.verify(&self.daemon.library, &verify, asked).map(|()| None)
            }
            Request::RemoveModel(remove) => {
                self.daemon.library.remove(&remove.name)?;
                Ok(Some(self.catalog()))
            }
            // The connection handles it.
            Request::Goodbye(_) => Ok(None),
        }
    }

    fn catalog(&self) -> Event {
        let usual = self.daemon.sessions.usual_path();
        Event::finished(&fetches::catalog(&self.daemon.library, usual), Vec::new())
    }

    pub(crate) fn reporter(&self, serial: u32, verb: VerbName) -> Arc<JobReporter> {
        Arc::new(JobReporter { daemon: self.daemon.clone(), outgoing: self.outgoing.clone(), serial, verb })
    }

    fn hello(&self, hello: request::Hello) -> Event {
        self.daemon.log.write("client", &format!("{} is {} {}", self.number, hello.client, hello.version));
        self.daemon.names().insert(self.number, hello.client);
        let (file, token) = &self.daemon.token;
        let welcome = Welcome {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            process: std::process::id(),
            log: self.daemon.log.path().display().to_string(),
            token_file: file.display().to_string(),
            token: token.clone(),
            features: features::FEATURES.map(str::to_owned).to_vec(),
            model: self.daemon.sessions.usual_model(),
        };
        Event::finished(&welcome, Vec::new())
    }

    fn learn(&self, serial: u32, learn: request::Learn) -> Answer {
        let request = LearnRequest {
            model: convert::model_choice(learn.model),
            options: convert::learn_options(&learn.options),
            restart: learn.restart,
        };
        self.daemon.sessions.learn(self.number, &learn.session, request, learn.keep, self.reporter(serial, VerbName::default()))?;
        Ok(None)
    }

    fn edit(&self, serial: u32, edit: request::Edit, mut blobs: Blobs) -> Answer {
        let sessions = &self.daemon.sessions;
        let frame = FrameBlobs { pixels: edit.frame, items: edit.frame_items, names: edit.frame_names, neighbours: edit.neighbours };
        let frame = blobs.frame(frame, edit.edits.len())?;
        let (original, size) = self.original(&edit.session, edit.base, frame)?;
        let verb = edit.edits.first().map(EditVerb::verb).map_or_else(VerbName::default, VerbName::from);
        let planning = planning(edit.edits, edit.plan, original, &mut blobs, size)?;
        let request = EditRequest {
            planning,
            model: convert::model_choice(edit.model),
            options: convert::edit_options(edit.options),
            draft: edit.draft,
            previews: edit.previews,
            changes: edit.changes,
            layers: edit.layers,
            note: edit.note,
        };
        sessions.edit(self.number, &edit.session, request, edit.keep, self.reporter(serial, verb))?;
        Ok(None)
    }

    fn plan(&self, plan: request::Plan, mut blobs: Blobs) -> Answer {
        let frame = FrameBlobs { pixels: plan.frame, items: plan.frame_items, names: plan.frame_names, neighbours: Vec::new() };
        let frame = blobs.frame(frame, plan.edits.len())?;
        let (original, size) = self.original(&plan.session, plan.base, frame)?;
        let planning = planning(plan.edits, plan.plan, original, &mut blobs, size)?;
        let (told, blobs) = convert::planned(&self.daemon.sessions.plan(&plan.session, &planning)?, plan.cropped)?;
        Ok(Some(Event::finished(&told, blobs)))
    }

    /// What is edited, and its size, which the masks have too.
    fn original(&self, session: &str, base: Option<u64>, frame: Option<Frame>) -> Result<(Original, Size)> {
        let sessions = &self.daemon.sessions;
        match (frame, base) {
            (None, None) => Ok((Original::Current, sessions.revision_size(session, None)?)),
            (None, Some(revision)) => Ok((Original::Revision(revision), sessions.revision_size(session, Some(revision))?)),
            (Some(frame), None) => {
                let size = frame.size;
                Ok((Original::Frame(frame), size))
            }
            (Some(_), Some(_)) => {
                Err(Error::usage("a frame is edited in place of a revision, and both were given").hint("leave one of them out"))
            }
        }
    }

    fn history(&self, history: &request::History) -> Answer {
        let (current, revisions) = self.daemon.sessions.history(&history.session, history.thumbnails, history.masks)?;
        let mut blobs = Vec::new();
        let mut told = Vec::new();
        for revision in revisions {
            told.push(told_of(revision, &mut blobs)?);
        }
        Ok(Some(Event::finished(&answer::Revisions { current, revisions: told }, blobs)))
    }

    fn status(&self) -> Event {
        let daemon = &self.daemon;
        let status = daemon.sessions.status();
        let names = daemon.names();
        let job = |job: &dedit_session::JobInfo| answer::JobInfo {
            job: job.job,
            what: convert::job_kind(job.kind),
            session: job.session.clone(),
            client: names.get(&job.client).cloned().unwrap_or_default(),
            position: job.position,
        };
        let fetch = |(job, client, what): (u64, u64, JobKind)| answer::JobInfo {
            job,
            what,
            client: names.get(&client).cloned().unwrap_or_default(),
            ..answer::JobInfo::default()
        };
        let fetches = daemon.fetches.running();
        let told = answer::Status {
            seconds: daemon.started.elapsed().as_secs_f64(),
            clients: daemon.clients.count(),
            requests: daemon.requests.load(Ordering::SeqCst),
            jobs: status.jobs.iter().map(job).chain(fetches.into_iter().map(fetch)).collect(),
            models: status.models.iter().map(|model| convert::model_info(&model.found, Some(&model.description))).collect(),
            sessions: status.sessions,
            store: daemon.sessions.store().display().to_string(),
            store_bytes: status.store_bytes,
            store_quota: daemon.sessions.settings().quota,
            rss_bytes: daemon.sessions.rss_bytes(),
        };
        Event::finished(&told, Vec::new())
    }
}

fn planning(verbs: Vec<EditVerb>, options: PlanOptions, original: Original, blobs: &mut Blobs, size: Size) -> Result<PlanRequest> {
    let edits = verbs.into_iter().map(|verb| convert::edit(verb, blobs, size)).collect::<Result<Vec<_>>>()?;
    let settings = convert::plan_settings(options, size)?;
    Ok(PlanRequest { edits, settings, original })
}

fn told_of(revision: Revision, blobs: &mut Vec<Blob>) -> Result<answer::Revision> {
    let mut add = |blob: Blob| {
        blobs.push(blob);
        blobs.len() - 1
    };
    let thumbnail = revision.thumbnail.map(|bytes| add(Blob::Bytes(bytes)));
    let masks = revision.masks.iter().map(|mask| convert::mask_blob(mask).map(&mut add)).collect::<Result<_>>()?;
    Ok(answer::Revision {
        revision: revision.revision,
        base: revision.base,
        edits: convert::history_edits(&revision.edits)?,
        region: convert::region(revision.region),
        seed: revision.seed,
        settings: revision.settings,
        seconds: revision.seconds,
        time: revision.time,
        note: revision.note,
        thumbnail,
        masks,
    })
}
