//! Pictures as hosts hand them over: 8-bit, 16-bit or float samples; grey or RGB; with or without alpha.

mod planes;
mod window;

pub use planes::{Planes, luma};
pub use window::Window;

use crate::error::{Error, Result};
use crate::geometry::{Rect, Size};
use crate::grid::cut;

/// Which samples a pixel has, in this order. Alpha is straight (not multiplied into the colour).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channels {
    /// One grey sample.
    Grey,
    /// Grey, alpha.
    GreyAlpha,
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue, alpha.
    Rgba,
}

impl Channels {
    /// Samples per pixel.
    pub fn count(self) -> usize {
        self.colours() + usize::from(self.has_alpha())
    }

    /// Colour samples per pixel: 1 or 3.
    pub fn colours(self) -> usize {
        match self {
            Self::Grey | Self::GreyAlpha => 1,
            Self::Rgb | Self::Rgba => 3,
        }
    }

    /// Whether the last sample is alpha.
    pub fn has_alpha(self) -> bool {
        matches!(self, Self::GreyAlpha | Self::Rgba)
    }

    fn name(self, channel: usize) -> &'static str {
        match (self, channel) {
            (Self::Grey | Self::GreyAlpha, 0) => "grey",
            (Self::Rgb | Self::Rgba, 0) => "red",
            (Self::Rgb | Self::Rgba, 1) => "green",
            (Self::Rgb | Self::Rgba, 2) => "blue",
            _ => "alpha",
        }
    }
}

/// The samples of a picture: row by row, pixel by pixel, the channels of a pixel side by side.
#[derive(Debug, Clone, PartialEq)]
pub enum Samples {
    /// 0 … 255.
    U8(Vec<u8>),
    /// 0 … 65535.
    U16(Vec<u16>),
    /// Nominally 0 … 1; scene-referred pictures go beyond.
    F32(Vec<f32>),
}

/// The type of a picture's samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// 8 bits.
    U8,
    /// 16 bits.
    U16,
    /// 32-bit float.
    F32,
}

impl Depth {
    /// The largest integer sample; `None` for floats.
    fn levels(self) -> Option<f32> {
        match self {
            Self::U8 => Some(255.0),
            Self::U16 => Some(65535.0),
            Self::F32 => None,
        }
    }

    /// The value next to one of 0 … 1 that a sample can have.
    pub(crate) fn nearest(self, value: f32) -> f32 {
        self.levels().map_or(value, |levels| (value * levels).round() / levels)
    }

    /// The least value, from one of 0 … 1 on, that a sample can have.
    pub(crate) fn raised(self, value: f32) -> f32 {
        // Values that are those of samples but for rounding stay.
        self.levels().map_or(value, |levels| ((value * levels - 1e-3).ceil() / levels).max(0.0))
    }
}

impl Samples {
    /// How many there are.
    #[expect(clippy::len_without_is_empty, reason = "no picture is without samples")]
    pub fn len(&self) -> usize {
        match self {
            Self::U8(samples) => samples.len(),
            Self::U16(samples) => samples.len(),
            Self::F32(samples) => samples.len(),
        }
    }
}

/// A sample type of pictures, with its mapping to 0 … 1.
pub(crate) trait Sample: Copy {
    fn to_unit(self) -> f32;
    fn from_unit(value: f32) -> Self;
}

impl Sample for u8 {
    fn to_unit(self) -> f32 {
        f32::from(self) / 255.0
    }

    fn from_unit(value: f32) -> Self {
        (value.clamp(0.0, 1.0) * 255.0).round() as Self
    }
}

impl Sample for u16 {
    fn to_unit(self) -> f32 {
        f32::from(self) / 65535.0
    }

    fn from_unit(value: f32) -> Self {
        (value.clamp(0.0, 1.0) * 65535.0).round() as Self
    }
}

impl Sample for f32 {
    fn to_unit(self) -> f32 {
        self
    }

    fn from_unit(value: f32) -> Self {
        value
    }
}

