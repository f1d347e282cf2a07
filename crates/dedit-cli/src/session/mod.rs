//! A session on disk: what was learned of a picture, with the picture itself.
//!
//! `session.json` says what the rest is; `picture.*` and `reference.*` are the pictures, byte for byte; `labels.png` and `reference-labels.png` their
//! items; `learned.safetensors` what was learned; `learning.safetensors` the state of learning while it is under way, and `preview.png` how far it is;
//! `history.json` the edits. Every file is written under another name first, so that each is whole at any time.

mod lock;
mod record;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use dedit_diffusion::{Error, ErrorKind, Result};
use dedit_edit::{Channels, Image, Samples, Segmentation};
use dedit_engine::learning::LearningState;
use dedit_engine::{Learned, from_edit};
use serde_json::Value;

pub(crate) use self::lock::Lock;
pub(crate) use self::record::{Origin, State};
use self::record::{PictureRecord, Record};

use crate::console::Console;
use crate::learn::Outcome;
use crate::output;
use crate::picture::{Photo, encode, encode_image};
use crate::sheet::enlarged;

const VERSION: u32 = 1;
const RECORD: &str = "session.json";
const LEARNED: &str = "learned.safetensors";
const LEARNING: &str = "learning.safetensors";
const HISTORY: &str = "history.json";
const PREVIEW: &str = "preview.png";

/// A picture with its items.
#[derive(Debug, Clone)]
pub(crate) struct Picture {
    pub(crate) photo: Photo,
    pub(crate) items: Segmentation,
}

/// A session's folder.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) folder: PathBuf,
    pub(crate) record: Record,
}

impl Session {
    /// Begins a session in a folder that is there, over what it holds: copies the pictures, each with its file and items. Numbers of edits go on.
    pub(crate) fn create(folder: &Path, origin: &Origin<'_>, pictures: &[(&Path, &Picture)]) -> Result<Self> {
        let pictures = pictures.iter().zip(["picture", "reference"]);
        let pictures = pictures.map(|((path, picture), name)| copy(folder, path, picture, name)).collect::<Result<Vec<_>>>()?;
        let before = Self::open(folder).ok();
        let record = Record {
            version: VERSION,
            state: State::Learning,
            model: origin.model.to_path_buf(),
            fingerprint: origin.fingerprint.to_owned(),
            pictures,
            settings: origin.settings.clone(),
            outcome: None,
            revision: before.as_ref().map_or(0, |before| before.record.revision),
        };
        let session = Self { folder: folder.to_path_buf(), record };
        session.write_record()?;
        if let Some(before) = before {
            session.remove_copies_of(&before);
        }
        Ok(session)
    }

    /// Removes the pictures of the session that was here before, where this one has them under other names.
    fn remove_copies_of(&self, before: &Self) {
        let ours: Vec<&String> = self.record.pictures.iter().flat_map(PictureRecord::files).collect();
        for file in before.record.pictures.iter().flat_map(PictureRecord::files).filter(|file| !ours.contains(file)) {
            // A picture too many does no harm. A record from elsewhere may name anything: nothing outside the folder is touched.
            if Path::new(file).file_name() == Some(file.as_ref()) {
                let _ = fs::remove_file(self.folder.join(file));
            }
        }
    }

    /// Opens a folder.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        Ok(Self { folder: folder.to_path_buf(), record: read_record(folder)? })
    }

    /// The picture, or with `index` 1 the reference picture.
    pub(crate) fn picture(&self, index: usize) -> Result<Option<Picture>> {
        let Some(record) = self.record.pictures.get(index) else { return Ok(None) };
        let photo = Photo::read(&self.folder.join(&record.file))?;
        let path = self.folder.join(&record.labels);
        let labels = Photo::read(&path)?;
        let size = labels.image.size();
        let Samples::U16(labels) = labels.image.into_samples() else { return Err(damaged(&"8 bits", &path)) };
        let items = Segmentation::from_labels(size, record.names.clone(), labels).map_err(|error| from_edit(error).at(&path))?;
        items.check_picture(&photo.image).map_err(|error| from_edit(error).at(&path))?;
        Ok(Some(Picture { photo, items }))
    }

    /// What was learned, if learning has come to its end.
    pub(crate) fn learned(&self) -> Result<Option<Learned>> {
        let path = self.folder.join(LEARNED);
        match fs::read(&path) {
            Ok(bytes) => {
                Learned::from_bytes(&bytes).map(Some).map_err(|error| error.at(path).hint("learn the picture again with --restart"))
            }
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(cannot_read(&error, &path)),
        }
    }

    /// Keeps what was learned.
    pub(crate) fn keep_learned(&self, learned: &Learned) -> Result<()> {
        output::write(&self.folder.join(LEARNED), &learned.to_bytes()?)
    }

    /// Notes that learning has come to its end, unless that is noted; the state on the way there is no longer needed.
    pub(crate) fn settle(&mut self, outcome: &Outcome) -> Result<()> {
        if self.record.state == State::Learning {
            self.update(|record| (record.state, record.outcome) = (State::Learned, Some(outcome.clone())))?;
        }
        let _ = fs::remove_file(self.folder.join(LEARNING));
        Ok(())
    }

    /// Keeps the state of learning.
    pub(crate) fn keep_state(&self, state: &LearningState) -> Result<()> {
        output::write(&self.folder.join(LEARNING), &state.to_bytes()?)
    }

    /// Keeps a preview of what is learned, large enough to be looked at; says where.
    pub(crate) fn keep_preview(&self, preview: &Image) -> Result<PathBuf> {
        let file = self.folder.join(PREVIEW);
        output::write(&file, &encode(&enlarged(preview)?, &[])?)?;
        Ok(file)
    }

    /// Counts an edit and adds its entry to the history; gives its number.
    pub(crate) fn add_to_history(&mut self, mut entry: Value, console: &Console) -> Result<u64> {
        let _lock = Lock::wait(&self.folder);
        let path = self.folder.join(HISTORY);
        let mut entries: Vec<Value> = match fs::read(&path).ok().map(|bytes| serde_json::from_slice(&bytes)) {
            Some(Ok(entries)) => entries,
            Some(Err(_)) => {
                let aside = set_aside(&path)?;
                console.note(format!("the history was damaged and is set aside; another one begins: {}", aside.display()));
                Vec::new()
            }
            None => Vec::new(),
        };
        self.record = read_record(&self.folder)?;
        self.record.revision += 1;
        entry["revision"] = self.record.revision.into();
        entries.push(entry);
        output::write(&path, format!("{:#}\n", Value::Array(entries)).as_bytes())?;
        self.write_record()?;
        Ok(self.record.revision)
    }

    /// Changes the record as it is now: another process may have counted edits since it was read.
    fn update(&mut self, change: impl FnOnce(&mut Record)) -> Result<()> {
        let _lock = Lock::wait(&self.folder);
        self.record = read_record(&self.folder)?;
        change(&mut self.record);
        self.write_record()
    }

    fn write_record(&self) -> Result<()> {
        let text = serde_json::to_string_pretty(&self.record);
        let text = text.map_err(|error| Error::new(ErrorKind::Internal, format!("a session makes no JSON ({error})")))?;
        output::write(&self.folder.join(RECORD), format!("{text}\n").as_bytes())
    }
}

