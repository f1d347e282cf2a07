//! Films of a textured plane, with the truth for every pixel.

use std::ops::ControlFlow;

use dedit_edit::{Planes, Size};

use super::{ANY, Frame, Other, Shown, shown};
use crate::fill::Workers;

/// Tasks on so many threads.
struct Threads(usize);

impl Workers for Threads {
    fn run(&self, tasks: usize, run: &(dyn Fn(usize) + Sync)) {
        std::thread::scope(|scope| {
            for first in 0..self.0 {
                scope.spawn(move || (first..tasks).step_by(self.0).for_each(run));
            }
        });
    }
}

const WIDTH: usize = 120;
const HEIGHT: usize = 90;
/// The hole: x, y, width, height.
const HOLE: (usize, usize, usize, usize) = (46, 34, 26, 22);

/// The colour of the plane, smooth at the scale of a pixel.
fn plane(x: f64, y: f64) -> [f32; 3] {
    let wave = |a: f64, b: f64, phase: f64| (a * x + b * y + phase).sin();
    let far = wave(0.07, 0.05, 0.3) + wave(-0.04, 0.09, 1.1);
    let near = wave(0.9, 0.31, 0.0) + wave(-0.45, 0.83, 2.0) + wave(0.6, -1.1, 0.7) + wave(1.2, 0.2, (0.05 * y).sin() * 3.0);
    [0.5 + 0.1 * far + 0.06 * near, 0.45 + 0.12 * far + 0.05 * near, 0.5 - 0.1 * far + 0.07 * near].map(|value| value as f32)
}

fn is_in(x: usize, y: usize, (left, top, width, height): (usize, usize, usize, usize)) -> bool {
    (left..left + width).contains(&x) && (top..top + height).contains(&y)
}

/// How a frame sees the plane.
type View = dyn Fn(f64, f64) -> (f64, f64);

fn seen(view: &View, light: f32) -> Planes {
    let size = Size::new(WIDTH, HEIGHT).unwrap();
    let colours: Vec<[f32; 3]> = (0..size.pixels())
        .map(|at| {
            let (x, y) = view((at % WIDTH) as f64, (at / WIDTH) as f64);
            plane(x, y).map(|value| value * light)
        })
        .collect();
    Planes::new(size, (0..3).map(|channel| colours.iter().map(|colour| colour[channel]).collect()).collect(), None).unwrap()
}

/// Another frame with a hole of its own.
fn other(offset: f64, view: &View, light: f32, hole: (usize, usize, usize, usize)) -> Other {
    let known: Vec<bool> = (0..WIDTH * HEIGHT).map(|at| !is_in(at % WIDTH, at / WIDTH, hole)).collect();
    Other { offset, origin: (0, 0), planes: seen(view, light), known, labels: vec![0; WIDTH * HEIGHT], edited: None }
}

fn covered(others: &[Other], threads: usize) -> Shown {
    let planes = seen(&|x, y| (x, y), 1.0);
    let hole: Vec<bool> = (0..WIDTH * HEIGHT).map(|at| is_in(at % WIDTH, at / WIDTH, HOLE)).collect();
    let known: Vec<bool> = hole.iter().map(|hole| !hole).collect();
    // What the frame shows in the hole must not matter.
    let empty = planes.colour().iter().map(|plane| plane.iter().zip(&hole).map(|(value, hole)| if *hole { 7.0 } else { *value }).collect());
    let planes = Planes::new(planes.size(), empty.collect(), None).unwrap();
    let heirs = vec![ANY; hole.len()];
    let frame = Frame { planes: &planes, known: &known, hole: &hole, labels: &heirs };
    shown(&frame, others, &Threads(threads), &mut || Ok(true)).unwrap().unwrap()
}

