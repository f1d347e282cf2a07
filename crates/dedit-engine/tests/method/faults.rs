//! Known faults of the published implementation, one test for each: the setting that reproduces it, and the default. Those of masks and plans (ring,
//! nearest-item fill, scaling about the item's own centre) are tested in `dedit-edit`.

use candle_core::{D, Tensor};
use dedit_diffusion::pipeline::Pipeline;
use dedit_edit::{Edit, Image, Samples};
use dedit_engine::learning::LearnSettings;
use dedit_engine::sampling::{EditInput, EditSettings, Edited, FrozenLevel, Output, PooledItems, RingRelease, Start, Unconditional};
use dedit_engine::{Engine, Learned};

use crate::support::{
    Kind, draft, edit, engine, items, largest_difference, numbers, picture, plan, quick, remove, replace, shift, short, smooth_engine,
    subject,
};

/// An engine, a picture and a draft of it.
fn ready(kind: &str) -> (Engine, Image, Learned) {
    let (engine, picture) = (engine(kind), picture(Kind::Rgb8));
    let learned = draft(&engine, &picture);
    (engine, picture, learned)
}

/// The same edit with two settings.
fn both(kind: &str, edits: &[Edit], one: &EditSettings, other: &EditSettings) -> [Edited; 2] {
    let (mut engine, picture, learned) = ready(kind);
    [one, other].map(|settings| edit(&mut engine, &learned, &picture, edits, settings))
}

/// The whole picture's clean latents.
fn clean_latents(pipeline: &Pipeline, picture: &Image, height: usize, width: usize) -> Tensor {
    let planes = picture.planes().unwrap();
    let plane = |values: &Vec<f32>| {
        let size = picture.size();
        let buffer =
            image::ImageBuffer::<image::Luma<f32>, _>::from_raw(size.width() as u32, size.height() as u32, values.clone()).unwrap();
        image::imageops::resize(&buffer, width as u32, height as u32, image::imageops::FilterType::CatmullRom).into_raw()
    };
    let values: Vec<f32> = planes.colour().iter().flat_map(plane).map(|value| value.clamp(0.0, 1.0) * 2.0 - 1.0).collect();
    let picture = Tensor::from_vec(values, (1, 3, height, width), &candle_core::Device::Cpu).unwrap();
    pipeline.vae().scale_latents(&pipeline.encode_picture(&picture).unwrap().mean).unwrap()
}

#[test]
fn the_kept_part_ends_at_its_clean_latents() {
    let (mut engine, picture, learned) = ready("sd");
    let edits = [remove("ball")];
    let next = EditSettings { context_crop: false, ..short(&edits) };
    let present = EditSettings { frozen: FrozenLevel::Present, ..next.clone() };
    let [good, bad] = [&next, &present].map(|settings| edit(&mut engine, &learned, &picture, &edits, settings).latents);
    let (_, _, rows, columns) = good.dims4().unwrap();
    let clean = clean_latents(engine.pipeline(), &picture, rows * 8, columns * 8);
    // The right edge is far from the ball.
    let edge = |latents: &Tensor| latents.narrow(D::Minus1, columns - 3, 3).unwrap();
    assert!(largest_difference(&edge(&good), &edge(&clean)) < 1e-5);
    assert!(largest_difference(&edge(&bad), &edge(&clean)) > 1e-2, "noise is left at the end");
}

#[test]
fn the_whole_picture_does_not_come_back_through_the_autoencoder() {
    let edits = [remove("ball")];
    let good = short(&edits);
    let bad = EditSettings { output: Output::Decoded, context_crop: false, ..good.clone() };
    let [good, bad] = both("sd", &edits, &good, &bad);
    assert_eq!(good.changed_pixels_outside, 0);
    assert!(bad.changed_pixels_outside > 1000, "{}", bad.changed_pixels_outside);
}

#[test]
fn what_is_removed_does_not_leak_through_the_pooled_text() {
    let edits = [remove("ball")];
    let pooled = |pooled| EditSettings { pooled, ..short(&edits) };
    for (settings, leaks) in [(pooled(PooledItems::Generated), false), (pooled(PooledItems::All), true)] {
        let (mut engine, picture) = (engine("sdxl"), picture(Kind::Rgb8));
        // Drafts whose first item, the ball, starts from other words; nothing else differs.
        let [one, other] = ["cat", "lighthouse"].map(|words| {
            let (items, words) = (items(), dedit_edit::ItemWords { start: Some(words.to_owned()), template: None });
            let subject = dedit_edit::Subject { words: [("ball".to_owned(), words)].into(), ..subject(&picture, &items) };
            let learned = engine.draft(&subject, None, &quick()).unwrap();
            edit(&mut engine, &learned, &picture, &edits, &settings)
        });
        assert_eq!(numbers(&one.latents) != numbers(&other.latents), leaks, "{:?}", settings.pooled);
    }
}

