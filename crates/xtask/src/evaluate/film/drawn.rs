//! Films that are drawn from a photograph, with the truth: the film without its thing.

use dedit_edit::{Channels, Image, Samples, Segmentation, Size};
use image::{Rgb, RgbImage};

/// How camera and thing move.
#[derive(Debug, Clone, Copy)]
pub(super) struct Script {
    pub(super) name: &'static str,
    /// How far the camera pans from frame to frame, pixels of the photograph.
    pub(super) pan: (f64, f64),
    /// How much it turns around the middle of the frame, degrees, and how many times as near it comes, from frame to frame.
    pub(super) turn: f64,
    pub(super) zoom: f64,
    /// Where the thing is in the first frame, and how far it moves from frame to frame, pixels of the frame.
    pub(super) thing: (f64, f64),
    pub(super) step: (f64, f64),
    /// The standard deviation of the noise of each frame, levels of 255.
    pub(super) noise: f64,
}

/// What is filmed. The last two are never seen without the thing.
pub(super) const SCRIPTS: [Script; 5] = [
    Script { name: "the camera pans", pan: (2.3, 0.35), turn: 0.0, zoom: 1.0, thing: (128.0, 96.0), step: (0.4, -0.6), noise: 0.0 },
    Script { name: "the thing moves", pan: (0.0, 0.0), turn: 0.0, zoom: 1.0, thing: (80.0, 80.0), step: (4.2, 1.3), noise: 1.5 },
    Script { name: "a hand-held camera", pan: (1.7, -0.8), turn: 0.25, zoom: 1.003, thing: (120.0, 100.0), step: (1.9, 0.5), noise: 1.5 },
    Script { name: "pan, thing on the scene", pan: (1.3, 0.4), turn: 0.0, zoom: 1.0, thing: (140.0, 90.0), step: (-1.3, -0.4), noise: 0.0 },
    Script { name: "nothing moves", pan: (0.0, 0.0), turn: 0.0, zoom: 1.0, thing: (120.0, 90.0), step: (0.0, 0.0), noise: 1.5 },
];

pub(super) const WIDTH: u32 = 256;
pub(super) const HEIGHT: u32 = 192;
/// Half the width and height of the thing, pixels.
const RADII: (f64, f64) = (27.0, 22.0);

/// A frame.
pub(super) struct Drawn {
    pub(super) seen: RgbImage,
    /// Without the thing.
    pub(super) truth: RgbImage,
    /// Whether the thing is at each pixel.
    pub(super) mask: Vec<bool>,
}

/// The place in the photograph that a pixel of a frame shows.
fn place(script: &Script, photo: (u32, u32), frame: usize, x: f64, y: f64) -> (f64, f64) {
    let time = frame as f64;
    let (middle_x, middle_y) = (f64::from(WIDTH) / 2.0, f64::from(HEIGHT) / 2.0);
    let (sine, cosine) = (script.turn * time).to_radians().sin_cos();
    let scale = script.zoom.powf(-time);
    let (u, v) = ((x - middle_x) * scale, (y - middle_y) * scale);
    // The film is shot around the middle of the photograph.
    let start = (f64::from(photo.0) / 2.0 - 8.0 * script.pan.0, f64::from(photo.1) / 2.0 - 8.0 * script.pan.1);
    (start.0 + script.pan.0 * time + cosine * u - sine * v, start.1 + script.pan.1 * time + sine * u + cosine * v)
}

/// The position in another frame of what a frame shows at a position.
pub(super) fn followed(script: &Script, frame: usize, to: usize, (x, y): (f64, f64)) -> (f64, f64) {
    let target = place(script, (0, 0), frame, x, y);
    let (middle_x, middle_y) = (f64::from(WIDTH) / 2.0, f64::from(HEIGHT) / 2.0);
    let origin = place(script, (0, 0), to, middle_x, middle_y);
    let (sine, cosine) = (script.turn * to as f64).to_radians().sin_cos();
    let (u, v) = (target.0 - origin.0, target.1 - origin.1);
    let scale = script.zoom.powf(to as f64);
    (middle_x + scale * (cosine * u + sine * v), middle_y + scale * (cosine * v - sine * u))
}

