//! Group norm and layer norm.

use candle_core::{DType, Tensor};
use dedit_nn::layers::{GroupNorm, LayerNorm};

use crate::support::{DIFFERENCE, Probe, ROUNDING, close, normal, numbers};

struct Case {
    dims: &'static [usize],
    groups: usize,
}

/// Sizes around chunks of 256 pixels and runs of 32; groups of one channel, of all channels, and in between.
const CASES: &[Case] = &[
    Case { dims: &[1, 1, 1, 4], groups: 2 },
    Case { dims: &[2, 3, 5, 12], groups: 12 },
    Case { dims: &[3, 17, 8, 20], groups: 1 },
    Case { dims: &[2, 255, 1, 6], groups: 3 },
    Case { dims: &[1, 16, 16, 64], groups: 32 },
    Case { dims: &[3, 257, 1, 10], groups: 5 },
    Case { dims: &[2, 19, 27, 33], groups: 11 },
    Case { dims: &[2, 33, 8], groups: 4 },
];

fn group_norm(channels: usize, groups: usize, trainable: bool) -> (GroupNorm, Vec<dedit_nn::autograd::Parameter>) {
    let mut norm = GroupNorm::new(&normal(5, &[channels]), &normal(6, &[channels]), groups, 1e-5).unwrap();
    let parameters = if trainable { vec![norm.gamma.make_trainable().unwrap(), norm.beta.make_trainable().unwrap()] } else { Vec::new() };
    (norm, parameters)
}

#[test]
fn group_norm_agrees_with_the_reference() {
    for (i, case) in CASES.iter().enumerate() {
        for silu in [false, true] {
            let (norm, parameters) = group_norm(*case.dims.last().unwrap(), case.groups, (i % 2 == 0) != silu);
            let name = format!("{:?} in {} groups, silu {silu}", case.dims, case.groups);
            let run = |x: &[dedit_nn::autograd::Value]| if silu { norm.forward_silu(&x[0]) } else { norm.forward(&x[0]) };
            Probe::new(name, vec![normal(1, case.dims)], run).with(parameters).agrees_with_reference(ROUNDING);
        }
    }
}

#[test]
fn group_norm_has_the_gradient_of_finite_differences() {
    for silu in [false, true] {
        let (norm, parameters) = group_norm(12, 3, true);
        let run = |x: &[dedit_nn::autograd::Value]| if silu { norm.forward_silu(&x[0]) } else { norm.forward(&x[0]) };
        Probe::new("group norm", vec![normal(1, &[2, 3, 5, 12])], run).with(parameters).agrees_with_differences(DIFFERENCE);
    }
}

#[test]
fn a_small_deviation_around_a_large_mean_survives() {
    // Mean 1000, deviation 0.1: a sum of squares in f32 would lose all digits. The input itself is rounded to 6·10⁻⁵, which is 6·10⁻⁴ deviations.
    let unit = normal(1, &[2, 9, 40, 8]);
    let shifted = ((unit * 0.1).unwrap() + 1000.0).unwrap();
    let exact = |pixels: usize, per_group: usize| {
        let x = numbers(&shifted);
        let group = |i: usize| (i / (pixels * 8), i % 8 / per_group);
        let mut sums = std::collections::BTreeMap::<(usize, usize), (f64, f64, f64)>::new();
        x.iter().enumerate().for_each(|(i, &x)| {
            let sum = sums.entry(group(i)).or_default();
            (sum.0, sum.1) = (sum.0 + 1.0, sum.1 + f64::from(x));
        });
        x.iter().enumerate().for_each(|(i, &x)| {
            let sum = sums.get_mut(&group(i)).unwrap();
            sum.2 += (f64::from(x) - sum.1 / sum.0).powi(2);
        });
        let normalised = x.iter().enumerate().map(|(i, &x)| {
            let (count, sum, squares) = sums[&group(i)];
            ((f64::from(x) - sum / count) / (squares / count + 1e-5).sqrt()) as f32
        });
        Tensor::from_vec(normalised.collect(), (2, 9, 40, 8), &candle_core::Device::Cpu).unwrap()
    };
    let (ones, zeros) = (normal(1, &[8]).ones_like().unwrap(), normal(1, &[8]).zeros_like().unwrap());
    let group = GroupNorm::new(&ones, &zeros, 2, 1e-5).unwrap();
    close("group norm", group.forward(&shifted.clone().into()).unwrap().tensor(), &exact(360, 4), 1e-3);
    // A norm and its gradient do not depend on a shift of the input; subtracting 1000 again is exact.
    let run = |x: Tensor| Probe::new("shifted", vec![x], |x| group.forward_silu(&x[0])).run();
    for (got, want) in run(shifted.clone()).iter().zip(run((&shifted - 1000.0).unwrap())) {
        close("output and gradient", got, &want, 1e-3);
    }
    let layer = LayerNorm::new(&ones, &zeros, 1e-5).unwrap();
    close("layer norm", layer.forward(&shifted.clone().into()).unwrap().tensor(), &exact(1, 8), 1e-3);
}

#[test]
fn layer_norm_agrees_with_the_reference() {
    for (i, dims) in [&[1, 1, 1][..], &[5, 3], &[2, 31, 7], &[1, 33, 16], &[3, 50, 17], &[2, 64, 320], &[70]].into_iter().enumerate() {
        let columns = *dims.last().unwrap();
        let mut norm = LayerNorm::new(&normal(5, &[columns]), &normal(6, &[columns]), 1e-5).unwrap();
        let parameters =
            if i % 2 == 0 { vec![norm.gamma.make_trainable().unwrap(), norm.beta.make_trainable().unwrap()] } else { Vec::new() };
        let probe = Probe::new(format!("{dims:?}"), vec![normal(1, dims)], |x| norm.forward(&x[0])).with(parameters);
        probe.agrees_with_reference(ROUNDING);
        if dims.len() == 3 && columns < 100 && columns > 1 {
            probe.agrees_with_differences(DIFFERENCE);
        }
    }
}

#[test]
fn measured_statistics_of_the_whole_are_those_of_its_own_norm() {
    for dtype in [DType::F32, DType::F16] {
        let (norm, _) = group_norm(12, 4, false);
        let x = normal(1, &[1, 9, 40, 12]).to_dtype(dtype).unwrap();
        for path in [false, true] {
            let run = || norm.apply_silu(&x, &norm.measure(&x).unwrap()).unwrap();
            let got = if path { dedit_nn::with_reference(run) } else { run() };
            assert_eq!(got.dtype(), dtype);
            let want = norm.forward_silu(&x.to_dtype(DType::F32).unwrap().into()).unwrap();
            close("fixed statistics", &got, want.tensor(), if dtype == DType::F32 { ROUNDING } else { 1e-3 });
        }
    }
}
