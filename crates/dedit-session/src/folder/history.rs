//! Revisions on disk: a folder for each, with the changed pixels, the items after it, masks of its edits, and last `entry.json`.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use dedit_edit::{Image, ItemMask, Rect, Result, Segmentation, Size};

use super::{EntryRecord, Folder};
use crate::session::Made;
use crate::{files, raster};

pub(super) const FOLDER: &str = "history";
const ENTRY: &str = "entry.json";

/// A revision, all but its pixels.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) record: EntryRecord,
}

impl Entry {
    pub(crate) fn region(&self) -> Rect {
        let [x, y, width, height] = self.record.region;
        Rect { x, y, width, height }
    }
}

/// What a folder holds of revisions.
#[derive(Debug, Default)]
pub(crate) struct Revisions {
    pub(crate) entries: Vec<Entry>,
    /// What was damaged, and is set aside.
    pub(crate) aside: Vec<PathBuf>,
    /// The highest number that was ever given: none is given twice.
    pub(crate) last: u64,
    /// Bytes of all.
    pub(crate) bytes: u64,
}

impl Folder {
    fn revision(&self, revision: u64) -> PathBuf {
        self.path().join(FOLDER).join(revision.to_string())
    }

    /// Keeps a revision. It is there when this returns, whatever happens then, and is not there at all when it fails.
    pub(crate) fn write_revision(&self, made: &Made<'_>) -> Result<()> {
        let folder = self.revision(made.record.revision);
        // Left over by a process that was killed before the entry was written.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).map_err(|error| files::cannot_write(&error, &folder))?;
        let small = || {
            let thumbnail = (made.thumbnail)()?;
            files::write_within(&folder.join("items.gz"), |file| raster::write_labels(made.after, file))?;
            files::write_within(&folder.join("thumbnail.png"), |file| file.write_all(&thumbnail))
        };
        // Somebody waits for the edit: what does not depend on each other is done at once.
        let write = || {
            thread::scope(|scope| {
                let small = scope.spawn(small);
                let pixels = files::write_within(&folder.join("pixels"), |file| raster::write_picture(made.pixels, file));
                small.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)).and(pixels)
            })?;
            for (index, mask) in made.masks.iter().enumerate() {
                files::write_within(&folder.join(format!("mask-{index}.gz")), |file| raster::write_mask(mask, file))?;
            }
            files::write_json(&folder.join(ENTRY), &made.record)
        };
        write().inspect_err(|_| _ = fs::remove_dir_all(&folder))?;
        files::sync_folder(&self.path().join(FOLDER));
        Ok(())
    }

    /// All revisions, oldest first. A damaged one is set aside.
    pub(crate) fn revisions(&self) -> Revisions {
        let folder = self.path().join(FOLDER);
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
            let folder = self.revision(number);
            match files::read_json::<EntryRecord>(&folder.join(ENTRY)) {
                Ok(Some(record)) if record.revision == number => {
                    found.bytes += files::bytes_below(&folder);
                    found.entries.push(Entry { record });
                    found.last = found.last.max(number);
                }
                // Never finished: as if it had not been begun.
                Ok(None) => _ = fs::remove_dir_all(&folder),
                Ok(Some(_)) | Err(_) => {
                    found.aside.extend(files::set_aside(&folder));
                    found.last = found.last.max(number);
                }
            }
        }
        found
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
    pub(crate) fn revision_masks(&self, entry: &Entry, count: usize, size: Size) -> Result<Vec<Arc<ItemMask>>> {
        let folder = self.revision(entry.record.revision);
        (0..count).map(|index| raster::read_mask(&folder.join(format!("mask-{index}.gz")), size).map(Arc::new)).collect()
    }

    /// The small picture of a revision.
    pub(crate) fn thumbnail(&self, entry: &Entry) -> Option<Vec<u8>> {
        files::read(&self.revision(entry.record.revision).join("thumbnail.png")).ok().flatten()
    }
}
