//! A session on disk: what was learned of a picture, with the picture itself.
//!
//! `session.json` says what the rest is; `picture.*` and `reference.*` are the pictures, byte for byte; `labels.png` and `reference-labels.png` their
//! items; `learned.safetensors` what was learned; `learning.safetensors` the state of learning while it is under way; `history.json` the edits. Every
//! file is written under another name first, so that each is whole at any time.

use std::fs;
use std::path::{Path, PathBuf};

use dedit_diffusion::{Error, ErrorKind, Result};
use dedit_edit::{Channels, Image, Samples, Segmentation};
use dedit_engine::learning::LearningState;
use dedit_engine::{Learned, from_edit};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::output;
use crate::picture::{Photo, encode_image};

const VERSION: u32 = 1;
const RECORD: &str = "session.json";
const LEARNED: &str = "learned.safetensors";
const LEARNING: &str = "learning.safetensors";
const HISTORY: &str = "history.json";

/// What `session.json` holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    version: u32,
    /// The model's path, as it was given.
    pub(crate) model: PathBuf,
    /// The picture, then the reference picture if there is one.
    pub(crate) pictures: Vec<PictureRecord>,
    /// Edits done so far.
    pub(crate) revision: u64,
}

/// A picture of a session.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PictureRecord {
    file: String,
    labels: String,
    names: Vec<String>,
}

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
    /// Begins a session in a folder, over what is there: copies the pictures, each with its file and items.
    pub(crate) fn create(folder: &Path, model: &Path, pictures: &[(&Path, &Picture)]) -> Result<Self> {
        output::create_folder(folder)?;
        let mut records = Vec::new();
        for ((path, picture), name) in pictures.iter().zip(["picture", "reference"]) {
            let extension = path.extension().map_or_else(|| "png".to_owned(), |extension| extension.to_string_lossy().to_lowercase());
            let labels = if name == "picture" { "labels.png".to_owned() } else { format!("{name}-labels.png") };
            let record = PictureRecord { file: format!("{name}.{extension}"), labels, names: picture.items.names().to_vec() };
            let bytes = fs::read(path).map_err(|error| cannot_read(&error, path))?;
            output::write(&folder.join(&record.file), &bytes)?;
            output::write(&folder.join(&record.labels), &labels_png(&picture.items)?)?;
            records.push(record);
        }
        let record = Record { version: VERSION, model: model.to_path_buf(), pictures: records, revision: 0 };
        let session = Self { folder: folder.to_path_buf(), record };
        session.write_record()?;
        Ok(session)
    }

    /// Opens a folder.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let path = folder.join(RECORD);
        let bytes = fs::read(&path).map_err(|_| {
            Error::usage("there is no session here").at(folder).hint("learn a picture first: dedit learn PICTURE --items … --session DIR")
        })?;
        let record: Record = serde_json::from_slice(&bytes).map_err(|error| damaged(&error, &path))?;
        if record.version != VERSION || record.pictures.is_empty() || record.pictures.len() > 2 {
            return Err(damaged(&format!("version {}, {} pictures", record.version, record.pictures.len()), &path));
        }
        Ok(Self { folder: folder.to_path_buf(), record })
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
            Ok(bytes) => Learned::from_bytes(&bytes).map(Some).map_err(|error| error.at(path)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(cannot_read(&error, &path)),
        }
    }

    /// Keeps what was learned; the state on the way there is no longer needed. Gives its size in bytes.
    pub(crate) fn keep_learned(&self, learned: &Learned) -> Result<usize> {
        let bytes = learned.to_bytes()?;
        output::write(&self.folder.join(LEARNED), &bytes)?;
        let _ = fs::remove_file(self.folder.join(LEARNING));
        Ok(bytes.len())
    }

    /// Keeps the state of learning.
    pub(crate) fn keep_state(&self, state: &LearningState) -> Result<()> {
        output::write(&self.folder.join(LEARNING), &state.to_bytes()?)
    }

    /// Keeps a preview of what is learned.
    pub(crate) fn keep_preview(&self, preview: &Image) -> Result<()> {
        output::write(&self.folder.join("preview.png"), &encode_image(preview, None, &[])?)
    }

    /// Does an edit's revision: writes its entry and gives its number.
    pub(crate) fn add_to_history(&mut self, mut entry: Value) -> Result<u64> {
        let path = self.folder.join(HISTORY);
        let mut entries: Vec<Value> = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| damaged(&error, &path))?,
            Err(_) => Vec::new(),
        };
        self.record.revision += 1;
        entry["revision"] = self.record.revision.into();
        entries.push(entry);
        output::write(&path, format!("{:#}\n", Value::Array(entries)).as_bytes())?;
        self.write_record()?;
        Ok(self.record.revision)
    }

    fn write_record(&self) -> Result<()> {
        let text = serde_json::to_string_pretty(&self.record);
        let text = text.map_err(|error| Error::new(ErrorKind::Internal, format!("a session makes no JSON ({error})")))?;
        output::write(&self.folder.join(RECORD), format!("{text}\n").as_bytes())
    }
}

/// The state of learning that is kept in a folder. A damaged one is set aside under another name, which comes back instead.
pub(crate) fn kept_state(folder: &Path) -> Result<(Option<LearningState>, Option<PathBuf>)> {
    let path = folder.join(LEARNING);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((None, None)),
        Err(error) => return Err(cannot_read(&error, &path)),
    };
    if let Ok(state) = LearningState::from_bytes(&bytes) {
        return Ok((Some(state), None));
    }
    let aside = path.with_extension("damaged");
    fs::rename(&path, &aside).map_err(|error| cannot_read(&error, &path))?;
    Ok((None, Some(aside)))
}

/// Forgets what was learned in a folder, and what was on the way.
pub(crate) fn forget(folder: &Path) -> Result<()> {
    for name in [LEARNING, LEARNED] {
        match fs::remove_file(folder.join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(cannot_read(&error, &folder.join(name))),
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

fn cannot_read(error: &std::io::Error, path: &Path) -> Error {
    Error::new(ErrorKind::Input, format!("this cannot be read ({error})")).at(path).hint("check the path and its permissions")
}

fn damaged(reason: &dyn std::fmt::Display, path: &Path) -> Error {
    Error::new(ErrorKind::Input, format!("this session is damaged ({reason})")).at(path).hint("learn the picture again with --restart")
}
