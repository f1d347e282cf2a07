//! Thumbnails of revisions.

use dedit_edit::{Error, ErrorKind, Image, Result, Samples};
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder as _};

/// The longest side of a thumbnail, in pixels.
const LONGEST: usize = 256;
/// Most pixels per side that are averaged to one.
const AVERAGED: usize = 2;

/// A thumbnail as a PNG file: 8-bit RGB.
pub(super) fn thumbnail(picture: &Image) -> Result<Vec<u8>> {
    let (width, height, rgb) = match picture.samples() {
        Samples::U8(samples) => smaller(picture, samples, |sample| sample),
        Samples::U16(samples) => smaller(picture, samples, |sample| (sample >> 8) as u8),
        Samples::F32(samples) => smaller(picture, samples, |sample| (sample.clamp(0.0, 1.0) * 255.0).round() as u8),
    };
    let mut bytes = Vec::new();
    // The client waits for it, so speed matters more than size.
    let encoder = PngEncoder::new_with_quality(&mut bytes, CompressionType::Fast, FilterType::Sub);
    let written = encoder.write_image(&rgb, width as u32, height as u32, ExtendedColorType::Rgb8);
    written.map_err(|error| Error::new(ErrorKind::Internal, format!("a small picture makes no PNG ({error})")))?;
    Ok(bytes)
}

/// Width, height and samples of a smaller picture: each pixel is the average of some evenly spread ones.
fn smaller<T: Copy>(picture: &Image, samples: &[T], value: impl Fn(T) -> u8) -> (usize, usize, Vec<u8>) {
    let (from, count, colours) = (picture.size(), picture.channels().count(), picture.channels().colours());
    let longest = from.width().max(from.height());
    let side = |side: usize| if longest <= LONGEST { side } else { (side * LONGEST / longest).max(1) };
    let (width, height) = (side(from.width()), side(from.height()));
    // The columns or rows that are sampled, `each` of them per pixel.
    let places = |to: usize, from: usize| {
        let each = from.div_ceil(to).min(AVERAGED);
        let places: Vec<usize> = (0..to * each).map(|index| (2 * index + 1) * from / (2 * to * each)).collect();
        (each, places)
    };
    let ((across, columns), (down, rows)) = (places(width, from.width()), places(height, from.height()));
    let mut rgb = Vec::with_capacity(width * height * 3);
    for rows in rows.chunks_exact(down) {
        for columns in columns.chunks_exact(across) {
            let mut sums = [0_usize; 3];
            for start in rows.iter().flat_map(|row| columns.iter().map(move |column| (row * from.width() + column) * count)) {
                for (channel, sum) in sums.iter_mut().enumerate() {
                    *sum += usize::from(value(samples[start + channel.min(colours - 1)]));
                }
            }
            rgb.extend(sums.map(|sum| (sum / (down * across)) as u8));
        }
    }
    (width, height, rgb)
}

#[cfg(test)]
mod tests {
    use dedit_edit::{Channels, Size};

    use super::*;

    fn shown(bytes: &[u8]) -> image::RgbImage {
        image::load_from_memory(bytes).unwrap().to_rgb8()
    }

    #[test]
    fn large_pictures_become_small_and_small_ones_stay() {
        for (width, height, expected) in
            [(1, 1, (1, 1)), (256, 3, (256, 3)), (512, 2, (256, 1)), (1000, 500, (256, 128)), (1, 3000, (1, 256))]
        {
            let size = Size::new(width, height).unwrap();
            let samples: Vec<u16> = (0..size.pixels()).map(|index| if index % width < width / 2 { 0 } else { 65535 }).collect();
            let picture = Image::new(size, Channels::Grey, Samples::U16(samples)).unwrap();
            let small = shown(&thumbnail(&picture).unwrap());
            assert_eq!(small.dimensions(), expected);
            let (left, right) = (small.get_pixel(0, 0).0, small.get_pixel(expected.0 - 1, 0).0);
            assert_eq!((left, right), (if width > 1 { [0; 3] } else { [255; 3] }, [255; 3]), "{width}");
        }
    }

    #[test]
    fn alpha_is_left_out_and_floats_are_clipped() {
        let samples = Samples::F32(vec![-1.0, 0.5, 7.0, 0.0]);
        let picture = Image::new(Size::new(1, 1).unwrap(), Channels::Rgba, samples).unwrap();
        assert_eq!(shown(&thumbnail(&picture).unwrap()).get_pixel(0, 0).0, [0, 128, 255]);
    }
}
