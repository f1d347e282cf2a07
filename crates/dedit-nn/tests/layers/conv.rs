//! Convolutions on odd sizes, strides and paddings.

use std::cell::RefCell;

use candle_core::{DType, Device, Tensor};
use dedit_nn::autograd::{Parameter, Value};
use dedit_nn::layers::{Adapter, Conv2d, Vector, window_factor};

use crate::support::{DIFFERENCE, KINDS, Kind, Probe, ROUNDING, STORED, close, normal, prepare, weight};

/// Window, stride, padding, padding at the end.
const GEOMETRIES: [(usize, usize, usize, usize); 7] =
    [(1, 1, 0, 0), (3, 1, 1, 1), (3, 2, 1, 1), (3, 2, 0, 1), (1, 2, 0, 0), (3, 1, 0, 0), (1, 1, 1, 2)];
const SIZES: [(usize, usize); 4] = [(1, 1), (1, 7), (5, 9), (17, 8)];
const CHANNELS: [usize; 5] = [3, 4, 16, 130, 300];

fn conv(
    kind: Kind,
    inputs: usize,
    outputs: usize,
    (window, stride, pad, end): (usize, usize, usize, usize),
    dtype: DType,
    bias: bool,
) -> (Conv2d, Vec<Parameter>) {
    let inner = window * window * inputs;
    let bias = bias.then(|| normal(22, &[outputs]));
    let layer = Conv2d::new(&weight(21, &[outputs, inputs, window, window], inner, dtype), bias.as_ref(), stride, pad).unwrap();
    let layer = RefCell::new(layer.pad_end(end));
    let trainable = || {
        let mut layer = layer.borrow_mut();
        let mut parameters = vec![layer.make_trainable().unwrap()];
        parameters.extend(layer.bias_mut().map(|bias| Vector::make_trainable(bias).unwrap()));
        parameters
    };
    let parameters = prepare(kind, (inner, outputs), trainable, |adapter| layer.borrow_mut().attach(adapter).unwrap());
    (layer.into_inner(), parameters)
}

#[test]
fn every_geometry_agrees_with_the_reference() {
    let mut count = 0;
    for geometry in GEOMETRIES {
        for (height, width) in SIZES {
            if height.min(width) + geometry.2 + geometry.3 < geometry.0 {
                continue;
            }
            for inputs in CHANNELS {
                let outputs = CHANNELS[count % 5];
                let (kind, dtype, batch) = (KINDS[count % 3], STORED[count / 3 % 3], 1 + count % 3);
                let (layer, parameters) = conv(kind, inputs, outputs, geometry, dtype, count % 2 == 0);
                let mut x = vec![normal(1, &[batch, height, width, inputs])];
                if count % 4 == 0 {
                    let y = layer.forward(&x[0].clone().into()).unwrap();
                    x.push(normal(2, y.dims()));
                }
                let name = format!("{geometry:?} {height} × {width}, batch {batch}, {inputs} → {outputs}, {kind:?} {dtype:?}");
                Probe::new(name, x, |x| layer.forward_onto(&x[0], x.get(1))).with(parameters).agrees_with_reference(ROUNDING);
                count += 1;
            }
        }
    }
    assert!(count > 100);
}

#[test]
fn gradients_are_those_of_finite_differences() {
    for (i, geometry) in GEOMETRIES.into_iter().enumerate() {
        for kind in KINDS {
            let (layer, parameters) = conv(kind, 3, 5, geometry, STORED[i % 3], true);
            let probe = Probe::new(format!("{geometry:?} {kind:?}"), vec![normal(1, &[2, 5, 4, 3])], |x| layer.forward(&x[0]));
            probe.with(parameters).agrees_with_differences(DIFFERENCE);
        }
    }
}

#[test]
fn agrees_with_candles_convolution() {
    // The reference path shares its windows with the gradients of weights, so it is compared with a third implementation.
    for (i, (window, stride, pad, _)) in GEOMETRIES.into_iter().filter(|geometry| geometry.2 == geometry.3).enumerate() {
        let kernel = weight(3, &[10, 6, window, window], 6 * window * window, STORED[i % 3]);
        let (x, bias) = (normal(4, &[2, 6, 7, 9]), normal(5, &[10]));
        let want = x.conv2d(&kernel.to_dtype(DType::F32).unwrap(), pad, stride, 1, 1).unwrap();
        let want = want.broadcast_add(&bias.reshape((1, 10, 1, 1)).unwrap()).unwrap().permute((0, 2, 3, 1)).unwrap();
        let layer = Conv2d::new(&kernel, Some(&bias), stride, pad).unwrap();
        let x = Value::constant(x.permute((0, 2, 3, 1)).unwrap());
        close("fused", layer.forward(&x).unwrap().tensor(), &want, ROUNDING);
        close("reference", dedit_nn::with_reference(|| layer.forward(&x)).unwrap().tensor(), &want, ROUNDING);
    }
}

#[test]
fn an_adapter_in_pytorchs_order_is_the_sum_of_two_convolutions() {
    for geometry in [(3, 1, 1, 1), (1, 1, 0, 0), (3, 2, 0, 1)] {
        let (mut layer, _) = conv(Kind::Frozen, 4, 6, geometry, DType::F32, true);
        let (window, stride, pad, end) = geometry;
        let (down, up) = (weight(7, &[2, 4, window, window], 4, DType::F32), weight(8, &[6, 2], 2, DType::F32));
        let first = Conv2d::new(&down, None, stride, pad).unwrap().pad_end(end);
        let second = Conv2d::new(&up.reshape((6, 2, 1, 1)).unwrap(), None, 1, 0).unwrap();
        let x = Value::constant(normal(9, &[2, 6, 5, 4]));
        let low = second.forward(&first.forward(&x).unwrap()).unwrap();
        let want = (layer.forward(&x).unwrap().tensor() + (low.tensor() * 0.3).unwrap()).unwrap();
        let adapter = Adapter::new(&window_factor(&down).unwrap(), &up, 0.3).unwrap();
        layer.attach(adapter.clone()).unwrap();
        close("beside", layer.forward(&x).unwrap().tensor(), &want, ROUNDING);
        layer.adapters_mut().clear();
        layer.merge(&adapter).unwrap();
        close("merged", layer.forward(&x).unwrap().tensor(), &want, ROUNDING);
    }
}

#[test]
fn stored_halves_are_the_numbers_they_are() {
    // Weights that f16 and bf16 represent exactly give bitwise the same sums as f32.
    let whole: Vec<f32> = (0..20 * 5 * 9).map(|i| ((i * 7) % 15) as f32 - 7.0).collect();
    let kernel = Tensor::from_vec(whole, (20, 5, 3, 3), &Device::Cpu).unwrap();
    let x = Value::constant(normal(1, &[1, 6, 6, 5]));
    let outputs = STORED.map(|dtype| {
        let layer = Conv2d::new(&kernel.to_dtype(dtype).unwrap(), None, 1, 1).unwrap();
        crate::support::numbers(layer.forward(&x).unwrap().tensor())
    });
    assert_eq!(outputs[0], outputs[1]);
    assert_eq!(outputs[0], outputs[2]);
}
