//! Denoisers for inpainting: learning and every verb give them the mask and the masked picture.

use std::ops::ControlFlow;

use dedit_edit::{EditPlan, PlanSettings};
use dedit_engine::Engine;
use dedit_engine::sampling::{EditInput, EditSettings, Start};

use crate::editing::verbs;
use crate::support::{Kind, edit, engine, inpainting_engine, items, largest_difference, learn, picture, quick, replace, short, subject};

#[test]
fn every_verb_works_after_learning_and_changes_only_its_region() {
    let (mut engine, picture, items) = (inpainting_engine(0.1), picture(Kind::Rgb8), items());
    let go = &mut |_: dedit_engine::learning::LearnEvent<'_>| Ok(ControlFlow::Continue(()));
    let learned = engine.learn(&subject(&picture, &items), Some(&subject(&picture, &items)), &quick(), None, go).unwrap();
    assert!(learned.losses().iter().all(|losses| losses.len() == 4 && losses.iter().all(|loss| loss.is_finite())));
    for verb in verbs() {
        let edits = [verb];
        let plan = EditPlan::new(&items, Some(&items), &edits, &PlanSettings::default()).unwrap();
        for start in [Start::Noise, Start::Inverted] {
            let settings = EditSettings { start, ..short(&edits) };
            let input = EditInput::new(&picture, &plan);
            let edited = engine.edit(&learned, &input, &settings, &mut |_| Ok(ControlFlow::Continue(()))).unwrap();
            assert_eq!(edited.changed_pixels_outside, 0, "{} {start:?}", edits[0].verb());
            assert_ne!(edited.picture, picture, "{} {start:?}", edits[0].verb());
        }
    }
}

/// With weights of zero for what it sees, the denoiser is the plain one; with others, both learning and editing depend on it.
#[test]
fn what_it_sees_counts_as_much_as_its_weights_say() {
    let edits = [replace("ball")];
    let result = |mut engine: Engine| {
        let learned = learn(&mut engine, &quick());
        let edited = edit(&mut engine, &learned, &picture(Kind::Rgb8), &edits, &short(&edits));
        (learned.losses().clone(), edited.latents)
    };
    let (losses, latents) = result(engine("sd"));
    let (same_losses, same) = result(inpainting_engine(0.0));
    assert!(largest_difference(&latents, &same) < 1e-4);
    for (one, other) in losses.concat().iter().zip(same_losses.concat()) {
        assert!((one - other).abs() < 1e-5, "{one} {other}");
    }
    let (other_losses, other) = result(inpainting_engine(0.1));
    assert!(largest_difference(&latents, &other) > 1e-2);
    assert!(losses.concat().iter().zip(other_losses.concat()).any(|(one, other)| (one - other).abs() > 1e-4));
}
