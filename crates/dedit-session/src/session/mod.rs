//! One session: a picture, its items, what was learned of them, and what was made of them.
//!
//! Opened → items → learning → learned; edits are possible from the items on, as drafts until something is learned.

mod items;
mod revisions;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use dedit_edit::{Error, Image, ItemWords, Learned, Result, Segmentation, Size, Subject};

pub(crate) use self::items::Held;
pub(crate) use self::revisions::{Base, Made};
use crate::files;
use crate::folder::{Entry, Folder, Loaded, PictureRecord, Record, VERSION, words};
use crate::raster::{Layout, digest};

/// A picture as it comes from a client.
#[derive(Debug, Clone)]
pub struct Opening {
    /// The picture.
    pub image: Arc<Image>,
    /// Its colour profile.
    pub profile: Option<Vec<u8>>,
    /// What people call it.
    pub name: String,
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
    entries: Vec<Entry>,
    /// The picture of the revision that was asked for last.
    at: Option<(u64, Arc<Image>, Arc<Segmentation>)>,
    openers: BTreeSet<u64>,
    jobs: BTreeSet<u64>,
    learning: bool,
}

/// A picture with its items, ready to be learned.
pub(crate) struct Pictured {
    pub(crate) image: Arc<Image>,
    pub(crate) items: Arc<Segmentation>,
    words: BTreeMap<String, ItemWords>,
}

impl Pictured {
    pub(crate) fn subject(&self) -> Subject<'_> {
        Subject { picture: &self.image, items: &self.items, words: self.words.clone() }
    }
}

impl Session {
    /// A session of a picture, to be kept in a folder once there is something to keep.
    pub(crate) fn new(name: &str, path: &Path, opening: &Opening) -> Self {
        let record = Record {
            version: VERSION,
            session: name.to_owned(),
            pictures: vec![picture_record(opening)],
            model: None,
            revision: 0,
            used: 0,
        };
        let loaded = [Some(loaded(opening)), None];
        Self::of(Inner { path: path.to_path_buf(), folder: None, record, loaded, ..Inner::nowhere() })
    }

    /// Opens the session that a folder keeps; `None` where it keeps none. What is damaged is set aside, and named in the second value.
    pub(crate) fn open(path: &Path) -> Result<Option<(Self, Vec<PathBuf>)>> {
        let Some(record) = Folder::record(path)? else { return Ok(None) };
        let folder = Folder::take(path)?;
        let (entries, aside) = folder.revisions();
        Ok(Some((Self::of(Inner { path: path.to_path_buf(), folder: Some(folder), record, entries, ..Inner::nowhere() }), aside)))
    }