/// What a folder's record says now.
fn read_record(folder: &Path) -> Result<Record> {
    let path = folder.join(RECORD);
    let bytes = fs::read(&path).map_err(|_| {
        Error::usage("there is no session here").at(folder).hint("learn a picture first: dedit learn PICTURE --items … --session DIR")
    })?;
    let record: Record = serde_json::from_slice(&bytes).map_err(|error| damaged(&error, &path))?;
    if record.version != VERSION || record.pictures.is_empty() || record.pictures.len() > 2 {
        return Err(damaged(&format!("version {}, {} pictures", record.version, record.pictures.len()), &path));
    }
    Ok(record)
}

/// Copies a picture, byte for byte, and its items to a session's folder.
fn copy(folder: &Path, path: &Path, picture: &Picture, name: &str) -> Result<PictureRecord> {
    let extension = path.extension().map_or_else(|| "png".to_owned(), |extension| extension.to_string_lossy().to_lowercase());
    let labels = if name == "picture" { "labels.png".to_owned() } else { format!("{name}-labels.png") };
    let record = PictureRecord {
        source: output::file_name(path),
        file: format!("{name}.{extension}"),
        labels,
        names: picture.items.names().to_vec(),
    };
    let bytes = fs::read(path).map_err(|error| cannot_read(&error, path))?;
    output::write(&folder.join(&record.file), &bytes)?;
    output::write(&folder.join(&record.labels), &labels_png(&picture.items)?)?;
    Ok(record)
}

/// The state of learning that is kept in a folder. A damaged one is set aside under another name, which comes back instead.
pub(crate) fn kept_state(folder: &Path) -> Result<(Option<LearningState>, Option<PathBuf>)> {
    let path = folder.join(LEARNING);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if is_absent(&error) => return Ok((None, None)),
        Err(error) => return Err(cannot_read(&error, &path)),
    };
    if let Ok(state) = LearningState::from_bytes(&bytes) {
        return Ok((Some(state), None));
    }
    Ok((None, Some(set_aside(&path)?)))
}

/// Renames what is damaged, and says to what.
fn set_aside(path: &Path) -> Result<PathBuf> {
    let aside = path.with_extension("damaged");
    fs::rename(path, &aside).map_err(|error| cannot_read(&error, path))?;
    Ok(aside)
}

/// Forgets what was learned in a folder, and what was on the way.
pub(crate) fn forget(folder: &Path) -> Result<()> {
    for name in [LEARNING, LEARNED] {
        match fs::remove_file(folder.join(name)) {
            Err(error) if !is_absent(&error) => return Err(cannot_read(&error, &folder.join(name))),
            _ => {}
        }
    }
    Ok(())
}

/// Items as a 16-bit grey PNG file of their numbers.
pub(crate) fn labels_png(items: &Segmentation) -> Result<Vec<u8>> {
    let image = Image::new(items.size(), Channels::Grey, Samples::U16(items.labels().to_vec())).map_err(from_edit)?;
    encode_image(&image, None, &[])
}

/// Whether a file is not there; nor can it be, below something that is no folder.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn cannot_read(error: &io::Error, path: &Path) -> Error {
    Error::new(ErrorKind::Input, format!("this cannot be read ({error})")).at(path).hint("check the path and its permissions")
}

fn damaged(reason: &dyn std::fmt::Display, path: &Path) -> Error {
    Error::new(ErrorKind::Input, format!("this session is damaged ({reason})")).at(path).hint("learn the picture again with --restart")
}
