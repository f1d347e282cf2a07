//! Gradient checkpointing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use candle_core::DType;
use dedit_nn::autograd::{Parameter, Value, backward, checkpoint, no_grad};
use dedit_nn::ops;

use crate::support::{Kind, linear, normal, numbers, weighted_sum};

type Segment = dyn Fn(&[Value]) -> candle_core::Result<Value> + Send;

/// Two segments, the second of which has a nested one; returns every gradient.
fn gradients(with_checkpoints: bool) -> Vec<Vec<f32>> {
    let (first, mut parameters) = linear(Kind::Trainable, 6, 6, DType::F32, true);
    let (second, more) = linear(Kind::Lora, 6, 6, DType::F32, true);
    parameters.extend(more);
    let (first, second) = (Arc::new(first), Arc::new(second));
    let (x, context) = (Value::leaf(normal(1, &[4, 6])), Value::leaf(normal(2, &[4, 6])));
    let run = move |inputs: &[&Value], segment: Box<Segment>| {
        if with_checkpoints { checkpoint(inputs, segment) } else { segment(&inputs.iter().map(|&value| value.clone()).collect::<Vec<_>>()) }
    };
    let layer = first.clone();
    let y = run(&[&x], Box::new(move |x| ops::activate(&layer.forward(&x[0])?, ops::Activation::Silu))).unwrap();
    let outer = move |x: &[Value]| {
        let (first, second) = (first.clone(), second.clone());
        let inner = run(&[&x[0], &x[1]], Box::new(move |x| second.forward_onto(&x[0], Some(&x[1]))))?;
        ops::add(&first.forward(&inner)?, &x[0])
    };
    let y = run(&[&y, &context], Box::new(outer)).unwrap();
    let gradients = backward(&weighted_sum(&y)).unwrap();
    let mut results: Vec<Vec<f32>> = vec![numbers(y.tensor())];
    results.extend([&x, &context].map(|leaf| numbers(gradients.of(leaf).unwrap())));
    results.extend(parameters.iter().map(|parameter| numbers(gradients.get(parameter).unwrap())));
    results
}

#[test]
fn checkpoints_change_no_bit() {
    assert_eq!(gradients(true), gradients(false));
}

#[test]
fn a_segment_may_not_use_a_differentiable_value_it_was_not_given() {
    let x = Value::leaf(normal(1, &[3]));
    let hidden = ops::scale(&x, 2.0).unwrap();
    let captured = hidden.clone();
    let y = checkpoint(&[&x], move |x| ops::add(&x[0], &captured)).unwrap();
    let error = backward(&weighted_sum(&y)).err().unwrap().to_string();
    assert!(error.contains("not among its inputs"), "{error}");
}

#[test]
fn a_segment_runs_again_only_for_a_gradient() {
    let runs = Arc::new(AtomicUsize::new(0));
    let parameter = Parameter::new(normal(1, &[3]));
    let run = |x: &Value, parameter: Option<&Parameter>| {
        let (runs, parameter) = (runs.clone(), parameter.cloned());
        checkpoint(&[x], move |x| {
            runs.fetch_add(1, Ordering::Relaxed);
            parameter.as_ref().map_or(Ok(x[0].clone()), |parameter| ops::add(&x[0], &parameter.value()))
        })
        .unwrap()
    };
    let (leaf, constant) = (Value::leaf(normal(2, &[3])), Value::constant(normal(2, &[3])));
    // Nothing to differentiate with respect to: the result is a constant.
    assert!(!run(&constant, None).requires_grad());
    assert!(!no_grad(|| run(&leaf, Some(&parameter))).requires_grad());
    parameter.set_trainable(false);
    assert!(!run(&constant, Some(&parameter)).requires_grad());
    parameter.set_trainable(true);
    assert_eq!(runs.swap(0, Ordering::Relaxed), 3);
    // A parameter inside, or an input that requires a gradient.
    for y in [run(&constant, Some(&parameter)), run(&leaf, None)] {
        backward(&weighted_sum(&y)).unwrap();
        assert_eq!(runs.load(Ordering::Relaxed) % 2, 1, "one segment has run twice, the other once or not at all");
        runs.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn the_same_input_twice_gets_both_shares() {
    let x = Value::leaf(normal(1, &[3]));
    let y = checkpoint(&[&x, &x], |x| ops::add(&x[0], &ops::scale(&x[1], 2.0)?)).unwrap();
    let gradients = backward(&weighted_sum(&y)).unwrap();
    let want = backward(&weighted_sum(&ops::scale(&x, 3.0).unwrap())).unwrap();
    let (got, want) = (numbers(gradients.of(&x).unwrap()), numbers(want.of(&x).unwrap()));
    assert!(got.iter().zip(want).all(|(got, want)| (got - want).abs() < 1e-5));
}
