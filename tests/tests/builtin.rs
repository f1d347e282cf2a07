//! The built-in model and the method, end to end: results on scenes outside of the training set compared with the ground truth. `cargo xtask evaluate` measures
//! the same on many scenes; the thresholds here are such that a bug in any part makes the test fail.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in the functions it calls too")]

use std::ops::ControlFlow;

use candle_core::Device;
use dedit_diffusion::Checkpoint;
use dedit_diffusion::pipeline::Pipeline;
use dedit_edit::{Edit, EditPlan, Fit, Image, ItemWords, PlanSettings, Samples, Subject, Transform, Vacated};
use dedit_engine::learning::LearnSettings;
use dedit_engine::sampling::{EditInput, EditSettings};
use dedit_engine::{Engine, Learned};
use dedit_toys::{Drawing, Scene, draw};

const SIDE: u32 = 128;

fn engine() -> Engine {
    let model = dedit_toys::model::unpack(env!("CARGO_TARGET_TMPDIR").as_ref()).unwrap();
    Engine::new(Pipeline::load(&Checkpoint::open(model).unwrap(), &Device::Cpu).unwrap()).unwrap()
}

/// A scene with its drawing and the learned result or draft.
struct Case {
    scene: Scene,
    drawing: Drawing,
    learned: Learned,
}

impl Case {
    fn new(engine: &mut Engine, seed: u64, settings: Option<&LearnSettings>) -> Self {
        let scene = Scene::random(seed);
        let drawing = draw(&scene, SIDE);
        let (picture, items) = (drawing.image().unwrap(), drawing.items(&scene).unwrap());
        let start = |(name, words)| (name, ItemWords { start: Some(words), template: None });
        let subject = Subject { picture: &picture, items: &items, words: scene.item_words().into_iter().map(start).collect() };
        let learned = match settings {
            Some(settings) => engine.learn(&subject, None, settings, None, &mut |_| Ok(ControlFlow::Continue(()))).unwrap(),
            None => engine.draft(&subject, None, &LearnSettings::default()).unwrap(),
        };
        Self { scene, drawing, learned }
    }

    fn edit(&self, engine: &mut Engine, edit: &Edit, fit: Fit) -> Image {
        let (picture, items) = (self.drawing.image().unwrap(), self.drawing.items(&self.scene).unwrap());
        let settings = PlanSettings { fit, ..PlanSettings::for_size(items.size()) };
        let plan = EditPlan::new(&items, None, std::slice::from_ref(edit), &settings).unwrap();
        let settings = EditSettings::for_edits(std::slice::from_ref(edit));
        let edited =
            engine.edit(&self.learned, &EditInput::new(&picture, &plan), &settings, &mut |_| Ok(ControlFlow::Continue(()))).unwrap();
        assert_eq!(edited.changed_pixels_outside, 0);
        edited.picture
    }
}

fn bytes(picture: &Image) -> &[u8] {
    match picture.samples() {
        Samples::U8(samples) => samples,
        _ => &[],
    }
}

/// PSNR in dB over the chosen pixels.
fn psnr(picture: &Image, truth: &Drawing, chosen: impl Fn(usize) -> bool) -> f64 {
    let pixels = bytes(picture).chunks(3).zip(truth.picture.pixels()).enumerate().filter(|(index, _)| chosen(*index));
    let errors: Vec<f64> =
        pixels.flat_map(|(_, (one, other))| [0, 1, 2].map(|c| (f64::from(one[c]) - f64::from(other.0[c])).powi(2))).collect();
    -10.0 * (errors.iter().sum::<f64>() / errors.len() as f64 / 255.0_f64.powi(2)).log10()
}

fn owned(drawing: &Drawing, number: u8) -> impl Fn(usize) -> bool {
    move |index| drawing.labels.as_raw()[index] == number
}

#[test]
fn what_is_removed_leaves_what_was_behind_it() {
    let mut engine = engine();
    let mut gained = Vec::new();
    for seed in [7_000_000, 7_000_021, 7_000_046] {
        let case = Case::new(&mut engine, seed, None);
        let truth = draw(&case.scene.without(0), SIDE);
        let removed =
            case.edit(&mut engine, &Edit::Remove { items: vec![case.scene.toys[0].name()], vacated: Vacated::Nearest }, Fit::Exact);
        let before = psnr(&case.drawing.image().unwrap(), &truth, owned(&case.drawing, 1));
        gained.push(psnr(&removed, &truth, owned(&case.drawing, 1)) - before);
    }
    assert!(gained.iter().all(|gain| *gain > 8.0), "dB closer to the truth than the picture was: {gained:?}");
}

#[test]
fn a_learned_picture_comes_back_and_its_items_move() {
    let mut engine = engine();
    let mut settings = LearnSettings { save_every: 0, ..LearnSettings::default() };
    (settings.tokens.updates, settings.attention.updates) = (30, 40);
    let case = Case::new(&mut engine, 7_000_000, Some(&settings));
    let again = case.edit(&mut engine, &Edit::Reconstruct, Fit::Exact);
    let whole = psnr(&again, &case.drawing, |_| true);
    assert!(whole > 24.0, "reconstructed to {whole:.1} dB");
    let dx = case.scene.room_to_move(0, 24, SIDE).unwrap();
    let moved = draw(&case.scene.with(0, case.scene.moved(0, dx as f32, SIDE)), SIDE);
    let transform = Transform::shift(f64::from(dx), 0.0);
    let edit = Edit::Move { item: case.scene.toys[0].name(), transform, vacated: Vacated::Nearest };
    let changed = |index| owned(&case.drawing, 1)(index) || owned(&moved, 1)(index);
    let (before, after) = (case.drawing.image().unwrap(), case.edit(&mut engine, &edit, Fit::Exact));
    let gain = psnr(&after, &moved, changed) - psnr(&before, &moved, changed);
    assert!(gain > 5.0, "moved: {gain:.1} dB closer to the truth than the picture was");
}

#[test]
fn a_word_changes_a_colour() {
    let mut engine = engine();
    let case = Case::new(&mut engine, 7_000_021, None);
    let toy = case.scene.toys[0];
    let edit = Edit::Augment { item: toy.name(), prompt: "a red [v]".to_owned() };
    let picture = case.edit(&mut engine, &edit, Fit::Exact);
    let inside: Vec<&[u8]> =
        bytes(&picture).chunks(3).enumerate().filter(|(index, _)| owned(&case.drawing, 1)(*index)).map(|(_, pixel)| pixel).collect();
    let red = inside.iter().filter(|pixel| pixel[0] > 120 && pixel[1] < 110 && pixel[2] < 110).count();
    assert!(red * 2 > inside.len(), "{}: {red} of {} pixels are red", toy.name(), inside.len());
}
