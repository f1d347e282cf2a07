//! Each verb, and what holds for all of them.

use std::ops::ControlFlow;

use dedit_edit::{
    Channels, Depth, Edit, Engine as _, EngineEvent, ErrorKind, ItemMask, ItemRef, Margin, PlanSettings, Rect, Ring, Sides, Size, Stage,
    Transform, Vacated,
};
use dedit_patches::Patches;

use crate::support::{
    BALL, BOX, Call, HEIGHT, Scene, TABLE, Threads, WIDTH, as_kind, at, ball, bare, changed, ground, inner, off, scene, scene_of,
};

fn remove(item: &str) -> Edit {
    Edit::Remove { items: vec![item.to_owned()], vacated: Vacated::Nearest }
}

fn shift(item: &str, transform: Transform) -> Edit {
    Edit::Move { item: item.to_owned(), transform, vacated: Vacated::Nearest }
}

fn reshape(rect: Rect) -> Edit {
    let mask = ItemMask::from_fn(Size::new(WIDTH, HEIGHT).unwrap(), |x, y| rect.contains(x, y));
    Edit::Reshape { item: "box".to_owned(), mask, vacated: Vacated::Nearest }
}

fn refine(rect: Rect) -> Edit {
    Edit::Refine { mask: ItemMask::from_fn(Size::new(WIDTH, HEIGHT).unwrap(), |x, y| rect.contains(x, y)) }
}

fn swap_in(from: ItemRef) -> Edit {
    Edit::SwapIn { item: "box".to_owned(), from }
}

/// One edit of each verb that does without words.
fn verbs() -> Vec<Edit> {
    vec![
        remove("ball"),
        shift("ball", Transform::shift(13.0, 9.0)),
        shift("ball", Transform { scale: 1.3, degrees: 30.0, ..Transform::shift(20.5, 4.25) }),
        Edit::Swap { item: "ball".to_owned(), with: "box".to_owned() },
        reshape(Rect { x: 60, y: 40, width: 20, height: 12 }),
        swap_in(ItemRef::target("ball")),
        swap_in(ItemRef::reference("ball")),
        refine(Rect { x: 40, y: 50, width: 9, height: 7 }),
        Edit::Expand { sides: Sides { left: 5, right: 0, top: 3, bottom: 8 }, vacated: Vacated::Nearest },
        Edit::Reconstruct,
    ]
}

/// A picture with another light, and a striped ball in it.
fn reference() -> Scene {
    scene_of(Size::new(50, 40).unwrap(), |x, y| {
        if (Rect { x: 10, y: 12, width: 12, height: 24 }).contains(x, y) {
            (0, if y % 4 < 2 { [0.9, 0.9, 0.1] } else { [0.5, 0.1, 0.5] })
        } else {
            (3, ground(x, TABLE + y))
        }
    })
}

fn ground_below(x: usize, y: usize) -> [f32; 3] {
    ground(x, TABLE + y % 40)
}

/// The farthest any colour of the table, in light, is from another.
const GRAIN: f32 = 0.05;

#[test]
fn what_is_removed_is_filled_with_what_lies_behind_it_and_its_shadow_goes_too() {
    let scene = scene();
    let edited = Call::new(&scene).run(&[remove("ball")]).unwrap();
    let with_shadow = Rect { width: BALL.width + 9, ..BALL };
    assert!(off(&edited.picture, with_shadow, ground) < GRAIN, "{}", off(&edited.picture, with_shadow, ground));
    // The shadow is there before, so the test can fail.
    assert!(off(&scene.picture, Rect { x: BALL.right() + 1, width: 4, y: BALL.y + 10, height: 4 }, ground) > 0.2);
    for (x, y) in changed(&scene.picture, &edited.picture) {
        let reach = Rect { x: BALL.x - 3, y: BALL.y - 3, width: BALL.width + 14, height: BALL.height + 6 };
        assert!(reach.contains(x, y), "only ball, shadow and a narrow edge change, not ({x}, {y})");
        assert!(edited.region.contains(x, y));
    }
}

