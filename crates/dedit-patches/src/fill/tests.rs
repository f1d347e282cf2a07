use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};

use dedit_edit::{Planes, Size};

use super::{Filled, Task, Workers, fill, window};

/// A pool of so many threads.
struct Threads(usize);

impl Workers for Threads {
    fn run(&self, tasks: usize, run: &(dyn Fn(usize) + Sync)) {
        let next = AtomicUsize::new(0);
        let work = || {
            while let Some(task) = Some(next.fetch_add(1, Ordering::SeqCst)).filter(|task| *task < tasks) {
                run(task);
            }
        };
        std::thread::scope(|scope| (0..self.0).for_each(|_| drop(scope.spawn(work))));
    }
}

/// A picture, its hole, and what may be copied.
struct Scene {
    truth: Planes,
    hole: Vec<bool>,
    sources: Vec<bool>,
    regions: Option<Vec<u16>>,
}

type Pattern = fn(usize, usize) -> [f32; 3];
type Inside = fn(usize, usize) -> bool;

impl Scene {
    fn new(width: usize, height: usize, pattern: Pattern, hole: Inside) -> Self {
        let size = Size::new(width, height).unwrap();
        let places: Vec<(usize, usize)> = (0..size.pixels()).map(|at| size.position(at)).collect();
        let plane = |channel: usize| places.iter().map(|(x, y)| pattern(*x, *y)[channel]).collect();
        let truth = Planes::new(size, (0..3).map(plane).collect(), None).unwrap();
        let hole = places.iter().map(|(x, y)| hole(*x, *y)).collect();
        Self { truth, hole, sources: vec![true; size.pixels()], regions: None }
    }

    /// The picture with something else in the hole.
    fn shown(&self) -> Planes {
        let spoilt = |plane: &Vec<f32>| plane.iter().zip(&self.hole).map(|(value, hole)| if *hole { f32::NAN } else { *value }).collect();
        Planes::new(self.truth.size(), self.truth.colour().iter().map(spoilt).collect(), None).unwrap()
    }

    fn filled(&self, seed: u64, threads: usize) -> dedit_edit::Result<Filled> {
        let picture = self.shown();
        let task = Task { picture: &picture, hole: &self.hole, sources: &self.sources, regions: self.regions.as_deref(), seed };
        let filled = fill(&task, &Threads(threads), &mut |_| Ok(ControlFlow::Continue(())))?.unwrap();
        self.check_outside(&filled);
        Ok(filled)
    }

    /// What was filled is finite, and what is not of the hole is as it was.
    fn check_outside(&self, filled: &Filled) {
        for (plane, truth) in filled.planes.colour().iter().zip(self.truth.colour()) {
            for (index, value) in plane.iter().enumerate() {
                let at =
                    (filled.rect.y + index / filled.rect.width) * self.truth.size().width() + filled.rect.x + index % filled.rect.width;
                let is_right = if self.hole[at] { value.is_finite() } else { value.to_bits() == truth[at].to_bits() };
                assert!(is_right, "pixel {at} is {value}");
            }
        }
    }

    /// Calls `visit` with the filled and the true value of each sample of the hole.
    fn compare(&self, filled: &Filled, mut visit: impl FnMut(f32, f32)) {
        let width = self.truth.size().width();
        for (at, _) in self.hole.iter().enumerate().filter(|(_, hole)| **hole) {
            let inner = (at / width - filled.rect.y) * filled.rect.width + at % width - filled.rect.x;
            for (plane, truth) in filled.planes.colour().iter().zip(self.truth.colour()) {
                visit(plane[inner], truth[at]);
            }
        }
    }

    /// The root of the mean squared error in the hole.
    fn error(&self, filled: &Filled) -> f32 {
        let (mut sum, mut count) = (0.0, 0.0);
        self.compare(filled, |value, truth| {
            sum += (value - truth).powi(2);
            count += 1.0;
        });
        (sum / f32::max(count, 1.0)).sqrt()
    }
}

