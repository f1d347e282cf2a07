//! Frames of a film: what an item hides is taken from other frames.

use std::sync::Arc;

use dedit_edit::{Channels, Depth, Edit, Image, Neighbour, Rect, Samples, Segmentation, Size, Transform, Vacated};

use crate::support::{BALL, Call, HEIGHT, Scene, WIDTH, as_kind, ball, changed, off, scene_of};

/// A ground that no two places of are alike, so that only other frames can tell what was hidden.
fn ground(x: f64, y: f64) -> [f32; 3] {
    let wave = |a: f64, b: f64| (a * x + b * y).sin() * (0.013 * x * y).cos();
    [0.5 + 0.2 * wave(0.3, 0.11), 0.5 + 0.2 * wave(-0.17, 0.42), 0.4 + 0.2 * wave(0.53, -0.29)].map(|value| value as f32)
}

/// A frame of a camera that pans by whole pixels, with the ball at its place in the frame.
fn frame(pan: i32, place: Rect) -> Scene {
    scene_of(Size::new(WIDTH, HEIGHT).unwrap(), |x, y| {
        if place.contains(x, y) { (0, ball(x, y)) } else { (3, ground(x as f64 + f64::from(pan), y as f64)) }
    })
}

fn neighbour(offset: f64, scene: Scene) -> Neighbour {
    Neighbour { offset, picture: Arc::new(scene.picture), items: Arc::new(scene.items), edited: None }
}

fn remove() -> Edit {
    Edit::Remove { items: vec!["ball".to_owned()], vacated: Vacated::Nearest }
}

/// The ball and the edge around it that is filled too.
const FILLED: Rect = Rect { x: BALL.x - 3, y: BALL.y - 3, width: BALL.width + 6, height: BALL.height + 6 };
/// Two steps of 8 bits.
const CLOSE: f32 = 2.5 / 255.0;

fn truth(x: usize, y: usize) -> [f32; 3] {
    ground(x as f64, y as f64)
}

/// The largest error where the ball was, with these other frames.
fn error(scene: &Scene, neighbours: &[Neighbour]) -> f32 {
    let edited = Call { neighbours, ..Call::new(scene) }.run(&[remove()]).unwrap();
    let outside = changed(&scene.picture, &edited.picture).into_iter().find(|(x, y)| !FILLED.contains(*x, *y));
    assert_eq!(outside, None);
    off(&edited.picture, BALL, truth)
}

#[test]
fn what_other_frames_show_comes_out_as_it_is() {
    let scene = frame(0, BALL);
    let alone = error(&scene, &[]);
    assert!(alone > 0.1, "the test can fail: {alone}");
    let away = Rect { x: 66, ..BALL };
    for (name, neighbours) in [
        ("the ball moves", vec![neighbour(3.0, frame(0, away))]),
        ("the camera pans", vec![neighbour(-2.0, frame(-31, BALL))]),
        // Each shows a part: the ball is wider than the pan.
        (
            "a part in each",
            vec![neighbour(-1.0, frame(-14, BALL)), neighbour(1.0, frame(0, Rect { x: 31, ..BALL })), neighbour(2.0, frame(0, away))],
        ),
    ] {
        let error = error(&scene, &neighbours);
        assert!(error < CLOSE, "{name}: {error}");
    }
}

#[test]
fn what_is_never_shown_stays_as_the_frame_before_was_filled() {
    let first = frame(0, BALL);
    let filled = Arc::new(Call::new(&first).run(&[remove()]).unwrap().picture);
    // The ball is fixed to the ground.
    let second = frame(2, Rect { x: BALL.x - 2, ..BALL });
    let before = Neighbour { edited: Some(Arc::clone(&filled)), ..neighbour(-1.0, first) };
    let call = Call::new(&second);
    let as_before = |x: usize, y: usize| crate::support::at(&filled, x + 2, y);
    let inside = Rect { x: BALL.x - 2, ..BALL };
    let neighbours = [before];
    let steady = Call { neighbours: &neighbours, ..Call::new(&second) }.run(&[remove()]).unwrap().picture;
    assert!(off(&steady, inside, as_before) < CLOSE, "{}", off(&steady, inside, as_before));
    let alone = call.run(&[remove()]).unwrap().picture;
    assert!(off(&alone, inside, as_before) > 0.05, "the test can fail");
    // Where the ball is laid elsewhere, the picture after the edit shows no ground there.
    let shift = Edit::Move { item: "ball".to_owned(), transform: Transform::shift(8.0, 0.0), vacated: Vacated::Nearest };
    let moved = |neighbours: &[Neighbour]| Call { neighbours, ..Call::new(&second) }.run(std::slice::from_ref(&shift)).unwrap().picture;
    assert!(moved(&neighbours) == moved(&[]));
}

