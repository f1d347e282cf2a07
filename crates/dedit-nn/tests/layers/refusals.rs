//! Shapes that do not match are an error with one sentence; empty inputs give empty results.

use candle_core::{DType, Device, Result, Tensor};
use dedit_nn::autograd::Value;
use dedit_nn::layers::{Adapter, AttentionMask, Conv2d, GroupNorm, LayerNorm, Linear, attention};
use dedit_nn::ops::{self, Activation};
use dedit_nn::with_reference;

use crate::support::{normal, weight};

fn value(dims: &[usize]) -> Value {
    Value::leaf(if dims.contains(&0) { Tensor::zeros(dims, DType::F32, &Device::Cpu).unwrap() } else { normal(1, dims) })
}

fn linear() -> Linear {
    Linear::new(&normal(1, &[4, 3]), Some(&normal(2, &[4]))).unwrap()
}

fn conv() -> Conv2d {
    Conv2d::new(&normal(1, &[4, 3, 3, 3]), Some(&normal(2, &[4])), 1, 1).unwrap()
}

fn attend(q: &[usize], k: &[usize], v: &[usize], heads: usize) -> Result<Value> {
    attention(&value(q), &value(k), &value(v), heads, &AttentionMask::None)
}

fn group_norm() -> GroupNorm {
    GroupNorm::new(&normal(1, &[4]), &normal(1, &[4]), 2, 1e-5).unwrap()
}

fn layer_norm() -> LayerNorm {
    LayerNorm::new(&normal(1, &[4]), &normal(1, &[4]), 1e-5).unwrap()
}

