//! The initial picture of image-to-image diffusion, cropped and scaled to the size asked for.

use std::path::Path;

use candle_core::Tensor;
use dedit_edit::{Image, Samples};
use image::{DynamicImage, Rgb32FImage, imageops::FilterType};

use super::photo::Photo;
use crate::arguments::Size;
use crate::error::{Error, ErrorKind, Result};

/// A picture in sRGB, turned as its EXIF data says.
pub(crate) struct Source {
    picture: DynamicImage,
    /// What the user should know of how it was read.
    pub(crate) notes: Vec<String>,
}

impl Source {
    /// Reads a picture; transparent parts show white behind them.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let Photo { image, profile, notes, .. } = Photo::read(path, None)?;
        if let Samples::F32(samples) = image.samples()
            && samples.iter().any(|value| !value.is_finite())
        {
            let error = Error::new(ErrorKind::Input, "this picture has pixels that are not numbers");
            return Err(error.at(path).hint("repair it in an editor"));
        }
        let shown = dedit_session::shown_in_srgb(&image, profile.as_deref()).map_err(|error| error.at(path))?;
        Ok(Self { picture: DynamicImage::ImageRgb32F(on_white(&shown)?), notes })
    }

    /// The size of the picture rounded down to multiples of `unit`.
    pub(crate) fn size(&self, unit: usize) -> Size {
        let down = |side: u32| side as usize / unit * unit;
        Size { width: down(self.picture.width()), height: down(self.picture.height()) }
    }

    /// `[1, 3, height, width]` in 0..=1: the middle of the picture with the aspect asked for, scaled to the size asked for. At most a few pixels at the
    /// edges are lost where that is [`Self::size`], and nothing is scaled.
    pub(crate) fn fit(&self, size: Size) -> Result<Tensor> {
        let (width, height) = (size.width as u32, size.height as u32);
        let fitted = if self.picture.width().abs_diff(width).max(self.picture.height().abs_diff(height)) < 8
            && self.picture.width() >= width
            && self.picture.height() >= height
        {
            self.picture.crop_imm((self.picture.width() - width) / 2, (self.picture.height() - height) / 2, width, height)
        } else {
            self.picture.resize_to_fill(width, height, FilterType::Lanczos3)
        };
        let values = fitted.into_rgb32f().into_raw().into_iter().map(|value| value.clamp(0.0, 1.0)).collect();
        channels_first(values, size.width, size.height)
    }
}

fn on_white(picture: &Image) -> Result<Rgb32FImage> {
    let planes = picture.planes()?;
    let (colours, alpha) = (planes.colour(), planes.alpha());
    let mut flat = Rgb32FImage::new(picture.size().width() as u32, picture.size().height() as u32);
    for (index, pixel) in flat.pixels_mut().enumerate() {
        let alpha = alpha.map_or(1.0, |alpha| alpha[index]);
        // A grey one has one plane for all three.
        pixel.0 = [0, 1, 2].map(|channel| colours[channel.min(colours.len() - 1)][index] * alpha + 1.0 - alpha);
    }
    Ok(flat)
}

/// Rows of pixels of three values each, as `[1, 3, height, width]`.
fn channels_first(values: Vec<f32>, width: usize, height: usize) -> Result<Tensor> {
    let tensor = Tensor::from_vec(values, (1, height, width, 3), &candle_core::Device::Cpu);
    let planes = tensor.and_then(|tensor| tensor.permute((0, 3, 1, 2))?.contiguous());
    Ok(planes.map_err(dedit_diffusion::Error::from)?)
}
