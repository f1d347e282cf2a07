//! Masks of one item each.

use std::path::{Path, PathBuf};

use dedit_edit::{Image, ItemMask, Size};

use super::layer::{BACKGROUND, Layer, unreadable, wrong_size};
use super::npy::{self, Array};
use crate::error::{Error, ErrorKind, Result};
use crate::picture::Photo;

/// The masks of a folder, in the order of their names.
pub(super) fn folder(path: &Path, size: Size) -> Result<Vec<Layer>> {
    let entries = std::fs::read_dir(path).map_err(|error| unreadable(path, &error))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(|file| is_png(file) || npy::is_array(file)).collect();
    files.sort();
    if files.is_empty() {
        return Err(Error::new(ErrorKind::Input, "there is no PNG or .npy file in this folder")
            .at(path)
            .hint("put a mask for each item there"));
    }
    let name = |file: &PathBuf| file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    // The background is what is left over, whether there is a mask for it or not.
    let items = files.into_iter().filter(|file| name(file) != BACKGROUND);
    items.map(|file| Ok(Layer { name: name(&file), mask: mask(&file, size)?, file })).collect()
}

fn is_png(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png"))
}

/// `NAME=MASK.png`.
pub(super) fn named(place: &str, size: Size) -> Result<Layer> {
    let Some((name, file)) = place.split_once('=') else {
        return Err(Error::new(ErrorKind::Input, format!("'{place}' is neither a folder, a picture, an array nor NAME=MASK.png"))
            .hint("check the path"));
    };
    Ok(Layer { name: name.trim().to_owned(), mask: mask(Path::new(file), size)?, file: PathBuf::from(file) })
}

/// A mask from an array, or from a picture: its brightness; or its alpha where that says something, as in an item cut out on a transparent layer.
pub(crate) fn mask(path: &Path, size: Size) -> Result<ItemMask> {
    let mask = if npy::is_array(path) {
        mask_in_array(path)?
    } else {
        mask_of(&Photo::read(path, None)?.image).map_err(|error| error.at(path))?
    };
    if mask.size() == size { Ok(mask) } else { Err(wrong_size(path, "this mask is", mask.size(), size)) }
}

fn mask_of(image: &Image) -> dedit_edit::Result<ItemMask> {
    if image.channels().has_alpha() {
        let planes = image.planes()?;
        match planes.alpha() {
            Some(alpha) if alpha.iter().any(|alpha| *alpha < 1.0) => return ItemMask::new(image.size(), alpha.to_vec()),
            _ => {}
        }
    }
    ItemMask::from_image(image)
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
