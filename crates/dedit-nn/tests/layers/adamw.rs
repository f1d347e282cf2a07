//! The optimiser compared with its formula.

use candle_core::{Device, Tensor};
use dedit_nn::adamw::{AdamW, AdamWOptions};
use dedit_nn::autograd::{Gradients, Parameter, backward};
use dedit_nn::with_reference;

use crate::support::{normal, numbers, weighted_sum};

/// Gradients of a squared error whose target changes with every step.
fn gradients(parameters: &[(String, Parameter)], step: u64) -> Gradients {
    let mut total = Gradients::default();
    for (i, (_, parameter)) in parameters.iter().enumerate() {
        let target = normal(100 * step + i as u64, parameter.tensor().dims());
        let loss = dedit_nn::ops::mean_squared_error(&parameter.value(), &target, None).unwrap();
        total.merge(backward(&weighted_sum(&loss)).unwrap()).unwrap();
    }
    total
}

fn parameters() -> Vec<(String, Parameter)> {
    [("a", vec![3, 5]), ("b", vec![40_000])].map(|(name, dims)| (name.to_owned(), Parameter::new(normal(7, &dims)))).to_vec()
}

const OPTIONS: [AdamWOptions; 2] = [
    AdamWOptions { rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.01 },
    AdamWOptions { rate: 0.1, beta1: 0.5, beta2: 0.9, epsilon: 1e-3, weight_decay: 0.5 },
];

#[test]
fn steps_follow_the_formula() {
    for options in OPTIONS {
        for reference in [false, true] {
            let parameters = parameters();
            let mut optimiser = AdamW::new(parameters.clone(), options).unwrap();
            let start: Vec<f64> = parameters.iter().flat_map(|(_, p)| numbers(&p.tensor())).map(f64::from).collect();
            let (mut want, mut first, mut second) = (start.clone(), vec![0.0; start.len()], vec![0.0; start.len()]);
            for step in 1..=5 {
                let gradients = gradients(&parameters, step);
                let g: Vec<f64> = parameters.iter().flat_map(|(_, p)| numbers(gradients.get(p).unwrap())).map(f64::from).collect();
                let AdamWOptions { rate, beta1, beta2, epsilon, weight_decay } = options;
                for i in 0..want.len() {
                    first[i] = beta1 * first[i] + (1.0 - beta1) * g[i];
                    second[i] = beta2 * second[i] + (1.0 - beta2) * g[i] * g[i];
                    let (m, v) = (first[i] / (1.0 - beta1.powf(step as f64)), second[i] / (1.0 - beta2.powf(step as f64)));
                    want[i] -= rate * weight_decay * want[i] + rate * m / (v.sqrt() + epsilon);
                }
                if reference { with_reference(|| optimiser.step(&gradients)) } else { optimiser.step(&gradients) }.unwrap();
            }
            let got = parameters.iter().flat_map(|(_, p)| numbers(&p.tensor()));
            for ((got, want), start) in got.zip(&want).zip(&start) {
                // Relative to the distance from the start: f32 rounding of the moments, and of the weight itself in each of five steps.
                let tolerance = 5e-6 * (want - start).abs() + 5.0 * 6e-8 * (1.0 + want.abs());
                assert!((f64::from(got) - want).abs() <= tolerance, "{got}, not {want} (reference {reference})");
            }
        }
    }
}

#[test]
fn a_restored_optimiser_goes_on_to_the_bit() {
    let run = |stop: Option<u64>| {
        let parameters = parameters();
        let mut optimiser = AdamW::new(parameters.clone(), OPTIONS[0]).unwrap();
        for step in 1..=6 {
            optimiser.step(&gradients(&parameters, step)).unwrap();
            if stop == Some(step) {
                let (steps, moments) = optimiser.state();
                optimiser = AdamW::new(parameters.clone(), OPTIONS[0]).unwrap();
                optimiser.restore(steps, &moments).unwrap();
            }
        }
        assert_eq!(optimiser.steps(), 6);
        parameters.iter().flat_map(|(_, p)| numbers(&p.tensor())).collect::<Vec<_>>()
    };
    assert_eq!(run(None), run(Some(3)));
}

#[test]
fn a_parameter_without_a_gradient_stays() {
    let parameters = parameters();
    let mut optimiser = AdamW::new(parameters.clone(), OPTIONS[1]).unwrap();
    let (before, other) = (numbers(&parameters[1].1.tensor()), numbers(&parameters[0].1.tensor()));
    optimiser.step(&gradients(&parameters[..1], 1)).unwrap();
    assert_eq!(numbers(&parameters[1].1.tensor()), before);
    assert_ne!(numbers(&parameters[0].1.tensor()), other);
}

#[test]
fn a_saved_state_that_does_not_fit_changes_nothing() {
    let parameters = parameters();
    let mut optimiser = AdamW::new(parameters.clone(), OPTIONS[0]).unwrap();
    optimiser.step(&gradients(&parameters, 1)).unwrap();
    let (steps, whole) = optimiser.state();
    let mut missing = whole.clone();
    missing.remove("b.second");
    let mut misshapen = whole.clone();
    misshapen.insert("a.first".to_owned(), Tensor::zeros(15, candle_core::DType::F32, &Device::Cpu).unwrap());
    for (state, part) in [(missing, "b.second is missing"), (misshapen, "a.first is [15], not [3, 5]")] {
        let error = optimiser.restore(9, &state).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    let (after, moments) = optimiser.state();
    assert_eq!(after, steps);
    for (name, tensor) in &moments {
        assert_eq!(numbers(tensor), numbers(&whole[name]));
    }
    // Two parameters of the same name would share their saved moments.
    let twice = vec![("a".to_owned(), parameters[0].1.clone()), ("a".to_owned(), parameters[1].1.clone())];
    assert!(AdamW::new(twice, OPTIONS[0]).unwrap_err().to_string().contains("named a"));
}
