//! Arrays in `NumPy`'s file format: masks of shape `items × height × width`, or labels of shape `height × width`.

use std::path::Path;

use dedit_edit::Size;
use npyz::{DType, Deserialize, NpyFile, NpyHeader, Order, TypeChar};

use super::layer::unreadable;
use crate::error::{Error, ErrorKind};

/// An array of one of the two shapes.
#[derive(Debug, PartialEq)]
pub(super) enum Array {
    /// Values 0 to 1, row by row, one list for each item.
    Masks { size: Size, masks: Vec<Vec<f32>> },
    /// Numbers of items, row by row.
    Labels { size: Size, labels: Vec<u16> },
}

/// The most masks in one array.
const MOST_MASKS: usize = 4096;
/// The most bytes of a header. `NumPy` writes 118 for the types that are read here.
const MOST_HEADER: usize = 1024;
/// The most brackets that a header opens. `NumPy` opens 2 for the types that are read here; the parser's time doubles with each that is nested.
const MOST_BRACKETS: usize = 8;

/// Whether a file has the extension of an array.
pub(super) fn is_array(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("npy"))
}

/// Reads the array in a file.
pub(super) fn read(path: &Path) -> crate::error::Result<Array> {
    let bytes = std::fs::read(path).map_err(|error| unreadable(path, &error))?;
    parse(&bytes).map_err(|reason| Error::new(ErrorKind::Input, reason).at(path).hint("save it with numpy.save"))
}

/// Parses a file; errors are sentences. The shape is checked against the bytes that are there before anything of that size is allocated.
fn parse(bytes: &[u8]) -> Result<Array, String> {
    if header(bytes).is_none_or(|header| header.iter().filter(|byte| b"([{".contains(byte)).count() > MOST_BRACKETS) {
        return Err("this is no whole .npy file".to_owned());
    }
    let mut data = bytes;
    let header = NpyHeader::from_reader(&mut data).map_err(|error| format!("this is no whole .npy file ({error})"))?;
    if header.order() == Order::Fortran {
        return Err("this array is in Fortran order; save it with numpy.ascontiguousarray".to_owned());
    }
    let shape = header.shape().iter().map(|side| usize::try_from(*side)).collect::<Result<Vec<_>, _>>();
    let shape = shape.map_err(|_| "this array is too large")?;
    let count = shape.iter().try_fold(1usize, |count, side| count.checked_mul(*side)).ok_or("this array is too large")?;
    let width = header.dtype().num_bytes().unwrap_or(0);
    if count.checked_mul(width) != Some(data.len()) {
        return Err(format!("this array of shape {shape:?} holds {} bytes", data.len()));
    }
    let size = |height: usize, width: usize| Size::new(width, height).map_err(|error| error.to_string());
    match shape[..] {
        [height, width] => Ok(Array::Labels { size: size(height, width)?, labels: labels(&values(header, data)?)? }),
        [items, height, width] if items <= MOST_MASKS => {
            let size = size(height, width)?;
            let values = values(header, data)?;
            // Masks of whole numbers are 0 and 1, or 0 to 255.
            let full = if values.iter().any(|value| *value > 1.0) { 255.0 } else { 1.0 };
            let mask = |values: &[f32]| values.iter().map(|value| value / full).collect();
            Ok(Array::Masks { size, masks: values.chunks(size.pixels()).map(mask).collect() })
        }
        _ => Err(format!("this array has the shape {shape:?}; give items × height × width or height × width")),
    }
}

/// The header's text, which follows the magic bytes, the version and its length; `None` where the file ends before, or it is too long.
fn header(bytes: &[u8]) -> Option<&[u8]> {
    let (length, rest) = match bytes {
        [_, _, _, _, _, _, 1, _, a, b, rest @ ..] => (usize::from(u16::from_le_bytes([*a, *b])), rest),
        [_, _, _, _, _, _, _, _, a, b, c, d, rest @ ..] => (usize::try_from(u32::from_le_bytes([*a, *b, *c, *d])).ok()?, rest),
        _ => return None,
    };
    rest.get(..length).filter(|header| header.len() <= MOST_HEADER)
}

fn labels(values: &[f32]) -> Result<Vec<u16>, String> {
    let label = |value: f32| if value.fract() == 0.0 && (0.0..65536.0).contains(&value) { Ok(value as u16) } else { Err(value) };
    let labels = values.iter().copied().map(label).collect::<Result<_, _>>();
    labels.map_err(|value| format!("the label {value} is no whole number from 0 to 65535"))
}

/// The values of an array of any type of number.
fn values(header: NpyHeader, data: &[u8]) -> Result<Vec<f32>, String> {
    let dtype = header.dtype();
    let file = NpyFile::with_header(header, data);
    let DType::Plain(kind) = &dtype else { return Err(no_numbers(&dtype)) };
    match (kind.type_char(), kind.size_field()) {
        (TypeChar::Bool, 1) => numbers(file, |value: bool| f32::from(u8::from(value))),
        (TypeChar::Uint, 1) => numbers(file, |value: u8| f32::from(value)),
        (TypeChar::Uint, 2) => numbers(file, |value: u16| f32::from(value)),
        (TypeChar::Uint, 4) => numbers(file, |value: u32| value as f32),
        (TypeChar::Uint, 8) => numbers(file, |value: u64| value as f32),
        (TypeChar::Int, 1) => numbers(file, |value: i8| f32::from(value)),
        (TypeChar::Int, 2) => numbers(file, |value: i16| f32::from(value)),
        (TypeChar::Int, 4) => numbers(file, |value: i32| value as f32),
        (TypeChar::Int, 8) => numbers(file, |value: i64| value as f32),
        (TypeChar::Float, 4) => numbers(file, |value: f32| value),
        (TypeChar::Float, 8) => numbers(file, |value: f64| value as f32),
        _ => Err(no_numbers(&dtype)),
    }
}

