//! Pictures and edits that leave little to work with: a defined result, or one sentence.

use dedit_edit::{Channels, Depth, Edit, Image, ItemMask, Planes, Rect, Samples, Size, Vacated};

use crate::support::{BALL, Call, HEIGHT, Scene, TABLE, WIDTH, as_kind, at, bare, changed, ground, off, scene, scene_of};

fn remove(item: &str) -> Edit {
    Edit::Remove { items: vec![item.to_owned()], vacated: Vacated::Nearest }
}

fn size() -> Size {
    Size::new(WIDTH, HEIGHT).unwrap()
}

/// A ball in a picture that is wall alone.
fn on_wall(ball: impl Fn(usize, usize) -> bool) -> Scene {
    scene_of(size(), |x, y| if ball(x, y) { (0, [0.9, 0.1, 0.1]) } else { (2, ground(x, y % TABLE)) })
}

/// The first pixel with the ball's colour.
fn red(picture: &Image) -> Option<(usize, usize)> {
    let size = picture.size();
    (0..size.pixels()).map(|index| size.position(index)).find(|(x, y)| {
        let [red, green, _] = at(picture, *x, *y);
        red > green + 0.3
    })
}

#[test]
fn holes_of_every_shape_are_filled_whole() {
    struct Case {
        what: &'static str,
        ball: fn(usize, usize) -> bool,
    }
    for Case { what, ball } in [
        Case { what: "one pixel", ball: |x, y| (x, y) == (40, 40) },
        Case { what: "one pixel in the corner", ball: |x, y| (x, y) == (WIDTH - 1, 0) },
        Case { what: "most of the picture", ball: |x, y| x > 10 || y > 60 },
        Case { what: "all borders", ball: |x, y| x < 3 || y < 3 || x + 3 >= WIDTH || y + 3 >= HEIGHT },
        Case { what: "a cross from border to border", ball: |x, y| x.abs_diff(48) < 4 || y.abs_diff(36) < 4 },
        Case { what: "all but one pixel", ball: |x, y| (x, y) != (50, 20) },
        Case { what: "specks everywhere", ball: |x, y| x % 7 == 3 && y % 5 == 2 },
        Case { what: "four corners", ball: |x, y| (x < 6 || x + 6 >= WIDTH) && (y < 6 || y + 6 >= HEIGHT) },
    ] {
        let scene = on_wall(ball);
        assert!(red(&scene.picture).is_some(), "{what}");
        for settings in [bare(), crate::support::usual(&scene)] {
            let edited = Call { settings, ..Call::new(&scene) }.run(&[remove("ball")]).unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(red(&edited.picture), None, "{what}");
        }
    }
}

#[test]
fn far_apart_holes_are_each_filled_from_what_is_around() {
    let size = Size::new(600, 400).unwrap();
    let scene = scene_of(size, |x, y| {
        let is_ball = |left: usize, top: usize| Rect { x: left, y: top, width: 8, height: 8 }.contains(x, y);
        let colour = if x < 300 { [0.2, 0.3, 0.3] } else { [0.7, 0.8, 0.8] };
        if is_ball(20, 20) || is_ball(560, 370) { (0, [0.9, 0.1, 0.1]) } else { (2, colour) }
    });
    let edited = Call { settings: bare(), ..Call::new(&scene) }.run(&[remove("ball")]).unwrap();
    assert!(off(&edited.picture, Rect { x: 18, y: 18, width: 12, height: 12 }, |_, _| [0.2, 0.3, 0.3]) < 0.01);
    assert!(off(&edited.picture, Rect { x: 558, y: 368, width: 12, height: 12 }, |_, _| [0.7, 0.8, 0.8]) < 0.01);
}

#[test]
fn where_nothing_is_left_to_copy_from_a_sentence_says_so() {
    let scene = scene();
    let whole = Edit::Refine { mask: ItemMask::full(size()) };
    let error = Call::new(&scene).run(&[whole]).unwrap_err();
    assert!(error.message().contains("leaves nothing of the picture"), "{error}");
    assert!(error.hint_text().is_some());
    // Of the only pixel of a picture as well.
    let one = scene_of(Size::new(1, 1).unwrap(), |_, _| (2, [0.5; 3]));
    let refine = Edit::Refine { mask: ItemMask::full(Size::new(1, 1).unwrap()) };
    assert!(Call::new(&one).run(&[refine]).is_err());
}

#[test]
fn an_heir_of_a_few_pixels_does_not_fill_a_hole_with_them() {
    // The box is close to the ball on the left, and has five pixels: the table is behind both.
    let scene = scene_of(size(), |x, y| {
        if BALL.contains(x, y) {
            (0, [0.9, 0.1, 0.1])
        } else if x + 1 == BALL.x && (30..35).contains(&y) {
            (1, [0.0, 1.0, 0.0])
        } else {
            (3, ground(x, TABLE + y % 40))
        }
    });
    let into = Edit::Remove { items: vec!["ball".to_owned()], vacated: Vacated::To("box".to_owned()) };
    let edited = Call { settings: bare(), ..Call::new(&scene) }.run(&[into]).unwrap();
    let green = changed(&scene.picture, &edited.picture).into_iter().filter(|(x, y)| at(&edited.picture, *x, *y)[1] > 0.9).count();
    assert!(green < BALL.width * BALL.height / 2, "{green} pixels are green");
}

