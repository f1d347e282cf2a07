//! The engine as `dedit_edit::Engine` gives the same results as through its own interface, also when learning is interrupted and resumed.

use std::ops::ControlFlow;
use std::sync::Arc;

use dedit_edit::{AttentionTraining, EditOptions, Engine as _, EngineEvent, ErrorKind, LearnOptions, Preset, Stage, Work};
use dedit_engine::learning::LearnSettings;
use dedit_engine::sampling::{EditInput, EditSettings};
use dedit_engine::{Engine, Learned, TrainedAttention};

use crate::support::{Kind, engine, items, learn, picture, plan, remove, subject};

fn options() -> LearnOptions {
    LearnOptions {
        tokens: Some(2),
        updates: Some([4, 4]),
        rates: Some([1e-2, 1e-2]),
        no_early_stop: true,
        seed: 7,
        ..LearnOptions::default()
    }
}

/// Learns until `stop` returns true for an event; returns the result, or the state at the interruption.
fn learn_until(
    engine: &mut Engine,
    state: Option<&[u8]>,
    stop: &mut dyn FnMut(&EngineEvent<'_>) -> bool,
) -> Result<Arc<dyn dedit_edit::Learned>, Vec<u8>> {
    let (picture, items) = (picture(Kind::Rgb8), items());
    let mut last = Vec::new();
    let learned = dedit_edit::Engine::learn(engine, &[subject(&picture, &items)], &options(), state, &mut |event| {
        if let EngineEvent::State(state) = &event {
            last = state.to_vec();
        }
        Ok(if stop(&event) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    });
    learned.map_err(|error| {
        assert_eq!(error.kind(), ErrorKind::Cancelled);
        last
    })
}

#[test]
fn both_ways_in_come_to_the_same_bits() {
    let mut engine = engine("sd");
    let settings = LearnSettings::from_options(&options(), &engine, 1);
    let typed = learn(&mut engine, &settings);
    let hosted = learn_until(&mut engine, None, &mut |_| false).unwrap_or_else(|_| panic!("it was not stopped"));
    let bytes = hosted.to_bytes().unwrap();
    assert!(bytes == Learned::to_bytes(&typed).unwrap());
    assert_eq!((hosted.items(), hosted.losses()), ([items().names().to_vec(), vec![]], Learned::losses(&typed).clone()));
    let read = engine.read_learned(&bytes).unwrap();
    assert!(engine.same_inputs(read.as_ref(), &typed));
    let (picture, edits) = (picture(Kind::Rgb8), [remove("ball")]);
    let how = EditOptions { steps: Some(3), seed: 5, ..EditOptions::default() };
    let (mut steps, mut previews) = (Vec::new(), 0);
    let plan_of = plan(&edits);
    let work = Work { picture: &picture, plan: &plan_of, edits: &edits, options: &how, plate: None, neighbours: &[] };
    let edited = dedit_edit::Engine::edit(&mut engine, read.as_ref(), &work, &mut |event| {
        match event {
            EngineEvent::Step { stage, step, of, .. } => steps.push((stage, step, of)),
            EngineEvent::Preview(_) => previews += 1,
            _ => {}
        }
        Ok(ControlFlow::Continue(()))
    });
    let (edited, settings) = (edited.unwrap(), EditSettings::from_options(&how, &engine, &edits));
    assert_eq!((steps, previews), (vec![(Stage::Denoising, 1, 3), (Stage::Denoising, 2, 3), (Stage::Denoising, 3, 3)], 3));
    let expected =
        engine.edit(&typed, &EditInput::new(&picture, &plan(&edits)), &settings, &mut |_| Ok(ControlFlow::Continue(()))).unwrap();
    assert_eq!((edited.picture, edited.region), (expected.picture, expected.region));
    assert_eq!(serde_json::from_str::<EditSettings>(&edited.settings).unwrap(), EditSettings { plate: None, ..settings });
}

#[test]
fn learning_that_makes_way_at_any_update_goes_on_to_the_same_bits() {
    let mut engine = engine("sd");
    let whole = learn_until(&mut engine, None, &mut |_| false).unwrap_or_else(|_| panic!("it was not stopped")).to_bytes().unwrap();
    for update in 1..8 {
        let mut done = 0;
        let mut stop = |event: &EngineEvent<'_>| {
            done += usize::from(matches!(event, EngineEvent::Step { .. }));
            done == update
        };
        let Err(state) = learn_until(&mut engine, None, &mut stop) else { panic!("update {update} does not break it") };
        let learned = learn_until(&mut engine, Some(&state), &mut |_| false).unwrap_or_else(|_| panic!("it was not stopped"));
        assert!(learned.to_bytes().unwrap() == whole, "after update {update}");
    }
}

#[test]
fn options_become_settings_of_the_preset_they_name() {
    let engine = engine("sd");
    let published = LearnOptions { preset: Preset::Reference, ..LearnOptions::default() };
    assert_eq!(LearnSettings::from_options(&published, &engine, 1), LearnSettings::reference(engine.pipeline().family(), 1));
    assert_eq!(LearnSettings::from_options(&LearnOptions::default(), &engine, 1), LearnSettings::default());
    for (attention, trained) in [
        (AttentionTraining::Lora(8), TrainedAttention::Lora { rank: 8, alpha: 8.0 }),
        (AttentionTraining::CrossAttention, TrainedAttention::CrossAttention),
    ] {
        let options = LearnOptions { attention: Some(attention), ..LearnOptions::default() };
        assert_eq!(LearnSettings::from_options(&options, &engine, 1).trained, trained);
    }
    let edits = [remove("ball")];
    let anchored = |anchor| EditSettings::from_options(&EditOptions { anchor, ..EditOptions::default() }, &engine, &edits).anchor;
    assert_eq!((anchored(None), anchored(Some(0.0)), anchored(Some(0.5))), (EditSettings::for_edits(&edits).anchor, None, Some(0.5)));
    let steady = |steady| EditSettings::from_options(&EditOptions { steady, ..EditOptions::default() }, &engine, &edits);
    assert_eq!(
        (steady(false), steady(true)),
        (EditSettings::for_edits(&edits), EditSettings { steady: true, ..EditSettings::for_edits(&edits) })
    );
    for (pictures, fragment) in [(0, "0 pictures were given"), (3, "3 pictures were given")] {
        let (picture, items) = (picture(Kind::Rgb8), items());
        let Err(error) = dedit_edit::Engine::draft(&engine, &vec![subject(&picture, &items); pictures], &options()) else {
            panic!("{pictures} pictures were taken")
        };
        assert!(error.message().contains(fragment), "{error}");
    }
}
