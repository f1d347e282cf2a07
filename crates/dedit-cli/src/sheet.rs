//! Pictures for people: items over a picture, and everything of an edit side by side.

use dedit_edit::{Depth, EditPlan, Image, Planes, Samples, Segmentation, item_colour};
use font8x8::UnicodeFonts as _;
use image::imageops::{FilterType, replace, resize};
use image::{Rgb, RgbImage};

use crate::error::Result;
use crate::picture::Picture;
use crate::picture::encode;

const GAP: u32 = 8;
/// Height of a line of letters, of 8 pixels each.
const LINE: u32 = 12;
/// Pictures on a sheet are enlarged to at least this width, so that their titles fit under them, and shrunk to at most the other.
const LEAST: u32 = 192;
const MOST: u32 = 512;
/// Pictures in a row.
const COLUMNS: usize = 6;

/// The picture with a tint and an outline for each item, and their names in those colours below, as a PNG file.
pub(crate) fn overlay(picture: &Picture) -> Result<Vec<u8>> {
    encode(&with_legend(&tinted(&picture.photo.image, &picture.items)?, &picture.items), &[])
}

/// The picture, its items, the plan and the results side by side, with a title under each, as a PNG file.
pub(crate) fn contact_sheet(picture: &Picture, plan: &EditPlan, results: Vec<(String, RgbImage)>) -> Result<Vec<u8>> {
    let mut shown = vec![
        ("before".to_owned(), shrunk(&picture.photo.image)?),
        ("items".to_owned(), tinted(&picture.photo.image, &picture.items)?),
        ("plan".to_owned(), shrunk(&plan.picture()?)?),
    ];
    shown.extend(results);
    titled_rows(&shown.chunks(COLUMNS).map(<[_]>::to_vec).collect::<Vec<_>>())
}

/// Rows of pictures, with a title under each, as a PNG file.
pub(crate) fn titled_rows(rows: &[Vec<(String, RgbImage)>]) -> Result<Vec<u8>> {
    let cell = |picture: &RgbImage| picture.width().max(LEAST) + GAP;
    let width = rows.iter().map(|row| row.iter().map(|(_, picture)| cell(picture)).sum::<u32>()).max().unwrap_or(0);
    let heights: Vec<u32> = rows.iter().map(|row| row.iter().map(|(_, picture)| picture.height()).max().unwrap_or(0)).collect();
    let height = heights.iter().map(|height| height + GAP + LINE).sum::<u32>();
    let mut sheet = RgbImage::from_pixel(width + GAP, height + GAP, Rgb([255; 3]));
    let mut y = GAP;
    for (row, height) in rows.iter().zip(heights) {
        let mut x = GAP;
        for (title, picture) in row {
            replace(&mut sheet, picture, i64::from(x), i64::from(y));
            write(&mut sheet, x, y + height + 4, title, cell(picture) - GAP, Rgb([0; 3]));
            x += cell(picture);
        }
        y += height + GAP + LINE;
    }
    encode(&sheet, &[])
}

/// A picture that stands on a sheet, not higher than `most` pixels.
pub(crate) fn lowered(picture: &RgbImage, most: u32) -> RgbImage {
    let (width, height) = picture.dimensions();
    if height <= most {
        return picture.clone();
    }
    resize(picture, (u64::from(width) * u64::from(most)).div_ceil(u64::from(height)) as u32, most, FilterType::Triangle)
}

/// A picture of any size as it stands on a sheet.
pub(crate) fn shrunk(picture: &Image) -> Result<RgbImage> {
    Ok(fitted(&shown_as(picture)?))
}

/// A small picture, each pixel as a square that can be seen.
pub(crate) fn enlarged(picture: &Image) -> Result<RgbImage> {
    const TIMES: u32 = 8;
    let shown = shown_as(picture)?;
    Ok(resize(&shown, shown.width() * TIMES, shown.height() * TIMES, FilterType::Nearest))
}

