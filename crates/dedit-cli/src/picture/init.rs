//! The initial picture of image-to-image diffusion, cropped and scaled to the size asked for.

use std::path::Path;

use candle_core::Tensor;
use image::{DynamicImage, Rgb32FImage, imageops::FilterType};

use super::read::decoded;
use crate::arguments::Size;
use crate::error::{Error, ErrorKind, Result};

/// A picture as it was read, turned as its EXIF data says.
pub(crate) struct Source(DynamicImage);

impl Source {
    /// Reads a picture; transparent parts show white behind them.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let picture = decoded(path, None)?.picture;
        let flat = DynamicImage::ImageRgb32F(on_white(&picture));
        if flat.as_flat_samples_f32().is_some_and(|samples| samples.as_slice().iter().any(|value| !value.is_finite())) {
            return Err(Error::new(ErrorKind::Input, "this picture has pixels that are not numbers")
                .at(path)
                .hint("repair it in an editor"));
        }
        Ok(Self(flat))
    }

    /// The size of the picture rounded down to multiples of `unit`.
    pub(crate) fn size(&self, unit: usize) -> Size {
        let down = |side: u32| side as usize / unit * unit;
        Size { width: down(self.0.width()), height: down(self.0.height()) }
    }

    /// `[1, 3, height, width]` in 0..=1: the middle of the picture with the aspect asked for, scaled to the size asked for. At most a few pixels at the
    /// edges are lost where that is [`Self::size`], and nothing is scaled.
    pub(crate) fn fit(&self, size: Size) -> Result<Tensor> {
        let (width, height) = (size.width as u32, size.height as u32);
        let fitted = if self.0.width().abs_diff(width).max(self.0.height().abs_diff(height)) < 8
            && self.0.width() >= width
            && self.0.height() >= height
        {
            self.0.crop_imm((self.0.width() - width) / 2, (self.0.height() - height) / 2, width, height)
        } else {
            self.0.resize_to_fill(width, height, FilterType::Lanczos3)
        };
        let values = fitted.into_rgb32f().into_raw().into_iter().map(|value| value.clamp(0.0, 1.0)).collect();
        channels_first(values, size.width, size.height)
    }
}

fn on_white(picture: &DynamicImage) -> Rgb32FImage {
    if !picture.color().has_alpha() {
        return picture.to_rgb32f();
    }
    let layered = picture.to_rgba32f();
    let mut flat = Rgb32FImage::new(layered.width(), layered.height());
    for (to, from) in flat.pixels_mut().zip(layered.pixels()) {
        let [red, green, blue, alpha] = from.0;
        to.0 = [red, green, blue].map(|value| value * alpha + 1.0 - alpha);
    }
    flat
}

/// Rows of pixels of three values each, as `[1, 3, height, width]`.
fn channels_first(values: Vec<f32>, width: usize, height: usize) -> Result<Tensor> {
    let tensor = Tensor::from_vec(values, (1, height, width, 3), &candle_core::Device::Cpu);
    let planes = tensor.and_then(|tensor| tensor.permute((0, 3, 1, 2))?.contiguous());
    Ok(planes.map_err(dedit_diffusion::Error::from)?)
}
