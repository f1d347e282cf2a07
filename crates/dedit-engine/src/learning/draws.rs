//! The random numbers of fine-tuning.

use std::collections::VecDeque;

use candle_core::{Device, Tensor};
use dedit_diffusion::{Error, Result};
use dedit_nn::rng::Generator;

use super::{LearnSettings, Stage, Timesteps};

/// A source of random numbers for fine-tuning. Order of the draws in each stage: the noise of each picture's posterior, where latents are sampled; then for
/// every pass and picture the noise, and the timesteps.
pub trait TrainingDraws {
    /// Called at the beginning of a stage.
    fn begin(&mut self, stage: Stage);
    /// Standard normal f32 values.
    fn noise(&mut self, shape: &[usize], device: &Device) -> Result<Tensor>;
    /// `count` timesteps in `0..bound`.
    fn timesteps(&mut self, count: usize, bound: usize) -> Result<Vec<usize>>;
    /// The position in the stream, for [`seek`](Self::seek).
    fn position(&self) -> u64;
    /// Continues from a position that [`position`](Self::position) returned.
    fn seek(&mut self, position: u64);
}

/// Draws from a seed, the same on every device.
#[derive(Debug, Clone)]
pub struct SeededDraws {
    generator: Generator,
    seed: u64,
    spread: bool,
    drawn: u64,
}

/// The fractional part of the golden ratio: its multiples modulo 1 are a low-discrepancy sequence.
const GOLDEN: f64 = 0.618_033_988_749_895;
/// The low bits of a position count the draws of timesteps, the others the generator's blocks.
const COUNT_BITS: u32 = 24;

impl SeededDraws {
    /// The draws of the settings' seed.
    pub fn new(settings: &LearnSettings) -> Self {
        let spread = settings.timesteps == Timesteps::Spread;
        Self { generator: Generator::new(settings.seed), seed: settings.seed, spread, drawn: 0 }
    }
}

impl TrainingDraws for SeededDraws {
    fn begin(&mut self, stage: Stage) {
        // Separate streams, so that the second stage does not depend on the length of the first.
        let stream = match stage {
            Stage::Tokens => self.seed,
            Stage::Attention => self.seed ^ 0x5851_F42D_4C95_7F2D,
        };
        (self.generator, self.drawn) = (Generator::new(stream), 0);
    }

    fn noise(&mut self, shape: &[usize], device: &Device) -> Result<Tensor> {
        Ok(self.generator.normal(shape, device)?)
    }

    fn timesteps(&mut self, count: usize, bound: usize) -> Result<Vec<usize>> {
        let mut draw = || {
            let index = self.drawn;
            self.drawn += 1;
            if self.spread {
                let start = f64::from(Generator::new(self.seed).below(1 << 20)) / f64::from(1 << 20);
                let share = (start + index as f64 * GOLDEN).fract();
                ((share * bound as f64) as usize).min(bound - 1)
            } else {
                self.generator.below(bound as u32) as usize
            }
        };
        Ok((0..count).map(|_| draw()).collect())
    }

    fn position(&self) -> u64 {
        self.generator.position() << COUNT_BITS | self.drawn
    }

    fn seek(&mut self, position: u64) {
        self.generator = Generator::at(self.generator.seed(), position >> COUNT_BITS);
        self.drawn = position & ((1 << COUNT_BITS) - 1);
    }
}

/// Given draws, for each stage in order.
#[derive(Debug, Clone, Default)]
pub struct RecordedDraws {
    stages: Vec<(Stage, VecDeque<Tensor>, VecDeque<usize>)>,
    present: Option<usize>,
}

impl RecordedDraws {
    /// Adds the noises and timesteps of a stage.
    #[must_use]
    pub fn with(mut self, stage: Stage, noises: impl IntoIterator<Item = Tensor>, timesteps: impl IntoIterator<Item = usize>) -> Self {
        self.stages.push((stage, noises.into_iter().collect(), timesteps.into_iter().collect()));
        self
    }

    fn present(&mut self) -> Result<&mut (Stage, VecDeque<Tensor>, VecDeque<usize>)> {
        let present = self.present.and_then(|index| self.stages.get_mut(index));
        present.ok_or_else(|| Error::usage("a stage without recorded draws"))
    }

    /// Number of draws that were not used.
    pub fn remaining(&self) -> usize {
        self.stages.iter().map(|(_, noises, timesteps)| noises.len() + timesteps.len()).sum()
    }
}

impl TrainingDraws for RecordedDraws {
    fn begin(&mut self, stage: Stage) {
        self.present = self.stages.iter().position(|(recorded, ..)| *recorded == stage);
    }

    fn noise(&mut self, shape: &[usize], device: &Device) -> Result<Tensor> {
        let next = self.present()?.1.pop_front();
        match next.filter(|next| next.dims() == shape) {
            Some(next) => Ok(next.to_device(device)?),
            None => Err(Error::usage(format!("no recorded noise of {shape:?} comes next"))),
        }
    }

    fn timesteps(&mut self, count: usize, bound: usize) -> Result<Vec<usize>> {
        let recorded = &mut self.present()?.2;
        if recorded.len() < count || recorded.iter().take(count).any(|timestep| *timestep >= bound) {
            return Err(Error::usage(format!("no {count} recorded timesteps below {bound} come next")));
        }
        Ok(recorded.drain(..count).collect())
    }

    fn position(&self) -> u64 {
        0
    }

    fn seek(&mut self, _: u64) {}
}