#[test]
fn without_margin_and_ring_nothing_but_the_item_changes() {
    let scene = scene();
    let call = Call { settings: bare(), ..Call::new(&scene) };
    let edited = call.run(&[remove("ball")]).unwrap();
    let changed = changed(&scene.picture, &edited.picture);
    assert_eq!(changed.len(), BALL.width * BALL.height, "each pixel of the ball, which is of no colour of the table");
    assert!(changed.iter().all(|(x, y)| BALL.contains(*x, *y)));
    assert_eq!(edited.region, BALL);
}

#[test]
fn around_what_is_removed_ground_stays_and_what_looks_like_the_item_does_not() {
    let disc = |x: usize, y: usize, radius: f32| (x as f32 - 100.0).hypot(y as f32 - 80.0) < radius;
    // The mask lacks the outer 2 pixels of a disc; two stripes run up to it.
    let scene = scene_of(Size::new(200, 160).unwrap(), |x, y| {
        let own = ground(x, TABLE + y);
        let shown = match x {
            _ if disc(x, y, 62.0) => [0.1, 0.2, 0.8],
            30..36 => [0.2, 0.6, 0.2],
            _ if (70..76).contains(&y) => [0.9, 0.9, 0.2],
            _ => own,
        };
        (if disc(x, y, 60.0) { 0 } else { 3 }, shown)
    });
    let edited = Call::new(&scene).run(&[remove("ball")]).unwrap();
    let changed: std::collections::HashSet<_> = changed(&scene.picture, &edited.picture).into_iter().collect();
    let (mut ring, mut stays) = (0, 0);
    for y in 0..160 {
        for x in (0..200).filter(|x| disc(*x, y, 68.0) && !disc(*x, y, 64.0)) {
            ring += 1;
            stays += usize::from(!changed.contains(&(x, y)));
        }
        for x in (0..200).filter(|x| disc(*x, y, 62.0)) {
            let [red, _, blue] = at(&edited.picture, x, y);
            assert!(blue - red < 0.3, "({x}, {y}) shows the disc");
        }
    }
    assert!(stays * 10 >= ring * 9, "{stays} of {ring} pixels beside the disc stay");
}

#[test]
fn the_margin_limits_how_far_a_shadow_is_looked_for() {
    let scene = scene();
    let settings = PlanSettings { margin: Margin::Pixels(3.0), ring: Ring::Distance(0.0), ..bare() };
    let edited = Call { settings, ..Call::new(&scene) }.run(&[remove("ball")]).unwrap();
    let beyond = |(x, _): &&(usize, usize)| *x >= BALL.right() + 4;
    assert_eq!(changed(&scene.picture, &edited.picture).iter().find(beyond), None);
}

#[test]
fn what_is_moved_by_whole_pixels_is_copied_bit_for_bit_and_its_shadow_goes_along() {
    let scene = scene();
    let edited = Call::new(&scene).run(&[shift("ball", Transform::shift(9.0, 20.0))]).unwrap();
    let to = Rect { x: BALL.x + 9, y: BALL.y + 20, ..BALL };
    assert!(edited.picture.crop(to).unwrap() == scene.picture.crop(BALL).unwrap());
    assert!(off(&edited.picture, Rect { height: 14, ..BALL }, ground) < GRAIN, "the old place is filled");
    let shade = at(&edited.picture, to.right() + 2, to.y + 12)[0] / ground(to.right() + 2, to.y + 12)[0];
    assert!((0.5..0.75).contains(&shade), "the shadow of 0.6 is there again: {shade}");
    assert!(off(&edited.picture, Rect { x: to.right() + 1, y: to.y, width: 6, height: 5 }, ground) < GRAIN, "and nowhere else");
}

#[test]
fn a_small_move_fills_what_is_uncovered_and_no_more() {
    let scene = scene();
    let edited = Call { settings: bare(), ..Call::new(&scene) }.run(&[shift("ball", Transform::shift(-3.0, 0.0))]).unwrap();
    assert_eq!(edited.picture.crop(Rect { x: BALL.x - 3, ..BALL }).unwrap(), scene.picture.crop(BALL).unwrap());
    assert!(off(&edited.picture, Rect { x: BALL.right() - 3, width: 3, ..BALL }, ground) < 0.4);
}

