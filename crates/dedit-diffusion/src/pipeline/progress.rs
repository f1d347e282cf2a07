//! What a caller hears while pictures are made.

use std::time::Instant;

use candle_core::Tensor;

/// Something that has just been done.
#[derive(Debug, Clone)]
pub enum Progress<'a> {
    /// The prompts are encoded. What was too long for the text encoder was left out: these ends of the prompt and of the negative prompt.
    Text {
        /// The end of the prompt that was left out.
        cut: Option<&'a str>,
        /// The end of the negative prompt that was left out.
        negative_cut: Option<&'a str>,
    },
    /// The picture to start from is encoded.
    Encoded,
    /// A denoising step.
    Step {
        /// Steps done.
        done: usize,
        /// Steps in all.
        steps: usize,
        /// Time the rest of the steps will take, from those measured; decoding comes after it.
        seconds_left: f64,
        /// The clean latents as the denoiser sees them at this step, `[batch, channels, height, width]`: good for a preview.
        denoised: &'a Tensor,
    },
    /// A picture is decoded.
    Decoded {
        /// Pictures done.
        done: usize,
        /// Pictures in all.
        pictures: usize,
    },
}

/// Measures steps. The first one also sets up buffers, so it counts only as long as it is alone.
pub(super) struct Pace {
    begun: Instant,
    first: f64,
}

impl Pace {
    pub(super) fn start() -> Self {
        Self { begun: Instant::now(), first: 0.0 }
    }

    /// Seconds that the rest of `steps` will take after `done` (at least 1) are done.
    pub(super) fn seconds_left(&mut self, done: usize, steps: usize) -> f64 {
        let passed = self.begun.elapsed().as_secs_f64();
        if done <= 1 {
            self.first = passed;
        }
        let per_step = if done <= 1 { passed } else { (passed - self.first) / (done - 1) as f64 };
        per_step * (steps - done.min(steps)) as f64
    }
}
