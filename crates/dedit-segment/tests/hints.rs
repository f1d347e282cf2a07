//! Hints are followed, and invalid ones are errors.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in the functions it calls too")]

use dedit_edit::{Channels, ErrorKind, Image, ItemMask, Rect, Samples, Size};
use dedit_segment::{Hint, everything, segment, snap};

/// Dark discs, given by centre and radius, on a light ground with some noise.
fn discs(width: usize, height: usize, discs: &[(f64, f64, f64)]) -> Image {
    let size = Size::new(width, height).unwrap();
    let samples = (0..size.pixels()).flat_map(|index| {
        let (x, y) = size.position(index);
        let inside = discs.iter().any(|(u, v, radius)| (x as f64 - u).hypot(y as f64 - v) <= *radius);
        let noise = (index as u32).wrapping_mul(2_654_435_761) >> 29;
        if inside { [160 + noise as u8, 40, 50] } else { [190, 200 + noise as u8, 210] }
    });
    Image::new(size, Channels::Rgb, Samples::U8(samples.collect())).unwrap()
}

fn boxed(x: usize, y: usize, width: usize, height: usize) -> Hint {
    Hint { region: Some(Rect { x, y, width, height }), ..Hint::default() }
}

fn clicked(inside: &[(usize, usize)], outside: &[(usize, usize)]) -> Hint {
    Hint { region: None, inside: inside.to_vec(), outside: outside.to_vec() }
}

#[test]
fn what_makes_no_sense_is_refused_in_a_sentence() {
    let picture = discs(40, 30, &[(20.0, 15.0, 8.0)]);
    for (hint, says) in [
        (Hint::default(), "nothing says where the item is"),
        (clicked(&[], &[(1, 1)]), "nothing says where the item is"),
        (clicked(&[(40, 0)], &[]), "the point (40, 0) does not lie within the picture of 40×30"),
        (clicked(&[(1, 1)], &[(0, 30)]), "the point (0, 30) does not lie within"),
        (clicked(&[(1, 1), (2, 2)], &[(2, 2)]), "the point (2, 2) is said to be of the item and not of it"),
        (boxed(0, 0, 0, 5), "the box 0×5 at (0, 0) has no area"),
        (boxed(30, 0, 11, 5), "the box 11×5 at (30, 0) does not lie within"),
        (boxed(usize::MAX, 0, 2, 2), "does not lie within"),
    ] {
        let error = segment(&picture, &hint).unwrap_err();
        assert!(error.to_string().contains(says) && error.kind() == ErrorKind::Usage, "{error}");
    }
    let broken = Image::new(Size::new(2, 1).unwrap(), Channels::Grey, Samples::F32(vec![0.5, f32::NAN])).unwrap();
    for error in [segment(&broken, &boxed(0, 0, 1, 1)).unwrap_err(), everything(&broken, 3).unwrap_err()] {
        assert!(error.to_string().contains("pixel (1, 0) is NaN"), "{error}");
    }
}

#[test]
fn the_clicked_one_of_two_is_found_and_points_are_kept_to() {
    let picture = discs(120, 60, &[(30.0, 30.0, 15.0), (85.0, 30.0, 15.0)]);
    let both = Hint { inside: vec![(30, 30), (85, 30)], ..boxed(10, 10, 95, 40) };
    for (hint, areas) in [
        (boxed(10, 10, 40, 40), [true, false]),
        (clicked(&[(30, 30)], &[]), [true, false]),
        (clicked(&[(85, 30)], &[]), [false, true]),
        (clicked(&[(30, 30)], &[(85, 30)]), [true, false]),
        (both, [true, true]),
        (Hint { inside: vec![(85, 30)], ..boxed(10, 10, 95, 40) }, [false, true]),
        // A box that does not contain the click is extended.
        (Hint { inside: vec![(98, 30)], ..boxed(65, 10, 20, 40) }, [false, true]),
    ] {
        let mask = segment(&picture, &hint).unwrap();
        let expected = areas.iter().filter(|found| **found).count() as f64 * std::f64::consts::PI * 15.0 * 15.0;
        assert!((mask.area() / expected - 1.0).abs() < 0.06, "{hint:?}: {} pixels", mask.area());
        for (found, (x, y)) in areas.iter().zip([(30, 30), (85, 30)]) {
            assert_eq!(mask.is_inside(y * 120 + x), *found, "{hint:?} at ({x}, {y})");
        }
    }
    // Given pixels have the given value even against their colour.
    let mask = segment(&picture, &clicked(&[(30, 30), (5, 5)], &[(31, 31)])).unwrap();
    let named = [5 * 120 + 5, 31 * 120 + 31].map(|index| mask.values()[index].to_bits());
    assert_eq!(named, [1.0_f32, 0.0].map(f32::to_bits));
}

#[test]
fn a_large_picture_gets_a_border_of_its_own_pixels() {
    // A cell has 9 × 9 pixels.
    let picture = discs(2880, 1000, &[(900.0, 500.0, 300.0)]);
    for hint in [boxed(500, 100, 800, 800), boxed(0, 0, 2880, 1000), clicked(&[(900, 500)], &[])] {
        let mask = segment(&picture, &hint).unwrap();
        let expected = std::f64::consts::PI * 300.0 * 300.0;
        assert!((mask.area() / expected - 1.0).abs() < 0.002, "{hint:?}: {} instead of {expected}", mask.area());
        let wrong = (0..mask.values().len()).filter(|index| {
            let (x, y) = mask.size().position(*index);
            let distance = (x as f64 - 900.0).hypot(y as f64 - 500.0) - 300.0;
            distance.abs() > 1.0 && mask.is_inside(*index) != (distance < 0.0)
        });
        assert_eq!(wrong.count(), 0, "{hint:?}");
    }
}

