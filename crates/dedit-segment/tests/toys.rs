//! Accuracy of masks on toy scenes with exact item masks.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in the functions it calls too")]

use dedit_edit::{Image, ItemMask, NearestSites};
use dedit_segment::{Hint, everything, segment};
use dedit_toys::{Scene, draw};

const SIDE: u32 = 128;
const SCENES: u64 = 20;
/// Margin of the boxes around the items in pixels.
const MARGIN: usize = 4;

/// Intersection over union.
fn overlap(found: &ItemMask, truth: &ItemMask) -> f64 {
    let pairs: Vec<(bool, bool)> = (0..truth.values().len()).map(|index| (found.is_inside(index), truth.is_inside(index))).collect();
    let both = pairs.iter().filter(|(found, truth)| *found && *truth).count();
    both as f64 / pairs.iter().filter(|(found, truth)| *found || *truth).count() as f64
}

/// The picture of each scene and the masks of its items.
fn scenes() -> impl Iterator<Item = (Image, Vec<ItemMask>)> {
    (0..SCENES).map(|seed| {
        let scene = Scene::random(seed);
        let drawing = draw(&scene, SIDE);
        (drawing.image().unwrap(), (1..=scene.toys.len()).map(|number| drawing.mask(number as u8).unwrap()).collect())
    })
}

/// The mean intersection over union of all items of all scenes.
fn mean_overlap(hint: impl Fn(&ItemMask) -> Hint) -> f64 {
    let mut overlaps = Vec::new();
    for (picture, items) in scenes() {
        overlaps.extend(items.iter().map(|item| overlap(&segment(&picture, &hint(item)).unwrap(), item)));
    }
    assert!(overlaps.len() as u64 > SCENES, "some scenes have more than one item");
    overlaps.iter().sum::<f64>() / overlaps.len() as f64
}

#[test]
fn a_box_is_enough_for_an_item() {
    let mean = mean_overlap(|item| {
        let region = item.bounding_box().unwrap().grown(MARGIN, item.size());
        Hint { region: Some(region), ..Hint::default() }
    });
    println!("boxes: {mean:.4}");
    assert!(mean >= 0.85, "{mean}");
}

#[test]
fn a_click_in_the_middle_is_enough_for_most_items() {
    // Two definitions of the centre: the pixel furthest from the outline, and the one nearest to the centroid.
    let deepest = mean_overlap(|item| {
        let outside = NearestSites::new(item.size(), |index| !item.is_inside(index)).unwrap();
        let pixels = 0..item.size().pixels();
        let deepest = pixels.max_by(|a, b| outside.distance(*a).total_cmp(&outside.distance(*b))).unwrap();
        Hint { inside: vec![item.size().position(deepest)], ..Hint::default() }
    });
    let central = mean_overlap(|item| {
        let centre = item.centroid().unwrap();
        let away = |(x, y): &(usize, usize)| (*x as f64 - centre.x).hypot(*y as f64 - centre.y);
        let pixels = (0..item.size().pixels()).filter(|index| item.is_inside(*index)).map(|index| item.size().position(index));
        Hint { inside: vec![pixels.min_by(|a, b| away(a).total_cmp(&away(b))).unwrap()], ..Hint::default() }
    });
    println!("clicks: {deepest:.4} where the item is thickest, {central:.4} at its centre of gravity");
    assert!(deepest >= 0.7 && central >= 0.7, "{deepest}, {central}");
}

#[test]
fn without_a_word_most_items_and_the_background_are_found() {
    let (mut items_found, mut backgrounds) = (Vec::new(), Vec::new());
    for (picture, items) in scenes() {
        let found = everything(&picture, 6).unwrap();
        assert!(found.names().len() <= 7);
        let masks: Vec<ItemMask> = (0..found.names().len()).map(|number| found.mask(number)).collect();
        let best = |truth: &ItemMask| masks.iter().map(|mask| overlap(mask, truth)).fold(0.0, f64::max);
        items_found.extend(items.iter().map(best));
        let background = items.iter().skip(1).fold(items[0].clone(), |all, item| all.union(item).unwrap()).inverted();
        backgrounds.push(overlap(&masks[found.item("background").unwrap()], &background));
    }
    let mean = |overlaps: &[f64]| overlaps.iter().sum::<f64>() / overlaps.len() as f64;
    println!("everything: items {:.4}, backgrounds {:.4}", mean(&items_found), mean(&backgrounds));
    assert!(mean(&items_found) >= 0.7 && mean(&backgrounds) >= 0.9, "{} and {}", mean(&items_found), mean(&backgrounds));
}
