//! A session's folder.
//!
//! - `session.json`: the record, which describes the rest
//! - `picture.pixels`, `reference.pixels`: raw samples of the pictures; `.icc` and `.metadata` beside them: their colour profiles, and what clients want back with them
//! - `items-KEY.gz`: the item number of each pixel
//! - `learned-KEY.safetensors`: what was learned for these items; `learning-KEY.safetensors`: the state to resume learning from
//! - `history/N`: revision N
//!
//! Every file is complete at any time, and whatever was acknowledged to a client is on disk: killing the process loses nothing of it.

mod convert;
mod history;
mod names;
mod read;
mod record;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use dedit_edit::{Error, Image, Result, Segmentation, Size};

pub(crate) use self::convert::{edit_record, items_record, model_choice, model_record, prompt, prompt_record, words};
pub(crate) use self::history::{Entry, NewRevision, Revisions};
use self::names::{HISTORY, RECORD, is_ours};
use self::read::Read;
pub use self::record::EditRecord;
pub(crate) use self::record::{EntryRecord, ItemsRecord, ModelRecord, PictureRecord, PromptRecord, Record, VERSION};
use crate::files;
use crate::opening::{About, Opening};
use crate::raster;

/// The ends of the names of files beside a picture's pixels.
const PROFILE: &str = "icc";
const METADATA: &str = "metadata";

const STEMS: [&str; 2] = ["picture", "reference"];

/// A session's folder, locked against other processes.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// Released by the system when the process ends, however it ends.
    _lock: Option<File>,
}

