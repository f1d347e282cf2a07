//! Arrays as `NumPy` saves them (its format 1 to 3): masks `items × height × width` or labels `height × width`.

use std::path::Path;

use dedit_edit::Size;

use super::layer::unreadable;
use crate::error::{Error, ErrorKind};

/// An array of one of the two shapes.
#[derive(Debug, PartialEq)]
pub(super) enum Array {
    /// Values 0 to 1, one list for each item.
    Masks { size: Size, masks: Vec<Vec<f32>> },
    /// Numbers of items.
    Labels { size: Size, labels: Vec<u16> },
}

/// The most masks of one array.
const MOST: usize = 4096;

/// Whether a file is named as an array is.
pub(super) fn is_array(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("npy"))
}

/// Reads the array in a file.
pub(super) fn read(path: &Path) -> crate::error::Result<Array> {
    let bytes = std::fs::read(path).map_err(|error| unreadable(path, &error))?;
    parse(&bytes).map_err(|reason| Error::new(ErrorKind::Input, reason).at(path).hint("save it with numpy.save"))
}

/// Reads an array; what is wrong is said in words. Sizes are checked against the bytes that are there before anything is allocated.
fn parse(bytes: &[u8]) -> Result<Array, String> {
    let (header, data) = split(bytes).ok_or("this is no whole .npy file")?;
    let kind = Kind::of(&value(header, "descr")?)?;
    if value(header, "fortran_order")? != "False" {
        return Err("this array is in Fortran order; save it with numpy.ascontiguousarray".to_owned());
    }
    let shape = shape(&value(header, "shape")?)?;
    let count = shape.iter().try_fold(1usize, |count, side| count.checked_mul(*side)).ok_or("this array is too large")?;
    if count.checked_mul(kind.width()) != Some(data.len()) {
        return Err(format!("this array of shape {shape:?} holds {} bytes", data.len()));
    }
    let size = |height: usize, width: usize| Size::new(width, height).map_err(|error| error.to_string());
    match shape[..] {
        [height, width] => {
            let label = |value: f32| if value.fract() == 0.0 && (0.0..65536.0).contains(&value) { Ok(value as u16) } else { Err(value) };
            let labels = kind.values(data).map(label).collect::<Result<_, _>>();
            let labels = labels.map_err(|value| format!("the label {value} is no whole number from 0 to 65535"))?;
            Ok(Array::Labels { size: size(height, width)?, labels })
        }
        [items, height, width] if items <= MOST => {
            let size = size(height, width)?;
            // Bytes are masks of 0 and 1, or of 0 to 255.
            let most = if kind == Kind::Byte { kind.values(data).fold(1.0, f32::max) } else { 1.0 };
            let full = if most > 1.0 { 255.0 } else { 1.0 };
            let values: Vec<f32> = kind.values(data).map(|value| value / full).collect();
            Ok(Array::Masks { size, masks: values.chunks(size.pixels()).map(<[f32]>::to_vec).collect() })
        }
        _ => Err(format!("this array has the shape {shape:?}; give items × height × width or height × width")),
    }
}

/// The header's text and the data.
fn split(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let rest = bytes.strip_prefix(b"\x93NUMPY")?;
    let (version, rest) = rest.split_at_checked(2)?;
    let (length, rest) = if version[0] == 1 {
        let (length, rest) = rest.split_at_checked(2)?;
        (usize::from(u16::from_le_bytes([length[0], length[1]])), rest)
    } else {
        let (length, rest) = rest.split_at_checked(4)?;
        (u32::from_le_bytes([length[0], length[1], length[2], length[3]]) as usize, rest)
    };
    let (header, data) = rest.split_at_checked(length)?;
    Some((std::str::from_utf8(header).ok()?, data))
}

/// What the header says under a key: quotes and brackets are taken off.
fn value(header: &str, key: &str) -> Result<String, String> {
    let missing = || format!("this .npy file has no {key}");
    let rest = header.split_once(&format!("'{key}':")).ok_or_else(missing)?.1.trim_start();
    let (open, close) = match rest.chars().next() {
        Some('\'') => (1, '\''),
        Some('(') => (1, ')'),
        _ => (0, ','),
    };
    rest.get(open..).and_then(|rest| rest.split_once(close)).map(|(value, _)| value.trim().to_owned()).ok_or_else(missing)
}

