//! Revisions on disk: a folder each, with the changed pixels, the items after it, the masks of its edits, and `entry.json`, which is written last.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use dedit_edit::{Error, Image, ItemMask, Rect, Result, Segmentation, Sides, Size};

use super::Folder;
use super::names::{ENTRY, HISTORY};
use super::read::{self, Read};
use super::record::{EntryRecord, VERSION};
use crate::raster::Layout;
use crate::{files, raster};

/// A revision without its pixels.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) record: EntryRecord,
    /// Whether the file is of an older version of the format.
    pub(crate) outdated: bool,
}

impl Entry {
    pub(crate) fn region(&self) -> Rect {
        let [x, y, width, height] = self.record.region;
        Rect { x, y, width, height }
    }

    /// The pixels that the revision adds at the sides of its base.
    pub(crate) fn sides(&self) -> Option<Sides> {
        self.record.sides()
    }
}

/// A revision to be written.
pub(crate) struct NewRevision<'a> {
    pub(crate) record: EntryRecord,
    /// The pixels of its region.
    pub(crate) pixels: &'a Image,
    /// The items after it.
    pub(crate) after: &'a Segmentation,
    /// The masks of its edits, in the order of the edits.
    pub(crate) masks: Vec<&'a ItemMask>,
    /// Draws the thumbnail, as a PNG file; called while the rest is written.
    pub(crate) thumbnail: &'a (dyn Fn() -> Result<Vec<u8>> + Sync),
}

/// The revisions in a folder.
#[derive(Debug, Default)]
pub(crate) struct Revisions {
    pub(crate) entries: Vec<Entry>,
    /// Damaged revisions, set aside.
    pub(crate) aside: Vec<PathBuf>,
    /// Why revisions were left out that another version of this program wrote; they stay where they are.
    pub(crate) left_out: Vec<Error>,
    /// The highest number ever used; none is used twice.
    pub(crate) last: u64,
    /// Bytes of all.
    pub(crate) bytes: u64,
    /// The layout of the whole picture of each.
    layouts: BTreeMap<u64, Layout>,
}

impl Folder {
    fn revision(&self, revision: u64) -> PathBuf {
        self.path().join(HISTORY).join(revision.to_string())
    }

    /// Writes a revision. On success it is durable; on failure nothing of it is left.
    pub(crate) fn write_revision(&self, new: &NewRevision<'_>) -> Result<()> {
        let folder = self.revision(new.record.revision);
        // Left over by a process that was killed before the entry was written.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).map_err(|error| files::cannot_write(&error, &folder))?;
        let small = || {
            let thumbnail = (new.thumbnail)()?;
            files::write_within(&folder.join("items.gz"), |file| raster::write_labels(new.after, file))?;
            files::write_within(&folder.join("thumbnail.png"), |file| file.write_all(&thumbnail))
        };
        // The client waits for this, so independent files are written in parallel.
        let write = || {
            thread::scope(|scope| {
                let small = scope.spawn(small);
                let pixels = files::write_within(&folder.join("pixels"), |file| raster::write_picture(new.pixels, file));
                small.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)).and(pixels)
            })?;
            for (index, mask) in new.masks.iter().enumerate() {
                files::write_within(&folder.join(format!("mask-{index}.gz")), |file| raster::write_mask(mask, file))?;
            }
            files::write_json(&folder.join(ENTRY), &new.record)
        };
        write().inspect_err(|_| _ = fs::remove_dir_all(&folder))?;
        files::sync_folder(&self.path().join(HISTORY));
        Ok(())
    }

    /// All revisions of a picture, oldest first. A damaged one is set aside; one of an unsupported version is left out.
    pub(crate) fn revisions(&self, picture: Layout) -> Revisions {
        let folder = self.path().join(HISTORY);
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let (mut numbers, mut found) = (Vec::new(), Revisions::default());
        for name in names {
            match (name.parse::<u64>(), name.strip_suffix(files::DAMAGED).and_then(|name| name.parse::<u64>().ok())) {
                (Ok(number), _) => numbers.push(number),
                (_, Some(number)) => found.last = found.last.max(number),
                _ => {}
            }
        }
        numbers.sort_unstable();
        for number in numbers {
            self.add_revision(number, picture, &mut found);
        }
        found
    }

    fn add_revision(&self, number: u64, picture: Layout, found: &mut Revisions) {
        let folder = self.revision(number);
        let path = folder.join(ENTRY);
        let read = match files::read(&path) {
            // Writing it was interrupted: it never was acknowledged.
            Ok(None) => {
                let _ = fs::remove_dir_all(&folder);
                return;
            }
            Ok(Some(bytes)) => read::entry(&bytes, &path, number, |base| found.layouts.get(&base).copied().unwrap_or(picture)),
            Err(error) => Read::Damaged(error),
        };
        found.last = found.last.max(number);
        match read {
            Read::Record(record, version) => {
                let base = found.layouts.get(&record.base).copied().unwrap_or(picture);
                found.layouts.extend(record.layout_on(base).ok().map(|layout| (number, layout)));
                found.bytes += files::bytes_below(&folder);
                found.entries.push(Entry { record, outdated: version != VERSION });
            }
            Read::Damaged(_) => found.aside.extend(files::set_aside(&folder)),
            Read::Unsupported(error) => found.left_out.push(error),
        }
    }

    /// Writes entries of older versions again in the present one. Where that fails it is tried again next time: they can be read as they are.
    pub(crate) fn migrate(&self, revisions: &mut Revisions) {
        for entry in revisions.entries.iter_mut().filter(|entry| entry.outdated) {
            entry.outdated = files::write_json(&self.revision(entry.record.revision).join(ENTRY), &entry.record).is_err();
        }
    }

    /// Bytes of a revision.
    pub(crate) fn revision_bytes(&self, revision: u64) -> u64 {
        files::bytes_below(&self.revision(revision))
    }

    /// The pixels that a revision changed.
    pub(crate) fn revision_pixels(&self, entry: &Entry) -> Result<Image> {
        raster::read_picture(&self.revision(entry.record.revision).join("pixels"), entry.record.layout)
    }

    /// The items after a revision.
    pub(crate) fn revision_items(&self, entry: &Entry, size: Size) -> Result<Segmentation> {
        raster::read_labels(&self.revision(entry.record.revision).join("items.gz"), size, entry.record.names.clone())
    }

    /// The masks of a revision's edits.
    pub(crate) fn revision_masks(&self, entry: &Entry, size: Size) -> Result<Vec<Arc<ItemMask>>> {
        let folder = self.revision(entry.record.revision);
        let count = entry.record.edits.iter().filter(|edit| edit.has_mask()).count();
        (0..count).map(|index| raster::read_mask(&folder.join(format!("mask-{index}.gz")), size).map(Arc::new)).collect()
    }

    /// The thumbnail of a revision, as a PNG file.
    pub(crate) fn thumbnail(&self, entry: &Entry) -> Option<Vec<u8>> {
        files::read(&self.revision(entry.record.revision).join("thumbnail.png")).ok().flatten()
    }
}