#[test]
fn guidance_leads_away_from_the_empty_prompt() {
    let edits = [replace("ball")];
    let empty = short(&edits);
    let zeros = EditSettings { unconditional: Unconditional::Zeros, ..empty.clone() };
    let [one, other] = both("sd", &edits, &empty, &zeros);
    assert_ne!(numbers(&one.latents), numbers(&other.latents));
    // Without guidance the unconditional branch has no effect.
    let plain = |settings: EditSettings| EditSettings { guidance: 1.0, ..settings };
    let [one, other] = both("sd", &edits, &plain(empty.clone()), &plain(zeros));
    assert_eq!(numbers(&one.latents), numbers(&other.latents));
    // With a smaller share of the steps it has less effect.
    let [late, none] =
        both("sd", &edits, &EditSettings { guidance_share: 0.5, ..empty.clone() }, &EditSettings { guidance_share: 0.0, ..empty });
    assert_ne!(numbers(&late.latents), numbers(&none.latents));
    assert_eq!(numbers(&none.latents), numbers(&one.latents));
}

#[test]
fn moved_items_keep_their_pixels() {
    let (mut engine, picture, learned) = ready("sd");
    let edits = [shift("box", -20.0, 8.0)];
    let moved = plan(&edits).moved();
    let planes = picture.planes().unwrap();
    let transported = plan(&edits).transported(&planes, &planes).unwrap();
    let mut error = |anchor| {
        let settings = EditSettings { anchor, output: Output::Composited { colour_match: false }, ..short(&edits) };
        let edited = edit(&mut engine, &learned, &picture, &edits, &settings).picture.planes().unwrap();
        let inside = |index: &usize| moved.values()[*index] >= 0.5;
        let difference = |index: usize| (edited.colour()[0][index] - transported.colour()[0][index]).powi(2);
        (0..moved.values().len()).filter(inside).map(difference).sum::<f32>()
    };
    let (anchored, imagined) = (error(Some(1.0)), error(None));
    assert!(anchored < 0.8 * imagined, "{anchored} and {imagined}");
}

#[test]
fn moved_items_keep_their_pixels_where_everything_changes() {
    let (mut engine, picture, learned) = ready("sd");
    let words = Edit::Replace { item: "ground".to_owned(), prompt: "a red bag".to_owned() };
    let also = Edit::Replace { item: "ball".to_owned(), prompt: "a red bag".to_owned() };
    let edits = [shift("box", -8.0, 4.0), words, also];
    assert!(plan(&edits).change().values().iter().all(|change| *change >= 1.0));
    let [kept, imagined] = [Some(1.0), None].map(|anchor| {
        let settings = EditSettings { anchor, ..short(&edits) };
        edit(&mut engine, &learned, &picture, &edits, &settings).latents
    });
    assert!(largest_difference(&kept, &imagined) > 1e-2);
}

#[test]
fn bright_pixels_beyond_white_do_not_shift_the_colours() {
    let size = items().size();
    let picture = |bright: f32| {
        let value = |index: usize| if index.is_multiple_of(97) { bright } else { 0.4 };
        Image::new(size, dedit_edit::Channels::Grey, Samples::F32((0..size.pixels()).map(value).collect())).unwrap()
    };
    let mut engine = engine("sd");
    let edits = [replace("box")];
    let [white, beyond] = [1.0, 500.0].map(|bright| {
        let picture = picture(bright);
        let learned = draft(&engine, &picture);
        edit(&mut engine, &learned, &picture, &edits, &short(&edits)).picture.planes().unwrap()
    });
    let inside = plan(&edits).active();
    let differences =
        (0..size.pixels()).filter(|index| inside.is_inside(*index)).map(|i| (white.colour()[0][i] - beyond.colour()[0][i]).abs());
    assert!(differences.fold(0.0, f32::max) < 1e-5);
}

#[test]
fn vacated_pixels_do_not_attend_to_each_other() {
    let edits = [remove("ball")];
    let kept = EditSettings { separate_vacated: false, ..short(&edits) };
    let [separated, together] = both("sd", &edits, &short(&edits), &kept);
    assert!(largest_difference(&separated.latents, &together.latents) > 1e-4);
    // Without vacated pixels it has no effect.
    let [one, other] = both("sd", &[replace("ball")], &short(&edits), &kept);
    assert_eq!(numbers(&one.latents), numbers(&other.latents));
}