#[test]
fn every_kind_of_picture_and_any_number_of_threads() {
    let (scene, other) = (frame(0, BALL), frame(-31, BALL));
    for channels in [Channels::Grey, Channels::GreyAlpha, Channels::Rgb, Channels::Rgba] {
        for depth in [Depth::U8, Depth::U16, Depth::F32] {
            let of_kind = |scene: &Scene| Scene { picture: as_kind(&scene.picture, channels, depth), items: scene.items.clone() };
            let (scene, neighbours) = (of_kind(&scene), [neighbour(1.0, of_kind(&other)), neighbour(2.0, of_kind(&other))]);
            let run = |threads| Call { neighbours: &neighbours, threads, ..Call::new(&scene) }.run(&[remove()]).unwrap().picture;
            let made = run(1);
            assert!(made == run(3), "{channels:?} {depth:?}");
            let expected = |x: usize, y: usize| {
                let colour = truth(x, y);
                if channels.colours() == 1 { [dedit_edit::luma(colour); 3] } else { colour }
            };
            assert!(off(&made, BALL, expected) < CLOSE, "{channels:?} {depth:?}");
        }
    }
}

/// What does not fit is left out, and the frame is filled from itself.
#[test]
fn other_frames_that_do_not_fit_do_no_harm() {
    let scene = frame(0, BALL);
    let alone = Call::new(&scene).run(&[remove()]).unwrap().picture;
    let size = Size::new(WIDTH, HEIGHT).unwrap();
    let small = scene_of(Size::new(WIDTH / 2, HEIGHT).unwrap(), |x, y| (3, truth(x, y)));
    let all_ball = scene_of(size, |x, y| (0, ball(x, y)));
    let noise = scene_of(size, |x, y| (3, [((x * 7919 + y * 104_729) % 251) as f32 / 251.0; 3]));
    let nan = Image::new(size, Channels::Rgb, Samples::F32(vec![f32::NAN; size.pixels() * 3])).unwrap();
    let strange = Segmentation::from_labels(size, vec!["hat".to_owned()], vec![0; size.pixels()]).unwrap();
    let grey = Scene { picture: as_kind(&noise.picture, Channels::Grey, Depth::U8), items: noise.items.clone() };
    for (name, other) in [
        ("another size", neighbour(1.0, small)),
        ("nothing but the hole", neighbour(1.0, all_ball)),
        ("another scene", neighbour(-1.0, noise)),
        ("no numbers", Neighbour { picture: Arc::new(nan), ..neighbour(1.0, frame(0, BALL)) }),
        ("no known item", Neighbour { items: Arc::new(strange), ..neighbour(1.0, frame(0, BALL)) }),
        ("grey beside colour", neighbour(1.0, grey)),
        ("no time", neighbour(f64::NAN, frame(-31, BALL))),
        ("the same frame", neighbour(0.0, frame(0, BALL))),
    ] {
        let made = Call { neighbours: &[other], ..Call::new(&scene) }.run(&[remove()]).unwrap().picture;
        assert!(made == alone, "{name}");
    }
    let small =
        Arc::new(Call::new(&frame(0, BALL)).run(&[remove()]).unwrap().picture.crop(Rect { x: 0, y: 0, width: 9, height: 9 }).unwrap());
    let other = Neighbour { edited: Some(small), ..neighbour(-1.0, frame(0, BALL)) };
    assert!(Call { neighbours: &[other], ..Call::new(&scene) }.run(&[remove()]).unwrap().picture == alone);
}
