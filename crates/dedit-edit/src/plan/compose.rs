//! From a draft to the label map, and from the label map to the region that may change.

use crate::distance::fill_nearest;
use crate::edit::Fit;
use crate::error::{Error, Result};
use crate::geometry::Rect;
use crate::mask::ItemMask;
use crate::mask::parts::apart;
use crate::plan::draft::{Draft, Scope, Shape};
use crate::plan::{Change, ChangeKind, Margin, PlanSettings};
use crate::prompt::ItemPrompt;
use crate::segmentation::Segmentation;

/// The label of a pixel that no item has yet.
const VACANT: u16 = u16::MAX;

impl Draft<'_> {
    /// The item of every pixel after the edits: items whose shape changes leave their pixels; these go to a named item or to the nearest whose shape
    /// stays; then the new shapes are painted, the last edit first; then items with new prompts get the room that `fit` gives them.
    pub(super) fn compose(&self, fit: Fit) -> Result<Vec<u16>> {
        let size = self.before.size();
        if let Scope::Scene(item) = self.scope {
            return Ok(vec![item as u16; size.pixels()]);
        }
        if fit == Fit::Exact && !self.moves() {
            return Ok(self.before.labels().to_vec());
        }
        let mut labels = self.left_behind();
        // Before the painting, so that no moved item grows back over the place it left.
        fill_nearest(size, &mut labels, |label| label == VACANT, |label| self.is_kept(label));
        for (item, mask) in self.painted() {
            for (_, label) in labels.iter_mut().enumerate().filter(|(index, _)| mask.is_inside(*index)) {
                *label = item as u16;
            }
        }
        if labels.contains(&VACANT) {
            self.check_others_remain()?;
            fill_nearest(size, &mut labels, |label| label == VACANT, |label| label != VACANT);
        }
        self.give_room(&mut labels, fit)?;
        self.check_none_vanished(&labels)?;
        Ok(labels)
    }

    /// Whether any item's shape changes.
    fn moves(&self) -> bool {
        self.shapes.iter().any(|shape| !matches!(shape, Shape::Kept))
    }

    /// The label map without the items whose shape changes.
    fn left_behind(&self) -> Vec<u16> {
        let left = |label: &u16| match &self.shapes[usize::from(*label)] {
            Shape::Kept => *label,
            Shape::Gone { into } | Shape::New { into, .. } => into.map_or(VACANT, |into| into as u16),
        };
        self.before.labels().iter().map(left).collect()
    }

    fn is_kept(&self, label: u16) -> bool {
        self.shapes.get(usize::from(label)).is_some_and(|shape| matches!(shape, Shape::Kept))
    }

    /// The items with a new shape, those of the last edit first.
    fn painted(&self) -> impl Iterator<Item = (usize, &ItemMask)> {
        self.done.iter().rev().filter_map(|(item, kind)| match (&self.shapes[*item], kind) {
            (Shape::New { mask, .. }, ChangeKind::Moved(_) | ChangeKind::Reshaped) => Some((*item, mask)),
            _ => None,
        })
    }

    fn check_others_remain(&self) -> Result<()> {
        let mut remaining = (0..self.shapes.len()).filter(|item| !matches!(self.shapes[*item], Shape::Gone { .. }));
        let (Some(item), None) = (remaining.next(), remaining.next()) else { return Ok(()) };
        let message = format!("item '{}' is the only one left, and no other can take the pixels it leaves", self.before.names()[item]);
        Err(Error::usage(message).hint("keep one item in its place, such as the background"))
    }

    fn check_none_vanished(&self, labels: &[u16]) -> Result<()> {
        let owns = owners(labels, self.shapes.len());
        let lost = (0..owns.len()).find(|item| !owns[*item] && !matches!(self.shapes[*item], Shape::Gone { .. }));
        let Some(item) = lost else { return Ok(()) };
        let home = match &self.shapes[item] {
            Shape::New { mask, .. } => (0..labels.len()).find(|index| mask.is_inside(*index)),
            _ => (0..labels.len()).find(|index| self.before.owns(item, *index)),
        };
        let name = |item: usize| &self.before.names()[item];
        let cover = home.map_or(item, |index| usize::from(labels[index]));
        let message = format!("item '{}' would vanish: '{}' covers it", name(item), name(cover));
        Err(Error::usage(message).hint(format!("leave room for '{0}', put its edit first, or remove '{0}' too", name(item))))
    }

    /// How far each pixel may change.
    pub(super) fn change(&self, labels: &[u16], settings: &PlanSettings) -> Result<ItemMask> {
        let size = self.before.size();
        if matches!(self.scope, Scope::Whole | Scope::Scene(_)) {
            return Ok(ItemMask::full(size));
        }
        let on = |(is, was): (&u16, &u16)| f32::from(u8::from(is != was || self.regenerated[usize::from(*is)]));
        let mut active = ItemMask { size, values: labels.iter().zip(self.before.labels()).map(on).collect() };
        if self.moves() {
            active = active.union(&self.margins(labels, settings.margin)?)?;
        }
        if let Scope::Regions(mask) = &self.scope {
            active = active.union(&mask.threshold(1.0))?;
        }
        let mut soft = settings.ring.around(&active)?;
        let others = if settings.others_kept { self.others(labels) } else { Vec::new() };
        if others.contains(&true) {
            soft = ItemMask::generate(size, |index| if others[usize::from(labels[index])] { 0.0 } else { soft.values()[index] });
        }
        let mut change = active;
        for (value, soft) in change.values.iter_mut().zip(&soft.values) {
            *value = value.max(*soft);
        }
        match &self.scope {
            Scope::Regions(mask) => change.union(mask),
            _ => Ok(change),
        }
    }

    /// The surroundings of what leaves or moves, where it was and where it will be, as far as they belong to items that take the pixels it leaves.
    fn margins(&self, labels: &[u16], margin: Margin) -> Result<ItemMask> {
        let size = self.before.size();
        let mut margins = ItemMask::empty(size);
        if matches!(margin, Margin::Share(0.0) | Margin::Pixels(0.0)) {
            return Ok(margins);
        }
        let mut taken = vec![0_usize; self.shapes.len()];
        for (_, is) in self.before.labels().iter().zip(labels).filter(|(was, is)| was != is && !self.is_kept(**was) && self.is_kept(**is)) {
            taken[usize::from(*is)] += 1;
        }
        // An item that gets a few pixels, because it stood close, has nothing behind what left.
        let all: usize = taken.iter().sum();
        let takes: Vec<bool> = taken.iter().map(|pixels| *pixels > 0 && pixels * 4 >= all).collect();
        for item in (0..self.shapes.len()).filter(|item| !self.is_kept(*item as u16)) {
            let after = ItemMask::generate(size, |index| f32::from(u8::from(usize::from(labels[index]) == item)));
            for mask in [self.before.mask(item), after] {
                // Each of its distant parts has surroundings of its own.
                let width = |rect: Rect| margin.width(((rect.width.pow(2) + rect.height.pow(2)) as f64).sqrt());
                let reach = |rect: Rect| rect.grown(width(rect).ceil() as usize + 1, size);
                for part in apart(mask.parts(), reach) {
                    let around = reach(part);
                    margins.raise(around, &mask.crop(around)?.grow(width(part))?)?;
                }
            }
        }
        Ok(ItemMask::generate(size, |index| if takes[usize::from(labels[index])] { margins.values()[index] } else { 0.0 }))
    }

    /// Which items no edit concerns: they are not named, neither get nor lose pixels, and do not lie behind the others.
    fn others(&self, labels: &[u16]) -> Vec<bool> {
        let areas = self.before.areas();
        let behind = (0..areas.len()).max_by_key(|item| areas[*item]);
        let mut others: Vec<bool> = (0..self.shapes.len()).map(|item| Some(item) != behind).collect();
        for (item, _) in &self.done {
            others[*item] = false;
        }
        if labels != self.before.labels() {
            for (was, is) in self.before.labels().iter().zip(labels).filter(|(was, is)| was != is) {
                others[usize::from(*was)] = false;
                others[usize::from(*is)] = false;
            }
        }
        others
    }

    /// What happens to which item.
    pub(super) fn changes(&self, labels: &[u16]) -> Vec<Change> {
        let mut adjusted = vec![false; self.shapes.len()];
        let is_other = labels != self.before.labels();
        if is_other {
            for (was, is) in self.before.labels().iter().zip(labels).filter(|(was, is)| was != is) {
                adjusted[usize::from(*was)] = true;
                adjusted[usize::from(*is)] = true;
            }
        }
        let named: Vec<usize> = self.done.iter().map(|(item, _)| *item).collect();
        let follow = (0..adjusted.len()).filter(|item| adjusted[*item] && !named.contains(item)).map(|item| (item, ChangeKind::Adjusted));
        let before = self.before.bounding_boxes();
        let after = if is_other {
            Rect::around_each(self.before.size(), labels, self.shapes.len())
        } else {
            before.iter().copied().map(Some).collect()
        };
        let change = |(item, kind): (usize, ChangeKind)| {
            let item_name = self.before.names()[item].clone();
            Change { item: item_name, kind, before: before[item], after: after[item] }
        };
        self.done.iter().copied().chain(follow).map(change).collect()
    }

    /// The items that own pixels, renumbered, with their prompts.
    pub(super) fn finish(self, mut labels: Vec<u16>) -> Result<(Segmentation, Vec<ItemPrompt>)> {
        if labels == self.before.labels() {
            return Ok((self.before.clone(), self.prompts));
        }
        let owns = owners(&labels, self.shapes.len());
        if owns.contains(&false) {
            let numbers: Vec<u16> = (0..owns.len()).map(|item| owns[..item].iter().filter(|owns| **owns).count() as u16).collect();
            for label in &mut labels {
                *label = numbers[usize::from(*label)];
            }
        }
        let named = self.before.names().iter().zip(self.prompts).zip(owns).filter(|(_, owns)| *owns);
        let (names, prompts) = named.map(|((name, prompt), _)| (name.clone(), prompt)).unzip();
        Ok((Segmentation::from_labels(self.before.size(), names, labels)?, prompts))
    }
}

/// Which labels there are.
fn owners(labels: &[u16], count: usize) -> Vec<bool> {
    let mut owns = vec![false; count];
    // Labels come in runs.
    for run in labels.chunk_by(|one, next| one == next) {
        owns[usize::from(run[0])] = true;
    }
    owns
}