/// The share of the hole that is covered, and the largest error in levels of 255.
fn figures(shown: &Shown) -> (f32, f32) {
    let error = shown.pixels.iter().zip(&shown.colours).map(|(at, colour)| {
        let truth = plane((*at as usize % WIDTH) as f64, (*at as usize / WIDTH) as f64);
        colour.iter().zip(truth).map(|(is, should)| (is - should).abs()).fold(0.0, f32::max)
    });
    (shown.pixels.len() as f32 / (HOLE.2 * HOLE.3) as f32, error.fold(0.0, f32::max) * 255.0)
}

const AWAY: (usize, usize, usize, usize) = (4, 4, 20, 20);

#[test]
fn a_hole_is_filled_with_what_another_frame_shows_there() {
    struct Case {
        name: &'static str,
        view: &'static View,
        light: f32,
        hole: (usize, usize, usize, usize),
        covered: f32,
        off: f32,
    }
    for Case { name, view, light, hole, covered: least, off: most } in [
        Case { name: "a camera at rest", view: &|x, y| (x, y), light: 1.0, hole: AWAY, covered: 1.0, off: 0.01 },
        Case { name: "whole pixels", view: &|x, y| (x + 11.0, y - 4.0), light: 1.0, hole: AWAY, covered: 1.0, off: 0.01 },
        Case { name: "parts of pixels", view: &|x, y| (x - 17.3, y + 2.6), light: 1.0, hole: AWAY, covered: 1.0, off: 2.5 },
        Case { name: "half as bright", view: &|x, y| (x - 17.3, y + 2.6), light: 0.6, hole: AWAY, covered: 1.0, off: 2.5 },
        Case { name: "a zoom", view: &|x, y| (x * 1.06 - 5.0, y * 1.06 - 2.2), light: 1.0, hole: AWAY, covered: 1.0, off: 2.5 },
        Case {
            name: "a turn",
            view: &|x, y| (0.998 * x + 0.06 * y - 3.0, 0.998 * y - 0.06 * x),
            light: 1.0,
            hole: AWAY,
            covered: 1.0,
            off: 2.5,
        },
        Case {
            name: "a camera that turns",
            view: &|x, y| ((x + 6.2) / (1.0 + 0.0004 * x), (y + 1.0) / (1.0 + 0.0004 * x)),
            light: 1.0,
            hole: AWAY,
            covered: 1.0,
            off: 2.5,
        },
        Case { name: "half of it hidden there too", view: &|x, y| (x + 13.0, y), light: 1.0, hole: HOLE, covered: 0.49, off: 0.01 },
        Case { name: "all of it hidden there too", view: &|x, y| (x, y), light: 1.0, hole: HOLE, covered: 0.0, off: 0.01 },
    ] {
        let others = [other(-1.0, view, light, hole)];
        let (share, off) = figures(&covered(&others, 1));
        println!("{name}: {share:.3} covered, off by {off:.2}");
        assert!(share >= least && off <= most, "{name}: {share} covered, off by {off}");
        assert!(least < 1.0 || share > 0.999, "{name}");
    }
}

#[test]
fn frames_of_another_scene_are_left_out() {
    let noise = |x: f64, y: f64| ((x * 12.9 + y * 78.2).sin() * 43_758.5, (x * 39.3 + y * 11.1).sin() * 24_634.6);
    for (name, view) in [("another place", &(|x: f64, y: f64| (y * 1.7 + 900.0, x * 0.4 - 400.0)) as &View), ("noise", &noise)] {
        assert_eq!(covered(&[other(1.0, view, 1.0, AWAY)], 1).pixels, [0; 0], "{name}");
    }
    let flat = |_: f64, _: f64| (0.0, 0.0);
    assert_eq!(covered(&[other(1.0, &flat, 1.0, AWAY)], 1).pixels, [0; 0], "nothing to see");
}

