use std::path::PathBuf;

use candle_core::DType;
use half::f16;
use proptest::prelude::*;

use super::super::float8;
use super::*;

/// PyTorch's numbers for all codes.
fn codes() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/parity/float8-sd2/codes.safetensors")
}

#[test]
fn every_code_has_the_number_that_pytorch_gives_it() {
    let file = SafetensorsFile::open(&codes()).unwrap();
    let bytes = |name: &str| {
        let entry = file.header.tensors.iter().find(|tensor| tensor.name == name).unwrap();
        file.bytes()[entry.range.clone()].to_vec()
    };
    for (name, table) in [("e4m3", float8::e4m3()), ("e5m2", float8::e5m2())] {
        let stored = bytes(name);
        let bits = bytes(&format!("{name}.bits"));
        let expected: Vec<f32> = bits.as_chunks::<4>().0.iter().map(|&bits| f32::from_le_bytes(bits)).collect();
        assert_eq!((stored.len(), expected.len()), (256, 256));
        for (code, expected) in stored.into_iter().zip(expected) {
            let found = table[usize::from(code)].to_f32();
            assert!(found.to_bits() == expected.to_bits() || (found.is_nan() && expected.is_nan()), "{name} {code}: {found} {expected}");
        }
    }
}

fn halves(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|&value| f16::from_f32(value).to_le_bytes()).collect()
}

/// 1, -2 and 448 in `F8_E4M3`.
const CODES: [u8; 3] = [0x38, 0xC0, 0x7E];

fn weight(name: &str) -> TestTensor {
    test_tensor(name, Dtype::F8_E4M3, &[3], CODES.to_vec())
}

fn scalar(name: &str, value: f32) -> TestTensor {
    test_tensor(name, Dtype::F32, &[], value.to_le_bytes().to_vec())
}

#[test]
fn scales_are_applied_and_belong_to_no_network() {
    let tensors = [
        weight("plain.weight"),
        weight("old.weight"),
        scalar("old.scale_weight", 0.5),
        scalar("old.scale_input", 9.0),
        weight("new.weight"),
        test_tensor("new.weight_scale", Dtype::F16, &[1], halves(&[0.25])),
        scalar("new.input_scale", 9.0),
        test_tensor("new.comfy_quant", Dtype::U8, &[2], b"{}".to_vec()),
        test_tensor("half.weight", Dtype::F16, &[3], halves(&[1.0, -2.0, 448.0])),
        scalar("half.weight_scale", 0.5),
        test_tensor("scaled_fp8", Dtype::F8_E4M3, &[0], vec![]),
    ];
    let weights = weights(&tensors);
    assert_eq!(weights.names().collect::<Vec<_>>(), ["half.weight", "new.weight", "old.weight", "plain.weight"]);
    for (name, factor) in [("plain", 1.0), ("old", 0.5), ("new", 0.25), ("half", 0.5)] {
        let tensor = weights.tensor(&format!("{name}.weight"), &[3]).unwrap();
        assert_eq!(tensor.dtype(), DType::F16);
        assert_eq!(tensor.to_dtype(DType::F32).unwrap().to_vec1::<f32>().unwrap(), [1.0, -2.0, 448.0].map(|x| x * factor), "{name}");
    }
    weights.finish().unwrap();
}

#[test]
fn scales_that_make_no_sense_are_refused_in_words() {
    struct Case {
        tensors: Vec<TestTensor>,
        expected: &'static str,
    }
    let with = |scale: TestTensor| vec![weight("a.weight"), scale];
    let cases = [
        Case {
            tensors: with(counting("a.weight_scale", &[3, 1])),
            expected: "the scale \"a.weight_scale\" has the shape [3, 1], expected one",
        },
        Case { tensors: with(counting("a.scale_weight", &[0])), expected: "the scale \"a.scale_weight\" has the shape [0]" },
        Case { tensors: with(scalar("a.scale_weight", f32::NAN)), expected: "the scale \"a.scale_weight\" is infinite or NaN" },
        Case {
            tensors: with(test_tensor("a.weight_scale", Dtype::U8, &[1], vec![1])),
            expected: "the scale \"a.weight_scale\" has the number type U8",
        },
        Case {
            tensors: with(scalar("a.scale_weight", 1e30)),
            expected: "the tensor \"a.weight\" times its scale 1e30 is too large for float16",
        },
        Case {
            tensors: vec![weight("a.weight"), scalar("a.scale_weight", 1.0), scalar("a.weight_scale", 1.0)],
            expected: "the tensor \"a.weight\" has two scales",
        },
        Case { tensors: vec![scalar("b.scale_weight", 1.0)], expected: "1 tensor belongs to nothing in this network (b.scale_weight)" },
        Case {
            tensors: vec![test_tensor("a.weight", Dtype::F8_E4M3, &[3], vec![0, 0x7F, 0])],
            expected: "the tensor \"a.weight\" holds an infinity or NaN (element 1)",
        },
        Case {
            tensors: vec![test_tensor("a.weight", Dtype::F8_E5M2, &[3], vec![0, 0, 0xFC])],
            expected: "the tensor \"a.weight\" holds an infinity or NaN (element 2)",
        },
        Case {
            tensors: vec![test_tensor("a.weight", Dtype::F8_E8M0, &[3], vec![0; 3])],
            expected: "the tensor \"a.weight\" has the number type F8_E8M0, expected f32, f16, bf16, f64 or float8",
        },
    ];
    for Case { tensors, expected } in cases {
        let message = read(&tensors).unwrap_err();
        assert!(message.contains(expected), "{message}\nlacks\n{expected}");
    }
}

/// Reads the tensor `a.weight` of three numbers, if there is one.
fn read(tensors: &[TestTensor]) -> Result<(), String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.safetensors");
    std::fs::write(&path, safetensors(tensors)).unwrap();
    let file = Arc::new(SafetensorsFile::open(&path).unwrap());
    let weights = Weights::new(&path, &[file], |name| vec![Slot::whole(name)]).map_err(|error| error.to_string())?;
    if weights.has("a.weight") {
        let numbers = weights.tensor("a.weight", &[3]).and_then(|tensor| Ok(tensor.to_dtype(DType::F32)?.to_vec1::<f32>()?));
        assert!(numbers.map_err(|error| error.to_string())?.iter().all(|number| number.is_finite()));
    }
    weights.finish().map_err(|error| error.to_string())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_codes_and_scales_are_an_error_or_finite(
        codes in prop::collection::vec(any::<u8>(), 3),
        scale in any::<u32>(),
        kind in prop::sample::select(vec![Dtype::F8_E4M3, Dtype::F8_E5M2]),
        name in prop::sample::select(vec!["a.scale_weight", "a.weight_scale", "a.scale_input", "scaled_fp8", "a.weight_scale_2"]),
        shape in prop::sample::select(vec![vec![], vec![1], vec![1, 1]]),
    ) {
        let scale = test_tensor(name, Dtype::F32, &shape, scale.to_le_bytes().to_vec());
        let _ = read(&[test_tensor("a.weight", kind, &[3], codes), scale]);
    }
}
