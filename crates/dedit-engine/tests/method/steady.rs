//! With noise that is attached to positions of the picture, consecutive frames with the same edit look alike.

use dedit_edit::{Channels, Edit, EditPlan, Image, ItemMask, PlanSettings, Ring, Samples, Segmentation, Size};
use dedit_engine::Engine;
use dedit_engine::sampling::{EditInput, EditSettings, Output};

use crate::support::{quick, remove, shift, short, smooth_engine, subject};

const WIDTH: usize = 480;
const HEIGHT: usize = 320;
const SIDE: usize = 32;

/// A frame with a box at a position, and a spot in the frame's bottom right corner.
fn frame((left, top): (usize, usize), spot: u8) -> (Image, Segmentation) {
    let size = Size::new(WIDTH, HEIGHT).unwrap();
    let mask = ItemMask::from_fn(size, |x, y| (left..left + SIDE).contains(&x) && (top..top + SIDE).contains(&y));
    let value = |index: usize| match size.position(index) {
        (x, y) if x > WIDTH - 20 && y > HEIGHT - 20 => spot,
        (x, y) => (120.0 + 50.0 * (x as f64 / 31.0).sin() + 30.0 * (y as f64 / 17.0).cos()) as u8,
    };
    let picture = Image::new(size, Channels::Grey, Samples::U8((0..size.pixels()).map(value).collect())).unwrap();
    (picture, Segmentation::from_masks(size, &[("box".to_owned(), mask)], "ground").unwrap())
}

/// A frame after an edit, and the plan.
fn edited(engine: &mut Engine, frame: &(Image, Segmentation), edit: Edit, steady: bool) -> (Vec<f32>, EditPlan) {
    let (picture, items) = frame;
    let plan =
        EditPlan::new(items, None, std::slice::from_ref(&edit), &PlanSettings { ring: Ring::Distance(6.0), ..PlanSettings::default() })
            .unwrap();
    let settings = EditSettings { steady, output: Output::Composited { colour_match: false }, ..short(&[edit]) };
    let learned = engine.draft(&subject(picture, items), None, &quick()).unwrap();
    let edited =
        engine.edit(&learned, &EditInput::new(picture, &plan), &settings, &mut |_| Ok(std::ops::ControlFlow::Continue(()))).unwrap();
    assert_eq!(edited.changed_pixels_outside, 0);
    (edited.picture.planes().unwrap().colour()[0].clone(), plan)
}

/// The mean difference of the pixels that both plans generate.
fn apart(one: &(Vec<f32>, EditPlan), other: &(Vec<f32>, EditPlan)) -> f64 {
    let both = one.1.change().values().iter().zip(other.1.change().values());
    let inside: Vec<usize> = both.enumerate().filter(|(_, (a, b))| **a >= 1.0 && **b >= 1.0).map(|(index, _)| index).collect();
    assert!(inside.len() > SIDE * SIDE / 3, "{} pixels", inside.len());
    inside.iter().map(|index| f64::from((one.0[*index] - other.0[*index]).abs())).sum::<f64>() / inside.len() as f64
}

#[test]
fn a_mask_that_shifts_leaves_the_pixels_within_much_as_they_were() {
    let mut engine = smooth_engine();
    // Shifts by a pixel, by a cell and more, and by a cell and a pixel where the canvas moves by four cells.
    for (from, to) in
        [((200, 140), (200, 141)), ((200, 140), (208, 140)), ((200, 140), (205, 151)), ((217, 140), (225, 140)), ((220, 140), (221, 140))]
    {
        let [loose, steady] = [false, true].map(|steady| {
            let [one, other] = [from, to].map(|at| edited(&mut engine, &frame(at, 0), remove("box"), steady));
            apart(&one, &other)
        });
        assert!(steady < 0.5 * loose, "{from:?} {to:?}: {steady} and {loose}");
    }
}

#[test]
fn what_lies_outside_of_the_canvas_changes_no_bit() {
    let mut engine = smooth_engine();
    for edit in [remove("box"), shift("box", 16.0, 8.0)] {
        let [one, other] = [3, 250].map(|spot| edited(&mut engine, &frame((200, 140), spot), edit.clone(), true));
        let differ = |one: &[f32], other: &[f32]| one.iter().zip(other).filter(|(a, b)| a.to_bits() != b.to_bits()).count();
        assert_eq!(differ(&one.0, &other.0), 19 * 19, "the spot alone");
        let unedited = frame((200, 140), 3).0.planes().unwrap().colour()[0].clone();
        assert!(differ(&one.0, &unedited) > 500);
    }
}
