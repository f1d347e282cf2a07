//! The models on this machine: files and folders of weights, each where it lies.

use std::collections::HashMap;
use std::fs;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use crate::header::{self, Contents};
use crate::kinds::{Family, Kind};
use crate::known::{self, Known};
use crate::places::{self, Place, Program};
use crate::surroundings::Surroundings;

/// How deep folders of models are nested.
const DEPTH: usize = 4;
/// Most entries of a folder that are looked at, against folders that hold something else.
const ENTRIES: usize = 4000;

/// A model on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its name: that of its file without the ending, or of its folder or repository.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// The models that it belongs to, where the file tells.
    pub family: Option<Family>,
    /// Whether it was trained to fill masked regions.
    pub inpainting: bool,
    /// The file, or the folder in the layout of diffusers.
    pub path: PathBuf,
    /// The program that keeps it.
    pub program: Program,
    /// Bytes on disk.
    pub bytes: u64,
    /// How it is broken, as a phrase.
    pub broken: Option<String>,
}

/// The contents of files that were read, with the size and time at which they were.
type Read = HashMap<PathBuf, (u64, Option<SystemTime>, Result<Contents, String>)>;

/// Looks for models, and remembers the headers that it has read.
#[derive(Debug, Default)]
pub(crate) struct Finder(Mutex<Read>);

impl Finder {
    /// All models of other programs, program by program.
    pub(crate) fn find(&self, around: &Surroundings) -> Vec<Found> {
        let mut found: Vec<Found> = places::of_programs(around).iter().flat_map(|place| self.in_place(place)).collect();
        found.extend(self.in_hub(&places::hub(around)));
        found
    }

    /// The models below a folder or file that a user has added.
    pub(crate) fn added(&self, path: &Path, around: &Surroundings) -> Vec<Found> {
        if path.is_dir() && !is_pipeline(path) {
            return places::of_added(path, around).iter().flat_map(|place| self.in_place(place)).collect();
        }
        self.model(path, &Place { program: Program::Added, kind: None, folder: path.to_path_buf() }).into_iter().collect()
    }

    fn in_place(&self, place: &Place) -> Vec<Found> {
        let mut found = Vec::new();
        self.walk(&place.folder, DEPTH, place, &mut found);
        found
    }

    fn walk(&self, folder: &Path, depth: usize, place: &Place, found: &mut Vec<Found>) {
        for path in entries(folder) {
            if path.is_dir() && !is_pipeline(&path) {
                if depth > 1 {
                    self.walk(&path, depth - 1, place, found);
                }
            } else {
                found.extend(self.model(&path, place));
            }
        }
    }

    /// The model of a file or folder; `None` for what is no model, or one that other programs alone use.
    pub(crate) fn model(&self, path: &Path, place: &Place) -> Option<Found> {
        let is_folder = path.is_dir();
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        let contents = match ending.as_deref() {
            _ if is_folder => self.pipeline(path),
            Some("safetensors") => self.read(path),
            Some("ckpt" | "pt" | "pth" | "bin") => {
                // They are not looked into; known ones are told by name and size.
                let is = |known: &&Known| matches!(known.files.as_slice(), [file] if file.is(path, size(path)));
                let known = || known::all().iter().find(is).map(|known| known.kind);
                place.kind.or_else(known).map_or(Ok(OTHER), |kind| archive(path, kind))
            }
            _ => return None,
        };
        let name = if is_folder { path.file_name() } else { path.file_stem() }?.to_string_lossy().into_owned();
        let bytes = size(path);
        let found = |kind, family, inpainting, broken| {
            Some(Found { name, kind, family, inpainting, path: path.to_path_buf(), program: place.program, bytes, broken })
        };
        match contents {
            Ok(Contents { kind: Some(kind), family, inpainting }) => found(kind, family, inpainting, None),
            Ok(Contents { kind: None, .. }) => None,
            Err(broken) => found(place.kind.unwrap_or(Kind::Checkpoint), None, false, Some(broken)),
        }
    }

    fn read(&self, path: &Path) -> Result<Contents, String> {
        let (bytes, time) = fs::metadata(path).map_or((0, None), |found| (found.len(), found.modified().ok()));
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((was, when, contents)) = known.get(path)
            && (*was, *when) == (bytes, time)
        {
            return contents.clone();
        }
        let contents = header::read(path);
        known.insert(path.to_path_buf(), (bytes, time, contents.clone()));
        contents
    }

