//! What edits come to, before anything is computed: new masks, prompts, regions.
//!
//! [`EditPlan::new`] reads the edits one by one into a draft (which item gets which shape and prompt), composes the draft into a
//! label map, and derives from it which pixels may change.

mod compose;
mod draft;
mod fit;
mod picture;

pub use picture::item_colour;

use std::collections::BTreeMap;

use dedit_schema::defaults;

use crate::edit::{Edit, Fit};
use crate::error::{Error, Result};
use crate::geometry::{Placement, Point, Rect, Size};
use crate::image::Planes;
use crate::mask::ItemMask;
use crate::mask::parts::apart;
use crate::prompt::{ItemPrompt, ItemRef};
use crate::segmentation::Segmentation;
use crate::sides::Sides;
use draft::Draft;

/// The soft ring around the active region, whose pixels change the less the farther out they lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ring {
    /// [`ItemMask::ring`] of this width, pixels.
    Distance(f64),
    /// [`ItemMask::ring_of_shifted_copies`] with this shift, pixels, at the value one half: for comparisons with the published implementation.
    ShiftedCopies(usize),
}

impl Ring {
    /// Its width, pixels.
    pub fn width(self) -> f64 {
        match self {
            Self::Distance(width) => width,
            Self::ShiftedCopies(shift) => shift as f64,
        }
    }

    /// The ring around an active region, with values between 0 and 1 outside of it.
    fn around(self, active: &ItemMask) -> Result<ItemMask> {
        match self {
            Self::Distance(width) => active.ring(width),
            // One half stands for on: one would make the ring part of the active region.
            Self::ShiftedCopies(width) => {
                let copies = active.ring_of_shifted_copies(width);
                Ok(ItemMask::generate(active.size(), |index| copies.values()[index] / 2.0))
            }
        }
    }
}

/// How far around what leaves or moves its surroundings are generated again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Margin {
    /// A share of the diagonal of its bounding box.
    Share(f64),
    /// Pixels.
    Pixels(f64),
}

impl Margin {
    /// Its width for a bounding box with this diagonal, both in pixels.
    fn width(self, diagonal: f64) -> f64 {
        match self {
            Self::Share(share) => diagonal * share,
            Self::Pixels(pixels) => pixels,
        }
    }
}

/// What holds for a whole plan.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanSettings {
    /// How closely new content keeps to its item's shape.
    pub fit: Fit,
    /// The soft ring.
    pub ring: Ring,
    /// How far around what leaves or moves everything is generated again too, shadows and reflections lie there. Only items that take its place give pixels for it.
    pub margin: Margin,
    /// Whether items that no edit concerns keep every pixel, also where the ring would reach over them. What lies behind the others, the item with
    /// the most pixels, does not count as one.
    pub others_kept: bool,
    /// Names of items to generate again besides those the edits touch.
    pub also: Vec<String>,
}

impl Default for PlanSettings {
    /// As published: exact fit, no margin, a ring of 20 pixels (the published implementation uses 10 to 40) that reaches over everything; nothing
    /// besides.
    fn default() -> Self {
        Self { fit: Fit::Exact, ring: Ring::Distance(defaults::FEATHER), margin: Margin::Share(0.0), others_kept: false, also: Vec::new() }
    }
}

impl PlanSettings {
    /// What suits a picture of this size: a ring that is narrower in a small one, room for shadows, and other items untouched.
    pub fn for_size(size: Size) -> Self {
        let shorter = size.width().min(size.height()) as f64;
        let ring = Ring::Distance((shorter * defaults::FEATHER_SHARE).ceil().min(defaults::FEATHER));
        Self { ring, margin: Margin::Share(defaults::MARGIN), others_kept: true, ..Self::default() }
    }
}

/// What happens to an item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ChangeKind {
    /// It gets another prompt.
    Prompt,
    /// It is transformed about its centre.
    Moved(Placement),
    /// It gets another outline: a given one, or that of the item it swaps places with.
    Reshaped,
    /// It goes away.
    Removed,
    /// It is generated again as it is.
    Regenerated,
    /// No edit names it; it gains or loses pixels by edits of others.
    Adjusted,
}

