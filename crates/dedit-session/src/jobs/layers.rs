//! The clean plate of an edit, and its items as layers.

use std::sync::Arc;

use dedit_edit::{
    ChangeKind, Edit, EditOptions, EditPlan, Edited, Engine, Fit, Image, ItemLayer, ItemMask, LearnOptions, Lifted, Listener, Neighbour,
    Outline, PlanSettings, Rect, Result, Segmentation, Subject, Vacated, Work, lift,
};

use super::event::{Layers, Part};
use super::regions::in_regions;
use crate::colour::ColourSpace;

/// A clean plate: the whole picture without the edited items, and the rectangle around what has changed.
pub(super) struct Plate {
    picture: Image,
    region: Rect,
    /// How far each pixel was allowed to change.
    change: ItemMask,
}

/// What the plate and the layers of an edit are made from.
pub(super) struct Source<'a> {
    pub(super) picture: &'a Arc<Image>,
    pub(super) plan: &'a EditPlan,
    pub(super) edits: &'a [Edit],
    pub(super) settings: &'a PlanSettings,
    pub(super) neighbours: &'a [Neighbour],
}

impl Plate {
    pub(super) fn picture(&self) -> &Image {
        &self.picture
    }

    /// Removes the edited items from the picture. `None` where an edit is about none.
    pub(super) fn make(source: &Source<'_>, engine: &mut dyn Engine, seed: u64, listener: &mut Listener<'_>) -> Result<Option<Self>> {
        let items: Vec<String> = source.plan.edited_items().into_iter().map(str::to_owned).collect();
        if items.is_empty() {
            return Ok(None);
        }
        let before = source.plan.before();
        let edits = [Edit::Remove { items, vacated: receiver(source.edits) }];
        let settings = PlanSettings { also: Vec::new(), ..source.settings.clone() };
        let plan = EditPlan::new(before, None, &edits, &settings)?;
        let subject = Subject { picture: source.picture, items: before, words: std::collections::BTreeMap::new() };
        let learned = engine.draft(&[subject], &LearnOptions::default())?;
        let options = EditOptions { seed, ..EditOptions::default() };
        let work =
            Work { picture: source.picture, plan: &plan, edits: &edits, options: &options, plate: None, neighbours: source.neighbours };
        let (Edited { picture, region, .. }, _) = in_regions(engine, learned.as_ref(), &work, listener)?;
        Ok(Some(Self { picture, region, change: plan.change().clone() }))
    }

    /// How far each pixel may change, by the edit or by the plate.
    pub(super) fn change(&self, plan: &EditPlan) -> Result<ItemMask> {
        self.change.union(plan.change())
    }

    /// The same plate in the colour space of `own`, the picture that it belongs to.
    pub(super) fn back(self, space: &ColourSpace, own: &Image) -> Result<Self> {
        Ok(Self { picture: space.back(&self.picture, own, &self.change)?, ..self })
    }

    /// The plate and the edited items as layers, in the colour space of the picture, in which they are mixed. What the plate and the layers of items that stay in
    /// the picture show together becomes the result of the edit.
    pub(super) fn layers(mut self, source: &Source<'_>, edited: &mut Edited) -> Result<Layers> {
        let (before, after) = (source.plan.before(), source.plan.after());
        let items = source.plan.edited_items();
        let numbers = |of: &Segmentation| -> Vec<usize> { items.iter().filter_map(|item| of.item(item).ok()).collect() };
        let (numbers_before, numbers_after) = (numbers(before), numbers(after));
        let gone = items.iter().filter(|item| after.item(item).is_err()).map(|item| before.item(item)).collect::<Result<Vec<_>>>()?;
        let lifted = Lifted { items: &gone, edited: &numbers_before };
        let mut layers = lift(source.picture, &mut self.picture, self.region, before, lifted)?;
        for item in &items {
            if let Ok(number) = after.item(item) {
                let outline = outline(source.plan, source.settings, item);
                layers.extend(ItemLayer::cut_out((&edited.picture, &self.picture), after, number, outline, &numbers_after)?);
            }
        }
        layers.sort_by_key(|layer| items.iter().position(|item| *item == layer.item));
        let mut flat = self.picture.clone();
        let mut region = self.region;
        for layer in layers.iter().rev().filter(|layer| after.item(&layer.item).is_ok()) {
            layer.lay_over(&mut flat)?;
            region = region.hull(layer.rect);
        }
        (edited.picture, edited.region) = (flat, region);
        Ok(Layers { plate: Part { rect: self.region, picture: self.picture.crop(self.region)? }, items: layers })
    }

    /// The result of an edit that only removes is a clean plate.
    pub(super) fn of(edited: &Edited, plan: &EditPlan) -> Self {
        Self { picture: edited.picture.clone(), region: edited.region, change: plan.change().clone() }
    }
}

/// Whether an edit does nothing but remove items.
pub(super) fn only_removes(edits: &[Edit]) -> bool {
    edits.iter().all(|edit| matches!(edit, Edit::Remove { .. }))
}

/// Who gets the pixels of the edited items on the plate: whom the edits name, if all that do name the same.
fn receiver(edits: &[Edit]) -> Vacated {
    let named = edits.iter().filter_map(|edit| match edit {
        Edit::Move { vacated, .. } | Edit::Reshape { vacated, .. } | Edit::Remove { vacated, .. } => Some(vacated),
        _ => None,
    });
    let mut named: Vec<&Vacated> = named.collect();
    named.dedup();
    if let [vacated] = named.as_slice() { (*vacated).clone() } else { Vacated::Nearest }
}

/// New content need not fill the shape that it was given.
fn outline(plan: &EditPlan, settings: &PlanSettings, item: &str) -> Outline {
    let is_new = plan.changes().iter().any(|change| change.item == item && change.kind == ChangeKind::Prompt);
    if is_new && settings.fit != Fit::Exact { Outline::WithinMask } else { Outline::Mask }
}
