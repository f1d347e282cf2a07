//! A thing is removed from films that pan over a photograph: what it hides is taken from other frames, and does not flicker.

use std::path::Path;

use dedit_host_tests::daemon::Daemon;
use dedit_host_tests::melt::{Edit, Filter, Footage, Melt, System};
use dedit_host_tests::places;
use image::{GrayImage, Luma, Rgb, RgbImage, RgbaImage, imageops};
use ofx_test_host::{ClipImage, Components, Context, Depth, HostSettings, Instance, InstanceSettings, RenderRequest, rect};

use crate::alone::{Behind, EFFECT, Loaded, Place, alone, made};
use crate::scene::test_folder;

const WIDTH: u32 = 192;
const HEIGHT: u32 = 144;
const FRAMES: usize = 14;
/// How far the camera pans from frame to frame, pixels.
const PAN: (f64, f64) = (3.3, 0.4);
/// Half the width and height of the thing, pixels.
const RADII: (f64, f64) = (20.0, 16.0);

/// A film with a thing that moves before what the camera pans over.
struct Film {
    seen: Vec<RgbImage>,
    masks: Vec<GrayImage>,
    /// Without the thing.
    truth: Vec<RgbImage>,
}

impl Film {
    /// The middle of the thing starts at `left` and moves by `step` from frame to frame.
    fn new(left: f64, step: f64) -> Self {
        let photograph = image::open(Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/photos/coffee.jpg")).unwrap().into_rgb8();
        let mut film = Self { seen: Vec::new(), masks: Vec::new(), truth: Vec::new() };
        for frame in 0..FRAMES {
            let time = frame as f64;
            let start = (150.0 + PAN.0 * time, 90.0 + PAN.1 * time);
            let ground = |x: u32, y: u32| between(&photograph, start.0 + f64::from(x), start.1 + f64::from(y));
            let cover = |x: u32, y: u32| {
                let (across, down) = ((f64::from(x) - left - step * time) / RADII.0, (f64::from(y) - 70.0) / RADII.1);
                ((1.0 - across.hypot(down)) * RADII.1 + 0.5).clamp(0.0, 1.0)
            };
            let level = |value: f64| value.round().clamp(0.0, 255.0) as u8;
            film.truth.push(RgbImage::from_fn(WIDTH, HEIGHT, |x, y| Rgb(ground(x, y).map(level))));
            film.masks.push(GrayImage::from_fn(WIDTH, HEIGHT, |x, y| Luma([if cover(x, y) > 0.0 { 255 } else { 0 }])));
            film.seen.push(RgbImage::from_fn(WIDTH, HEIGHT, |x, y| {
                let thing = if (x + y) % 16 < 8 { [30.0, 60.0, 200.0] } else { [230.0, 230.0, 240.0] };
                let (ground, cover) = (ground(x, y), cover(x, y));
                Rgb(std::array::from_fn(|channel| level(ground[channel] * (1.0 - cover) + thing[channel] * cover)))
            }));
        }
        film
    }

    fn hidden(&self, frame: usize) -> impl Iterator<Item = (u32, u32)> {
        self.masks[frame].enumerate_pixels().filter(|(_, _, pixel)| pixel.0[0] > 0).map(|(x, y, _)| (x, y))
    }

    /// The PSNR of what was hidden, dB, and how much more it changes from frame to frame than it should, levels of 255.
    fn figures(&self, made: &[RgbImage]) -> (f64, f64) {
        let (mut squares, mut count) = (0.0, 0.0);
        for (frame, made) in made.iter().enumerate() {
            for (x, y) in self.hidden(frame) {
                let pairs = made.get_pixel(x, y).0.into_iter().zip(self.truth[frame].get_pixel(x, y).0);
                squares += pairs.map(|(is, should)| (f64::from(is) - f64::from(should)).powi(2)).sum::<f64>();
                count += 3.0;
            }
        }
        let flicker = self.change(made) - self.change(&self.truth);
        (10.0 * (255.0_f64.powi(2) * count / squares.max(1e-9)).log10(), flicker)
    }

    /// The mean difference of what is hidden in a frame from the same place of the scene in the frame before.
    fn change(&self, shown: &[RgbImage]) -> f64 {
        let (mut sum, mut count) = (0.0, 0.0);
        for frame in 1..shown.len() {
            for (x, y) in self.hidden(frame) {
                let (u, v) = (f64::from(x) + PAN.0, f64::from(y) + PAN.1);
                if u < f64::from(WIDTH) - 3.0 && v < f64::from(HEIGHT) - 3.0 {
                    let before = between(&shown[frame - 1], u, v);
                    let now = shown[frame].get_pixel(x, y).0;
                    sum += now.into_iter().zip(before).map(|(now, before)| (f64::from(now) - before).abs()).sum::<f64>();
                    count += 3.0;
                }
            }
        }
        sum / count
    }
}

/// The colour between pixels: cubic convolution.
fn between(picture: &RgbImage, x: f64, y: f64) -> [f64; 3] {
    let weights = |t: f64| {
        let (square, cube) = (t * t, t * t * t);
        [-0.5 * cube + square - 0.5 * t, 1.5 * cube - 2.5 * square + 1.0, -1.5 * cube + 2.0 * square + 0.5 * t, 0.5 * cube - 0.5 * square]
    };
    let mut sum = [0.0; 3];
    for (v, down) in (0..4).zip(weights(y - y.floor())) {
        for (u, across) in (0..4).zip(weights(x - x.floor())) {
            let at =
                |start: f64, step: i32, length: u32| (start.floor() + f64::from(step) - 1.0).clamp(0.0, f64::from(length) - 1.0) as u32;
            let pixel = picture.get_pixel(at(x, u, picture.width()), at(y, v, picture.height()));
            sum = std::array::from_fn(|channel| sum[channel] + down * across * f64::from(pixel.0[channel]));
        }
    }
    sum
}

/// Rows of frames, every third of each.
fn shot(name: &str, rows: &[&[RgbImage]]) {
    let columns = FRAMES.div_ceil(3) as u32;
    let mut sheet = RgbImage::from_pixel(columns * (WIDTH + 4), rows.len() as u32 * (HEIGHT + 4), Rgb([255; 3]));
    for (y, row) in rows.iter().enumerate() {
        for (x, frame) in row.iter().step_by(3).enumerate() {
            imageops::replace(&mut sheet, frame, x as i64 * i64::from(WIDTH + 4), y as i64 * i64::from(HEIGHT + 4));
        }
    }
    let shot = places::shots("openfx-shots").unwrap().join(name);
    sheet.save(&shot).unwrap();
    println!("{}", shot.display());
}

/// MLT gives no other frame than the rendered one: those that it has rendered before are used, also those in which the thing is not to be seen yet.
#[test]
fn melt_a_thing_that_comes_into_a_film_is_removed_steadily() {
    let (system, mut test_folder) = (System::named().unwrap(), test_folder());
    test_folder.name_no_model();
    let daemon = Daemon::start(&test_folder).unwrap();
    let film = Film::new(-24.0, 11.0);
    for (frame, mask) in film.masks.iter().enumerate() {
        mask.save(test_folder.outside(format!("hidden{frame:04}.png"))).unwrap();
    }
    let masks = test_folder.outside("hidden%04d.png").to_string_lossy().into_owned();
    let melt = Melt::new(&system, &test_folder, &[places::effects().unwrap()]).unwrap();
    let footage = Footage::of(&test_folder, "film", &film.seen).unwrap();
    let removed = |others: &str| {
        let filter =
            Filter::new(EFFECT).with("edit", "Remove").with("maskSource", "File").with("maskFile", &masks).with("otherFrames", others);
        let ran = melt.run(&Edit::new(footage.clone()).filter(filter)).unwrap();
        println!("{:?} {}", ran.time, ran.stderr);
        assert!(ran.ended_well() && ran.frames.len() == FRAMES, "{ran:?}");
        ran.frames.iter().map(|frame: &RgbaImage| image::DynamicImage::from(frame.clone()).into_rgb8()).collect::<Vec<_>>()
    };
    let (alone, together) = (removed("0"), removed("16"));
    shot("melt-film.png", &[&film.seen, &alone, &together, &film.truth]);
    let (before, after) = (film.figures(&alone), film.figures(&together));
    println!("frame by frame {before:.2?}, with the frames before {after:.2?}");
    assert!(before.1 > 5.0, "the test can fail: {before:?}");
    assert!(after.0 > before.0 + 12.0 && after.0 > 32.0, "{after:?}");
    assert!(after.1 < 1.0, "{after:?}");
    // In another process, which finds the results on disk.
    let edits = || std::fs::read_to_string(test_folder.data().join("deditd.log")).unwrap().matches("\"edit ").count();
    let count = edits();
    assert_eq!((removed("16") == together, edits()), (true, count));
    drop(daemon);
}

/// A frame of a film as a clip's image.
fn clip(picture: &RgbImage) -> ClipImage {
    ClipImage::from_fn(rect(0, 0, WIDTH as i32, HEIGHT as i32), Depth::Byte, Components::Rgba, |x, y| {
        let [red, green, blue] = picture.get_pixel(x as u32, HEIGHT - 1 - y as u32).0.map(|value| f32::from(value) / 255.0);
        [red, green, blue, 1.0]
    })
}

fn picture(image: &ClipImage) -> RgbImage {
    RgbImage::from_fn(WIDTH, HEIGHT, |x, y| {
        let pixel = image.at(x as i32, (HEIGHT - 1 - y) as i32).unwrap();
        Rgb([0, 1, 2].map(|channel: usize| (pixel[channel] * 255.0).round() as u8))
    })
}

/// An instance with a film in its clips, which has no frame beyond its ends.
fn instance(loaded: &Loaded, film: &Film, others: i32) -> Instance {
    let settings = InstanceSettings { project_size: [f64::from(WIDTH), f64::from(HEIGHT)], ..InstanceSettings::default() };
    let instance = Instance::create(&loaded.described(Context::General), &settings).unwrap();
    let frame = |frames: Vec<ClipImage>| move |time: f64| if time < 0.0 { None } else { frames.get(time.round() as usize).cloned() };
    instance.connect("Source", frame(film.seen.iter().map(clip).collect())).unwrap();
    let masks = film.masks.iter().map(|mask| clip(&image::DynamicImage::from(mask.clone()).into_rgb8()));
    instance.connect("Mask", frame(masks.collect())).unwrap();
    instance.set("edit", 3).unwrap();
    instance.set("otherFrames", others).unwrap();
    instance.set("model", "patches").unwrap();
    instance
}

fn window() -> ofx_test_host::RectI {
    rect(0, 0, WIDTH as i32, HEIGHT as i32)
}

/// A host that gives other frames: those after the rendered one show what is hidden, too.
#[test]
fn own_other_frames_show_what_is_hidden() {
    alone(
        concat!(module_path!(), "::own_other_frames_show_what_is_hidden"),
        Behind::Empty,
        |_, _| {},
        |place: &Place| {
            let film = Film::new(40.0, 5.0);
            let loaded = Loaded::new(HostSettings::default());
            let rendered = |others: i32, order: &[usize]| {
                let instance = instance(&loaded, &film, others);
                let mut frames = vec![RgbImage::new(1, 1); FRAMES];
                for frame in order {
                    frames[*frame] = picture(&made(&instance, &RenderRequest::new(*frame as f64, window())));
                }
                frames
            };
            let forward: Vec<usize> = (0..FRAMES).collect();
            let (alone, together) = (rendered(0, &forward), rendered(16, &forward));
            shot("own-film.png", &[&film.seen, &alone, &together, &film.truth]);
            let (before, after) = (film.figures(&alone), film.figures(&together));
            println!("frame by frame {before:.2?}, with the frames around {after:.2?}");
            assert!(before.1 > 5.0, "the test can fail: {before:?}");
            assert!(after.0 > before.0 + 12.0 && after.0 > 32.0 && after.1 < 1.0, "{after:?}");
            // Rendered again, nothing is computed.
            let edits = place.jobs("edit");
            assert_eq!(edits, 2 * FRAMES);
            assert!(rendered(16, &forward) == together);
            assert_eq!(place.jobs("edit"), edits);
            // Outside of what is hidden and its edge nothing changes.
            for (frame, made) in together.iter().enumerate() {
                let is_near = near(&film.masks[frame], 12);
                let far = made
                    .enumerate_pixels()
                    .filter(|(x, y, pixel)| **pixel != *film.seen[frame].get_pixel(*x, *y) && !is_near(*x, *y))
                    .count();
                assert_eq!(far, 0, "frame {frame}");
            }
            let needed = instance(&loaded, &film, 4).frames_needed(6.0);
            let times = |clip: &str| needed.ranges[clip].iter().map(|range| range.min).collect::<Vec<_>>();
            assert_eq!(times("Source"), [6.0, 0.0, 5.0, 7.0, 4.0, 8.0, 2.0, 10.0]);
            assert_eq!(times("Mask"), times("Source"));
        },
    );
}

/// Whether a pixel is at most so far, along an axis, from the mask.
fn near(mask: &GrayImage, reach: u32) -> impl Fn(u32, u32) -> bool {
    let bounds = mask
        .enumerate_pixels()
        .filter(|(_, _, pixel)| pixel.0[0] > 0)
        .fold([u32::MAX, u32::MAX, 0, 0], |[left, top, right, bottom], (x, y, _)| [left.min(x), top.min(y), right.max(x), bottom.max(y)]);
    move |x, y| {
        let [left, top, right, bottom] = bounds;
        x + reach >= left && x <= right + reach && y + reach >= top && y <= bottom + reach
    }
}

/// One frame, frames of other sizes beside it, and a mask that covers everything: never a failure.
#[test]
fn own_films_that_give_nothing_to_look_at() {
    alone(
        concat!(module_path!(), "::own_films_that_give_nothing_to_look_at"),
        Behind::Empty,
        |_, _| {},
        |_: &Place| {
            let film = Film::new(60.0, 0.0);
            let loaded = Loaded::new(HostSettings::default());
            let alone = picture(&made(&instance(&loaded, &film, 0), &RenderRequest::new(3.0, window())));
            let first = clip(&film.seen[3]);
            let mask = clip(&image::DynamicImage::from(film.masks[3].clone()).into_rgb8());
            let small =
                ClipImage::from_fn(rect(0, 0, 50, 40), Depth::Byte, Components::Rgba, |x, y| [x as f32 / 50.0, y as f32 / 40.0, 0.5, 1.0]);
            let white = ClipImage::from_fn(window(), Depth::Byte, Components::Rgba, |_, _| [1.0; 4]);
            let noise =
                ClipImage::from_fn(window(), Depth::Byte, Components::Rgba, |x, y| [((x * 7919 + y * 104_729) % 251) as f32 / 251.0; 4]);
            for (name, source, of_mask) in [
                ("one frame", None, None),
                ("the same frame again and again", Some(first.clone()), Some(mask.clone())),
                ("another size", Some(small.clone()), Some(mask.clone())),
                ("another size of both", Some(small.clone()), Some(small)),
                ("nothing but the thing", Some(noise.clone()), Some(white)),
                ("another scene", Some(noise), Some(mask.clone())),
            ] {
                let instance = instance(&loaded, &film, 16);
                let (own, its) = (first.clone(), mask.clone());
                let at = |own: ClipImage, other: Option<ClipImage>| {
                    move |time: f64| if (time - 3.0).abs() < 0.5 { Some(own.clone()) } else { other.clone() }
                };
                instance.connect("Source", at(own, source)).unwrap();
                instance.connect("Mask", at(its, of_mask)).unwrap();
                instance.set("referenceFrame", 3).unwrap();
                assert!(picture(&made(&instance, &RenderRequest::new(3.0, window()))) == alone, "{name}");
            }
        },
    );
}
