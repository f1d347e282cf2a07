//! Linear layers on sizes around every block border of the product.

use candle_core::{DType, Device, Tensor};
use dedit_nn::autograd::Value;
use dedit_nn::layers::{Adapter, Linear};
use dedit_nn::rng::Generator;

use crate::support::{DIFFERENCE, KINDS, Kind, Probe, ROUNDING, STORED, close, linear, normal, numbers, weight};

/// Around the register tile (6), the row block (504) and two of them.
const ROWS: [usize; 8] = [1, 5, 6, 7, 503, 504, 505, 1009];
/// Around the inner group (256) and two of them.
const INNER: [usize; 7] = [1, 3, 4, 255, 256, 257, 515];
/// Around the narrowest panel (16), a full one (64) and two of them.
const COLUMNS: [usize; 9] = [1, 3, 15, 16, 17, 63, 64, 65, 130];

#[test]
fn every_block_border_agrees_with_the_reference() {
    let mut count = 0;
    for rows in ROWS {
        for inner in INNER {
            for columns in COLUMNS {
                // Every size occurs with each kind and precision; adjacent sizes differ in both.
                let (kind, dtype) = (KINDS[count % 3], STORED[count / 3 % 3]);
                let bias = count % 2 == 0;
                let (layer, parameters) = linear(kind, inner, columns, dtype, bias);
                let name = format!("{rows} rows, {inner} → {columns}, {kind:?}, {dtype:?}, bias {bias}");
                let mut inputs = vec![normal(1, &[rows, inner])];
                if count % 5 == 0 {
                    inputs.push(normal(2, &[rows, columns]));
                }
                let run = |x: &[Value]| layer.forward_onto(&x[0], x.get(1));
                Probe::new(name, inputs, run).with(parameters).agrees_with_reference(ROUNDING);
                count += 1;
            }
        }
    }
}

#[test]
fn gradients_are_those_of_finite_differences() {
    for kind in KINDS {
        for dtype in STORED {
            let (layer, parameters) = linear(kind, 9, 20, dtype, true);
            let inputs = vec![normal(1, &[2, 4, 9]), normal(2, &[2, 4, 20])];
            let run = |x: &[Value]| layer.forward_onto(&x[0], Some(&x[1]));
            Probe::new(format!("{kind:?} {dtype:?}"), inputs, run).with(parameters).agrees_with_differences(DIFFERENCE);
        }
    }
}

#[test]
fn a_transposed_batch_times_a_shared_weight_is_right() {
    // candle 0.11.1's matmul is wrong for the batch of a transposed left operand; here the expected product is computed by hand.
    let x = Tensor::arange(0f32, 24.0, &Device::Cpu).unwrap().reshape((2, 3, 4)).unwrap().transpose(1, 2).unwrap();
    let layer = Linear::new(&Tensor::new(&[[1f32, 10.0, 100.0], [1.0, 0.0, 0.0]], &Device::Cpu).unwrap(), None).unwrap();
    let mut want = Vec::new();
    for batch in 0..2 {
        for token in 0..4 {
            let at = |channel: usize| (batch * 12 + channel * 4 + token) as f32;
            want.extend([at(0) + 10.0 * at(1) + 100.0 * at(2), at(0)]);
        }
    }
    for value in [layer.forward(&x.clone().into()), dedit_nn::with_reference(|| layer.forward(&x.into()))] {
        let y = value.unwrap().into_tensor();
        assert_eq!(y.dims(), [2, 4, 2]);
        assert_eq!(numbers(&y), want);
    }
}

#[test]
fn a_fresh_adapter_changes_nothing_and_a_merged_one_everything_it_should() {
    for dtype in STORED {
        let x = Value::constant(normal(1, &[5, 12]));
        let (mut layer, _) = linear(Kind::Frozen, 12, 7, dtype, true);
        let before = layer.forward(&x).unwrap();
        layer.attach_gaussian(4, 4.0, &mut Generator::new(5)).unwrap();
        assert_eq!(numbers(before.tensor()), numbers(layer.forward(&x).unwrap().tensor()));
        layer.adapters_mut().clear();

        let (down, up) = (weight(3, &[2, 12], 12, DType::F32), weight(4, &[7, 2], 2, DType::F32));
        let adapter = Adapter::new(&down, &up, 0.5).unwrap();
        layer.attach(adapter.clone()).unwrap();
        let beside = layer.forward(&x).unwrap();
        layer.adapters_mut().clear();
        layer.merge(&adapter).unwrap();
        // The merged weight is rounded to the precision of the weight: 8 bits in bfloat16.
        let tolerance = if dtype == DType::F32 { ROUNDING } else { 2e-2 };
        close(&format!("{dtype:?}"), layer.forward(&x).unwrap().tensor(), beside.tensor(), tolerance);
    }
}

#[test]
fn weights_read_back_as_they_were_given() {
    for dtype in STORED {
        for (outputs, inputs) in [(1, 1), (17, 5), (64, 16), (65, 300), (130, 33)] {
            let given = weight(1, &[outputs, inputs], 1, dtype);
            let layer = Linear::new(&given, None).unwrap();
            assert_eq!(numbers(&layer.weight().unwrap()), numbers(&given), "{outputs} × {inputs} {dtype:?}");
        }
    }
}

#[test]
fn a_changed_parameter_is_seen_at_once() {
    let (mut layer, _) = linear(Kind::Frozen, 3, 2, DType::F16, false);
    let weight = layer.make_trainable().unwrap();
    let x = Value::constant(normal(1, &[4, 3]));
    let before = layer.forward(&x).unwrap();
    weight.set((weight.tensor() * 2.0).unwrap()).unwrap();
    close("twice the weight", layer.forward(&x).unwrap().tensor(), &(before.tensor() * 2.0).unwrap(), 1e-7);
}
