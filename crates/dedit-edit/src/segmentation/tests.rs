use proptest::prelude::*;

use super::*;
use crate::grid::Downsampling;

fn size(width: usize, height: usize) -> Size {
    Size::new(width, height).unwrap()
}

fn named(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn mask(side: usize, inside: impl Fn(usize, usize) -> bool) -> ItemMask {
    ItemMask::from_fn(size(side, side), inside)
}

proptest! {
    #[test]
    fn overlapping_soft_masks_give_every_pixel_to_one_item(values in prop::collection::vec(0.0_f32..=1.0, 3 * 36)) {
        let masks: Vec<(String, ItemMask)> =
            values.chunks_exact(36).zip(["a", "b", "c"]).map(|(values, name)| (name.to_owned(), ItemMask::new(size(6, 6), values.to_vec()).unwrap())).collect();
        // An item may lose every pixel to the ones in front: then there is an error, and it names the item.
        match Segmentation::from_masks(size(6, 6), &masks, "rest") {
            Err(error) => prop_assert!(error.to_string().contains("owns no pixel"), "{}", error),
            Ok(items) => {
                for index in 0..36 {
                    let owners: Vec<usize> = (0..items.names().len()).filter(|item| items.mask(*item).is_inside(index)).collect();
                    prop_assert_eq!(&owners, &vec![usize::from(items.labels()[index])]);
                    let first = masks[0].1.values()[index];
                    prop_assert!(first < 0.5 || owners[0] == 0, "the first item has {} of pixel {}", first, index);
                }
                // Downsampled to any grid, the items' shares sum to one.
                let cells: Vec<ItemMask> = (0..items.names().len()).map(|item| items.mask(item).on_grid(size(4, 5))).collect();
                for cell in 0..20 {
                    let sum: f32 = cells.iter().map(|cells| cells.values()[cell]).sum();
                    prop_assert!((sum - 1.0).abs() < 1e-6);
                }
            }
        }
    }

    #[test]
    fn every_item_owns_a_cell_at_every_level(labels in prop::collection::vec(0_u16..12, 400), width in 1_usize..24, height in 1_usize..24) {
        let present: Vec<u16> = (0..12).filter(|label| labels.contains(label)).collect();
        let labels: Vec<u16> = labels.iter().map(|label| present.binary_search(label).unwrap() as u16).collect();
        let names = (0..present.len()).map(|item| format!("item {item}")).collect();
        let items = Segmentation::from_labels(size(20, 20), names, labels).unwrap();
        let cells = items.on_grid(size(width, height), Downsampling::AreaMajority);
        if width * height < present.len() {
            prop_assert!(cells.is_err());
        } else {
            let cells = cells.unwrap();
            prop_assert!((0..present.len()).all(|item| cells.contains(&(item as u16))));
        }
    }
}

#[test]
fn items_that_a_label_map_leaves_out_are_left_out() {
    let names = || named(&["a", "b", "c"]);
    let items = Segmentation::from_labels_in_part(size(2, 1), names(), vec![2, 0]).unwrap();
    assert_eq!((items.names(), items.labels()), (named(&["a", "c"]).as_slice(), [1, 0].as_slice()));
    assert!(Segmentation::from_labels(size(2, 1), names(), vec![2, 0]).unwrap_err().to_string().contains("'b' owns no pixel"));
    for (labels, says) in
        [(vec![0, 3], "pixel (1, 0) has label 3, and there are names for labels 0 to 2"), (vec![0], "needs 2 labels, not 1")]
    {
        let error = Segmentation::from_labels_in_part(size(2, 1), names(), labels).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}

/// The published masks reach coarse attention grids by nearest, and small items vanish there.
#[test]
fn small_items_stay_on_coarse_grids() {
    // One pixel each, side by side: they want the same cell. The third sits in a corner of the wall.
    let masks = [("eye", 33, 33), ("glint", 34, 33), ("stud", 511, 0)]
        .map(|(name, x, y)| (name.to_owned(), mask(512, move |u, v| (u, v) == (x, y))));
    let items = Segmentation::from_masks(size(512, 512), &masks, "wall").unwrap();
    for level in [64, 32, 16, 8, 4, 2] {
        let grid = size(level, level);
        let cells = items.on_grid(grid, Downsampling::AreaMajority).unwrap();
        let counts: Vec<usize> = (0..4).map(|item| cells.iter().filter(|cell| **cell == item).count()).collect();
        assert_eq!(counts, [1, 1, 1, level * level - 3], "{level}");
        assert_eq!(cells[level - 1], 2, "the stud stays in its corner");
        let nearest = items.on_grid(grid, Downsampling::Nearest).unwrap();
        assert!(nearest.iter().all(|cell| *cell == 3), "nearest loses them all at {level}");
    }
    let error = items.on_grid(size(1, 3), Downsampling::AreaMajority).unwrap_err().to_string();
    assert!(error.contains("1×3 cells cannot hold 4 items"), "{error}");
}

#[test]
fn grids_of_odd_ratios_count_parts_of_pixels() {
    let items = Segmentation::from_labels(size(5, 1), named(&["a", "b"]), vec![0, 0, 0, 1, 1]).unwrap();
    // Cells of 1⅔ pixels: the middle one is ⅘ a's.
    assert_eq!(items.on_grid(size(3, 1), Downsampling::AreaMajority).unwrap(), [0, 0, 1]);
    assert_eq!(items.on_grid(size(3, 1), Downsampling::Nearest).unwrap(), [0, 0, 1]);
    // More cells than pixels.
    assert_eq!(items.on_grid(size(10, 1), Downsampling::AreaMajority).unwrap(), [0, 0, 0, 0, 0, 0, 1, 1, 1, 1]);
    let pixel = Segmentation::from_labels(size(1, 1), named(&["all"]), vec![0]).unwrap();
    assert_eq!(pixel.on_grid(size(2, 2), Downsampling::AreaMajority).unwrap(), [0; 4]);
}

#[test]
fn masks_lie_over_each_other_by_priority() {
    let masks = [("bag", mask(10, |x, _| x < 6)), ("table", mask(10, |_, y| y >= 5))].map(|(name, mask)| (name.to_owned(), mask));
    let items = Segmentation::from_masks(size(10, 10), &masks, "wall").unwrap();
    assert_eq!(items.names(), ["bag", "table", "wall"]);
    assert_eq!(items.areas(), [60, 20, 20]);
    assert_eq!(items.bounding_boxes()[1], Rect { x: 6, y: 5, width: 4, height: 5 });
    // Masks that leave nothing have no background.
    let full = [("bag".to_owned(), ItemMask::full(size(3, 3)))];
    assert_eq!(Segmentation::from_masks(size(3, 3), &full, "wall").unwrap().names(), ["bag"]);
    assert_eq!(Segmentation::from_masks(size(3, 3), &[], "wall").unwrap().names(), ["wall"]);
}

#[test]
fn masks_that_win_no_pixel_are_left_out_where_items_may_be_missing() {
    let spot = || mask(4, |x, y| (x, y) == (2, 1));
    let all = || mask(4, |_, _| true);
    for (masks, expected) in [
        (vec![("bag", spot()), ("ring", ItemMask::empty(size(4, 4)))], Some(&["bag", "wall"][..])),
        (vec![("bag", spot()), ("ring", spot())], Some(&["bag", "wall"])),
        (vec![("bag", ItemMask::empty(size(4, 4))), ("ring", all())], Some(&["ring"])),
        (vec![("bag", ItemMask::empty(size(4, 4)))], Some(&["wall"])),
        (vec![], Some(&["wall"])),
        (vec![("bag", ItemMask::empty(size(5, 4)))], None),
        (vec![("wall", spot())], None),
        (vec![("bag", spot()), ("bag", all())], None),
    ] {
        let masks: Vec<(String, ItemMask)> = masks.into_iter().map(|(name, mask)| (name.to_owned(), mask)).collect();
        let found = Segmentation::from_masks_in_part(size(4, 4), &masks, "wall").ok();
        let names = found.as_ref().map(|items| items.names().to_vec());
        assert_eq!(names, expected.map(named), "{masks:?}");
        // What is there is as it is among those alone that are to be seen.
        if let Some(items) = found {
            let seen: Vec<_> = masks.into_iter().filter(|(name, _)| items.names().contains(name)).collect();
            assert_eq!(Segmentation::from_masks(size(4, 4), &seen, "wall").unwrap(), items);
        }
    }
}

#[test]
fn masks_that_cannot_be_used_are_named() {
    struct Case {
        masks: Vec<(&'static str, ItemMask)>,
        says: &'static [&'static str],
    }
    let spot = || mask(4, |x, y| (x, y) == (2, 1));
    let faint = ItemMask::new(size(4, 4), vec![0.25; 16]).unwrap();
    let cases = [
        Case { masks: vec![("bag", mask(5, |_, _| true))], says: &["item 'bag'", "5×5", "4×4"] },
        Case { masks: vec![("bag", ItemMask::empty(size(4, 4)))], says: &["item 'bag' is empty"] },
        Case { masks: vec![("bag", spot()), ("bag", spot())], says: &["two items are named 'bag'"] },
        Case { masks: vec![("wall", spot())], says: &["background's name, 'wall'"] },
        Case {
            masks: vec![("bag", mask(4, |x, _| x > 0)), ("ring", spot())],
            says: &["item 'ring' owns no pixel", "(2, 1)", "'bag'", "in front"],
        },
        Case { masks: vec![("fog", faint)], says: &["item 'fog' owns no pixel", "0.25", "'wall'", "stronger"] },
        Case { masks: vec![("", spot())], says: &["item 0 is named \"\""] },
        Case { masks: vec![("b\u{7}g", spot())], says: &["control"] },
    ];
    for Case { masks, says } in cases {
        let masks: Vec<(String, ItemMask)> = masks.into_iter().map(|(name, mask)| (name.to_owned(), mask)).collect();
        let error = Segmentation::from_masks(size(4, 4), &masks, "wall").unwrap_err().to_string();
        assert!(says.iter().all(|part| error.contains(part)), "{error}");
    }
}

#[test]
fn label_maps_that_cannot_be_used_say_where() {
    let label_map =
        |names: &[&str], labels: &[u16]| Segmentation::from_labels(size(3, 2), named(names), labels.to_vec()).unwrap_err().to_string();
    for (error, says) in [
        (label_map(&["a", "b"], &[0, 1, 0, 0, 7, 0]), "pixel (1, 1) has label 7, and there are names for labels 0 to 1"),
        (label_map(&["a", "b"], &[0; 6]), "item 'b' owns no pixel"),
        (label_map(&["a"], &[0; 5]), "3×2 needs 6 labels, not 5"),
        (label_map(&[], &[0; 6]), "without items"),
    ] {
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn an_unknown_name_brings_the_nearest_to_mind() {
    let items = Segmentation::from_labels(size(2, 2), named(&["handbag", "table", "wall", "Tür"]), vec![0, 1, 2, 3]).unwrap();
    for (name, says) in [
        ("hanbdag", "did you mean 'handbag'?"),
        ("Table", "did you mean 'table'?"),
        ("tables", "did you mean 'table'?"),
        ("tur", "did you mean 'Tür'?"),
        ("elephant", "the items are 'handbag', 'table', 'wall', 'Tür'"),
        ("", "the items are"),
    ] {
        let error = items.item(name).unwrap_err().to_string();
        assert!(error.contains(&format!("no item '{name}'")) && error.contains(says), "{error}");
    }
    assert_eq!(items.item("wall"), Ok(2));
}

#[test]
fn a_cut_keeps_the_items_in_it_and_their_order() {
    let labels = vec![0, 0, 1, 1, 0, 2, 2, 1];
    let whole = Segmentation::from_labels(size(4, 2), named(&["a", "b", "c"]), labels).unwrap();
    let cut = whole.crop(Rect { x: 2, y: 0, width: 2, height: 2 }).unwrap();
    assert_eq!((cut.names(), cut.labels()), (named(&["b", "c"]).as_slice(), [0, 0, 1, 0].as_slice()));
    assert_eq!(whole.crop(whole.size().rect()).unwrap(), whole);
    assert!(whole.crop(Rect { x: 3, y: 0, width: 2, height: 2 }).is_err());
}
