use dedit_client::Blobs;
use dedit_protocol::answer::{self, LayerPart, Region};
use dedit_protocol::request::{EditOptions, EditVerb, PlanOptions};
use dedit_protocol::{Blob, Pixels, Samples as Sent};
use gimp_host::Curve;

use super::*;
use crate::fake::{Fake, IMAGE};
use crate::result::ResultLayers;
use crate::source::of_layer;

/// A result of two by two pixels at 1, 1, of which the last may not change.
fn sample(value: u8, channels: u8) -> EditResult {
    let region = Region { x: 1, y: 1, width: 2, height: 2 };
    EditResult {
        edited: Edited { region, revision: Some(1), seed: 5, ..Edited::default() },
        sides: Sides::default(),
        pixels: Pixels::new(2, 2, channels, Sent::U8(vec![value; 4 * usize::from(channels)])).unwrap(),
        changes: vec![0.3, 0.3, 0.3, 0.0],
        layers: None,
        edit: None,
        plan: PlanOptions::default(),
        options: EditOptions::default(),
        session: "abc".to_owned(),
        name: "Remove bag".to_owned(),
    }
}

#[test]
fn a_result_is_a_layer_above_the_picture_and_the_picture_goes_on_from_it() {
    let (fake, below) = Fake::picture(8, 8);
    let layer = fake.layer("picture", (3, 2), (4, 4), false);
    fake.layer("text", (0, 0), (8, 8), true);
    let source = of_layer(&fake, layer);
    let composite = Composite::read(&fake, &source, None).unwrap();
    let before = composite.digest.clone();
    let [result] = insert(&fake, &source, &composite, &[sample(200, 3)], None).unwrap()[..] else { panic!() };
    assert_eq!(fake.within(None).iter().position(|item| *item == result), Some(1));
    assert_eq!(fake.within(None)[2..], [layer, below]);
    assert_eq!(fake.with(result, |layer| (layer.name.clone(), layer.offsets, layer.size)), ("Remove bag".to_owned(), (4, 3), (2, 2)));
    let mask = fake.layer_mask(result).unwrap().unwrap();
    assert_eq!(fake.with(mask, |mask| mask.samples.clone()), [1.0, 1.0, 1.0, 0.0]);
    assert_eq!((fake.steps(), fake.selected_layers(IMAGE).unwrap()), ((1, 1), vec![layer]));
    assert_eq!(sessions::of_layer(&fake, &source).unwrap(), ["abc"]);
    // What stands there now is exactly what was noted; where it is hidden, it is the picture again.
    let now = Composite::read(&fake, &source, None).unwrap();
    assert_eq!(
        (now.result.map(|record| (record.session, record.revision, record.seed)), now.topmost),
        (Some(("abc".to_owned(), Some(1), 5)), Some(result))
    );
    assert_eq!(Composite::read(&fake, &source, Some(result)).unwrap().digest, before);
    fake.with(result, |layer| layer.visible = false);
    assert_eq!(Composite::read(&fake, &source, None).unwrap().digest, before);
    // Where it was painted on, it is another picture.
    fake.with(result, |layer| (layer.visible, layer.samples[0]) = (true, 0.0));
    assert!(Composite::read(&fake, &source, None).unwrap().result.is_none());
}

#[test]
fn variations_are_a_group_in_one_step_and_what_they_replace_is_hidden() {
    let (fake, layer) = Fake::picture(4, 4);
    let source = of_layer(&fake, layer);
    let composite = Composite::read(&fake, &source, None).unwrap();
    let draft = insert(&fake, &source, &composite, &[sample(1, 3)], None).unwrap()[0];
    let layers = insert(&fake, &source, &composite, &[sample(2, 3), sample(3, 3)], Some(draft)).unwrap();
    let group = fake.parent(layers[0]).unwrap().unwrap();
    assert_eq!((fake.within(Some(group)), fake.within(None)), (layers.clone(), vec![group, draft, layer]));
    assert_eq!([layers[0], layers[1], draft].map(|layer| fake.is_visible(layer).unwrap()), [true, false, false]);
    assert_eq!(fake.steps(), (2, 2));
    // The next result lies above the group.
    let composite = Composite::read(&fake, &source, None).unwrap();
    assert_eq!(composite.topmost, Some(layers[0]));
    let next = insert(&fake, &source, &composite, &[sample(4, 3)], None).unwrap()[0];
    assert_eq!(fake.within(None), [next, group, draft, layer]);
}

