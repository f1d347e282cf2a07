//! Which item a selection means, and what a picture's items become when masks are added to them. The hosts only send masks; they all get the same answers.

use dedit_edit::{Error, ItemMask, Result, Segmentation};

/// The name of what no mask covers.
pub(crate) const BACKGROUND: &str = "background";
/// The name of an item that was selected without being given a name. It lasts until something else is selected.
pub(crate) const SELECTION: &str = "selection";

/// Intersection over union from which a selection means a known item.
const SAME_ITEM: f64 = 0.9;
/// Width in pixels from which a soft edge is more than anti-aliasing.
const SOFT_EDGE: f64 = 3.0;

/// The item that is meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// Its name.
    pub item: String,
    /// Whether the picture has this item; else the selection has to become it.
    pub is_known: bool,
    /// Width of the selection's soft edge in pixels, where the selection decided and its edge is soft.
    pub ring: Option<f64>,
}

/// The names of the items, without the background.
pub(crate) fn names(items: &Segmentation) -> impl Iterator<Item = &str> {
    items.names().iter().map(String::as_str).filter(|name| *name != BACKGROUND)
}

/// The item that a selection and a name mean; the name may be empty. With `prefer_name` a known item of that name is meant whatever is selected.
///
/// # Errors
/// `Input` where nothing is selected; `Usage` where no item has the name.
pub(crate) fn choose(items: Option<&Segmentation>, selection: Option<&ItemMask>, name: &str, prefer_name: bool) -> Result<Choice> {
    let is_item = name == BACKGROUND || items.is_some_and(|items| names(items).any(|known| known == name));
    if prefer_name && is_item {
        return Ok(Choice { item: name.to_owned(), is_known: true, ring: None });
    }
    let Some(selection) = selection else {
        return Err(if prefer_name && !name.is_empty() { unknown(items, name) } else { nothing_selected(items) });
    };
    let ring = soft_edge(selection);
    let unnamed = name.is_empty() || name == SELECTION;
    if unnamed && let Some(known) = items.and_then(|items| matching(items, selection)) {
        return Ok(Choice { item: known.to_owned(), is_known: true, ring });
    }
    let item = if unnamed { SELECTION.to_owned() } else { unused_name(name, &[]) };
    Ok(Choice { item, is_known: false, ring })
}

fn nothing_selected(items: Option<&Segmentation>) -> Error {
    let listed = items.map(|items| names(items).collect::<Vec<_>>().join(", ")).filter(|listed| !listed.is_empty());
    Error::input("nothing is selected").hint(match listed {
        Some(listed) => format!("select the thing that is meant, or name an item: {listed}"),
        None => "select the thing that is meant, or set the picture's items first".to_owned(),
    })
}

fn unknown(items: Option<&Segmentation>, name: &str) -> Error {
    let none = || Error::usage(format!("there is no item '{name}'")).hint("select it, or give it a mask");
    items.map_or_else(none, |items| items.item(name).err().unwrap_or_else(none))
}

/// The known item that a selection covers; where several overlap it, the one with the largest intersection over union. An item that was itself only
/// selected is meant by exactly that selection alone.
fn matching<'i>(items: &'i Segmentation, selection: &ItemMask) -> Option<&'i str> {
    if selection.size() != items.size() {
        return None;
    }
    let areas = items.areas();
    let mut both = vec![0_usize; areas.len()];
    let mut selected = 0;
    for (label, _) in items.labels().iter().zip(selection.values()).filter(|(_, value)| **value >= 0.5) {
        both[usize::from(*label)] += 1;
        selected += 1;
    }
    let overlap = |item: usize| both[item] as f64 / (selected + areas[item] - both[item]).max(1) as f64;
    let candidates = items.names().iter().enumerate().filter(|(_, name)| *name != BACKGROUND);
    let (share, name) = candidates.map(|(item, name)| (overlap(item), name)).max_by(|a, b| a.0.total_cmp(&b.0))?;
    (share >= if name == SELECTION { 1.0 } else { SAME_ITEM }).then_some(name)
}

