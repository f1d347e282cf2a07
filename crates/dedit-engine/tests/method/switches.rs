//! Every setting has an effect.

use dedit_engine::TrainedAttention;
use dedit_engine::learning::{LearnSettings, Timesteps};
use dedit_engine::sampling::{EditSettings, FrozenLevel, Output, RingRelease, Start, Unconditional};

use crate::support::{Kind, draft, edit, engine, learn, numbers, picture, quick, remove, shift, short};

#[test]
fn every_setting_of_an_edit_counts() {
    type Change = fn(&mut EditSettings);
    let edits = [remove("ball"), shift("box", -10.0, 6.0)];
    let cases: [(&str, Change); 18] = [
        ("steps", |s| s.steps = 4),
        ("scheduler", |s| s.scheduler = Some("euler".to_owned())),
        ("guidance", |s| s.guidance = 4.0),
        ("guidance share", |s| s.guidance_share = 0.4),
        ("strength", |s| s.strength = 0.0),
        ("seed", |s| s.seed = 6),
        ("unconditional", |s| s.unconditional = Unconditional::Zeros),
        ("frozen", |s| s.frozen = FrozenLevel::Present),
        ("ring", |s| s.ring = RingRelease::AtOnce),
        ("colour match", |s| s.output = Output::Composited { colour_match: false }),
        ("decoded", |s| s.output = Output::Decoded),
        ("start", |s| s.start = Start::Inverted),
        ("context crop", |s| s.context_crop = false),
        ("steady", |s| s.steady = true),
        ("anchor", |s| s.anchor = None),
        ("vacated pixels", |s| s.separate_vacated = false),
        ("small items", |s| s.small_items_kept = false),
        ("sampled latents", |s| s.sampled_latents = true),
    ];
    let (mut engine, picture) = (engine("sd"), picture(Kind::Rgb8));
    let learned = draft(&engine, &picture);
    let base = EditSettings { strength: 0.4, ..short(&edits) };
    let usual = edit(&mut engine, &learned, &picture, &edits, &base).picture;
    for (name, change) in cases {
        let mut settings = base.clone();
        change(&mut settings);
        // The region of these edits is most of the small picture, so the crop is the whole picture.
        let effect = edit(&mut engine, &learned, &picture, &edits, &settings).picture != usual;
        assert_eq!(effect, name != "context crop", "{name}");
    }
    let ddim = |plain_ddim| EditSettings { scheduler: Some("ddim".to_owned()), plain_ddim, ..base.clone() };
    let [own, plain] = [false, true].map(|plain| edit(&mut engine, &learned, &picture, &edits, &ddim(plain)).picture);
    assert_ne!(own, plain, "plain DDIM");
}

#[test]
fn every_setting_of_learning_counts() {
    type Change = fn(&mut LearnSettings);
    let cases: [(&str, Change); 14] = [
        ("tokens", |s| s.tokens_per_item = 3),
        ("updates of the tokens", |s| s.tokens.updates = 1),
        ("rate of the tokens", |s| s.tokens.rate = 2e-2),
        ("decay of the tokens", |s| s.tokens.weight_decay = 0.5),
        ("updates of the attention", |s| s.attention.updates = 1),
        ("rate of the attention", |s| s.attention.rate = 2e-2),
        ("rank", |s| s.trained = TrainedAttention::Lora { rank: 2, alpha: 2.0 }),
        ("batch", |s| s.batch = 2),
        ("accumulation", |s| s.accumulation = 2),
        ("timesteps", |s| s.timesteps = Timesteps::Uniform),
        ("balance", |s| s.balanced = false),
        ("min-SNR", |s| s.min_snr_gamma = Some(0.02)),
        ("sampled latents", |s| s.sampled_latents = true),
        ("seed", |s| s.seed = 8),
    ];
    let mut engine = engine("sd");
    let few = |settings: LearnSettings| {
        let mut settings = LearnSettings { accumulation: 1, ..settings };
        (settings.tokens.updates, settings.attention.updates) = (2, 2);
        settings
    };
    let base = few(quick());
    let usual = learn(&mut engine, &base);
    for (name, change) in cases {
        let mut settings = base.clone();
        change(&mut settings);
        let learned = learn(&mut engine, &settings);
        let same_rows = learned.token_rows().iter().zip(usual.token_rows()).all(|(one, other)| numbers(one) == numbers(other));
        let (own, usual) = (learned.attention_tensors(), usual.attention_tensors());
        let same_attention = own.iter().zip(&usual).all(|((_, one), (_, other))| numbers(one) == numbers(other));
        assert!(!same_rows || !same_attention, "{name}");
    }
    // Gradient checkpointing does not change the result.
    let again = learn(&mut engine, &LearnSettings { checkpoint_levels: 9, ..base });
    let largest = again
        .token_rows()
        .iter()
        .zip(usual.token_rows())
        .map(|(one, other)| crate::support::largest_difference(one, other))
        .fold(0.0, f32::max);
    assert!(largest < 1e-5, "{largest}");
}
