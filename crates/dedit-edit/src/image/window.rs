//! Parts of pictures whose every value is finite.

use crate::error::Result;
use crate::geometry::Rect;
use crate::image::{Image, Planes, Samples};

/// A rectangle of a picture, as planes.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// Its colours; 0 where a sample is NaN or infinite. No alpha.
    pub planes: Planes,
    /// Its alpha, where the picture has it.
    pub alpha: Option<Vec<f32>>,
    /// Whether every sample of a pixel is finite.
    pub finite: Vec<bool>,
}

impl Window {
    /// Reads a rectangle of a picture, with one or three `colours`.
    ///
    /// # Errors
    /// `Usage` where the rectangle reaches beyond the picture.
    pub fn read(picture: &Image, rect: Rect, colours: usize) -> Result<Self> {
        let part = picture.crop(rect)?;
        let count = part.channels().count();
        let (part, finite) = match part.samples() {
            Samples::F32(samples) if samples.iter().any(|sample| !sample.is_finite()) => {
                let finite = samples.chunks_exact(count).map(|pixel| pixel.iter().all(|sample| sample.is_finite())).collect();
                let samples = samples.iter().map(|sample| if sample.is_finite() { *sample } else { 0.0 }).collect();
                (Image::new(part.size(), part.channels(), Samples::F32(samples))?, finite)
            }
            _ => {
                let finite = vec![true; part.size().pixels()];
                (part, finite)
            }
        };
        let planes = part.planes()?;
        let alpha = planes.alpha().map(<[f32]>::to_vec);
        let planes = Planes::new(planes.size(), planes.colour().to_vec(), None)?.with_colours(colours);
        Ok(Self { planes, alpha, finite })
    }

    /// Whether anything of a pixel is visible.
    pub fn is_visible(&self, index: usize) -> bool {
        self.alpha.as_ref().is_none_or(|alpha| alpha[index] > 0.0)
    }
}
