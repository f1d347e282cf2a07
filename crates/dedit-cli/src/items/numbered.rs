//! Items that are numbers, of a label picture or an array, and the names they get.

use std::path::Path;

use dedit_edit::{ItemMask, Segmentation, Size};

use super::layer::{BACKGROUND, Layer, unreadable, wrong_size};
use crate::error::{Error, ErrorKind, Result};

/// The masks of an array, with their names.
pub(super) fn named_masks(path: &Path, names: &[String], size: Size, masks: Vec<Vec<f32>>) -> Result<Vec<Layer>> {
    let names = names_of(path, names)?;
    if !names.is_empty() && names.len() != masks.len() {
        let message = format!("{} masks were given {} names", masks.len(), names.len());
        return Err(Error::new(ErrorKind::Input, message).at(path).hint("name each mask"));
    }
    let name = |index: usize| names.get(index).cloned().unwrap_or_else(|| format!("item {index}"));
    let layer = |(index, values)| {
        let mask = ItemMask::new(size, values).map_err(|error| error.at(path))?;
        Ok(Layer { name: name(index), mask, file: path.to_path_buf() })
    };
    // The background is what is left over, whether there is a mask for it or not.
    masks.into_iter().enumerate().filter(|(index, _)| name(*index) != BACKGROUND).map(layer).collect()
}

/// Items from labels, which may leave numbers out.
pub(super) fn from_labels(path: &Path, names: &[String], found: Size, labels: &[u16], size: Size) -> Result<Segmentation> {
    if found != size {
        return Err(wrong_size(path, "these labels are on", found, size));
    }
    let mut is_present = vec![false; usize::from(u16::MAX) + 1];
    for label in labels {
        is_present[usize::from(*label)] = true;
    }
    let present: Vec<usize> = (0..is_present.len()).filter(|label| is_present[*label]).collect();
    let mut ranks = vec![0; is_present.len()];
    for (rank, label) in present.iter().enumerate() {
        ranks[*label] = rank as u16;
    }
    let names = names_of_labels(&present, names_of(path, names)?).map_err(|error| error.at(path))?;
    let ranked = labels.iter().map(|label| ranks[usize::from(*label)]).collect();
    Segmentation::from_labels(size, names, ranked).map_err(|error| error.at(path))
}

/// The name of each label that is there. With as many names as labels they belong together in their order; with names for all numbers, to the number.
fn names_of_labels(present: &[usize], names: Vec<String>) -> Result<Vec<String>> {
    let most = present.last().copied().unwrap_or(0);
    match names.len() {
        0 => Ok((0..present.len()).map(|rank| format!("item {rank}")).collect()),
        count if count == present.len() => Ok(names),
        count if count > most => Ok(present.iter().map(|label| names[*label].clone()).collect()),
        count => Err(Error::new(ErrorKind::Input, format!("there are {} labels, up to {most}, and {count} names", present.len()))
            .hint("name each label, in their order")),
    }
}

/// The names given, or those in the text file beside `path`.
pub(super) fn names_of(path: &Path, names: &[String]) -> Result<Vec<String>> {
    if !names.is_empty() {
        return Ok(names.to_vec());
    }
    let beside = [path.with_extension("txt"), path.with_file_name("names.txt")].into_iter().find(|file| file.is_file());
    let Some(file) = beside else { return Ok(Vec::new()) };
    let text = std::fs::read_to_string(&file).map_err(|error| unreadable(&file, &error))?;
    Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::names_of_labels;

    #[test]
    fn names_belong_to_labels_by_order_or_by_number() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        for (present, given, expected) in [
            (&[0, 128, 255][..], &[][..], Ok(names(&["item 0", "item 1", "item 2"]))),
            (&[0, 128, 255], &["wall", "bag", "table"], Ok(names(&["wall", "bag", "table"]))),
            (&[0, 2], &["wall", "bag", "table"], Ok(names(&["wall", "table"]))),
            (&[3], &["wall"], Ok(names(&["wall"]))),
            (
                &[0, 128, 255],
                &["wall", "bag"],
                Err("there are 3 labels, up to 255, and 2 names; name each label, in their order".to_owned()),
            ),
        ] {
            assert_eq!(names_of_labels(present, names(given)).map_err(|error| error.to_string()), expected, "{present:?} {given:?}");
        }
    }
}