#[test]
fn soft_alpha_shows_through_where_nothing_lies_below() {
    for (is_alone, alpha, clipped) in [(true, 128, true), (true, 255, false), (false, 128, false)] {
        let (fake, bottom) = Fake::picture(4, 4);
        let layer = if is_alone { bottom } else { fake.layer("cut out", (0, 0), (4, 4), true) };
        fake.with(layer, |layer| layer.alpha = true);
        let source = of_layer(&fake, layer);
        let composite = Composite::read(&fake, &source, None).unwrap();
        let result = insert(&fake, &source, &composite, &[sample(alpha, 4)], None).unwrap()[0];
        assert_eq!(fake.with(result, |layer| layer.clipped), clipped);
        let expected = if clipped { 1.0 } else { f32::from(alpha) / 255.0 };
        assert!((fake.with(result, |layer| layer.samples[3]) - expected).abs() < 1e-6);
        assert!(Composite::read(&fake, &source, None).unwrap().result.is_some(), "{is_alone} {alpha}");
    }
}

#[test]
fn a_result_goes_where_its_picture_has_gone_or_nowhere() {
    let (fake, layer) = Fake::picture(4, 4);
    let source = of_layer(&fake, layer);
    let composite = Composite::read(&fake, &source, None).unwrap();
    fake.with(layer, |layer| layer.offsets = (-7, 9));
    let result = insert(&fake, &source, &composite, &[sample(1, 3)], None).unwrap()[0];
    assert_eq!(fake.with(result, |layer| layer.offsets), (-6, 10));
    fake.with(layer, |layer| layer.size = (3, 4));
    let failure = insert(&fake, &source, &composite, &[sample(1, 3)], None).unwrap_err();
    assert!(failure.message.contains("'picture' was resized") && failure.to_string().contains("History"), "{failure}");
    fake.with(layer, |layer| (layer.size, layer.alpha) = ((4, 4), true));
    assert!(insert(&fake, &source, &composite, &[sample(1, 3)], None).unwrap_err().message.contains("converted"));
    assert_eq!((fake.within(None).len(), fake.steps()), (2, (1, 1)));
}

/// Two columns at the left and a row at the bottom of a picture of four by four pixels.
const SIDES: Sides = Sides { left: 2, right: 0, top: 0, bottom: 1 };

/// A result that covers all of the larger canvas but the last pixel of the old picture.
fn expanded(value: u8) -> EditResult {
    let mut changes = vec![1.0; 30];
    changes[3 * 6 + 5] = 0.0;
    EditResult {
        edited: Edited { region: Region { x: 0, y: 0, width: 6, height: 5 }, revision: Some(1), ..Edited::default() },
        sides: SIDES,
        pixels: Pixels::new(6, 5, 3, Sent::U8(vec![value; 90])).unwrap(),
        changes,
        ..sample(value, 3)
    }
}

