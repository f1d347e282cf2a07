//! Properties of the graph.

use candle_core::{DType, Device, Tensor};
use dedit_nn::autograd::{Gradients, Parameter, Value, backward, no_grad};
use dedit_nn::ops;

use crate::support::{Kind, linear, normal, numbers, weighted_sum};

fn scalar(value: f32) -> Tensor {
    Tensor::new(value, &Device::Cpu).unwrap()
}

#[test]
fn a_value_used_several_times_gets_every_share() {
    // y = 3x + x + 2·(3x) = 10x
    let x = Value::leaf(scalar(5.0));
    let tripled = ops::scale(&x, 3.0).unwrap();
    let y = ops::add(&ops::add(&tripled, &x).unwrap(), &ops::scale(&tripled, 2.0).unwrap()).unwrap();
    let gradients = backward(&y).unwrap();
    assert_eq!(numbers(gradients.of(&x).unwrap()), [10.0]);
    assert!(gradients.of(&tripled).is_none(), "the gradient of an intermediate value is kept");
}

#[test]
fn a_graph_of_any_depth_fits_any_stack() {
    let work = || {
        let deep = |x: &Value| (0..100_000).fold(x.clone(), |y, _| ops::reshape(&y, &[1]).unwrap());
        let x = Value::leaf(normal(1, &[1]));
        let gradients = backward(&ops::reshape(&deep(&x), &[]).unwrap()).unwrap();
        assert_eq!(numbers(gradients.of(&x).unwrap()), [1.0]);
        // Dropped without a backward pass: a chain, and one in which every node has two parents.
        drop(deep(&x));
        drop((0..100_000).fold(x.clone(), |y, _| ops::add(&y, &y).unwrap()));
    };
    std::thread::Builder::new().stack_size(256 << 10).spawn(work).unwrap().join().unwrap();
}

#[test]
fn a_graph_serves_one_backward_pass() {
    let x = Value::leaf(scalar(1.0));
    let shared = ops::scale(&x, 2.0).unwrap();
    let (first, second) = (ops::scale(&shared, 3.0).unwrap(), ops::scale(&shared, 4.0).unwrap());
    backward(&first).unwrap();
    for again in [first, second] {
        assert!(backward(&again).err().unwrap().to_string().contains("twice"));
    }
}

#[test]
fn backward_starts_from_a_scalar_that_depends_on_something() {
    assert!(backward(&Value::leaf(normal(1, &[2]))).err().unwrap().to_string().contains("scalar"));
    assert!(backward(&Value::constant(scalar(1.0))).err().unwrap().to_string().contains("nothing trainable"));
}

#[test]
fn frozen_weights_get_no_gradient() {
    let (layer, parameters) = linear(Kind::Trainable, 3, 2, DType::F32, true);
    let x = Value::constant(normal(1, &[4, 3]));
    let gradients = backward(&weighted_sum(&layer.forward(&x).unwrap())).unwrap();
    assert!(parameters.iter().all(|parameter| gradients.get(parameter).is_some()));
    // With one of them frozen the other still gets a gradient; with both frozen nothing is recorded.
    parameters[0].set_trainable(false);
    let gradients = backward(&weighted_sum(&layer.forward(&x).unwrap())).unwrap();
    assert!(gradients.get(&parameters[0]).is_none() && gradients.get(&parameters[1]).is_some());
    parameters[1].set_trainable(false);
    assert!(!layer.forward(&x).unwrap().requires_grad());
}

#[test]
fn a_parameter_may_change_between_forward_and_backward() {
    let (layer, parameters) = linear(Kind::Trainable, 3, 2, DType::F32, true);
    let x = Value::leaf(normal(1, &[4, 3]));
    let run = |change: bool| {
        let loss = weighted_sum(&layer.forward(&x).unwrap());
        let before = parameters[0].tensor();
        if change {
            parameters[0].set(before.zeros_like().unwrap()).unwrap();
        }
        let gradients = backward(&loss).unwrap();
        parameters[0].set(before).unwrap();
        numbers(gradients.of(&x).unwrap())
    };
    assert_eq!(run(false), run(true));
}

#[test]
fn nothing_is_recorded_without_gradients() {
    let parameter = Parameter::new(normal(1, &[3]));
    let y = no_grad(|| no_grad(|| ops::scale(&parameter.value(), 2.0)).and_then(|y| ops::add(&y, &parameter.value()))).unwrap();
    assert!(!y.requires_grad());
    assert!(parameter.value().requires_grad());
    // The depth is restored when the body panics.
    let panicked = std::panic::catch_unwind(|| no_grad(|| std::panic::panic_any(0)));
    assert!(panicked.is_err() && parameter.value().requires_grad());
}

#[test]
fn gradients_of_several_passes_add_up() {
    let parameters = [Parameter::new(scalar(1.0)), Parameter::new(scalar(1.0))];
    let pass = |which: usize, factor: f64| backward(&ops::scale(&parameters[which].value(), factor).unwrap()).unwrap();
    let mut total = Gradients::default();
    for (which, factor) in [(0, 2.0), (1, 5.0), (0, 3.0)] {
        total.merge(pass(which, factor)).unwrap();
    }
    assert_eq!(parameters.map(|parameter| numbers(total.get(&parameter).unwrap())), [[5.0], [5.0]]);
}
