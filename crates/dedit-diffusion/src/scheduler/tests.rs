use candle_core::{DType, Device, Tensor};
use serde_json::{Value, json};

use super::*;
use crate::ErrorKind;

const SHAPE: (usize, usize, usize, usize) = (1, 2, 2, 3);

/// Pseudo-random values, the same in every run.
fn numbers(seed: f64) -> Tensor {
    let values: Vec<f32> = (0..12).map(|i| ((f64::from(i) + 1.0) * 12.9898 + seed * 78.233).sin() as f32 * 1.5).collect();
    Tensor::from_vec(values, SHAPE, &Device::Cpu).unwrap()
}

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn distance(a: &Tensor, b: &Tensor) -> f32 {
    values(&(a - b).unwrap().abs().unwrap())
        .into_iter()
        .fold(0.0, |worst, apart| if apart.is_nan() { f32::INFINITY } else { worst.max(apart) })
}

/// Stable Diffusion's settings with changes (`null` removes a key), for a kind.
fn config(kind: SchedulerKind, changes: Value) -> SchedulerConfig {
    let Value::Object(mut changes) = changes else { panic!("not an object") };
    let mut keys = json!({"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "clip_sample": false,
        "timestep_spacing": "leading", "steps_offset": 1});
    keys.as_object_mut().unwrap().append(&mut changes);
    let Value::Object(keys) = keys else { panic!("not an object") };
    SchedulerConfig::new("DDIMScheduler", keys).with_kind(kind)
}

/// The output of a perfect model of the given type for `sample`, whose clean latent is `latent`.
fn oracle(prediction: PredictionType, level: NoiseLevel, sample: &Tensor, latent: &Tensor) -> Tensor {
    let noise = linear::combine(&[(1.0 / level.noise, sample), (-level.signal / level.noise, latent)]).unwrap();
    let magnitude = level.magnitude();
    match prediction {
        PredictionType::Epsilon => noise,
        PredictionType::Sample => latent.clone(),
        PredictionType::Velocity => linear::combine(&[(level.signal / magnitude, &noise), (-level.noise / magnitude, latent)]).unwrap(),
    }
}

/// The steps from noise to `latent` with a perfect model.
fn run(config: &SchedulerConfig, steps: usize, latent: &Tensor) -> Vec<Step> {
    let mut scheduler = config.build(steps).unwrap();
    let prediction = config.prediction_type().unwrap();
    let mut sample = (numbers(1.0) * scheduler.init_noise_sigma()).unwrap();
    let mut draws = 10.0;
    let mut noise = |_: &[usize]| {
        draws += 1.0;
        Ok(numbers(draws))
    };
    let mut out = Vec::new();
    for index in 0..steps {
        let output = oracle(prediction, scheduler.level(index).unwrap(), &sample, latent);
        let step = scheduler.step(&output, index, &sample, &mut noise).unwrap();
        sample = step.prev_sample.clone();
        out.push(step);
    }
    out
}

#[test]
fn timesteps_are_those_of_each_spacing() {
    use SchedulerKind::{Ddim, DpmPlusPlus2M, Euler, Lcm, UniPc};
    let cases: [(SchedulerKind, &str, usize, &[f32]); 13] = [
        (Ddim, "leading", 4, &[751.0, 501.0, 251.0, 1.0]),
        (Ddim, "leading", 3, &[667.0, 334.0, 1.0]),
        (Ddim, "linspace", 4, &[999.0, 666.0, 333.0, 0.0]),
        (Ddim, "linspace", 3, &[999.0, 500.0, 0.0]),
        (Ddim, "trailing", 4, &[999.0, 749.0, 499.0, 249.0]),
        // 937.5 and 812.5 are rounded to even, with numpy's order of operations.
        (Ddim, "trailing", 16, &[999., 937., 874., 811., 749., 687., 624., 561., 499., 437., 374., 311., 249., 187., 124., 61.]),
        (Euler, "linspace", 5, &[999.0, 749.25, 499.5, 249.75, 0.0]),
        (Euler, "leading", 1, &[1.0]),
        (DpmPlusPlus2M, "linspace", 4, &[999.0, 749.0, 500.0, 250.0]),
        (DpmPlusPlus2M, "leading", 3, &[751.0, 501.0, 251.0]),
        (UniPc, "trailing", 3, &[999.0, 666.0, 332.0]),
        (Lcm, "leading", 4, &[999.0, 759.0, 499.0, 259.0]),
        (Lcm, "leading", 1, &[999.0]),
    ];
    for (kind, spacing, steps, expected) in cases {
        let scheduler = config(kind, json!({"timestep_spacing": spacing})).build(steps).unwrap();
        assert_eq!(scheduler.timesteps(), expected, "{kind} {spacing} {steps}");
        assert_eq!(scheduler.steps(), steps);
    }
}