/// The width of a mask's soft edge in pixels: soft pixels per pixel of outline. `None` below [`SOFT_EDGE`].
pub(crate) fn soft_edge(mask: &ItemMask) -> Option<f64> {
    let (values, width) = (mask.values(), mask.size().width());
    let soft = values.iter().filter(|value| **value > 0.02 && **value < 0.98).count();
    let is_in = |index: usize| values[index] >= 0.5;
    let edges = |index: usize| {
        let right = !(index + 1).is_multiple_of(width) && is_in(index) != is_in(index + 1);
        let below = index + width < values.len() && is_in(index) != is_in(index + width);
        right || below
    };
    let outline = (0..values.len()).filter(|index| edges(*index)).count();
    let width = soft as f64 / outline.max(1) as f64;
    (width >= SOFT_EDGE).then_some(width)
}

/// Items from masks, the first in front. With `behind`, the pixels that no mask covers stay with the items they belong to, apart from items of the same
/// names and from an earlier selection, which become background; items of which no pixel is left are dropped.
///
/// # Errors
/// `Input` where a mask is empty, lies behind others everywhere, or is not of the picture's size.
pub(crate) fn layered(masks: &[(String, ItemMask)], behind: Option<&Segmentation>) -> Result<Segmentation> {
    let Some((_, first)) = masks.first() else { return Err(Error::input("there is no mask").hint("send at least one")) };
    let size = behind.map_or(first.size(), Segmentation::size);
    let front = Segmentation::from_masks(size, masks, BACKGROUND)?;
    let Some(behind) = behind else { return Ok(front) };
    let mut names: Vec<String> = masks.iter().map(|(name, _)| name.clone()).collect();
    let background = names.len();
    names.push(BACKGROUND.to_owned());
    let numbers = behind.names().iter().map(|name| {
        if name == SELECTION || names[..=background].contains(name) {
            return background;
        }
        names.push(name.clone());
        names.len() - 1
    });
    let numbers: Vec<u16> = numbers.collect::<Vec<_>>().into_iter().map(|number| number as u16).collect();
    let pixels = front.labels().iter().zip(behind.labels());
    let labels = pixels.map(|(front, behind)| if usize::from(*front) == background { numbers[usize::from(*behind)] } else { *front });
    Segmentation::from_labels_in_part(size, names, labels.collect())
}

/// The items without an earlier selection; `None` where there are no others.
pub(crate) fn without_selection(items: &Segmentation) -> Option<Segmentation> {
    let mut names = items.names().to_vec();
    let background = names.iter().position(|name| name == BACKGROUND).unwrap_or(names.len());
    if background == names.len() {
        names.push(BACKGROUND.to_owned());
    }
    let is_selection = |label: u16| items.names()[usize::from(label)] == SELECTION;
    let labels = items.labels().iter().map(|label| if is_selection(*label) { background as u16 } else { *label }).collect();
    let kept = Segmentation::from_labels_in_part(items.size(), names, labels).ok()?;
    let has_items = self::names(&kept).next().is_some();
    has_items.then_some(kept)
}

/// Whether two segmentations give every pixel to an item of the same name.
pub(crate) fn are_same(one: &Segmentation, other: &Segmentation) -> bool {
    let number = |name: &String| other.names().iter().position(|known| known == name);
    if one.size() != other.size() || one.names().len() != other.names().len() {
        return false;
    }
    let Some(numbers) = one.names().iter().map(number).collect::<Option<Vec<usize>>>() else { return false };
    one.labels().iter().zip(other.labels()).all(|(one, other)| numbers[usize::from(*one)] == usize::from(*other))
}

/// A valid item name that none of `taken` is: without colons, control characters and superfluous spaces, and with a number behind it where need be.
pub(crate) fn unused_name(name: &str, taken: &[String]) -> String {
    let plain: String = name.chars().map(|letter| if letter == ':' || letter.is_control() { ' ' } else { letter }).collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    let name = if words.is_empty() { "item".to_owned() } else { words.join(" ") };
    let is_taken = |name: &String| [BACKGROUND, SELECTION].contains(&name.as_str()) || taken.contains(name);
    let numbered = (2_u64..).map(|number| format!("{name} {number}"));
    std::iter::once(name.clone()).chain(numbered).find(|name| !is_taken(name)).unwrap_or(name)
}

#[cfg(test)]
mod tests;
