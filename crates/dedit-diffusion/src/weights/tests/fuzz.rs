use proptest::prelude::*;

use super::super::header::Header;
use super::*;

/// An accepted header must be consistent: every tensor is inside the file, has exactly the bytes of its shape, and follows the one before.
fn check(bytes: &[u8]) {
    let Ok(header) = Header::parse(bytes) else { return };
    let mut ranges = Vec::new();
    for tensor in &header.tensors {
        let data = bytes.get(tensor.range.clone()).expect("inside the file");
        assert_eq!(data.len() * 8, tensor.shape.iter().product::<usize>() * tensor.dtype.bitsize());
        ranges.push((tensor.range.start, tensor.range.end));
    }
    ranges.sort_unstable();
    assert!(ranges.windows(2).all(|pair| pair[0].1 == pair[1].0));
    assert!(ranges.last().is_none_or(|last| last.1 == bytes.len()));
    assert!(header.tensors.windows(2).all(|pair| pair[0].name < pair[1].name));
}

fn sample() -> Vec<u8> {
    safetensors(&[
        counting("a.weight", &[2, 3]),
        test_tensor("b", Dtype::F16, &[0, 7], vec![]),
        test_tensor("c", Dtype::I64, &[], vec![0; 8]),
        test_tensor("\"é\\", Dtype::BOOL, &[3], vec![1; 3]),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_an_error_or_consistent(bytes in prop::collection::vec(any::<u8>(), 0..200), framed in any::<bool>()) {
        check(&bytes);
        if framed {
            check(&[&(bytes.len() as u64 + 1).to_le_bytes(), &b"{"[..], &bytes].concat());
        }
    }

    #[test]
    fn changed_files_are_an_error_or_consistent(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        length in any::<prop::sample::Index>(),
        cut in any::<bool>(),
    ) {
        let mut bytes = sample();
        for (index, byte) in changes {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        if cut {
            bytes.truncate(length.index(bytes.len()));
        }
        check(&bytes);
    }

    #[test]
    fn any_offsets_and_shapes_are_an_error_or_consistent(
        tensors in prop::collection::vec((prop::collection::vec(dimension(), 0..4), dimension(), dimension()), 0..4),
        data in 0_usize..40,
    ) {
        let entries: Vec<String> = tensors.iter().enumerate().map(|(index, (shape, start, end))| {
            format!(r#""t{index}":{{"dtype":"F16","shape":{shape:?},"data_offsets":[{start},{end}]}}"#)
        }).collect();
        let header = format!("{{{}}}", entries.join(","));
        check(&[&(header.len() as u64).to_le_bytes(), header.as_bytes(), &vec![0; data]].concat());
    }
}

/// Small numbers, which are sometimes valid, and extreme ones.
fn dimension() -> impl Strategy<Value = u64> {
    prop_oneof![8 => 0_u64..12, 1 => any::<u64>(), 1 => Just(u64::MAX), 1 => Just(1 << 62), 1 => Just((1 << 63) - 1)]
}

#[test]
fn the_sample_itself_is_accepted() {
    assert_eq!(Header::parse(&sample()).unwrap().tensors.len(), 4);
}
