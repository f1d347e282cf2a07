//! Every verb on every kind of picture: only the region changes, and the result depends only on the seed.

use std::ops::ControlFlow;

use dedit_diffusion::ErrorKind;
use dedit_edit::{Channels, Edit, EditPlan, Image, ItemMask, ItemRef, PlanSettings, Samples, Segmentation, Size, Vacated};
use dedit_engine::Brackets;
use dedit_engine::sampling::{EditEvent, EditInput, EditSettings};

use crate::support::{
    HEIGHT, Kind, WIDTH, draft, edit, engine, items, numbers, picture, plan, quick, remove, replace, shift, short, subject,
};

pub(crate) fn verbs() -> Vec<Edit> {
    let size = items().size();
    let text = |text: &str| ("ball".to_owned(), text.to_owned());
    let (item, prompt) = text("a golden [v]");
    let (alone, scene) = text("[v] on a beach");
    vec![
        Edit::Reconstruct,
        replace("ball"),
        Edit::Augment { item, prompt },
        Edit::SwapIn { item: "ball".to_owned(), from: ItemRef::reference("box") },
        shift("ball", 10.0, 5.0),
        Edit::Reshape { item: "box".to_owned(), mask: ItemMask::from_fn(size, |x, y| x > 50 && y > 40), vacated: Vacated::Nearest },
        Edit::Swap { item: "ball".to_owned(), with: "box".to_owned() },
        remove("ball"),
        Edit::Blend { item: "ball".to_owned(), with: ItemRef::target("box"), amount: 0.4 },
        Edit::Refine { mask: ItemMask::from_fn(size, |x, y| x < 20 && y < 20) },
        Edit::Personalize { item: alone, prompt: scene },
    ]
}

#[test]
fn no_verb_changes_a_bit_outside_its_region() {
    for kind in [Kind::Rgb8, Kind::Rgba16, Kind::GreyFloat] {
        let (mut engine, picture, items) = (engine("sd"), picture(kind), items());
        let learned = engine.draft(&subject(&picture, &items), Some(&subject(&picture, &items)), &quick()).unwrap();
        for verb in verbs() {
            let edits = [verb];
            let plan = EditPlan::new(&items, Some(&items), &edits, &PlanSettings::default()).unwrap();
            let edited =
                engine.edit(&learned, &EditInput::new(&picture, &plan), &short(&edits), &mut |_| Ok(ControlFlow::Continue(()))).unwrap();
            let name = format!("{} on {kind:?}", edits[0].verb());
            assert_eq!(edited.changed_pixels_outside, 0, "{name}");
            assert_eq!((edited.picture.size(), edited.picture.depth()), (picture.size(), picture.depth()), "{name}");
            let (before, after) = (pixels(&picture), pixels(&edited.picture));
            let changed = before.iter().zip(&after).filter(|(old, new)| old != new).count();
            assert!(changed > 20, "{name} changed {changed} pixels");
            let outside = before.iter().zip(&after).zip(plan.change().values());
            assert!(outside.filter(|(_, change)| **change == 0.0).all(|((old, new), _)| old == new), "{name}");
        }
    }
}

/// The bits of every pixel.
fn pixels(picture: &Image) -> Vec<Vec<u32>> {
    let bits: Vec<u32> = match picture.samples() {
        Samples::U8(samples) => samples.iter().map(|sample| u32::from(*sample)).collect(),
        Samples::U16(samples) => samples.iter().map(|sample| u32::from(*sample)).collect(),
        Samples::F32(samples) => samples.iter().map(|sample| sample.to_bits()).collect(),
    };
    bits.chunks(picture.channels().count()).map(<[u32]>::to_vec).collect()
}

#[test]
fn a_seed_decides_everything() {
    let (mut engine, picture) = (engine("sd"), picture(Kind::Rgb8));
    let learned = draft(&engine, &picture);
    let edits = [replace("ball")];
    let [a, again, other] = [5, 5, 6].map(|seed| edit(&mut engine, &learned, &picture, &edits, &EditSettings { seed, ..short(&edits) }));
    assert_eq!(a.picture, again.picture);
    assert_ne!(a.picture, other.picture);
}

