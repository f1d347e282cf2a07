//! Operations without weights.

use candle_core::{DType, Device, Result, Tensor};
use dedit_nn::autograd::Value;
use dedit_nn::ops::{self, Activation};

use crate::support::{DIFFERENCE, Probe, ROUNDING, close, normal, numbers};

type Function = fn(&[Value]) -> Result<Value>;

struct Case {
    name: &'static str,
    inputs: &'static [&'static [usize]],
    function: Function,
}

const CASES: &[Case] = &[
    Case { name: "add", inputs: &[&[2, 3, 5], &[2, 3, 5]], function: |x| ops::add(&x[0], &x[1]) },
    Case { name: "add to itself", inputs: &[&[7]], function: |x| ops::add(&x[0], &x[0]) },
    Case { name: "scale", inputs: &[&[4, 4]], function: |x| ops::scale(&x[0], -1.5) },
    Case { name: "shift of images", inputs: &[&[3, 5, 4, 6], &[3, 6]], function: |x| ops::add_per_sample(&x[0], &x[1]) },
    Case { name: "shift of tokens", inputs: &[&[2, 37, 5], &[2, 5]], function: |x| ops::add_per_sample(&x[0], &x[1]) },
    Case { name: "silu", inputs: &[&[3, 7]], function: |x| ops::activate(&x[0], Activation::Silu) },
    Case { name: "gelu", inputs: &[&[3, 7]], function: |x| ops::activate(&x[0], Activation::Gelu) },
    Case { name: "quick gelu", inputs: &[&[3, 7]], function: |x| ops::activate(&x[0], Activation::QuickGelu) },
    Case { name: "silu of the transposed", inputs: &[&[2, 3, 4, 5]], function: |x| ops::activate(&turned(&x[0])?, Activation::Silu) },
    Case { name: "geglu of one column", inputs: &[&[3, 2]], function: |x| ops::geglu(&x[0]) },
    Case { name: "geglu", inputs: &[&[2, 19, 34]], function: |x| ops::geglu(&x[0]) },
    Case { name: "upsample one pixel", inputs: &[&[1, 1, 1, 1]], function: |x| ops::upsample2(&x[0]) },
    Case { name: "upsample", inputs: &[&[2, 3, 5, 7]], function: |x| ops::upsample2(&x[0]) },
    Case { name: "join channels", inputs: &[&[2, 3, 6, 5], &[2, 3, 6, 1]], function: |x| ops::cat_channels(&x[0], &x[1]) },
    Case { name: "join a value with itself", inputs: &[&[2, 5]], function: |x| ops::cat_channels(&x[0], &x[0]) },
    Case { name: "reshape", inputs: &[&[2, 6]], function: |x| ops::reshape(&x[0], &[3, 4]) },
    Case { name: "another precision", inputs: &[&[2, 6]], function: |x| ops::to_dtype(&ops::to_dtype(&x[0], DType::F64)?, DType::F32) },
    Case { name: "channels last", inputs: &[&[2, 3, 4, 5]], function: |x| ops::channels_last(&x[0]) },
    Case { name: "channels first", inputs: &[&[2, 3, 4, 5]], function: |x| ops::channels_first(&x[0]) },
    Case { name: "samples", inputs: &[&[5, 2, 3]], function: |x| ops::samples(&x[0], 1, 2) },
    Case { name: "no samples", inputs: &[&[5, 2]], function: |x| ops::cat_samples(&[ops::samples(&x[0], 5, 0)?, x[0].clone()]) },
    Case { name: "join samples", inputs: &[&[1, 4], &[3, 4]], function: |x| ops::cat_samples(&[x[0].clone(), x[1].clone(), x[0].clone()]) },
    Case { name: "crop", inputs: &[&[2, 5, 4, 3]], function: |x| ops::crop(&x[0], [3, 4]) },
    Case { name: "rows, one of them twice", inputs: &[&[6, 3]], function: |x| ops::select_rows(&x[0], &[4, 1, 4]) },
    Case { name: "scatter over each other", inputs: &[&[2, 3], &[3, 3]], function: scatter },
    Case { name: "weigh rows", inputs: &[&[4, 3]], function: |x| ops::scale_rows(&x[0], &normal(8, &[4, 1])) },
    Case { name: "embed", inputs: &[&[3, 4]], function: |x| ops::embed(&normal(8, &[5, 4]), Some(&x[0]), &[7, 0, 6, 7, 4]) },
    Case { name: "squared error", inputs: &[&[2, 3, 4]], function: |x| ops::mean_squared_error(&x[0], &normal(8, &[2, 3, 4]), None) },
    Case { name: "weighted squared error", inputs: &[&[2, 3, 4]], function: weighted },
];

