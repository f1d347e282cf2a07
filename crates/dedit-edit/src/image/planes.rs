//! Pictures as one plane of floats per channel, as networks and arithmetic need them.

use crate::error::{Error, Result};
use crate::geometry::{Rect, Size};
use crate::grid::cut;
use crate::image::{Channels, Depth, Image, Sample, Samples};

/// Weights of red, green and blue in luma (ITU-R BT.709).
const LUMA: [f32; 3] = [0.2126, 0.7152, 0.0722];

/// The luma of a colour.
pub fn luma(colour: [f32; 3]) -> f32 {
    LUMA[0] * colour[0] + LUMA[1] * colour[1] + LUMA[2] * colour[2]
}

/// Planes of f32, nominally 0 … 1, row-major: one or three for the colour, and alpha apart from them.
#[derive(Debug, Clone, PartialEq)]
pub struct Planes {
    size: Size,
    colour: Vec<Vec<f32>>,
    alpha: Option<Vec<f32>>,
}

impl Planes {
    /// Planes of the given size; one (grey) or three (red, green, blue) for the colour.
    pub fn new(size: Size, colour: Vec<Vec<f32>>, alpha: Option<Vec<f32>>) -> Result<Self> {
        if colour.len() != 1 && colour.len() != 3 {
            return Err(Error::usage(format!("a picture has 1 or 3 planes of colour, not {}", colour.len())));
        }
        if let Some(plane) = colour.iter().chain(&alpha).find(|plane| plane.len() != size.pixels()) {
            return Err(Error::input(format!("a plane of {size} needs {} values, not {}", size.pixels(), plane.len())));
        }
        Ok(Self { size, colour, alpha })
    }

    /// Width and height.
    pub fn size(&self) -> Size {
        self.size
    }

    /// The colour: grey, or red, green and blue.
    pub fn colour(&self) -> &[Vec<f32>] {
        &self.colour
    }

    /// Alpha, where the picture has it.
    pub fn alpha(&self) -> Option<&[f32]> {
        self.alpha.as_deref()
    }

    /// The luma of a pixel, by its row-major index; of a grey one its value.
    pub fn luma(&self, index: usize) -> f32 {
        match self.colour.as_slice() {
            [red, green, blue] => luma([red[index], green[index], blue[index]]),
            planes => planes.first().map_or(0.0, |grey| grey[index]),
        }
    }

    /// The planes of colour, each of [`size`](Self::size), to be changed in place.
    pub fn colour_mut(&mut self) -> &mut [Vec<f32>] {
        &mut self.colour
    }

    /// The same picture in `count` (1 or 3) planes of colour: grey is repeated, colour becomes luma.
    #[must_use]
    pub fn with_colours(self, count: usize) -> Self {
        let colour = match (self.colour.as_slice(), count) {
            ([grey], 3) => vec![grey.clone(), grey.clone(), grey.clone()],
            ([red, green, blue], 1) => {
                vec![red.iter().zip(green).zip(blue).map(|((r, g), b)| luma([*r, *g, *b])).collect()]
            }
            _ => self.colour,
        };
        Self { colour, ..self }
    }

    /// The pixels of a rectangle.
    pub fn crop(&self, rect: Rect) -> Result<Self> {
        rect.check_within(self.size)?;
        let cut = |plane: &Vec<f32>| cut(plane, self.size, 1, rect);
        Ok(Self {
            size: Size::new(rect.width, rect.height)?,
            colour: self.colour.iter().map(cut).collect(),
            alpha: self.alpha.as_ref().map(cut),
        })
    }

    /// The planes as a picture of the given depth. Integer depths clamp to 0 … 1 and round.
    pub fn to_image(&self, depth: Depth) -> Result<Image> {
        let channels = match (self.colour.len(), &self.alpha) {
            (1, None) => Channels::Grey,
            (1, Some(_)) => Channels::GreyAlpha,
            (_, None) => Channels::Rgb,
            (_, Some(_)) => Channels::Rgba,
        };
        let samples = match depth {
            Depth::U8 => Samples::U8(self.interleaved()),
            Depth::U16 => Samples::U16(self.interleaved()),
            Depth::F32 => Samples::F32(self.interleaved()),
        };
        Image::new(self.size, channels, samples)
    }

    fn interleaved<T: Sample>(&self) -> Vec<T> {
        let planes: Vec<&Vec<f32>> = self.colour.iter().chain(&self.alpha).collect();
        (0..self.size.pixels()).flat_map(|index| planes.iter().map(move |plane| T::from_unit(plane[index]))).collect()
    }
}

impl Image {
    /// The picture as planes. Fails on NaN and infinity, naming the pixel.
    pub fn planes(&self) -> Result<Planes> {
        self.check_finite()?;
        let mut planes = match self.samples() {
            Samples::U8(samples) => separated(samples, self.channels().count()),
            Samples::U16(samples) => separated(samples, self.channels().count()),
            Samples::F32(samples) => separated(samples, self.channels().count()),
        };
        let alpha = if self.channels().has_alpha() { planes.pop() } else { None };
        Planes::new(self.size(), planes, alpha)
    }
}

fn separated<T: Sample>(samples: &[T], count: usize) -> Vec<Vec<f32>> {
    (0..count).map(|channel| samples.iter().skip(channel).step_by(count).map(|sample| sample.to_unit()).collect()).collect()
}