    /// What is told of the session that a folder keeps, without taking it; `None` where it keeps none that can be read.
    pub(crate) fn peek(path: &Path) -> Option<Info> {
        let record = Folder::record(path).ok().flatten()?;
        let mut info = Inner { path: path.to_path_buf(), record, ..Inner::nowhere() }.info();
        info.bytes = files::bytes_below(path);
        Some(info)
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
            entries: Vec::new(),
            at: None,
            openers: BTreeSet::new(),
            jobs: BTreeSet::new(),
            learning: false,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Puts everything on the disk that is not there yet.
    pub(crate) fn write(&mut self) -> Result<()> {
        if self.folder.is_some() {
            return Ok(());
        }
        files::create_folder(&self.path)?;
        let folder = Folder::take(&self.path)?;
        for (index, (loaded, record)) in self.loaded.iter().zip(&self.record.pictures).enumerate() {
            let Some(Loaded { image, profile, items }) = loaded else { continue };
            folder.write_picture(index, image, profile.as_deref().map(Vec::as_slice))?;
            if let (Some(items), Some(record)) = (items, &record.items) {
                folder.write_items(record, items)?;
            }
        }
        folder.write_record(&self.record)?;
        self.folder = Some(folder);
        Ok(())
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

    /// Whether it is a session of this picture.
    pub(crate) fn is_of(&self, digest: &str) -> bool {
        self.record.pictures.first().is_some_and(|picture| picture.digest == digest)
    }

    /// The pixels of a picture with this digest, if it is one of this session's and can be read.
    pub(crate) fn pixels_of(&mut self, digest: &str) -> Option<Loaded> {
        let index = self.record.pictures.iter().position(|picture| picture.digest == digest)?;
        self.picture(index).ok()
    }

    /// A picture, read if it is not in memory. One that is damaged is set aside: the same pixels, sent again, take its place.
    pub(crate) fn picture(&mut self, index: usize) -> Result<Loaded> {
        if let Some(loaded) = &self.loaded[index] {
            return Ok(loaded.clone());
        }
        let Some(record) = self.record.pictures.get(index) else {
            return Err(Error::usage("this session has no reference picture").at(&self.path).hint("open one first"));
        };
        let folder = self.folder()?;
        let (image, profile) = folder.read_picture(index, record).map_err(|error| error.hint("open the same picture again"))?;
        let items = folder.read_items(record)?;
        let loaded = Loaded { image: Arc::new(image), profile: profile.map(Arc::new), items: items.map(Arc::new) };
        self.loaded[index] = Some(loaded.clone());
        Ok(loaded)
    }

    /// Gives a picture back that is damaged on the disk, or that memory does not hold.
    pub(crate) fn restore_picture(&mut self, opening: &Opening) -> Result<()> {
        let items = match (&self.folder, &self.record.pictures[0]) {
            (Some(folder), record) => {
                folder.write_picture(0, &opening.image, opening.profile.as_deref())?;
                folder.read_items(record).ok().flatten().map(Arc::new)
            }
            (None, _) => None,
        };
        if items.is_none() && self.record.pictures[0].items.is_some() {
            self.update(|record| record.pictures[0].items = None)?;
        }
        self.loaded[0] = Some(Loaded { items, ..loaded(opening) });
        Ok(())
    }

    /// Sets the reference picture.
    pub(crate) fn set_reference(&mut self, opening: &Opening) -> Result<()> {
        if let Some(folder) = &self.folder {
            folder.write_picture(1, &opening.image, opening.profile.as_deref())?;
        }
        self.update(|record| {
            record.pictures.truncate(1);
            record.pictures.push(picture_record(opening));
        })?;
        self.loaded[1] = Some(loaded(opening));
        Ok(())
    }

    /// Takes the reference picture away.
    pub(crate) fn drop_reference(&mut self) -> Result<()> {
        if self.record.pictures.len() > 1 {
            self.update(|record| record.pictures.truncate(1))?;
            self.loaded[1] = None;
        }
        Ok(())
    }

    /// What is learned: the pictures with their items.
    pub(crate) fn pictured(&mut self) -> Result<Vec<Pictured>> {
        let count = self.record.pictures.len();
        (0..count).map(|index| self.pictured_one(index)).collect()
    }

    fn pictured_one(&mut self, index: usize) -> Result<Pictured> {
        let Loaded { image, items, .. } = self.picture(index)?;
        let which = if index == 0 { "the picture" } else { "the reference picture" };
        let no_items = || Error::usage(format!("{which} has no items yet")).at(&self.path).hint("set them first");
        let items = items.ok_or_else(no_items)?;
        let words = self.words(index);
        Ok(Pictured { image, items, words })
    }

    /// What was said of the items of a picture.
    pub(crate) fn words(&self, index: usize) -> BTreeMap<String, ItemWords> {
        self.record.pictures.get(index).and_then(|picture| picture.items.as_ref()).map(words).unwrap_or_default()
    }

    /// The picture's size.
    pub(crate) fn size(&self) -> Result<Size> {
        let Layout { width, height, .. } = self.record.pictures[0].layout;
        Size::new(width, height)
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
            newest: self.entries.last().map_or(0, |entry| entry.record.revision),
            model: self.record.model.as_ref().and_then(|model| model.model.clone()),
            job: self.jobs.first().copied(),
            bytes: if self.folder.is_some() { files::bytes_below(&self.path) } else { 0 },
            open: !self.openers.is_empty(),
            used: self.record.used,
        }
    }

    fn state(&self) -> State {
        let Some(key) = self.record.learning_key() else { return State::Opened };
        let on_disk = |has: fn(&Folder, &str) -> bool| self.folder.as_ref().is_some_and(|folder| has(folder, &key));
        let in_memory = self.learned.as_ref().is_some_and(|(of, _, _)| *of == key);
        if self.learning {
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

    /// A job was begun or asked for (`true`), or is over.
    pub(crate) fn job(&mut self, job: u64, learns: bool, there: bool) {
        if there {
            self.jobs.insert(job);
        } else {
            self.jobs.remove(&job);
        }
        if learns {
            self.learning = there;
        }
    }

    /// Notes that it is used, later than anything before.
    pub(crate) fn touch(&mut self, latest: u64) -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
        let used = now.max(latest + 1);
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

fn picture_record(opening: &Opening) -> PictureRecord {
    PictureRecord { source: opening.name.clone(), digest: digest(&opening.image), layout: Layout::of(&opening.image), items: None }
}

fn loaded(opening: &Opening) -> Loaded {
    Loaded { image: opening.image.clone(), profile: opening.profile.clone().map(Arc::new), items: None }
}
