use candle_core::{Device, Tensor};
use serde_json::{Value, json};

use super::*;
use crate::ErrorKind;

fn config(class: &str, keys: Value) -> SchedulerConfig {
    let Value::Object(keys) = keys else { panic!("not an object") };
    SchedulerConfig::new(class, keys)
}

#[test]
fn unsupported_values_are_named() {
    let cases = [
        ("DDIMScheduler", "beta_schedule", json!("sigmoid"), "one of linear, scaled_linear, squaredcos_cap_v2"),
        ("DDIMScheduler", "beta_start", json!("small"), "a number"),
        ("DDIMScheduler", "prediction_type", json!("flow_prediction"), "one of epsilon, sample"),
        ("DDIMScheduler", "timestep_spacing", json!("log"), "one of leading, linspace, trailing"),
        ("DDIMScheduler", "thresholding", json!(true), "false"),
        ("DDIMScheduler", "clip_sample", json!("yes"), "true or false"),
        ("DDIMScheduler", "num_train_timesteps", json!(0), "1 to"),
        ("DDIMScheduler", "steps_offset", json!(-1), "a whole number"),
        ("DDPMScheduler", "variance_type", json!("learned_range"), "one of fixed_small"),
        ("EulerDiscreteScheduler", "interpolation_type", json!("log_linear"), "\"linear\""),
        ("EulerDiscreteScheduler", "final_sigmas_type", json!("one"), "one of zero, sigma_min"),
        ("EulerDiscreteScheduler", "use_beta_sigmas", json!(true), "false"),
        ("DPMSolverMultistepScheduler", "algorithm_type", json!("sde-dpmsolver"), "one of dpmsolver++"),
        ("DPMSolverMultistepScheduler", "solver_order", json!(4), "1 to 3"),
        ("DPMSolverMultistepScheduler", "solver_type", json!("rk4"), "one of midpoint"),
        ("DPMSolverMultistepScheduler", "variance_type", json!("learned"), "a fixed one"),
        ("DPMSolverMultistepScheduler", "use_lu_lambdas", json!(true), "false"),
        ("UniPCMultistepScheduler", "solver_order", json!(0), "1 to 3"),
        ("UniPCMultistepScheduler", "solver_p", json!({"a": 1}), "false"),
        ("UniPCMultistepScheduler", "disable_corrector", json!("all"), "a list of whole numbers"),
        ("LCMScheduler", "original_inference_steps", json!(2000), "1 to 1000"),
    ];
    for (class, key, value, expected) in cases {
        let error = config(class, json!({key: value.clone()})).build(4).err().unwrap_or_else(|| panic!("{class} takes {key} = {value}"));
        let named = format!("{key} = {value}, expected {expected}");
        assert!(error.message().contains(&named) && error.kind() == ErrorKind::Model, "'{error}' does not say '{named}'");
    }
}

#[test]
fn betas_must_make_a_schedule() {
    let cases = [
        (json!({"trained_betas": [0.1, 0.2]}), "2 trained_betas, expected num_train_timesteps = 1000"),
        (json!({"trained_betas": [0.1, -0.2], "num_train_timesteps": 2}), "timestep 1"),
        (json!({"trained_betas": [0.1, 1.0, 0.1], "num_train_timesteps": 3}), "timestep 2"),
        (json!({"trained_betas": [0.1, 0.0], "num_train_timesteps": 2}), "timestep 1"),
        (json!({"beta_start": 0.0}), "timestep 0"),
        (json!({"beta_end": 0.9}), "timestep"),
        (json!({"trained_betas": ["a"], "num_train_timesteps": 1}), "trained_betas is no list of numbers"),
    ];
    for (keys, expected) in cases {
        let error = config("DDIMScheduler", keys.clone()).build(1).err().unwrap_or_else(|| panic!("{keys} is taken"));
        assert!(error.message().contains(expected), "{keys}: {error}");
    }
}

#[test]
fn steps_must_fit() {
    let cases = [
        ("DDIMScheduler", json!({}), 0, ErrorKind::Usage, "0 steps"),
        ("EulerDiscreteScheduler", json!({}), 1001, ErrorKind::Usage, "1001 steps are more than the 1000"),
        ("LCMScheduler", json!({}), 51, ErrorKind::Usage, "51 steps are more than the 50"),
        ("DPMSolverMultistepScheduler", json!({"timestep_spacing": "leading"}), 1000, ErrorKind::Usage, "one noise level"),
        ("DDIMScheduler", json!({"steps_offset": 1}), 1000, ErrorKind::Model, "no timestep 1000"),
        ("DPMSolverMultistepScheduler", json!({"lambda_min_clipped": 100}), 5, ErrorKind::Model, "lambda_min_clipped"),
    ];
    for (class, keys, steps, kind, expected) in cases {
        let error = config(class, keys).build(steps).err().unwrap_or_else(|| panic!("{class} takes {steps} steps"));
        assert!(error.kind() == kind && error.message().contains(expected), "{class} {steps}: {error}");
    }
}

#[test]
fn files_are_read_as_python_writes_them() {
    let text = r#"{"_class_name": "DPMSolverMultistepScheduler", "lambda_min_clipped": -Infinity, "note": "NaN \"-Infinity\"", "trained_betas": null}"#;
    let config = SchedulerConfig::from_json(text).unwrap();
    assert_eq!(config.kind(), Some(SchedulerKind::DpmPlusPlus2M));
    assert_eq!(config.build(3).unwrap().timesteps(), [999.0, 666.0, 333.0]);
    for (text, expected) in
        [("", "no JSON object"), ("[1]", "no JSON object"), ("{}", "_class_name"), ("{\"_class_name\": 3}", "a text"), ("\\é", "JSON")]
    {
        let error = SchedulerConfig::from_json(text).unwrap_err();
        assert!(error.message().contains(expected) && error.kind() == ErrorKind::Model, "{text}: {error}");
    }
}

