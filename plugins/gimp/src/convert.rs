//! Between the messages of the daemon and what is kept in XCF files.

use dedit_protocol::request::{EditOptions, EditVerb, PlanOptions};

use crate::record::{EditRecord, OptionsRecord, PlanRecord};

/// An edit as it is kept. Masks are kept by the session.
pub(crate) fn edit_record(edit: &EditVerb) -> EditRecord {
    match edit.clone() {
        EditVerb::Reconstruct => EditRecord::Reconstruct,
        EditVerb::Replace { item, prompt } => EditRecord::Replace { item, prompt },
        EditVerb::Augment { item, prompt } => EditRecord::Augment { item, prompt },
        EditVerb::SwapIn { item, from } => EditRecord::SwapIn { item, from },
        EditVerb::Move { item, dx, dy, scale, rotate, into } => EditRecord::Move { item, dx, dy, scale, rotate, into },
        EditVerb::Reshape { item, mask: _, into } => EditRecord::Reshape { item, into },
        EditVerb::Swap { item, with } => EditRecord::Swap { item, with },
        EditVerb::Remove { items, into } => EditRecord::Remove { items, into },
        EditVerb::Blend { item, with, amount } => EditRecord::Blend { item, with, amount },
        EditVerb::Refine { mask: _ } => EditRecord::Refine,
        EditVerb::Expand { left, right, top, bottom, into } => EditRecord::Expand { left, right, top, bottom, into },
        EditVerb::Personalize { item, prompt } => EditRecord::Personalize { item, prompt },
    }
}

/// An edit to be made again; its mask, where it has one, is blob 0 of the request. `None` for one of a newer plug-in.
pub(crate) fn edit_verb(record: EditRecord) -> Option<EditVerb> {
    Some(match record {
        EditRecord::Reconstruct => EditVerb::Reconstruct,
        EditRecord::Replace { item, prompt } => EditVerb::Replace { item, prompt },
        EditRecord::Augment { item, prompt } => EditVerb::Augment { item, prompt },
        EditRecord::SwapIn { item, from } => EditVerb::SwapIn { item, from },
        EditRecord::Move { item, dx, dy, scale, rotate, into } => EditVerb::Move { item, dx, dy, scale, rotate, into },
        EditRecord::Reshape { item, into } => EditVerb::Reshape { item, mask: 0, into },
        EditRecord::Swap { item, with } => EditVerb::Swap { item, with },
        EditRecord::Remove { items, into } => EditVerb::Remove { items, into },
        EditRecord::Blend { item, with, amount } => EditVerb::Blend { item, with, amount },
        EditRecord::Refine => EditVerb::Refine { mask: 0 },
        EditRecord::Expand { left, right, top, bottom, into } => EditVerb::Expand { left, right, top, bottom, into },
        EditRecord::Personalize { item, prompt } => EditVerb::Personalize { item, prompt },
        EditRecord::Unknown => return None,
    })
}

/// The options of a plan, as they are kept.
pub(crate) fn plan_record(plan: &PlanOptions) -> PlanRecord {
    let PlanOptions { fit, ring, margin, margin_pixels, also, reference } = plan.clone();
    PlanRecord { fit, ring, margin, margin_pixels, also, reference }
}

/// The options of a plan, as the daemon takes them.
pub(crate) fn plan_options(record: PlanRecord) -> PlanOptions {
    let PlanRecord { fit, ring, margin, margin_pixels, also, reference } = record;
    PlanOptions { fit, ring, margin, margin_pixels, also, reference }
}

/// The options of an edit, as they are kept.
pub(crate) fn options_record(options: &EditOptions) -> OptionsRecord {
    let EditOptions { reference, steps, scheduler, guidance, strength, anchor, inverted, whole_picture, steady, seed } = options.clone();
    OptionsRecord { reference, steps, scheduler, guidance, strength, anchor, inverted, whole_picture, steady, seed }
}

/// The options of an edit, as the daemon takes them.
pub(crate) fn edit_options(record: OptionsRecord) -> EditOptions {
    let OptionsRecord { reference, steps, scheduler, guidance, strength, anchor, inverted, whole_picture, steady, seed } = record;
    EditOptions { reference, steps, scheduler, guidance, strength, anchor, inverted, whole_picture, steady, seed }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_edit_and_option_comes_back_from_its_record() {
        let text = |text: &str| text.to_owned();
        for edit in [
            EditVerb::Reconstruct,
            EditVerb::Replace { item: text("bag"), prompt: text("a duck") },
            EditVerb::Augment { item: text("bag"), prompt: text("a red [v]") },
            EditVerb::SwapIn { item: text("bag"), from: text("reference:cup") },
            EditVerb::Move { item: text("bag"), dx: 1.0, dy: -2.0, scale: 0.5, rotate: 90.0, into: Some(text("table")) },
            EditVerb::Reshape { item: text("bag"), mask: 0, into: None },
            EditVerb::Swap { item: text("bag"), with: text("hat") },
            EditVerb::Remove { items: vec![text("bag")], into: Some(text("table")) },
            EditVerb::Blend { item: text("bag"), with: text("hat"), amount: 0.25 },
            EditVerb::Refine { mask: 0 },
            EditVerb::Personalize { item: text("bag"), prompt: text("[v] on a beach") },
        ] {
            assert_eq!(edit_verb(edit_record(&edit)), Some(edit));
        }
        let plan = PlanOptions {
            fit: Some(text("box")),
            ring: Some(5.5),
            margin: Some(0.1),
            margin_pixels: Some(9.0),
            also: vec![text("hat")],
            reference: true,
        };
        assert_eq!(plan_options(plan_record(&plan)), plan);
        let options = EditOptions {
            reference: true,
            steps: Some(9),
            scheduler: Some(text("ddim")),
            guidance: Some(4.5),
            strength: Some(0.25),
            anchor: Some(0.5),
            inverted: Some(true),
            whole_picture: true,
            steady: true,
            seed: Some(7),
        };
        assert_eq!(edit_options(options_record(&options)), options);
        assert_eq!(edit_verb(EditRecord::Unknown), None);
    }
}
