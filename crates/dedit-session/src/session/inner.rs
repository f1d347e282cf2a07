//! What the lock of a session protects.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use dedit_edit::{Error, ErrorKind, Image, Learned, Result, Segmentation};

use crate::folder::{Folder, PictureRecord, Record, Revisions, VERSION};
use crate::info::{Info, State};
use crate::opening::{About, Opening};
use crate::raster::Layout;

/// A picture in memory.
#[derive(Debug, Clone)]
pub(crate) struct Loaded {
    pub(crate) image: Arc<Image>,
    pub(crate) about: Arc<About>,
    pub(crate) items: Option<Arc<Segmentation>>,
}

/// What the lock of a session protects.
pub(crate) struct Inner {
    pub(super) path: PathBuf,
    /// `None` until the first write: a folder that a user named stays untouched as long as there is nothing to keep.
    pub(super) folder: Option<Folder>,
    pub(super) record: Record,
    pub(super) loaded: [Option<Loaded>; 2],
    /// What was learned, with its key and the fingerprint of the engine that read it.
    pub(super) learned: Option<(String, String, Arc<dyn Learned>)>,
    pub(super) history: Revisions,
    /// Damaged files that were set aside, until they are logged.
    pub(super) aside: Vec<PathBuf>,
    /// Why revisions were left out, until it is logged.
    left_out: Vec<Error>,
    /// The revision that was asked for last, with its picture and items.
    pub(super) cached: Option<(u64, Arc<Image>, Arc<Segmentation>)>,
    openers: BTreeSet<u64>,
    jobs: BTreeSet<u64>,
    /// The job that learns it.
    learning: Option<u64>,
}

/// The record of a picture that has no items yet.
pub(super) fn picture_record(opening: &Opening) -> PictureRecord {
    PictureRecord { source: opening.name.clone(), digest: opening.digest.clone(), layout: Layout::of(&opening.image), items: None }
}

/// A time of use; 0 for one after the year 5138, which can only be damage and would keep its session for ever.
pub(super) fn plausible(used: u64) -> u64 {
    if used < 100_000_000_000_000 { used } else { 0 }
}

impl Loaded {
    pub(super) fn of(opening: &Opening) -> Self {
        Self { image: opening.image.clone(), about: opening.about.clone(), items: None }
    }
}

impl Inner {
    /// A session that is not on disk yet.
    pub(super) fn new(name: &str, path: &Path, opening: &Opening) -> Self {
        let record = Record {
            version: VERSION,
            session: name.to_owned(),
            pictures: vec![picture_record(opening)],
            model: None,
            revision: 0,
            used: 0,
        };
        Self { loaded: [Some(Loaded::of(opening)), None], ..Self::unopened(path, record) }
    }

    /// A session that is known by its record alone.
    pub(super) fn unopened(path: &Path, record: Record) -> Self {
        Self {
            path: path.to_path_buf(),
            folder: None,
            record,
            loaded: [None, None],
            learned: None,
            history: Revisions::default(),
            aside: Vec::new(),
            left_out: Vec::new(),
            cached: None,
            openers: BTreeSet::new(),
            jobs: BTreeSet::new(),
            learning: None,
        }
    }

    /// The session in a folder.
    pub(super) fn open(path: &Path, folder: Folder, record: Record) -> Self {
        let mut inner = Self::unopened(path, record);
        inner.take_history(folder.revisions(inner.record.pictures[0].layout));
        inner.folder = Some(folder);
        inner
    }

