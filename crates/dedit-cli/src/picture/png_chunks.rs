//! What PNG files say in chunks that the decoder of pictures passes over.

use std::io::Cursor;

use png::{Info, PixelDimensions, ScaledFloat, SourceChromaticities};

use super::metadata::{PngColour, Resolution, Unit};

/// The keyword of an XMP packet.
pub(super) const XMP: &str = "XML:com.adobe.xmp";

/// What chunks say that the decoder of pictures passes over.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    pub(super) texts: Vec<(String, String)>,
    pub(super) xmp: Option<String>,
    pub(super) resolution: Option<Resolution>,
    pub(super) colour: PngColour,
}

/// Reads the chunks before the pixels. What is damaged is left out: the pixels are read by another decoder, which says what is wrong.
pub(super) fn chunks(bytes: &[u8]) -> Chunks {
    let Ok(reader) = png::Decoder::new(Cursor::new(bytes)).read_info() else { return Chunks::default() };
    let info = reader.info();
    let mut chunks = Chunks { resolution: resolution(info), colour: colour(info), ..Chunks::default() };
    let texts = info.uncompressed_latin1_text.iter().map(|chunk| (chunk.keyword.clone(), Ok(chunk.text.clone())));
    let compressed = info.compressed_latin1_text.iter().map(|chunk| (chunk.keyword.clone(), chunk.get_text()));
    let international = info.utf8_text.iter().map(|chunk| (chunk.keyword.clone(), chunk.get_text()));
    for (keyword, text) in texts.chain(compressed).chain(international) {
        match text {
            Ok(text) if keyword == XMP => chunks.xmp = Some(text),
            Ok(text) => chunks.texts.push((keyword, text)),
            Err(_) => {}
        }
    }
    chunks
}

fn resolution(info: &Info<'_>) -> Option<Resolution> {
    let PixelDimensions { xppu, yppu, unit } = info.pixel_dims?;
    let unit = if unit == png::Unit::Meter { Unit::Metre } else { Unit::None };
    Some(Resolution { density: [f64::from(xppu), f64::from(yppu)], unit })
}

fn colour(info: &Info<'_>) -> PngColour {
    let points = |found: SourceChromaticities| {
        let SourceChromaticities { white, red, green, blue } = found;
        [white.0, white.1, red.0, red.1, green.0, green.1, blue.0, blue.1].map(ScaledFloat::into_scaled)
    };
    let code_points = info.coding_independent_code_points.map(|found| {
        [found.color_primaries, found.transfer_function, found.matrix_coefficients, u8::from(found.is_video_full_range_image)]
    });
    PngColour {
        gamma: info.gama_chunk.map(ScaledFloat::into_scaled),
        chromaticities: info.chrm_chunk.map(points),
        srgb: info.srgb.map(|intent| intent as u8),
        code_points,
    }
}