fn no_numbers(dtype: &DType) -> String {
    format!("this array holds {}; save it as bool, uint8, float32 or whole numbers", dtype.descr())
}

fn numbers<T: Deserialize>(file: NpyFile<&[u8]>, number: impl Fn(T) -> f32) -> Result<Vec<f32>, String> {
    let values = file.into_vec::<T>().map_err(|error| format!("this array cannot be read ({error})"))?;
    Ok(values.into_iter().map(number).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
        with_header(&header, data)
    }

    fn with_header(header: &str, data: &[u8]) -> Vec<u8> {
        [b"\x93NUMPY\x01\x00".as_slice(), &(header.len() as u16).to_le_bytes(), header.as_bytes(), data].concat()
    }

    #[test]
    fn arrays_of_every_type_are_read() {
        let size = Size::new(2, 1).unwrap();
        for (descr, data) in [
            ("|u1", vec![3, 0]),
            ("|i1", vec![3, 0]),
            ("<u2", vec![3, 0, 0, 0]),
            (">u2", vec![0, 3, 0, 0]),
            ("<i2", vec![3, 0, 0, 0]),
            ("<u4", vec![3, 0, 0, 0, 0, 0, 0, 0]),
            ("<i4", vec![3, 0, 0, 0, 0, 0, 0, 0]),
            ("<u8", [3u64.to_le_bytes(), 0u64.to_le_bytes()].concat()),
            ("<i8", [3i64.to_le_bytes(), 0i64.to_le_bytes()].concat()),
            ("<f4", [3.0f32.to_le_bytes(), 0.0f32.to_le_bytes()].concat()),
            ("<f8", [3.0f64.to_le_bytes(), 0.0f64.to_le_bytes()].concat()),
        ] {
            assert_eq!(parse(&file(descr, "(1, 2)", &data)), Ok(Array::Labels { size, labels: vec![3, 0] }), "{descr}");
        }
        let masks = Array::Masks { size, masks: vec![vec![1.0, 0.0], vec![0.0, 1.0]] };
        assert_eq!(parse(&file("|b1", "(2, 1, 2)", &[1, 0, 0, 1])), Ok(masks));
        let grey = Array::Masks { size, masks: vec![vec![1.0, 0.2]] };
        assert_eq!(parse(&file("|u1", "(1, 1, 2)", &[255, 51])), Ok(grey));
    }

    #[test]
    fn other_files_are_refused_with_a_sentence() {
        struct Case(Vec<u8>, &'static str);
        let version_2 = |length: u32| [b"\x93NUMPY\x02\x00".as_slice(), &length.to_le_bytes(), b"{'descr': '|u1'"].concat();
        for Case(bytes, fragment) in [
            Case(Vec::new(), "no whole .npy"),
            Case(b"\x93NUMPY\x01\x00".to_vec(), "no whole .npy"),
            Case(file("|u1", "(1, 2)", &[1]), "holds 1 bytes"),
            Case(file("|u1", "(1, 2)", &[1, 2, 3]), "holds 3 bytes"),
            Case(file("|u1", "(99999999999, 99999999999, 99999999999)", &[1]), "too large"),
            Case(file("|u1", "(2, 18446744073709551615)", &[1]), "too large"),
            Case(file("|u1", "(2, 18446744073709551616)", &[1]), "no whole .npy"),
            Case(file("|u1", "(4294967296, 4294967296)", &[]), "too large"),
            Case(file("|u1", "(1000000, 1000000)", &[1]), "holds 1 bytes"),
            Case(file("|u1", "(-1, 2)", &[1]), "no whole .npy"),
            Case(file("|u1", "(2,)", &[1, 2]), "give items × height × width"),
            Case(file("<c8", "(1, 1)", &[0; 8]), "holds '<c8'"),
            Case(file("|O", "(1, 1)", &[]), "holds '|O'"),
            Case(file("<f4", "(1, 1)", &0.5f32.to_le_bytes()), "the label 0.5"),
            Case(file("<f4", "(1, 1)", &f32::NAN.to_le_bytes()), "the label NaN"),
            Case(file("|i1", "(1, 1)", &[0xff]), "the label -1"),
            Case(file("|u1", "(0, 0)", &[]), "0×0"),
            Case(with_header("{'descr': '|u1', 'fortran_order': True, 'shape': (1, 1)}", &[1]), "Fortran order"),
            // Nested brackets, for which the parser would take forever, and a header longer than the file.
            Case(with_header(&"(".repeat(60_000), &[]), "no whole .npy"),
            Case(with_header(&"(".repeat(MOST_HEADER), &[]), "no whole .npy"),
            Case(with_header(&"{'a':".repeat(MOST_HEADER / 5), &[]), "no whole .npy"),
            Case(with_header(&"(".repeat(MOST_BRACKETS), &[]), "no whole .npy"),
            Case(with_header(&"{'a':".repeat(MOST_BRACKETS), &[]), "no whole .npy"),
            Case(version_2(u32::MAX), "no whole .npy"),
            Case(version_2(MOST_HEADER as u32), "no whole .npy"),
        ] {
            let error = parse(&bytes).unwrap_err();
            assert!(error.contains(fragment), "{error} (expected …{fragment}…)");
        }
    }

    #[test]
    fn a_damaged_file_is_an_answer_and_no_panic() {
        let whole = file("<f4", "(1, 1, 2)", &[0; 8]);
        for index in 0..whole.len() {
            assert!(parse(&whole[..index]).is_err());
            for change in [1, 0x80, 0xff] {
                let mut damaged = whole.clone();
                damaged[index] ^= change;
                let _ = parse(&damaged);
            }
        }
    }
}