/// A picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    size: Size,
    channels: Channels,
    samples: Samples,
}

impl Image {
    /// A picture from `size.pixels() × channels.count()` samples. Float samples may be NaN or infinite: pixels that no edit reads are kept bit for bit, and
    /// [`planes`](Self::planes) refuses the others.
    pub fn new(size: Size, channels: Channels, samples: Samples) -> Result<Self> {
        let expected = size.pixels() * channels.count();
        if samples.len() != expected {
            let message =
                format!("a picture of {size} with {} samples per pixel needs {expected} samples, not {}", channels.count(), samples.len());
            return Err(Error::input(message).hint("check the size and the channels it was read with"));
        }
        Ok(Self { size, channels, samples })
    }

    /// Width and height.
    pub fn size(&self) -> Size {
        self.size
    }

    /// Which samples a pixel has.
    pub fn channels(&self) -> Channels {
        self.channels
    }

    /// The samples, in row-major order.
    pub fn samples(&self) -> &Samples {
        &self.samples
    }

    /// The samples, in row-major order, without a copy.
    pub fn into_samples(self) -> Samples {
        self.samples
    }

    /// The type of the samples.
    pub fn depth(&self) -> Depth {
        match self.samples {
            Samples::U8(_) => Depth::U8,
            Samples::U16(_) => Depth::U16,
            Samples::F32(_) => Depth::F32,
        }
    }

    /// The pixels of a rectangle as a picture of the same kind.
    pub fn crop(&self, rect: Rect) -> Result<Self> {
        rect.check_within(self.size)?;
        let count = self.channels.count();
        let samples = match &self.samples {
            Samples::U8(samples) => Samples::U8(cut(samples, self.size, count, rect)),
            Samples::U16(samples) => Samples::U16(cut(samples, self.size, count, rect)),
            Samples::F32(samples) => Samples::F32(cut(samples, self.size, count, rect)),
        };
        Ok(Self { size: Size::new(rect.width, rect.height)?, channels: self.channels, samples })
    }

    /// Overwrites the pixels from `at` (column, row) on with another picture of the same channels and depth.
    pub fn put(&mut self, at: (usize, usize), part: &Self) -> Result<()> {
        let rect = Rect { x: at.0, y: at.1, width: part.size.width(), height: part.size.height() };
        rect.check_within(self.size)?;
        let (width, count) = (self.size.width(), self.channels.count());
        if self.channels != part.channels {
            return Err(Error::input("a part with other channels than the picture").hint("convert one of them"));
        }
        match (&mut self.samples, &part.samples) {
            (Samples::U8(samples), Samples::U8(part)) => put(samples, width, count, rect, part),
            (Samples::U16(samples), Samples::U16(part)) => put(samples, width, count, rect, part),
            (Samples::F32(samples), Samples::F32(part)) => put(samples, width, count, rect, part),
            _ => return Err(Error::input("a part of another depth than the picture").hint("convert one of them")),
        }
        Ok(())
    }

    /// An error that names the first pixel with a sample that is NaN or infinite.
    pub fn check_finite(&self) -> Result<()> {
        let Samples::F32(samples) = &self.samples else { return Ok(()) };
        let Some(index) = samples.iter().position(|sample| !sample.is_finite()) else { return Ok(()) };
        let (x, y) = self.size.position(index / self.channels.count());
        let name = self.channels.name(index % self.channels.count());
        Err(Error::input(format!("the {name} sample of pixel ({x}, {y}) is {}", samples[index])).hint("give it a finite value"))
    }
}

/// Copies rows of samples into a rectangle, `count` samples to a pixel.
fn put<T: Copy>(samples: &mut [T], width: usize, count: usize, rect: Rect, part: &[T]) {
    for (row, from) in part.chunks_exact(rect.width * count).enumerate() {
        let start = ((rect.y + row) * width + rect.x) * count;
        samples[start..start + from.len()].copy_from_slice(from);
    }
}

#[cfg(test)]
mod tests;
