//! The revisions of a session: each is its base with one region changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use dedit_edit::{Error, Image, ItemMask, ItemPrompt, Rect, Result, Segmentation, Size};

use super::inner::{Inner, Loaded};
use crate::colour::ColourSpace;
use crate::folder::{Entry, Folder, NewRevision, prompt};

/// The revision that an edit starts from.
pub(crate) struct Base {
    pub(crate) revision: u64,
    pub(crate) image: Arc<Image>,
    /// The colour space of the picture, where it is not sRGB.
    pub(crate) space: Option<ColourSpace>,
    pub(crate) items: Arc<Segmentation>,
    /// Prompts of items that earlier edits have changed, by item name.
    pub(crate) prompts: BTreeMap<String, ItemPrompt>,
    /// The key of the items that were set when it was made.
    pub(crate) items_key: Option<String>,
}

impl Inner {
    /// The current revision; 0 is the picture itself.
    pub(crate) fn current(&self) -> u64 {
        self.record.revision
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.history.entries
    }

    pub(crate) fn entry(&self, revision: u64) -> Result<&Entry> {
        let found = self.history.entries.iter().find(|entry| entry.record.revision == revision);
        found.ok_or_else(|| {
            let newest = self.history.entries.last().map_or(0, |entry| entry.record.revision);
            Error::usage(format!("there is no revision {revision}"))
                .at(&self.path)
                .hint(format!("the newest is {newest}; 0 is the picture"))
        })
    }

    /// The picture and items of a revision; 0 is the picture itself.
    pub(crate) fn base(&mut self, revision: u64) -> Result<Base> {
        let Loaded { image, items, about } = self.picture(0)?;
        let space = ColourSpace::of(about.profile.as_deref(), &image);
        if revision == 0 {
            let items = items.ok_or_else(|| Error::usage("the picture has no items yet").at(&self.path).hint("set them first"))?;
            return Ok(Base { revision, image, space, items, prompts: BTreeMap::new(), items_key: self.items_key() });
        }
        let entry = self.entry(revision)?.clone();
        let prompts = entry.record.prompts.iter().map(|(name, record)| (name.clone(), prompt(record))).collect();
        if let Some((cached, image, items)) = &self.cached
            && *cached == revision
        {
            return Ok(Base { revision, image: image.clone(), space, items: items.clone(), prompts, items_key: entry.record.items });
        }
        let items = Arc::new(self.folder()?.revision_items(&entry, self.size_at(revision)?)?);
        let image = Arc::new(self.composed(&image, revision)?);
        self.cached = Some((revision, image.clone(), items.clone()));
        Ok(Base { revision, image, space, items, prompts, items_key: entry.record.items })
    }

    /// The size of a revision: that of the picture, and what edits have added at its sides.
    pub(crate) fn size_at(&self, revision: u64) -> Result<Size> {
        let sides = self.ancestry(revision)?.into_iter().filter_map(Entry::sides);
        sides.fold(self.size(), |size, sides| sides.grown(size?))
    }

    fn items_key(&self) -> Option<String> {
        self.record.pictures[0].items.as_ref().map(|items| items.key.clone())
    }

    /// The revision that an edit starts from. An error where it was made with other items than the present ones, for which nothing is learned.
    pub(crate) fn base_of_edit(&mut self, revision: u64) -> Result<Base> {
        let base = self.base(revision)?;
        if base.items_key.is_some() && base.items_key != self.items_key() {
            return Err(Error::usage(format!("revision {revision} was made with other items"))
                .at(&self.path)
                .hint("set those items again, or edit the picture itself, revision 0"));
        }
        Ok(base)
    }

    /// A revision, its base, the base of that, and so on; newest first, without revision 0.
    pub(super) fn ancestry(&self, revision: u64) -> Result<Vec<&Entry>> {
        let mut ancestry = Vec::new();
        let mut at = revision;
        while at != 0 {
            let entry = self.entry(at)?;
            if entry.record.base >= at {
                return Err(Error::input("this revision is based on a later one").at(&self.path).hint("go back to an earlier revision"));
            }
            ancestry.push(entry);
            at = entry.record.base;
        }
        Ok(ancestry)
    }

    /// The whole picture of a revision: the picture with every change of its ancestry, oldest first.
    fn composed(&self, first: &Image, revision: u64) -> Result<Image> {
        let mut image = first.clone();
        for entry in self.ancestry(revision)?.into_iter().rev() {
            if let Some(sides) = entry.sides() {
                image = image.expanded(sides)?;
            }
            let Rect { x, y, .. } = entry.region();
            image.put((x, y), &self.folder()?.revision_pixels(entry)?)?;
        }
        Ok(image)
    }

    /// The pixels that a revision changed, and their place.
    pub(crate) fn changed(&self, revision: u64) -> Result<(Image, Rect)> {
        let entry = self.entry(revision)?;
        Ok((self.folder()?.revision_pixels(entry)?, entry.region()))
    }

    pub(crate) fn thumbnail(&self, entry: &Entry) -> Option<Vec<u8>> {
        self.folder.as_ref().and_then(|folder| folder.thumbnail(entry))
    }

    /// Keeps a revision and makes it the current one; gives its number.
    pub(crate) fn add_revision(&mut self, mut new: NewRevision<'_>, whole: &Arc<Image>, after: &Arc<Segmentation>) -> Result<u64> {
        self.write()?;
        let revision = self.history.last + 1;
        new.record.revision = revision;
        let folder = self.folder()?;
        folder.write_revision(&new)?;
        let bytes = folder.revision_bytes(revision);
        self.history.bytes += bytes;
        self.history.last = revision;
        self.history.entries.push(Entry { record: new.record, outdated: false });
        self.cached = Some((revision, whole.clone(), after.clone()));
        // The revision is kept; a failure to make it the current one is not worth an error.
        let _ = self.go_to(revision);
        Ok(revision)
    }

    /// Makes a revision the current one; undo and redo.
    pub(crate) fn go_to(&mut self, revision: u64) -> Result<()> {
        if revision != 0 {
            self.entry(revision)?;
        }
        self.update(|record| record.revision = revision)
    }

    /// The masks of a revision's edits, in the order of the edits.
    pub(crate) fn masks(&self, entry: &Entry) -> Result<Vec<Arc<ItemMask>>> {
        let folder: &Folder = self.folder()?;
        // Where an ancestor was damaged and set aside, nothing says that the canvas had grown.
        let size = self.size_at(entry.record.base).or_else(|_| self.size())?;
        folder.revision_masks(entry, size)
    }
}
