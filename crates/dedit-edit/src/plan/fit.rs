//! The room that new content gets beyond its item's outline.

use crate::edit::Fit;
use crate::error::Result;
use crate::geometry::Rect;
use crate::mask::ItemMask;
use crate::plan::ChangeKind;
use crate::plan::draft::Draft;

/// The share of the bounding box that other foreground items may own where [`Fit::Auto`] takes the box.
const MOST_OF_OTHERS: f64 = 0.1;
/// Letters of the shortest word that names a kind of thing.
const SHORTEST_WORD: usize = 3;

impl Draft<'_> {
    /// Gives items with a new prompt more room, at the cost of items that no edit names; the earlier edit chooses first.
    pub(super) fn give_room(&self, labels: &mut [u16], fit: Fit) -> Result<()> {
        if fit == Fit::Exact {
            return Ok(());
        }
        let edited: Vec<u16> = self.done.iter().map(|(item, _)| *item as u16).collect();
        for (item, _) in self.done.iter().filter(|(_, kind)| *kind == ChangeKind::Prompt) {
            let (size, label) = (self.before.size(), *item as u16);
            let own = ItemMask::generate(size, |index| f32::from(u8::from(labels[index] == label)));
            let Some(bounds) = own.bounding_box() else { continue };
            let chosen = if fit == Fit::Auto { self.chosen(*item, bounds, labels) } else { fit };
            let room = match chosen {
                Fit::Exact | Fit::Auto => continue,
                Fit::Box => ItemMask::from_fn(size, |x, y| bounds.contains(x, y)),
                Fit::Loose => own.grow(((bounds.width.pow(2) + bounds.height.pow(2)) as f64).sqrt() / 10.0)?,
            };
            for (index, label) in labels.iter_mut().enumerate() {
                if room.is_inside(index) && !edited.contains(label) {
                    *label = *item as u16;
                }
            }
        }
        Ok(())
    }

    /// The fit of an item under [`Fit::Auto`]. Only what is replaced by words gets room: the same kind of thing (its name is among the words, as `bag` in
    /// `a white handbag`) roughly its outline, another kind its box, unless other items than the background own more of that than a tenth.
    fn chosen(&self, item: usize, bounds: Rect, labels: &[u16]) -> Fit {
        let Some(words) = &self.replaced_by[item] else { return Fit::Exact };
        if is_same_kind(&self.before.names()[item], words) {
            return Fit::Loose;
        }
        let areas = self.before.areas();
        let background = (0..areas.len()).max_by_key(|other| areas[*other]).unwrap_or(item);
        let width = self.before.size().width();
        let is_of_others = |index: usize| usize::from(labels[index]) != item && usize::from(labels[index]) != background;
        let inside = (0..labels.len()).filter(|index| bounds.contains(index % width, index / width));
        let others = inside.filter(|index| is_of_others(*index)).count();
        let area = (bounds.width * bounds.height) as f64;
        if others as f64 <= MOST_OF_OTHERS * area { Fit::Box } else { Fit::Loose }
    }
}

/// Whether words describe the kind of thing that a name says: the name's last word is in them, be it as part of a longer one.
fn is_same_kind(name: &str, words: &str) -> bool {
    let (name, words) = (name.to_lowercase(), words.to_lowercase());
    let kind = name.split(|letter: char| !letter.is_alphanumeric()).rfind(|word| word.chars().count() >= SHORTEST_WORD);
    kind.is_some_and(|kind| words.contains(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_a_thing_is_the_last_word_of_its_name() {
        for (name, words, same) in [
            ("bag", "a white handbag", true),
            ("Red Mug", "a blue mug", true),
            ("red mug", "a red cube", false),
            ("mug", "a duck", false),
            ("selection", "a cat", false),
            ("item 3", "a cat", false),
            ("ab", "a cab", false),
        ] {
            assert_eq!(is_same_kind(name, words), same, "{name}: {words}");
        }
    }
}
