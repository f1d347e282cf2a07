use proptest::prelude::*;

use super::*;
use crate::geometry::{Point, Transform};
use crate::image::{Channels, Samples};

const SIDE: usize = 12;

fn size(width: usize, height: usize) -> Size {
    Size::new(width, height).unwrap()
}

fn square(side: usize, x: usize, y: usize, width: usize) -> ItemMask {
    ItemMask::from_fn(size(side, side), |u, v| (x..x + width).contains(&u) && (y..y + width).contains(&v))
}

fn soft() -> impl Strategy<Value = ItemMask> {
    let value = prop_oneof![Just(0.0_f32), Just(1.0), Just(0.5), 0.0_f32..=1.0];
    prop::collection::vec(value, SIDE * SIDE).prop_map(|values| ItemMask::new(size(SIDE, SIDE), values).unwrap())
}

proptest! {
    #[test]
    fn the_algebra_is_that_of_sets(a in soft(), b in soft()) {
        let (union, both) = (a.union(&b).unwrap(), a.intersection(&b).unwrap());
        prop_assert_eq!(&a.union(&a).unwrap(), &a);
        prop_assert_eq!(&a.intersection(&a).unwrap(), &a);
        prop_assert_eq!(&b.union(&a).unwrap(), &union);
        prop_assert_eq!(&a.union(&both).unwrap(), &a);
        prop_assert_eq!(&a.intersection(&union).unwrap(), &a);
        prop_assert_eq!(union.inverted(), a.inverted().intersection(&b.inverted()).unwrap());
        prop_assert_eq!(both.inverted(), a.inverted().union(&b.inverted()).unwrap());
        prop_assert_eq!(a.difference(&b).unwrap(), a.intersection(&b.inverted()).unwrap());
        let hard = a.threshold(0.5);
        prop_assert!(hard.intersection(&hard.inverted()).unwrap().is_empty());
        prop_assert_eq!(hard.threshold(0.5), hard);
    }

    #[test]
    fn growing_and_shrinking_mirror_each_other(mask in soft(), radius in 0.0_f64..5.0) {
        let (grown, shrunk) = (mask.grow(radius).unwrap(), mask.shrink(radius).unwrap());
        prop_assert_eq!(&shrunk, &mask.inverted().grow(radius).unwrap().inverted());
        let larger = mask.grow(radius + 1.0).unwrap();
        for index in 0..SIDE * SIDE {
            let value = mask.values()[index];
            prop_assert!(grown.values()[index] >= value && larger.values()[index] >= grown.values()[index]);
            // Inverting twice rounds small values.
            prop_assert!(shrunk.values()[index] <= value + f32::EPSILON);
        }
    }

    #[test]
    fn growing_reaches_as_far_as_the_distance(mask in soft(), radius in 0.0_f64..6.0) {
        let (hard, limit) = (mask.threshold(0.5), radius as f32);
        let (grown, ring) = (hard.grow(radius).unwrap(), hard.ring(radius).unwrap());
        let inside: Vec<(usize, usize)> = (0..SIDE * SIDE).filter(|i| hard.is_inside(*i)).map(|i| (i % SIDE, i / SIDE)).collect();
        for index in 0..SIDE * SIDE {
            let (x, y) = (index % SIDE, index / SIDE);
            let squared = inside.iter().map(|(u, v)| x.abs_diff(*u).pow(2) + y.abs_diff(*v).pow(2)).min();
            let distance = squared.map_or(f32::INFINITY, |squared| (squared as f64).sqrt() as f32);
            prop_assert_eq!(grown.is_inside(index), distance <= limit);
            let value = ring.values()[index];
            prop_assert_eq!(value > 0.0, distance > 0.0 && distance <= limit);
            prop_assert!(value < 1.0);
        }
    }

    #[test]
    fn a_mask_moved_by_whole_pixels_comes_back(mask in soft(), dx in -5_i32..=5, dy in -5_i32..=5) {
        // Room on every side, so that nothing leaves the picture.
        let large = ItemMask::generate(size(SIDE + 12, SIDE + 12), |index| {
            let (x, y) = (index % (SIDE + 12), index / (SIDE + 12));
            if (6..6 + SIDE).contains(&x) && (6..6 + SIDE).contains(&y) { mask.values()[(y - 6) * SIDE + x - 6] } else { 0.0 }
        });
        let there = large.transformed(Transform::shift(dx.into(), dy.into())).unwrap();
        prop_assert_eq!(there.transformed(Transform::shift((-dx).into(), (-dy).into())).unwrap(), large);
    }

    #[test]
    fn a_grid_holds_what_the_mask_holds(mask in soft(), width in 1_usize..20, height in 1_usize..20) {
        let cells = mask.on_grid(size(width, height));
        let share = cells.area() * (SIDE * SIDE) as f64 / (width * height) as f64;
        prop_assert!((share - mask.area()).abs() < 1e-4, "{share} of {}", mask.area());
    }
}