#[test]
fn what_is_scaled_and_rotated_keeps_its_colours() {
    let scene = scene();
    for (transform, rect) in [
        (Transform { scale: 0.5, ..Transform::shift(30.0, 0.0) }, Rect { x: 55, y: 35, width: 6, height: 6 }),
        (Transform { scale: 1.5, ..Transform::shift(10.0, 5.0) }, Rect { x: 30, y: 36, width: 14, height: 14 }),
        (Transform { degrees: 90.0, ..Transform::shift(0.0, 0.0) }, inner(BALL, 2)),
    ] {
        let edited = Call::new(&scene).run(&[shift("ball", transform)]).unwrap();
        let farthest = off(&edited.picture, rect, |_, _| [0.8, 0.27, 0.33]);
        assert!(farthest < 0.12, "{transform:?}: {farthest}");
    }
    // A quarter turn copies pixels.
    let edited = Call::new(&scene).run(&[shift("ball", Transform { degrees: 90.0, ..Transform::default() })]).unwrap();
    let centre = BALL.x as f32 + 7.5 - (BALL.y as f32 + 7.5);
    let turned = |x: usize, y: usize| ball((y as f32 + centre) as usize, (BALL.y + BALL.height - 1) - (x - BALL.x));
    assert!(off(&edited.picture, inner(BALL, 1), turned) < 0.004);
}

#[test]
fn what_leaves_the_picture_in_part_is_cut_off() {
    let scene = scene();
    let edited = Call::new(&scene).run(&[shift("ball", Transform::shift(-28.0, 0.0))]).unwrap();
    let (rest, from) = (Rect { x: 0, width: 8, ..BALL }, Rect { x: BALL.x + 8, width: 8, ..BALL });
    assert_eq!(edited.picture.crop(rest).unwrap(), scene.picture.crop(from).unwrap());
}

#[test]
fn two_items_change_places_each_in_the_size_of_the_other() {
    let scene = scene();
    let edited = Call::new(&scene).run(&[Edit::Swap { item: "ball".to_owned(), with: "box".to_owned() }]).unwrap();
    let is_red = |rect: Rect| (at(&edited.picture, rect.x + 6, rect.y + 6), at(&edited.picture, rect.x + 2, rect.bottom() - 3));
    let (middle, corner) = is_red(BOX);
    assert!(middle[0] > middle[1] + 0.3 && corner[0] > corner[1] + 0.3, "the ball is where the box was: {middle:?} {corner:?}");
    let (middle, corner) = is_red(BALL);
    assert!(middle[1] > middle[0] + 0.2 && corner[1] > corner[0] + 0.2, "and the box where the ball was: {middle:?} {corner:?}");
}

#[test]
fn what_grows_is_continued_and_what_it_gives_up_is_filled() {
    let (old, new) = (Rect { x: 40, y: 28, width: 30, height: 30 }, Rect { x: 34, y: 36, width: 44, height: 24 });
    let green = [0.1, 0.5, 0.2];
    let scene = scene_of(Size::new(WIDTH, HEIGHT).unwrap(), |x, y| if old.contains(x, y) { (1, green) } else { (3, ground_below(x, y)) });
    let edited = Call { settings: bare(), ..Call::new(&scene) }.run(&[reshape(new)]).unwrap();
    let grown = off(&edited.picture, new, |_, _| green);
    assert!(grown < 0.02, "{grown}");
    let given_up = off(&edited.picture, Rect { height: 8, ..old }, ground_below);
    // Where pieces are fused, the grain of a pixel at the rim is spread over its surroundings too.
    assert!(given_up < 1.2 * GRAIN, "{given_up}");
}

#[test]
fn an_item_of_another_picture_comes_in_its_own_shape() {
    let (scene, reference) = (scene(), reference());
    let call = Call { reference: Some(&reference), ..Call::new(&scene) };
    let edited = call.run(&[swap_in(ItemRef::reference("ball"))]).unwrap();
    // Twice as high as wide, in a square of 12 pixels, on its lower edge.
    let stands = Rect { x: BOX.x + 3, y: BOX.y, width: 6, height: 12 };
    let is_striped = |x: usize, y: usize| {
        let [red, green, blue] = at(&edited.picture, x, y);
        red > green + 0.1 || (red > 0.6 && green > 0.6 && blue < 0.4)
    };
    assert!((stands.x + 1..stands.right() - 1).all(|x| is_striped(x, BOX.bottom() - 4)));
    assert!(off(&edited.picture, Rect { x: BOX.x, y: BOX.y, width: 2, height: 12 }, ground) < 0.08, "beside it is the table");
    let without = Call::new(&scene).run(&[swap_in(ItemRef::target("ball"))]).unwrap();
    assert!(at(&without.picture, BOX.x + 6, BOX.y + 6)[0] > 0.5, "an item of the same picture comes too");
}

