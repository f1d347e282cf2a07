//! Saved results: their size, damaged ones, and those of other models and pictures.

use dedit_diffusion::ErrorKind;
use dedit_engine::Learned;
use dedit_engine::learning::{LearnSettings, LearningState};
use dedit_engine::sampling::EditInput;

use crate::support::{Kind, draft, edit, engine, learn, numbers, picture, quick, remove, short};

#[test]
fn a_session_comes_back_from_its_bytes() {
    let mut engine = engine("sdxl");
    let learned = learn(&mut engine, &quick());
    let bytes = learned.to_bytes().unwrap();
    let read = Learned::from_bytes(&bytes).unwrap();
    assert!(read.to_bytes().unwrap() == bytes);
    assert_eq!((read.items(), read.settings(), read.losses()), (learned.items(), learned.settings(), learned.losses()));
    let edits = [remove("box")];
    let picture = picture(Kind::Rgb8);
    let [one, other] = [&learned, &read].map(|learned| edit(&mut engine, learned, &picture, &edits, &short(&edits)));
    assert_eq!(one.picture, other.picture);
    assert_eq!(numbers(&one.latents), numbers(&other.latents));
}

#[test]
fn damaged_and_foreign_bytes_are_refused_in_a_sentence() {
    let engine = engine("sd");
    let bytes = draft(&engine, &picture(Kind::Rgb8)).to_bytes().unwrap();
    let refused = |bytes: &[u8]| {
        let error = Learned::from_bytes(bytes).unwrap_err();
        assert!([ErrorKind::Input, ErrorKind::Model].contains(&error.kind()), "{error}");
        error.to_string()
    };
    for length in [0, 1, 7, 8, 9, 100, bytes.len() / 2, bytes.len() - 1] {
        assert!(refused(&bytes[..length]).contains("no whole dedit session"), "{length} bytes");
    }
    // A changed value in the weights.
    let mut other = bytes.clone();
    let last = other.len() - 2;
    other[last] ^= 1;
    assert!(refused(&other).contains("its checksum is another one"));
    // Each byte of the header changed, one at a time: an error or another valid header, but never a panic.
    for index in 0..bytes.len().min(4000) {
        for change in [0x01, 0x80, 0xff] {
            let mut damaged = bytes.clone();
            damaged[index] ^= change;
            let _ = Learned::from_bytes(&damaged);
            let _ = LearningState::from_bytes(&damaged);
        }
    }
    let error = LearningState::from_bytes(&bytes).unwrap_err().to_string();
    assert!(error.contains("it is a dedit session"), "{error}");
    let version = b"\\\"version\\\":";
    let at = bytes.windows(version.len()).position(|window| window == version).unwrap() + version.len();
    let mut newer = bytes.clone();
    newer[at] = b'9';
    let told = refused(&newer);
    assert!(told.contains("has version 9, and this program reads version 1"), "{told}");
}

#[test]
fn a_session_of_another_model_is_refused() {
    let edits = [remove("box")];
    let learned = draft(&engine("sd"), &picture(Kind::Rgb8));
    for (kind, fragment) in [("sd2", "this session was learned with"), ("sdxl", "name the model it was learned with")] {
        let mut other = engine(kind);
        let plan = crate::support::plan(&edits);
        let error = other
            .edit(&learned, &EditInput::new(&picture(Kind::Rgb8), &plan), &short(&edits), &mut |_| panic!("work was done"))
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Model);
        assert!(error.to_string().contains(fragment), "{error}");
    }
}

#[test]
fn a_session_holds_tokens_and_low_rank_factors_alone() {
    let mut engine = engine("sd");
    let learned = learn(&mut engine, &LearnSettings { tokens_per_item: 5, ..quick() });
    let rows: usize = learned.token_rows().iter().map(candle_core::Tensor::elem_count).sum();
    let factors = learned.attention_tensors();
    assert!(factors.keys().all(|name| name.ends_with(".lora_A.weight") || name.ends_with(".lora_B.weight")));
    let numbers = rows + factors.values().map(candle_core::Tensor::elem_count).sum::<usize>();
    let size = learned.to_bytes().unwrap().len();
    // Four bytes per value, and for every tensor an entry in the header.
    assert!(size < 4 * numbers + 250 * (factors.len() + 1) + 4000, "{size} bytes for {numbers} numbers");
}