/// A frame of a film.
pub(super) fn draw(script: &Script, photo: &RgbImage, frame: usize) -> Drawn {
    let mut random = fastrand::Rng::with_seed(1000 + frame as u64);
    let mut normal = || (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
    let time = frame as f64;
    let (left, top) = (script.thing.0 + script.step.0 * time, script.thing.1 + script.step.1 * time);
    let (mut seen, mut truth, mut mask) = (RgbImage::new(WIDTH, HEIGHT), RgbImage::new(WIDTH, HEIGHT), Vec::new());
    for (x, y) in (0..HEIGHT).flat_map(|y| (0..WIDTH).map(move |x| (x, y))) {
        let (u, v) = place(script, photo.dimensions(), frame, f64::from(x), f64::from(y));
        let ground = between(photo, u, v).map(|value| value + script.noise * normal());
        let (dx, dy) = ((f64::from(x) - left) / RADII.0, (f64::from(y) - top) / RADII.1);
        // A soft edge of a pixel.
        let cover = ((1.0 - dx.hypot(dy)) * RADII.1 + 0.5).clamp(0.0, 1.0);
        let stripe = if ((dx + dy) * 4.0).rem_euclid(2.0) < 1.0 { [214.0, 40.0, 52.0] } else { [240.0, 232.0, 90.0] };
        let level = |value: f64| value.round().clamp(0.0, 255.0) as u8;
        truth.put_pixel(x, y, Rgb(ground.map(level)));
        seen.put_pixel(x, y, Rgb(std::array::from_fn(|channel| level(ground[channel] * (1.0 - cover) + stripe[channel] * cover))));
        mask.push(cover > 0.0);
    }
    Drawn { seen, truth, mask }
}

/// The colour between pixels: cubic convolution.
pub(super) fn between(picture: &RgbImage, x: f64, y: f64) -> [f64; 3] {
    let weights = |t: f64| {
        let (square, cube) = (t * t, t * t * t);
        [-0.5 * cube + square - 0.5 * t, 1.5 * cube - 2.5 * square + 1.0, -1.5 * cube + 2.0 * square + 0.5 * t, 0.5 * cube - 0.5 * square]
    };
    let (left, top) = (x.floor(), y.floor());
    let (across, down) = (weights(x - left), weights(y - top));
    let mut sum = [0.0; 3];
    for (row, down) in down.iter().enumerate() {
        for (column, across) in across.iter().enumerate() {
            let limited = |at: f64, step: usize, length: u32| (at + step as f64 - 1.0).clamp(0.0, f64::from(length) - 1.0) as u32;
            let pixel = picture.get_pixel(limited(left, column, picture.width()), limited(top, row, picture.height()));
            sum = std::array::from_fn(|channel| sum[channel] + down * across * f64::from(pixel.0[channel]));
        }
    }
    sum
}

impl Drawn {
    pub(super) fn image(&self) -> anyhow::Result<Image> {
        image_of(&self.seen)
    }

    pub(super) fn items(&self) -> anyhow::Result<Segmentation> {
        let names = ["thing", "background"].map(str::to_owned).to_vec();
        let labels = self.mask.iter().map(|inside| u16::from(!inside)).collect();
        Ok(Segmentation::from_labels_in_part(Size::new(WIDTH as usize, HEIGHT as usize)?, names, labels)?)
    }
}

pub(super) fn image_of(picture: &RgbImage) -> anyhow::Result<Image> {
    let size = Size::new(picture.width() as usize, picture.height() as usize)?;
    Ok(Image::new(size, Channels::Rgb, Samples::U8(picture.as_raw().clone()))?)
}
