//! The loss of fine-tuning: the squared error of the denoiser's prediction over the whole latent.

use candle_core::{Device, Tensor};
use dedit_diffusion::Result;
use dedit_diffusion::scheduler::{NoiseSchedule, PredictionType};
use dedit_edit::{Downsampling, Segmentation, Size};
use dedit_nn::autograd::Value;
use dedit_nn::ops;

use crate::error::from_edit;

/// Weights `[1, 1, height, width]` of latent cells that give every item the same total weight: 1 / number of the item's cells.
pub(super) fn balance(items: &Segmentation, latent: Size, downsampling: Downsampling, device: &Device) -> Result<Tensor> {
    let owners = items.on_grid(latent, downsampling).map_err(from_edit)?;
    let mut areas = vec![0u32; items.names().len()];
    for owner in &owners {
        areas[usize::from(*owner)] += 1;
    }
    let weights: Vec<f32> = owners.iter().map(|owner| 1.0 / areas[usize::from(*owner)] as f32).collect();
    Ok(Tensor::from_vec(weights, (1, 1, latent.height(), latent.width()), device)?)
}

/// The min-SNR weight of a timestep (arXiv 2303.09556): min(SNR, γ) / SNR for noise prediction, min(SNR, γ) / (SNR + 1) for velocity, min(SNR, γ) for the
/// clean latent.
pub(super) fn min_snr_weight(schedule: &NoiseSchedule, timestep: usize, gamma: f64) -> Result<f64> {
    let snr = schedule.snr(timestep)?;
    // With a schedule rescaled to zero SNR the SNR of the last timestep is 0; the limit of min(SNR, γ) / SNR there is 1.
    let share = if snr > 0.0 { snr.min(gamma) / snr } else { 1.0 };
    Ok(match schedule.prediction_type() {
        PredictionType::Epsilon => share,
        PredictionType::Velocity => snr.min(gamma) / (snr + 1.0),
        PredictionType::Sample => snr.min(gamma),
    })
}

/// The loss of a batch: the mean over the samples of `weights` times the squared error, which is a mean over the cells weighted by `balance`.
pub(super) fn loss(predicted: &Value, target: &Tensor, balance: Option<&Tensor>, weights: Option<&[f64]>) -> Result<Value> {
    let Some(weights) = weights else { return Ok(ops::mean_squared_error(predicted, target, balance)?) };
    let count = weights.len();
    let mean = weights.iter().sum::<f64>() / count as f64;
    if mean <= 0.0 {
        // All weights are 0, at timesteps of pure noise; dividing by their sum would give NaN.
        return Ok(ops::scale(&ops::mean_squared_error(predicted, target, balance)?, 0.0)?);
    }
    let narrow: Vec<f32> = weights.iter().map(|weight| *weight as f32).collect();
    let per_sample = Tensor::from_vec(narrow, (count, 1, 1, 1), target.device())?;
    let all = match balance {
        Some(balance) => per_sample.broadcast_mul(balance)?,
        None => per_sample,
    };
    // `mean_squared_error` divides by the sum of weights; times their mean this is the mean of the weighted errors.
    Ok(ops::scale(&ops::mean_squared_error(predicted, target, Some(&all))?, mean)?)
}

#[cfg(test)]
mod tests {
    use dedit_diffusion::scheduler::{SchedulerConfig, SchedulerKind};
    use dedit_nn::rng::Generator;

    use super::*;

    fn scalar(value: &Value) -> f32 {
        value.tensor().to_scalar().unwrap()
    }

    #[test]
    fn every_item_counts_alike_in_a_balanced_loss() {
        let size = Size::new(4, 2).unwrap();
        let items = Segmentation::from_labels(size, vec!["a".into(), "b".into()], vec![0, 0, 0, 1, 0, 0, 0, 0]).unwrap();
        let balance = balance(&items, size, Downsampling::AreaMajority, &Device::Cpu).unwrap();
        let error = |values: [f32; 8]| {
            let x = Value::constant(Tensor::from_vec(values.to_vec(), (1, 1, 2, 4), &Device::Cpu).unwrap());
            scalar(&loss(&x, &x.tensor().zeros_like().unwrap(), Some(&balance), None).unwrap())
        };
        // An error of 1 in the small item has the same loss as an error of 1 in all of the large one.
        let (small, large) = (error([0., 0., 0., 1., 0., 0., 0., 0.]), error([1., 1., 1., 0., 1., 1., 1., 1.]));
        assert!((small - 0.5).abs() < 1e-6 && (large - 0.5).abs() < 1e-6, "{small} {large}");
    }

    #[test]
    fn min_snr_weights_follow_their_formula() {
        for (prediction, power) in [(PredictionType::Epsilon, 0.0), (PredictionType::Velocity, 1.0)] {
            let schedule = SchedulerConfig::stable_diffusion(SchedulerKind::Ddim, prediction).noise_schedule().unwrap();
            for timestep in [0, 400, 999] {
                let snr = schedule.snr(timestep).unwrap();
                let expected = snr.min(5.0) / (snr + power);
                assert!((min_snr_weight(&schedule, timestep, 5.0).unwrap() - expected).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn timesteps_without_weight_teach_nothing() {
        let x = Value::leaf(Generator::new(1).normal((1, 1, 2, 2), &Device::Cpu).unwrap());
        let loss = loss(&x, &x.tensor().zeros_like().unwrap(), None, Some(&[0.0])).unwrap();
        assert_eq!(scalar(&loss).to_bits(), 0.0f32.to_bits());
        let gradients = dedit_nn::autograd::backward(&loss).unwrap();
        assert!(gradients.of(&x).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap().iter().all(|value| value.abs() <= 0.0));
    }

    #[test]
    fn samples_are_weighted_by_their_weights_and_not_by_their_sum() {
        let mut rng = Generator::new(3);
        let x = rng.normal((2, 1, 2, 2), &Device::Cpu).unwrap();
        let zeros = x.zeros_like().unwrap();
        let one =
            |i: usize| scalar(&loss(&Value::constant(x.narrow(0, i, 1).unwrap()), &zeros.narrow(0, i, 1).unwrap(), None, None).unwrap());
        let both = scalar(&loss(&Value::constant(x.clone()), &zeros, None, Some(&[0.5, 0.1])).unwrap());
        assert!((both - f32::midpoint(0.5 * one(0), 0.1 * one(1))).abs() < 1e-6);
    }
}