#[test]
fn only_the_region_and_its_surroundings_are_worked_on() {
    let size = dedit_edit::Size::new(400, 300).unwrap();
    let samples = (0..size.pixels() * 3).map(|i| (i * 31 % 251) as u8).collect();
    let picture = Image::new(size, dedit_edit::Channels::Rgb, Samples::U8(samples)).unwrap();
    let spot = dedit_edit::ItemMask::from_fn(size, |x, y| (300..320).contains(&x) && (200..230).contains(&y));
    let items = dedit_edit::Segmentation::from_masks(size, &[("spot".to_owned(), spot)], "rest").unwrap();
    let mut engine = engine("sd");
    let learned = engine.draft(&subject(&picture, &items), None, &quick()).unwrap();
    let edits = [remove("spot")];
    let plan = dedit_edit::EditPlan::new(&items, None, &edits, &dedit_edit::PlanSettings::default()).unwrap();
    let mut latents = |context_crop| {
        let settings = EditSettings { context_crop, ..short(&edits) };
        engine
            .edit(&learned, &EditInput::new(&picture, &plan), &settings, &mut |_| Ok(std::ops::ControlFlow::Continue(())))
            .unwrap()
            .latents
    };
    // The crop has the aspect ratio of the region, the whole picture its own of 4 : 3.
    let (crop, whole) = (latents(true), latents(false));
    assert!(crop.dim(3).unwrap() < whole.dim(3).unwrap());
    assert!(whole.dim(3).unwrap() > whole.dim(2).unwrap());
}

#[test]
fn the_ring_becomes_free_from_the_inside_out() {
    let edits = [replace("box")];
    let gradual = EditSettings { strength: 0.3, steps: 6, ..short(&edits) };
    let at_once = EditSettings { ring: RingRelease::AtOnce, ..gradual.clone() };
    let [one, other] = both("sd", &edits, &gradual, &at_once);
    assert_ne!(numbers(&one.latents), numbers(&other.latents));
    // If the ring is kept to the end, both are the same.
    let kept = |settings: EditSettings| EditSettings { strength: 1.0, ..settings };
    let [one, other] = both("sd", &edits, &kept(gradual), &kept(at_once));
    assert_eq!(numbers(&one.latents), numbers(&other.latents));
}

#[test]
fn an_inverted_start_leads_back_to_the_picture() {
    let edits = [Edit::Reconstruct];
    let from = |start| EditSettings { start, guidance: 1.0, steps: 30, scheduler: Some("ddim".to_owned()), ..short(&edits) };
    // A denoiser whose prediction changes little from step to step, like a trained one; with random weights an inversion would not lead back.
    let (mut engine, picture) = (smooth_engine(), picture(Kind::Rgb8));
    let learned = draft(&engine, &picture);
    let [inverted, noise] =
        [Start::Inverted, Start::Noise].map(|start| edit(&mut engine, &learned, &picture, &edits, &from(start)).latents);
    let (_, _, rows, columns) = inverted.dims4().unwrap();
    let clean = clean_latents(engine.pipeline(), &picture, rows * 8, columns * 8);
    let error = |latents: &Tensor| numbers(latents).iter().zip(numbers(&clean)).map(|(a, b)| (a - b).powi(2)).sum::<f32>();
    assert!(error(&inverted) < 0.01 * error(&noise), "{} and {}", error(&inverted), error(&noise));
}

#[test]
fn colours_are_brought_to_those_around() {
    let edits = [replace("box")];
    let plain = EditSettings { output: Output::Composited { colour_match: false }, ..short(&edits) };
    let [matched, unmatched] = both("sd", &edits, &short(&edits), &plain);
    assert_ne!(matched.picture, unmatched.picture);
    assert_eq!((matched.changed_pixels_outside, unmatched.changed_pixels_outside), (0, 0));
    assert_eq!(numbers(&matched.latents), numbers(&unmatched.latents));
}

#[test]
fn the_true_size_is_told_to_sdxl() {
    let edits = [replace("box")];
    let [actual, fixed] = both("sdxl", &edits, &short(&edits), &EditSettings { fixed_time_ids: true, ..short(&edits) });
    assert_ne!(numbers(&actual.latents), numbers(&fixed.latents));
}

#[test]
fn small_items_are_learned() {
    // An item of one pixel: with the published settings its tokens get no gradient.
    let picture = picture(Kind::Rgb8);
    let size = picture.size();
    let dot = dedit_edit::ItemMask::from_fn(size, |x, y| (x, y) == (41, 23));
    let items = dedit_edit::Segmentation::from_masks(size, &[("dot".to_owned(), dot)], "rest").unwrap();
    let mut engine = engine("sd");
    for (small_items_kept, learns) in [(true, true), (false, false)] {
        let settings = LearnSettings { small_items_kept, balanced: small_items_kept, ..quick() };
        let start = engine.draft(&subject(&picture, &items), None, &settings).unwrap();
        let learned = engine.learn(&subject(&picture, &items), None, &settings, None, &mut |_| Ok(std::ops::ControlFlow::Continue(())));
        let rows = |learned: &Learned| numbers(&learned.token_rows()[0].narrow(0, 0, 2).unwrap());
        let learned = learned.map(|learned| rows(&learned) != rows(&start));
        assert_eq!(learned.ok(), Some(learns), "small items kept: {small_items_kept}");
    }
}
