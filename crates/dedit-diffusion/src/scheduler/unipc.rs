//! UniPC (arXiv 2302.04867): a predictor of order 1 to 3 and a corrector that uses the next step's model output.

use candle_core::Tensor;

use super::history::History;
use super::interval::Interval;
use super::keys::Keys;
use super::linear::{combine, finish, to_f32};
use super::sigmas::{Family, FinalSigma, Sigmas};
use super::timesteps::{self, Layout};
use super::{DrawNoise, NoiseLevel, NoiseSchedule, PredictionType, Scheduler, Step, check_step};
use crate::Result;

pub(super) struct UniPc {
    timesteps: Vec<f32>,
    sigmas: Sigmas,
    prediction: PredictionType,
    /// Whether the clean latent, rather than the noise, is approximated by a polynomial.
    predict_x0: bool,
    form: Form,
    order: usize,
    lower_order_final: bool,
    /// Steps without corrector.
    uncorrected: Vec<usize>,
    history: History,
    /// The sample that the last step started from, and the order of that step.
    last: Option<(Tensor, usize)>,
}

/// The function B(h) of section 3.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// "bh1": h.
    Linear,
    /// "bh2": e^h − 1.
    Exponential,
}

/// Predictor or corrector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Predict,
    Correct,
}

/// The factors of a step: of its sample, of the earlier outputs (newest first), and of the output at its end.
struct Factors {
    sample: f64,
    outputs: Vec<f64>,
    ahead: f64,
}

impl UniPc {
    pub(super) fn new(keys: &Keys, schedule: &NoiseSchedule, steps: usize) -> Result<Self> {
        keys.refuse(&["thresholding", "solver_p"])?;
        // The solver types of other classes count as "bh2", as in diffusers.
        let forms = [
            ("bh1", Form::Linear),
            ("bh2", Form::Exponential),
            ("midpoint", Form::Exponential),
            ("heun", Form::Exponential),
            ("logrho", Form::Exponential),
        ];
        let order = keys.count("solver_order", 2)?;
        if !(1..=3).contains(&order) {
            return Err(keys.unsupported("solver_order", "1 to 3"));
        }
        // A file without this key was written by diffusers 0.26 or older, which always ended at the lowest level of training.
        let end = FinalSigma::read(keys, FinalSigma::Lowest)?;
        let train = schedule.num_train_timesteps();
        let timesteps = timesteps::read(keys, Layout::Multistep { last: train }, train, steps)?;
        let sigmas = Sigmas::read(keys, schedule, timesteps, Family::UniPc, end)?;
        Ok(Self {
            timesteps: timesteps::rounded(&sigmas.timesteps),
            sigmas,
            prediction: schedule.prediction_type(),
            predict_x0: keys.flag("predict_x0", true)?,
            form: keys.choice("solver_type", &forms, Form::Exponential)?,
            order,
            lower_order_final: keys.flag("lower_order_final", true)?,
            uncorrected: keys.counts("disable_corrector")?,
            history: History::default(),
            last: None,
        })
    }

    fn interval(&self, index: usize) -> Interval {
        Interval::new(self.sigmas.sigmas[index], self.sigmas.sigmas[index + 1])
    }

    fn order_at(&self, index: usize) -> usize {
        let h = self.interval(index).h;
        // For orders above 1 the factors are infinite for a step to the level without noise, and undefined for a step of length 0.
        if h <= 0.0 || h.is_infinite() {
            return 1;
        }
        let most = if self.lower_order_final { self.order.min(self.steps() - index) } else { self.order };
        most.min(self.history.outputs().len())
    }

    /// The factors of step `index` at an order: equations 8 (corrector) and 9 (predictor).
    fn factors(&self, index: usize, order: usize, stage: Stage) -> Factors {
        let interval = self.interval(index);
        let (sample, constant) = if self.predict_x0 { interval.data_step() } else { interval.noise_step() };
        let mut factors = Factors { sample, outputs: vec![constant], ahead: 0.0 };
        if order == 1 && stage == Stage::Predict {
            return factors;
        }
        let (hh, scale) = if self.predict_x0 { (-interval.h, interval.to.signal) } else { (interval.h, interval.to.noise) };
        let b_h = if self.form == Form::Linear { hh } else { hh.exp_m1() };
        // Positions of the outputs in λ, in units of h: the earlier ones, then the one at the end of the step, at 1.
        let mut places: Vec<f64> = (1..order).map(|back| -self.lambda_behind(index, back) / interval.h).collect();
        if stage == Stage::Correct {
            places.push(1.0);
        }
        let weights = match places.as_slice() {
            [_] => vec![0.5],
            places => moment_weights(places, hh, b_h),
        };
        for (&place, weight) in places.iter().zip(weights) {
            let factor = -scale * b_h * weight / place;
            factors.outputs[0] -= factor;
            factors.outputs.push(factor);
        }
        if stage == Stage::Correct {
            factors.ahead = factors.outputs.pop().unwrap_or_default();
        }
        factors
    }

