//! Edits by the engine without weights, and clean plates made by it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use anyhow::Result;
use dedit_edit::{Edit, EditOptions, EditPlan, Engine as _, Image, LearnOptions, PlanSettings, Segmentation, Subject, Vacated, Work};
use dedit_patches::Patches;

use super::clock::OneThread;

/// What the engine without weights makes of an edit.
pub(super) fn by_patches(picture: &Image, items: &Segmentation, edit: &Edit, seed: u64) -> Result<Image> {
    let mut engine = Patches::new(Box::new(OneThread));
    let learned = engine.draft(&[Subject { picture, items, words: BTreeMap::new() }], &LearnOptions::default())?;
    let edits = std::slice::from_ref(edit);
    let plan = EditPlan::new(items, None, edits, &PlanSettings::for_size(items.size()))?;
    let options = EditOptions { seed, ..EditOptions::default() };
    let work = Work { picture, plan: &plan, edits, options: &options, plate: None, neighbours: &[] };
    Ok(engine.edit(learned.as_ref(), &work, &mut |_| Ok(ControlFlow::Continue(())))?.picture)
}

/// The picture without some items.
pub(super) fn plate(picture: &Image, items: &Segmentation, leaving: Vec<String>, seed: u64) -> Result<Image> {
    by_patches(picture, items, &Edit::Remove { items: leaving, vacated: Vacated::Nearest }, seed)
}
