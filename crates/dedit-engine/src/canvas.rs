//! Between the pixels of a picture and those the model works on.
//!
//! Spaces: *image* pixels are the picture's own; *canvas* pixels are what the autoencoder sees, of the size the model was trained on and of sides that are
//! multiples of its unit; *latent* cells are canvas pixels over that unit.

use candle_core::{DType, Device, Tensor};
use dedit_diffusion::pipeline::Pipeline;
use dedit_diffusion::{Error, ErrorKind, Result};
use dedit_edit::{Image, Planes, Rect, Size};
use image::imageops::{FilterType, resize};
use image::{ImageBuffer, Luma};

use crate::error::from_edit;

/// A rectangle of a picture, and the size it has for the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Canvas {
    /// In image pixels.
    pub(crate) rect: Rect,
    /// In canvas pixels.
    pub(crate) size: Size,
    unit: usize,
}

impl Canvas {
    /// The whole picture, at the area the model was trained on and in its own aspect.
    pub(crate) fn whole(picture: Size, pipeline: &Pipeline) -> Result<Self> {
        Self::of(picture.rect(), pipeline)
    }

    /// The region with half its size of surroundings on every side, and as many more as the model has room for without enlarging anything.
    pub(crate) fn around(region: Rect, picture: Size, pipeline: &Pipeline) -> Result<Self> {
        let margin = region.width.max(region.height) / 2 + 1;
        let grown = region.grown(margin, picture);
        let native = pipeline.native_side();
        let (x, width) = widened(grown.x, grown.width, native, picture.width());
        let (y, height) = widened(grown.y, grown.height, native, picture.height());
        Self::of(Rect { x, y, width, height }, pipeline)
    }

    fn of(rect: Rect, pipeline: &Pipeline) -> Result<Self> {
        let (unit, native) = (pipeline.pixels_per_latent(), pipeline.native_side());
        let scale = native as f64 / (rect.width as f64 * rect.height as f64).sqrt();
        // Beyond a ratio of 1 : 8 a picture is squeezed: the model knows nothing like it anyway, and fewer cells than this hold nothing.
        let (least, most) = ((native / 4).max(unit), native * 2);
        let side = |pixels: usize| {
            let wanted = (pixels as f64 * scale).clamp(least as f64, most as f64);
            ((wanted / unit as f64).round() as usize).max(1) * unit
        };
        Ok(Self { rect, size: Size::new(side(rect.width), side(rect.height)).map_err(from_edit)?, unit })
    }

    /// Width and height in latent cells.
    pub(crate) fn latent_size(&self) -> Result<Size> {
        Size::new(self.size.width() / self.unit, self.size.height() / self.unit).map_err(from_edit)
    }

    /// `[batch, channels, height, width]` of latents on this canvas.
    pub(crate) fn latent_shape(&self, batch: usize, channels: usize) -> [usize; 4] {
        [batch, channels, self.size.height() / self.unit, self.size.width() / self.unit]
    }

    /// The part of the picture as the autoencoder takes it: `[1, 3, height, width]`, values in -1..=1. Float values beyond 0..=1 are cut off.
    ///
    /// # Errors
    /// `Input` where a value there is not finite.
    pub(crate) fn tensor(&self, picture: &Image) -> Result<Tensor> {
        self.tensor_of(&picture.crop(self.rect).and_then(|part| part.planes()).map_err(from_edit)?)
    }

    /// [`tensor`](Self::tensor) of planes that have the size of the rectangle.
    pub(crate) fn tensor_of(&self, part: &Planes) -> Result<Tensor> {
        let colours = part.clone().with_colours(3);
        let mut values = Vec::with_capacity(3 * self.size.pixels());
        for plane in colours.colour() {
            // Before it is resized, or what is far beyond white would spread.
            let cut: Vec<f32> = plane.iter().map(|value| value.clamp(0.0, 1.0)).collect();
            values.extend(resized(&cut, part.size(), self.size)?.into_iter().map(|value| value.clamp(0.0, 1.0) * 2.0 - 1.0));
        }
        Ok(Tensor::from_vec(values, (1, 3, self.size.height(), self.size.width()), &Device::Cpu)?)
    }

    /// What the autoencoder gave, `[1, 3, height, width]` nominally in -1..=1, as planes of the size of the rectangle, 0..=1.
    pub(crate) fn planes(&self, generated: &Tensor) -> Result<Planes> {
        let unit = ((generated.to_device(&Device::Cpu)?.to_dtype(DType::F32)? + 1.0)? * 0.5)?.clamp(0.0, 1.0)?;
        let size = Size::new(self.rect.width, self.rect.height).map_err(from_edit)?;
        let plane = |channel: usize| {
            let values: Vec<f32> = unit.narrow(1, channel, 1)?.flatten_all()?.to_vec1()?;
            resized(&values, self.size, size)
        };
        Planes::new(size, (0..3).map(plane).collect::<Result<_>>()?, None).map_err(from_edit)
    }
}

/// A span widened about its middle to at least `least`, within `0..limit`.
fn widened(start: usize, length: usize, least: usize, limit: usize) -> (usize, usize) {
    let wanted = length.max(least.min(limit));
    let begun = start.saturating_sub((wanted - length) / 2).min(limit - wanted);
    (begun, wanted)
}

/// A plane in another size: exact where the size is the same, Lanczos where it shrinks, Catmull-Rom where it grows; both keep edges.
fn resized(plane: &[f32], from: Size, to: Size) -> Result<Vec<f32>> {
    if from == to {
        return Ok(plane.to_vec());
    }
    let filter = if to.pixels() < from.pixels() { FilterType::Lanczos3 } else { FilterType::CatmullRom };
    let buffer = ImageBuffer::<Luma<f32>, _>::from_raw(from.width() as u32, from.height() as u32, plane.to_vec());
    let Some(buffer) = buffer else {
        return Err(Error::new(ErrorKind::Internal, format!("a plane of {} values is not {from}", plane.len())));
    };
    Ok(resize(&buffer, to.width() as u32, to.height() as u32, filter).into_raw())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_grow_about_their_middle_and_stay_within() {
        for ((start, length, least, limit), expected) in [
            ((40, 20, 60, 200), (20, 60)),
            ((5, 20, 60, 200), (0, 60)),
            ((180, 20, 60, 200), (140, 60)),
            ((10, 100, 60, 200), (10, 100)),
            ((10, 20, 600, 200), (0, 200)),
            ((0, 1, 1, 1), (0, 1)),
        ] {
            assert_eq!(widened(start, length, least, limit), expected);
        }
    }
}
