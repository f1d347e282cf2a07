//! DPM-Solver++ (arXiv 2211.01095), its stochastic form, and DPM-Solver (arXiv 2206.00927); multistep, orders 1 to 3.

use candle_core::Tensor;

use super::history::History;
use super::interval::Interval;
use super::keys::Keys;
use super::linear::{combine, finish, to_f32};
use super::sigmas::{Family, FinalSigma, Sigmas};
use super::timesteps::{self, Layout};
use super::{DrawNoise, NoiseLevel, NoiseSchedule, PredictionType, Scheduler, Step, check_step};
use crate::Result;

pub(super) struct DpmSolver {
    timesteps: Vec<f32>,
    sigmas: Sigmas,
    prediction: PredictionType,
    algorithm: Algorithm,
    order: usize,
    heun: bool,
    ending: Ending,
    history: History,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    /// "dpmsolver++": the clean latent is approximated by a polynomial.
    Data,
    /// "sde-dpmsolver++": as `Data`, with new noise at every step.
    DataStochastic,
    /// "dpmsolver": the noise is approximated by a polynomial.
    Noise,
}

/// Which of the last steps have a lower order, for stability.
#[derive(Debug, Clone, Copy)]
struct Ending {
    /// The last step is of order 1.
    first_order_last: bool,
    /// The step before it is of order 2 at most.
    second_order_before: bool,
}

impl DpmSolver {
    pub(super) fn new(keys: &Keys, schedule: &NoiseSchedule, steps: usize) -> Result<Self> {
        // A learned variance doubles the model's channels. The fixed variances of DDPM have no effect here.
        if keys.text("variance_type")?.is_some_and(|name| name.starts_with("learned")) {
            return Err(keys.unsupported("variance_type", "a fixed one or none"));
        }
        keys.refuse(&["thresholding"])?;
        let algorithms = [
            ("dpmsolver++", Algorithm::Data),
            ("deis", Algorithm::Data),
            ("sde-dpmsolver++", Algorithm::DataStochastic),
            ("dpmsolver", Algorithm::Noise),
        ];
        let algorithm = keys.choice("algorithm_type", &algorithms, Algorithm::Data)?;
        // The solver types of other classes count as "midpoint", as in diffusers.
        let types = [("midpoint", false), ("logrho", false), ("bh1", false), ("bh2", false), ("heun", true)];
        let order = keys.count("solver_order", 2)?;
        if !(1..=3).contains(&order) {
            return Err(keys.unsupported("solver_order", "1 to 3"));
        }
        let end = FinalSigma::read(keys, FinalSigma::Zero)?;
        if algorithm == Algorithm::Noise && end == FinalSigma::Zero {
            return Err(keys.unsupported("final_sigmas_type", "\"sigma_min\" with algorithm_type \"dpmsolver\""));
        }
        let last = last_timestep(keys, schedule)?;
        let timesteps = timesteps::read(keys, Layout::Multistep { last }, schedule.num_train_timesteps(), steps)?;
        let sigmas = Sigmas::read(keys, schedule, timesteps, Family::DpmSolver, end)?;
        let few = keys.flag("lower_order_final", true)? && sigmas.timesteps.len() < 15;
        let ending =
            Ending { first_order_last: few || end == FinalSigma::Zero || keys.flag("euler_at_final", false)?, second_order_before: few };
        Ok(Self {
            timesteps: timesteps::rounded(&sigmas.timesteps),
            sigmas,
            prediction: schedule.prediction_type(),
            algorithm,
            order,
            heun: keys.choice("solver_type", &types, false)?,
            ending,
            history: History::default(),
        })
    }

    fn interval(&self, index: usize) -> Interval {
        Interval::new(self.sigmas.sigmas[index], self.sigmas.sigmas[index + 1])
    }

    fn order_at(&self, index: usize, h: f64) -> usize {
        let order = self.order.min(self.history.outputs().len());
        let left = self.steps() - 1 - index;
        if (left == 0 && self.ending.first_order_last) || h <= 0.0 {
            1
        } else if left == 1 && self.ending.second_order_before {
            order.min(2)
        } else {
            order
        }
    }

