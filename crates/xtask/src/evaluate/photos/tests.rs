use super::*;
use crate::evaluate::things::{Group, Thing};

const SIDE: u32 = 96;

/// A photograph of nothing: soft stripes with grain.
fn photograph() -> RgbImage {
    let mut random = fastrand::Rng::with_seed(5);
    RgbImage::from_fn(SIDE, SIDE, |x, y| Rgb([(x * 2) as u8, 90 + 60 * u8::from(y % 16 < 8), 60].map(|value| value + random.u8(0..20))))
}

#[test]
fn holes_follow_from_the_seed_and_are_as_large_as_things() {
    for seed in 0..50 {
        let hole = hole::star(SIDE, SIDE, seed);
        assert_eq!(hole, hole::star(SIDE, SIDE, seed));
        let share = hole.iter().filter(|inside| **inside).count() as f64 / hole.len() as f64;
        assert!((0.02..0.25).contains(&share), "{seed}: {share}");
    }
    assert_ne!(hole::star(SIDE, SIDE, 1), hole::star(SIDE, SIDE, 2));
}

#[test]
fn the_truth_gets_full_marks_and_blur_fewer_than_grain() {
    let (truth, hole) = (photograph(), hole::star(SIDE, SIDE, 3));
    let perfect = Figures::of(&truth, &truth, &hole, 0.0);
    assert!(perfect.psnr > 69.0 && (perfect.ssim - 1.0).abs() < 1e-9 && perfect.swd == 0.0 && perfect.outside == 0, "{perfect:?}");
    // The same with its pixels' mean, and the same two stripes further down.
    let flat = RgbImage::from_pixel(SIDE, SIDE, Rgb([100, 130, 70]));
    let moved = RgbImage::from_fn(SIDE, SIDE, |x, y| *truth.get_pixel(x, (y + 16) % SIDE));
    let (flat, moved) = (Figures::of(&truth, &flat, &hole, 0.0), Figures::of(&truth, &moved, &hole, 0.0));
    assert!(flat.swd > 3.0 * moved.swd && flat.psnr < moved.psnr && flat.ssim < moved.ssim, "{flat:?} {moved:?}");
    assert_eq!(flat.outside, hole.iter().filter(|inside| !**inside).count());
}

#[test]
fn photographs_of_a_folder_are_filled_and_listed() {
    let folder = tempfile::tempdir().unwrap();
    photograph().save(folder.path().join("one.png")).unwrap();
    photograph().save(folder.path().join("one-items.png")).unwrap();
    let shown = tempfile::tempdir().unwrap();
    let table = run(folder.path(), 1, Some(shown.path()), false).unwrap();
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 4, "{table}");
    assert!(lines[2].starts_with("| one | ") && lines[2].ends_with(" | 0 |") && lines[3].starts_with("| mean | "), "{table}");
    assert_eq!(image::open(shown.path().join("one.png")).unwrap().width(), 3 * SIDE);
    assert!(run(shown.path().join("none").as_path(), 1, None, false).is_err());
}

#[test]
fn a_thing_that_was_laid_on_a_photograph_is_lifted_off_it() {
    let folder = tempfile::tempdir().unwrap();
    photograph().save(folder.path().join("one.png")).unwrap();
    let size = Size::new(80, 80).unwrap();
    let truth: Vec<bool> = (0..80 * 80).map(|index| (index % 80 - 40_i32).pow(2) + (index / 80 - 40_i32).pow(2) < 30_i32.pow(2)).collect();
    let samples = dedit_edit::Samples::U8([20, 40, 220].repeat(80 * 80));
    let picture = dedit_edit::Image::new(size, dedit_edit::Channels::Rgb, samples).unwrap();
    let disc = |name: &str| Thing { name: name.to_owned(), group: Group::Tuned, picture: picture.clone(), truth: truth.clone() };
    let table = lifted(folder.path(), &[disc("other, disc"), disc("one, disc")], 1, None).unwrap();
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 4, "things of the photograph itself are left out: {table}");
    let values: Vec<f64> = lines[2].split('|').skip(2).filter_map(|cell| cell.trim().parse().ok()).collect();
    assert!(lines[2].starts_with("| one: other, disc | ") && values[0] > 15.0 && values[2] > 25.0 && values[3] == 0.0, "{table}");
    assert!(lifted(folder.path(), &[disc("one, disc")], 1, None).is_err());
}
