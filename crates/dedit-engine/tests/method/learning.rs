//! Fine-tuning: what is trained, what stays unchanged, stopping and resuming.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use dedit_diffusion::ErrorKind;
use dedit_edit::{ItemWords, Subject};
use dedit_engine::learning::{LearnEvent, LearnSettings, LearningState, Plateau, Stage, StageSettings};
use dedit_engine::sampling::EditSettings;
use dedit_engine::{Engine, Learned, TrainedAttention};

use crate::support::{Kind, edit, engine, items, learn, numbers, picture, quick, remove, subject};

#[expect(clippy::unnecessary_wraps, reason = "it stands for a listener")]
fn go(_: LearnEvent<'_>) -> dedit_diffusion::Result<ControlFlow<()>> {
    Ok(ControlFlow::Continue(()))
}

#[test]
fn every_trainable_weight_learns_and_the_model_is_as_before() {
    for (kind, trained) in [
        ("sd", TrainedAttention::Lora { rank: 2, alpha: 2.0 }),
        ("sd2", TrainedAttention::CrossAttention),
        ("sdxl", TrainedAttention::Lora { rank: 2, alpha: 2.0 }),
    ] {
        let mut engine = engine(kind);
        let settings = LearnSettings { trained, ..quick() };
        let (picture, items) = (picture(Kind::Rgb8), items());
        let draft = engine.draft(&subject(&picture, &items), None, &settings).unwrap();
        let before = engine.pipeline().unet().config().clone();
        let untouched = edit(&mut engine, &draft, &picture, &[remove("ball")], &EditSettings { steps: 2, ..EditSettings::default() });
        let learned = learn(&mut engine, &settings);
        for (encoder, (start, end)) in draft.token_rows().iter().zip(learned.token_rows()).enumerate() {
            let (start, end) = (numbers(start), numbers(end));
            assert!(
                start.iter().zip(&end).all(|(start, end)| start.to_bits() != end.to_bits() && end.is_finite()),
                "{kind}: tokens of encoder {encoder}"
            );
        }
        let tensors = learned.attention_tensors();
        assert!(!tensors.is_empty());
        for (name, tensor) in &tensors {
            let values = numbers(tensor);
            assert!(values.iter().all(|value| value.is_finite()), "{kind}: {name}");
            // The factor B is zero at first and changes with the first update.
            assert!(values.iter().any(|value| *value != 0.0), "{kind}: {name} did not learn");
        }
        assert_eq!(engine.pipeline().unet().config(), &before);
        let again = edit(&mut engine, &draft, &picture, &[remove("ball")], &EditSettings { steps: 2, ..EditSettings::default() });
        assert_eq!(numbers(&untouched.latents), numbers(&again.latents), "{kind}: the model is as it was, bit for bit");
    }
}

/// Learns until `stop` states were reported, and returns the last of them.
fn interrupted(engine: &mut Engine, settings: &LearnSettings, stop: usize) -> Vec<u8> {
    let (picture, items) = (picture(Kind::Rgb8), items());
    let (mut heard, mut last) = (0, Vec::new());
    let error = engine.learn(&subject(&picture, &items), None, settings, None, &mut |event| {
        if let LearnEvent::State(state) = event {
            last = state.to_bytes()?;
            heard += 1;
        }
        Ok(if heard == stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    });
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Cancelled);
    assert_eq!(heard, stop);
    last
}

#[test]
fn learning_goes_on_from_any_state_bit_for_bit() {
    for settings in [
        LearnSettings { sampled_latents: true, ..quick() },
        LearnSettings { trained: TrainedAttention::CrossAttention, accumulation: 1, batch: 2, min_snr_gamma: None, ..quick() },
    ] {
        let whole = learn(&mut engine("sd"), &settings).to_bytes().unwrap();
        // 3 states within each stage and one at the end of each.
        for stop in 1..=8 {
            let state = interrupted(&mut engine("sd"), &settings, stop);
            let state = LearningState::from_bytes(&state).unwrap();
            let (picture, items) = (picture(Kind::Rgb8), items());
            let resumed = engine("sd").learn(&subject(&picture, &items), None, &settings, Some(state), &mut go).unwrap();
            assert!(resumed.to_bytes().unwrap() == whole, "resumed after {stop} states");
        }
    }
}

