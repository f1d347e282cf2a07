//! JPEG and TIFF files of four inks.

use image::{DynamicImage, ImageFormat, RgbImage};
use tiff::decoder::DecodingResult;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::colour::from_cmyk;

/// A file of four inks as an sRGB picture, with a note on how; `None` for every other file.
pub(super) fn decoded(format: Option<ImageFormat>, bytes: &[u8], profile: Option<&[u8]>) -> Option<Result<(DynamicImage, String), String>> {
    let inks = match format {
        Some(ImageFormat::Jpeg) => jpeg(bytes)?,
        Some(ImageFormat::Tiff) => tiff(bytes)?,
        _ => return None,
    };
    Some(inks.and_then(|([width, height], inks)| {
        let (colours, by_profile) = from_cmyk(&inks, profile);
        let picture = RgbImage::from_raw(width, height, colours).ok_or("it is cut off")?;
        let how = if by_profile { "by its colour profile" } else { "without a colour profile that could be used" };
        Ok((DynamicImage::ImageRgb8(picture), format!("the picture is of inks (CMYK) and was converted to sRGB {how}")))
    }))
}

/// Width, height and inks, 0 for none and 255 for all.
type Inks = Result<([u32; 2], Vec<u8>), String>;

/// The inks of a TIFF file; those of sixteen bits in eight, as they are converted.
fn tiff(bytes: &[u8]) -> Option<Inks> {
    let mut decoder = tiff::decoder::Decoder::new(std::io::Cursor::new(bytes)).ok()?;
    if !matches!(decoder.colortype().ok()?, tiff::ColorType::CMYK(8 | 16)) {
        return None;
    }
    let (width, height) = decoder.dimensions().ok()?;
    Some(match decoder.read_image() {
        Ok(DecodingResult::U8(inks)) => Ok(([width, height], inks)),
        Ok(DecodingResult::U16(inks)) => Ok(([width, height], inks.into_iter().map(|ink| (ink >> 8) as u8).collect())),
        Ok(_) => Err("its inks are no whole numbers".to_owned()),
        Err(error) => Err(error.to_string()),
    })
}

fn jpeg(bytes: &[u8]) -> Option<Inks> {
    let options = DecoderOptions::default().set_strict_mode(false).set_max_width(usize::MAX).set_max_height(usize::MAX);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().ok()?;
    let space = decoder.input_colorspace()?;
    if !matches!(space, ColorSpace::CMYK | ColorSpace::YCCK) {
        return None;
    }
    let (width, height) = decoder.dimensions()?;
    decoder.set_options(options.jpeg_set_out_colorspace(space));
    Some(decoder.decode().map_err(|error| error.to_string()).map(|mut inks| {
        if space == ColorSpace::YCCK {
            inks.chunks_exact_mut(4).for_each(to_cmy);
        }
        // Adobe's programs write how much light is left, not how much ink there is.
        if has_adobe_segment(bytes) {
            for ink in &mut inks {
                *ink = 255 - *ink;
            }
        }
        ([width as u32, height as u32], inks)
    }))
}

/// Y, Cb and Cr become three inks, as they are stored (ITU-T T.872, section 6.3).
fn to_cmy(pixel: &mut [u8]) {
    let [y, cb, cr] = [0, 1, 2].map(|channel| f32::from(pixel[channel]));
    let (cb, cr) = (cb - 128.0, cr - 128.0);
    let colours = [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb];
    for (ink, colour) in pixel.iter_mut().zip(colours) {
        *ink = colour.round().clamp(0.0, 255.0) as u8;
    }
}

/// Whether a segment of Adobe's, `APP14`, stands before the picture's data.
fn has_adobe_segment(bytes: &[u8]) -> bool {
    let mut at = 2;
    while let Some([0xff, marker, high, low]) = bytes.get(at..at + 4) {
        if *marker == 0xda {
            return false;
        }
        if *marker == 0xee && bytes.get(at + 4..at + 9) == Some(b"Adobe") {
            return true;
        }
        at += 2 + usize::from(u16::from_be_bytes([*high, *low]));
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_segment_of_adobe_is_found_and_nothing_beyond_the_file_is_read() {
        let app14 = [0xff, 0xee, 0, 7, b'A', b'd', b'o', b'b', b'e'];
        let other = [0xff, 0xe1, 0, 4, 1, 2];
        let join = |parts: &[&[u8]]| [&[0xff, 0xd8][..]].into_iter().chain(parts.iter().copied()).collect::<Vec<_>>().concat();
        for (bytes, found) in [
            (join(&[&app14]), true),
            (join(&[&other, &app14]), true),
            (join(&[&other, &[0xff, 0xda, 0, 2], &app14]), false),
            (join(&[&[0xff, 0xe1, 0xff, 0xff]]), false),
            (Vec::new(), false),
        ] {
            assert_eq!(has_adobe_segment(&bytes), found, "{bytes:?}");
        }
    }

    #[test]
    fn luma_and_chroma_become_inks() {
        for (pixel, inks) in
            [([128, 128, 128, 9], [128, 128, 128, 9]), ([76, 85, 255, 0], [254, 0, 0, 0]), ([255, 128, 128, 1], [255, 255, 255, 1])]
        {
            let mut found = pixel;
            to_cmy(&mut found);
            assert!(found.iter().zip(inks).all(|(found, ink)| found.abs_diff(ink) <= 1), "{pixel:?} {found:?}");
        }
    }
}
