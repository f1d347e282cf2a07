//! Label pictures: PNG files whose values, or palette indices, are numbers of items.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use dedit_edit::Size;
use png::{BitDepth, ColorType, Decoder, Transformations};

use crate::error::{Error, ErrorKind, Result};

/// Reads the labels, row by row. Palette indices are taken as they are: their colours do not matter.
pub(super) fn read(path: &Path) -> Result<(Size, Vec<u16>)> {
    let wrong = |reason: &dyn std::fmt::Display| {
        Error::new(ErrorKind::Input, format!("this is no label picture ({reason})")).at(path).hint("give a grey or indexed PNG file")
    };
    let file = File::open(path).map_err(|error| wrong(&error))?;
    let mut decoder = Decoder::new(BufReader::new(file));
    decoder.set_transformations(Transformations::IDENTITY);
    let mut reader = decoder.read_info().map_err(|error| wrong(&error))?;
    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    let size = Size::new(width, height).map_err(|error| error.at(path))?;
    let (color, depth) = reader.output_color_type();
    if !matches!(color, ColorType::Grayscale | ColorType::Indexed) {
        return Err(wrong(&format!("it has {color:?} pixels")));
    }
    let length = reader.output_buffer_size().ok_or_else(|| wrong(&"it is too large"))?;
    let mut bytes = vec![0; length];
    let frame = reader.next_frame(&mut bytes).map_err(|error| wrong(&error))?;
    let labels: Vec<u16> = bytes.chunks(frame.line_size.max(1)).take(height).flat_map(|row| unpacked(row, depth, width)).collect();
    if labels.len() == size.pixels() { Ok((size, labels)) } else { Err(wrong(&"it is cut off")) }
}

/// The values of a row, which has several to a byte where they are small.
fn unpacked(row: &[u8], depth: BitDepth, width: usize) -> Vec<u16> {
    let bits = depth as usize;
    let value = |column: usize| {
        if depth == BitDepth::Sixteen {
            return row.get(2 * column..2 * column + 2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
        }
        let at = column * bits;
        let mask = (1u16 << bits) - 1;
        row.get(at / 8).map(|byte| u16::from(*byte) >> (8 - bits - at % 8) & mask)
    };
    (0..width).filter_map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_any_depth_are_unpacked() {
        assert_eq!(unpacked(&[0b1010_0000], BitDepth::One, 3), [1, 0, 1]);
        assert_eq!(unpacked(&[0b1101_0010, 0b0100_0000], BitDepth::Two, 5), [3, 1, 0, 2, 1]);
        assert_eq!(unpacked(&[0x5a, 0xf0], BitDepth::Four, 3), [5, 10, 15]);
        assert_eq!(unpacked(&[7, 255], BitDepth::Eight, 2), [7, 255]);
        assert_eq!(unpacked(&[1, 2, 255], BitDepth::Sixteen, 2), [258]);
    }
}