#[test]
fn what_is_no_mask_is_refused_at_its_pixel() {
    for value in [f32::NAN, -0.1, 1.5, f32::INFINITY] {
        let mut values = vec![0.0; 12];
        values[7] = value;
        let error = ItemMask::new(size(4, 3), values).unwrap_err().to_string();
        assert!(error.contains(&format!("the mask is {value} at pixel (3, 1)")), "{error}");
    }
    assert!(ItemMask::new(size(4, 3), vec![0.0; 11]).unwrap_err().to_string().contains("4×3 needs 12 values, not 11"));
    let error = ItemMask::empty(size(4, 3)).union(&ItemMask::empty(size(3, 4))).unwrap_err().to_string();
    assert!(error.contains("3×4") && error.contains("4×3"), "{error}");
    for width in [-1.0, f64::NAN, f64::INFINITY] {
        let mask = ItemMask::full(size(2, 2));
        assert!(mask.grow(width).is_err() && mask.shrink(width).is_err() && mask.feather(width).is_err() && mask.ring(width).is_err());
    }
}

#[test]
fn pictures_of_any_depth_are_masks() {
    for (channels, samples) in [
        (Channels::Grey, Samples::U8(vec![0, 255])),
        (Channels::Rgb, Samples::U16(vec![0, 0, 0, 65535, 65535, 65535])),
        (Channels::GreyAlpha, Samples::F32(vec![0.0, 1.0, 1.0, 0.0])),
    ] {
        let image = Image::new(size(2, 1), channels, samples).unwrap();
        assert_eq!(ItemMask::from_image(&image).unwrap().values(), [0.0, 1.0], "{channels:?}");
    }
    let image = Image::new(size(1, 1), Channels::Grey, Samples::F32(vec![2.0])).unwrap();
    assert!(ItemMask::from_image(&image).is_err());
}

#[test]
fn measures_of_a_square() {
    let mask = square(16, 3, 5, 4);
    assert_eq!(mask.bounding_box(), Some(Rect { x: 3, y: 5, width: 4, height: 4 }));
    assert_eq!(mask.centroid(), Some(Point { x: 4.5, y: 6.5 }));
    assert!((mask.area() - 16.0).abs() < 1e-12);
    let empty = ItemMask::empty(size(3, 3));
    assert_eq!((empty.bounding_box(), empty.centroid(), empty.is_empty()), (None, None, true));
}

/// The published ring of eight shifted copies lacks a corner, and around a thin item it is mostly hollow.
#[test]
fn the_ring_is_whole_around_thin_items_too() {
    let width = 10_usize;
    let ring_area = |mask: &ItemMask| mask.ring(width as f64).unwrap().values().iter().filter(|value| **value > 0.0).count();
    let line = ItemMask::from_fn(size(101, 101), |x, y| x == 50 && (20..81).contains(&y));
    // Two sides of 61 × 10 pixels, and the two half discs at the ends.
    let exact = ring_area(&line);
    let disc = (-10_i32..=10).flat_map(|y| (-10_i32..=10).map(move |x| x * x + y * y)).filter(|d| *d <= 100).count();
    assert_eq!(exact, 2 * 61 * 10 + disc - 21);
    let shifted = line.ring_of_shifted_copies(width).area() as usize;
    assert!(shifted * 5 < exact * 2, "the shifted copies cover {shifted} of {exact} pixels");
    let block = square(101, 40, 40, 20);
    let (ring, shifted) = (block.ring(10.0).unwrap(), block.ring_of_shifted_copies(width));
    for (x, y) in [(34, 34), (65, 65), (34, 65), (65, 34)] {
        assert!(ring.values()[y * 101 + x] > 0.0, "({x}, {y})");
        assert_eq!(shifted.values()[y * 101 + x] > 0.0, (x, y) != (34, 34), "({x}, {y})");
    }
    let outwards: Vec<f32> = (60..72).map(|x| ring.values()[50 * 101 + x]).collect();
    assert!(outwards[..10].windows(2).all(|pair| pair[0] > pair[1]) && outwards[9] > 0.0 && outwards[10..] == [0.0, 0.0], "{outwards:?}");
}

#[test]
fn a_feather_is_a_ramp_centred_on_the_outline() {
    let mask = ItemMask::from_fn(size(20, 3), |x, _| x >= 10);
    let soft = mask.feather(8.0).unwrap();
    let row = &soft.values()[20..40];
    for (x, value) in row.iter().enumerate() {
        let expected = ((x as f32 - 9.5) / 8.0 + 0.5).clamp(0.0, 1.0);
        assert!((value - expected).abs() < 1e-6, "{x}: {value}, not {expected}");
    }
    assert_eq!(soft.threshold(0.5), mask);
    assert_eq!(soft.feather(0.0).unwrap(), mask);
    for mask in [ItemMask::full(size(5, 5)), ItemMask::empty(size(5, 5))] {
        assert_eq!(mask.feather(3.0).unwrap(), mask);
        assert_eq!(mask.shrink(3.0).unwrap(), mask);
    }
}

