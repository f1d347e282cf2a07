//! Where items come from: a folder of masks, a label picture, an array file, or masks by name.

mod labels;
mod npy;

use std::path::{Path, PathBuf};

use clap::Args;
use dedit_diffusion::{Error, ErrorKind, Result};
use dedit_edit::{ItemMask, Segmentation, Size};
use dedit_engine::from_edit;

use crate::picture::Photo;

/// What no mask covers.
const BACKGROUND: &str = "background";

/// Masks of a picture.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ItemFiles {
    /// The items' masks: a folder of PNG files named as the items, a label picture (grey or with a palette; see --names), a .npy array (items × height ×
    /// width, or height × width of labels), or NAME=MASK.png, given again for each item. Of masks that overlap the first lies in front; what none
    /// covers is the item 'background'
    #[arg(long, value_name = "WHERE")]
    pub(crate) items: Vec<String>,
    /// Names for the labels of a label picture or the masks of an array, in order; else those in a .txt file of the same name beside it, a line each
    #[arg(long, value_name = "A,B,…", value_delimiter = ',')]
    pub(crate) names: Vec<String>,
}

impl ItemFiles {
    /// The items of a picture of this size.
    pub(crate) fn read(&self, size: Size) -> Result<Segmentation> {
        read(&self.items, &self.names, size)
    }
}

/// Reads the items that `places` say.
pub(crate) fn read(places: &[String], names: &[String], size: Size) -> Result<Segmentation> {
    let masks = match places {
        [] => return Err(Error::usage("no items were given").hint("name a folder of masks, a label picture or masks with --items")),
        [one] if Path::new(one).is_dir() => folder(Path::new(one), size)?,
        [one] if is(one, "npy") && Path::new(one).exists() => {
            let bytes = std::fs::read(one).map_err(|error| unreadable(one, &error))?;
            match npy::parse(&bytes).map_err(|reason| Error::new(ErrorKind::Input, reason).at(one))? {
                npy::Array::Masks { size: found, masks } => named_masks(&names_beside(one, names)?, found, masks)?,
                npy::Array::Labels { size: found, labels } => return from_labels(one, names, found, &labels, size),
            }
        }
        [one] if Path::new(one).is_file() => {
            let (found, labels) = labels::read(Path::new(one))?;
            return from_labels(one, names, found, &labels, size);
        }
        several => several.iter().map(|place| named(place, size)).collect::<Result<_>>()?,
    };
    Segmentation::from_masks(size, &masks, BACKGROUND).map_err(from_edit)
}

/// A mask from a picture: its brightness, or its alpha where it has some.
pub(crate) fn mask(path: &Path, size: Size) -> Result<ItemMask> {
    let mask = Photo::read(path).and_then(|photo| ItemMask::from_image(&photo.image).map_err(|error| from_edit(error).at(path)))?;
    if mask.size() != size {
        let message = format!("this mask is {}, and the picture is {size}", mask.size());
        return Err(Error::new(ErrorKind::Input, message).at(path).hint("give a mask of the picture's size"));
    }
    Ok(mask)
}

fn is(name: &str, extension: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
}

fn unreadable(place: &str, error: &std::io::Error) -> Error {
    Error::new(ErrorKind::Input, format!("this cannot be read ({error})")).at(place).hint("check the path")
}

/// Every picture of a folder, in the order of their names.
fn folder(path: &Path, size: Size) -> Result<Vec<(String, ItemMask)>> {
    let entries = std::fs::read_dir(path).map_err(|error| unreadable(&path.to_string_lossy(), &error))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(|file| is(&file.to_string_lossy(), "png")).collect();
    files.sort();
    if files.is_empty() {
        return Err(Error::new(ErrorKind::Input, "there is no PNG file in this folder").at(path).hint("put a mask for each item there"));
    }
    // The background is what is left over, whether there is a mask for it or not.
    let name = |file: &PathBuf| file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    files.iter().filter(|file| name(file) != BACKGROUND).map(|file| Ok((name(file), mask(file, size)?))).collect()
}

/// `NAME=MASK.png`.
fn named(place: &str, size: Size) -> Result<(String, ItemMask)> {
    let Some((name, file)) = place.split_once('=') else {
        return Err(Error::new(ErrorKind::Input, format!("'{place}' is neither a folder, a picture, an array nor NAME=MASK.png"))
            .hint("check the path"));
    };
    Ok((name.trim().to_owned(), mask(Path::new(file), size)?))
}

/// The names given, or those in the text file beside `place`.
fn names_beside(place: &str, names: &[String]) -> Result<Vec<String>> {
    if !names.is_empty() {
        return Ok(names.to_vec());
    }
    let place = Path::new(place);
    let beside = [place.with_extension("txt"), place.with_file_name("names.txt")].into_iter().find(|file| file.is_file());
    let Some(file) = beside else { return Ok(Vec::new()) };
    let text = std::fs::read_to_string(&file).map_err(|error| unreadable(&file.to_string_lossy(), &error))?;
    Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

fn named_masks(names: &[String], size: Size, masks: Vec<Vec<f32>>) -> Result<Vec<(String, ItemMask)>> {
    if !names.is_empty() && names.len() != masks.len() {
        return Err(Error::new(ErrorKind::Input, format!("{} masks were given {} names", masks.len(), names.len())).hint("name each mask"));
    }
    let name = |index: usize| names.get(index).cloned().unwrap_or_else(|| format!("item {index}"));
    let named = masks.into_iter().enumerate().map(|(index, values)| Ok((name(index), ItemMask::new(size, values).map_err(from_edit)?)));
    named.filter(|named| !named.as_ref().is_ok_and(|(name, _)| name == BACKGROUND)).collect()
}

/// Items from labels, which may leave numbers out. A name belongs to the label of its number where there are names for all numbers, and else to the
/// label of its rank.
fn from_labels(place: &str, names: &[String], found: Size, labels: &[u16], size: Size) -> Result<Segmentation> {
    if found != size {
        let message = format!("these labels are on {found}, and the picture is {size}");
        return Err(Error::new(ErrorKind::Input, message).at(place).hint("give labels of the picture's size"));
    }
    let names = names_beside(place, names)?;
    let mut present = labels.to_vec();
    present.sort_unstable();
    present.dedup();
    let most = usize::from(present.last().copied().unwrap_or(0));
    let name = |rank: usize, label: u16| match names.len() {
        0 if label == 0 => Ok(BACKGROUND.to_owned()),
        0 => Ok(format!("item {label}")),
        count if count == present.len() => Ok(names[rank].clone()),
        count if count > most => Ok(names[usize::from(label)].clone()),
        count => Err(Error::new(ErrorKind::Input, format!("there are {} labels, up to {most}, and {count} names", present.len()))
            .at(place)
            .hint("name each label, in their order")),
    };
    let found_names = present.iter().enumerate().map(|(rank, label)| name(rank, *label)).collect::<Result<_>>()?;
    let ranks = labels.iter().map(|label| present.binary_search(label).unwrap_or(0) as u16).collect();
    Segmentation::from_labels(size, found_names, ranks).map_err(|error| from_edit(error).at(place))
}