#[test]
fn noise_falls_to_the_clean_level() {
    for kind in SchedulerKind::ALL {
        let scheduler = config(kind, json!({"timestep_spacing": "trailing"})).build(9).unwrap();
        let ratio = |index: usize| scheduler.level(index).map(|level| level.noise / level.signal).unwrap();
        assert!((0..9).all(|index| ratio(index) > ratio(index + 1)), "{kind}");
        assert_eq!(scheduler.level(9).unwrap(), NoiseLevel::CLEAN);
        assert_eq!(scheduler.level(10).unwrap_err().kind(), ErrorKind::Usage);
        let (latent, noise) = (numbers(0.0), numbers(1.0));
        assert_eq!(values(&scheduler.add_noise(&latent, &noise, 9).unwrap()), values(&latent), "{kind}");
        let level = scheduler.level(3).unwrap();
        let expected = ((&latent * level.signal).unwrap() + (&noise * level.noise).unwrap()).unwrap();
        assert!(distance(&scheduler.add_noise(&latent, &noise, 3).unwrap(), &expected) < 1e-5, "{kind}");
    }
}

#[test]
fn a_perfect_model_finds_the_latent_whatever_it_predicts() {
    let latent = numbers(0.0);
    for kind in SchedulerKind::ALL {
        let start = config(kind, json!({}));
        let expected = run(&start, 6, &latent);
        for prediction in [PredictionType::Epsilon, PredictionType::Sample, PredictionType::Velocity] {
            let steps = run(&start.with_prediction_type(prediction), 6, &latent);
            for (index, (step, expected)) in steps.iter().zip(&expected).enumerate() {
                // The oracle divides by the noise level in float32.
                assert!(distance(&step.prev_sample, &expected.prev_sample) < 1e-4, "{kind} {prediction:?} step {index}");
                // LCM's includes the boundary condition, which is 1e-9 at these timesteps.
                assert!(distance(&step.pred_original_sample, &latent) < 1e-4, "{kind} {prediction:?} step {index}");
            }
            assert!(distance(&steps[5].prev_sample, &latent) < 1e-4, "{kind} {prediction:?} does not end at the latent");
        }
    }
}

#[test]
fn euler_ddim_and_order_1_solvers_are_one_method() {
    // 8 divides 1000, so that all use the same levels. With a latent that changes between steps the result depends on the path.
    let changes = json!({"timestep_spacing": "trailing", "solver_order": 1, "algorithm_type": "dpmsolver++", "disable_corrector": [0, 1, 2, 3, 4, 5, 6, 7]});
    let path = |kind: SchedulerKind, class: &str| -> Vec<Tensor> {
        let mut base = json!({"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "clip_sample": false,
            "final_sigmas_type": "zero"});
        base.as_object_mut().unwrap().append(&mut changes.clone().as_object_mut().unwrap().clone());
        let config = SchedulerConfig::new(class, base.as_object().unwrap().clone());
        assert_eq!(config.kind(), Some(kind));
        let mut scheduler = config.build(8).unwrap();
        let mut sample = scheduler.add_noise(&numbers(0.0), &numbers(1.0), 0).unwrap();
        let mut path = Vec::new();
        for index in 0..8 {
            let magnitude = scheduler.level(index).unwrap().magnitude();
            let output = (&sample / magnitude).unwrap().sin().unwrap();
            sample = scheduler.step(&output, index, &sample, &mut |_| panic!("drew noise")).unwrap().prev_sample;
            path.push((&sample / scheduler.level(index + 1).unwrap().magnitude()).unwrap());
        }
        path
    };
    let expected = path(SchedulerKind::Ddim, "DDIMScheduler");
    for (kind, class) in [
        (SchedulerKind::Euler, "EulerDiscreteScheduler"),
        (SchedulerKind::DpmPlusPlus2M, "DPMSolverMultistepScheduler"),
        (SchedulerKind::UniPc, "UniPCMultistepScheduler"),
    ] {
        for (index, (ours, expected)) in path(kind, class).iter().zip(&expected).enumerate() {
            // Euler's samples reach 20; scaling them down keeps their rounding error.
            assert!(distance(ours, expected) < 2e-5, "{kind} step {index}: {}", distance(ours, expected));
        }
    }
}

