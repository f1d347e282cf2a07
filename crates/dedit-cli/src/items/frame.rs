//! The places of a session's items in a frame of a film. A label picture numbers them as the session does: items may be missing in a frame, so the rank of a
//! number among those that occur would mean another item.

use std::ffi::OsString;
use std::path::Path;

use dedit_edit::{Segmentation, Size};

use super::layer::{BACKGROUND, Layer, wrong_size};
use super::npy::Array;
use super::numbered::named_masks;
use super::places::{Found, layered, look};
use super::reading::Reading;
use crate::error::{Error, ErrorKind, Result};
use crate::format::listed;

/// For each pixel, the index of its item among the session's `own` names.
pub(crate) fn of_frame(places: &[OsString], own: &[String], reading: &Reading) -> Result<Vec<u16>> {
    let size = reading.size;
    let layers = match look(places, own, reading)? {
        Found::Layers(layers) => layers,
        Found::Array(path, Array::Labels { size: found, labels }) => return by_number(path, own, (found, labels), size),
        Found::Array(path, Array::Masks { size: found, masks }) => named_masks(path, &names_of(path, own, masks.len())?, found, masks)?,
    };
    by_name(places, own, layers, size)
}

/// From masks, by their names. An item whose mask is empty or covered by others is not in the frame.
fn by_name(places: &[OsString], own: &[String], layers: Vec<Layer>, size: Size) -> Result<Vec<u16>> {
    let number = |name: &String| own.iter().position(|known| known == name).map(|number| number as u16);
    if let Some(stranger) = layers.iter().find(|layer| number(&layer.name).is_none()) {
        let message = format!("the session has no item '{}', which this frame has", stranger.name);
        let hint = format!("give the places of its own: {}", listed(own));
        return Err(Error::new(ErrorKind::Input, message).at(&stranger.file).hint(hint));
    }
    let found = layered(size, layers, Segmentation::from_masks_in_part)?;
    // All masks are of known items: only the background can be unknown.
    let numbers = found.names().iter().map(number).collect::<Option<Vec<u16>>>().ok_or_else(|| {
        Error::new(ErrorKind::Input, "some pixels of the frame belong to no item of the session")
            .at(listed(places.iter().map(|place| place.to_string_lossy())))
            .hint(format!("cover them, or learn with a {BACKGROUND}"))
    })?;
    Ok(found.labels().iter().map(|label| numbers[usize::from(*label)]).collect())
}

/// From labels, by their numbers.
fn by_number(path: &Path, own: &[String], (found, labels): (Size, Vec<u16>), size: Size) -> Result<Vec<u16>> {
    if found != size {
        return Err(wrong_size(path, "these labels are on", found, size));
    }
    let Some(index) = labels.iter().position(|label| usize::from(*label) >= own.len()) else { return Ok(labels) };
    let (x, y) = size.position(index);
    let message = format!("pixel ({x}, {y}) has the number {}, and the session's items have 0 to {}", labels[index], own.len() - 1);
    let numbered = listed(own.iter().enumerate().map(|(number, name)| format!("{number} {name}")));
    Err(Error::new(ErrorKind::Input, message).at(path).hint(format!("number each pixel by its item: {numbered}")))
}

/// The names of an array's masks. The last may be left out if it is the background, which is what no mask covers.
fn names_of(path: &Path, own: &[String], masks: usize) -> Result<Vec<String>> {
    match own {
        own if own.len() == masks => Ok(own.to_vec()),
        [own @ .., last] if own.len() == masks && last == BACKGROUND => Ok(own.to_vec()),
        own => Err(Error::new(ErrorKind::Input, format!("this array has {masks} masks, and the session {} items", own.len()))
            .at(path)
            .hint(format!("give one for each, in their order: {}", listed(own)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn labels_are_the_numbers_of_items_whichever_are_missing() {
        let (own, size, path) = (names(&["ball", "box", "background"]), Size::new(3, 1).unwrap(), Path::new("labels"));
        for (labels, says) in [
            (vec![0, 1, 2], ""),
            (vec![2, 0, 2], ""),
            (vec![1, 1, 1], ""),
            (
                vec![0, 3, 1],
                "pixel (1, 0) has the number 3, and the session's items have 0 to 2: labels; number each pixel by its item: 0 ball",
            ),
            (vec![0, 128, 255], "the number 128"),
        ] {
            match by_number(path, &own, (size, labels.clone()), size) {
                Ok(numbers) => assert_eq!((numbers, says), (labels, "")),
                Err(error) => assert!(!says.is_empty() && error.to_string().contains(says), "{error}"),
            }
        }
        assert!(by_number(path, &own, (size, vec![0; 3]), Size::new(1, 3).unwrap()).is_err());
    }

    #[test]
    fn an_array_need_have_no_mask_of_the_background() {
        for (own, masks, expected) in [
            (&["ball", "box", "background"][..], 3, Some(3)),
            (&["ball", "box", "background"], 2, Some(2)),
            (&["ball", "background", "box"], 2, None),
            (&["ball", "box"], 2, Some(2)),
            (&["ball", "box"], 1, None),
            (&["ball", "box", "background"], 4, None),
            (&["ball", "box", "background"], 1, None),
        ] {
            let own = names(own);
            let found = names_of(Path::new("array"), &own, masks).ok();
            assert_eq!(found, expected.map(|count| own[..count].to_vec()), "{own:?} {masks}");
        }
    }
}