#[test]
fn light_is_matched_in_part() {
    let scene = scene();
    let dark = Scene { picture: darker(&reference()), items: reference().items };
    let call = Call { reference: Some(&dark), ..Call::new(&scene) };
    let edited = call.run(&[swap_in(ItemRef::reference("ball"))]).unwrap();
    let lit = at(&edited.picture, BOX.x + 6, BOX.y + 6);
    let own = at(&dark.picture, 16, 24);
    let brightest = |colour: [f32; 3]| colour.into_iter().fold(0.0, f32::max);
    let gain = brightest(lit) / brightest(own);
    assert!((1.1..1.7).contains(&gain), "{own:?} → {lit:?}");
}

fn darker(scene: &Scene) -> dedit_edit::Image {
    let planes = scene.picture.planes().unwrap();
    let colour = planes.colour().iter().map(|plane| plane.iter().map(|value| value * 0.5).collect()).collect();
    dedit_edit::Planes::new(planes.size(), colour, None).unwrap().to_image(Depth::U8).unwrap()
}

#[test]
fn a_larger_canvas_is_filled_and_the_old_one_stays() {
    let scene = scene();
    let sides = Sides { left: 5, right: 4, top: 3, bottom: 8 };
    let edited = Call::new(&scene).run(&[Edit::Expand { sides, vacated: Vacated::Nearest }]).unwrap();
    assert_eq!(edited.picture.crop(sides.old(scene.picture.size())).unwrap(), scene.picture);
    assert_eq!(edited.region, edited.picture.size().rect());
    assert!(off(&edited.picture, Rect { x: 0, y: 60, width: 5, height: 20 }, |_, _| ground(0, 60)) < GRAIN);
}

#[test]
fn a_region_is_filled_again_and_a_reconstruction_is_the_picture() {
    let scene = scene();
    let rect = Rect { x: 40, y: 50, width: 9, height: 7 };
    let edited = Call { settings: bare(), ..Call::new(&scene) }.run(&[refine(rect)]).unwrap();
    assert!(off(&edited.picture, rect, ground) < GRAIN);
    assert!(changed(&scene.picture, &edited.picture).iter().all(|(x, y)| rect.contains(*x, *y)));
    let same = Call::new(&scene).run(&[Edit::Reconstruct]).unwrap();
    assert_eq!((&same.picture, same.region), (&scene.picture, scene.picture.size().rect()));
}

#[test]
fn edits_go_together() {
    let scene = scene();
    let edits = [remove("box"), shift("ball", Transform::shift(44.0, 4.0)), refine(Rect { x: 2, y: 60, width: 5, height: 5 })];
    let edited = Call::new(&scene).run(&edits).unwrap();
    assert_eq!(edited.picture.crop(Rect { x: BALL.x + 44, y: BALL.y + 4, ..BALL }).unwrap(), scene.picture.crop(BALL).unwrap());
    assert!(off(&edited.picture, Rect { x: BALL.x, y: BALL.y, width: 14, height: 16 }, ground) < GRAIN);
}

