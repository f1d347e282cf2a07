//! Files with several frames or pages: which one is taken.

use std::io::Cursor;

use image::codecs::gif::GifDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::{AnimationDecoder, DynamicImage, Frames, ImageFormat};

use super::faults::unreadable;
use crate::error::{Error, ErrorKind, Result};

/// What there is several of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Frames,
    Pages,
}

/// Makes page `page` (from 1) the first one of a TIFF file, and gives a note where a file has several and none was chosen.
///
/// # Errors
/// `Input` where there is no such page.
pub(super) fn choose(format: ImageFormat, bytes: &mut [u8], page: Option<usize>) -> Result<Option<String>> {
    let (kind, several) = match format {
        ImageFormat::Tiff => (Kind::Pages, tiff_pages(bytes, page)?),
        ImageFormat::Gif | ImageFormat::Png | ImageFormat::WebP => (Kind::Frames, has_frames(format, bytes)),
        _ => (Kind::Pages, false),
    };
    let (one, many) = if kind == Kind::Frames { ("frame", "frames") } else { ("page", "pages") };
    match (page, several) {
        (None, true) => Ok(Some(format!("the file has several {many}: the first one is taken; --page N takes another"))),
        (Some(page), false) if page != 1 => Err(no_page(page, one)),
        _ => Ok(None),
    }
}

fn no_page(page: usize, one: &str) -> Error {
    Error::new(ErrorKind::Input, format!("there is no {one} {page} in this file")).hint("leave --page out for the first one")
}

/// The chosen frame of an animation, as it is shown: laid over the frames before it. `None` where the file's own picture is meant.
pub(super) fn frame(format: Option<ImageFormat>, bytes: &[u8], page: Option<usize>) -> Result<Option<DynamicImage>> {
    let Some(page) = page.filter(|page| *page != 1) else { return Ok(None) };
    let damaged = |error: image::ImageError| unreadable(&error, "the file may be damaged; export it again");
    let Some(frames) = format.and_then(|format| frames(format, bytes)) else { return Ok(None) };
    match frames.map_err(damaged)?.nth(page.saturating_sub(1)) {
        Some(frame) => Ok(Some(DynamicImage::ImageRgba8(frame.map_err(damaged)?.into_buffer()))),
        None => Err(no_page(page, "frame")),
    }
}

fn has_frames(format: ImageFormat, bytes: &[u8]) -> bool {
    frames(format, bytes).and_then(std::result::Result::ok).is_some_and(|frames| frames.take(2).count() == 2)
}

/// The frames of an animation; `None` for what is none.
fn frames(format: ImageFormat, bytes: &[u8]) -> Option<image::ImageResult<Frames<'_>>> {
    let data = Cursor::new(bytes);
    Some(match format {
        ImageFormat::Gif => GifDecoder::new(data).map(AnimationDecoder::into_frames),
        ImageFormat::WebP => match WebPDecoder::new(data) {
            Ok(decoder) if !decoder.has_animation() => return None,
            decoder => decoder.map(AnimationDecoder::into_frames),
        },
        ImageFormat::Png => match PngDecoder::new(data) {
            Ok(decoder) if !decoder.is_apng().unwrap_or(false) => return None,
            decoder => decoder.and_then(PngDecoder::apng).map(AnimationDecoder::into_frames),
        },
        _ => return None,
    })
}

/// Whether a TIFF file has several pages; the chosen one is made the first, by the offset in the header.
fn tiff_pages(bytes: &mut [u8], page: Option<usize>) -> Result<bool> {
    let Ok(mut decoder) = tiff::decoder::Decoder::new(Cursor::new(&*bytes)) else { return Ok(false) };
    let several = decoder.more_images();
    let Some(page) = page.filter(|page| *page != 1) else { return Ok(several) };
    decoder.seek_to_image(page.saturating_sub(1)).map_err(|_| no_page(page, "page"))?;
    let Some(offset) = decoder.ifd_pointer().map(|pointer| pointer.0) else { return Err(no_page(page, "page")) };
    let (is_little, is_big_tiff) = (bytes.starts_with(b"II"), bytes.get(2..4).is_some_and(|version| version.contains(&43)));
    let (at, length) = if is_big_tiff { (8, 8) } else { (4, 4) };
    let number = if is_little { offset.to_le_bytes()[..length].to_vec() } else { offset.to_be_bytes()[8 - length..].to_vec() };
    if let Some(place) = bytes.get_mut(at..at + length) {
        place.copy_from_slice(&number);
    }
    Ok(several)
}