fn shape(text: &str) -> Result<Vec<usize>, String> {
    let sides = text.split(',').map(str::trim).filter(|side| !side.is_empty());
    sides.map(|side| side.parse().map_err(|_| format!("this .npy file has the shape ({text})"))).collect()
}

/// The types that masks and labels are saved in.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Byte,
    Unsigned16,
    Integer32,
    Integer64,
    Float32,
    Float64,
}

impl Kind {
    fn of(descr: &str) -> Result<Self, String> {
        match descr {
            "|b1" | "|u1" | "|i1" => Ok(Self::Byte),
            "<u2" => Ok(Self::Unsigned16),
            "<i4" => Ok(Self::Integer32),
            "<i8" => Ok(Self::Integer64),
            "<f4" => Ok(Self::Float32),
            "<f8" => Ok(Self::Float64),
            other => Err(format!("this array holds {other}; save it as bool, uint8, float32 or whole numbers")),
        }
    }

    fn width(self) -> usize {
        match self {
            Self::Byte => 1,
            Self::Unsigned16 => 2,
            Self::Integer32 | Self::Float32 => 4,
            Self::Integer64 | Self::Float64 => 8,
        }
    }

    fn values(self, data: &[u8]) -> impl Iterator<Item = f32> {
        data.chunks_exact(self.width()).map(move |bytes| match (self, bytes) {
            (Self::Unsigned16, &[a, b]) => f32::from(u16::from_le_bytes([a, b])),
            (Self::Integer32, &[a, b, c, d]) => i32::from_le_bytes([a, b, c, d]) as f32,
            (Self::Float32, &[a, b, c, d]) => f32::from_le_bytes([a, b, c, d]),
            (Self::Integer64, &[a, b, c, d, e, f, g, h]) => i64::from_le_bytes([a, b, c, d, e, f, g, h]) as f32,
            (Self::Float64, &[a, b, c, d, e, f, g, h]) => f64::from_le_bytes([a, b, c, d, e, f, g, h]) as f32,
            (_, bytes) => bytes.first().map_or(0.0, |byte| f32::from(*byte)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
        [b"\x93NUMPY\x01\x00".as_slice(), &(header.len() as u16).to_le_bytes(), header.as_bytes(), data].concat()
    }

    #[test]
    fn arrays_of_every_type_are_read() {
        let size = Size::new(2, 1).unwrap();
        for (descr, data) in [
            ("|u1", vec![3, 0]),
            ("<u2", vec![3, 0, 0, 0]),
            ("<i4", vec![3, 0, 0, 0, 0, 0, 0, 0]),
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
    fn what_is_no_such_array_is_said() {
        for (bytes, fragment) in [
            (Vec::new(), "no whole .npy"),
            (file("|u1", "(1, 2)", &[1]), "holds 1 bytes"),
            (file("|u1", "(99999999999, 99999999999, 99999999999)", &[1]), "too large"),
            (file("|u1", "(2, 18446744073709551615)", &[1]), "too large"),
            (file("|u1", "(-1, 2)", &[1]), "the shape (-1, 2)"),
            (file("|u1", "(2,)", &[1, 2]), "give items × height × width"),
            (file("<c8", "(1, 1)", &[0; 8]), "holds <c8"),
            (file("<f4", "(1, 1)", &0.5f32.to_le_bytes()), "the label 0.5"),
            (file("<f4", "(1, 1)", &f32::NAN.to_le_bytes()), "the label NaN"),
            (file("|u1", "(0, 0)", &[]), "0×0"),
        ] {
            let error = parse(&bytes).unwrap_err();
            assert!(error.contains(fragment), "{error}");
        }
        // Cut anywhere, or a byte changed: an answer and no panic.
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

    #[test]
    fn broken_arrays_are_read_or_refused_in_one_sentence() {
        let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2, 3), }";
        let mut whole = b"\x93NUMPY\x01\0".to_vec();
        whole.extend((header.len() as u16).to_le_bytes());
        whole.extend(header.bytes());
        whole.extend((0..12_u8).flat_map(|value| (f32::from(value) / 12.0).to_le_bytes()));
        crate::mutations::feed("array", &whole, |bytes| parse(bytes).err());
    }
}
