use proptest::prelude::*;
use safetensors::Dtype;

use super::*;
use crate::ErrorKind;
use crate::weights::tests::{TestTensor, counting, safetensors, test_tensor};

fn opened(bytes: &[u8], file: &str) -> Result<EmbeddingFile> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(file);
    std::fs::write(&path, bytes).unwrap();
    EmbeddingFile::open(&path)
}

fn tensor(name: &str, shape: &[usize]) -> TestTensor {
    counting(name, shape)
}

#[test]
fn all_layouts_are_read() {
    type Tensors<'a> = &'a [(&'a str, &'a [usize])];
    let cases: [(Tensors<'_>, &[[usize; 2]]); 4] = [
        (&[("emb_params", &[3, 8])], &[[3, 8]]),
        (&[("<cat-toy>", &[8])], &[[1, 8]]),
        (&[("*", &[1, 8])], &[[1, 8]]),
        (&[("clip_l", &[2, 8]), ("clip_g", &[2, 12])], &[[2, 8], [2, 12]]),
    ];
    for (tensors, shapes) in cases {
        let tensors: Vec<_> = tensors.iter().map(|(name, shape)| tensor(name, shape)).collect();
        let file = opened(&safetensors(&tensors), "a.safetensors").unwrap();
        let found: Vec<_> = file.rows().iter().map(|rows| rows.dims().to_vec()).collect();
        assert_eq!(found, shapes.iter().map(|shape| shape.to_vec()).collect::<Vec<_>>());
    }
}

#[test]
fn other_files_are_refused_in_one_sentence() {
    let of = |tensors: &[(&str, &[usize])]| {
        let tensors: Vec<_> = tensors.iter().map(|(name, shape)| tensor(name, shape)).collect();
        safetensors(&tensors)
    };
    let broken = safetensors(&[test_tensor("emb_params", Dtype::F32, &[1, 2], [0.0, f32::NAN].map(f32::to_le_bytes).concat())]);
    let cases: [(Vec<u8>, &str); 10] = [
        (of(&[("clip_l", &[2, 8])]), "has clip_l and lacks clip_g"),
        (of(&[("clip_g", &[2, 8])]), "has clip_g and lacks clip_l"),
        (of(&[("clip_l", &[2, 8]), ("clip_g", &[3, 12])]), "2 vectors for one text encoder and 3 for the other"),
        (of(&[("a", &[1]), ("b", &[1]), ("c", &[1])]), "this file has 3 tensors (a, b, c)"),
        (of(&[]), "this file has 0 tensors"),
        (of(&[("emb_params", &[2, 3, 4])]), "the shape [2, 3, 4]"),
        (of(&[("emb_params", &[76, 2])]), "expected 1 to 75 vectors"),
        (broken, "holds an infinity or NaN (element 1)"),
        (b"\x80\x02}q\x00X".to_vec(), "this is a Python pickle (.ckpt, .bin, .pt)"),
        (b"PK\x03\x04archive/data.pkl".to_vec(), "this is a Python pickle"),
    ];
    for (bytes, fragment) in cases {
        let error = opened(&bytes, "style.pt").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Model);
        assert!(error.to_string().contains(fragment) && error.to_string().contains("style.pt"), "{error}");
    }
}

#[test]
fn the_width_must_be_the_models() {
    let file = opened(&safetensors(&[tensor("emb_params", &[3, 8])]), "a.safetensors").unwrap();
    assert!(file.check(&[8]).is_ok());
    for (widths, fragment) in
        [(&[9][..], "has the width 8, and the model's text encoder 9"), (&[8, 12], "the model's text encoder 8 and 12")]
    {
        let error = file.check(widths).unwrap_err();
        assert!(error.to_string().contains(fragment), "{error}");
    }
}

#[test]
fn names_are_the_files_or_given() {
    let named = |file: &str, given: Option<&str>| opened(&safetensors(&[tensor("*", &[1])]), file).unwrap().name(given);
    assert_eq!(named("EasyNegative.safetensors", None).unwrap(), "EasyNegative");
    assert_eq!(named("a.v2.safetensors", None).unwrap(), "a.v2");
    assert_eq!(named("style (1).safetensors", Some("style")).unwrap(), "style");
    for (file, given) in [("style (1).safetensors", None), ("a.safetensors", Some("")), ("a.safetensors", Some("two words"))] {
        let error = named(file, given).unwrap_err();
        assert!(error.to_string().contains("cannot have the name"), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Damaged files are refused or read as vectors, and never end the program.
    #[test]
    fn damaged_files_are_refused(at in 0_usize..200, value: u8, length in 0_usize..400) {
        let mut bytes = safetensors(&[tensor("clip_l", &[2, 4]), tensor("clip_g", &[2, 6])]);
        let index = at % bytes.len();
        bytes[index] = value;
        bytes.truncate(length);
        if let Ok(file) = opened(&bytes, "a.safetensors") {
            prop_assert!(file.rows().iter().all(|rows| rows.dims().len() == 2));
        }
    }

    #[test]
    fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(opened(&bytes, "a.safetensors").is_err());
    }
}