#[test]
fn a_state_of_something_else_is_refused() {
    let state = LearningState::from_bytes(&interrupted(&mut engine("sd"), &quick(), 2)).unwrap();
    assert_eq!(state.updates(), [2, 0]);
    let (picture, items) = (picture(Kind::Rgb8), items());
    let mut other = engine("sd");
    let refused = |engine: &mut Engine, subject: &Subject<'_>, settings: &LearnSettings| {
        engine.learn(subject, None, settings, Some(state.clone()), &mut go).unwrap_err().to_string()
    };
    let plain = subject(&picture, &items);
    assert!(refused(&mut other, &plain, &LearnSettings { seed: 8, ..quick() }).contains("learning with other settings was begun here"));
    let named = ItemWords { start: Some("ball".to_owned()), template: None };
    let worded = Subject { words: BTreeMap::from([("ball".to_owned(), named)]), ..plain.clone() };
    assert!(refused(&mut other, &worded, &quick()).contains("learning of another picture, other items or another model was begun here"));
    assert!(refused(&mut engine("sd2"), &plain, &quick()).contains("another model"));
    // The intervals of previews and saving do not change the result.
    let shown = LearnSettings { preview_every: 1, save_every: 0, ..quick() };
    assert!(other.learn(&plain, None, &shown, Some(state.clone()), &mut go).is_ok());
}

#[test]
fn a_break_is_heard_within_one_step_and_leaves_a_state() {
    let (picture, items) = (picture(Kind::Rgb8), items());
    let (mut steps, mut states) = (0, 0);
    let settings = LearnSettings { save_every: 0, ..quick() };
    let error = engine("sd").learn(&subject(&picture, &items), None, &settings, None, &mut |event| {
        match event {
            LearnEvent::Step { step, of, loss, seconds_left, .. } => {
                steps += 1;
                assert!(step <= of && loss.is_finite() && seconds_left >= 0.0);
            }
            LearnEvent::State(state) => {
                states += 1;
                assert_eq!(state.updates(), [3, 0]);
            }
            _ => {}
        }
        Ok(if steps == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    });
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Cancelled);
    assert_eq!((steps, states), (3, 1));
}

#[test]
fn a_break_while_a_preview_is_shown_leaves_a_state_too() {
    let (picture, items) = (picture(Kind::Rgb8), items());
    let settings = LearnSettings { save_every: 0, preview_every: 2, ..quick() };
    for stop_at_step in [false, true] {
        let (mut stop, mut states) = (false, Vec::new());
        let error = engine("sd").learn(&subject(&picture, &items), None, &settings, None, &mut |event| {
            match event {
                LearnEvent::Step { step: 2, .. } => stop |= stop_at_step,
                LearnEvent::Preview(_) => stop = true,
                LearnEvent::State(state) => states.push(state.updates()),
                _ => {}
            }
            Ok(if stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        });
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Cancelled);
        assert_eq!(states, [[2, 0]], "stopped at the step: {stop_at_step}");
    }
}

