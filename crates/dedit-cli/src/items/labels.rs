//! Label pictures: PNG files whose values, or palette indices, are numbers of items.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use dedit_edit::Size;
use png::{BitDepth, ColorType, Decoder, Transformations};

use crate::error::{Error, ErrorKind, Result};

/// A label picture.
pub(super) struct LabelPicture {
    pub(super) size: Size,
    /// Row by row.
    pub(super) labels: Vec<u16>,
    /// The largest value that a pixel could have; `None` for numbers of a palette.
    most: Option<u16>,
}

impl LabelPicture {
    /// Whether these are shades of a soft mask rather than numbers: some black, many shades between black and white, and hardly two neighbours of the same
    /// shade among these, while items are flat.
    pub(super) fn is_soft_mask(&self) -> bool {
        /// A label picture seldom has more items that are all uneven.
        const SHADES: usize = 8;
        let Some(most) = self.most.filter(|_| self.labels.contains(&0)) else { return false };
        let width = self.size.width();
        let is_uneven = |index: usize| {
            let beside = [(!index.is_multiple_of(width)).then(|| index - 1), index.checked_sub(width)];
            beside.into_iter().flatten().any(|other| self.labels[other] != self.labels[index])
        };
        let between: Vec<usize> = (0..self.labels.len()).filter(|index| ![0, most].contains(&self.labels[*index])).collect();
        let uneven = between.iter().filter(|index| is_uneven(**index)).count();
        let mut shades: Vec<u16> = between.iter().map(|index| self.labels[*index]).collect();
        shades.sort_unstable();
        shades.dedup();
        shades.len() > SHADES && uneven * 10 >= between.len() * 6
    }
}

/// Reads the labels. Palette indices are taken as they are: their colours do not matter.
pub(super) fn read(path: &Path) -> Result<LabelPicture> {
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
    let most = (color == ColorType::Grayscale).then(|| u16::MAX >> (16 - depth as u16));
    if labels.len() == size.pixels() { Ok(LabelPicture { size, labels, most }) } else { Err(wrong(&"it is cut off")) }
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
    fn shades_are_told_from_numbers() {
        let size = Size::new(40, 40).unwrap();
        let picture = |most: Option<u16>, label: &dyn Fn(u16, u16) -> u16| {
            let labels = (0..1600).map(|index| label(index % 40, index / 40)).collect();
            LabelPicture { size, labels, most }.is_soft_mask()
        };
        let ramp = |x: u16, _: u16| (x * 12).saturating_sub(120).min(255);
        assert!(picture(Some(255), &ramp));
        assert!(!picture(None, &ramp), "numbers of a palette");
        assert!(picture(Some(255), &|x, y| (x * y / 3).saturating_sub(40).min(230)), "without any white");
        assert!(!picture(Some(255), &|x, y| (x / 10 + y / 10 * 4) * 16), "sixteen flat items");
        assert!(!picture(Some(255), &|x, _| if x > 20 { 255 } else { 0 }), "black and white");
        assert!(!picture(Some(255), &|x, y| 1 + (x + y) % 200), "no black");
    }

    #[test]
    fn rows_of_any_depth_are_unpacked() {
        assert_eq!(unpacked(&[0b1010_0000], BitDepth::One, 3), [1, 0, 1]);
        assert_eq!(unpacked(&[0b1101_0010, 0b0100_0000], BitDepth::Two, 5), [3, 1, 0, 2, 1]);
        assert_eq!(unpacked(&[0x5a, 0xf0], BitDepth::Four, 3), [5, 10, 15]);
        assert_eq!(unpacked(&[7, 255], BitDepth::Eight, 2), [7, 255]);
        assert_eq!(unpacked(&[1, 2, 255], BitDepth::Sixteen, 2), [258]);
    }

    #[test]
    fn broken_label_pictures_are_read_or_refused_in_one_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("labels.png");
        for (color, depth, row) in [(ColorType::Grayscale, BitDepth::Sixteen, 10), (ColorType::Indexed, BitDepth::Two, 2)] {
            let mut whole = Vec::new();
            let mut encoder = png::Encoder::new(&mut whole, 5, 3);
            encoder.set_color(color);
            encoder.set_depth(depth);
            if color == ColorType::Indexed {
                encoder.set_palette(vec![9; 12]);
            }
            encoder.write_header().unwrap().write_image_data(&vec![0x1b; row * 3]).unwrap();
            crate::mutations::feed("labels", &whole, |bytes| {
                std::fs::write(&file, bytes).unwrap();
                read(&file).err().map(|error| error.to_string())
            });
        }
    }
}
