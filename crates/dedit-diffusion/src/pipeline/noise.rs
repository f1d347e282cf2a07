//! Sources of random numbers for generation.

use std::collections::VecDeque;

use candle_core::{Device, Tensor};
use dedit_nn::rng::Generator;

use crate::{Error, Result};

/// The draws of one call of [`super::Pipeline::generate_from`], in this order: the posterior of the autoencoder (only when starting from a picture), the
/// starting noise, and the draws of the scheduler step by step.
pub trait Noise {
    /// Standard normal f32 values `[pictures, channels, height, width]`.
    fn draw(&mut self, shape: &[usize], device: &Device) -> Result<Tensor>;
}

/// One generator per picture, so that each picture of a batch can be reproduced alone; the values are the same on every device.
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

/// Given draws, returned in their order.
#[derive(Debug, Clone, Default)]
pub struct RecordedNoise(VecDeque<Tensor>);

impl RecordedNoise {
    /// A source that returns these draws in order.
    pub fn new(draws: impl IntoIterator<Item = Tensor>) -> Self {
        Self(draws.into_iter().collect())
    }

    /// Number of draws that were not used.
    pub fn remaining(&self) -> usize {
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