#[test]
fn steps_are_told_with_a_preview_and_a_break_stops_at_once() {
    let (mut engine, picture) = (engine("sd"), picture(Kind::Rgb8));
    let learned = draft(&engine, &picture);
    let edits = [Edit::Reconstruct];
    let mut told = Vec::new();
    let mut listen = |event: EditEvent<'_>| {
        told.push(match event {
            EditEvent::Inverted { done, of } => format!("inverted {done}/{of}"),
            EditEvent::Step { done, of, preview, .. } => format!("step {done}/{of} {}", preview.size()),
            EditEvent::Cut(end) => format!("cut {end}"),
        });
        Ok(if told.len() == 5 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    };
    let outcome = engine.edit(&learned, &EditInput::new(&picture, &plan(&edits)), &short(&edits), &mut listen);
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Cancelled);
    assert_eq!(told[..3], ["inverted 1/3", "inverted 2/3", "inverted 3/3"]);
    assert!(told[3].starts_with("step 1/3 ") && told.len() == 5, "{told:?}");
}

#[test]
fn long_prompts_are_encoded_whole_and_in_the_published_way_cut() {
    let (mut engine, picture) = (engine("sd"), picture(Kind::Rgb8));
    let learned = draft(&engine, &picture);
    let long = "bag ".repeat(90);
    let (replace, augment) = (format!("{long} and the end"), format!("{long} [v]"));
    let edits = [
        Edit::Replace { item: "ball".to_owned(), prompt: replace },
        Edit::Augment { item: "ball".to_owned(), prompt: augment },
        Edit::Replace { item: "ball".to_owned(), prompt: "bag ".repeat(1201) },
    ];
    let mut first_event = |edit: &Edit, brackets| {
        let mut told = None;
        let settings = EditSettings { brackets, ..short(&[]) };
        let outcome = engine.edit(&learned, &EditInput::new(&picture, &plan(std::slice::from_ref(edit))), &settings, &mut |event| {
            told = Some(if let EditEvent::Cut(end) = event { end.to_owned() } else { "a step".to_owned() });
            Ok(ControlFlow::Break(()))
        });
        (told, outcome.unwrap_err())
    };
    assert!(first_event(&edits[0], Brackets::Characters).0.unwrap().ends_with("and the end"));
    let (told, error) = first_event(&edits[1], Brackets::Characters);
    assert_eq!(told, None);
    assert!(error.to_string().contains("an item's own tokens do not fit"), "{error}");
    for (edit, told) in edits.iter().zip(["a step", "a step", "bag"]) {
        assert_eq!(first_event(edit, Brackets::Weights).0.as_deref(), Some(told), "{edit:?}");
    }
}

/// Edits whose pictures are equal, and differ, by how brackets are read.
#[test]
fn brackets_weigh_words_and_an_items_own_tokens() {
    for model in ["sd", "sdxl"] {
        let (mut engine, picture) = (engine(model), picture(Kind::Rgb8));
        let learned = draft(&engine, &picture);
        let mut drawn = |prompt: &str, brackets| {
            let prompt = prompt.to_owned();
            let edits = [if prompt.contains("[v]") {
                Edit::Augment { item: "ball".to_owned(), prompt }
            } else {
                Edit::Replace { item: "ball".to_owned(), prompt }
            }];
            edit(&mut engine, &learned, &picture, &edits, &EditSettings { brackets, ..short(&edits) }).picture
        };
        let same = [
            ("a red bag", "a red bag", Brackets::Characters),
            ("a red (bag:1)", "a red bag", Brackets::Characters),
            ("a \\(red\\) \\[bag\\]", "a (red) [bag]", Brackets::Characters),
            ("a ([v]:1.0) bag", "a [v] bag", Brackets::Characters),
            ("a [[v]] bag", "a ([v]:0.9090909090909091) bag", Brackets::Weights),
            ("((red:2):0.5) bag", "red bag", Brackets::Weights),
        ];
        for (weighted, other, brackets) in same {
            assert_eq!(drawn(weighted, Brackets::Weights), drawn(other, brackets), "{model}: {weighted}");
        }
        for (weighted, plain) in [("a (red:3) bag", "a red bag"), ("a ([v]:3) bag", "a [v] bag"), ("a red BREAK bag", "a red bag")] {
            assert_ne!(drawn(weighted, Brackets::Weights), drawn(plain, Brackets::Weights), "{model}: {weighted}");
        }
    }
}

