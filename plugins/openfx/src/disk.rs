//! Edited frames on disk, for hosts that are restarted or render in another process.
//!
//! A file holds one as a frame of the protocol, whose reader checks every length, with a blob for each layer, followed by a digest. A damaged file counts
//! as missing.

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

use crate::layers::EditedFrame;
use crate::pixels::EditedRegion;

/// Environment variable with the folder; empty for none.
const VARIABLE: &str = "DEDIT_OPENFX_CACHE";
/// The most disk space, bytes.
const MOST: u64 = 4 << 30;
/// The tag of the protocol frame; changes with the format of the file.
const TAG: u32 = 1;
const ENDING: &str = "frame";

/// A folder of edited regions.
pub(crate) struct Folder {
    path: PathBuf,
    most: u64,
}

/// The folder of this user.
pub(crate) static RESULTS_ON_DISK: LazyLock<Option<Folder>> = LazyLock::new(|| usual().map(|path| Folder { path, most: MOST }));

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

    /// The region of a key; `None` where it is missing or damaged.
    pub(crate) fn read(&self, key: &str) -> Option<EditedFrame> {
        let path = self.file(key);
        let mut file = BufReader::new(File::open(&path).ok()?);
        let Some(edited) = read(&mut file, key) else {
            // Another process may have replaced it meanwhile; then that work is done again.
            let _ = fs::remove_file(&path);
            return None;
        };
        // The time of the last use, for `prune`.
        let _ = file.get_ref().set_modified(SystemTime::now());
        Some(edited)
    }

    /// Stores a region. A failure is ignored: the region is computed again next time.
    pub(crate) fn write(&self, key: &str, edited: &EditedFrame) {
        let _ = self.try_to_write(key, edited);
    }

    fn try_to_write(&self, key: &str, edited: &EditedFrame) -> io::Result<()> {
        fs::create_dir_all(&self.path)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.path)?;
        {
            let mut into = io::BufWriter::new(file.as_file_mut());
            frame(edited)?.write(&mut into)?;
            into.write_all(digest(edited, key).as_bytes())?;
            into.flush()?;
        }
        file.persist(self.file(key)).map_err(|error| error.error)?;
        self.prune()
    }

    /// Removes the least recently used files, down to three quarters of the limit.
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
            // Another process may have removed it.
            let _ = fs::remove_file(path);
            bytes = bytes.saturating_sub(length);
        }
        Ok(())
    }
}

/// Includes the key, so that a renamed file is not valid.
fn digest(edited: &EditedFrame, key: &str) -> String {
    let layers = edited.layers().map(|layer| {
        let Region { x, y, width, height } = layer.region;
        format!(" {x} {y} {width} {height} {}", layer.pixels.digest())
    });
    format!("{:x}", Sha256::digest(std::iter::once(key.to_owned()).chain(layers).collect::<String>()))
}

fn frame(edited: &EditedFrame) -> io::Result<Frame> {
    let mut head = Map::new();
    head.insert("region".to_owned(), serde_json::to_value(edited.region.region)?);
    if !edited.items.is_empty() {
        let items: Vec<_> = edited.items.iter().map(|item| item.region).collect();
        head.insert("items".to_owned(), serde_json::to_value(items)?);
    }
    Ok(Frame { tag: TAG, serial: 0, head, blobs: edited.layers().map(|layer| Blob::Pixels(layer.pixels.clone())).collect() })
}

fn read(from: &mut impl io::Read, key: &str) -> Option<EditedFrame> {
    let Frame { tag, mut head, blobs, .. } = Frame::read(from).ok()?;
    let mut stored = String::new();
    from.take(65).read_to_string(&mut stored).ok()?;
    let mut regions: Vec<Region> = vec![serde_json::from_value(head.remove("region")?).ok()?];
    if let Some(items) = head.remove("items") {
        regions.extend(serde_json::from_value::<Vec<Region>>(items).ok()?);
    }
    if regions.len() != blobs.len() {
        return None;
    }
    let layer = |(region, blob)| if let Blob::Pixels(pixels) = blob { Some(EditedRegion { region, pixels }) } else { None };
    let mut layers = regions.into_iter().zip(blobs).map(layer).collect::<Option<Vec<_>>>()?.into_iter();
    let edited = EditedFrame { region: layers.next()?, items: layers.collect() };
    (tag == TAG && stored == digest(&edited, key)).then_some(edited)
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

    fn layer(x: usize, channels: u8) -> EditedRegion {
        let samples = (0..5 * 4 * usize::from(channels)).map(|value| value as f32 / 7.0).collect();
        EditedRegion {
            region: Region { x, y: 1, width: 5, height: 4 },
            pixels: Pixels::new(5, 4, channels, Samples::F32(samples)).unwrap(),
        }
    }

    fn region() -> EditedFrame {
        EditedFrame { region: layer(3, 3), items: Vec::new() }
    }

    #[test]
    fn files_are_read_back_unless_they_are_damaged() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = folder_at(&scratch.path().join("deep/folder"), 1 << 20);
        assert_eq!(folder.read("a"), None);
        for edited in [region(), EditedFrame { items: vec![layer(1, 4), layer(2, 4)], ..region() }] {
            folder.write("a", &edited);
            assert_eq!(folder.read("a").as_ref(), Some(&edited));
            let file = folder.file("a");
            let whole = fs::read(&file).unwrap();
            fs::write(folder.file("b"), &whole).unwrap();
            assert_eq!(folder.read("b"), None, "the file of another key");
            for place in 0..whole.len() {
                for damaged in [whole[..place].to_vec(), [&whole[..place], &[whole[place] ^ 0x20], &whole[place + 1..]].concat()] {
                    fs::write(&file, &damaged).unwrap();
                    let read = folder.read("a");
                    // A change of white space in the head changes nothing.
                    assert!(read.is_none() || read.as_ref() == Some(&edited), "byte {place}");
                    assert!(read.is_some() || !file.exists(), "damaged files are removed");
                }
            }
        }
    }

    #[test]
    fn the_least_recently_used_files_are_removed() {
        let scratch = tempfile::tempdir().unwrap();
        let size = {
            let folder = folder_at(scratch.path(), 1 << 20);
            folder.write("a", &region());
            fs::metadata(folder.file("a")).unwrap().len()
        };
        let folder = folder_at(scratch.path(), 4 * size);
        for (age, key) in ["a", "b", "c", "d"].into_iter().enumerate() {
            folder.write(key, &region());
            let time = SystemTime::now() - Duration::from_secs(100 - age as u64);
            File::options().write(true).open(folder.file(key)).unwrap().set_modified(time).unwrap();
        }
        assert_eq!(folder.read("a"), Some(region()), "reading makes it the most recently used");
        folder.write("e", &region());
        assert_eq!(names(scratch.path()), ["a.frame", "d.frame", "e.frame"]);
    }
}
