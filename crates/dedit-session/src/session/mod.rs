//! One session: a picture, its items, what was learned, and the revisions made from it.
//!
//! Opened → items → learning → learned. Edits are possible as soon as there are items; they are drafts until something is learned.

mod inner;
mod items;
mod pictures;
mod revisions;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use dedit_edit::Result;

use self::inner::plausible;
pub(crate) use self::inner::{Inner, Loaded};
pub(crate) use self::items::LearnedFile;
pub(crate) use self::pictures::ItemizedPicture;
pub(crate) use self::revisions::Base;
use crate::files;
use crate::folder::Folder;
use crate::info::Info;
use crate::opening::Opening;

/// A session. Its lock is held for moments only, never while an engine computes or a client sends.
pub(crate) struct Session {
    pub(crate) name: String,
    inner: Mutex<Inner>,
}

impl Session {
    /// A session of a picture, to be kept in a folder once there is something to keep.
    pub(crate) fn new(name: &str, path: &Path, opening: &Opening) -> Self {
        Self::of(Inner::new(name, path, opening))
    }

    /// Opens the session in a folder; `None` where there is none.
    pub(crate) fn open(path: &Path) -> Result<Option<Self>> {
        // Taking a folder creates a lock file: a folder without a session is left untouched.
        if Folder::record(path)?.is_none() {
            return Ok(None);
        }
        let folder = Folder::take(path)?;
        let Some(record) = Folder::record(path)? else { return Ok(None) };
        Ok(Some(Self::of(Inner::open(path, folder, record))))
    }

    /// Recovers the session of a folder whose record is damaged: the rest stays, and is used once the items are set again.
    pub(crate) fn recovered(name: &str, path: &Path, opening: &Opening) -> Result<Self> {
        Ok(Self::of(Inner::recovered(name, path, opening)?))
    }

    /// The summary of the session in a folder, without taking the folder; `None` where there is none that can be read.
    pub(crate) fn peek(path: &Path, name: &str) -> Option<Info> {
        let mut info = Inner::unopened(path, Folder::record(path).ok().flatten()?).info();
        name.clone_into(&mut info.session);
        info.newest = info.newest.max(info.revision);
        info.bytes = files::bytes_below(path);
        Some(info)
    }

    /// When the session in a folder was last used; 0 where there is none.
    pub(crate) fn last_used(path: &Path) -> u64 {
        Folder::record(path).ok().flatten().map_or(0, |record| plausible(record.used))
    }

    /// Whether a folder holds this picture, whatever its record says.
    pub(crate) fn is_in(path: &Path, opening: &Opening) -> bool {
        Folder::holds(path, &inner::picture_record(opening))
    }

    pub(crate) fn rename(&mut self, name: &str) {
        name.clone_into(&mut self.name);
        self.inner.get_mut().unwrap_or_else(PoisonError::into_inner).rename(name);
    }

    fn of(inner: Inner) -> Self {
        Self { name: inner.name().to_owned(), inner: Mutex::new(inner) }
    }

    /// `None` where another thread holds it, which may be writing a large picture.
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

    /// The folder, once no other thread holds the session.
    pub(crate) fn into_folder(self) -> Option<Folder> {
        self.inner.into_inner().unwrap_or_else(PoisonError::into_inner).into_folder()
    }
}
