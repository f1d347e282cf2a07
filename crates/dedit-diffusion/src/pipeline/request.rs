//! Requests for generation and their validation.

use candle_core::Tensor;

use super::Pipeline;
use crate::scheduler::{SchedulerConfig, SchedulerKind};
use crate::{Error, Family, Result};

/// A request for pictures; [`Pipeline::request`] gives the checkpoint's defaults.
#[derive(Debug, Clone)]
pub struct GenerateRequest {
    /// Description of the picture.
    pub prompt: String,
    /// Description of what to avoid; without effect where `guidance` is at most 1.
    pub negative_prompt: String,
    /// Width in pixels, a multiple of 8.
    pub width: usize,
    /// Height in pixels, a multiple of 8.
    pub height: usize,
    /// Denoising steps from pure noise, from 1; with an initial picture, its strength is the share of them that is done.
    pub steps: usize,
    /// The scheduler's settings; `None` for the checkpoint's own.
    pub scheduler: Option<SchedulerConfig>,
    /// Scale of classifier-free guidance (Ho & Salimans 2022, arXiv 2207.12598), from 0. Up to 1 the negative prompt is not used and a step takes half the
    /// time.
    pub guidance: f64,
    /// Seed of the first picture; picture `i` has the seed `seed + i`.
    pub seed: u64,
    /// Number of pictures, from 1.
    pub batch: usize,
    /// A picture to start from instead of noise.
    pub init: Option<InitPicture>,
    /// The picture of which a part is filled, for a denoiser for inpainting; with `None` such a denoiser generates everything.
    pub fill: Option<Fill>,
}

/// An initial picture.
#[derive(Debug, Clone)]
pub struct InitPicture {
    /// `[1, 3, height, width]` with values in `[0, 1]`, of the requested size.
    pub picture: Tensor,
    /// Share of the steps that is done, in `(0, 1]`: near 0 the picture hardly changes, at 1 almost nothing of it is kept.
    pub strength: f64,
}

/// A picture of which a part is filled.
#[derive(Debug, Clone)]
pub struct Fill {
    /// `[1, 3, height, width]` with values in `[0, 1]`, of the requested size.
    pub picture: Tensor,
    /// `[1, 1, height, width]`: from 0.5 on where the picture is filled.
    pub mask: Tensor,
}

/// Longest side in pixels.
const LONGEST: usize = 16_384;

impl Pipeline {
    /// A request for one picture with the checkpoint's defaults: the size that it was trained on, seed 0, and the usual steps and guidance of the family, or
    /// of a checkpoint distilled to few steps.
    pub fn request(&self, prompt: impl Into<String>) -> GenerateRequest {
        let side = self.default_side();
        let few_steps = self.scheduler.kind() == Some(SchedulerKind::Lcm);
        let guidance = match (few_steps, self.unet.config().time_cond_proj_dim, self.family) {
            (true, Some(_), _) => 8.5,
            (true, None, _) => 1.0,
            (false, _, Family::Sdxl) => 5.0,
            (false, ..) => 7.5,
        };
        GenerateRequest {
            prompt: prompt.into(),
            negative_prompt: String::new(),
            width: side,
            height: side,
            steps: if few_steps { 4 } else { 25 },
            scheduler: None,
            guidance,
            seed: 0,
            batch: 1,
            init: None,
            fill: None,
        }
    }

    pub(super) fn default_side(&self) -> usize {
        let usual = match self.family {
            Family::Sd1 => 64,
            Family::Sd2 => 96,
            Family::Sdxl => 128,
        };
        self.unet.config().sample_size.unwrap_or(usual) * self.pixels_per_latent()
    }

    /// Whether each step also predicts for the negative prompt: when guidance is above 1 and not an input of the U-Net.
    pub(super) fn uses_negative_prompt(&self, request: &GenerateRequest) -> bool {
        request.guidance > 1.0 && self.unet.config().time_cond_proj_dim.is_none()
    }

    /// A lower bound of the memory that the denoiser needs, in bytes: the skip connections of its outermost level and the feed-forward layer of one
    /// transformer there. A request with more than the free memory must fail.
    pub fn least_memory(&self, request: &GenerateRequest) -> u64 {
        let unit = self.pixels_per_latent();
        let branches = if self.uses_negative_prompt(request) { 2 } else { 1 };
        let samples = (request.batch as u64).saturating_mul(branches);
        let pixels = (request.width / unit) as u64 * (request.height / unit) as u64;
        let config = self.unet.config();
        let kept = config.layers_per_block[0] + 1;
        // The gated feed-forward layer has 2 · 4 times the channels; activations are f32, 4 bytes.
        let per_pixel = ((kept + 8) * config.block_out_channels[0] * 4) as u64;
        samples.saturating_mul(pixels).saturating_mul(per_pixel)
    }

    /// Validates a request before any work is done.
    pub(super) fn check(&self, request: &GenerateRequest) -> Result<()> {
        check_size(self.pixels_per_latent(), request.width, request.height)?;
        if request.batch == 0 {
            return Err(Error::usage("a batch of 0 pictures was asked for").hint("ask for at least 1"));
        }
        if !request.guidance.is_finite() || request.guidance < 0.0 {
            return Err(Error::usage(format!("the guidance {} makes no sense", request.guidance)).hint("give a number from 0, such as 7.5"));
        }
        if let Some(fill) = &request.fill {
            self.check_fill(request, fill)?;
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
}

impl Pipeline {
    fn check_fill(&self, request: &GenerateRequest, fill: &Fill) -> Result<()> {
        if !self.is_inpainting() {
            return Err(Error::usage("this model cannot fill a part of a picture").hint("use a checkpoint for inpainting"));
        }
        let of = |channels: usize| [1, channels, request.height, request.width];
        if fill.picture.dims() != of(3) || fill.mask.dims() != of(1) {
            let (picture, mask) = (fill.picture.dims(), fill.mask.dims());
            return Err(Error::usage(format!(
                "the picture to fill and its mask have the shapes {picture:?} and {mask:?}, expected {:?} and {:?}",
                of(3),
                of(1)
            )));
        }
        Ok(())
    }
}

/// Fails for sizes, in pixels, that cannot be generated with `unit` pixels per latent pixel; the hint names the nearest valid sizes.
///
/// # Errors
/// `Usage` where a side is not a multiple of `unit`, or outside of the limits.
pub fn check_size(unit: usize, width: usize, height: usize) -> Result<()> {
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
    Err(Error::usage(format!("the sides of {width} × {height} are not both multiples of {unit} from {unit} to {longest}")).hint(nearest))
}
