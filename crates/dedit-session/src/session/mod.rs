//! One session: a picture, its items, what was learned of them, and what was made of them.
//!
//! Opened → items → learning → learned; edits are possible from the items on, as drafts until something is learned.

mod items;
mod pictures;
mod revisions;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{SystemTime, UNIX_EPOCH};

use dedit_edit::{Error, Image, Learned, Result, Segmentation};
use sha2::{Digest as _, Sha256};

pub(crate) use self::items::Held;
pub(crate) use self::pictures::Pictured;
pub(crate) use self::revisions::{Base, Made};
use crate::files;
use crate::folder::{Folder, Loaded, PictureRecord, Record, Revisions, VERSION};
use crate::raster::{Layout, digest};

/// A picture as it comes from a client.
#[derive(Debug, Clone)]
pub struct Opening {
    pub(crate) image: Arc<Image>,
    pub(crate) digest: String,
    pub(crate) profile: Option<Arc<Vec<u8>>>,
    pub(crate) name: String,
    pub(crate) variant: String,
}

impl Opening {
    /// A picture, its colour profile, and what people call it.
    pub fn new(image: Image, profile: Option<Vec<u8>>, name: String) -> Self {
        Self { digest: digest(&image), image: Arc::new(image), profile: profile.map(Arc::new), name, variant: String::new() }
    }

    /// The same picture under another name.
    #[must_use]
    pub fn named(self, name: String) -> Self {
        Self { name, ..self }
    }

    /// The same picture in a session of its own: those of different variants share nothing. What is empty stands for none.
    #[must_use]
    pub fn of_variant(self, variant: String) -> Self {
        Self { variant, ..self }
    }

    /// What the store calls its session.
    pub(crate) fn place(&self) -> String {
        let whole = match self.variant.as_str() {
            "" => self.digest.clone(),
            variant => format!("{:x}", Sha256::digest(format!("{} {variant}", self.digest))),
        };
        whole.chars().take(16).collect()
    }

    /// [`digest`](crate::digest) of the picture.
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

/// How far a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It has no items yet.
    Opened,
    /// Nothing was learned yet.
    Items,
    /// Learning is under way, waits, or was cut off.
    Learning,
    /// Learned.
    Learned,
}

/// What is told of a session.
#[derive(Debug, Clone, PartialEq)]
pub struct Info {
    /// Its name.
    pub session: String,
    /// What people call its picture.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    /// How far it is.
    pub state: State,
    /// The picture's size.
    pub size: [usize; 2],
    /// The items, and those of the reference picture.
    pub items: [Vec<String>; 2],
    /// The revision it is at.
    pub revision: u64,
    /// The newest revision.
    pub newest: u64,
    /// The model it was last learned with.
    pub model: Option<String>,
    /// The job that runs or waits on it.
    pub job: Option<u64>,
    /// Bytes on disk.
    pub bytes: u64,
    /// Whether anybody has it open.
    pub open: bool,
    /// When it was last used, in milliseconds since 1970.
    pub used: u64,
}

/// A session. Its lock is held for moments, never while an engine computes or a client sends.
pub(crate) struct Session {
    pub(crate) name: String,
    inner: Mutex<Inner>,
}

pub(crate) struct Inner {
    path: PathBuf,
    /// `None` as long as nothing is written: a folder that a user named is not littered before there is something to keep.
    folder: Option<Folder>,
    record: Record,
    loaded: [Option<Loaded>; 2],
    /// What was learned, with the key it belongs to and the engine it was read by.
    learned: Option<(String, String, Arc<dyn Learned>)>,
    history: Revisions,
    /// What was found damaged and set aside, until somebody tells of it.
    aside: Vec<PathBuf>,
    /// The picture of the revision that was asked for last.
    at: Option<(u64, Arc<Image>, Arc<Segmentation>)>,
    openers: BTreeSet<u64>,
    jobs: BTreeSet<u64>,
    /// The job that learns it.
    learning: Option<u64>,
}

impl Session {
    /// A session of a picture, to be kept in a folder once there is something to keep.
    pub(crate) fn new(name: &str, path: &Path, opening: &Opening) -> Self {
        let mut inner = Inner { path: path.to_path_buf(), ..Inner::nowhere() };
        name.clone_into(&mut inner.record.session);
        inner.record.pictures = vec![opening.record()];
        inner.loaded[0] = Some(opening.loaded());
        Self::of(inner)
    }

    /// Opens the session that a folder keeps; `None` where it keeps none.
    pub(crate) fn open(path: &Path) -> Result<Option<Self>> {
        // A folder without a session is left as it is.
        if Folder::record(path)?.is_none() {
            return Ok(None);
        }
        let folder = Folder::take(path)?;
        let Some(record) = Folder::record(path)? else { return Ok(None) };
        let mut inner = Inner { path: path.to_path_buf(), record, ..Inner::nowhere() };
        inner.take_history(folder.revisions());
        inner.folder = Some(folder);
        Ok(Some(Self::of(inner)))
    }

    /// The session of a folder whose record is damaged: what else is there stays, once its items are set again.
    pub(crate) fn renewed(name: &str, path: &Path, opening: &Opening) -> Result<Self> {
        let session = Self::new(name, path, opening);
        let mut inner = session.lock();
        let folder = Folder::take(path)?;
        folder.write_picture(0, &opening.image, opening.profile.as_deref().map(Vec::as_slice))?;
        let history = folder.revisions();
        inner.record.revision = history.last;
        inner.take_history(history);
        let aside = folder.replace_record(&inner.record)?;
        inner.aside.push(aside);
        inner.folder = Some(folder);
        drop(inner);
        Ok(session)
    }