    /// The difference in λ between step `index` and the step `back` steps before it.
    fn lambda_behind(&self, index: usize, back: usize) -> f64 {
        (self.sigmas.sigmas[index - back] / self.sigmas.sigmas[index]).ln()
    }

    /// The corrected result of the last step, from the model's (converted) output at its end.
    fn corrected(&self, index: usize, sample: Tensor, output: &Tensor) -> Result<Tensor> {
        let Some((last_sample, order)) = self.last.as_ref().filter(|_| !self.history.outputs().is_empty()) else { return Ok(sample) };
        if self.uncorrected.contains(&(index - 1)) {
            return Ok(sample);
        }
        let factors = self.factors(index - 1, *order, Stage::Correct);
        let mut terms = vec![(factors.sample, last_sample)];
        terms.extend(factors.outputs.into_iter().zip(self.history.outputs()));
        terms.push((factors.ahead, output));
        combine(&terms)
    }
}

/// The weights w that make `Σ w · placeⁱ⁻¹ = i! φᵢ₊₁(h) / B(h) · hⁱ` for i = 1, 2, … (theorem 3.1).
fn moment_weights(places: &[f64], hh: f64, b_h: f64) -> Vec<f64> {
    let mut phi = hh.exp_m1() / hh - 1.0;
    let mut factorial = 1.0;
    let mut rows = Vec::new();
    for i in 1..=places.len() {
        let mut row: Vec<f64> = places.iter().map(|place| place.powi(i as i32 - 1)).collect();
        row.push(phi * factorial / b_h);
        rows.push(row);
        factorial *= (i + 1) as f64;
        phi = phi / hh - 1.0 / factorial;
    }
    solve(rows)
}

/// Gauss–Jordan elimination with pivoting; each row is an equation with its right-hand side last.
fn solve(mut rows: Vec<Vec<f64>>) -> Vec<f64> {
    let n = rows.len();
    for column in 0..n {
        let pivot = (column..n).max_by(|&a, &b| rows[a][column].abs().total_cmp(&rows[b][column].abs())).unwrap_or(column);
        rows.swap(column, pivot);
        let scale = rows[column][column];
        let pivot_row: Vec<f64> = rows[column].iter().map(|value| value / scale).collect();
        for row in &mut rows {
            let factor = row[column];
            row.iter_mut().zip(&pivot_row).for_each(|(value, pivot)| *value -= factor * pivot);
        }
        rows[column] = pivot_row;
    }
    rows.into_iter().map(|row| row[n]).collect()
}

impl Scheduler for UniPc {
    fn timesteps(&self) -> &[f32] {
        &self.timesteps
    }

    fn level(&self, index: usize) -> Result<NoiseLevel> {
        self.sigmas.preserving_level(index)
    }

    fn step(&mut self, model_output: &Tensor, index: usize, sample: &Tensor, _: &mut DrawNoise<'_>) -> Result<Step> {
        check_step(index, self.steps())?;
        let (output, x) = (to_f32(model_output)?, to_f32(sample)?);
        let level = self.level(index)?;
        let original = self.prediction.original(level, &output, &x)?;
        let converted = if self.predict_x0 { original.clone() } else { self.prediction.noise(level, &output, &x)? };
        self.history.enter(index);
        let x = self.corrected(index, x, &converted)?;
        self.history.push(converted, self.order);
        let order = self.order_at(index);
        let factors = self.factors(index, order, Stage::Predict);
        let mut terms = vec![(factors.sample, &x)];
        terms.extend(factors.outputs.into_iter().zip(self.history.outputs()));
        let prev_sample = combine(&terms)?;
        self.last = Some((x, order));
        finish(sample, &prev_sample, &original)
    }
}