fn fitted(picture: &RgbImage) -> RgbImage {
    let (width, height) = picture.dimensions();
    let longest = width.max(height);
    if longest < LEAST {
        let times = LEAST.div_ceil(longest);
        return resize(picture, width * times, height * times, FilterType::CatmullRom);
    }
    if longest > MOST {
        let scaled = |side: u32| (u64::from(side) * u64::from(MOST) / u64::from(longest)).max(1) as u32;
        return resize(picture, scaled(width), scaled(height), FilterType::Triangle);
    }
    picture.clone()
}

/// Any picture as 8-bit RGB; what is transparent shows grey.
pub(crate) fn shown_as(picture: &Image) -> Result<RgbImage> {
    let planes = picture.planes()?.with_colours(3);
    let alpha = planes.alpha().map(<[f32]>::to_vec);
    let over = |plane: &Vec<f32>| match &alpha {
        Some(alpha) => plane.iter().zip(alpha).map(|(value, alpha)| value * alpha + 0.5 * (1.0 - alpha)).collect(),
        None => plane.clone(),
    };
    let flat = Planes::new(planes.size(), planes.colour().iter().map(over).collect(), None)?;
    let flat = flat.to_image(Depth::U8)?;
    let size = flat.size();
    let samples = match flat.into_samples() {
        Samples::U8(samples) => samples,
        _ => Vec::new(),
    };
    Ok(RgbImage::from_raw(size.width() as u32, size.height() as u32, samples).unwrap_or_default())
}

/// A picture as it stands on a sheet, with a tint for every item but the one with the most pixels, and a line where two meet.
pub(crate) fn tinted(picture: &Image, items: &Segmentation) -> Result<RgbImage> {
    let mut shown = shown_as(picture)?;
    let width = items.size().width();
    let labels = items.labels();
    let areas = items.areas();
    let largest = (0..areas.len()).max_by_key(|item| areas[*item]);
    for (index, pixel) in shown.pixels_mut().enumerate() {
        let label = labels[index];
        let differs = |other: Option<usize>| other.is_some_and(|other| labels[other] != label);
        let (x, y) = items.size().position(index);
        let edge = differs((x > 0).then(|| index - 1)) || differs((y > 0).then(|| index - width));
        let colour = item_colour(usize::from(label));
        let share = match (edge, Some(usize::from(label)) == largest) {
            (true, _) => 1.0,
            (false, true) => 0.0,
            (false, false) => 0.4,
        };
        for (value, tint) in pixel.0.iter_mut().zip(colour) {
            *value = (f32::from(*value) * (1.0 - share) + f32::from(tint) * share).round() as u8;
        }
    }
    Ok(fitted(&shown))
}

fn with_legend(picture: &RgbImage, items: &Segmentation) -> RgbImage {
    let lines = items.names().len().min(64) as u32;
    let mut whole = RgbImage::from_pixel(picture.width().max(LEAST), picture.height() + lines * LINE + GAP, Rgb([255; 3]));
    replace(&mut whole, picture, 0, 0);
    for (number, name) in items.names().iter().take(64).enumerate() {
        let y = picture.height() + GAP / 2 + number as u32 * LINE;
        for (dx, dy) in (0..8).flat_map(|dx| (0..8).map(move |dy| (dx, dy))) {
            whole.put_pixel(2 + dx, y + dy, Rgb(item_colour(number)));
        }
        write(&mut whole, 14, y, name, picture.width().max(LEAST) - 14, Rgb([0; 3]));
    }
    whole
}

/// Writes a line of text, cut where it would be wider than `room`.
fn write(sheet: &mut RgbImage, x: u32, y: u32, text: &str, room: u32, colour: Rgb<u8>) {
    for (place, letter) in text.chars().take(room as usize / 8).enumerate() {
        let glyph = font8x8::BASIC_FONTS.get(letter).or_else(|| font8x8::LATIN_FONTS.get(letter)).unwrap_or([0x7e; 8]);
        for (row, bits) in glyph.into_iter().enumerate() {
            for column in (0..8u32).filter(|column| bits >> column & 1 == 1) {
                let (x, y) = (x + 8 * place as u32 + column, y + row as u32);
                if x < sheet.width() && y < sheet.height() {
                    sheet.put_pixel(x, y, colour);
                }
            }
        }
    }
}
