//! What is asked for.

use candle_core::Tensor;

use super::Pipeline;
use crate::scheduler::SchedulerConfig;
use crate::{Error, Family, Result};

/// A request for pictures; [`Pipeline::request`] fills it with what suits the checkpoint.
#[derive(Debug, Clone)]
pub struct GenerateRequest {
    /// What the picture shows.
    pub prompt: String,
    /// What it is led away from; without effect where `guidance` is at most 1.
    pub negative_prompt: String,
    /// Width in pixels, a multiple of 8.
    pub width: usize,
    /// Height in pixels, a multiple of 8.
    pub height: usize,
    /// Denoising steps of the whole way from noise, from 1; a picture to start from shortens it by its strength.
    pub steps: usize,
    /// The scheduler's settings; `None` takes the checkpoint's own.
    pub scheduler: Option<SchedulerConfig>,
    /// Classifier-free guidance (Ho & Salimans 2022, arXiv 2207.12598): how far the prediction goes from the negative prompt to the prompt. Up to 1
    /// only the prompt counts, at half the cost.
    pub guidance: f64,
    /// Seed of the first picture; the others have the seeds that follow.
    pub seed: u64,
    /// How many pictures, from 1.
    pub batch: usize,
    /// A picture to start from.
    pub init: Option<InitPicture>,
}

/// A picture that new ones start from.
#[derive(Debug, Clone)]
pub struct InitPicture {
    /// `[1, 3, height, width]` with values in 0..=1, of the size asked for.
    pub picture: Tensor,
    /// Which share of the steps is done on it, above 0 up to 1: near 0 keeps the picture, 1 keeps next to nothing.
    pub strength: f64,
}

/// The longest side: beyond it even one row of tiles is out of reach.
const LONGEST: usize = 16_384;

impl Pipeline {
    /// A request for one picture, with what suits the checkpoint: the size it was trained on, 25 steps, seed 0, and the guidance that diffusers has
    /// as its default for the family.
    pub fn request(&self, prompt: impl Into<String>) -> GenerateRequest {
        let side = self.default_side();
        GenerateRequest {
            prompt: prompt.into(),
            negative_prompt: String::new(),
            width: side,
            height: side,
            steps: 25,
            scheduler: None,
            guidance: if self.family == Family::Sdxl { 5.0 } else { 7.5 },
            seed: 0,
            batch: 1,
            init: None,
        }
    }

    fn default_side(&self) -> usize {
        let usual = match self.family {
            Family::Sd1 => 64,
            Family::Sd2 => 96,
            Family::Sdxl => 128,
        };
        self.unet.config().sample_size.unwrap_or(usual) * self.pixels_per_latent()
    }

    /// Says what is wrong with a request before any work is done.
    pub(super) fn check(&self, request: &GenerateRequest) -> Result<()> {
        self.check_size(request.width, request.height)?;
        if request.batch == 0 {
            return Err(Error::usage("a batch of 0 pictures was asked for").hint("ask for at least 1"));
        }
        if !request.guidance.is_finite() || request.guidance < 0.0 {
            return Err(Error::usage(format!("the guidance {} makes no sense", request.guidance)).hint("give a number from 0, such as 7.5"));
        }
        let Some(init) = &request.init else { return Ok(()) };
        if init.strength.is_nan() || init.strength <= 0.0 || init.strength > 1.0 {
            return Err(Error::usage(format!("the strength {} is outside 0 to 1", init.strength)).hint("give a number above 0 and up to 1"));
        }
        let expected = [1, 3, request.height, request.width];
        if init.picture.dims() != expected {
            return Err(Error::usage(format!("the picture to start from has the shape {:?}, expected {expected:?}", init.picture.dims())));
        }
        Ok(())
    }

    /// Says whether pictures of this size can be made, and which are the nearest that can.
    pub fn check_size(&self, width: usize, height: usize) -> Result<()> {
        let unit = self.pixels_per_latent();
        let longest = LONGEST / unit * unit;
        let fits = |side: usize| side.is_multiple_of(unit) && (unit..=longest).contains(&side);
        if fits(width) && fits(height) {
            return Ok(());
        }
        let below = |side: usize| (side / unit * unit).clamp(unit, longest);
        let above = |side: usize| side.saturating_add(unit - 1).min(longest).max(unit) / unit * unit;
        let (lower, upper) = ((below(width), below(height)), (above(width), above(height)));
        let nearest = if lower == upper {
            format!("the nearest size is {} × {}", lower.0, lower.1)
        } else {
            format!("the nearest sizes are {} × {} and {} × {}", lower.0, lower.1, upper.0, upper.1)
        };
        Err(Error::usage(format!("the sides of {width} × {height} are not both multiples of {unit} from {unit} to {longest}"))
            .hint(nearest))
    }
}
