//! Things of one photograph that are laid on another and lifted out of it again: what is behind them is known, and what they are.

use std::fmt::Write as _;
use std::io::Cursor;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use dedit_edit::{Channels, Image, ItemLayer, ItemMask, Lifted, NearestSites, Rect, Samples, Segmentation, Size, lift};
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{FilterType, blur, replace, resize};
use image::{GrayImage, Luma, Rgb, RgbImage};

use super::photographs;
use crate::evaluate::clock::Clock;
use crate::evaluate::measure::psnr;
use crate::evaluate::plate::plate;
use crate::evaluate::things::Thing;

/// Things on each photograph.
const EACH: usize = 3;
/// Things of fewer pixels are left out.
const LEAST: usize = 1500;
/// The largest share of the photograph's height and width that a thing takes.
const LARGEST: [f64; 2] = [0.45, 0.6];
/// The ground that a lifted thing is laid on.
const GROUND: Rgb<u8> = Rgb([77, 153, 89]);
/// How far around its outline the thing's border is measured, pixels: inwards, outwards.
const BORDER: [f32; 2] = [3.0, 10.0];

/// A thing on a photograph.
struct Laid {
    picture: RgbImage,
    /// How much of each pixel it covers, 0 … 1, row by row.
    alpha: Vec<f32>,
    /// The thing on plain ground.
    on_ground: RgbImage,
}

/// What is measured of one.
struct Row {
    name: String,
    /// dB where the thing was, in the ring around it, and at the border of the thing on other ground; then pixels of the layer over the plate that are more
    /// than a level off the picture, and seconds.
    values: [f64; 5],
}

/// Measures things on all photographs of a folder and gives the table. Things and places follow from the seed; `pictures` is a folder for the picture, the plate
/// and the thing on plain ground, side by side.
pub(in crate::evaluate) fn run(folder: &Path, things: &[Thing], seed: u64, pictures: Option<&Path>) -> Result<String> {
    let mut rows = Vec::new();
    for (number, file) in photographs(folder)?.iter().enumerate() {
        let truth = image::open(file).with_context(|| format!("{} cannot be read", file.display()))?.into_rgb8();
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let is_of_it = |thing: &Thing| thing.name.starts_with(&format!("{name}, "));
        let is_large = |thing: &Thing| thing.truth.iter().filter(|inside| **inside).count() >= LEAST;
        let mut others: Vec<&Thing> = things.iter().filter(|thing| !is_of_it(thing) && is_large(thing)).collect();
        let mut random = fastrand::Rng::with_seed(seed.wrapping_mul(1000).wrapping_add(number as u64));
        random.shuffle(&mut others);
        for thing in others.into_iter().take(EACH) {
            let laid = laid(&truth, thing, &mut random).with_context(|| format!("{} cannot be laid on {name}", thing.name))?;
            let (row, strip) = measured(&truth, &laid, seed)?;
            let name = format!("{name}: {}", thing.name);
            if let Some(folder) = pictures {
                strip.save(folder.join(format!("{}.png", name.replace([':', ','], "")))).context("a picture cannot be written")?;
            }
            rows.push(Row { name, values: row });
        }
    }
    ensure!(!rows.is_empty(), "no thing can be laid on a photograph of {}", folder.display());
    Ok(table(&rows))
}

/// Lays a thing somewhere on a photograph, without the ground at its outline and with a soft edge of about two pixels, and compresses the picture as cameras do.
fn laid(photograph: &RgbImage, thing: &Thing, random: &mut fastrand::Rng) -> Result<Laid> {
    let size = thing.picture.size();
    let inside = (0..thing.truth.len()).filter(|index| thing.truth[*index]);
    let rect = Rect::around(size, inside).context("the thing is empty")?.grown(6, size);
    let mask = ItemMask::from_fn(size, |x, y| thing.truth[y * size.width() + x]).shrink(2.0)?.crop(rect)?;
    let (width, height) = (rect.width as u32, rect.height as u32);
    let values = mask.values().iter().map(|value| (value * 255.0) as u8).collect();
    let mask = blur(&GrayImage::from_raw(width, height, values).context("the mask has no size")?, 1.0);
    let colours = rgb(&thing.picture.crop(rect)?)?;
    let fits = [(LARGEST[0], photograph.height(), height), (LARGEST[1], photograph.width(), width)];
    let scale = fits.into_iter().map(|(share, of, side)| share * f64::from(of) / f64::from(side)).fold(1.0, f64::min);
    let scaled = |side: u32| ((f64::from(side) * scale) as u32).max(1);
    let (width, height) = (scaled(width), scaled(height));
    let (mask, colours) = (resize(&mask, width, height, FilterType::Lanczos3), resize(&colours, width, height, FilterType::Lanczos3));
    let at = [photograph.width() - width, photograph.height() - height].map(|most| random.u32(0..=most));
    let mut whole = GrayImage::new(photograph.width(), photograph.height());
    replace(&mut whole, &mask, at[0].into(), at[1].into());
    let mut shown = photograph.clone();
    replace(&mut shown, &colours, at[0].into(), at[1].into());
    let over = |ground: &RgbImage| {
        RgbImage::from_fn(ground.width(), ground.height(), |x, y| {
            mixed(*shown.get_pixel(x, y), *ground.get_pixel(x, y), *whole.get_pixel(x, y))
        })
    };
    let on_ground = over(&RgbImage::from_pixel(photograph.width(), photograph.height(), GROUND));
    let alpha = whole.pixels().map(|Luma([value])| f32::from(*value) / 255.0).collect();
    Ok(Laid { picture: compressed(&over(photograph))?, alpha, on_ground })
}