fn float(scene: &Scene, change: impl Fn(usize, usize, &mut [f32])) -> Scene {
    let picture = as_kind(&scene.picture, Channels::Rgb, Depth::F32);
    let size = picture.size();
    let Samples::F32(mut samples) = picture.into_samples() else { panic!("floats") };
    for (index, pixel) in samples.chunks_exact_mut(3).enumerate() {
        change(index % size.width(), index / size.width(), pixel);
    }
    Scene { picture: Image::new(size, Channels::Rgb, Samples::F32(samples)).unwrap(), items: scene.items.clone() }
}

#[test]
fn samples_that_are_no_numbers_are_not_copied_and_stay_where_they_are() {
    for broken in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let is_broken = |x: usize, y: usize| (x % 9 == 4 && y % 4 == 1) || (x > 60 && y < 10);
        let scene = float(&scene(), |x, y, pixel| {
            if is_broken(x, y) {
                pixel[1] = broken;
            }
        });
        for edits in [vec![remove("ball")], vec![remove("box")]] {
            let edited = Call { settings: bare(), ..Call::new(&scene) }.run(&edits).unwrap();
            let (Samples::F32(before), Samples::F32(after)) = (scene.picture.samples(), edited.picture.samples()) else { panic!("floats") };
            for (index, (before, after)) in before.iter().zip(after).enumerate() {
                let (x, y) = size().position(index / 3);
                assert!(after.is_finite() || before.to_bits() == after.to_bits(), "({x}, {y})");
                assert!(!edited.region.contains(x, y) || scene.items.labels()[index / 3] > 1 || after.is_finite(), "filled at ({x}, {y})");
            }
        }
    }
    let nothing = float(&scene(), |x, y, pixel| {
        if !BALL.contains(x, y) {
            pixel[0] = f32::NAN;
        }
    });
    assert!(Call { settings: bare(), ..Call::new(&nothing) }.run(&[remove("ball")]).unwrap_err().message().contains("leaves nothing"));
}

#[test]
fn samples_far_beyond_white_give_a_result() {
    let scene = float(&scene(), |x, y, pixel| {
        if (x + y) % 13 == 0 {
            pixel.fill(1e6);
        }
    });
    let edited = Call { settings: bare(), ..Call::new(&scene) }.run(&[remove("ball")]).unwrap();
    let Samples::F32(samples) = edited.picture.samples() else { panic!("floats") };
    assert!(samples.iter().all(|sample| sample.is_finite()));
}

#[test]
fn what_is_transparent_is_copied_only_where_nothing_else_is_there() {
    let scene = scene();
    let with_alpha = |alpha: &dyn Fn(usize, usize) -> f32| {
        let planes = scene.picture.planes().unwrap();
        let mut colour = planes.colour().to_vec();
        let alphas: Vec<f32> = (0..size().pixels()).map(|index| size().position(index)).map(|(x, y)| alpha(x, y)).collect();
        // Transparent pixels are green, which nothing else is.
        for (index, alpha) in alphas.iter().enumerate().filter(|(_, alpha)| **alpha == 0.0) {
            for (plane, value) in colour.iter_mut().zip([0.0, 1.0, *alpha]) {
                plane[index] = value;
            }
        }
        let picture = Planes::new(size(), colour, Some(alphas)).unwrap().to_image(Depth::U8).unwrap();
        Scene { picture, items: scene.items.clone() }
    };
    let half = with_alpha(&|x, y| f32::from(u8::from(BALL.contains(x, y) || y % 2 == 0)));
    let edited = Call { settings: bare(), ..Call::new(&half) }.run(&[remove("ball")]).unwrap();
    assert!(off(&edited.picture, BALL, ground) < 0.4, "no pixel is green");
    let all = with_alpha(&|x, y| f32::from(u8::from(BALL.contains(x, y))));
    let edited = Call { settings: bare(), ..Call::new(&all) }.run(&[remove("ball")]).unwrap();
    assert!(off(&edited.picture, BALL, |_, _| [0.0, 1.0, 0.0]) < 0.1, "only transparent pixels are left");
    let nothing = with_alpha(&|_, _| 0.0);
    let error = Call { settings: bare(), ..Call::new(&nothing) }.run(&[remove("ball")]).unwrap_err();
    assert!(error.message().contains("fully transparent"), "{error}");
}

#[test]
fn a_reference_picture_that_is_not_there_is_missed() {
    let scene = scene();
    let edit = Edit::SwapIn { item: "box".to_owned(), from: dedit_edit::ItemRef::reference("ball") };
    assert!(Call::new(&scene).run(&[edit]).unwrap_err().message().contains("reference picture"));
}
