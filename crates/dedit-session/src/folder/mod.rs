//! A session's folder.
//!
//! `session.json` says what the rest is; `picture.pixels` and `reference.pixels` hold the pictures' samples as they are, `.icc` beside them their colour
//! profiles; `items-KEY.gz` the items' numbers, `learned-KEY.safetensors` what was learned of them and `learning-KEY.safetensors` the way there;
//! `history/N` the revisions. Every file is whole at any time, and whatever was acknowledged is on the disk: a process that is killed loses nothing of it.

mod convert;
mod history;
mod record;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dedit_edit::{Error, Image, Result, Segmentation, Size};
use sha2::{Digest as _, Sha256};

pub(crate) use self::convert::{items_record, model_choice, model_record, prompt, prompt_record, words};
pub(crate) use self::history::{Entry, Revisions};
pub(crate) use self::record::{EntryRecord, ItemsRecord, ModelRecord, PictureRecord, PromptRecord, Record, VERSION};
use crate::files;
use crate::raster::{self, hex};

const RECORD: &str = "session.json";
const STEMS: [&str; 2] = ["picture", "reference"];

/// A session's folder, in which nobody else writes as long as this is there.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// The system lets go of it when the process ends, however it ends.
    _lock: Option<File>,
}

impl Folder {
    /// Takes a folder that is there.
    ///
    /// # Errors
    /// `Usage` where another process has it.
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

    /// What the folder's record says; `None` where there is none.
    pub(crate) fn record(path: &Path) -> Result<Option<Record>> {
        match Self::kept(path)? {
            Kept::Nothing => Ok(None),
            Kept::Session(record) => Ok(Some(*record)),
            Kept::Damaged(error) | Kept::Foreign(error) => Err(error),
        }
    }

    /// What lies in a folder.
    pub(crate) fn kept(path: &Path) -> Result<Kept> {
        let file = path.join(RECORD);
        let Some(bytes) = files::read(&file)? else { return Ok(Kept::Nothing) };
        let version = |text: &[u8]| serde_json::from_slice::<serde_json::Value>(text).ok()?["version"].as_u64();
        if let Some(other) = version(&bytes).filter(|version| *version != u64::from(VERSION)) {
            let message = format!("this session was written by another version of D-Edit (its format is {other}, not {VERSION})");
            let error = Error::input(message).at(file).hint("use the version that wrote it, or learn the picture again elsewhere");
            return Ok(Kept::Foreign(error));
        }
        Ok(match serde_json::from_slice::<Record>(&bytes) {
            Ok(record) if (1..=2).contains(&record.pictures.len()) => Kept::Session(Box::new(record)),
            Ok(record) => Kept::Damaged(files::damaged(&format!("{} pictures", record.pictures.len()), &file)),
            Err(error) => Kept::Damaged(files::damaged(&error, &file)),
        })
    }

    pub(crate) fn write_record(&self, record: &Record) -> Result<()> {
        files::write_json(&self.path.join(RECORD), record)
    }

    /// Writes a picture's samples and profile.
    pub(crate) fn write_picture(&self, index: usize, image: &Image, profile: Option<&[u8]>) -> Result<()> {
        files::keep_with(&self.pixels(index), |file| raster::write_picture(image, file))?;
        let icc = self.stem(index).with_extension("icc");
        profile.map_or_else(|| files::remove(&icc), |profile| files::keep(&icc, profile))
    }

