//! The random numbers of fine-tuning.

use std::collections::VecDeque;

use candle_core::{Device, Tensor};
use dedit_diffusion::{Error, Result};
use dedit_nn::rng::Generator;

use super::{LearnSettings, Stage, Timesteps};

/// Where the random numbers of fine-tuning come from. For every stage: the posterior of each picture, where it is sampled; then for every pass and
/// picture the noise, and the timesteps.
pub trait TrainingDraws {
    /// A stage begins.
    fn begin(&mut self, stage: Stage);
    /// Standard normal f32 numbers.
    fn noise(&mut self, shape: &[usize], device: &Device) -> Result<Tensor>;
    /// `count` timesteps below `bound`.
    fn timesteps(&mut self, count: usize, bound: usize) -> Result<Vec<usize>>;
    /// Where the draws are: all that is needed to go on from there.
    fn position(&self) -> u64;
    /// Goes on from where [`position`](Self::position) was this.
    fn seek(&mut self, position: u64);
}

/// Draws from one seed, the same on every device.
#[derive(Debug, Clone)]
pub struct SeededDraws {
    generator: Generator,
    seed: u64,
    spread: bool,
    drawn: u64,
}

/// The fractional part of the golden ratio: multiples of it fill 0..1 as evenly as any sequence can.
const GOLDEN: f64 = 0.618_033_988_749_895;
/// Bits of a position that count the draws of timesteps; the rest counts the generator's blocks.
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
        // Streams of their own: the second stage does not depend on how long the first one was.
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

/// Draws that were made elsewhere, for each stage in order.
#[derive(Debug, Clone, Default)]
pub struct RecordedDraws {
    stages: Vec<(Stage, VecDeque<Tensor>, VecDeque<usize>)>,
    present: Option<usize>,
}

impl RecordedDraws {
    /// The noises and timesteps of a stage.
    #[must_use]
    pub fn with(mut self, stage: Stage, noises: impl IntoIterator<Item = Tensor>, timesteps: impl IntoIterator<Item = usize>) -> Self {
        self.stages.push((stage, noises.into_iter().collect(), timesteps.into_iter().collect()));
        self
    }

    fn present(&mut self) -> Result<&mut (Stage, VecDeque<Tensor>, VecDeque<usize>)> {
        let present = self.present.and_then(|index| self.stages.get_mut(index));
        present.ok_or_else(|| Error::usage("a stage without recorded draws"))
    }

    /// How many were not asked for.
    pub fn left(&self) -> usize {
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
