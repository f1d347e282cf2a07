//! Label maps: for each pixel, row by row, the index of its item.

use std::collections::BTreeMap;

use dedit_client::Labels;
use sha2::{Digest as _, Sha256};

use crate::failure::{Failure, FailureKind, input};
use crate::masks::{BACKGROUND, MaskLabels};

/// Labels as bytes, to be hashed.
pub(crate) fn bytes(labels: &[u16]) -> Vec<u8> {
    labels.iter().flat_map(|label| label.to_le_bytes()).collect()
}

/// A digest of names and labels.
pub(crate) fn digest(labels: &Labels) -> String {
    let mut hasher = Sha256::new();
    hasher.update(labels.names.join("\n"));
    hasher.update(bytes(&labels.numbers));
    format!("{:x}", hasher.finalize())
}

/// The label map of a mask: its visible items, and the background for all other pixels. Sessions take no item without pixels.
pub(crate) fn of_mask(MaskLabels { mut names, labels }: MaskLabels) -> Labels {
    let count = names.len() as u16;
    names.push(BACKGROUND.to_owned());
    without_unseen(names, labels.into_iter().map(|label| if label == 0 { count } else { label - 1 }).collect())
}

fn without_unseen(names: Vec<String>, mut numbers: Vec<u16>) -> Labels {
    let mut seen = vec![false; names.len()];
    for number in &numbers {
        seen[usize::from(*number)] = true;
    }
    let mut indices = Vec::with_capacity(names.len());
    let mut kept = Vec::new();
    for (name, seen) in names.into_iter().zip(&seen) {
        indices.push(kept.len() as u16);
        if *seen {
            kept.push(name);
        }
    }
    for number in &mut numbers {
        *number = indices[usize::from(*number)];
    }
    // The names are those of colours or a placeholder: no words that describe items.
    Labels { names: kept, numbers, words: Some(BTreeMap::new()) }
}

/// One item inside a mask. Outside of it lie the session's `others`, as far as they are known, and the background.
pub(crate) fn of_one(inside: &[u16], item: u16, items: &[String], others: Option<&[u16]>) -> Vec<u16> {
    let background = background(items, Some(item));
    let other = |index: usize| others.and_then(|others| others.get(index)).copied().filter(|label| *label != item).unwrap_or(background);
    inside.iter().enumerate().map(|(index, inside)| if *inside == 1 { item } else { other(index) }).collect()
}

/// The items of a mask's colours, by their names in the session.
pub(crate) fn of_colours(mask: &MaskLabels, items: &[String]) -> Result<Vec<u16>, Failure> {
    let indices: Vec<u16> = mask.names.iter().map(|name| position(items, name)).collect::<Result<_, _>>()?;
    let background = background(items, None);
    Ok(mask.labels.iter().map(|label| if *label == 0 { background } else { indices[usize::from(*label) - 1] }).collect())
}

/// The item for pixels of no other item: the one called so, or else the last one other than `item`.
fn background(items: &[String], item: Option<u16>) -> u16 {
    let named = items.iter().position(|name| name == BACKGROUND);
    let last = (0..items.len()).rev().find(|index| item.is_none_or(|item| *index != usize::from(item)));
    named.or(last).unwrap_or(0) as u16
}

/// The index of an item.
pub(crate) fn position(items: &[String], name: &str) -> Result<u16, Failure> {
    let found = items.iter().position(|item| item == name);
    found.map(|index| index as u16).ok_or_else(|| unknown(items, name))
}

/// The name of an item that is given by its name, by its number from 1, or, where there is only one, by an empty text.
pub(crate) fn resolve(items: &[String], given: &str) -> Result<String, Failure> {
    if given.is_empty() {
        let mut things = items.iter().filter(|name| *name != BACKGROUND);
        return match (things.next(), things.next()) {
            (Some(only), None) => Ok(only.clone()),
            _ => Err(Failure::new(FailureKind::Usage, "it is not said which item").hint(format!("name one of: {}", listed(items)))),
        };
    }
    let numbered = || given.parse::<usize>().ok().and_then(|number| items.get(number.checked_sub(1)?));
    items.iter().find(|name| *name == given).or_else(numbered).cloned().ok_or_else(|| unknown(items, given))
}

