//! The noise added per training timestep (β), in float32 and with the order of operations of diffusers on PyTorch.

use super::keys::Keys;
use crate::{Error, Result};

#[derive(Debug, Clone, Copy)]
pub(super) enum BetaSchedule {
    /// β in equal steps.
    Linear,
    /// √β in equal steps, as in latent diffusion models.
    ScaledLinear,
    /// From ᾱ(t) = cos²((t + 0.008) / 1.008 · π/2), with β at most 0.999 (arXiv 2102.09672, section 3.2).
    SquaredCosine,
}

/// Values of missing keys.
pub(super) struct BetaDefaults {
    pub(super) start: f64,
    pub(super) end: f64,
    pub(super) schedule: BetaSchedule,
}

/// Reads the betas, one per training timestep.
pub(super) fn read(keys: &Keys, defaults: &BetaDefaults) -> Result<Vec<f32>> {
    let count = keys.count("num_train_timesteps", 1000)?;
    if !(1..=MAX_TIMESTEPS).contains(&count) {
        return Err(keys.unsupported("num_train_timesteps", &format!("1 to {MAX_TIMESTEPS}")));
    }
    let betas = match keys.numbers("trained_betas")? {
        Some(betas) if betas.len() == count => betas.into_iter().map(|beta| beta as f32).collect(),
        Some(betas) => {
            let message = format!("the scheduler configuration has {} trained_betas, expected num_train_timesteps = {count}", betas.len());
            return Err(Error::model(message));
        }
        None => from_keys(keys, defaults, count)?,
    };
    if keys.flag("rescale_betas_zero_snr", false)? { Ok(rescale_to_zero_snr(&betas)) } else { Ok(betas) }
}

/// Limit far above any model's, against damaged files.
const MAX_TIMESTEPS: usize = 1_000_000;

fn from_keys(keys: &Keys, defaults: &BetaDefaults, count: usize) -> Result<Vec<f32>> {
    let start = keys.number("beta_start", defaults.start)?;
    let end = keys.number("beta_end", defaults.end)?;
    let choices = [
        ("linear", BetaSchedule::Linear),
        ("scaled_linear", BetaSchedule::ScaledLinear),
        ("squaredcos_cap_v2", BetaSchedule::SquaredCosine),
    ];
    Ok(match keys.choice("beta_schedule", &choices, defaults.schedule)? {
        BetaSchedule::Linear => linspace(start, end, count),
        BetaSchedule::ScaledLinear => linspace(start.sqrt(), end.sqrt(), count).into_iter().map(|root| root * root).collect(),
        BetaSchedule::SquaredCosine => squared_cosine(count),
    })
}

/// `torch.linspace` in float32, which computes from both ends towards the middle.
fn linspace(start: f64, end: f64, count: usize) -> Vec<f32> {
    let (start, end) = (start as f32, end as f32);
    if count == 1 {
        return vec![start];
    }
    let step = (end - start) / (count - 1) as f32;
    let value = |i: usize| if i < count / 2 { start + step * i as f32 } else { end - step * (count - 1 - i) as f32 };
    (0..count).map(value).collect()
}

fn squared_cosine(count: usize) -> Vec<f32> {
    let alpha_bar = |t: f64| ((t + 0.008) / 1.008 * std::f64::consts::FRAC_PI_2).cos().powi(2);
    let at = |i: usize| alpha_bar(i as f64 / count as f64);
    (0..count).map(|i| (1.0 - at(i + 1) / at(i)).min(0.999) as f32).collect()
}

/// Shifts and scales √ᾱ so that it is zero at the last timestep (arXiv 2305.08891, algorithm 1).
fn rescale_to_zero_snr(betas: &[f32]) -> Vec<f32> {
    let roots: Vec<f32> = cumulated_alphas(betas).into_iter().map(f32::sqrt).collect();
    let (first, last) = (roots[0], roots[roots.len() - 1]);
    let scale = first / (first - last);
    let cumulated: Vec<f32> = roots.into_iter().map(|root| (root - last) * scale).map(|root| root * root).collect();
    let before = std::iter::once(1.0).chain(cumulated.iter().copied());
    before.zip(&cumulated).map(|(before, now)| 1.0 - now / before).collect()
}

/// ᾱ: the running product of 1 − β, accumulated in float64 and stored in float32, as `torch.cumprod` does on CPUs.
pub(super) fn cumulated_alphas(betas: &[f32]) -> Vec<f32> {
    let mut product = 1.0_f64;
    let mut next = |beta: &f32| {
        product *= f64::from(1.0 - beta);
        product as f32
    };
    betas.iter().map(&mut next).collect()
}