/// A change to one item. An item that is moved and gets a prompt has two.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The item's name.
    pub item: String,
    /// What happens.
    pub kind: ChangeKind,
    /// Where the item was.
    pub before: Rect,
    /// Where it will be; `None` when it goes away.
    pub after: Option<Rect>,
}

/// The edits of one picture, worked out.
#[derive(Debug, Clone, PartialEq)]
pub struct EditPlan {
    before: Segmentation,
    after: Segmentation,
    prompts: Vec<ItemPrompt>,
    change: ItemMask,
    changes: Vec<Change>,
    sides: Option<Sides>,
    ring: Ring,
}

impl EditPlan {
    /// Works out the edits on a segmented picture. With [`Fit::Auto`] what is replaced by words gets room beyond its outline: roughly its outline where
    /// the words name the same kind of thing (`a white handbag` for `bag`), else its bounding box, unless items other than the background own more
    /// than a tenth of that; everything else keeps its outline.
    ///
    /// Of several, the earlier lies in front where they meet. `reference` gives the items that
    /// [`ItemRef::reference`] names.
    ///
    /// A plan to [expand](Edit::Expand) is one for the larger canvas: its items, masks and regions have the size of that one, and the picture it is
    /// carried out on is [`Image::expanded`](crate::Image::expanded) by its [`sides`](Self::sides).
    ///
    /// Fails, naming the item, when a name is unknown, two edits contradict each other, an item leaves the picture, shrinks to nothing or is covered
    /// whole by another, or no item is left to take vacated pixels.
    pub fn new(before: &Segmentation, reference: Option<&Segmentation>, edits: &[Edit], settings: &PlanSettings) -> Result<Self> {
        let (grown, sides) = match edits {
            [Edit::Expand { sides, vacated }] => (Some(before.expanded(*sides, vacated.receiver())?), Some(*sides)),
            _ => (None, None),
        };
        let before = grown.as_ref().unwrap_or(before);
        let mut draft = Draft::new(before, reference, edits)?;
        draft.regenerate(&settings.also)?;
        let labels = draft.compose(settings.fit)?;
        let change = draft.change(&labels, settings)?;
        let changes = draft.changes(&labels);
        let (after, prompts) = draft.finish(labels)?;
        Ok(Self { before: before.clone(), after, prompts, change, changes, sides, ring: settings.ring })
    }

    /// A plan from regions that were worked out elsewhere: items before and after, the prompt of each of the latter, and how far each pixel may change.
    pub fn from_parts(before: Segmentation, after: Segmentation, prompts: Vec<ItemPrompt>, change: ItemMask) -> Result<Self> {
        change.check_size(before.size())?;
        if after.size() != before.size() {
            let message = format!("the items before are on {}, those after on {}", before.size(), after.size());
            return Err(Error::input(message).hint("give both the picture's size"));
        }
        if prompts.len() != after.names().len() {
            return Err(Error::usage(format!("{} items were given {} prompts", after.names().len(), prompts.len())).hint("give each one"));
        }
        if change.is_empty() {
            return Err(Error::input("no pixel may change").hint("mark the pixels to be generated"));
        }
        Ok(Self { before, after, prompts, change, changes: Vec::new(), sides: None, ring: Ring::Distance(0.0) })
    }

    /// With other prompts, by name, for items that no edit gives one: what earlier edits made of them is not what their tokens say.
    #[must_use]
    pub fn with_prompts(mut self, prompts: &BTreeMap<String, ItemPrompt>) -> Self {
        for (name, prompt) in self.after.names().iter().zip(&mut self.prompts) {
            if let (Some(other), true) = (prompts.get(name), *prompt == ItemPrompt::tokens(ItemRef::target(name))) {
                prompt.clone_from(other);
            }
        }
        self
    }

