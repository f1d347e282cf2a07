//! Pictures in windows.

use dedit_client::Labels;
use dedit_protocol::Pixels;
use dedit_protocol::answer::Region;
use gimp_host::ui::Window;
use image::RgbImage;
use image::imageops::{self, FilterType};

use crate::masks::BACKGROUND;
use crate::pixels::as_rgb;
use crate::result::EditResult;
use crate::sides::Sides;

/// Width and height of the picture in a window.
pub(super) const SIZE: (u32, u32) = (360, 270);

/// Colours of items, told apart by most eyes.
const COLOURS: [[u8; 3]; 8] =
    [[230, 159, 0], [86, 180, 233], [0, 158, 115], [240, 228, 66], [0, 114, 178], [213, 94, 0], [204, 121, 167], [150, 150, 150]];

/// The colour of an item by its number.
pub(super) fn colour(number: usize) -> [u8; 3] {
    COLOURS[number % COLOURS.len()]
}

/// Pixels as a picture.
pub(super) fn picture(pixels: &Pixels) -> RgbImage {
    // The number of samples is that of the pixels: never the empty one.
    RgbImage::from_raw(pixels.width(), pixels.height(), as_rgb(pixels)).unwrap_or_default()
}

/// Shows a picture as large as it fits; gives it as it is shown.
pub(super) fn show(window: &Window<'_>, picture: &RgbImage) -> RgbImage {
    let (width, height) = fitting(picture.dimensions());
    // Pixels that are enlarged stay pixels.
    let filter = if width > picture.width() { FilterType::Nearest } else { FilterType::Triangle };
    let scaled = imageops::resize(picture, width, height, filter);
    window.show_picture(width, height, &scaled);
    scaled
}

/// Shows a picture of this size, with the outline of a box.
pub(super) fn show_box(window: &Window<'_>, picture: &RgbImage, from: (i32, i32), to: (i32, i32)) {
    let mut marked = picture.clone();
    let (width, height) = marked.dimensions();
    let within = |at: i32, side: u32| u32::try_from(at).unwrap_or(0).min(side.saturating_sub(1));
    let (left, right) = (within(from.0.min(to.0), width), within(from.0.max(to.0), width));
    let (top, bottom) = (within(from.1.min(to.1), height), within(from.1.max(to.1), height));
    let across = (left..=right).flat_map(|x| [(x, top), (x, bottom)]);
    let down = (top..=bottom).flat_map(|y| [(left, y), (right, y)]);
    // Seen on any ground.
    for (x, y) in across.chain(down).filter(|(x, y)| *x < width && *y < height) {
        marked.put_pixel(x, y, image::Rgb(if (x + y) / 4 % 2 == 0 { [255; 3] } else { [0; 3] }));
    }
    window.show_picture(width, height, &marked);
}

/// The size at which a picture fits the window.
fn fitting((width, height): (u32, u32)) -> (u32, u32) {
    let scale = (f64::from(SIZE.0) / f64::from(width.max(1))).min(f64::from(SIZE.1) / f64::from(height.max(1)));
    let scaled = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
    (scaled(width), scaled(height))
}

/// The place in a picture that a click in the window means.
pub(super) fn place_of((x, y): (i32, i32), size: (u32, u32)) -> Option<(usize, usize)> {
    let (width, height) = fitting(size);
    let place = |at: i32, shown: u32, side: u32| {
        u32::try_from(at).ok().filter(|at| *at < shown).map(|at| (u64::from(at) * u64::from(side) / u64::from(shown)) as usize)
    };
    Some((place(x, width, size.0)?, place(y, height, size.1)?))
}

/// The picture with its items tinted, the one that is meant more than the others.
pub(super) fn with_items(picture: &RgbImage, labels: &Labels, chosen: Option<&str>) -> RgbImage {
    let mut tinted = picture.clone();
    for (pixel, number) in tinted.pixels_mut().zip(&labels.numbers) {
        let name = labels.names.get(usize::from(*number)).map_or(BACKGROUND, String::as_str);
        if name != BACKGROUND {
            tint(&mut pixel.0, colour(usize::from(*number)), if chosen == Some(name) { 0.6 } else { 0.3 });
        }
    }
    tinted
}

/// The picture with a mask tinted.
pub(super) fn with_mask(picture: &RgbImage, mask: &[f32]) -> RgbImage {
    let mut tinted = picture.clone();
    tinted.pixels_mut().zip(mask).for_each(|(pixel, share)| tint(&mut pixel.0, COLOURS[5], 0.6 * share.clamp(0.0, 1.0)));
    tinted
}