#[test]
fn the_canvas_grows_with_the_result_and_the_next_edit_is_of_all_of_it() {
    let (fake, layer) = Fake::picture(4, 4);
    let text = fake.layer("text", (-3, 1), (4, 4), true);
    let source = of_layer(&fake, layer);
    let composite = Composite::read(&fake, &source, None).unwrap();
    let result = insert(&fake, &source, &composite, &[expanded(200)], None).unwrap()[0];
    assert_eq!((fake.image_size(IMAGE).unwrap(), fake.steps()), ((6, 5), (1, 1)));
    let offsets = [result, layer, text].map(|item| fake.offsets(item).unwrap());
    assert_eq!(offsets, [(0, 0), (2, 0), (-1, 1)]);
    let record = ResultRecord::of(&fake, result).unwrap();
    assert_eq!((record.sides, record.before), (SIDES, composite.digest.clone()));

    let grown = of_layer(&fake, layer);
    assert_eq!((grown.offsets, grown.size, grown.added), ((0, 0), (6, 5), SIDES));
    let now = Composite::read(&fake, &grown, None).unwrap();
    assert_eq!(now.result.map(|record| record.digest), Some(record.digest));
    let next = insert(&fake, &grown, &Composite::read(&fake, &grown, None).unwrap(), &[sample(9, 3)], None).unwrap()[0];
    assert_eq!((fake.offsets(next).unwrap(), fake.image_size(IMAGE).unwrap()), ((1, 1), (6, 5)));
    assert!(Composite::read(&fake, &of_layer(&fake, layer), None).unwrap().result.is_some());

    // Twice in a row: the second one is of the larger picture.
    let twice = EditResult {
        edited: Edited { region: Region { x: 0, y: 0, width: 7, height: 1 }, revision: Some(3), ..Edited::default() },
        sides: Sides { left: 1, ..Sides::default() },
        pixels: Pixels::new(7, 1, 3, Sent::U8(vec![5; 21])).unwrap(),
        changes: vec![1.0; 7],
        ..sample(5, 3)
    };
    let grown = of_layer(&fake, layer);
    insert(&fake, &grown, &Composite::read(&fake, &grown, None).unwrap(), &[twice], None).unwrap();
    let all = of_layer(&fake, layer);
    assert_eq!((all.offsets, all.size, fake.image_size(IMAGE).unwrap()), ((0, 0), (7, 5), (7, 5)));

    // Without the results the picture is what it was.
    for item in fake.within(None).into_iter().filter(|item| ![layer, text].contains(item)) {
        fake.with(item, |layer| layer.visible = false);
    }
    let alone = of_layer(&fake, layer);
    assert_eq!((alone.offsets, alone.size), ((3, 0), (4, 4)));
    assert_eq!(Composite::read(&fake, &alone, None).unwrap().digest, composite.digest);
}

#[test]
fn a_result_that_replaces_another_has_its_canvas_already() {
    for is_visible in [false, true] {
        let (fake, layer) = Fake::picture(4, 4);
        let call = gimp_host::Call {
            procedure: String::new(),
            mode: gimp_host::RunMode::NonInteractive,
            image: Some(IMAGE),
            drawables: vec![layer],
            values: Vec::new(),
        };
        let find = || Source::find(&fake, &call, if is_visible { "visible" } else { "layer" }).unwrap();
        let source = find();
        let composite = Composite::read(&fake, &source, None).unwrap();
        let of = |value| {
            let channels = source.format.channels.count() as u8;
            let pixels = Pixels::new(6, 5, channels, Sent::U8(vec![value; 30 * usize::from(channels)])).unwrap();
            EditResult { pixels, ..expanded(value) }
        };
        let draft = insert(&fake, &source, &composite, &[of(1)], None).unwrap()[0];
        // After learning, for a source that was read before the draft.
        let learned = insert(&fake, &source, &composite, &[of(2)], Some(draft)).unwrap()[0];
        assert_eq!((fake.offsets(learned).unwrap(), fake.image_size(IMAGE).unwrap()), ((0, 0), (6, 5)), "{is_visible}");
        // Made again, for a source that is read now.
        let without = find().without(&fake, learned).unwrap();
        assert_eq!((without.offsets, without.size, without.added), ((2, 0), (4, 4), Sides::default()));
        let before = Composite::read(&fake, &without, Some(learned)).unwrap();
        let again = insert(&fake, &without, &before, &[of(3)], Some(learned)).unwrap()[0];
        assert_eq!((fake.offsets(again).unwrap(), fake.image_size(IMAGE).unwrap()), ((0, 0), (6, 5)), "{is_visible}");
        assert_eq!(ResultRecord::of(&fake, again).unwrap().sides, SIDES);
        fake.resize_canvas(IMAGE, (9, 9), (0, 0)).unwrap();
        let outcome = insert(&fake, &source, &composite, &[of(4)], Some(draft));
        assert_eq!(outcome.is_err(), is_visible, "{outcome:?}");
    }
}

#[test]
fn a_canvas_grows_only_as_far_as_the_picture_needs() {
    let (fake, _) = Fake::picture(20, 20);
    let layer = fake.layer("small", (1, 10), (4, 4), false);
    let source = of_layer(&fake, layer);
    let composite = Composite::read(&fake, &source, None).unwrap();
    let result = insert(&fake, &source, &composite, &[expanded(7)], None).unwrap()[0];
    assert_eq!((fake.image_size(IMAGE).unwrap(), fake.offsets(result).unwrap()), ((21, 20), (0, 10)));
}

