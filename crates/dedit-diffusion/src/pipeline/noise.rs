//! Where the random numbers of a picture come from.

use std::collections::VecDeque;

use candle_core::{Device, Tensor};
use dedit_nn::rng::Generator;

use crate::{Error, Result};

/// The draws of one call of [`super::Pipeline::generate_from`], in this order: the posterior of the autoencoder (where there is a picture to start
/// from), the starting noise, and whatever the scheduler draws, step by step.
pub trait Noise {
    /// Standard normal f32 numbers `[pictures, channels, height, width]`.
    fn draw(&mut self, shape: &[usize], device: &Device) -> Result<Tensor>;
}

/// One generator for each picture, so that any of a batch can be made again alone; the same numbers on every device.
#[derive(Debug, Clone)]
pub struct SeededNoise(Vec<Generator>);

impl SeededNoise {
    /// Picture `i` of `batch` draws from the stream of `seed + i`.
    pub fn new(seed: u64, batch: usize) -> Self {
        Self((0..batch as u64).map(|i| Generator::new(seed.wrapping_add(i))).collect())
    }
}

impl Noise for SeededNoise {
    fn draw(&mut self, shape: &[usize], device: &Device) -> Result<Tensor> {
        let batch = shape.first().copied().unwrap_or(0);
        if batch != self.0.len() {
            return Err(Error::usage(format!("noise for {batch} pictures was asked of {} generators", self.0.len())));
        }
        let mut one = shape.to_vec();
        one[0] = 1;
        let pictures =
            self.0.iter_mut().map(|generator| generator.normal(one.as_slice(), device)).collect::<candle_core::Result<Vec<_>>>()?;
        Ok(Tensor::cat(&pictures, 0)?)
    }
}

/// Draws that were made elsewhere, handed out in order.
#[derive(Debug, Clone, Default)]
pub struct RecordedNoise(VecDeque<Tensor>);

impl RecordedNoise {
    /// The draws in their order.
    pub fn new(draws: impl IntoIterator<Item = Tensor>) -> Self {
        Self(draws.into_iter().collect())
    }

    /// How many were not asked for.
    pub fn left(&self) -> usize {
        self.0.len()
    }
}

impl Noise for RecordedNoise {
    fn draw(&mut self, shape: &[usize], device: &Device) -> Result<Tensor> {
        let Some(next) = self.0.pop_front() else {
            return Err(Error::usage(format!("noise of {shape:?} was asked for after the last recorded draw")));
        };
        if next.dims() != shape {
            return Err(Error::usage(format!("noise of {shape:?} was asked for, the recorded draw has {:?}", next.dims())));
        }
        Ok(next.to_device(device)?)
    }
}
