//! PNG files that say how they were made.

use dedit_diffusion::{Error, ErrorKind, Result};
use image::RgbImage;
use png::{BitDepth, ColorType, Encoder, EncodingError};

/// A PNG file with texts in it, each under a name.
pub(crate) fn encode(picture: &RgbImage, texts: &[(&str, String)]) -> Result<Vec<u8>> {
    write(picture, texts).map_err(|error| Error::new(ErrorKind::Internal, format!("a PNG file cannot be put together ({error})")))
}

fn write(picture: &RgbImage, texts: &[(&str, String)]) -> std::result::Result<Vec<u8>, EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, picture.width(), picture.height());
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    for (name, text) in texts {
        // The older kind of chunk, which every program reads, holds Latin-1 only.
        if text.chars().all(|letter| letter <= '\u{ff}' && letter != '\0') {
            encoder.add_text_chunk((*name).to_owned(), text.clone())?;
        } else {
            encoder.add_itxt_chunk((*name).to_owned(), text.clone())?;
        }
    }
    let mut writer = encoder.write_header()?;
    writer.write_image_data(picture.as_raw())?;
    writer.finish()?;
    Ok(bytes)
}