fn mixed(front: Rgb<u8>, back: Rgb<u8>, share: Luma<u8>) -> Rgb<u8> {
    let share = f32::from(share.0[0]) / 255.0;
    Rgb(std::array::from_fn(|channel| {
        let (front, back) = (f32::from(front.0[channel]), f32::from(back.0[channel]));
        (back + (front - back) * share).round() as u8
    }))
}

fn compressed(picture: &RgbImage) -> Result<RgbImage> {
    let mut bytes = Cursor::new(Vec::new());
    JpegEncoder::new_with_quality(&mut bytes, 90).encode_image(picture)?;
    Ok(image::load_from_memory(bytes.get_ref())?.into_rgb8())
}

/// Lifts the thing, and measures plate and layer.
fn measured(truth: &RgbImage, laid: &Laid, seed: u64) -> Result<([f64; 5], RgbImage)> {
    let begun = Clock::start();
    let picture = of(&laid.picture)?;
    let size = picture.size();
    let covered = |index: usize| laid.alpha[index] > 0.5;
    let mask = ItemMask::from_fn(size, |x, y| covered(y * size.width() + x));
    let items = Segmentation::from_masks(size, &[("thing".to_owned(), mask)], "background")?;
    let number = [items.item("thing")?];
    let mut ground = plate(&picture, &items, vec!["thing".to_owned()], seed)?;
    let layers = lift(&picture, &mut ground, size.rect(), &items, Lifted { items: &number, edited: &number })?;
    let seconds = begun.seconds();
    let over = |below: &Image| -> Result<RgbImage> {
        let mut below = below.clone();
        layers.iter().rev().try_for_each(|layer: &ItemLayer| layer.lay_over(&mut below))?;
        rgb(&below)
    };
    let flat = RgbImage::from_pixel(truth.width(), truth.height(), GROUND);
    let (at_rest, on_ground, ground) = (over(&ground)?, over(&of(&flat)?)?, rgb(&ground)?);
    let (inside, outside) = (NearestSites::new(size, covered), NearestSites::new(size, |index| !covered(index)));
    let (inside, outside) = inside.zip(outside).context("the thing covers nothing or everything")?;
    let is_ring = |index: usize| !covered(index) && inside.distance(index) <= BORDER[1];
    let is_border = |index: usize| is_ring(index) || (covered(index) && outside.distance(index) <= BORDER[0]);
    let far = |(one, other): (&Rgb<u8>, &Rgb<u8>)| one.0.iter().zip(other.0).any(|(one, other)| one.abs_diff(other) > 1);
    let off = at_rest.pixels().zip(laid.picture.pixels()).filter(|pair| far(*pair)).count();
    let mut strip = RgbImage::new(3 * truth.width(), truth.height());
    for (column, shown) in [&laid.picture, &ground, &on_ground].into_iter().enumerate() {
        replace(&mut strip, shown, column as i64 * i64::from(truth.width()), 0);
    }
    let values =
        [psnr(&ground, truth, covered), psnr(&ground, truth, is_ring), psnr(&on_ground, &laid.on_ground, is_border), off as f64, seconds];
    Ok((values, strip))
}

fn of(picture: &RgbImage) -> Result<Image> {
    let size = Size::new(picture.width() as usize, picture.height() as usize)?;
    Ok(Image::new(size, Channels::Rgb, Samples::U8(picture.as_raw().clone()))?)
}

fn rgb(picture: &Image) -> Result<RgbImage> {
    let (width, height) = (picture.size().width() as u32, picture.size().height() as u32);
    let Samples::U8(samples) = picture.samples() else { anyhow::bail!("the picture has not 8 bits") };
    RgbImage::from_raw(width, height, samples.clone()).context("the picture is not RGB")
}

fn table(rows: &[Row]) -> String {
    let mut table = "| a thing lifted | hole, dB | ring, dB | border, dB | off at rest | CPU s |\n|---|---|---|---|---|---|\n".to_owned();
    let mut line = |name: &str, [hole, ring, border, off, seconds]: [f64; 5]| {
        let _ = writeln!(table, "| {name} | {hole:.2} | {ring:.2} | {border:.2} | {off:.0} | {seconds:.2} |");
    };
    let mut means = [0.0; 5];
    for row in rows {
        line(&row.name, row.values);
        means.iter_mut().zip(row.values).for_each(|(mean, value)| *mean += value / rows.len() as f64);
    }
    line("mean", means);
    table
}
