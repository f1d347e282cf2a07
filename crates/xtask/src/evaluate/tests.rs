use super::*;
use crate::evaluate::method::Results;

fn cases(count: usize) -> Vec<Case> {
    (7_000_000..).filter_map(Case::new).take(count).collect()
}

/// What an editor without fault would give, or one that does nothing.
fn results(case: &Case, is_perfect: bool) -> Results {
    let truth =
        |asked: &Asked| if is_perfect { dedit_toys::draw(&case.wanted(*asked), case::SIDE).picture } else { case.drawing.picture.clone() };
    let pictures = Asked::ALL.iter().map(|asked| (*asked, truth(asked))).collect();
    Results { ceiling: case.drawing.picture.clone(), pictures, seconds: 0.0 }
}

#[test]
fn the_classifier_names_toys_as_they_are_drawn() {
    let accuracy = case::real_accuracy(&cases(12), &Classifier::built_in().unwrap()).unwrap();
    assert!(accuracy > 0.95, "{accuracy}");
}

#[test]
fn a_perfect_editor_gets_full_marks_and_an_idle_one_none() {
    let classifier = Classifier::built_in().unwrap();
    for case in cases(4) {
        let perfect = Measured::of(&case, &results(&case, true), &classifier).unwrap();
        let named = [perfect.replaced, perfect.augmented, perfect.swapped, perfect.still_old.map(|old| !old)];
        assert!(named.iter().all(|named| *named == Some(true)), "{}: {perfect:?}", case.seed);
        let of_parts = [perfect.removal_psnr, perfect.move_psnr, perfect.left_psnr, perfect.resize_psnr, perfect.resize_left_psnr];
        let psnr = of_parts.into_iter().chain([perfect.replaced_psnr, perfect.reconstruction_psnr]);
        assert!(psnr.into_iter().all(|psnr| psnr.is_some_and(|psnr| psnr > 69.0)), "{}: {perfect:?}", case.seed);
        // The soft edge of the new toy, and light that it throws on the ground.
        assert!(perfect.ground_psnr.unwrap() > 35.0, "{}: {perfect:?}", case.seed);
        assert!(perfect.seam.unwrap().abs() < 1e-9 && (perfect.reconstruction_ssim.unwrap() - 1.0).abs() < 1e-6, "{}", case.seed);
        let idle = Measured::of(&case, &results(&case, false), &classifier).unwrap();
        let named = [idle.replaced, idle.augmented, idle.swapped, idle.still_old.map(|old| !old)];
        assert!(named.iter().all(|named| *named == Some(false)) && idle.leak_pixels == 0, "{}: {idle:?}", case.seed);
        for psnr in [idle.removal_psnr, idle.move_psnr, idle.left_psnr, idle.resize_left_psnr] {
            assert!(psnr.unwrap() < 20.0, "{}: {idle:?}", case.seed);
        }
        assert!(idle.covered.unwrap() > perfect.covered.unwrap() + 0.05, "{}: {idle:?}, {perfect:?}", case.seed);
        let input = Input::of(&case, &classifier).unwrap();
        assert!(input.named_old && !input.named_new);
        assert!((input.removal_psnr - idle.removal_psnr.unwrap()).abs() < 1e-9);
    }
}

#[test]
fn what_touches_another_toy_is_counted() {
    let case = &cases(1)[0];
    let mut picture = case.drawing.picture.clone();
    let other = case.drawing.labels.enumerate_pixels().find(|(_, _, label)| label.0[0] > 1).unwrap();
    picture.get_pixel_mut(other.0, other.1).0[2] ^= 1;
    let pictures = Asked::ALL.map(|asked| (asked, picture.clone())).to_vec();
    let touched = Results { ceiling: case.drawing.picture.clone(), pictures, seconds: 0.0 };
    // Five edits of the first toy, each with one pixel of the other changed by one level.
    assert_eq!(Measured::of(case, &touched, &Classifier::built_in().unwrap()).unwrap().leak_pixels, 5);
}

#[test]
fn measurements_are_kept_and_the_report_has_the_names_that_others_read() {
    let (case, classifier) = (&cases(1)[0], Classifier::built_in().unwrap());
    let measured = Measured::of(case, &results(case, true), &classifier).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kept.jsonl");
    Kept::open(Some(&file)).unwrap().add(case.seed, Method::Inpaint, measured.clone()).unwrap();
    let again = Kept::open(Some(&file)).unwrap();
    assert_eq!(again.get(case.seed, Method::Inpaint), Some(&measured));
    assert_eq!(again.get(case.seed, Method::Default), None);
    std::fs::write(&file, "{}\n").unwrap();
    assert!(Kept::open(Some(&file)).is_err());
    let by_method: Vec<_> = Method::ALL.into_iter().map(|method| (method, vec![measured.clone()])).collect();
    let report = report::json(&by_method, &[Input::of(case, &classifier).unwrap()], 1.0);
    for method in ["default", "draft", "patches", "reference", "inpaint", "prompt"] {
        for key in ["text_success", "removal_psnr", "move_psnr", "reconstruction_gap", "leak_pixels"] {
            assert!(report[method][key].is_number(), "{method}.{key}");
        }
    }
    assert_eq!((&report["scenes"], &report["classifier_on_real"]), (&1.into(), &1.0.into()));
}
