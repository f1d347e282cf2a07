//! Pictures of other colour spaces: the same pixels with another profile are another picture, and every command shows models the same colours.

use std::fs::{self, File};
use std::path::Path;

use image::{GrayImage, ImageBuffer, Luma};
use png::{BitDepth, ColorType, Info, ScaledFloat};
use serde_json::Value;

use super::{Outcome, dedit, scratch, with_daemon};

const WIDTH: u32 = 96;
const HEIGHT: u32 = 64;

fn is_thing(x: u32, y: u32) -> bool {
    (36..56).contains(&x) && (20..44).contains(&y)
}

/// A slope with grain and a thing on it, as light: 0 … 1.
fn light(x: u32, y: u32, channel: usize) -> f64 {
    let grain = f64::from((x * 31 + y * 57 + channel as u32 * 11) % 17) / 400.0;
    let slope = 0.15 + 0.5 * f64::from(x) / f64::from(WIDTH) + 0.1 * channel as f64 + grain;
    if is_thing(x, y) { [0.05, 0.4, 0.1][channel] } else { slope }
}

/// The curve of sRGB.
fn encoded(light: f64) -> f64 {
    if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

/// A PNG file of 16 bits: `value` of each pixel's light; with the gamma that it has, if it says so.
fn write(file: &Path, channels: usize, gamma: Option<f32>, value: impl Fn(f64) -> f64) {
    let mut info = Info::with_size(WIDTH, HEIGHT);
    info.color_type = if channels == 1 { ColorType::Grayscale } else { ColorType::Rgb };
    (info.bit_depth, info.source_gamma) = (BitDepth::Sixteen, gamma.map(ScaledFloat::new));
    let pixels = (0..HEIGHT).flat_map(|y| (0..WIDTH).map(move |x| (x, y)));
    let samples = pixels.flat_map(|(x, y)| (0..channels).map(move |channel| light(x, y, channel)));
    let bytes: Vec<u8> = samples.flat_map(|light| ((value(light) * 65_535.0).round() as u16).to_be_bytes()).collect();
    let encoder = png::Encoder::with_info(File::create(file).unwrap(), info).unwrap();
    encoder.write_header().unwrap().write_image_data(&bytes).unwrap();
}

fn samples(file: &Path) -> Vec<f64> {
    let picture = image::open(file).unwrap();
    let samples = if picture.color().has_color() { picture.into_rgb16().into_raw() } else { picture.into_luma16().into_raw() };
    samples.into_iter().map(|sample| f64::from(sample) / 65_535.0).collect()
}

/// The folder with the mask of the thing in it.
fn prepared() -> tempfile::TempDir {
    let folder = scratch();
    let mask = GrayImage::from_fn(WIDTH, HEIGHT, |x, y| Luma([u8::from(is_thing(x, y)) * 255]));
    mask.save(folder.path().join("thing.png")).unwrap();
    folder
}

fn report(outcome: &Outcome, line: &str) -> Value {
    assert_eq!(outcome.code, Some(0), "{line}\n{}", outcome.stderr);
    serde_json::from_str(&outcome.stdout).unwrap()
}

fn remove(picture: &str, out: &str) -> String {
    format!("edit remove --item thing --picture {picture} --items thing=thing.png --seed 1 --out {out} --json")
}

#[test]
fn greys_and_colours_of_another_space_are_filled_as_they_look() {
    for channels in [1, 3] {
        let folder = prepared();
        let path = folder.path();
        write(&path.join("linear.png"), channels, Some(1.0), |light| light);
        write(&path.join("srgb.png"), channels, None, encoded);
        for (picture, out) in [("linear.png", "a.png"), ("srgb.png", "b.png")] {
            let line = remove(picture, out);
            report(&dedit(path, &line).env_remove("DEDIT_MODEL").output().unwrap().into(), &line);
        }
        let [linear, srgb, before] = ["a.png", "b.png", "srgb.png"].map(|name| samples(&path.join(name)));
        let off: Vec<f64> = linear.iter().zip(&srgb).map(|(one, other)| (encoded(*one) - other).abs()).collect();
        let (mean, most) = (off.iter().sum::<f64>() / off.len() as f64, off.iter().copied().fold(0.0, f64::max));
        assert!(mean < 0.001 && most < 0.05, "{channels} channels look alike: {mean} {most}");
        let changed = srgb.iter().zip(&before).filter(|(after, before)| (*after - *before).abs() > 1e-6).count();
        assert!(changed > 400 * channels, "the thing is gone: {changed}");
    }
}

/// A daemon keeps the sessions of pictures, also those that differ in nothing but what their samples mean.
#[test]
fn the_same_pixels_in_another_space_have_a_session_of_their_own() {
    let folder = prepared();
    let path = folder.path();
    write(&path.join("plain.png"), 3, None, |light| light);
    write(&path.join("linear.png"), 3, Some(1.0), |light| light);
    let socket = path.join("run/daemon.sock");
    for (picture, out) in
        [("plain.png", "plain-1.png"), ("linear.png", "linear-1.png"), ("plain.png", "plain-2.png"), ("linear.png", "linear-2.png")]
    {
        let line = remove(picture, out);
        report(&with_daemon(path, &line).env("DEDIT_MODEL", "patches").output().unwrap().into(), &line);
    }
    assert!(socket.exists());
    let sessions = fs::read_dir(path.join("data/sessions")).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_dir()).count();
    let _ = with_daemon(path, "daemon stop").output();
    assert_eq!(sessions, 2);
    let open = |name: &str| samples(&path.join(name));
    assert_eq!(open("plain-1.png"), open("plain-2.png"));
    assert_eq!(open("linear-1.png"), open("linear-2.png"));
    assert_ne!(open("plain-1.png"), open("linear-1.png"), "the fill follows what is seen");
}

#[test]
fn a_picture_to_start_from_is_shown_in_srgb() {
    let folder = prepared();
    let path = folder.path();
    write(&path.join("linear.png"), 3, Some(1.0), |light| light);
    write(&path.join("srgb.png"), 3, None, encoded);
    for (picture, out) in [("linear.png", "a.png"), ("srgb.png", "b.png")] {
        let line = format!("generate --prompt bag --init {picture} --strength 0.3 --steps 4 --seed 1 --out {out} --json");
        report(&dedit(path, &line).output().unwrap().into(), &line);
    }
    let [linear, srgb]: [ImageBuffer<_, Vec<u8>>; 2] = ["a.png", "b.png"].map(|name| image::open(path.join(name)).unwrap().into_rgb8());
    let most = linear.iter().zip(srgb.iter()).map(|(one, other)| one.abs_diff(*other)).max().unwrap();
    assert!(most <= 2, "both are the same to the model: {most}");
}

#[test]
fn a_session_s_folder_need_not_be_text() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let folder = prepared();
    let path = folder.path();
    write(&path.join("srgb.png"), 3, None, encoded);
    let session = OsStr::from_bytes(b"b\xfcste");
    for line in ["learn srgb.png --items thing=thing.png --session", "edit remove --item thing --seed 1 --out out.png --session"] {
        let outcome: Outcome = dedit(path, line).env_remove("DEDIT_MODEL").arg(session).output().unwrap().into();
        assert_eq!(outcome.code, Some(0), "{line}\n{}", outcome.stderr);
    }
    assert!(path.join(session).join("session.json").is_file());
    assert!(path.join("out.png").is_file());
}
