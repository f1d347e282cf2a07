//! OpenEXR files: floats that are proportional to light, with the primaries that their header names.

use std::io::Cursor;

use dedit_edit::{Channels, Image, Samples};
use exr::image::write::WritableImage as _;
use exr::image::{Encoding, Image as File, SpecificChannels};
use exr::math::Vec2;
use exr::meta::attribute::Chromaticities;

use super::colour;
use super::faults::broken;
use super::photo::Photo;
use crate::error::{Error, ErrorKind, Result};

/// An OpenEXR file of a float picture.
///
/// # Errors
/// `Input` for grey pictures, and where the picture's samples are not proportional to light.
pub(super) fn encode(picture: &Image, photo: &Photo) -> Result<Vec<u8>> {
    let Samples::F32(samples) = picture.samples() else {
        return Err(Error::new(ErrorKind::Internal, "OpenEXR holds floats"));
    };
    if !colour::is_linear(photo.profile.as_deref(), &photo.metadata) {
        let error = Error::new(ErrorKind::Input, "OpenEXR holds light-linear samples, and those of this picture are not");
        return Err(error.hint("give a name that ends in .tif"));
    }
    let size = (picture.size().width(), picture.size().height());
    let pixel = |at: Vec2<usize>, count: usize| &samples[at.flat_index_for_size(Vec2(size.0, size.1)) * count..][..count];
    let mut file = Cursor::new(Vec::new());
    let written = match picture.channels() {
        Channels::Rgb => {
            let channels = SpecificChannels::rgb(|at| (pixel(at, 3)[0], pixel(at, 3)[1], pixel(at, 3)[2]));
            let mut image = File::from_encoded_channels(size, Encoding::SMALL_LOSSLESS, channels);
            image.attributes.chromaticities = photo.metadata.primaries.map(chromaticities);
            image.write().to_buffered(&mut file)
        }
        Channels::Rgba => {
            let channels = SpecificChannels::rgba(|at| (pixel(at, 4)[0], pixel(at, 4)[1], pixel(at, 4)[2], pixel(at, 4)[3]));
            let mut image = File::from_encoded_channels(size, Encoding::SMALL_LOSSLESS, channels);
            image.attributes.chromaticities = photo.metadata.primaries.map(chromaticities);
            image.write().to_buffered(&mut file)
        }
        Channels::Grey | Channels::GreyAlpha => {
            let error = Error::new(ErrorKind::Input, "grey pictures are not written as OpenEXR");
            return Err(error.hint("give a name that ends in .tif, or convert the picture to RGB"));
        }
    };
    written.map_err(|error| broken("OpenEXR", &error))?;
    Ok(file.into_inner())
}

fn chromaticities([rx, ry, gx, gy, bx, by, wx, wy]: [f32; 8]) -> Chromaticities {
    Chromaticities { red: Vec2(rx, ry), green: Vec2(gx, gy), blue: Vec2(bx, by), white: Vec2(wx, wy) }
}