/// Pseudo-random, 0 … 1.
fn noise(x: usize, y: usize) -> f32 {
    let mixed = (x as u32).wrapping_mul(0x9E37_79B9) ^ (y as u32).wrapping_mul(0x85EB_CA6B);
    let mixed = (mixed ^ (mixed >> 15)).wrapping_mul(0x2C1B_3C6D);
    ((mixed ^ (mixed >> 13)) & 0xFFFF) as f32 / 65535.0
}

fn ramp(x: usize, y: usize) -> [f32; 3] {
    [x as f32 / 160.0, y as f32 / 120.0, 0.5]
}

fn stripes(x: usize, y: usize) -> [f32; 3] {
    if (x + y) % 10 < 5 { [0.9, 0.8, 0.2] } else { [0.1, 0.3, 0.4] }
}

fn bricks(x: usize, y: usize) -> [f32; 3] {
    let is_joint = y.is_multiple_of(8) || (x + y / 8 * 9).is_multiple_of(18);
    if is_joint { [0.8; 3] } else { [0.5 + 0.1 * noise(x / 3, y / 3), 0.2, 0.1] }
}

fn rough(x: usize, y: usize) -> [f32; 3] {
    [noise(x, y), noise(x + 1000, y), 0.4]
}

fn halves(x: usize, _: usize) -> [f32; 3] {
    if x < 80 { [0.9, 0.1, 0.1] } else { [0.1, 0.1, 0.9] }
}

fn disc(x: usize, y: usize) -> bool {
    (x as f32 - 80.0).hypot(y as f32 - 60.0) < 22.0
}

#[test]
fn what_a_picture_repeats_is_continued() {
    for (name, pattern, most) in
        [("a ramp", ramp as Pattern, 0.02), ("stripes", stripes, 0.03), ("bricks", bricks, 0.08), ("halves", halves, 0.06)]
    {
        let scene = Scene::new(160, 120, pattern, disc);
        let error = scene.error(&scene.filled(1, 1).unwrap());
        assert!(error < most, "{name}: {error}");
    }
}

#[test]
fn pixels_come_from_their_own_region() {
    // Red and blue are mixed all over the picture; the regions say that the hole's left is red and its right is blue.
    let mut scene = Scene::new(160, 120, |x, y| if (x / 20 + y / 20) % 2 == 0 { [0.9, 0.1, 0.1] } else { [0.1, 0.1, 0.9] }, disc);
    let size = scene.truth.size();
    let wanted = |at: usize| size.position(at).0 < 80;
    let region = |at: usize| if scene.hole[at] { u16::from(wanted(at)) } else { u16::from(scene.truth.colour()[0][at] > 0.5) };
    scene.regions = Some((0..size.pixels()).map(region).collect());
    let filled = scene.filled(1, 1).unwrap();
    let right = (0..size.pixels()).filter(|at| scene.hole[*at]).filter(|at| {
        let inner = (at / 160 - filled.rect.y) * filled.rect.width + at % 160 - filled.rect.x;
        (filled.planes.colour()[0][inner] > 0.5) == wanted(*at)
    });
    let (right, all) = (right.count(), scene.hole.iter().filter(|hole| **hole).count());
    assert!(right * 100 >= all * 98, "{right} of {all}");
}

#[test]
fn the_same_task_gives_the_same_pixels_on_any_number_of_threads_and_another_seed_others() {
    let scene = Scene::new(160, 120, rough, disc);
    let first = scene.filled(1, 1).unwrap();
    assert_eq!(scene.filled(1, 1).unwrap(), first);
    assert_eq!(scene.filled(1, 3).unwrap(), first);
    assert_ne!(scene.filled(2, 1).unwrap(), first);
}