    /// The session of a folder whose record is damaged.
    pub(super) fn recovered(name: &str, path: &Path, opening: &Opening) -> Result<Self> {
        let mut inner = Self::new(name, path, opening);
        let folder = Folder::take(path)?;
        folder.write_picture(0, &opening.image, &opening.about)?;
        let history = folder.revisions(inner.record.pictures[0].layout);
        inner.record.revision = history.last;
        inner.take_history(history);
        let aside = folder.replace_record(&inner.record)?;
        inner.aside.push(aside);
        inner.folder = Some(folder);
        Ok(inner)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn name(&self) -> &str {
        &self.record.session
    }

    /// Changes the name in memory; it is written with the next change.
    pub(super) fn rename(&mut self, name: &str) {
        name.clone_into(&mut self.record.session);
    }

    pub(super) fn folder(&self) -> Result<&Folder> {
        self.folder.as_ref().ok_or_else(|| Error::new(ErrorKind::Internal, "this session has no folder yet").at(&self.path))
    }

    pub(super) fn into_folder(self) -> Option<Folder> {
        self.folder
    }

    /// Changes the record; where it cannot be written, nothing has changed.
    pub(super) fn update(&mut self, change: impl FnOnce(&mut Record)) -> Result<()> {
        let mut record = self.record.clone();
        change(&mut record);
        if let Some(folder) = &self.folder {
            folder.migrate(&mut self.history);
            folder.write_record(&record)?;
        }
        self.record = record;
        Ok(())
    }

    pub(crate) fn info(&self) -> Info {
        let first = &self.record.pictures[0];
        let names = |index: usize| {
            self.record.pictures.get(index).and_then(|picture| picture.items.as_ref()).map(|items| items.names.clone()).unwrap_or_default()
        };
        Info {
            session: self.record.session.clone(),
            name: first.source.clone(),
            folder: self.path.clone(),
            state: self.state(),
            size: [first.layout.width, first.layout.height],
            items: [names(0), names(1)],
            revision: self.record.revision,
            newest: self.history.entries.last().map_or(0, |entry| entry.record.revision),
            model: self.record.model.as_ref().and_then(|model| model.model.clone()),
            job: self.jobs.first().copied(),
            bytes: self.folder.as_ref().map_or(0, |folder| folder.bytes_without_history() + self.history.bytes),
            open: !self.openers.is_empty(),
            used: plausible(self.record.used),
        }
    }

    /// Takes over the revisions in the folder. Where the current one is gone, the newest intact one before it becomes the current one.
    fn take_history(&mut self, mut history: Revisions) {
        self.aside.append(&mut history.aside);
        self.left_out.append(&mut history.left_out);
        self.history = history;
        let current = self.record.revision;
        let intact = |revision: &u64| *revision == 0 || self.ancestry(*revision).is_ok();
        if !intact(&current) {
            let mut earlier = self.history.entries.iter().rev().map(|entry| entry.record.revision).filter(|revision| *revision < current);
            self.record.revision = earlier.find(intact).unwrap_or(0);
        }
        self.history.last = self.history.last.max(current);
    }

    /// What was found damaged or unsupported since the last call, in sentences for the log.
    pub(crate) fn take_findings(&mut self) -> Vec<String> {
        let aside = std::mem::take(&mut self.aside).into_iter().map(|path| format!("set aside: {}", path.display()));
        let left_out = std::mem::take(&mut self.left_out).into_iter().map(|error| format!("left out: {error}"));
        aside.chain(left_out).collect()
    }

    fn state(&self) -> State {
        let Some(key) = self.record.learning_key() else { return State::Opened };
        let on_disk = |has: fn(&Folder, &str) -> bool| self.folder.as_ref().is_some_and(|folder| has(folder, &key));
        let in_memory = self.learned.as_ref().is_some_and(|(of, _, _)| *of == key);
        if self.learning.is_some() {
            State::Learning
        } else if in_memory || on_disk(Folder::has_learned) {
            State::Learned
        } else if on_disk(Folder::has_state) {
            State::Learning
        } else {
            State::Items
        }
    }

    pub(crate) fn opened_by(&mut self, client: u64) {
        self.openers.insert(client);
    }

    pub(crate) fn closed_by(&mut self, client: u64) {
        self.openers.remove(&client);
    }

    pub(crate) fn is_open_by(&self, client: u64) -> bool {
        self.openers.contains(&client)
    }

    /// Whether any client has it open, or a job needs it.
    pub(crate) fn in_use(&self) -> bool {
        !self.openers.is_empty() || !self.jobs.is_empty()
    }

    /// Whether a client other than this one has it open.
    pub(crate) fn is_open_by_others(&self, client: Option<u64>) -> bool {
        self.openers.iter().any(|opener| Some(*opener) != client)
    }

    pub(crate) fn has_jobs(&self) -> bool {
        !self.jobs.is_empty()
    }

    /// Registers a job; at most one of a session learns.
    pub(crate) fn begin(&mut self, job: u64, learns: bool) -> Result<()> {
        if learns {
            if self.learning.is_some() {
                return Err(Error::usage("this picture is being learned already")
                    .at(&self.path)
                    .hint("wait until that has finished, or cancel it"));
            }
            self.learning = Some(job);
        }
        self.jobs.insert(job);
        Ok(())
    }

    /// Removes a job that has ended.
    pub(crate) fn end(&mut self, job: u64) {
        self.jobs.remove(&job);
        self.learning = self.learning.filter(|learning| *learning != job);
    }

    /// Notes a use, later than `latest`; gives its time in milliseconds since 1970.
    pub(crate) fn touch(&mut self, latest: u64) -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
        let used = now.max(latest.saturating_add(1));
        // It only decides what is removed first when room is short; not worth an error.
        let _ = self.update(|record| record.used = used);
        used
    }

    /// Frees memory that can be filled again from disk.
    pub(crate) fn free_memory(&mut self) {
        if self.folder.is_some() {
            self.loaded = [None, None];
            self.learned = None;
            self.cached = None;
        }
    }
}
