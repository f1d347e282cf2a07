//! Progress of a generation.

use std::time::Instant;

use candle_core::Tensor;

/// A finished part of the work.
#[derive(Debug, Clone)]
pub enum Progress<'a> {
    /// The prompts are encoded. Text beyond the length limit of the text encoder is left out.
    Text {
        /// The end of the prompt that was left out.
        cut: Option<&'a str>,
        /// The end of the negative prompt that was left out.
        negative_cut: Option<&'a str>,
    },
    /// The initial picture is encoded.
    Encoded,
    /// A denoising step.
    Step {
        /// Steps done.
        done: usize,
        /// Total number of steps.
        steps: usize,
        /// Estimated time in seconds of the remaining steps, without decoding.
        seconds_left: f64,
        /// The estimate of the clean latents at this step, `[batch, channels, height / 8, width / 8]`; can be shown as a preview.
        denoised: &'a Tensor,
    },
    /// A picture is decoded.
    Decoded {
        /// Pictures done.
        done: usize,
        /// Total number of pictures.
        pictures: usize,
    },
}

/// Measures the duration of steps. The first one also allocates buffers, so it is ignored as soon as there is a second.
pub(super) struct Pace {
    begun: Instant,
    first: f64,
}

impl Pace {
    pub(super) fn start() -> Self {
        Self { begun: Instant::now(), first: 0.0 }
    }

    /// Estimated seconds for the remaining steps, when `done` (at least 1) of `steps` are done.
    pub(super) fn seconds_left(&mut self, done: usize, steps: usize) -> f64 {
        let passed = self.begun.elapsed().as_secs_f64();
        if done <= 1 {
            self.first = passed;
        }
        let per_step = if done <= 1 { passed } else { (passed - self.first) / (done - 1) as f64 };
        per_step * (steps - done.min(steps)) as f64
    }
}
