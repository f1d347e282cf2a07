//! The revisions of a session: history, results, undo and redo.

use std::sync::Arc;

use dedit_edit::{Image, ItemMask, Rect, Result};
use serde_json::Value;

use super::Sessions;
use crate::folder::{EditRecord, Entry};
use crate::info::Info;

/// A revision.
#[derive(Debug, Clone)]
pub struct Revision {
    /// Its number.
    pub revision: u64,
    /// What it was made from.
    pub base: u64,
    /// Its edits, without their masks.
    pub edits: Vec<EditRecord>,
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
    /// The masks of its edits, in the order of the edits that have one.
    pub masks: Vec<Arc<ItemMask>>,
}

impl Sessions {
    /// The current revision, and all revisions, oldest first.
    pub fn history(&self, session: &str, thumbnails: bool, masks: bool) -> Result<(u64, Vec<Revision>)> {
        let session = self.store.session(session)?;
        let inner = session.lock();
        let revision = |entry: &Entry| -> Result<Revision> {
            let record = entry.record.clone();
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
                masks: if masks { inner.masks(entry)? } else { Vec::new() },
            })
        };
        let revisions = inner.entries().iter().map(revision).collect::<Result<_>>()?;
        Ok((inner.current(), revisions))
    }

    /// The pixels of a revision, and their place: the region that it changed, or the whole picture.
    pub fn result(&self, session: &str, revision: u64, whole: bool) -> Result<(Image, Rect)> {
        let session = self.store.session(session)?;
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

    /// Makes a revision the current one: undo and redo.
    pub fn undo(&self, session: &str, revision: u64) -> Result<Info> {
        let session = self.store.session(session)?;
        session.lock().go_to(revision)?;
        self.watchers.changed(&session);
        Ok(session.lock().info())
    }
}