/// The published implementation shrinks towards the canvas' origin.
#[test]
fn items_are_scaled_and_rotated_about_their_own_centre() {
    struct Case {
        transform: Transform,
        area: f64,
    }
    let still = Transform::default();
    let cases = [
        Case { transform: still, area: 1.0 },
        Case { transform: Transform { scale: 0.5, ..still }, area: 0.25 },
        Case { transform: Transform { scale: 0.13, ..still }, area: 0.13 * 0.13 },
        Case { transform: Transform { scale: 1.7, degrees: 30.0, ..still }, area: 1.7 * 1.7 },
        Case { transform: Transform { degrees: 45.0, ..still }, area: 1.0 },
        Case { transform: Transform { dx: 7.3, dy: -4.6, scale: 0.8, degrees: -77.0 }, area: 0.64 },
    ];
    // An L, far from the middle of the canvas.
    let item = ItemMask::from_fn(size(160, 160), |x, y| (90..120).contains(&x) && (80..130).contains(&y) && (x < 100 || y >= 115));
    let centre = item.centroid().unwrap();
    for Case { transform, area } in cases {
        let moved = item.transformed(transform).unwrap();
        let found = moved.centroid().unwrap();
        // Bilinear points estimate the integral over a pixel; at the outline a few hundredths of a pixel are left over.
        assert!(
            (found.x - centre.x - transform.dx).abs() < 0.05 && (found.y - centre.y - transform.dy).abs() < 0.05,
            "{transform:?}: {found:?}"
        );
        let ratio = moved.area() / (item.area() * area);
        assert!((ratio - 1.0).abs() < 0.02, "{transform:?}: {ratio} of the area");
    }
}

#[test]
fn quarter_turns_and_halves_of_pixels_are_exact() {
    let item = ItemMask::from_fn(size(21, 21), |x, y| (5..16).contains(&x) && (8..13).contains(&y));
    let turned = item.transformed(Transform { degrees: 90.0, ..Transform::default() }).unwrap();
    assert_eq!(turned, ItemMask::from_fn(size(21, 21), |x, y| (5..16).contains(&y) && (8..13).contains(&x)));
    let half = item.transformed(Transform::shift(0.5, 0.0)).unwrap();
    assert_eq!(half.values()[10 * 21 + 5..10 * 21 + 8], [0.5, 1.0, 1.0]);
    assert_eq!(half.values()[10 * 21 + 15..10 * 21 + 18], [1.0, 0.5, 0.0]);
}

#[test]
fn transforms_without_sense_are_refused_and_far_ones_leave_nothing() {
    let item = square(16, 4, 4, 4);
    for transform in [
        Transform { scale: 0.0, ..Transform::default() },
        Transform { scale: -1.0, ..Transform::default() },
        Transform { scale: f64::NAN, ..Transform::default() },
        Transform { scale: 1e6, ..Transform::default() },
        Transform::shift(f64::INFINITY, 0.0),
        Transform { degrees: f64::NAN, ..Transform::default() },
    ] {
        assert!(item.transformed(transform).is_err(), "{transform:?}");
    }
    for (dx, dy) in [(1e300, 0.0), (-500.0, 3.0), (0.0, 20.0)] {
        assert!(item.transformed(Transform::shift(dx, dy)).unwrap().is_empty(), "({dx}, {dy})");
    }
}

#[test]
fn a_grid_of_largest_values_misses_no_pixel() {
    let mask = ItemMask::from_fn(size(10, 6), |x, y| (x, y) == (9, 0) || (x, y) == (4, 5));
    let grid = mask.largest_on_grid(size(3, 2));
    assert_eq!(grid.values(), [0.0, 0.0, 1.0, 0.0, 1.0, 0.0]);
    // A pixel that lies across cells counts in each.
    assert_eq!(ItemMask::from_fn(size(3, 1), |x, _| x == 1).largest_on_grid(size(2, 1)).values(), [1.0, 1.0]);
}

#[test]
fn a_grid_of_nearest_values_is_that_of_labels() {
    let size = size(7, 5);
    let mask = ItemMask::from_fn(size, |x, y| (x * 3 + y) % 4 == 0);
    let labels = mask.values().iter().map(|value| *value as u16).collect();
    let items = crate::segmentation::Segmentation::from_labels(size, vec!["out".into(), "in".into()], labels).unwrap();
    let grid = Size::new(3, 2).unwrap();
    let owners = items.on_grid(grid, crate::grid::Downsampling::Nearest).unwrap();
    assert_eq!(mask.nearest_on_grid(grid).values(), owners.iter().map(|owner| f32::from(*owner)).collect::<Vec<_>>());
}