fn unknown(items: &[String], name: &str) -> Failure {
    input(format!("there is no item '{name}'"), format!("there are: {}", listed(items)))
}

fn listed(items: &[String]) -> String {
    items.iter().enumerate().map(|(index, name)| format!("{} {name}", index + 1)).collect::<Vec<_>>().join(", ")
}

/// A label map at another size, by the nearest pixel: labels are not averaged.
pub(crate) fn scaled(labels: Vec<u16>, [width, height]: [u32; 2], size: (usize, usize)) -> Result<Vec<u16>, Failure> {
    let (width, height) = (width as usize, height as usize);
    if labels.len() != width * height || width == 0 || height == 0 {
        return Err(Failure::new(FailureKind::Internal, "the session's label map does not have the size of its picture"));
    }
    if (width, height) == size {
        return Ok(labels);
    }
    let column: Vec<usize> = (0..size.0).map(|x| (2 * x + 1) * width / (2 * size.0)).collect();
    let row = |y: usize| (2 * y + 1) * height / (2 * size.1);
    Ok((0..size.1).flat_map(|y| column.iter().map(move |x| (row(y), *x))).map(|(y, x)| labels[y * width + x]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn an_item_is_given_by_name_by_number_or_alone() {
        let (two, one) = (names(&["bag", "chair", "background"]), names(&["item", "background"]));
        for (items, given, expected) in [
            (&two, "chair", Ok("chair")),
            (&two, "1", Ok("bag")),
            (&two, "3", Ok("background")),
            (&one, "", Ok("item")),
            (&two, "", Err("which item")),
            (&two, "4", Err("no item '4'")),
            (&two, "0", Err("no item '0'")),
            (&two, "hat", Err("no item 'hat'")),
        ] {
            match (resolve(items, given), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{given}"),
                (Err(failure), Err(words)) => {
                    assert!(failure.to_string().contains(words) && failure.to_string().contains("1 bag"), "{failure}");
                }
                (found, _) => panic!("{given}: {found:?}"),
            }
        }
    }

    #[test]
    fn masks_become_labels_of_the_sessions_items() {
        let items = names(&["bag", "chair", "background"]);
        // The session has the bag on the left and the chair on the right; in the mask the bag is further right.
        assert_eq!(of_one(&[0, 1, 1, 0], 0, &items, Some(&[0, 0, 1, 1])), [2, 0, 0, 1]);
        assert_eq!(of_one(&[0, 1, 1, 0], 0, &items, None), [2, 0, 0, 2]);
        let colours = names(&["red", "blue", "background"]);
        let mask = MaskLabels { names: names(&["red", "blue"]), labels: vec![0, 1, 2, 2] };
        assert_eq!(of_colours(&mask, &colours).unwrap(), [2, 0, 1, 1]);
        let green = MaskLabels { names: names(&["green"]), labels: vec![1] };
        assert!(of_colours(&green, &colours).unwrap_err().message.contains("no item 'green'"));
    }

    #[test]
    fn items_without_pixels_are_left_out() {
        let labels = of_mask(MaskLabels { names: names(&["red", "blue"]), labels: vec![0, 2, 2, 0] });
        assert_eq!((labels.names, labels.numbers), (names(&["blue", "background"]), vec![1, 0, 0, 1]));
    }

    #[test]
    fn labels_are_scaled_without_averaging() {
        let labels = [0, 0, 7, 7, 0, 0, 7, 7];
        assert_eq!(scaled(labels.to_vec(), [4, 2], (2, 1)).unwrap(), [0, 7]);
        assert_eq!(scaled(labels.to_vec(), [4, 2], (8, 1)).unwrap(), [0, 0, 0, 0, 7, 7, 7, 7]);
        assert!(scaled(labels.to_vec(), [5, 2], (2, 1)).is_err());
    }
}