#[test]
fn one_file_serves_every_kind() {
    // The settings of Stable Diffusion 1.5.
    let pndm = config("PNDMScheduler", json!({"beta_start": 0.00085, "skip_prk_steps": true, "solver_order": 3, "solver_type": "bh1"}));
    assert_eq!(pndm.kind(), None);
    let error = pndm.build(4).err().unwrap();
    assert!(error.message().contains("PNDMScheduler") && error.hint_text().unwrap().contains("dpmpp-2m-karras"), "{error}");
    for kind in SchedulerKind::ALL {
        let config = pndm.with_kind(kind);
        assert_eq!((config.kind(), config.class_name()), (Some(kind), kind.class_name()));
        assert_eq!(config.build(4).unwrap().steps(), 4);
        assert_eq!(kind.name().parse::<SchedulerKind>().unwrap(), kind);
    }
    let error = "dpm".parse::<SchedulerKind>().unwrap_err();
    assert!(error.kind() == ErrorKind::Usage && error.hint_text().unwrap().contains("unipc, lcm"), "{error}");
}

#[test]
fn unipc_ends_where_its_file_means() {
    let ends = |config: &SchedulerConfig| {
        let mut scheduler = config.build(1).unwrap();
        let x = Tensor::new(&[1.0_f32], &Device::Cpu).unwrap();
        scheduler.step(&x.zeros_like().unwrap(), 0, &x, &mut |_| panic!("drew noise")).unwrap().prev_sample.to_vec1::<f32>().unwrap()
    };
    // With a predicted noise of zero a step multiplies by the ratio of signals: smaller by √0.9999 where the end is the lowest level of training.
    let clean = ends(&config("UniPCMultistepScheduler", json!({"final_sigmas_type": "zero"})));
    let lowest = ends(&config("UniPCMultistepScheduler", json!({})));
    assert!((lowest[0] / clean[0] - 0.9999_f32.sqrt()).abs() < 1e-6);
    assert_eq!(ends(&config("DDIMScheduler", json!({})).with_kind(SchedulerKind::UniPc)), clean);
}

#[test]
fn training_noises_as_pytorch_does() {
    let latent_space = json!({"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"});
    let cosine = json!({"beta_schedule": "squaredcos_cap_v2"});
    let mut zero_snr = latent_space.clone();
    zero_snr["rescale_betas_zero_snr"] = json!(true);
    // Values of diffusers 0.42 on PyTorch 2.15.
    let cases = [
        (latent_space, [0.999_149_98, 0.998_296_02, 0.277_669_43, 0.276_332_47, 0.004_716_695_8, 0.004_660_095]),
        (zero_snr, [0.999_149_98, 0.998_233_5, 0.242_359, 0.241_018_64, 1.967_963_4e-7, 0.0]),
        (json!({}), [0.999_899_98, 0.999_780_06, 0.078_587_234, 0.077_796_653, 4.118_194_2e-5, 4.035_830_4e-5]),
        (cosine, [0.999_958_7, 0.999_912_56, 0.493_843_47, 0.492_285_04, 2.428_766_3e-6, 2.428_735e-9]),
    ];
    for (keys, expected) in cases {
        let schedule = config("DDPMScheduler", keys.clone()).noise_schedule().unwrap();
        for (t, expected) in [0, 1, 499, 500, 998, 999].into_iter().zip(expected) {
            let ours = f64::from(schedule.alphas_cumprod()[t]);
            // A few units in the last place; rescaling takes the difference of two nearly equal roots at timestep 998.
            let tolerance = if t == 998 { 5e-5 } else { 5e-7 };
            assert!((ours - expected).abs() <= tolerance * expected, "{keys} at {t}: {ours}, expected {expected}");
        }
    }
}

#[test]
fn targets_undo_the_noise() {
    let latent = Tensor::new(&[[0.5_f32, -1.0], [2.0, 0.25], [1.0, 3.0]], &Device::Cpu).unwrap();
    let noise = Tensor::new(&[[1.0_f32, 0.3], [-0.7, 0.1], [0.2, -1.2]], &Device::Cpu).unwrap();
    let timesteps = [0, 400, 999];
    for prediction in [PredictionType::Epsilon, PredictionType::Sample, PredictionType::Velocity] {
        let config = SchedulerConfig::stable_diffusion(SchedulerKind::Ddpm, prediction);
        let schedule = config.noise_schedule().unwrap();
        let noised = schedule.add_noise(&latent, &noise, &timesteps).unwrap();
        let target = schedule.target(&latent, &noise, &timesteps).unwrap();
        for (row, &t) in timesteps.iter().enumerate() {
            let level = schedule.level(t).unwrap();
            assert!(((level.signal / level.noise).powi(2) / schedule.snr(t).unwrap() - 1.0).abs() < 1e-12);
            let original = prediction.original(level, &target.get(row).unwrap(), &noised.get(row).unwrap()).unwrap();
            let apart = (original - latent.get(row).unwrap()).unwrap().abs().unwrap().max(0).unwrap().to_scalar::<f32>().unwrap();
            // At timestep 999 the noise is 15 times the signal.
            assert!(apart < 1e-5, "{prediction:?} at {t}: {apart}");
        }
        assert_eq!(schedule.add_noise(&latent, &noise, &[1]).unwrap_err().kind(), ErrorKind::Usage);
        assert_eq!(schedule.add_noise(&latent, &noise, &[1, 2, 1000]).unwrap_err().kind(), ErrorKind::Usage);
    }
}