    /// The factors of the latest outputs, newest first, for order 2 or 3: a polynomial in λ through them.
    fn output_factors(&self, index: usize, order: usize, weights: Weights) -> Vec<f64> {
        let Weights { constant, .. } = weights;
        let h = self.interval(index).h;
        let r0 = self.interval(index - 1).h / h;
        if order == 2 {
            let slope = if self.heun { weights.slope } else { 0.5 * constant } / r0;
            return vec![constant + slope, -slope];
        }
        let r1 = self.interval(index - 2).h / h;
        // D₁ = (1 + r₀/(r₀+r₁)) d₀ − r₀/(r₀+r₁) d₁ and D₂ = (d₀ − d₁)/(r₀+r₁), with d₀ = (m₀ − m₁)/r₀ and d₁ = (m₁ − m₂)/r₁.
        let share = 1.0 / (r0 + r1);
        let d0 = (weights.slope * (1.0 + r0 * share) + weights.curvature * share) / r0;
        let d1 = -(weights.slope * r0 * share + weights.curvature * share) / r1;
        vec![constant + d0, d1 - d0, -d1]
    }
}

/// The factors of a step's terms, before the interpolation of the outputs.
#[derive(Debug, Clone, Copy)]
struct Weights {
    sample: f64,
    constant: f64,
    slope: f64,
    curvature: f64,
    noise: f64,
}

impl Algorithm {
    fn weights(self, interval: &Interval) -> Weights {
        let Interval { to, h, .. } = *interval;
        match self {
            Self::Data => {
                let (sample, constant) = interval.data_step();
                let decay = (-h).exp_m1();
                let slope = to.signal * (decay / h + 1.0);
                Weights { sample, constant, slope, curvature: -to.signal * ((decay + h) / (h * h) - 0.5), noise: 0.0 }
            }
            Self::DataStochastic => {
                let decay = (-2.0 * h).exp_m1();
                Weights {
                    sample: to.noise / interval.from.noise * (-h).exp(),
                    constant: -to.signal * decay,
                    slope: to.signal * (decay / (2.0 * h) + 1.0),
                    curvature: to.signal * ((-decay - 2.0 * h) / (4.0 * h * h) - 0.5),
                    noise: to.noise * (-decay).sqrt(),
                }
            }
            Self::Noise => {
                let (sample, constant) = interval.noise_step();
                let growth = h.exp_m1();
                let slope = -to.noise * (growth / h - 1.0);
                Weights { sample, constant, slope, curvature: -to.noise * ((growth - h) / (h * h) - 0.5), noise: 0.0 }
            }
        }
    }
}

/// One above the highest timestep: `lambda_min_clipped` is the smallest λ = ln(signal / noise) that is used.
fn last_timestep(keys: &Keys, schedule: &NoiseSchedule) -> Result<usize> {
    let lowest = keys.number("lambda_min_clipped", f64::NEG_INFINITY)?;
    let lambda = |alpha: &f32| (f64::from(*alpha) / (1.0 - f64::from(*alpha))).ln() / 2.0;
    let last = schedule.floored_alphas().iter().filter(|alpha| lambda(alpha) >= lowest).count();
    if last == 0 { Err(keys.unsupported("lambda_min_clipped", "a number that leaves timesteps of training above it")) } else { Ok(last) }
}

impl Scheduler for DpmSolver {
    fn timesteps(&self) -> &[f32] {
        &self.timesteps
    }

    fn level(&self, index: usize) -> Result<NoiseLevel> {
        self.sigmas.preserving_level(index)
    }

    fn step(&mut self, model_output: &Tensor, index: usize, sample: &Tensor, noise: &mut DrawNoise<'_>) -> Result<Step> {
        check_step(index, self.steps())?;
        let (output, x) = (to_f32(model_output)?, to_f32(sample)?);
        let interval = self.interval(index);
        let original = self.prediction.original(interval.from, &output, &x)?;
        self.history.enter(index);
        let converted = match self.algorithm {
            Algorithm::Data | Algorithm::DataStochastic => original.clone(),
            Algorithm::Noise => self.prediction.noise(interval.from, &output, &x)?,
        };
        self.history.push(converted, self.order);
        let weights = self.algorithm.weights(&interval);
        let order = self.order_at(index, interval.h);
        let factors = if order == 1 { vec![weights.constant] } else { self.output_factors(index, order, weights) };
        let drawn = match self.algorithm {
            Algorithm::DataStochastic => Some(to_f32(&noise(sample.dims())?)?),
            Algorithm::Data | Algorithm::Noise => None,
        };
        let mut terms = vec![(weights.sample, &x)];
        terms.extend(factors.into_iter().zip(self.history.outputs()));
        terms.extend(drawn.iter().map(|drawn| (weights.noise, drawn)));
        finish(sample, &combine(&terms)?, &original)
    }
}