    /// What is told of the session that a folder keeps, without taking it; `None` where it keeps none that can be read.
    pub(crate) fn peek(path: &Path, name: &str) -> Option<Info> {
        let record = Folder::record(path).ok().flatten()?;
        let mut info = Inner { path: path.to_path_buf(), record, ..Inner::nowhere() }.info();
        name.clone_into(&mut info.session);
        info.newest = info.newest.max(info.revision);
        info.bytes = files::bytes_below(path);
        Some(info)
    }

    /// When the session that a folder keeps was used last.
    pub(crate) fn last_used(path: &Path) -> u64 {
        Folder::record(path).ok().flatten().map_or(0, |record| plausible(record.used))
    }

    /// Whether a folder holds this picture, whatever its record says.
    pub(crate) fn is_in(path: &Path, opening: &Opening) -> bool {
        Folder::holds(path, &opening.record())
    }

    /// It is called otherwise from now on.
    pub(crate) fn rename(&mut self, name: &str) {
        name.clone_into(&mut self.name);
        let inner = self.inner.get_mut().unwrap_or_else(PoisonError::into_inner);
        name.clone_into(&mut inner.record.session);
    }

    fn of(inner: Inner) -> Self {
        Self { name: inner.record.session.clone(), inner: Mutex::new(inner) }
    }

    /// `None` where somebody has it, who may be writing a large picture.
    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, Inner>> {
        match self.inner.try_lock() {
            Ok(inner) => Some(inner),
            Err(TryLockError::Poisoned(inner)) => Some(inner.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn nowhere() -> Self {
        let record = Record { version: VERSION, session: String::new(), pictures: Vec::new(), model: None, revision: 0, used: 0 };
        Self {
            path: PathBuf::new(),
            folder: None,
            record,
            loaded: [None, None],
            learned: None,
            history: Revisions::default(),
            aside: Vec::new(),
            at: None,
            openers: BTreeSet::new(),
            jobs: BTreeSet::new(),
            learning: None,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn folder(&self) -> Result<&Folder> {
        self.folder.as_ref().ok_or_else(|| Error::new(dedit_edit::ErrorKind::Internal, "a session that is nowhere").at(&self.path))
    }

    /// Changes the record; where that cannot be written, nothing has changed.
    fn update(&mut self, change: impl FnOnce(&mut Record)) -> Result<()> {
        let mut record = self.record.clone();
        change(&mut record);
        if let Some(folder) = &self.folder {
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
            bytes: self.folder.as_ref().map_or(0, |folder| folder.bytes_beside_history() + self.history.bytes),
            open: !self.openers.is_empty(),
            used: plausible(self.record.used),
        }
    }

    /// Takes over what a folder holds of revisions. Where the one that the session is at is gone, it goes to the newest before it that is whole.
    fn take_history(&mut self, mut history: Revisions) {
        self.aside.append(&mut history.aside);
        self.history = history;
        let current = self.record.revision;
        let whole = |revision: &u64| *revision == 0 || self.way(*revision).is_ok();
        if !whole(&current) {
            let mut earlier = self.history.entries.iter().rev().map(|entry| entry.record.revision).filter(|revision| *revision < current);
            self.record.revision = earlier.find(whole).unwrap_or(0);
        }
        self.history.last = self.history.last.max(current);
    }

    /// What was set aside since this was last asked.
    pub(crate) fn take_aside(&mut self) -> Vec<PathBuf> {
        std::mem::take(&mut self.aside)
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

    /// Whether somebody has it open, or works on it.
    pub(crate) fn in_use(&self) -> bool {
        !self.openers.is_empty() || !self.jobs.is_empty()
    }

    /// Whether somebody else than this client has it open.
    pub(crate) fn is_open_by_others(&self, client: Option<u64>) -> bool {
        self.openers.iter().any(|opener| Some(*opener) != client)
    }

    pub(crate) fn has_jobs(&self) -> bool {
        !self.jobs.is_empty()
    }

    /// A job was asked for. There is one that learns at most.
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

    /// A job is over.
    pub(crate) fn end(&mut self, job: u64) {
        self.jobs.remove(&job);
        self.learning = self.learning.filter(|learning| *learning != job);
    }

    /// Notes that it is used, later than anything before.
    pub(crate) fn touch(&mut self, latest: u64) -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
        let used = now.max(latest.saturating_add(1));
        // It decides what is given up when room is short; not worth an error.
        let _ = self.update(|record| record.used = used);
        used
    }

    /// Gives memory back that can be filled again from the disk.
    pub(crate) fn rest(&mut self) {
        if self.folder.is_some() {
            self.loaded = [None, None];
            self.learned = None;
            self.at = None;
        }
    }
}

impl Session {
    /// The folder, when nobody else holds the session.
    pub(crate) fn into_folder(self) -> Option<Folder> {
        self.inner.into_inner().unwrap_or_else(PoisonError::into_inner).folder
    }
}

impl Opening {
    /// Bytes of its pixels.
    pub(crate) fn bytes(&self) -> u64 {
        let Layout { bits, .. } = Layout::of(&self.image);
        self.image.samples().len() as u64 * u64::from(bits / 8)
    }

    fn record(&self) -> PictureRecord {
        PictureRecord { source: self.name.clone(), digest: self.digest.clone(), layout: Layout::of(&self.image), items: None }
    }

    fn loaded(&self) -> Loaded {
        Loaded { image: self.image.clone(), profile: self.profile.clone(), items: None }
    }
}

/// A time of use that no clock shows says nothing: the year 5138 is as late as any.
fn plausible(used: u64) -> u64 {
    if used < 100_000_000_000_000 { used } else { 0 }
}
