//! Edits read one by one: which item gets which shape and which prompt.

use crate::edit::{Edit, Vacated};
use crate::error::{Error, Result};
use crate::geometry::{Placement, Point, Size, Transform};
use crate::mask::ItemMask;
use crate::plan::ChangeKind;
use crate::prompt::{ItemPrompt, ItemRef, Picture};
use crate::segmentation::Segmentation;
use crate::sides::Sides;

/// What becomes of an item's pixels. `into` is the number of the item that gets the vacated ones; `None` stands for the nearest.
pub(super) enum Shape {
    Kept,
    Gone { into: Option<usize> },
    New { mask: ItemMask, into: Option<usize> },
}

/// What may change beyond the edited items.
pub(super) enum Scope {
    /// Nothing.
    Items,
    /// Soft regions besides.
    Regions(ItemMask),
    /// Everything.
    Whole,
    /// Everything, and this item alone owns it.
    Scene(usize),
}

/// A plan in the making. Items have their numbers of before the edits.
pub(super) struct Draft<'a> {
    pub(super) before: &'a Segmentation,
    reference: Option<&'a Segmentation>,
    pub(super) shapes: Vec<Shape>,
    pub(super) prompts: Vec<ItemPrompt>,
    pub(super) regenerated: Vec<bool>,
    pub(super) scope: Scope,
    /// Items and what the edits do to them, in the order of the edits: those with a new shape are painted, and those with a new prompt fitted, so.
    pub(super) done: Vec<(usize, ChangeKind)>,
    /// The words that replace an item, for the choice of its fit.
    pub(super) replaced_by: Vec<Option<String>>,
    shaped_by: Vec<Option<&'static str>>,
    prompted_by: Vec<Option<&'static str>>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(before: &'a Segmentation, reference: Option<&'a Segmentation>, edits: &[Edit]) -> Result<Self> {
        let items = before.names().len();
        let mut draft = Self {
            before,
            reference,
            shapes: (0..items).map(|_| Shape::Kept).collect(),
            prompts: before.names().iter().map(|name| ItemPrompt::tokens(ItemRef::target(name))).collect(),
            regenerated: vec![false; items],
            scope: Scope::Items,
            done: Vec::new(),
            replaced_by: vec![None; items],
            shaped_by: vec![None; items],
            prompted_by: vec![None; items],
        };
        if edits.is_empty() {
            return Err(Error::usage("a plan without edits").hint("give at least one"));
        }
        for edit in edits {
            if edits.len() > 1 && matches!(edit, Edit::Reconstruct | Edit::Expand { .. } | Edit::Personalize { .. }) {
                return Err(Error::usage(format!("{} concerns the whole picture", edit.verb())).hint("make it a plan of its own"));
            }
            draft.read(edit)?;
        }
        draft.check_vacated()?;
        Ok(draft)
    }

    /// Marks further items to be generated again.
    pub(super) fn regenerate(&mut self, names: &[String]) -> Result<()> {
        for name in names {
            let item = self.before.item(name)?;
            if matches!(self.shapes[item], Shape::Gone { .. }) {
                return Err(
                    Error::usage(format!("item '{name}' is to be removed and also to be generated again")).hint("ask for one of the two")
                );
            }
            self.regenerated[item] = true;
            self.done.push((item, ChangeKind::Regenerated));
        }
        Ok(())
    }

    fn read(&mut self, edit: &Edit) -> Result<()> {
        let verb = edit.verb();
        match edit {
            Edit::Reconstruct => {
                self.scope = Scope::Whole;
                self.done.extend((0..self.shapes.len()).map(|item| (item, ChangeKind::Regenerated)));
                Ok(())
            }
            Edit::Replace { item, prompt } => {
                self.prompt(verb, item, ItemPrompt::words(prompt)?)?;
                let item = self.before.item(item)?;
                self.replaced_by[item] = Some(prompt.clone());
                Ok(())
            }
            Edit::Augment { item, prompt } => self.prompt(verb, item, ItemPrompt::around(prompt, &ItemRef::target(item))?),
            Edit::SwapIn { item, from } => {
                self.check(from)?;
                self.prompt(verb, item, ItemPrompt::tokens(from.clone()))
            }
            Edit::Blend { item, with, amount } => self.blend(item, with, *amount),
            Edit::Move { item, transform, vacated } => self.shift(item, *transform, vacated),
            Edit::Reshape { item, mask, vacated } => self.reshape(item, mask, vacated),
            Edit::Swap { item, with } => self.swap(item, with),
            Edit::Remove { items, vacated } => self.remove(items, vacated),
            Edit::Refine { mask } => self.refine(mask),
            Edit::Expand { sides, .. } => self.expand(*sides),
            Edit::Personalize { item, prompt } => {
                self.prompt(verb, item, ItemPrompt::around(prompt, &ItemRef::target(item))?)?;
                self.scope = Scope::Scene(self.before.item(item)?);
                Ok(())
            }
        }
    }

    fn blend(&mut self, item: &str, with: &ItemRef, amount: f32) -> Result<()> {
        if !(0.0..=1.0).contains(&amount) {
            return Err(Error::usage(format!("blending item '{item}' by {amount}")).hint("give an amount from 0 to 1"));
        }
        self.check(with)?;
        self.prompt("blend", item, ItemPrompt::Blend { from: ItemRef::target(item), to: with.clone(), amount })
    }

    fn shift(&mut self, name: &str, transform: Transform, vacated: &Vacated) -> Result<()> {
        let item = self.before.item(name)?;
        let mask = self.before.mask(item);
        let placement = transform.about(mask.centroid().unwrap_or(Point { x: 0.0, y: 0.0 }))?;
        let moved = mask.placed(&placement);
        if !moved.values().iter().any(|value| *value >= crate::mask::INSIDE) {
            return Err(self.lost(name, &mask, &placement));
        }
        self.shape("move", item, Some(moved), self.receiver(vacated)?, ChangeKind::Moved(placement))
    }

    /// The error for a moved item without a pixel.
    fn lost(&self, name: &str, mask: &ItemMask, placement: &Placement) -> Error {
        let (size, transform) = (self.before.size(), placement.transform());
        let area = mask.area() * transform.scale.powi(2);
        if area < 1.0 {
            let message = format!("item '{name}' vanishes at scale {}: {area:.2} pixels are left of it", transform.scale);
            return Error::usage(message).hint("scale it less, or remove it");
        }
        let Point { x, y } = mask.centroid().map_or(Point { x: 0.0, y: 0.0 }, |centre| placement.forward(centre));
        let message = format!("item '{name}' would leave the picture: its centre would be at ({x:.1}, {y:.1}) of {size}");
        Error::usage(message).hint("move it less far, or remove it")
    }

    fn reshape(&mut self, name: &str, mask: &ItemMask, vacated: &Vacated) -> Result<()> {
        let item = self.before.item(name)?;
        mask.check_size(self.before.size()).map_err(|error| error.about(format_args!("the new shape of item '{name}'")))?;
        if !(0..mask.values().len()).any(|index| mask.is_inside(index)) {
            let message = format!("the new shape of item '{name}' has no pixel of at least {}", crate::mask::INSIDE);
            return Err(Error::input(message).hint("paint its mask stronger, or remove the item"));
        }
        self.shape("reshape", item, Some(mask.clone()), self.receiver(vacated)?, ChangeKind::Reshaped)
    }

    fn swap(&mut self, name: &str, with: &str) -> Result<()> {
        let (item, other) = (self.before.item(name)?, self.before.item(with)?);
        if item == other {
            return Err(Error::usage(format!("item '{name}' is to swap places with itself")).hint("name two items"));
        }
        for (item, other) in [(item, other), (other, item)] {
            self.shape("swap", item, Some(self.before.mask(other)), None, ChangeKind::Reshaped)?;
        }
        Ok(())
    }

    fn remove(&mut self, names: &[String], vacated: &Vacated) -> Result<()> {
        if names.is_empty() {
            return Err(Error::usage("no item to remove").hint("name at least one"));
        }
        let into = self.receiver(vacated)?;
        for name in names {
            self.shape("remove", self.before.item(name)?, None, into, ChangeKind::Removed)?;
        }
        Ok(())
    }

    /// The items are those of the larger canvas already.
    fn expand(&mut self, sides: Sides) -> Result<()> {
        let size = self.before.size();
        let old = Size::new(size.width() - sides.left - sides.right, size.height() - sides.top - sides.bottom)?;
        let new = sides.new_pixels(old)?;
        let mut owners = vec![false; self.shapes.len()];
        for (index, label) in self.before.labels().iter().enumerate() {
            owners[usize::from(*label)] |= new.is_inside(index);
        }
        let continued = (0..owners.len()).filter(|item| owners[*item]);
        self.done.extend(continued.map(|item| (item, ChangeKind::Adjusted)));
        self.scope = Scope::Regions(new);
        Ok(())
    }

    fn refine(&mut self, mask: &ItemMask) -> Result<()> {
        mask.check_size(self.before.size()).map_err(|error| error.about("the region to refine"))?;
        if mask.is_empty() {
            return Err(Error::input("the region to refine is empty").hint("paint it"));
        }
        let mask = match &self.scope {
            Scope::Regions(others) => others.union(mask)?,
            _ => mask.clone(),
        };
        self.scope = Scope::Regions(mask);
        Ok(())
    }

    fn prompt(&mut self, verb: &'static str, name: &str, prompt: ItemPrompt) -> Result<()> {
        let item = self.before.item(name)?;
        if let Some(earlier) = self.prompted_by[item].replace(verb) {
            return Err(self.contradiction(item, earlier, verb));
        }
        self.prompts[item] = prompt;
        self.regenerated[item] = true;
        self.done.push((item, ChangeKind::Prompt));
        Ok(())
    }

    /// Gives an item a new shape, or none.
    fn shape(&mut self, verb: &'static str, item: usize, mask: Option<ItemMask>, into: Option<usize>, kind: ChangeKind) -> Result<()> {
        if let Some(earlier) = self.shaped_by[item].replace(verb) {
            return Err(self.contradiction(item, earlier, verb));
        }
        self.regenerated[item] = mask.is_some();
        self.shapes[item] = match mask {
            Some(mask) => Shape::New { mask, into },
            None => Shape::Gone { into },
        };
        self.done.push((item, kind));
        Ok(())
    }

    fn contradiction(&self, item: usize, first: &str, second: &str) -> Error {
        let message = format!("one plan is to {first} and to {second} item '{}'", self.before.names()[item]);
        Error::usage(message).hint("keep one, or make the second edit on the result of the first")
    }

    fn receiver(&self, vacated: &Vacated) -> Result<Option<usize>> {
        match vacated {
            Vacated::Nearest => Ok(None),
            Vacated::To(name) => self.before.item(name).map(Some),
        }
    }

    fn check(&self, item: &ItemRef) -> Result<()> {
        let segmentation = match (item.picture, self.reference) {
            (Picture::Target, _) => self.before,
            (Picture::Reference, Some(reference)) => reference,
            (Picture::Reference, None) => {
                let message = format!("item '{}' is to come from a reference picture, and there is none", item.item);
                return Err(Error::usage(message).hint("learn the picture together with a reference"));
            }
        };
        segmentation.item(&item.item).map(|_| ()).map_err(|error| match item.picture {
            Picture::Target => error,
            Picture::Reference => error.about("the reference picture"),
        })
    }

    /// What needs all edits: removed items get neither pixels nor prompts, and some item stays.
    fn check_vacated(&self) -> Result<()> {
        let gone = |item: usize| matches!(self.shapes[item], Shape::Gone { .. });
        let name = |item: usize| &self.before.names()[item];
        if (0..self.shapes.len()).all(gone) {
            let message = "the edits remove every item, and none is left to take the pixels";
            return Err(Error::usage(message).hint("keep one item, such as the background"));
        }
        for (item, shape) in self.shapes.iter().enumerate() {
            if let (true, Some(verb)) = (gone(item), self.prompted_by[item]) {
                return Err(self.contradiction(item, verb, "remove"));
            }
            let (Shape::Gone { into: Some(into) } | Shape::New { into: Some(into), .. }) = shape else { continue };
            if gone(*into) || *into == item {
                let reason = if *into == item { "the item that leaves them" } else { "to be removed" };
                let message = format!("the pixels of item '{}' are to go to '{}', which is {reason}", name(item), name(*into));
                return Err(Error::usage(message).hint("name an item that stays"));
            }
        }
        Ok(())
    }
}