impl Folder {
    /// Locks an existing folder.
    ///
    /// # Errors
    /// `Usage` where another process has locked it.
    pub(crate) fn take(path: &Path) -> Result<Self> {
        let taken = || {
            let error = Error::usage("another program is using this session").at(path);
            error.hint("wait until it has finished, or use the same daemon")
        };
        let lock = files::lock(&path.join(".lock"), taken)?;
        files::remove_parts(path);
        Ok(Self { path: path.to_path_buf(), _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The folder's record; `None` where there is none.
    pub(crate) fn record(path: &Path) -> Result<Option<Record>> {
        match Self::contents(path)? {
            Contents::Nothing => Ok(None),
            Contents::Session(record) => Ok(Some(*record)),
            Contents::Damaged(error) | Contents::Foreign(error) => Err(error),
        }
    }

    /// What a folder contains.
    pub(crate) fn contents(path: &Path) -> Result<Contents> {
        let file = path.join(RECORD);
        let Some(bytes) = files::read(&file)? else { return Ok(Contents::Nothing) };
        Ok(match read::session(&bytes, &file) {
            Read::Record(record, _) => Contents::Session(Box::new(record)),
            Read::Damaged(error) => Contents::Damaged(error),
            Read::Unsupported(error) => Contents::Foreign(error),
        })
    }

    pub(crate) fn write_record(&self, record: &Record) -> Result<()> {
        files::write_json(&self.path.join(RECORD), record)
    }

    /// Writes a picture's samples and what is known of it besides.
    pub(crate) fn write_picture(&self, index: usize, image: &Image, about: &About) -> Result<()> {
        files::keep_with(&self.pixels(index), |file| raster::write_picture(image, file))?;
        self.write_about(index, about)
    }

    /// Reads a picture and what is known of it, and compares its digest with the record.
    pub(crate) fn read_picture(&self, index: usize, record: &PictureRecord) -> Result<(Image, About)> {
        let path = self.pixels(index);
        let image = raster::read_picture(&path, record.layout)?;
        if raster::digest(&image) != record.digest {
            return Err(files::damaged(&"its picture is not the one that was opened", &path));
        }
        let beside = |extension: &str| files::read(&self.stem(index).with_extension(extension));
        Ok((image, About { profile: beside(PROFILE)?, metadata: beside(METADATA)? }))
    }

    /// Whether the picture of the session in a folder, of the same pixels as this one, has its colour space; `None` where there is no session.
    pub(crate) fn has_colours_of(path: &Path, opening: &Opening) -> Option<bool> {
        let has_record = path.join(RECORD).exists();
        let profile = || files::read(&path.join(STEMS[0]).with_extension(PROFILE));
        has_record.then(|| profile().is_ok_and(|profile| opening.has_colours_of(profile.as_deref())))
    }

    /// Writes what is known of a picture besides its samples.
    pub(crate) fn write_about(&self, index: usize, about: &About) -> Result<()> {
        for (extension, bytes) in [(PROFILE, &about.profile), (METADATA, &about.metadata)] {
            let file = self.stem(index).with_extension(extension);
            bytes.as_ref().map_or_else(|| files::remove(&file), |bytes| files::keep(&file, bytes))?;
        }
        Ok(())
    }

    pub(crate) fn write_items(&self, record: &ItemsRecord, items: &Segmentation) -> Result<()> {
        files::keep_with(&self.items(&record.key), |file| raster::write_labels(items, file))
    }

    pub(crate) fn read_items(&self, record: &PictureRecord, items: &ItemsRecord) -> Result<Segmentation> {
        let path = self.items(&items.key);
        let size = Size::new(record.layout.width, record.layout.height)?;
        let read = raster::read_labels(&path, size, items.names.clone())?;
        if items_record(&read, &words(items)).key != items.key {
            return Err(files::damaged(&"its items are not those that were set", &path));
        }
        Ok(read)
    }

    /// What was learned for the items with this key.
    pub(crate) fn learned(&self, key: &str) -> Result<Option<Vec<u8>>> {
        files::read(&self.learned_file(key))
    }

    pub(crate) fn has_learned(&self, key: &str) -> bool {
        self.learned_file(key).exists()
    }

    pub(crate) fn has_state(&self, key: &str) -> bool {
        self.state_file(key).exists()
    }

    /// Keeps what was learned, and removes the state of learning, which is no longer needed.
    pub(crate) fn write_learned(&self, key: &str, bytes: &[u8]) -> Result<()> {
        files::keep(&self.learned_file(key), bytes)?;
        files::remove(&self.state_file(key))
    }

    pub(crate) fn state(&self, key: &str) -> Result<Option<Vec<u8>>> {
        files::read(&self.state_file(key))
    }

    pub(crate) fn write_state(&self, key: &str, bytes: &[u8]) -> Result<()> {
        files::keep(&self.state_file(key), bytes)
    }

    /// Replaces a damaged record, which is set aside; on failure everything is as before.
    pub(crate) fn replace_record(&self, record: &Record) -> Result<PathBuf> {
        let file = self.path.join(RECORD);
        let aside = files::set_aside(&file)?;
        self.write_record(record).inspect_err(|_| _ = fs::rename(&aside, &file))?;
        Ok(aside)
    }

    /// Whether the folder holds this picture, whatever its record says.
    pub(crate) fn holds(path: &Path, record: &PictureRecord) -> bool {
        Self { path: path.to_path_buf(), _lock: None }.read_picture(0, record).is_ok()
    }

    /// Sets an unreadable picture aside; `None` where there is none.
    pub(crate) fn set_picture_aside(&self, index: usize) -> Option<PathBuf> {
        files::set_aside(&self.pixels(index)).ok()
    }

    /// Sets unreadable items aside; `None` where there are none.
    pub(crate) fn set_items_aside(&self, record: &ItemsRecord) -> Option<PathBuf> {
        files::set_aside(&self.items(&record.key)).ok()
    }

    pub(crate) fn set_learned_aside(&self, key: &str) -> Result<PathBuf> {
        files::set_aside(&self.learned_file(key))
    }

    pub(crate) fn set_state_aside(&self, key: &str) -> Result<PathBuf> {
        files::set_aside(&self.state_file(key))
    }

    pub(crate) fn forget_learned(&self, key: &str) -> Result<()> {
        files::remove(&self.learned_file(key))?;
        files::remove(&self.state_file(key))
    }

    /// Removes the session's files; other files in the folder stay. The record goes first: without it there is no session.
    pub(crate) fn clear(&self) -> Result<()> {
        files::remove(&self.path.join(RECORD))?;
        let _ = fs::remove_dir_all(self.path.join(HISTORY));
        for entry in fs::read_dir(&self.path).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if is_ours(&name) {
                files::remove(&entry.path())?;
            }
        }
        Ok(())
    }

    /// Removes the session's files, and the folder if nothing else is in it.
    pub(crate) fn remove(self) -> Result<()> {
        self.clear()?;
        files::remove(&self.path.join(".lock"))?;
        // Fails where other files are in it, which stay.
        let _ = fs::remove_dir(&self.path);
        Ok(())
    }

    /// Bytes of all files but the revisions'.
    pub(crate) fn bytes_without_history(&self) -> u64 {
        let entries = fs::read_dir(&self.path).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.metadata().ok()).filter(fs::Metadata::is_file).map(|found| found.len()).sum()
    }

    fn pixels(&self, index: usize) -> PathBuf {
        self.stem(index).with_extension("pixels")
    }

    fn stem(&self, index: usize) -> PathBuf {
        self.path.join(STEMS[index])
    }

    fn items(&self, key: &str) -> PathBuf {
        self.path.join(format!("items-{key}.gz"))
    }

    fn learned_file(&self, key: &str) -> PathBuf {
        self.path.join(format!("learned-{key}.safetensors"))
    }

    fn state_file(&self, key: &str) -> PathBuf {
        self.path.join(format!("learning-{key}.safetensors"))
    }
}

/// What a folder contains.
pub(crate) enum Contents {
    Nothing,
    Session(Box<Record>),
    /// A record that cannot be parsed.
    Damaged(Error),
    /// A record of a version that is not supported.
    Foreign(Error),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raster::Layout;

    #[test]
    fn what_a_killed_process_left_is_removed_and_nothing_else() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path();
        for name in [".dedit-session-abc.part", ".dedit-abc.part", "mine.png"] {
            fs::write(path.join(name), "x").unwrap();
        }
        fs::create_dir_all(path.join("history/3")).unwrap();
        fs::write(path.join("history/3/pixels"), "half").unwrap();
        fs::create_dir_all(path.join("history/7.damaged")).unwrap();
        let folder = Folder::take(path).unwrap();
        assert!(!path.join(".dedit-session-abc.part").exists() && path.join(".dedit-abc.part").exists());
        let revisions = folder.revisions(Layout { width: 1, height: 1, channels: 1, bits: 8 });
        assert_eq!((revisions.entries.len(), revisions.last), (0, 7), "an unfinished revision never was, a damaged one was");
        assert!(!path.join("history/3").exists());
        assert!(Folder::take(path).unwrap_err().message().contains("another program"));
        folder.remove().unwrap();
        assert_eq!(fs::read_dir(path).unwrap().count(), 2, "what others put there stays");
    }
}