    /// A folder in the layout of diffusers: each component of `model_index.json` that has weights has to be whole.
    fn pipeline(&self, folder: &Path) -> Result<Contents, String> {
        let index = fs::read(folder.join("model_index.json")).map_err(|error| format!("model_index.json cannot be read ({error})"))?;
        let index: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(&index).map_err(|error| format!("model_index.json is damaged ({error})"))?;
        let mut unet = None;
        for component in ["unet", "vae", "text_encoder", "text_encoder_2"] {
            let is_used =
                index.get(component).and_then(|value| value.as_array()).is_some_and(|names| names.iter().any(|name| !name.is_null()));
            if !is_used {
                continue;
            }
            let weights: Vec<PathBuf> = entries(&folder.join(component)).into_iter().filter(|path| is_safetensors(path)).collect();
            if weights.is_empty() {
                return Err(format!("{component} has no .safetensors file"));
            }
            for path in weights {
                let contents = self.read(&path).map_err(|broken| format!("{component}: {broken}"))?;
                unet = unet.or(Some(contents).filter(|_| component == "unet"));
            }
        }
        Ok(unet.unwrap_or(OTHER))
    }

    /// The Hugging Face cache: `models--ORG--REPO/snapshots/COMMIT`, of each repository the commit of its branch `main`, else the first.
    fn in_hub(&self, hub: &Path) -> Vec<Found> {
        let mut found = Vec::new();
        for repository in entries(hub) {
            let name = repository.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let Some(name) = name.strip_prefix("models--").and_then(|name| name.split("--").last()) else { continue };
            let snapshots = repository.join("snapshots");
            let main = fs::read_to_string(repository.join("refs/main")).ok().map(|commit| snapshots.join(commit.trim()));
            let Some(snapshot) = main.filter(|path| path.is_dir()).or_else(|| entries(&snapshots).into_iter().next()) else { continue };
            let place = Place { program: Program::HuggingFace, kind: None, folder: snapshot.clone() };
            if is_pipeline(&snapshot) {
                found.extend(self.model(&snapshot, &place).map(|model| Found { name: name.to_owned(), ..model }));
            } else {
                // Broken files of the cache may be anything: only what is told to be a model is listed.
                let models =
                    entries(&snapshot).into_iter().filter(|path| is_safetensors(path)).filter_map(|path| self.model(&path, &place));
                found.extend(models.filter(|model| model.broken.is_none()).map(|model| match model.name.as_str() {
                    "pytorch_lora_weights" | "diffusion_pytorch_model" => Found { name: name.to_owned(), ..model },
                    _ => model,
                }));
            }
        }
        found
    }
}

const OTHER: Contents = Contents { kind: None, family: None, inpainting: false };

/// Whether a folder has the layout of diffusers.
pub(crate) fn is_pipeline(folder: &Path) -> bool {
    folder.join("model_index.json").is_file()
}

fn is_safetensors(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("safetensors"))
}

/// The entries of a folder in the order of their names; none where it cannot be read. What begins with a dot is left out.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let shown = |path: &PathBuf| path.file_name().is_some_and(|name| !name.to_string_lossy().starts_with('.'));
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).filter(shown).take(ENTRIES).collect();
    entries.sort();
    entries
}

/// Bytes of a file, or of all files below a folder.
pub(crate) fn size(path: &Path) -> u64 {
    if path.is_dir() { entries(path).iter().map(|path| size(path)).sum() } else { fs::metadata(path).map_or(0, |found| found.len()) }
}

/// A file in PyTorch's own format, a zip archive: whole where it has its directory, which is at the end. The tensors are not looked at.
fn archive(path: &Path, kind: Kind) -> Result<Contents, String> {
    /// The directory's last record, without a comment.
    const END: usize = 22;
    let unreadable = |error: std::io::Error| format!("it cannot be read ({error})");
    let mut file = fs::File::open(path).map_err(unreadable)?;
    let mut start = [0; 4];
    let mut end = [0; END];
    let read = file.read(&mut start).map_err(unreadable)?;
    if start[..read].trim_ascii_start().starts_with(b"<") {
        return Err("it is a web page, saved in place of the file".to_owned());
    }
    let is_zip = start == *b"PK\x03\x04";
    let ends = file.seek(SeekFrom::End(-(END as i64))).and_then(|_| file.read_exact(&mut end)).is_ok() && end.starts_with(b"PK\x05\x06");
    if is_zip && !ends {
        return Err("it is cut off: its end is missing".to_owned());
    }
    Ok(Contents { kind: Some(kind), family: None, inpainting: false })
}