#[test]
fn what_fails_halfway_leaves_no_layer() {
    let (fake, layer) = Fake::picture(4, 4);
    let source = of_layer(&fake, layer);
    let composite = Composite::read(&fake, &source, None).unwrap();
    let mut beyond = sample(1, 3);
    beyond.edited.region.x = 3;
    let failure = insert(&fake, &source, &composite, &[sample(1, 3), beyond], None).unwrap_err();
    assert!(failure.message.contains("does not fit"));
    assert_eq!((fake.within(None), fake.steps()), (vec![layer], (1, 1)));
}

#[test]
fn what_was_erased_or_made_fainter_is_seen_so() {
    let (fake, layer) = Fake::picture(4, 4);
    let source = of_layer(&fake, layer);
    let before = Composite::read(&fake, &source, None).unwrap();
    let result = insert(&fake, &source, &before, &[sample(255, 3)], None).unwrap()[0];
    let red = |composite: &Composite| match composite.pixels.samples() {
        Sent::U8(samples) => samples[(4 + 1) * 3],
        _ => panic!(),
    };
    let below = red(&before);
    assert_eq!(red(&Composite::read(&fake, &source, None).unwrap()), 255);
    for (change, expected) in [
        (
            &(|layer: &mut crate::fake::Thing| layer.opacity = 0.5) as &dyn Fn(&mut crate::fake::Thing),
            f32::midpoint(255.0, f32::from(below)).round() as u8,
        ),
        (&|layer| (layer.opacity, layer.samples[3]) = (1.0, 0.0), below),
    ] {
        fake.with(result, change);
        let now = Composite::read(&fake, &source, None).unwrap();
        assert_eq!((red(&now), now.result.is_none()), (expected, true));
    }
    fake.with(result, |layer| (layer.samples[3], layer.applies_mask) = (1.0, false));
    let now = Composite::read(&fake, &source, None).unwrap();
    assert!(now.result.is_none(), "the fourth pixel is seen too");
}

/// A result as layers: a plate of two by two pixels at 1, 1, and an item of two by one pixels at `x`, 1, of which the second is half opaque.
fn with_layers(verb: EditVerb, plate: u8, item: u8, x: usize) -> EditResult {
    let region = Region { x: 1, y: 1, width: 2, height: 2 };
    let part = |item: &str, region, pixels| LayerPart { item: item.to_owned(), region, pixels };
    let layers = answer::Layers { plate: part("", region, 1), items: vec![part("bag", Region { x, y: 1, width: 2, height: 1 }, 0)] };
    let item = Pixels::new(2, 1, 4, Sent::U8(vec![item, item, item, 255, item, item, item, 128])).unwrap();
    let flat = sample(plate, 3);
    let mut blobs = Blobs::from(vec![Blob::Pixels(item), Blob::Pixels(flat.pixels.clone())]);
    let layers = ResultLayers::read(&layers, &mut blobs, region, &flat.changes).unwrap();
    EditResult { layers: Some(layers), edit: Some(verb), ..flat }
}

fn removed() -> EditVerb {
    EditVerb::Remove { items: vec!["bag".to_owned()], into: None }
}

fn moved() -> EditVerb {
    EditVerb::Move { item: "bag".to_owned(), dx: 1.0, dy: 0.0, scale: 1.0, rotate: 0.0, into: None }
}

fn grey(composite: &Composite, x: usize, y: usize) -> u8 {
    match composite.pixels.samples() {
        Sent::U8(samples) => samples[(y * 4 + x) * 3],
        _ => panic!(),
    }
}