#[test]
fn nothing_is_found_outside_a_box_however_thin() {
    let picture = discs(1500, 600, &[(700.0, 300.0, 200.0)]);
    for (x, y, width, height) in [(100, 301, 1200, 1), (700, 3, 1, 590), (699, 299, 3, 3), (650, 250, 301, 97), (503, 0, 997, 600)] {
        let mask = segment(&picture, &boxed(x, y, width, height)).unwrap();
        let found = mask.bounding_box().unwrap();
        let fits = found.x >= x && found.y >= y && found.right() <= x + width && found.bottom() <= y + height;
        assert!(fits && (0..mask.values().len()).any(|index| mask.is_inside(index)), "{found} in {width}×{height} at ({x}, {y})");
    }
}

#[test]
fn where_nothing_stands_out_there_is_a_mask_all_the_same() {
    for (width, height) in [(1, 1), (2, 1), (1, 40), (33, 20), (700, 3)] {
        let size = Size::new(width, height).unwrap();
        let picture = Image::new(size, Channels::Grey, Samples::U16(vec![30_000; size.pixels()])).unwrap();
        for hint in [boxed(0, 0, width, height), boxed(width / 2, height / 2, 1, 1), clicked(&[(width - 1, height - 1)], &[])] {
            let mask = segment(&picture, &hint).unwrap();
            assert!((0..size.pixels()).any(|index| mask.is_inside(index)), "{width}×{height}, {hint:?}");
        }
        assert_eq!(everything(&picture, 5).unwrap().names(), ["background"], "{width}×{height}");
    }
}

#[test]
fn items_are_numbered_by_size_and_no_more_than_asked_for() {
    let picture = discs(500, 200, &[(60.0, 100.0, 25.0), (180.0, 100.0, 50.0), (320.0, 100.0, 35.0)]);
    for (most, expected) in [(9, [50.0, 35.0, 25.0].as_slice()), (3, &[50.0, 35.0, 25.0]), (2, &[50.0, 35.0]), (1, &[50.0]), (0, &[])] {
        let found = everything(&picture, most).unwrap();
        let names: Vec<String> = (1..=expected.len()).map(|number| format!("item {number}")).chain(["background".to_owned()]).collect();
        assert_eq!(found.names(), names, "at most {most}");
        for (area, radius) in found.areas().iter().zip(expected) {
            let expected = std::f64::consts::PI * radius * radius;
            assert!((*area as f64 / expected - 1.0).abs() < 0.03, "at most {most}: {area} instead of {expected}");
        }
        assert_eq!(found, everything(&picture, most).unwrap(), "the same again");
    }
}

/// The mask of a loose, round lasso.
fn lasso(size: Size, (u, v): (f64, f64), radius: f64) -> ItemMask {
    ItemMask::from_fn(size, |x, y| (x as f64 - u).hypot(y as f64 - v) <= radius)
}

#[test]
fn a_loose_lasso_becomes_what_it_encloses() {
    let picture = discs(120, 60, &[(30.0, 30.0, 15.0), (85.0, 30.0, 15.0)]);
    let square = ItemMask::from_fn(picture.size(), |x, y| (62..109).contains(&x) && (8..53).contains(&y));
    for (rough, hint, middle) in [
        (lasso(picture.size(), (32.0, 29.0), 21.0), Hint::default(), 30),
        // One that cuts off a sliver.
        (lasso(picture.size(), (31.0, 30.0), 15.0), Hint::default(), 30),
        (square.clone(), Hint::default(), 85),
        // Around both, of which one is clicked.
        (lasso(picture.size(), (58.0, 30.0), 55.0), clicked(&[(30, 30)], &[]), 30),
    ] {
        let mask = snap(&picture, &rough, &hint).unwrap();
        let wrong = (0..mask.values().len()).filter(|index| {
            let (x, y) = mask.size().position(*index);
            mask.is_inside(*index) != ((x as f64 - f64::from(middle)).hypot(y as f64 - 30.0) <= 15.0)
        });
        let wrong = wrong.count();
        assert!(wrong <= 30, "{hint:?} at {middle}: {wrong} pixels");
        // What is found is found again, and is no larger.
        let again = snap(&picture, &mask, &Hint::default()).unwrap();
        let changed = (0..mask.values().len()).filter(|index| mask.is_inside(*index) != again.is_inside(*index)).count();
        assert!(changed <= 8, "{changed} pixels change when it is found again");
    }
    let other = Size::new(60, 120).unwrap();
    for (rough, hint, says) in [
        (ItemMask::empty(picture.size()), Hint::default(), "the mask has no pixel inside"),
        (ItemMask::full(other), Hint::default(), "a mask of 60×120 does not fit a picture of 120×60"),
        (square.clone(), clicked(&[(120, 0)], &[]), "the point (120, 0) does not lie within"),
        (square.clone(), boxed(0, 0, 0, 1), "has no area"),
    ] {
        let error = snap(&picture, &rough, &hint).unwrap_err();
        assert!(error.to_string().contains(says) && error.kind() == ErrorKind::Usage, "{error}");
    }
}

#[test]
fn a_mask_of_anything_is_snapped_where_nothing_stands_out() {
    for (width, height) in [(1, 1), (2, 1), (1, 40), (33, 20)] {
        let size = Size::new(width, height).unwrap();
        let picture = Image::new(size, Channels::Grey, Samples::U16(vec![30_000; size.pixels()])).unwrap();
        for rough in [ItemMask::full(size), ItemMask::from_fn(size, |x, y| (x, y) == (width / 2, height / 2))] {
            let mask = snap(&picture, &rough, &Hint::default()).unwrap();
            assert!((0..size.pixels()).any(|index| mask.is_inside(index)), "{width}×{height}");
        }
    }
}
