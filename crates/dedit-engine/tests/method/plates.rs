//! Edits that start from a clean plate: what uses it, what does not, and what becomes of its pixels.

use std::ops::ControlFlow;

use dedit_diffusion::{ErrorKind, Family};
use dedit_edit::{Channels, Edit, EditOptions, Engine as _, Image, Preset, Samples, Size, Work};
use dedit_engine::sampling::{EditEvent, EditInput, EditSettings, Edited, GroundUse, PlateUse};
use dedit_engine::{Engine, Learned};

use crate::support::{HEIGHT, Kind, WIDTH, draft, engine, items, picture, plan, remove, replace, shift, short};

/// The samples of a picture with 8 bits.
fn bytes(picture: &Image) -> Vec<u8> {
    match picture.samples() {
        Samples::U8(samples) => samples.clone(),
        _ => Vec::new(),
    }
}

/// The picture with another colour in the place of an item.
fn without(item: u16) -> Image {
    let mut samples = bytes(&picture(Kind::Rgb8));
    for (pixel, label) in samples.chunks_mut(3).zip(items().labels()) {
        if *label == item {
            pixel.copy_from_slice(&[140, 150, 130]);
        }
    }
    Image::new(Size::new(WIDTH, HEIGHT).unwrap(), Channels::Rgb, Samples::U8(samples)).unwrap()
}

/// An engine with a draft of the picture.
struct Bench {
    engine: Engine,
    picture: Image,
    learned: Learned,
}

impl Bench {
    fn new() -> Self {
        let (engine, picture) = (engine("sd"), picture(Kind::Rgb8));
        let learned = draft(&engine, &picture);
        Self { engine, picture, learned }
    }

    fn edit(&mut self, edits: &[Edit], plate: Option<&Image>, settings: &EditSettings) -> Edited {
        let (plan, picture) = (plan(edits), &self.picture);
        let input = EditInput { picture, plan: &plan, plate };
        self.engine.edit(&self.learned, &input, settings, &mut |_| Ok(ControlFlow::Continue(()))).unwrap()
    }
}

fn with(settings: &EditSettings, change: impl FnOnce(&mut PlateUse)) -> EditSettings {
    let mut plate = settings.plate.unwrap();
    change(&mut plate);
    EditSettings { plate: Some(plate), ..settings.clone() }
}

#[test]
fn the_published_algorithm_never_uses_a_plate() {
    let (mut bench, plate) = (Bench::new(), without(0));
    for edits in [[remove("ball")], [shift("ball", 30.0, 0.0)], [replace("ball")]] {
        let reference = EditSettings { steps: 3, seed: 5, ..EditSettings::reference(Family::Sd1, &edits) };
        for (settings, uses) in [(short(&edits), true), (EditSettings { plate: None, ..short(&edits) }, false), (reference, false)] {
            let [none, some] = [None, Some(&plate)].map(|plate| bench.edit(&edits, plate, &settings));
            assert_eq!(none.picture != some.picture, uses, "{edits:?}");
        }
        for (preset, steady, wants) in [(Preset::Default, false, true), (Preset::Default, true, false), (Preset::Reference, false, false)] {
            assert_eq!(bench.engine.wants_plate(&edits, &EditOptions { preset, steady, ..EditOptions::default() }), wants);
        }
    }
}