#[test]
fn zero_signal_makes_no_nan() {
    for kind in SchedulerKind::ALL {
        // Numbers of steps that divide 1000: otherwise DDIM's steps do not end exactly at the next level.
        for steps in [1, 2, 5] {
            let zero_snr = json!({"rescale_betas_zero_snr": true, "timestep_spacing": "trailing", "prediction_type": "v_prediction"});
            let config = config(kind, zero_snr);
            assert!(config.noise_schedule().unwrap().snr(999).unwrap() <= 0.0);
            let latent = numbers(0.0);
            let end = run(&config, steps, &latent).pop().unwrap();
            // Euler starts from σ = 4096, where the rounding error of float32 is 2e-4.
            assert!(distance(&end.prev_sample, &latent) < 2e-3, "{kind} {steps}: {}", distance(&end.prev_sample, &latent));
        }
    }
    let blind = config(SchedulerKind::Ddim, json!({"rescale_betas_zero_snr": true, "timestep_spacing": "trailing"}));
    assert!(blind.build(5).err().unwrap().message().contains("all noise"));
}

#[test]
fn solvers_start_afresh_where_a_step_does_not_follow() {
    for kind in [SchedulerKind::DpmPlusPlus2M, SchedulerKind::UniPc] {
        let build = || config(kind, json!({})).build(10).unwrap();
        let from = |scheduler: &mut dyn Scheduler, first: usize| {
            let mut sample = scheduler.add_noise(&numbers(0.0), &numbers(1.0), first).unwrap();
            for index in first..10 {
                sample = scheduler.step(&sample.sin().unwrap(), index, &sample, &mut |_| panic!("drew noise")).unwrap().prev_sample;
            }
            sample
        };
        let (mut fresh, mut used) = (build(), build());
        let expected = from(fresh.as_mut(), 4);
        from(used.as_mut(), 0);
        assert_eq!(values(&from(used.as_mut(), 4)), values(&expected), "{kind}");
    }
}

#[test]
fn half_precision_comes_back_as_it_came() {
    for kind in SchedulerKind::ALL {
        let mut scheduler = config(kind, json!({})).build(4).unwrap();
        let half = numbers(0.0).to_dtype(DType::BF16).unwrap();
        let step = scheduler.step(&half, 0, &half, &mut |_| Ok(numbers(2.0))).unwrap();
        assert_eq!((step.prev_sample.dtype(), step.pred_original_sample.dtype()), (DType::BF16, DType::BF16), "{kind}");
        assert_eq!(scheduler.scale_model_input(&half, 0).unwrap().dtype(), DType::BF16, "{kind}");
    }
}

#[test]
fn a_picture_is_redone_from_its_strength() {
    for (steps, strength, expected) in [(20, 1.0, 0), (20, 0.0, 20), (20, 0.75, 5), (10, 0.29, 8), (1, 0.5, 1)] {
        assert_eq!(first_step(steps, strength).unwrap(), expected, "{steps} {strength}");
    }
    for strength in [-0.1, 1.1, f64::NAN] {
        assert_eq!(first_step(20, strength).unwrap_err().kind(), ErrorKind::Usage);
    }
}