/// What was lifted is no part of the picture any more; what was moved is.
#[test]
fn plate_and_item_are_two_layers_in_one_step() {
    for (verb, expected, goes_on_above) in [(removed(), [10, 10], false), (moved(), [200, 105], true)] {
        let (fake, below) = Fake::picture(4, 4);
        let layer = fake.layer("picture", (3, 2), (4, 4), false);
        let source = of_layer(&fake, layer);
        let composite = Composite::read(&fake, &source, None).unwrap();
        let [plate] = insert(&fake, &source, &composite, &[with_layers(verb.clone(), 10, 200, 1)], None).unwrap()[..] else { panic!() };
        let [item, ..] = fake.within(None)[..] else { panic!() };
        assert_eq!((fake.within(None), fake.steps()), (vec![item, plate, layer, below], (1, 1)), "{verb:?}");
        assert_eq!(fake.selected_layers(IMAGE).unwrap(), [item]);
        let seen = |item| fake.with(item, |layer| (layer.name.clone(), layer.offsets, layer.size, layer.mask.is_some(), layer.mixed_in));
        assert_eq!(seen(plate), ("clean plate".to_owned(), (4, 3), (2, 2), true, None));
        assert_eq!(seen(item), ("bag".to_owned(), (4, 3), (2, 1), false, Some(Curve::NonLinear)));
        // The item stands for the picture, as its plate does, and is no item of the document.
        let now = of_layer(&fake, item);
        assert_eq!((now.layer, now.active_result), (Some(layer), Some(plate)));
        assert!(!crate::source::document_layers(&fake, IMAGE).unwrap().contains(&item));
        let now = Composite::read(&fake, &source, None).unwrap();
        assert_eq!((now.result.as_ref().and_then(|record| record.revision), now.topmost), (Some(1), Some(plate)), "{verb:?}");
        assert_eq!([1, 2].map(|x| grey(&now, x, 1)), expected, "{verb:?}");
        // Laid elsewhere or hidden, it makes another picture only if it is in the picture.
        fake.with(item, |layer| layer.offsets = (3, 2));
        assert_eq!(Composite::read(&fake, &source, None).unwrap().result.is_some(), !goes_on_above);
        fake.with(item, |layer| layer.visible = false);
        assert_eq!(Composite::read(&fake, &source, None).unwrap().result.is_some(), !goes_on_above);
        fake.with(item, |layer| (layer.offsets, layer.visible) = ((4, 3), true));
        let composite = Composite::read(&fake, &source, None).unwrap();
        let next = insert(&fake, &source, &composite, &[sample(7, 3)], None).unwrap()[0];
        let expected = if goes_on_above { [next, item, plate, layer] } else { [item, next, plate, layer] };
        assert_eq!(fake.within(None)[..4], expected, "{verb:?}");
        // Made again, both go.
        insert(&fake, &source, &composite, &[with_layers(verb.clone(), 20, 210, 1)], Some(plate)).unwrap();
        assert_eq!([plate, item].map(|layer| fake.is_visible(layer).unwrap()), [false, false]);
    }
}

#[test]
fn variations_as_layers_are_groups_in_a_group() {
    let (fake, layer) = Fake::picture(4, 4);
    let source = of_layer(&fake, layer);
    let composite = Composite::read(&fake, &source, None).unwrap();
    let results = [with_layers(moved(), 10, 200, 1), with_layers(moved(), 20, 210, 2)];
    let plates = insert(&fake, &source, &composite, &results, None).unwrap();
    let [first, second] = [plates[0], plates[1]].map(|plate| fake.parent(plate).unwrap().unwrap());
    let group = fake.parent(first).unwrap().unwrap();
    assert_eq!((fake.within(None), fake.within(Some(group)), fake.steps()), (vec![group, layer], vec![first, second], (1, 1)));
    assert_eq!([first, second, plates[1]].map(|layer| fake.is_visible(layer).unwrap()), [true, false, true]);
    assert_eq!([group, first].map(|group| fake.with(group, |group| group.mixed_in)), [Some(Curve::NonLinear); 2]);
    let [item, plate] = fake.within(Some(first))[..] else { panic!() };
    assert_eq!((plate, fake.selected_layers(IMAGE).unwrap()), (plates[0], vec![item]));
    let now = Composite::read(&fake, &of_layer(&fake, item), None).unwrap();
    assert_eq!((now.topmost, now.result.is_some(), grey(&now, 2, 1)), (Some(plate), true, 105));
    let next = insert(&fake, &source, &now, &[sample(7, 3)], None).unwrap()[0];
    assert_eq!(fake.within(None), [next, group, layer]);
}

#[test]
fn layers_that_do_not_fit_leave_nothing() {
    let (fake, layer) = Fake::picture(4, 4);
    let source = of_layer(&fake, layer);
    let composite = Composite::read(&fake, &source, None).unwrap();
    let failure = insert(&fake, &source, &composite, &[with_layers(removed(), 1, 2, 3)], None).unwrap_err();
    assert!(failure.message.contains("does not fit"));
    assert_eq!(fake.within(None), [layer]);
}
