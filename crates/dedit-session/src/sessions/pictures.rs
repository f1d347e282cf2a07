//! Opens pictures and sessions, and sets their items.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dedit_edit::{Error, Image, ItemMask, ItemWords, Result, Segmentation, Size};
use dedit_segment::Hint;

use super::Sessions;
use crate::info::Info;
use crate::jobs::{Reporter, SegmentRequest, Task, Wanted};
use crate::models::Found;
use crate::opening::{About, Opening};

/// A picture of a session, with its items.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The session.
    pub info: Info,
    /// The picture.
    pub image: Arc<Image>,
    /// What is known of it besides.
    pub about: Arc<About>,
    /// Its items, if they are set.
    pub items: Option<Arc<Segmentation>>,
    /// Words for its items, by item name.
    pub words: BTreeMap<String, ItemWords>,
}

impl Sessions {
    /// A picture with this digest that a session has, in the store or in `folder`; it can be opened without sending its pixels.
    pub fn known(&self, digest: &str, folder: Option<&Path>) -> Option<Opening> {
        self.store.opening_of(digest, folder)
    }

    /// Opens the session of a picture, or creates one: in the store, or in `folder`. With `replace` a session of another picture in `folder` is removed.
    pub fn open_picture(&self, client: u64, opening: &Opening, folder: Option<&Path>, replace: bool) -> Result<Info> {
        let session = match folder {
            None => self.store.of_picture(opening)?,
            Some(folder) => self.store.of_folder(folder, opening, replace, client)?,
        };
        Ok(self.store.opened(&session, client))
    }

    /// Opens an existing session, by its name or its folder.
    pub fn open_session(&self, client: u64, name: Option<&str>, folder: Option<&Path>) -> Result<Info> {
        let session = match (name, folder) {
            (Some(name), None) => self.store.session(name)?,
            (None, Some(folder)) => self.store.in_folder(folder)?,
            _ => return Err(Error::usage("a session is opened by its name or by its folder").hint("give one of them")),
        };
        Ok(self.store.opened(&session, client))
    }

    /// Sets the reference picture of a session; `None` removes it.
    pub fn set_reference(&self, session: &str, opening: Option<&Opening>) -> Result<Info> {
        let session = self.store.session(session)?;
        match opening {
            Some(opening) => session.lock().set_reference(opening)?,
            None => session.lock().drop_reference()?,
        }
        self.watchers.changed(&session);
        Ok(session.lock().info())
    }

    /// The size of one of a session's pictures.
    pub fn size(&self, session: &str, index: usize) -> Result<Size> {
        let session = self.store.session(session)?;
        let mut inner = session.lock();
        if index == 0 { inner.size() } else { Ok(inner.picture(index)?.image.size()) }
    }

    /// The size of a revision; without a number, of the current one.
    pub fn revision_size(&self, session: &str, revision: Option<u64>) -> Result<Size> {
        let session = self.store.session(session)?;
        let inner = session.lock();
        inner.size_at(revision.unwrap_or_else(|| inner.current()))
    }

    /// Sets the items of a picture (0) or the reference picture (1). Without `words`, names that are words are used: see [`ItemWords::by_name`].
    pub fn set_items(&self, session: &str, index: usize, items: Segmentation, words: Option<BTreeMap<String, ItemWords>>) -> Result<Info> {
        let session = self.store.session(session)?;
        let words = words.unwrap_or_else(|| ItemWords::by_name(&items));
        session.lock().set_items(index, items, &words)?;
        self.watchers.changed(&session);
        Ok(session.lock().info())
    }

    /// A picture (0) or the reference picture (1), and its items.
    pub fn fetch(&self, session: &str, index: usize) -> Result<Fetched> {
        let session = self.store.session(session)?;
        let mut inner = session.lock();
        let picture = inner.picture(index)?;
        let words = inner.words(index);
        Ok(Fetched { info: inner.info(), image: picture.image, about: picture.about, items: picture.items, words })
    }

    /// Finds one item of a revision's picture without weights, within a rough mask where there is one; gives its mask.
    pub fn segment(&self, session: &str, revision: u64, hint: &Hint, rough: Option<&ItemMask>) -> Result<ItemMask> {
        let session = self.store.session(session)?;
        let image = if revision == 0 { session.lock().picture(0)?.image } else { session.lock().base(revision)?.image };
        rough.map_or_else(|| dedit_segment::segment(&image, hint), |rough| dedit_segment::snap(&image, rough, hint))
    }

    /// The segment-anything model of a name or path, or without one the usual one; `None` where items are found without weights.
    ///
    /// # Errors
    /// `Model` where there is none of that name.
    pub fn segmenter(&self, name: Option<&str>) -> Result<Option<Found>> {
        self.models.find_segmenter(name)
    }

    /// The same by a segment-anything model, as a job.
    pub fn segment_by(&self, client: u64, session: &str, request: SegmentRequest, reporter: Arc<dyn Reporter>) -> Result<()> {
        let session = self.store.session(session)?;
        let size = session.lock().size_at(request.base)?;
        if let Wanted::Item(_, Some(mask)) = &request.wanted
            && mask.size() != size
        {
            return Err(Error::usage(format!("a mask of {} does not fit a picture of {size}", mask.size())));
        }
        self.push(client, Task::Segment(session, Box::new(request)), false, reporter)
    }

    /// The folder of the store.
    pub fn store(&self) -> PathBuf {
        self.settings.store.clone()
    }
}
