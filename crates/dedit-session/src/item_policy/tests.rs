//! The rules, on made masks.

use dedit_edit::Size;

use super::*;

const SIDE: usize = 24;

fn size() -> Size {
    Size::new(SIDE, SIDE).unwrap()
}

/// A mask that is 1 on some columns.
fn columns(columns: std::ops::Range<usize>) -> ItemMask {
    mask_of(|index| f32::from(u8::from(columns.contains(&(index % SIDE)))))
}

fn mask_of(value: impl Fn(usize) -> f32) -> ItemMask {
    ItemMask::new(size(), (0..SIDE * SIDE).map(value).collect()).unwrap()
}

fn named(masks: &[(&str, std::ops::Range<usize>)]) -> Vec<(String, ItemMask)> {
    masks.iter().map(|(name, range)| ((*name).to_owned(), columns(range.clone()))).collect()
}

fn items(masks: &[(&str, std::ops::Range<usize>)]) -> Segmentation {
    layered(&named(masks), None).unwrap()
}

/// The item of each column, as a word.
fn row(items: &Segmentation) -> Vec<&str> {
    items.labels()[..SIDE].iter().map(|label| items.names()[usize::from(*label)].as_str()).collect()
}

#[test]
fn a_selection_means_the_item_that_it_covers() {
    struct Case {
        selection: Option<std::ops::Range<usize>>,
        name: &'static str,
        prefer_name: bool,
        expected: std::result::Result<(&'static str, bool), &'static str>,
    }
    let case = |selection, name, prefer_name, expected| Case { selection, name, prefer_name, expected };
    let known = items(&[("bag", 0..10), ("selection", 10..20)]);
    for Case { selection, name, prefer_name, expected } in [
        case(Some(0..10), "", false, Ok(("bag", true))),
        // 10 of 11 and 9 of 10 columns are 0.9 and more, 10 of 12 are not.
        case(Some(0..11), "", false, Ok(("bag", true))),
        case(Some(0..9), "", false, Ok(("bag", true))),
        case(Some(0..12), "", false, Ok(("selection", false))),
        case(Some(0..8), "selection", false, Ok(("selection", false))),
        // An earlier selection is meant by itself alone.
        case(Some(10..20), "", false, Ok(("selection", true))),
        case(Some(10..21), "", false, Ok(("selection", false))),
        // A name that was given makes it an item of that name.
        case(Some(0..10), "hat", false, Ok(("hat", false))),
        case(Some(0..10), " my:  hat ", true, Ok(("my hat", false))),
        case(Some(0..10), "background", false, Ok(("background 2", false))),
        case(Some(20..24), "bag", false, Ok(("bag", false))),
        case(Some(20..24), "bag", true, Ok(("bag", true))),
        case(None, "bag", true, Ok(("bag", true))),
        case(None, "background", true, Ok(("background", true))),
        case(None, "bag", false, Err("nothing is selected; select the thing that is meant, or name an item: bag")),
        case(None, "", true, Err("nothing is selected")),
        case(None, "bog", true, Err("there is no item 'bog'; did you mean 'bag'?")),
    ] {
        let mask = selection.clone().map(columns);
        let found = choose(Some(&known), mask.as_ref(), name, prefer_name);
        match (found, expected) {
            (Ok(choice), Ok(expected)) => assert_eq!((choice.item.as_str(), choice.is_known), expected, "{selection:?} {name}"),
            (Err(error), Err(words)) => assert!(error.to_string().starts_with(words), "{error}"),
            (found, _) => panic!("{selection:?} {name}: {found:?}"),
        }
    }
    assert!(choose(None, None, "bag", true).unwrap_err().to_string().contains("select it, or give it a mask"));
    assert!(choose(None, None, "", true).unwrap_err().to_string().contains("set the picture's items first"));
}

#[test]
fn soft_edges_are_as_wide_as_they_look() {
    let ramp = |width: f32| {
        let size = Size::new(64, 64).unwrap();
        let value = |index| (0.5 + ((index % 64) as f32 + 0.5 - 32.0) / width.max(1e-3)).clamp(0.0, 1.0);
        ItemMask::new(size, (0..64 * 64).map(value).collect()).unwrap()
    };
    for (width, expected) in [(0.0, None), (2.0, None), (8.0, Some(8.0)), (20.0, Some(20.0))] {
        match (soft_edge(&ramp(width)), expected) {
            (None, None) => {}
            (Some(found), Some(expected)) => assert!(f64::abs(found - expected) <= 1.0, "{width}: {found}"),
            (found, _) => panic!("{width}: {found:?}"),
        }
    }
    let selected = choose(None, Some(&ramp(20.0)), "", false).unwrap();
    assert!(selected.ring.is_some_and(|ring| (19.0..=21.0).contains(&ring)), "{selected:?}");
}

#[test]
fn masks_lie_in_front_of_the_items_that_are_there() {
    let behind = items(&[("bag", 0..8), ("cup", 8..12), ("selection", 12..16)]);
    let added = layered(&named(&[("hat", 4..12)]), Some(&behind)).unwrap();
    assert_eq!(added.names(), ["hat", "background", "bag"], "of the cup nothing is left");
    let expected: Vec<&str> = (0..SIDE).map(|x| ["bag", "hat", "background"][usize::from(x >= 4) + usize::from(x >= 12)]).collect();
    assert_eq!(row(&added), expected);
    let moved = layered(&named(&[("bag", 20..24)]), Some(&behind)).unwrap();
    assert_eq!((row(&moved)[0], row(&moved)[9], row(&moved)[13], row(&moved)[21]), ("background", "cup", "background", "bag"));
    assert!(layered(&named(&[("hat", 0..0)]), Some(&behind)).unwrap_err().to_string().contains("'hat' is empty"));
    assert!(layered(&[], Some(&behind)).is_err());
    assert_eq!(without_selection(&behind).map(|kept| row(&kept).concat()), Some(row(&items(&[("bag", 0..8), ("cup", 8..12)])).concat()));
    assert_eq!(without_selection(&items(&[("selection", 3..5)])), None);
}

#[test]
fn names_are_given_once() {
    for (name, taken, expected) in [
        ("bag", &[][..], "bag"),
        (" bag ", &["bag"], "bag 2"),
        ("bag", &["bag", "bag 2"], "bag 3"),
        ("", &[], "item"),
        ("a:b\u{7}c", &[], "a b c"),
        ("background", &[], "background 2"),
        ("selection", &[], "selection 2"),
    ] {
        let taken: Vec<String> = taken.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(unused_name(name, &taken), expected);
    }
}

/// Masks of random rectangles, hard or soft.
fn random_masks(random: &mut fastrand::Rng, names: &[&str]) -> Vec<(String, ItemMask)> {
    let mask = |random: &mut fastrand::Rng| {
        let (left, top) = (random.usize(..SIDE - 1), random.usize(..SIDE - 1));
        let (right, bottom) = (random.usize(left + 1..=SIDE), random.usize(top + 1..=SIDE));
        let value = if random.bool() { 1.0 } else { 0.3 + 0.7 * random.f32() };
        let is_in = |x, y| (left..right).contains(&x) && (top..bottom).contains(&y);
        mask_of(|index| if is_in(index % SIDE, index / SIDE) { value } else { 0.0 })
    };
    names.iter().map(|name| ((*name).to_owned(), mask(random))).collect()
}

#[test]
fn whatever_the_masks_the_rules_hold() {
    let mut random = fastrand::Rng::with_seed(16);
    let (mut added, mut chosen) = (0, 0);
    for _ in 0..3000 {
        let Ok(known) = layered(&random_masks(&mut random, &["a", "b", "selection"]), None) else { continue };
        assert!(are_same(&known, &known));
        // Each item is meant by its own mask, and by itself alone.
        for name in super::names(&known) {
            let mask = known.mask(known.item(name).unwrap());
            assert_eq!(choose(Some(&known), Some(&mask), "", true).unwrap().item, name);
            chosen += 1;
        }
        let masks = random_masks(&mut random, &["a", "c"]);
        let Ok(front) = layered(&masks, None) else { continue };
        let both = layered(&masks, Some(&known)).unwrap();
        added += 1;
        // What the masks cover is theirs; all else is as it was, without what they replace.
        for (index, label) in both.labels().iter().enumerate() {
            let name = &both.names()[usize::from(*label)];
            let (front, behind) = (&front.names()[usize::from(front.labels()[index])], &known.names()[usize::from(known.labels()[index])]);
            let expected = if front != BACKGROUND {
                front.as_str()
            } else if ["a", SELECTION].contains(&behind.as_str()) {
                BACKGROUND
            } else {
                behind
            };
            assert_eq!(name, expected);
        }
        // The same again changes nothing; another order of the names is the same.
        assert!(are_same(&layered(&masks, Some(&both)).unwrap(), &both));
        let mut reversed = both.names().to_vec();
        reversed.reverse();
        let last = both.names().len() - 1;
        let labels = both.labels().iter().map(|label| last as u16 - label).collect();
        let turned = Segmentation::from_labels(size(), reversed, labels).unwrap();
        assert!(are_same(&both, &turned) && are_same(&turned, &both));
        assert_eq!(are_same(&both, &known), are_same(&known, &both));
    }
    assert!(added > 500 && chosen > 2000, "too few of the cases say anything: {added}, {chosen}");
}
