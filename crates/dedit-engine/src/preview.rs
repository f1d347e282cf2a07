//! Previews of latents without the autoencoder.

use candle_core::{DType, Device, Tensor};
use dedit_diffusion::{Error, ErrorKind, Result};
use dedit_edit::{Depth, Image, Planes, Size};

use crate::error::from_edit;

/// A linear map from latent channels to colours, fitted to a picture with known latents: accurate enough for previews, and takes almost no time.
#[derive(Debug, Clone)]
pub(crate) struct LatentColours {
    /// For red, green and blue: a factor for every latent channel, then the offset.
    lines: [Vec<f64>; 3],
}

/// Added to the diagonal of the normal equations, which would be singular where a latent channel is constant.
const RIDGE: f64 = 1e-3;

impl LatentColours {
    /// The least-squares fit of the picture `[1, 3, height, width]`, averaged over the pixels of each latent cell, to its latents
    /// `[1, channels, rows, columns]`.
    pub(crate) fn fit(latents: &Tensor, picture: &Tensor) -> Result<Self> {
        let unit = picture.dim(2)? / latents.dim(2)?.max(1);
        let small = picture.to_dtype(DType::F32)?.avg_pool2d(unit)?;
        let (channels, cells) = rows_of(latents)?;
        let (_, colours) = rows_of(&small)?;
        let size = channels + 1;
        let value = |channel: usize, cell: usize| if channel < channels { f64::from(cells[channel][cell]) } else { 1.0 };
        let count = colours[0].len();
        let sum = |term: &dyn Fn(usize) -> f64| (0..count).map(term).sum::<f64>();
        let mut lines = [Vec::new(), Vec::new(), Vec::new()];
        for (line, colour) in lines.iter_mut().zip(&colours) {
            let mut system = vec![vec![0.0; size + 1]; size];
            for (row, equation) in system.iter_mut().enumerate() {
                for (column, entry) in equation.iter_mut().take(size).enumerate() {
                    *entry = sum(&|cell| value(row, cell) * value(column, cell)) + if row == column { RIDGE } else { 0.0 };
                }
                equation[size] = sum(&|cell| value(row, cell) * f64::from(colour[cell]));
            }
            *line = solved(system);
        }
        Ok(Self { lines })
    }

    /// Latents `[1, channels, rows, columns]` as an 8-bit picture with one pixel per latent cell.
    pub(crate) fn picture(&self, latents: &Tensor) -> Result<Image> {
        let (channels, cells) = rows_of(latents)?;
        let size = Size::new(latents.dim(3)?, latents.dim(2)?).map_err(from_edit)?;
        let plane = |line: &Vec<f64>| -> Vec<f32> {
            let colour =
                |cell: usize| (0..channels).map(|channel| line[channel] * f64::from(cells[channel][cell])).sum::<f64>() + line[channels];
            (0..size.pixels()).map(|cell| (colour(cell) * 0.5 + 0.5) as f32).collect()
        };
        Planes::new(size, self.lines.iter().map(plane).collect(), None).and_then(|planes| planes.to_image(Depth::U8)).map_err(from_edit)
    }
}

/// The pixels per channel, and the values of each channel, of `[1, channels, rows, columns]`.
fn rows_of(tensor: &Tensor) -> Result<(usize, Vec<Vec<f32>>)> {
    let channels = tensor.dim(1)?;
    let rows: Vec<Vec<f32>> =
        tensor.narrow(0, 0, 1)?.squeeze(0)?.flatten_from(1)?.to_dtype(DType::F32)?.to_device(&Device::Cpu)?.to_vec2()?;
    if rows.len() == channels { Ok((channels, rows)) } else { Err(Error::new(ErrorKind::Internal, "latents without channels")) }
}

/// Gauss–Jordan elimination of a positive definite system, with the right-hand side in the last column.
fn solved(mut system: Vec<Vec<f64>>) -> Vec<f64> {
    let size = system.len();
    for pivot in 0..size {
        let head = system[pivot][pivot];
        system[pivot].iter_mut().for_each(|entry| *entry /= head);
        let line = system[pivot].clone();
        for (_, equation) in system.iter_mut().enumerate().filter(|(row, _)| *row != pivot) {
            let factor = equation[pivot];
            equation.iter_mut().zip(&line).for_each(|(entry, from)| *entry -= factor * from);
        }
    }
    system.into_iter().filter_map(|equation| equation.last().copied()).collect()
}

#[cfg(test)]
mod tests {
    use dedit_nn::rng::Generator;

    use super::*;

    #[test]
    fn a_linear_picture_is_seen_exactly() {
        let latents = Generator::new(2).normal((1, 4, 3, 5), &Device::Cpu).unwrap();
        let mix = |weights: [f64; 4], offset: f64| -> Tensor {
            let terms = weights.iter().enumerate().map(|(i, w)| (latents.narrow(1, i, 1).unwrap() * *w).unwrap());
            (terms.reduce(|a, b| (a + b).unwrap()).unwrap() + offset).unwrap()
        };
        let colours = [mix([0.1, 0.0, -0.05, 0.02], 0.1), mix([0.0, 0.1, 0.0, 0.0], -0.2), mix([0.05, 0.05, 0.05, 0.0], 0.0)];
        let picture = Tensor::cat(&colours, 1).unwrap().upsample_nearest2d(24, 40).unwrap();
        let seen = LatentColours::fit(&latents, &picture).unwrap().picture(&latents).unwrap();
        let expected: Vec<f32> =
            Tensor::cat(&colours, 1).unwrap().squeeze(0).unwrap().permute((1, 2, 0)).unwrap().flatten_all().unwrap().to_vec1().unwrap();
        let dedit_edit::Samples::U8(seen) = seen.samples() else { panic!("8 bits") };
        for (seen, expected) in seen.iter().zip(expected) {
            assert!((f32::from(*seen) - (expected * 0.5 + 0.5).clamp(0.0, 1.0) * 255.0).abs() <= 1.0);
        }
    }
}