#[test]
fn a_plate_that_was_made_for_something_else_is_left_alone() {
    let (mut bench, plate) = (Bench::new(), without(0));
    let options = EditOptions { steps: Some(3), seed: 5, ..EditOptions::default() };
    let augment = Edit::Augment { item: "ball".to_owned(), prompt: "a red [v]".to_owned() };
    for (edits, wants) in [
        (vec![augment.clone()], false),
        (vec![remove("box"), augment], false),
        (vec![Edit::Swap { item: "ball".to_owned(), with: "box".to_owned() }], false),
        // Nothing lies behind the ground.
        (vec![replace("ground")], false),
        (vec![remove("ball")], true),
    ] {
        let is_of_ground = edits[0] == replace("ground");
        assert_eq!(bench.engine.wants_plate(&edits, &options), wants || is_of_ground, "{edits:?}");
        let (plan, learned) = (plan(&edits), bench.learned.clone());
        let [none, some] = [None, Some(&plate)].map(|plate| {
            let work = Work { picture: &bench.picture, plan: &plan, edits: &edits, options: &options, plate, neighbours: &[] };
            dedit_edit::Engine::edit(&mut bench.engine, &learned, &work, &mut |_| Ok(ControlFlow::Continue(()))).unwrap()
        });
        assert_eq!((none.picture != some.picture, none.settings != some.settings), (wants, wants), "{edits:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bits_and_another_one_does_not() {
    let (mut bench, plate) = (Bench::new(), without(0));
    for edits in [[remove("ball")], [shift("ball", 30.0, 0.0)], [replace("ball")]] {
        let [one, again, other] = [5, 5, 6].map(|seed| {
            let settings = EditSettings { seed, steps: 5, ..short(&edits) };
            bench.edit(&edits, Some(&plate), &settings)
        });
        assert!(one.picture == again.picture && one.picture != other.picture, "{edits:?}");
        assert_eq!(one.changed_pixels_outside, 0);
    }
}

#[test]
fn steps_before_anything_is_generated_are_left_out() {
    let (mut bench, plate) = (Bench::new(), without(0));
    for (edits, share, steps) in [
        ([remove("ball")], 0.6, 2),
        ([remove("ball")], 0.0, 5),
        ([shift("ball", 30.0, 0.0)], 0.6, 2),
        // What is moved is generated before the ground is.
        ([shift("ball", 30.0, 0.0)], 1.0, 1),
        ([replace("ball")], 0.6, 5),
    ] {
        let settings = with(&EditSettings { steps: 5, ..short(&edits) }, |plate| plate.share = share);
        let (plan, mut done) = (plan(&edits), Vec::new());
        let input = EditInput { picture: &bench.picture, plan: &plan, plate: Some(&plate) };
        let mut listen = |event: EditEvent<'_>| {
            if let EditEvent::Step { done: step, of: 5, .. } = event {
                done.push(step);
            }
            Ok(ControlFlow::Continue(()))
        };
        bench.engine.edit(&bench.learned, &input, &settings, &mut listen).unwrap();
        assert_eq!(done, (6 - steps..=5).collect::<Vec<usize>>(), "{edits:?} {share}");
    }
}

/// Where nothing is generated, the plate comes back, although everything goes through the autoencoder.
#[test]
fn what_is_kept_to_the_end_is_the_plate() {
    let (mut bench, plate) = (Bench::new(), without(0));
    let edits = [remove("ball")];
    let mut largest = |details| {
        let settings = with(&short(&edits), |plate| (plate.share, plate.details) = (1.0, details));
        let edited = bench.edit(&edits, Some(&plate), &settings).picture;
        let (edited, plate) = (bytes(&edited), bytes(&plate));
        edited.iter().zip(&plate).map(|(one, other)| one.abs_diff(*other)).max().unwrap()
    };
    assert!(largest(Some(0.2)) <= 1);
    assert!(largest(None) > 10, "this autoencoder reconstructs nothing");
}

#[test]
fn every_setting_of_a_plate_counts() {
    type Change = fn(&mut PlateUse);
    let ground = Some(GroundUse { from: 0.0, distance: 100.0 });
    let removal: [(&str, Change); 3] =
        [("share", |plate| plate.share = 0.1), ("narrow", |plate| plate.narrow = false), ("details", |plate| plate.details = None)];
    let replacement: [(&str, Change); 2] = [("ground", |plate| plate.ground = None), ("cut out", |plate| plate.cut_out = true)];
    let (mut bench, plate) = (Bench::new(), without(0));
    for (edit, changes) in [(remove("ball"), &removal[..]), (replace("ball"), &replacement)] {
        // The margin gives the region something to be narrowed from.
        let edits = [edit];
        let settings = dedit_edit::PlanSettings { margin: dedit_edit::Margin::Pixels(8.0), ..dedit_edit::PlanSettings::default() };
        let plan = dedit_edit::EditPlan::new(&items(), None, &edits, &settings).unwrap();
        let base = with(&short(&edits), |plate| (plate.ground, plate.cut_out) = (ground, false));
        let mut edited = |settings: &EditSettings| {
            let input = EditInput { picture: &bench.picture, plan: &plan, plate: Some(&plate) };
            bench.engine.edit(&bench.learned, &input, settings, &mut |_| Ok(ControlFlow::Continue(()))).unwrap().picture
        };
        let usual = edited(&base);
        for (name, change) in changes {
            assert!(edited(&with(&base, change)) != usual, "{name}");
        }
    }
}

#[test]
fn plates_and_settings_that_do_not_fit_are_refused() {
    let mut bench = Bench::new();
    let edits = [remove("ball")];
    let small = Image::new(Size::new(2, 1).unwrap(), Channels::Rgb, Samples::U8(vec![0; 6])).unwrap();
    let usual = short(&edits);
    for (plate, settings, kind) in [
        (&small, usual.clone(), ErrorKind::Input),
        (&without(0), with(&usual, |plate| plate.share = 1.1), ErrorKind::Usage),
        (&without(0), with(&usual, |plate| plate.details = Some(0.0)), ErrorKind::Usage),
        (&without(0), with(&usual, |plate| plate.ground = Some(GroundUse { from: 0.5, distance: f32::NAN })), ErrorKind::Usage),
    ] {
        let (plan, picture) = (plan(&edits), &bench.picture);
        let input = EditInput { picture, plan: &plan, plate: Some(plate) };
        let error = bench.engine.edit(&bench.learned, &input, &settings, &mut |_| panic!("work was done")).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
}