#[test]
fn odd_holes_are_filled() {
    let cases: [(&str, usize, usize, Inside); 9] = [
        ("one pixel", 40, 30, |x, y| (x, y) == (20, 10)),
        ("in the corner", 40, 30, |x, y| x < 8 && y < 8),
        ("all but a column", 60, 40, |x, _| x > 0),
        ("all but a pixel", 20, 20, |x, y| (x, y) != (3, 3)),
        ("on all borders", 60, 40, |x, y| x < 3 || y < 3 || x > 56 || y > 36),
        ("a line", 60, 40, |_, y| y == 20),
        ("every other pixel", 40, 30, |x, y| (x + y) % 2 == 0),
        ("a picture of one row", 50, 1, |x, _| (20..25).contains(&x)),
        ("a long strip, whose hole cannot be made small", 3000, 30, |x, y| x > 40 && y > 1),
    ];
    for (name, width, height, hole) in cases {
        let scene = Scene::new(width, height, ramp, hole);
        scene.filled(1, 2).map_err(|error| format!("{name}: {error}")).unwrap();
    }
}

#[test]
fn few_or_unusual_sources_are_enough() {
    let mut few = Scene::new(80, 60, ramp, |x, y| (20..40).contains(&x) && (20..40).contains(&y));
    few.sources = (0..80 * 60).map(|at| at % 80 < 2 && at / 80 < 2).collect();
    few.filled(1, 1).unwrap();
    few.regions = Some((0..80 * 60).map(|at| u16::from(at == 0) + 2 * u16::from(few.hole[at])).collect());
    few.filled(1, 1).unwrap();
    let bright = Scene::new(80, 60, |x, y| [1e6 * noise(x, y), -3.0, 0.5], |x, y| (20..40).contains(&x) && (20..40).contains(&y));
    let filled = bright.filled(1, 1).unwrap();
    bright.compare(&filled, |value, _| assert!((-1e3..=1e8).contains(&value), "{value}"));
}

#[test]
fn what_cannot_be_filled_says_so() {
    let hole: Inside = |x, _| x > 5;
    let nothing = |change: fn(&mut Scene)| {
        let mut scene = Scene::new(20, 10, ramp, hole);
        change(&mut scene);
        scene.filled(1, 1).unwrap_err().message().to_owned()
    };
    assert!(nothing(|scene| scene.sources.fill(false)).contains("nothing is left"));
    assert!(nothing(|scene| scene.hole.fill(true)).contains("nothing is left"));
    assert!(nothing(|scene| scene.hole.fill(false)).contains("no hole"));
    assert!(nothing(|scene| scene.sources.truncate(199)).contains("199 values"));
}

#[test]
fn it_stops_when_it_is_told_to_and_shows_what_it_has_before() {
    let scene = Scene::new(240, 180, bricks, |x, y| (x as f32 - 120.0).hypot(y as f32 - 90.0) < 40.0);
    let picture = scene.shown();
    let task = Task { picture: &picture, hole: &scene.hole, sources: &scene.sources, regions: None, seed: 1 };
    let (mut calls, mut previews, mut done) = (0, 0, 0.0f32);
    fill(&task, &Threads(1), &mut |progress| {
        (calls, previews) = (calls + 1, previews + usize::from(progress.preview.is_some()));
        assert!(progress.done >= done && progress.done <= 1.0, "{} after {done}", progress.done);
        done = progress.done;
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
    assert!(calls > 20 && previews > 0 && done > 0.5, "{calls} calls, {previews} previews, {done}");
    for stop in [1, calls / 2, calls] {
        let mut left = stop;
        let stopped = fill(&task, &Threads(1), &mut |_| {
            left -= 1;
            Ok(if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        });
        assert!(stopped.unwrap().is_none(), "after {stop}");
    }
}

#[test]
fn the_window_is_as_large_as_the_hole_asks_for() {
    let size = Size::new(4000, 3000).unwrap();
    let hole = dedit_edit::Rect { x: 100, y: 1000, width: 200, height: 100 };
    let rect = window(hole, size);
    assert_eq!((rect.x, rect.y, rect.right(), rect.bottom()), (0, 700, 600, 1400));
}