#[test]
fn every_verb_gives_the_same_in_every_kind_and_on_any_number_of_threads() {
    let (scene, reference) = (scene(), reference());
    for edit in verbs() {
        let settings = crate::support::usual(&scene);
        let call = Call { reference: Some(&reference), settings: settings.clone(), ..Call::new(&scene) };
        let edits = [edit];
        let first = call.run(&edits).unwrap();
        let two = Call { threads: 2, settings: settings.clone(), reference: Some(&reference), ..Call::new(&scene) }.run(&edits).unwrap();
        assert!(first.picture == two.picture, "{} on two threads", edits[0].verb());
        for (channels, depth) in
            [(Channels::Rgb, Depth::U16), (Channels::Rgba, Depth::F32), (Channels::Grey, Depth::U8), (Channels::GreyAlpha, Depth::F32)]
        {
            let other = Scene { picture: as_kind(&scene.picture, channels, depth), items: scene.items.clone() };
            let edited = Call { reference: Some(&reference), ..Call::new(&other) }.run(&edits).unwrap();
            if channels.colours() == 3 {
                let close = off(&edited.picture, first.picture.size().rect(), |x, y| at(&first.picture, x, y));
                assert!(close < 0.03, "{} in {depth:?}: {close}", edits[0].verb());
            }
            let alpha = |image: &dedit_edit::Image| image.planes().unwrap().alpha().map(<[f32]>::to_vec);
            if edited.picture.size() == other.picture.size() {
                assert_eq!(alpha(&edited.picture), alpha(&other.picture));
            }
        }
    }
}

#[test]
fn other_seeds_fill_otherwise() {
    let hole = Rect { x: 90, y: 60, width: 60, height: 50 };
    let noisy = scene_of(Size::new(240, 160).unwrap(), |x, y| {
        let mixed = ((x * 7919 + y * 104_729) as u32).wrapping_mul(2_654_435_761).rotate_left(13).wrapping_mul(2_246_822_519);
        let grain = mixed as f32 / u32::MAX as f32;
        if hole.contains(x, y) { (0, [0.9, 0.1, 0.1]) } else { (3, [0.3 + grain * 0.5; 3]) }
    });
    let filled = |seed: u64| Call { seed, ..Call::new(&noisy) }.run(&[remove("ball")]).unwrap().picture;
    let first = filled(1);
    assert!(first == filled(1), "the same seed");
    assert!(first != filled(2), "another seed");
}

#[test]
fn words_need_a_model_and_the_sentence_says_how_to_get_one() {
    let scene = scene();
    let item = || "ball".to_owned();
    for edit in [
        Edit::Replace { item: item(), prompt: "a cat".to_owned() },
        Edit::Augment { item: item(), prompt: "a golden [v]".to_owned() },
        Edit::Blend { item: item(), with: ItemRef::target("box"), amount: 0.5 },
        Edit::Personalize { item: item(), prompt: "[v] on a beach".to_owned() },
    ] {
        let mut events = 0;
        let refused = Call::new(&scene).listened(std::slice::from_ref(&edit), &mut |_| {
            events += 1;
            ControlFlow::Continue(())
        });
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Model);
        assert!(error.message().starts_with(edit.verb()) && error.message().contains("diffusion model"), "{error}");
        assert!(error.hint_text().is_some_and(|hint| hint.contains("--model") && hint.contains("dialog")), "{error}");
        assert_eq!(events, 0, "nothing was begun");
    }
}

#[test]
fn it_reports_and_stops_where_it_is_told_to() {
    let scene = scene();
    let (mut steps, mut asked) = (Vec::new(), 0);
    Call::new(&scene)
        .listened(&[remove("ball")], &mut |event| {
            asked += 1;
            if let EngineEvent::Step { stage, step, of, .. } = event {
                steps.push((*stage, *step, *of));
            }
            ControlFlow::Continue(())
        })
        .unwrap();
    assert!(!steps.is_empty() && steps.iter().all(|(stage, step, of)| *stage == Stage::Filling && step <= of));
    assert!(steps.is_sorted_by(|(_, one, _), (_, next, _)| one < next), "each step is reported once");
    for stop_at in [0, 1, 2, asked / 2, asked - 1] {
        let mut events = 0;
        let stopped = Call::new(&scene).listened(&[remove("ball")], &mut |_| {
            events += 1;
            if events > stop_at { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!(stopped.unwrap_err().kind(), ErrorKind::Cancelled, "at event {stop_at}");
        assert_eq!(events, stop_at + 1, "no event follows");
    }
}

#[test]
fn there_is_nothing_to_learn() {
    let engine = Patches::new(Box::new(Threads(1)));
    assert!(!engine.learns());
    assert_eq!(engine.description(), "Patches (no weights)");
    let (small, large) = (Size::new(100, 100).unwrap(), Size::new(4000, 3000).unwrap());
    assert!(engine.least_memory(small) < engine.least_memory(large) && engine.least_memory(large) < 300 << 20);
}
