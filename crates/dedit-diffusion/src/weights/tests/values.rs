use candle_core::DType;
use half::{bf16, f16};

use super::super::names::Layout;
use super::*;

#[test]
fn number_types_stay_or_become_f32() {
    let numbers = [1.5_f32, -2.0, 0.0, 65504.0];
    let weights = weights(&[
        test_tensor("f32", Dtype::F32, &[4], numbers.iter().flat_map(|x| x.to_le_bytes()).collect()),
        test_tensor("f16", Dtype::F16, &[4], numbers.iter().flat_map(|&x| f16::from_f32(x).to_le_bytes()).collect()),
        test_tensor("bf16", Dtype::BF16, &[4], numbers.iter().flat_map(|&x| bf16::from_f32(x).to_le_bytes()).collect()),
        test_tensor("f64", Dtype::F64, &[4], numbers.iter().flat_map(|&x| f64::from(x).to_le_bytes()).collect()),
        // An odd number of bytes makes the following tensors unaligned.
        test_tensor("zz", Dtype::U8, &[1], vec![0]),
    ]);
    for (name, dtype, last) in
        [("f32", DType::F32, 65504.0), ("f16", DType::F16, 65504.0), ("bf16", DType::BF16, 65536.0), ("f64", DType::F32, 65504.0)]
    {
        let tensor = weights.tensor(name, &[4]).unwrap();
        assert_eq!(tensor.dtype(), dtype);
        assert_eq!(tensor.to_dtype(DType::F32).unwrap().to_vec1::<f32>().unwrap(), [1.5, -2.0, 0.0, last], "{name}");
    }
    let message = weights.tensor("zz", &[1]).unwrap_err().to_string();
    assert!(message.contains("the tensor \"zz\" has the number type U8, expected f32, f16, bf16, f64 or float8"), "{message}");
}

#[test]
fn numbers_that_are_not_finite_are_found_wherever_they_are() {
    let count = 4096 + 700;
    for (index, bad) in [(0, f32::NAN), (4095, f32::INFINITY), (4096, f32::NEG_INFINITY), (count - 1, f32::NAN)] {
        let mut numbers = vec![f16::MAX.to_f32(); count];
        numbers[index] = bad;
        let tensors = [
            test_tensor("f32", Dtype::F32, &[count], numbers.iter().flat_map(|x| x.to_le_bytes()).collect()),
            test_tensor("f16", Dtype::F16, &[count], numbers.iter().flat_map(|&x| f16::from_f32(x).to_le_bytes()).collect()),
            test_tensor("bf16", Dtype::BF16, &[count], numbers.iter().flat_map(|&x| bf16::from_f32(x).to_le_bytes()).collect()),
            test_tensor("f64", Dtype::F64, &[count], numbers.iter().flat_map(|&x| f64::from(x).to_le_bytes()).collect()),
        ];
        let weights = weights(&tensors);
        for TestTensor { name, .. } in &tensors {
            let message = weights.tensor(name, &[count]).unwrap_err().to_string();
            assert!(message.contains(&format!("the tensor \"{name}\" holds an infinity or NaN (element {index})")), "{message}");
        }
    }
}

#[test]
fn scopes_lead_to_tensors_and_the_rest_is_reported() {
    let weights =
        weights(&[counting("a.b.weight", &[2, 3]), counting("a.b.bias", &[2]), counting("a.c.weight", &[1]), counting("d", &[1, 1])]);
    let scope = weights.scope("a").scope("b");
    assert!(scope.has("weight") && !scope.has("gamma"));
    assert_eq!(scope.path("weight"), "a.b.weight");
    assert_eq!(weights.root().scope(0).path("x"), "0.x");
    assert_eq!(scope.tensor("weight", &[2, 3]).unwrap().to_vec2::<f32>().unwrap(), [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]);
    let message = weights.finish().unwrap_err().to_string();
    assert!(message.contains("3 tensors belong to nothing in this network (a.b.bias, a.c.weight, d)"), "{message}");
    scope.tensor("bias", &[2]).unwrap();
    weights.tensor("d", &[1]).unwrap();
    assert!(weights.finish().unwrap_err().to_string().contains("1 tensor belongs to nothing in this network (a.c.weight)"));
    weights.tensor("a.c.weight", &[1]).unwrap();
    weights.finish().unwrap();
    assert_eq!((weights.parameters(), weights.number_type()), (10, "float32"));
}

#[test]
fn a_wrong_shape_or_name_is_an_error_and_a_one_by_one_convolution_is_none() {
    let weights = weights(&[counting("conv.weight", &[2, 3, 1, 1]), counting("linear.weight", &[2, 3])]);
    assert_eq!(weights.tensor("conv.weight", &[2, 3]).unwrap().dims(), [2, 3]);
    assert_eq!(weights.tensor("linear.weight", &[2, 3, 1, 1]).unwrap().dims(), [2, 3, 1, 1]);
    for shape in [&[3, 2][..], &[2, 3, 3, 3], &[6], &[]] {
        let message = weights.tensor("linear.weight", shape).unwrap_err().to_string();
        assert!(message.contains(&format!("the tensor \"linear.weight\" has the shape [2, 3], expected {shape:?}: ")), "{message}");
        assert!(message.contains("model.safetensors"), "{message}");
    }
    let message = weights.tensor("linear.bias", &[2]).unwrap_err().to_string();
    assert!(message.contains("the tensor \"linear.bias\" (shape [2]) is missing: "), "{message}");
}

#[test]
fn parts_and_transposed_tensors_are_views_of_the_file() {
    let names = |name: &str| match name {
        "fused" => (0..3).map(|index| Slot { part: Some((index, 3)), ..Slot::whole(format!("part{index}")) }).collect(),
        "turned" => vec![Slot { layout: Layout::Transposed, ..Slot::whole("turned") }],
        _ => Vec::new(),
    };
    let weights = mapped(&[counting("fused", &[6, 2]), counting("turned", &[2, 3]), counting("extra", &[1])], names);
    assert_eq!(weights.tensor("part1", &[2, 2]).unwrap().to_vec2::<f32>().unwrap(), [[4.0, 5.0], [6.0, 7.0]]);
    assert_eq!(weights.tensor("part2", &[2, 2]).unwrap().to_vec2::<f32>().unwrap(), [[8.0, 9.0], [10.0, 11.0]]);
    assert_eq!(weights.tensor("turned", &[3, 2]).unwrap().to_vec2::<f32>().unwrap(), [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]);
    assert_eq!(weights.names().collect::<Vec<_>>(), ["part0", "part1", "part2", "turned"]);
}
