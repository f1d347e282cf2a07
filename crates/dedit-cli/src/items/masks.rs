//! Masks of one item each.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use dedit_edit::ItemMask;
use image::ImageFormat;

use super::layer::{BACKGROUND, Layer, unreadable, wrong_size};
use super::npy::{self, Array};
use super::reading::Reading;
use crate::error::{Error, ErrorKind, Result};
use crate::format::listed;
use crate::output::file_name;

/// The masks of a folder, in the order of their names.
pub(super) fn folder(path: &Path, reading: &Reading) -> Result<Vec<Layer>> {
    let entries = std::fs::read_dir(path).map_err(|error| unreadable(path, &error))?;
    let is_mask = |file: &PathBuf| is_picture(file) || npy::is_array(file);
    let (mut files, others): (Vec<PathBuf>, Vec<PathBuf>) = entries.flatten().map(|entry| entry.path()).partition(is_mask);
    files.sort();
    let unread: Vec<String> = others.iter().filter(|file| !is_quiet(file)).map(|file| file_name(file)).collect();
    if !unread.is_empty() {
        reading.note(path, &format!("not read, since no masks are in such files: {}", listed(&unread)));
    }
    if files.is_empty() {
        return Err(Error::new(ErrorKind::Input, "there is no picture and no .npy file in this folder")
            .at(path)
            .hint("put a mask for each item there"));
    }
    let name = |file: &PathBuf| file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    // The background is what is left over, whether there is a mask for it or not.
    let items = files.into_iter().filter(|file| name(file) != BACKGROUND);
    items.map(|file| Ok(Layer { name: name(&file), mask: mask(&file, reading)?, file })).collect()
}

/// Whether a file's name is that of a picture.
pub(super) fn is_picture(path: &Path) -> bool {
    ImageFormat::from_path(path).is_ok_and(|format| format.reading_enabled())
}

/// Names of items, and what file managers put everywhere.
fn is_quiet(path: &Path) -> bool {
    let name = file_name(path);
    name.starts_with('.') || path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("txt")) || name == "Thumbs.db"
}

/// `NAME=MASK.png`.
pub(super) fn named(place: &OsStr, reading: &Reading) -> Result<Layer> {
    let Some((name, file)) = split(place) else {
        let place = place.to_string_lossy();
        return Err(Error::new(ErrorKind::Input, format!("'{place}' is neither a folder, a picture, an array nor NAME=MASK.png"))
            .hint("check the path"));
    };
    Ok(Layer { name: name.trim().to_owned(), mask: mask(&file, reading)?, file })
}

/// The name before the first `=`, and the file behind it, whose name need not be text.
fn split(place: &OsStr) -> Option<(String, PathBuf)> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt as _;
        let bytes = place.as_bytes();
        let at = bytes.iter().position(|byte| *byte == b'=')?;
        let name = String::from_utf8(bytes[..at].to_vec()).ok()?;
        Some((name, PathBuf::from(OsStr::from_bytes(&bytes[at + 1..]))))
    }
    #[cfg(not(unix))]
    place.to_str()?.split_once('=').map(|(name, file)| (name.to_owned(), PathBuf::from(file)))
}

/// A mask from an array, or from a picture.
pub(crate) fn mask(path: &Path, reading: &Reading) -> Result<ItemMask> {
    let mask = if npy::is_array(path) { reading.inverted(mask_in_array(path)?) } else { reading.mask(path)? };
    if mask.size() == reading.size { Ok(mask) } else { Err(wrong_size(path, "this mask is", mask.size(), reading.size)) }
}

/// The only mask of an array; in one of height × width, every number but 0 is inside.
fn mask_in_array(path: &Path) -> Result<ItemMask> {
    let (size, values) = match npy::read(path)? {
        Array::Labels { size, labels } => (size, labels.into_iter().map(|label| f32::from(label.min(1))).collect()),
        Array::Masks { size, mut masks } => match (masks.pop(), masks.is_empty()) {
            (Some(mask), true) => (size, mask),
            _ => return Err(Error::new(ErrorKind::Input, "this array holds several masks").at(path).hint("give it alone, with --names")),
        },
    };
    ItemMask::new(size, values).map_err(|error| error.at(path))
}