/// An operation, and words that its error must contain.
type Refusal = (&'static str, fn() -> Result<Value>);

const REFUSALS: &[Refusal] = &[
    ("3 features", || linear().forward(&value(&[2, 5]))),
    ("3 features", || linear().forward(&value(&[]))),
    ("residual", || linear().forward_onto(&value(&[2, 3]), Some(&value(&[2, 3])))),
    ("residual", || linear().forward_onto(&value(&[2, 3]), Some(&value(&[1, 4])))),
    ("bias", || Linear::new(&normal(1, &[4, 3]), Some(&normal(1, &[3])))?.forward(&value(&[2, 3]))),
    ("rank", || Linear::new(&normal(1, &[4]), None)?.forward(&value(&[2, 4]))),
    ("fit", || linear().attach(Adapter::new(&normal(1, &[2, 4]), &normal(1, &[4, 2]), 1.0)?).map(|()| value(&[1]))),
    ("fit", || Adapter::new(&normal(1, &[2, 3]), &normal(1, &[4, 3]), 1.0).map(|_| value(&[1]))),
    ("rank", || linear().attach_gaussian(0, 1.0, &mut dedit_nn::rng::Generator::new(1)).map(|_| value(&[1]))),
    ("3 channels", || conv().forward(&value(&[1, 5, 5, 4]))),
    ("rank", || conv().forward(&value(&[5, 5, 3]))),
    ("too small", || Conv2d::new(&normal(1, &[4, 3, 3, 3]), None, 1, 0)?.forward(&value(&[1, 2, 5, 3]))),
    ("residual", || conv().forward_onto(&value(&[1, 5, 5, 3]), Some(&value(&[1, 5, 4, 4])))),
    ("bias", || Conv2d::new(&normal(1, &[4, 3, 3, 3]), Some(&normal(1, &[3])), 1, 1)?.forward(&value(&[1, 5, 5, 3]))),
    ("not supported", || Conv2d::new(&normal(1, &[4, 3, 3, 1]), None, 1, 1)?.forward(&value(&[1, 5, 5, 3]))),
    ("not supported", || Conv2d::new(&normal(1, &[4, 3, 3, 3]), None, 0, 1)?.forward(&value(&[1, 5, 5, 3]))),
    ("not supported", || Conv2d::new(&Tensor::zeros((4, 3, 0, 0), DType::F32, &Device::Cpu)?, None, 1, 0)?.forward(&value(&[1, 5, 5, 3]))),
    ("f16 or bf16", || Linear::new(&normal(1, &[4, 3]).to_dtype(DType::F64)?, None)?.forward(&value(&[2, 3]))),
    ("heads", || attend(&[1, 2, 6], &[1, 2, 6], &[1, 2, 6], 4)),
    ("heads", || attend(&[1, 2, 6], &[1, 2, 6], &[1, 2, 6], 0)),
    ("heads", || attend(&[1, 2, 6], &[1, 2, 4], &[1, 2, 4], 2)),
    ("heads", || attend(&[1, 2, 6], &[1, 2, 6], &[1, 3, 6], 2)),
    ("heads", || attend(&[1, 2, 6], &[2, 2, 6], &[2, 2, 6], 2)),
    ("heads", || attend(&[1, 2, 0], &[1, 2, 0], &[1, 2, 0], 2)),
    ("rank", || attend(&[2, 6], &[2, 6], &[2, 6], 2)),
    ("mask", || {
        let x = value(&[1, 2, 6]);
        attention(&x, &x, &x, 2, &AttentionMask::Scores(normal(1, &[2, 3])))
    }),
    ("groups", || GroupNorm::new(&normal(1, &[4]), &normal(1, &[4]), 3, 1e-5)?.forward(&value(&[1, 2, 4]))),
    ("groups", || GroupNorm::new(&normal(1, &[4]), &normal(1, &[4]), 0, 1e-5)?.forward(&value(&[1, 2, 4]))),
    ("4 channels", || group_norm().forward(&value(&[1, 2, 8]))),
    ("4 channels", || group_norm().forward(&value(&[4]))),
    ("4 channels", || group_norm().measure(&normal(1, &[1, 2, 8])).map(|_| value(&[1]))),
    ("4 channels", || group_norm().apply_silu(&normal(1, &[1, 8]), &group_norm().measure(&normal(1, &[2, 4]))?).map(Value::from)),
    ("shift", || GroupNorm::new(&normal(1, &[4]), &normal(1, &[3]), 2, 1e-5)?.forward(&value(&[1, 2, 4]))),
    ("shift", || LayerNorm::new(&normal(1, &[4]), &normal(1, &[3]), 1e-5)?.forward(&value(&[2, 4]))),
    ("4 channels", || layer_norm().forward(&value(&[2, 3]))),
    ("4 channels", || layer_norm().forward(&value(&[]))),
    ("cannot add", || ops::add(&value(&[2]), &value(&[3]))),
    ("cannot add", || ops::add(&value(&[2, 3]), &value(&[3, 2]))),
    ("shift", || ops::add_per_sample(&value(&[2, 3, 4]), &value(&[2, 3]))),
    ("shift", || ops::add_per_sample(&value(&[2, 3, 4]), &value(&[1, 4]))),
    ("shift", || ops::add_per_sample(&value(&[4]), &value(&[4, 4]))),
    ("halves", || ops::geglu(&value(&[2, 3]))),
    ("halves", || ops::geglu(&value(&[]))),
    ("rank", || ops::upsample2(&value(&[2, 3, 4]))),
    ("join", || ops::cat_channels(&value(&[2, 3]), &value(&[3, 3]))),
    ("join", || ops::cat_channels(&value(&[2, 6, 1]), &value(&[3, 4, 1]))),
    ("join", || ops::cat_channels(&value(&[2, 6]), &value(&[2, 1, 6]))),
    ("[2, 3]", || ops::reshape(&value(&[2, 3]), &[4, 2])),
    ("rank", || ops::channels_last(&value(&[2, 3, 4]))),
    ("rank", || ops::channels_first(&value(&[2, 3]))),
    ("samples 2..4", || ops::samples(&value(&[3, 2]), 2, 2)),
    ("samples", || ops::samples(&value(&[3, 2]), usize::MAX, 2)),
    ("join", || ops::cat_samples(&[value(&[3, 2]), value(&[3, 3])])),
    ("join", || ops::cat_samples(&[])),
    ("crop", || ops::crop(&value(&[1, 3, 3, 2]), [4, 3])),
    ("rank", || ops::crop(&value(&[3, 3, 2]), [2, 3])),
    ("row 3", || ops::select_rows(&value(&[3, 2]), &[0, 3])),
    ("rank", || ops::select_rows(&value(&[3, 2, 2]), &[0])),
    ("row 6", || ops::scatter_rows(&[(value(&[1, 3]), vec![6])], 6, 3, &normal(1, &[1]))),
    ("2 rows", || ops::scatter_rows(&[(value(&[1, 3]), vec![0, 1])], 6, 3, &normal(1, &[1]))),
    ("columns", || ops::scatter_rows(&[(value(&[1, 2]), vec![0])], 6, 3, &normal(1, &[1]))),
    ("weigh", || ops::scale_rows(&value(&[3, 2]), &normal(1, &[2, 1]))),
    ("weigh", || ops::scale_rows(&value(&[3, 2]), &normal(1, &[3, 2]))),
    ("token id 9", || ops::embed(&normal(1, &[5, 3]), Some(&value(&[2, 3])), &[1, 9])),
    ("columns", || ops::embed(&normal(1, &[5, 3]), Some(&value(&[2, 4])), &[1])),
    ("target", || ops::mean_squared_error(&value(&[2, 3]), &normal(1, &[3, 2]), None)),
    ("weights", || ops::mean_squared_error(&value(&[2, 3]), &normal(1, &[2, 3]), Some(&normal(1, &[2, 2])))),
    ("positive", || ops::mean_squared_error(&value(&[2]), &normal(1, &[2]), Some(&normal(1, &[2]).zeros_like()?))),
    ("positive", || ops::mean_squared_error(&value(&[2]), &normal(1, &[2]), Some(&Tensor::full(f32::NAN, 2, &Device::Cpu)?))),
    ("f32", || ops::add(&value(&[2]), &normal(1, &[2]).to_dtype(DType::F16)?.into())),
];

#[test]
fn what_does_not_fit_is_refused_in_a_sentence() {
    for (i, (words, operation)) in REFUSALS.iter().enumerate() {
        for result in [operation(), with_reference(operation)] {
            let error = result.err().unwrap_or_else(|| panic!("case {i} ({words}) was accepted")).to_string();
            let error = error.lines().next().unwrap_or_default();
            assert!(error.contains(words), "case {i}: {error:?} does not say {words:?}");
        }
    }
}

/// An operation on an empty tensor, and the shape of its result.
type Empty = (&'static [usize], fn() -> Result<Value>);

const EMPTY: &[Empty] = &[
    (&[0, 4], || linear().forward(&value(&[0, 3]))),
    (&[2, 0, 4], || linear().forward(&value(&[2, 0, 3]))),
    (&[2, 4], || Linear::new(&Tensor::zeros((4, 0), DType::F32, &Device::Cpu)?, Some(&normal(2, &[4])))?.forward(&value(&[2, 0]))),
    (&[2, 0], || Linear::new(&Tensor::zeros((0, 3), DType::F32, &Device::Cpu)?, None)?.forward(&value(&[2, 3]))),
    (&[0, 5, 5, 4], || conv().forward(&value(&[0, 5, 5, 3]))),
    (&[1, 0, 6], || attend(&[1, 0, 6], &[1, 2, 6], &[1, 2, 6], 2)),
    (&[1, 2, 6], || attend(&[1, 2, 6], &[1, 0, 6], &[1, 0, 6], 2)),
    (&[0, 2, 6], || attend(&[0, 2, 6], &[0, 3, 6], &[0, 3, 6], 2)),
    (&[0, 2, 4], || group_norm().forward(&value(&[0, 2, 4]))),
    (&[2, 0, 4], || group_norm().forward_silu(&value(&[2, 0, 4]))),
    (&[0, 4], || layer_norm().forward(&value(&[0, 4]))),
    (&[0, 3], || ops::add(&value(&[0, 3]), &value(&[0, 3]))),
    (&[0, 3, 4], || ops::add_per_sample(&value(&[0, 3, 4]), &value(&[0, 4]))),
    (&[2, 0, 4], || ops::add_per_sample(&value(&[2, 0, 4]), &value(&[2, 4]))),
    (&[2, 0], || ops::geglu(&value(&[2, 0]))),
    (&[0, 2], || ops::geglu(&value(&[0, 4]))),
    (&[0], || ops::activate(&value(&[0]), Activation::Silu)),
    (&[1, 0, 4, 3], || ops::upsample2(&value(&[1, 0, 2, 3]))),
    (&[1, 2, 4, 0], || ops::upsample2(&value(&[1, 1, 2, 0]))),
    (&[2, 3], || ops::cat_channels(&value(&[2, 0]), &value(&[2, 3]))),
    (&[0, 5], || ops::cat_channels(&value(&[0, 2]), &value(&[0, 3]))),
    (&[0, 2], || ops::select_rows(&value(&[3, 2]), &[])),
    (&[4, 2], || ops::scatter_rows(&[(value(&[0, 2]), vec![])], 4, 2, &normal(1, &[1]))),
    (&[0, 3], || ops::embed(&normal(1, &[5, 3]), Some(&value(&[2, 3])), &[])),
    (&[2, 3], || ops::embed(&normal(1, &[5, 3]), Some(&value(&[0, 3])), &[1, 4])),
];

#[test]
fn what_is_empty_gives_something_empty_and_gradients_of_its_shape() {
    for (i, (dims, operation)) in EMPTY.iter().enumerate() {
        for reference in [false, true] {
            let run = || {
                let y = operation()?;
                let loss = crate::support::weighted_sum(&Value::leaf(normal(1, &[1])));
                // The backward pass of an empty value must not fail either.
                let total = if y.tensor().elem_count() == 0 { y.clone() } else { crate::support::weighted_sum(&y) };
                let slot = total.slot();
                let dims = total.dims().to_vec();
                let joined = dedit_nn::autograd::record(loss.tensor().clone(), &[&loss, &total], move |_, gradients| {
                    gradients.add(&slot, Tensor::ones(dims, DType::F32, &Device::Cpu)?)
                });
                dedit_nn::autograd::backward(&joined)?;
                Ok::<_, candle_core::Error>(y)
            };
            let y = if reference { with_reference(run) } else { run() };
            let y = y.unwrap_or_else(|error| panic!("case {i} (reference {reference}): {error}"));
            assert_eq!(y.dims(), *dims, "case {i}");
        }
    }
}

#[test]
fn a_bias_put_in_later_must_fit_too() {
    let mut layer = linear();
    *layer.bias_mut().unwrap() = dedit_nn::layers::Vector::new(&weight(1, &[3], 1, DType::F32)).unwrap();
    assert!(layer.forward(&value(&[2, 3])).err().unwrap().to_string().contains("bias"));
}
