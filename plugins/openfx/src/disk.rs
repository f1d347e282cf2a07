//! Results on disk: a host that is started again, or that renders in another process than it shows, need not wait again.
//!
//! A file holds a result as one frame of the protocol, which checks every length before it is believed, and a digest behind it. What is damaged is as good
//! as not there.

use std::env;
use std::fs::{self, File};
use std::io::{self, BufReader, Read as _, Write as _};
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::SystemTime;

use dedit_protocol::answer::Region;
use dedit_protocol::{Blob, Frame};
use serde_json::Map;
use sha2::{Digest as _, Sha256};

use crate::pixels::Made;

/// Names the folder; empty for none.
const VARIABLE: &str = "DEDIT_OPENFX_CACHE";
/// What it may hold, in bytes.
const MOST: u64 = 4 << 30;
/// Of what kind the frame in a file is; changes with what it means.
const TAG: u32 = 1;
const ENDING: &str = "frame";

/// A folder of results.
pub(crate) struct Folder {
    path: PathBuf,
    most: u64,
}

/// The usual one: beside what other programs keep for their user.
pub(crate) static KEPT: LazyLock<Option<Folder>> = LazyLock::new(|| usual().map(|path| Folder { path, most: MOST }));

fn usual() -> Option<PathBuf> {
    if let Some(named) = env::var_os(VARIABLE) {
        return Some(PathBuf::from(named)).filter(|path| path.is_absolute());
    }
    let folder = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let caches = folder("XDG_CACHE_HOME").or_else(|| folder("LOCALAPPDATA")).or_else(|| folder("HOME").map(|home| home.join(".cache")));
    Some(caches?.join("dedit").join("openfx"))
}

impl Folder {
    fn file(&self, key: &str) -> PathBuf {
        self.path.join(key).with_extension(ENDING)
    }

    /// A result; `None` where it is not there, or is not what was written.
    pub(crate) fn read(&self, key: &str) -> Option<Made> {
        let path = self.file(key);
        let mut file = BufReader::new(File::open(&path).ok()?);
        let Some(made) = read(&mut file, key) else {
            // Somebody else may have written it anew meanwhile: then it is made once more.
            let _ = fs::remove_file(&path);
            return None;
        };
        // Used now: it goes later.
        let _ = file.get_ref().set_modified(SystemTime::now());
        Some(made)
    }

    /// Keeps a result. Where that fails it is only slower the next time.
    pub(crate) fn write(&self, key: &str, made: &Made) {
        let _ = self.try_to_write(key, made);
    }

    fn try_to_write(&self, key: &str, made: &Made) -> io::Result<()> {
        fs::create_dir_all(&self.path)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.path)?;
        {
            let mut into = io::BufWriter::new(file.as_file_mut());
            frame(made)?.write(&mut into)?;
            into.write_all(digest(made, key).as_bytes())?;
            into.flush()?;
        }
        file.persist(self.file(key)).map_err(|error| error.error)?;
        self.prune()
    }

    /// Removes what was not used for long, down to three quarters of what is allowed.
    fn prune(&self) -> io::Result<()> {
        let mut files: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
        for entry in fs::read_dir(&self.path)?.flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|ending| ending == ENDING)
                && let Ok(found) = entry.metadata()
            {
                files.push((found.modified()?, found.len(), path));
            }
        }
        let mut bytes: u64 = files.iter().map(|(_, length, _)| length).sum();
        if bytes <= self.most {
            return Ok(());
        }
        files.sort_unstable();
        for (_, length, path) in files {
            if bytes <= self.most / 4 * 3 {
                break;
            }
            // Another host may have been faster.
            let _ = fs::remove_file(path);
            bytes = bytes.saturating_sub(length);
        }
        Ok(())
    }
}

/// Of what it is as well: a file that was renamed is another result's.
fn digest(made: &Made, key: &str) -> String {
    let Region { x, y, width, height } = made.region;
    format!("{:x}", Sha256::digest(format!("{key} {x} {y} {width} {height} {}", made.pixels.digest())))
}

fn frame(made: &Made) -> io::Result<Frame> {
    let mut head = Map::new();
    head.insert("region".to_owned(), serde_json::to_value(made.region)?);
    Ok(Frame { tag: TAG, serial: 0, head, blobs: vec![Blob::Pixels(made.pixels.clone())] })
}

fn read(from: &mut impl io::Read, key: &str) -> Option<Made> {
    let Frame { tag, mut head, blobs, .. } = Frame::read(from).ok()?;
    let mut told = String::new();
    from.take(65).read_to_string(&mut told).ok()?;
    let Some(Blob::Pixels(pixels)) = blobs.into_iter().next() else { return None };
    let region: Region = serde_json::from_value(head.remove("region")?).ok()?;
    let made = Made { region, pixels };
    (tag == TAG && told == digest(&made, key)).then_some(made)
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use dedit_protocol::{Pixels, Samples};

    use super::*;

    fn folder_at(path: &Path, most: u64) -> Folder {
        Folder { path: path.to_path_buf(), most }
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn made() -> Made {
        let samples = (0..5 * 4 * 3).map(|value| value as f32 / 7.0).collect();
        Made { region: Region { x: 3, y: 1, width: 5, height: 4 }, pixels: Pixels::new(5, 4, 3, Samples::F32(samples)).unwrap() }
    }

    #[test]
    fn what_is_written_is_read_and_what_is_damaged_is_not() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = folder_at(&scratch.path().join("deep/folder"), 1 << 20);
        assert_eq!(folder.read("a"), None);
        folder.write("a", &made());
        assert_eq!(folder.read("a"), Some(made()));
        let file = folder.file("a");
        let whole = fs::read(&file).unwrap();
        fs::write(folder.file("b"), &whole).unwrap();
        assert_eq!(folder.read("b"), None, "a result of another name");
        for place in 0..whole.len() {
            for damaged in [whole[..place].to_vec(), [&whole[..place], &[whole[place] ^ 0x20], &whole[place + 1..]].concat()] {
                fs::write(&file, &damaged).unwrap();
                let read = folder.read("a");
                // Of the head, where it is written and not what it says may differ.
                assert!(read.is_none() || read == Some(made()), "byte {place}");
                assert!(read.is_some() || !file.exists(), "what is damaged goes");
            }
        }
    }

    #[test]
    fn the_folder_does_not_grow_for_ever() {
        let scratch = tempfile::tempdir().unwrap();
        let size = {
            let folder = folder_at(scratch.path(), 1 << 20);
            folder.write("a", &made());
            fs::metadata(folder.file("a")).unwrap().len()
        };
        let folder = folder_at(scratch.path(), 4 * size);
        for (age, key) in ["a", "b", "c", "d"].into_iter().enumerate() {
            folder.write(key, &made());
            let time = SystemTime::now() - Duration::from_secs(100 - age as u64);
            File::options().write(true).open(folder.file(key)).unwrap().set_modified(time).unwrap();
        }
        assert_eq!(folder.read("a"), Some(made()), "which makes it the newest");
        folder.write("e", &made());
        assert_eq!(names(scratch.path()), ["a.frame", "d.frame", "e.frame"]);
    }
}