fn turned(x: &Value) -> Result<Value> {
    ops::channels_last(x)
}

fn scatter(x: &[Value]) -> Result<Value> {
    ops::scatter_rows(&[(x[0].clone(), vec![1, 5]), (x[1].clone(), vec![5, 0, 2])], 6, 3, x[0].tensor())
}

fn weighted(x: &[Value]) -> Result<Value> {
    ops::mean_squared_error(&x[0], &normal(8, &[2, 3, 4]), Some(&Tensor::new(&[[0.5f32], [0.0], [2.0]], &Device::Cpu)?))
}

fn probes() -> impl Iterator<Item = Probe<'static>> {
    CASES.iter().map(|case| {
        let inputs = case.inputs.iter().enumerate().map(|(i, dims)| normal(1 + i as u64, dims));
        Probe::new(case.name, inputs.collect(), case.function)
    })
}

#[test]
fn fused_and_reference_agree() {
    probes().for_each(|probe| probe.agrees_with_reference(ROUNDING));
}

#[test]
fn gradients_are_those_of_finite_differences() {
    probes().for_each(|probe| probe.agrees_with_differences(DIFFERENCE));
}

#[test]
fn sizes_beyond_one_task_agree_with_the_reference() {
    // A task has 2¹⁵ elements, or 8 or 16 rows.
    let large: [(&str, &[&[usize]], Function); 6] = [
        ("add", &[&[3, 40_000], &[3, 40_000]], |x| ops::add(&x[0], &x[1])),
        ("gelu", &[&[70_001]], |x| ops::activate(&x[0], Activation::Gelu)),
        ("geglu", &[&[3, 111, 130]], |x| ops::geglu(&x[0])),
        ("shift", &[&[3, 111, 65], &[3, 65]], |x| ops::add_per_sample(&x[0], &x[1])),
        ("join", &[&[333, 65], &[333, 3]], |x| ops::cat_channels(&x[0], &x[1])),
        ("upsample", &[&[2, 33, 17, 19]], |x| ops::upsample2(&x[0])),
    ];
    for (name, inputs, function) in large {
        let inputs = inputs.iter().enumerate().map(|(i, dims)| normal(1 + i as u64, dims));
        Probe::new(name, inputs.collect(), function).agrees_with_reference(ROUNDING);
    }
}

#[test]
fn inputs_that_are_not_contiguous_give_the_same() {
    let transposed = |dims: &[usize]| normal(1, dims).transpose(0, 1).unwrap();
    let cases: [(&str, Vec<Tensor>, Function); 6] = [
        ("geglu", vec![transposed(&[4, 6])], |x| ops::geglu(&x[0])),
        ("upsample", vec![transposed(&[3, 2, 4, 5])], |x| ops::upsample2(&x[0])),
        ("join", vec![transposed(&[3, 2, 4]), transposed(&[3, 2, 5])], |x| ops::cat_channels(&x[0], &x[1])),
        ("shift", vec![transposed(&[3, 2, 4]), transposed(&[4, 2])], |x| ops::add_per_sample(&x[0], &x[1])),
        ("add", vec![transposed(&[3, 2]), normal(2, &[2, 3])], |x| ops::add(&x[0], &x[1])),
        ("rows", vec![transposed(&[3, 4])], |x| ops::select_rows(&x[0], &[1])),
    ];
    for (name, inputs, function) in cases {
        let straight: Vec<Tensor> = inputs.iter().map(|x| x.contiguous().unwrap()).collect();
        let (got, want) = (Probe::new(name, inputs, function).run(), Probe::new(name, straight, function).run());
        got.iter().zip(&want).for_each(|(got, want)| close(name, got, want, 0.0));
    }
}

#[test]
fn an_embedding_is_a_lookup_in_both_tables() {
    let (fixed, extra) = (normal(1, &[5, 3]), normal(2, &[2, 3]));
    for dtype in [DType::F32, DType::F16] {
        let fixed = fixed.to_dtype(dtype).unwrap();
        let extra_rows = Value::leaf(extra.clone());
        assert!(!ops::embed(&fixed, Some(&extra_rows), &[2, 0]).unwrap().requires_grad(), "words alone depend on nothing");
        let y = ops::embed(&fixed, Some(&extra_rows), &[6, 2, 5, 2]).unwrap();
        let (fixed, extra) = (numbers(&fixed), numbers(&extra));
        let want = [&extra[3..6], &fixed[6..9], &extra[..3], &fixed[6..9]].concat();
        assert_eq!(numbers(y.tensor()), want);
    }
}