#[test]
fn pictures_of_odd_sizes_are_edited() {
    let mut engine = engine("sd");
    for (width, height, x) in [(1, 1, 1), (3, 200, 2), (1000, 7, 500), (129, 127, 64)] {
        let size = Size::new(width, height).unwrap();
        let picture = Image::new(size, Channels::Grey, Samples::U8((0..size.pixels()).map(|i| (i * 7 % 256) as u8).collect())).unwrap();
        let front = ItemMask::from_fn(size, |column, _| column < x);
        let items = Segmentation::from_masks(size, &[("front".to_owned(), front)], "back").unwrap();
        let learned = engine.draft(&subject(&picture, &items), None, &quick()).unwrap();
        let edits = [replace("front")];
        let plan = EditPlan::new(&items, None, &edits, &PlanSettings::default()).unwrap();
        let edited =
            engine.edit(&learned, &EditInput::new(&picture, &plan), &short(&edits), &mut |_| Ok(ControlFlow::Continue(()))).unwrap();
        assert_eq!((edited.picture.size(), edited.changed_pixels_outside), (size, 0), "{size}");
    }
}

#[test]
fn what_cannot_be_edited_is_said() {
    let (mut engine, rgb) = (engine("sd"), picture(Kind::Rgb8));
    let learned = draft(&engine, &rgb);
    let edits = [replace("ball")];
    let mut refused = |picture: &Image, settings: &EditSettings, kind: ErrorKind, fragment: &str| {
        let error = engine.edit(&learned, &EditInput::new(picture, &plan(&edits)), settings, &mut |_| panic!("work was done")).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(fragment), "{error}");
    };
    let good = short(&edits);
    let size = Size::new(WIDTH, HEIGHT).unwrap();
    let mut values = vec![0.5f32; WIDTH * HEIGHT];
    values[30 * WIDTH + 30] = f32::NAN;
    let nan = Image::new(size, Channels::Grey, Samples::F32(values)).unwrap();
    let clear = Image::new(size, Channels::GreyAlpha, Samples::U8([9, 0].repeat(WIDTH * HEIGHT))).unwrap();
    let small = Image::new(Size::new(8, 8).unwrap(), Channels::Grey, Samples::U8(vec![0; 64])).unwrap();
    refused(&nan, &good, ErrorKind::Input, "is NaN; give it a finite value");
    refused(&clear, &good, ErrorKind::Input, "is fully transparent");
    refused(&small, &good, ErrorKind::Input, "the items are on a picture of 96×64, and this picture is 8×8");
    refused(&rgb, &EditSettings { steps: 0, ..good.clone() }, ErrorKind::Usage, "0 steps");
    refused(&rgb, &EditSettings { guidance: f64::NAN, ..good.clone() }, ErrorKind::Usage, "the guidance NaN makes no sense");
    refused(&rgb, &EditSettings { strength: 1.5, ..good.clone() }, ErrorKind::Usage, "the strength 1.5 is outside 0 to 1");
    refused(&rgb, &EditSettings { anchor: Some(-0.1), ..good.clone() }, ErrorKind::Usage, "the anchor -0.1 is outside 0 to 1");
    refused(&rgb, &EditSettings { scheduler: Some("dpm".to_owned()), ..good }, ErrorKind::Usage, "dpm");
    assert_eq!(numbers(&learned.token_rows()[0]).len() % 6, 0);
}
