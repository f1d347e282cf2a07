//! A picture as the encoder's input: the longer side reduced or enlarged to that of the square, as Pillow does it, and zeros after it.

use candle_core::{Device, Result, Tensor};
use dedit_edit::{Image, Size};
use dedit_segment::rgb;
use rayon::prelude::*;

/// Mean and deviation of each channel in the training data, for samples from 0 to 255.
const MEAN: [f32; 3] = [123.675, 116.28, 103.53];
const DEVIATION: [f32; 3] = [58.395, 57.12, 57.375];
/// Pillow's weights are integers with so many fractional bits.
const BITS: u32 = 22;

/// Where a picture lies in the square input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// Size of the picture.
    pub picture: Size,
    /// Width and height of the picture in the input.
    pub input: [usize; 2],
    /// Pixels along a side of the input.
    pub side: usize,
}

impl Frame {
    /// The frame of a picture whose longer side becomes `side` pixels.
    pub fn new(picture: Size, side: usize) -> Self {
        let scale = side as f64 / picture.width().max(picture.height()) as f64;
        let along = |pixels: usize| ((pixels as f64 * scale + 0.5) as usize).clamp(1, side);
        Self { picture, input: [along(picture.width()), along(picture.height())], side }
    }

    /// Factors from pixels of the picture to those of the input, along rows and columns.
    pub(crate) fn scale(&self) -> [f32; 2] {
        [self.input[0] as f32 / self.picture.width() as f32, self.input[1] as f32 / self.picture.height() as f32]
    }
}

/// The picture in the size of its frame: 8-bit RGB, row-major. What is transparent lies on mid-grey.
pub fn pixels(picture: &Image, frame: &Frame) -> Vec<u8> {
    let size = frame.picture;
    let source: Vec<u8> =
        (0..size.pixels()).into_par_iter().flat_map_iter(|index| rgb(picture, index).map(|value| (value * 255.0).round() as u8)).collect();
    let [width, height] = frame.input;
    let across = along(&source, [size.width(), size.height()], width);
    // Rows and columns exchanged, so that both passes run along rows.
    let turned = along(&transposed(&across, [width, size.height()]), [size.height(), width], height);
    transposed(&turned, [height, width])
}

/// Resamples rows of `size[0]` RGB pixels to `to` pixels with a triangle filter, which is wider where the picture becomes smaller.
fn along(source: &[u8], [from, _]: [usize; 2], to: usize) -> Vec<u8> {
    if from == to {
        return source.to_vec();
    }
    let weights: Vec<(usize, Vec<i32>)> = (0..to).map(|place| weights(place, from, to)).collect();
    let mut result = vec![0; source.len() / from * to];
    result.par_chunks_mut(3 * to).zip(source.par_chunks(3 * from)).for_each(|(line, row)| {
        for (pixel, (first, weights)) in line.chunks_exact_mut(3).zip(&weights) {
            let mut sums = [1_i32 << (BITS - 1); 3];
            for (weight, sample) in weights.iter().zip(row[3 * first..].chunks_exact(3)) {
                for (sum, sample) in sums.iter_mut().zip(sample) {
                    *sum += weight * i32::from(*sample);
                }
            }
            for (sample, sum) in pixel.iter_mut().zip(sums) {
                *sample = (sum >> BITS).clamp(0, 255) as u8;
            }
        }
    });
    result
}

/// The first pixel that an output pixel depends on, and the weights from it on.
fn weights(place: usize, from: usize, to: usize) -> (usize, Vec<i32>) {
    let scale = from as f64 / to as f64;
    let reach = scale.max(1.0);
    let centre = (place as f64 + 0.5) * scale;
    let first = (centre - reach + 0.5).max(0.0) as usize;
    let last = ((centre + reach + 0.5) as usize).min(from);
    let values: Vec<f64> = (first..last).map(|x| (1.0 - ((x as f64 - centre + 0.5) / reach).abs()).max(0.0)).collect();
    let sum: f64 = values.iter().sum();
    let fixed = |value: &f64| (value / sum * f64::from(1_u32 << BITS) + 0.5) as i32;
    (first, values.iter().map(fixed).collect())
}

fn transposed(source: &[u8], [width, height]: [usize; 2]) -> Vec<u8> {
    let mut result = vec![0; source.len()];
    result.par_chunks_mut(3 * height).enumerate().for_each(|(x, line)| {
        for (y, pixel) in line.chunks_exact_mut(3).enumerate() {
            pixel.copy_from_slice(&source[3 * (y * width + x)..][..3]);
        }
    });
    result
}

/// The encoder's input `[1, side, side, 3]`.
pub(crate) fn input(picture: &Image, frame: &Frame, device: &Device) -> Result<Tensor> {
    let [width, _] = frame.input;
    let mut values = vec![0.0; 3 * frame.side * frame.side];
    for (row, line) in pixels(picture, frame).chunks_exact(3 * width).enumerate() {
        for (index, (value, sample)) in values[3 * row * frame.side..].iter_mut().zip(line).enumerate() {
            *value = (f32::from(*sample) - MEAN[index % 3]) / DEVIATION[index % 3];
        }
    }
    Tensor::from_vec(values, (1, frame.side, frame.side, 3), device)
}