    /// Reads a picture, and makes sure that it is the one that was written.
    pub(crate) fn read_picture(&self, index: usize, record: &PictureRecord) -> Result<(Image, Option<Vec<u8>>)> {
        let path = self.pixels(index);
        let image = raster::read_picture(&path, record.layout)?;
        if raster::digest(&image) != record.digest {
            return Err(files::damaged(&"its picture is not the one that was opened", &path));
        }
        Ok((image, files::read(&self.stem(index).with_extension("icc"))?))
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

    /// What was learned for these items.
    pub(crate) fn learned(&self, key: &str) -> Result<Option<Vec<u8>>> {
        files::read(&self.learned_file(key))
    }

    pub(crate) fn has_learned(&self, key: &str) -> bool {
        self.learned_file(key).exists()
    }

    pub(crate) fn has_state(&self, key: &str) -> bool {
        self.state_file(key).exists()
    }

    /// Keeps what was learned; the state on the way there is no longer needed.
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

    /// Puts a record in place of one that is damaged, which is set aside; where that fails, everything is as it was.
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

    /// Sets a picture aside that cannot be read; `None` where there is none.
    pub(crate) fn set_picture_aside(&self, index: usize) -> Option<PathBuf> {
        files::set_aside(&self.pixels(index)).ok()
    }

    /// Sets items aside that cannot be read; `None` where there are none.
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

    /// Removes everything of a session; other files in the folder stay. The record goes first: without it there is no session.
    pub(crate) fn clear(&self) -> Result<()> {
        files::remove(&self.path.join(RECORD))?;
        let _ = fs::remove_dir_all(self.path.join(history::FOLDER));
        for entry in fs::read_dir(&self.path).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if is_ours(&name) {
                files::remove(&entry.path())?;
            }
        }
        Ok(())
    }

    /// Removes the folder, if nothing else is in it.
    pub(crate) fn remove(self) -> Result<()> {
        self.clear()?;
        files::remove(&self.path.join(".lock"))?;
        // What others put there stays.
        let _ = fs::remove_dir(&self.path);
        Ok(())
    }

    /// Bytes of everything but the revisions.
    pub(crate) fn bytes_beside_history(&self) -> u64 {
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

/// What lies in a folder.
pub(crate) enum Kept {
    Nothing,
    Session(Box<Record>),
    /// A record that cannot be understood.
    Damaged(Error),
    /// A record of another version.
    Foreign(Error),
}

/// Whether a file of a session is called like that. Users keep other things in folders of theirs, `picture.png` perhaps.
fn is_ours(name: &str) -> bool {
    const OURS: [(&str, &str); 8] = [
        (RECORD, ""),
        ("picture", ".pixels"),
        ("picture", ".icc"),
        ("reference", ".pixels"),
        ("reference", ".icc"),
        ("items-", ".gz"),
        ("learned-", ".safetensors"),
        ("learning-", ".safetensors"),
    ];
    let name = name.strip_suffix(files::DAMAGED).unwrap_or(name);
    let between = |(start, end)| name.strip_prefix(start).and_then(|rest: &str| rest.strip_suffix(end));
    // A key has no point.
    OURS.into_iter().any(|ours| between(ours).is_some_and(|key| !key.contains('.') && (key.is_empty() || ours.0.ends_with('-'))))
}

impl Record {
    /// Identifies what is learned: the pictures and their items. `None` as long as items are missing.
    pub(crate) fn learning_key(&self) -> Option<String> {
        let mut hash = Sha256::new();
        for picture in &self.pictures {
            hash.update(&picture.digest);
            hash.update(&picture.items.as_ref()?.key);
        }
        Some(hex(&hash.finalize()[..8]))
    }
}

/// A picture in memory.
#[derive(Debug, Clone)]
pub(crate) struct Loaded {
    pub(crate) image: Arc<Image>,
    pub(crate) profile: Option<Arc<Vec<u8>>>,
    pub(crate) items: Option<Arc<Segmentation>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_session_are_told_from_those_of_others() {
        for (name, ours) in [
            ("session.json", true),
            ("session.json.damaged", true),
            ("picture.pixels", true),
            ("reference.icc", true),
            ("items-0123abcd.gz", true),
            ("learned-0123abcd.safetensors.damaged", true),
            ("learning-0123abcd.safetensors", true),
            ("picture.png", false),
            ("picture-2.pixels", false),
            ("items-old.txt", false),
            ("items-of.mine.gz", false),
            ("my-session.json", false),
            ("learned.safetensors", false),
        ] {
            assert_eq!(is_ours(name), ours, "{name}");
        }
    }

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
        let revisions = folder.revisions();
        assert_eq!((revisions.entries.len(), revisions.last), (0, 7), "an unfinished revision never was, a damaged one was");
        assert!(!path.join("history/3").exists());
        assert!(Folder::take(path).unwrap_err().message().contains("another program"));
        folder.remove().unwrap();
        assert_eq!(fs::read_dir(path).unwrap().count(), 2, "what others put there stays");
    }
}
