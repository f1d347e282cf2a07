//! Why a file cannot be read as safetensors, in one sentence.

use safetensors::Dtype;
use serde::Deserialize as _;
use serde_json::{Map, Value};

use super::fault::Fault;

const AGAIN: &str = "download it again";

/// Recognises a file that does not begin like a safetensors file.
pub(super) fn not_safetensors(bytes: &[u8]) -> Fault {
    let head = &bytes[..bytes.len().min(512)];
    let starts = |magic: &[u8]| head.starts_with(magic);
    let text = head.trim_ascii_start();
    if head.is_empty() {
        return Fault::new("this file is empty, expected safetensors", AGAIN);
    }
    if starts(b"version https://git-lfs") {
        return Fault::new(
            "this is a Git LFS pointer (a small text that stands for the real file), expected safetensors",
            "run `git lfs pull` in that folder, or download the file itself",
        );
    }
    let pickle = "convert it to safetensors first: a pickle can run any program when it is read";
    if starts(b"PK\x03\x04") || (starts(&[0x80]) && matches!(head.get(1), Some(2..=5))) {
        return Fault::new("this is a Python pickle (.ckpt, .bin, .pt), expected safetensors", pickle);
    }
    if starts(b"GGUF") {
        return Fault::new("this is a GGUF file, expected safetensors", "get the checkpoint in safetensors form");
    }
    if text.len() >= 5 && (text[..5].eq_ignore_ascii_case(b"<!doc") || text[..5].eq_ignore_ascii_case(b"<html")) {
        return Fault::new(
            "this is a web page, expected safetensors",
            "the download needed a login or went wrong: download the file itself",
        );
    }
    if is_text(head) {
        return Fault::new("this is a text file, expected safetensors", "give the file that holds the weights");
    }
    if bytes.len() <= 8 {
        return Fault::new(format!("this file has only {} bytes, too few for safetensors", bytes.len()), AGAIN);
    }
    Fault::new("this is no safetensors file (no JSON header at byte 8)", "give a .safetensors file, or download it again")
}

fn is_text(head: &[u8]) -> bool {
    // The cut at 512 bytes may split a character.
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => return is_text(&head[..error.valid_up_to()]),
        Err(_) => return false,
    };
    !valid.is_empty() && valid.chars().all(|c| !c.is_control() || c.is_whitespace())
}

/// The fault of an invalid header.
pub(super) fn bad_header(text: &[u8], data: usize, error: &serde_json::Error) -> Fault {
    let found = match serde_json::from_slice::<Map<String, Value>>(text) {
        Err(error) => format!("the header is not valid JSON ({error})"),
        Ok(tensors) => bad_tensor(&tensors, data).unwrap_or_else(|| format!("the header is not valid ({error})")),
    };
    Fault::new(found, "the file is damaged: download it again")
}

/// The fault of a file that is too short or too long; sizes in bytes.
pub(super) fn wrong_size(expected: usize, found: usize) -> Fault {
    let (what, hint) =
        if found < expected { ("truncated", AGAIN) } else { ("longer than its tensors", "the file is damaged: download it again") };
    Fault::new(format!("this file is {what}: the header describes {expected} bytes of tensors and there are {found}"), hint)
}

/// The first invalid tensor in the order of the file.
fn bad_tensor(tensors: &Map<String, Value>, data: usize) -> Option<String> {
    let mut extents = Vec::new();
    for (name, value) in tensors.iter().filter(|(name, _)| *name != "__metadata__") {
        match extent(value) {
            Ok((start, end)) => extents.push((start, end, name)),
            Err(found) => return Some(format!("the header's tensor \"{name}\" {found}")),
        }
    }
    extents.sort_unstable();
    let mut expected = 0;
    for (start, end, name) in extents {
        if end > data as u64 {
            return Some(format!("the header's tensor \"{name}\" lies at bytes {start} to {end}, outside the {data} that there are"));
        }
        if start != expected {
            let what = if start < expected { "overlaps the one before it" } else { "leaves a gap before it" };
            return Some(format!("the header's tensor \"{name}\" {what}: it starts at byte {start}, expected {expected}"));
        }
        expected = end;
    }
    None
}

/// The first and last byte of a tensor, or what is wrong with its description.
fn extent(value: &Value) -> Result<(u64, u64), String> {
    let dtype = value.get("dtype").unwrap_or(&Value::Null);
    let Ok(kind) = Dtype::deserialize(dtype) else {
        return Err(format!("has the number type {dtype}, which safetensors does not have"));
    };
    let numbers = |key: &str| -> Option<Vec<u64>> { value.get(key)?.as_array()?.iter().map(Value::as_u64).collect() };
    let Some(shape) = numbers("shape") else { return Err("has no valid shape".to_owned()) };
    let Some([start, end]) = numbers("data_offsets").and_then(|list| <[u64; 2]>::try_from(list).ok()) else {
        return Err("has no valid data_offsets (start and end)".to_owned());
    };
    let bytes = shape.iter().try_fold(kind.bitsize() as u64, |product, &size| product.checked_mul(size)).map(|bits| bits / 8);
    if end < start || bytes != Some(end - start) {
        return Err(format!("has the bytes {start} to {end}, which do not hold the shape {shape:?} of {kind}"));
    }
    Ok((start, end))
}