#[test]
fn the_nearest_in_time_is_asked_first_and_earlier_results_last() {
    let still: &View = &|x, y| (x, y);
    let told = |others: &[Other]| figures(&covered(others, 2)).1;
    // The frame farther off in time is wrong in the hole.
    let mut wrong = other(-3.0, still, 1.0, AWAY);
    let spoiled = |planes: &Planes| {
        let spoil =
            |plane: &Vec<f32>| (0..plane.len()).map(|at| if is_in(at % WIDTH, at / WIDTH, HOLE) { 0.2 } else { plane[at] }).collect();
        Planes::new(planes.size(), planes.colour().iter().map(spoil).collect(), None).unwrap()
    };
    wrong.planes = spoiled(&wrong.planes);
    assert!(told(&[wrong.clone(), other(2.0, still, 1.0, AWAY)]) < 0.01);
    assert!(told(&[wrong, other(4.0, still, 1.0, AWAY)]) > 20.0);
    // What a frame was filled with counts where no frame shows more.
    let mut filled = other(-1.0, still, 1.0, HOLE);
    assert_eq!(covered(&[filled.clone()], 1).pixels, [0; 0]);
    filled.edited = Some(filled.planes.clone());
    let both = covered(&[filled.clone()], 1);
    assert_eq!(figures(&both), (1.0, 0.0));
    filled.edited = Some(spoiled(&filled.planes));
    assert!(told(&[filled, other(6.0, still, 1.0, AWAY)]) < 0.01);
}

#[test]
fn the_number_of_threads_changes_nothing_and_a_stop_is_heard() {
    let others: Vec<Other> = [(-2.0, 5.4), (-1.0, 2.7), (1.0, -2.7), (2.0, -5.4), (3.0, -8.1)]
        .iter()
        .map(|(time, x)| other(*time, &move |u, v| (u + x, v + 0.2), 1.0, HOLE))
        .collect();
    let one = covered(&others, 1);
    assert_eq!(covered(&others, 3), one);
    assert!(one.pixels.len() > 200);
    let planes = seen(&|x, y| (x, y), 1.0);
    let hole: Vec<bool> = (0..WIDTH * HEIGHT).map(|at| is_in(at % WIDTH, at / WIDTH, HOLE)).collect();
    let known: Vec<bool> = hole.iter().map(|hole| !hole).collect();
    let frame = Frame { planes: &planes, known: &known, hole: &hole, labels: &vec![ANY; hole.len()] };
    for questions in 0..4 {
        let mut left = questions;
        let mut going = || {
            left -= 1;
            Ok(if left < 0 { ControlFlow::<()>::Break(()) } else { ControlFlow::Continue(()) }.is_continue())
        };
        assert_eq!(shown(&frame, &others, &Threads(1), &mut going).unwrap(), None);
    }
}

#[test]
fn values_that_are_no_numbers_and_tiny_windows_do_no_harm() {
    let mut odd = other(-1.0, &|x, y| (x + 3.0, y), 1.0, AWAY);
    let nan = |plane: &Vec<f32>| plane.iter().enumerate().map(|(at, value)| if at % 17 == 0 { f32::NAN } else { *value }).collect();
    odd.planes = Planes::new(odd.planes.size(), odd.planes.colour().iter().map(nan).collect(), None).unwrap();
    assert!(covered(&[odd.clone()], 1).colours.iter().flatten().all(|value| value.is_finite()));
    odd.known = vec![false; odd.known.len()];
    assert_eq!(covered(&[odd], 1).pixels, [0; 0]);
    for (width, height) in [(1, 1), (3, 2), (1, 40), (9, 9)] {
        let size = Size::new(width, height).unwrap();
        let planes = Planes::new(size, vec![vec![0.5; size.pixels()]], None).unwrap();
        let (known, hole) = (vec![true; size.pixels()], vec![true; size.pixels()]);
        let heirs = vec![ANY; size.pixels()];
        let frame = Frame { planes: &planes, known: &known, hole: &hole, labels: &heirs };
        let other = Other {
            offset: 1.0,
            origin: (-2, 1),
            planes: planes.clone(),
            known: known.clone(),
            labels: vec![0; size.pixels()],
            edited: None,
        };
        assert!(shown(&frame, &[other], &Threads(1), &mut || Ok(true)).unwrap().unwrap().pixels.len() <= size.pixels());
    }
}