    /// The plan with a smaller active region: of the active pixels only those inside `mask` stay active. The soft ring is drawn around these, and no pixel may
    /// change more than before. `None` where no active pixel would be left.
    ///
    /// # Errors
    /// Where the mask has another size than the plan.
    pub fn narrowed(&self, mask: &ItemMask) -> Result<Option<Self>> {
        mask.check_size(self.change.size())?;
        let change = self.change.values();
        let active = ItemMask::generate(mask.size(), |index| f32::from(u8::from(change[index] >= 1.0 && mask.is_inside(index))));
        if active.is_empty() {
            return Ok(None);
        }
        let soft = self.ring.around(&active)?;
        let narrowed = |index: usize| active.values()[index].max(soft.values()[index]).min(change[index]);
        Ok(Some(Self { change: ItemMask::generate(mask.size(), narrowed), ..self.clone() }))
    }

    /// The pixels of items that an edit draws: those that are moved, reshaped or generated again, and those with another prompt. The other pixels show what is
    /// behind them.
    pub fn drawn(&self) -> ItemMask {
        let draws = |kind: &ChangeKind| !matches!(kind, ChangeKind::Removed | ChangeKind::Adjusted);
        self.mask_after(|name| self.changes.iter().any(|change| change.item == *name && draws(&change.kind)))
    }

    /// The pixels of the items with these names after the edits.
    fn mask_after(&self, is_one: impl Fn(&String) -> bool) -> ItemMask {
        let ones: Vec<bool> = self.after.names().iter().map(is_one).collect();
        ItemMask::generate(self.after.size(), |index| f32::from(u8::from(ones[usize::from(self.after.labels()[index])])))
    }

    /// The pixels that the canvas gets at its sides, if the plan is to expand it.
    pub fn sides(&self) -> Option<Sides> {
        self.sides
    }

    /// The items as they were; of an expanded canvas, as they continue on it.
    pub fn before(&self) -> &Segmentation {
        &self.before
    }

    /// The items as they will be, without those that are removed; where one item alone becomes a new scene, it owns every pixel.
    pub fn after(&self) -> &Segmentation {
        &self.after
    }

    /// The prompt of each item of [`after`](Self::after).
    pub fn prompts(&self) -> &[ItemPrompt] {
        &self.prompts
    }

    /// How far each pixel may change: 1 in the active region, between 0 and 1 in the soft, 0 in the hard.
    pub fn change(&self) -> &ItemMask {
        &self.change
    }

    /// The pixels that are generated.
    pub fn active(&self) -> ItemMask {
        self.change.threshold(1.0)
    }

    /// The ring around them: kept for the first steps, then free. Values as in [`change`](Self::change).
    pub fn soft(&self) -> ItemMask {
        ItemMask::generate(self.change.size(), |index| match self.change.values()[index] {
            1.0 => 0.0,
            value => value,
        })
    }

    /// The pixels that are kept at every step and come back bit for bit.
    pub fn hard(&self) -> ItemMask {
        ItemMask::generate(self.change.size(), |index| f32::from(u8::from(self.change.values()[index] == 0.0)))
    }

    /// The smallest rectangle around every pixel that may change. `None` does not occur: a plan without any is an error.
    pub fn region(&self) -> Option<Rect> {
        self.change.bounding_box()
    }

    /// The regions that are carried out one by one: so far apart that what `canvas` needs around each has nothing in common with that of another.
    pub fn regions(&self, canvas: impl Fn(Rect) -> Rect) -> Vec<Rect> {
        apart(self.change.parts(), canvas)
    }

    /// The plan for one of its [`regions`](Self::regions): no pixel beyond may change.
    #[must_use]
    pub fn within(&self, region: Rect) -> Self {
        let size = self.change.size();
        let change = ItemMask::generate(size, |index| {
            let (x, y) = size.position(index);
            if region.contains(x, y) { self.change.values()[index] } else { 0.0 }
        });
        Self { change, ..self.clone() }
    }