#[test]
fn two_pictures_are_learned_together() {
    let (target, reference) = (picture(Kind::Rgb8), picture(Kind::GreyFloat));
    let items = items();
    let mut engine = engine("sd");
    let mut previews = 0;
    let settings = LearnSettings { preview_every: 2, ..quick() };
    let learned = engine
        .learn(&subject(&target, &items), Some(&subject(&reference, &items)), &settings, None, &mut |event| {
            if let LearnEvent::Preview(picture) = event {
                previews += 1;
                assert!(picture.size().width() > picture.size().height());
            }
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
    assert_eq!(previews, 4);
    assert_eq!(learned.items().iter().filter(|item| item.of_reference).count(), 3);
    assert_eq!(learned.token_rows()[0].dims()[0], 2 * 3 * settings.tokens_per_item);
    assert!(learned.check_picture(&target, &items, false).is_ok());
    assert!(learned.check_picture(&reference, &items, true).is_ok());
    let error = learned.check_picture(&reference, &items, false).unwrap_err();
    assert!(error.to_string().contains("was learned of another picture"), "{error}");
}

#[test]
fn a_stage_ends_where_the_loss_has_settled() {
    let (picture, items) = (picture(Kind::Rgb8), items());
    // With a tiny learning rate the loss does not fall, so it stops after two windows (a gain of more than 100 % is impossible).
    let stage = StageSettings { updates: 40, rate: 1e-12, weight_decay: 0.0 };
    let plateau = Some(Plateau { window: 3, least_gain: 1.0 });
    let settings = LearnSettings { tokens: stage, attention: stage, plateau, ..quick() };
    let mut ends = Vec::new();
    let mut hear = |event: LearnEvent<'_>| {
        if let LearnEvent::StageDone { stage, steps, settled } = event {
            ends.push((stage, steps, settled));
        }
        Ok(ControlFlow::Continue(()))
    };
    engine("sd").learn(&subject(&picture, &items), None, &settings, None, &mut hear).unwrap();
    assert_eq!(ends, [(Stage::Tokens, 6, true), (Stage::Attention, 6, true)]);
}

#[test]
fn the_loss_of_what_is_learned_falls() {
    let stage = |updates| StageSettings { updates, rate: 2e-2, weight_decay: 0.0 };
    let settings = LearnSettings { tokens: stage(20), attention: stage(60), min_snr_gamma: None, save_every: 0, ..quick() };
    let learned: Learned = learn(&mut engine("sd"), &settings);
    let losses = learned.losses().concat();
    let mean = |losses: &[f32]| losses.iter().sum::<f32>() / losses.len() as f32;
    let (first, last) = (mean(&losses[..15]), mean(&losses[losses.len() - 15..]));
    assert!(last < 0.97 * first, "{first} to {last}");
}

#[test]
fn settings_and_words_without_sense_are_refused() {
    type Change = fn(&mut LearnSettings);
    let cases: [(Change, &str); 12] = [
        (|s| s.tokens_per_item = 0, "0 tokens per item; give 1 to 32"),
        (|s| s.tokens_per_item = 33, "33 tokens per item"),
        (|s| s.batch = 0, "a batch of 0"),
        (|s| s.accumulation = 0, "an accumulation of 0"),
        (|s| s.tokens.rate = f64::NAN, "a token learning rate of NaN"),
        (|s| s.attention.rate = 0.0, "an attention learning rate of 0"),
        (|s| s.trained = TrainedAttention::Lora { rank: 0, alpha: 1.0 }, "a LoRA of rank 0"),
        (|s| s.min_snr_gamma = Some(-1.0), "a min-SNR γ of -1"),
        (|s| s.tokens.updates = usize::MAX, "updates; give at most 1000000"),
        (|s| s.trained = TrainedAttention::Lora { rank: 1 << 40, alpha: 1.0 }, "give a rank of 1 to 1024"),
        (|s| s.trained = TrainedAttention::Lora { rank: 4, alpha: f64::NAN }, "strength NaN"),
        (|s| s.plateau = Some(Plateau { window: usize::MAX, least_gain: 0.1 }), "give a window such as 30"),
    ];
    let (picture, items) = (picture(Kind::Rgb8), items());
    let mut engine = engine("sd");
    for (change, fragment) in cases {
        let mut settings = quick();
        change(&mut settings);
        let error = engine.learn(&subject(&picture, &items), None, &settings, None, &mut |_| panic!("work was done")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage, "{error}");
        assert!(error.to_string().contains(fragment), "{error}");
    }
    for (name, words, fragment) in [
        ("bal", ItemWords::default(), "did you mean 'ball'?"),
        ("ball", ItemWords { start: None, template: Some("a photo of a ball".to_owned()) }, "lacks [v]"),
    ] {
        let worded = Subject { words: BTreeMap::from([(name.to_owned(), words)]), ..subject(&picture, &items) };
        let error = engine.learn(&worded, None, &quick(), None, &mut go).unwrap_err();
        assert!(error.to_string().contains(fragment), "{error}");
    }
}