fn tint(pixel: &mut [u8; 3], colour: [u8; 3], share: f32) {
    for (sample, tinted) in pixel.iter_mut().zip(colour) {
        *sample = (f32::from(*sample) * (1.0 - share) + f32::from(tinted) * share).round() as u8;
    }
}

/// The picture on a larger canvas, whose new pixels are chequered.
pub(super) fn on_canvas(picture: &RgbImage, sides: Sides) -> RgbImage {
    let (width, height) = sides.grown(picture.dimensions());
    // Squares that are still seen where a large picture is scaled down.
    let square = (width.max(height) / 32).max(1);
    let mut canvas = RgbImage::from_fn(width, height, |x, y| image::Rgb([if (x / square + y / square) % 2 == 0 { 102 } else { 153 }; 3]));
    imageops::replace(&mut canvas, picture, i64::from(sides.left), i64::from(sides.top));
    canvas
}

/// The picture with a result: the whole of it where the canvas has grown, else the region and some of what is round it.
pub(super) fn with_result(picture: &RgbImage, result: &EditResult) -> RgbImage {
    let part = self::picture(&result.pixels);
    if result.sides.is_none() {
        return around(picture, &part, result.edited.region);
    }
    let mut canvas = on_canvas(picture, result.sides);
    imageops::replace(&mut canvas, &part, result.edited.region.x as i64, result.edited.region.y as i64);
    canvas
}

/// The picture with a region replaced, cut to that region and some of what is round it.
fn around(picture: &RgbImage, part: &RgbImage, region: Region) -> RgbImage {
    let mut whole = picture.clone();
    imageops::replace(&mut whole, part, region.x as i64, region.y as i64);
    let margin = region.width.max(region.height) / 3;
    let (left, top) = (region.x.saturating_sub(margin), region.y.saturating_sub(margin));
    let right = (region.x + region.width + margin).min(whole.width() as usize);
    let bottom = (region.y + region.height + margin).min(whole.height() as usize);
    imageops::crop_imm(&whole, left as u32, top as u32, (right - left) as u32, (bottom - top) as u32).to_image()
}

/// Up to four pictures beside and below each other.
pub(super) fn sheet(pictures: &[RgbImage]) -> RgbImage {
    let Some(first) = pictures.first() else { return RgbImage::new(1, 1) };
    let (width, height) = first.dimensions();
    let (columns, rows) = if pictures.len() == 1 { (1, 1) } else { (2, pictures.len().min(4).div_ceil(2) as u32) };
    let mut sheet = RgbImage::new(width * columns, height * rows);
    for (i, picture) in pictures.iter().take(4).enumerate() {
        let at = (i as u32 % columns * width, i as u32 / columns * height);
        imageops::replace(&mut sheet, picture, i64::from(at.0), i64::from(at.1));
    }
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_fit_and_clicks_find_their_place() {
        for (size, expected) in [((720, 540), (360, 270)), ((100, 1000), (27, 270)), ((16, 16), (270, 270)), ((100_000, 10), (360, 1))] {
            assert_eq!(fitting(size), expected);
        }
        assert_eq!(place_of((180, 135), (720, 540)), Some((360, 270)));
        assert_eq!((place_of((-1, 0), (720, 540)), place_of((300, 0), (100, 1000))), (None, None));
    }

    #[test]
    fn items_are_tinted_and_the_background_is_not() {
        let labels = Labels { names: vec!["cup".into(), BACKGROUND.into()], numbers: vec![0, 1], ..Labels::default() };
        let tinted = with_items(&RgbImage::new(2, 1), &labels, Some("cup"));
        assert_eq!((tinted.get_pixel(0, 0).0, tinted.get_pixel(1, 0).0), ([138, 95, 0], [0, 0, 0]));
        assert_eq!(with_mask(&RgbImage::new(1, 1), &[f32::NAN]).get_pixel(0, 0).0, [0, 0, 0]);
    }

    #[test]
    fn what_is_round_a_result_is_seen_with_it() {
        let (picture, part) = (RgbImage::new(20, 10), RgbImage::from_pixel(6, 6, image::Rgb([9, 9, 9])));
        let seen = around(&picture, &part, Region { x: 0, y: 2, width: 6, height: 6 });
        assert_eq!((seen.dimensions(), seen.get_pixel(0, 2).0, seen.get_pixel(6, 2).0), ((8, 10), [9, 9, 9], [0, 0, 0]));
    }
}