    /// What happens to which item, in the order of the edits; then what follows for others.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The items that the edits place anew, change by words or remove, each once, in the order of the edits: those that a clean plate does not show, and that
    /// can be layers of their own. None where the edits are not about items, or make a new scene.
    pub fn edited_items(&self) -> Vec<&str> {
        let is_edit = |kind: &ChangeKind| !matches!(kind, ChangeKind::Regenerated | ChangeKind::Adjusted);
        let mut items: Vec<&str> = Vec::new();
        for change in self.changes.iter().filter(|change| is_edit(&change.kind)) {
            if !items.contains(&change.item.as_str()) {
                items.push(&change.item);
            }
        }
        let is_new_scene = self.after.names().len() == 1 && items.contains(&self.after.names()[0].as_str());
        if self.sides.is_some() || is_new_scene { Vec::new() } else { items }
    }

    /// The pixels that removed, moved or reshaped items leave to items that stay where they are.
    pub fn vacated(&self) -> ItemMask {
        let leaves = |kind: &ChangeKind| matches!(kind, ChangeKind::Removed | ChangeKind::Moved(_) | ChangeKind::Reshaped);
        let left = |name: &String| self.changes.iter().any(|change| change.item == *name && leaves(&change.kind));
        // For each item that leaves pixels, its number after the edits, if it has one.
        let number = |name: &String| self.after.names().iter().position(|after| after == name);
        let leaving: Vec<Option<Option<usize>>> = self.before.names().iter().map(|name| left(name).then(|| number(name))).collect();
        ItemMask::generate(self.before.size(), |index| {
            let is = usize::from(self.after.labels()[index]);
            let was = leaving[usize::from(self.before.labels()[index])];
            let comes = leaving.contains(&Some(Some(is)));
            f32::from(u8::from(was.is_some_and(|was| was != Some(is)) && !comes))
        })
    }

    /// The pixels of moved items where they go.
    pub fn moved(&self) -> ItemMask {
        self.mask_after(|name| self.changes.iter().any(|change| change.item == *name && matches!(change.kind, ChangeKind::Moved(_))))
    }

    /// Where what will be at a place was: within moved items, where the move took it from; elsewhere the place itself. A place belongs to the pixel that is
    /// nearest to it, of those in the picture.
    pub fn came_from(&self, place: Point) -> Point {
        let size = self.after.size();
        let pixel = |at: f64, pixels: usize| (at.round().max(0.0) as usize).min(pixels - 1);
        let index = pixel(place.y, size.height()) * size.width() + pixel(place.x, size.width());
        let item = &self.after.names()[usize::from(self.after.labels()[index])];
        let placements = self.changes.iter().filter(|change| change.item == *item).map(|change| change.kind);
        placements.fold(place, |place, kind| if let ChangeKind::Moved(placement) = kind { placement.backward(place) } else { place })
    }

    /// The moved items of the picture drawn onto `ground` where they go (colour only): what an anchored move starts from. On the picture itself as the ground,
    /// the pixels that they leave are as they were.
    pub fn transported(&self, picture: &Planes, ground: &Planes) -> Result<Planes> {
        if let Some(size) = [picture.size(), ground.size()].into_iter().find(|size| *size != self.before.size()) {
            let message = format!("the plan is for a picture of {} and this one is {size}", self.before.size());
            return Err(Error::input(message).hint("plan the edit on this picture"));
        }
        let mut transported = ground.clone();
        for change in &self.changes {
            if let ChangeKind::Moved(placement) = &change.kind {
                let target = self.after.mask(self.after.item(&change.item)?);
                let placed = picture.placed(placement, &target);
                for (plane, source) in transported.colour_mut().iter_mut().zip(placed.colour()) {
                    for index in (0..plane.len()).filter(|index| target.is_inside(*index)) {
                        plane[index] = source[index];
                    }
                }
            }
        }
        Ok(transported)
    }
}

#[cfg(test)]
mod tests;
