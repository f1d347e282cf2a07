use super::*;
use crate::pixels::Samples;

fn bytes(frame: &Frame) -> Vec<u8> {
    let mut bytes = Vec::new();
    frame.write(&mut bytes).unwrap();
    bytes
}

fn example() -> Frame {
    let Value::Object(head) = serde_json::json!({"a": [1, "ü"]}) else { unreachable!() };
    let pixels = Pixels::new(2, 2, 1, Samples::U16(vec![1, 2, 3, 4])).unwrap();
    Frame { tag: 7, serial: 9, head, blobs: vec![Blob::Pixels(pixels), Blob::Bytes(vec![5; 3])] }
}

/// A frame with this head, whatever it says, and this much data.
fn raw(head: &str, announced: u64, body: usize) -> Vec<u8> {
    let mut raw: Vec<u8> = [3_u32, 4, head.len() as u32].into_iter().flat_map(u32::to_le_bytes).collect();
    raw.extend(announced.to_le_bytes());
    raw.extend(head.as_bytes());
    raw.resize(raw.len() + body, 0);
    raw
}

#[test]
fn a_frame_comes_back_as_it_was_and_every_cut_one_is_an_error() {
    let frame = example();
    let whole = bytes(&frame);
    let mut reader = whole.as_slice();
    assert_eq!(Frame::read(&mut reader).unwrap(), frame);
    assert!(matches!(Frame::read(&mut reader), Err(ReadError::Closed)));
    for length in 1..whole.len() {
        assert!(matches!(Frame::read(&mut &whole[..length]), Err(ReadError::Io(_))), "{length} bytes");
    }
}

#[test]
fn what_is_not_understood_is_read_over_and_what_is_no_frame_ends_it() {
    for (head, announced, body, fragment) in [
        ("{", 2, 2, "no JSON"),
        ("[]", 0, 0, "no JSON object"),
        (r#"{"blobs":7}"#, 5, 5, "list of blobs"),
        (r#"{"blobs":[{"bytes":-1}]}"#, 5, 5, "list of blobs"),
        (r#"{"blobs":[{"bytes":4}]}"#, 5, 5, "by the frame"),
        (r#"{"blobs":[{"bytes":18446744073709551615},{"bytes":6}]}"#, 5, 5, "by the frame"),
        (r#"{"blobs":[{"width":0,"height":1,"channels":1,"samples":"u8"}]}"#, 0, 0, "by the frame"),
        (r#"{"blobs":[{"width":1,"height":1,"channels":1,"samples":"u9"}]}"#, 1, 1, "list of blobs"),
    ] {
        let mut both = raw(head, announced, body);
        both.extend(bytes(&example()));
        let mut reader = both.as_slice();
        match Frame::read(&mut reader) {
            Err(ReadError::Refused { tag: 3, serial: 4, reason }) => assert!(reason.contains(fragment), "{head}: {reason}"),
            other => panic!("{head}: {other:?}"),
        }
        assert_eq!(Frame::read(&mut reader).unwrap(), example(), "{head}: the next one");
    }
    for (raw, what) in [(raw("{}", MAX_BODY + 1, 0), "data"), ([[255_u8; 12].as_slice(), &[0; 8]].concat(), "head")] {
        assert!(matches!(Frame::read(&mut raw.as_slice()), Err(ReadError::Broken(_))), "{what}");
    }
}

#[test]
fn what_is_only_announced_takes_no_memory() {
    // Two gibibytes of pixels, of which none come.
    let head = r#"{"blobs":[{"width":65000,"height":2064,"channels":4,"samples":"f32"}]}"#;
    let begun = raw(head, 65_000 * 2064 * 16, 100);
    assert!(matches!(Frame::read(&mut begun.as_slice()), Err(ReadError::Io(_))));
}
