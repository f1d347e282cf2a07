//! Pixels on disk, little-endian: pictures as raw samples; masks as f32 in gzip; item numbers as runs of item number (u16) and length in pixels (u32) in
//! gzip.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use bytemuck::Pod;
use dedit_edit::{Channels, Depth, Image, ItemMask, Result, Samples, Segmentation, Size};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::files;

/// The format of a picture's samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Layout {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// 1 to 4.
    pub(crate) channels: usize,
    /// 8, 16 or 32 bits; 32 are floats.
    pub(crate) bits: u32,
}

impl Layout {
    pub(crate) fn of(image: &Image) -> Self {
        let bits = match image.depth() {
            Depth::U8 => 8,
            Depth::U16 => 16,
            Depth::F32 => 32,
        };
        Self { width: image.size().width(), height: image.size().height(), channels: image.channels().count(), bits }
    }

    fn kind(self, path: &Path) -> Result<(Size, Channels)> {
        let channels = match self.channels {
            1 => Channels::Grey,
            2 => Channels::GreyAlpha,
            3 => Channels::Rgb,
            4 => Channels::Rgba,
            other => return Err(files::damaged(&format!("{other} channels"), path)),
        };
        Ok((Size::new(self.width, self.height)?, channels))
    }
}

/// Identifies a picture; clients compute it too. SHA-256 over the line `WIDTH HEIGHT CHANNELS TYPE\n` and the samples, in hexadecimal digits.
pub fn digest(image: &Image) -> String {
    let Layout { width, height, channels, bits } = Layout::of(image);
    let name = match bits {
        8 => "u8",
        16 => "u16",
        _ => "f32",
    };
    let mut hash = Sha256::new();
    hash.update(format!("{width} {height} {channels} {name}\n"));
    // Writing to a hash cannot fail.
    let _ = write_samples(image.samples(), &mut hash);
    hex(&hash.finalize())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Writes a picture's samples.
pub(crate) fn write_picture(image: &Image, into: &mut dyn Write) -> io::Result<()> {
    write_samples(image.samples(), into)
}

/// Reads a picture's samples.
pub(crate) fn read_picture(path: &Path, layout: Layout) -> Result<Image> {
    let (size, channels) = layout.kind(path)?;
    let mut file = open(path)?;
    let count = size.pixels() * layout.channels;
    let expected = (count as u64) * u64::from(layout.bits / 8);
    if file.metadata().map(|found| found.len()).ok() != Some(expected) {
        return Err(files::damaged(&format!("the picture should have {expected} bytes"), path));
    }
    let samples = match layout.bits {
        8 => read_samples(count, &mut file).map(Samples::U8),
        16 => read_samples(count, &mut file).map(Samples::U16),
        32 => read_samples(count, &mut file).map(Samples::F32),
        other => return Err(files::damaged(&format!("{other} bits"), path)),
    };
    Image::new(size, channels, samples.map_err(|error| files::cannot_read(&error, path))?)
}

/// Writes the numbers of items.
pub(crate) fn write_labels(items: &Segmentation, into: &mut dyn Write) -> io::Result<()> {
    let mut runs = Vec::new();
    for run in items.labels().chunk_by(|one, next| one == next) {
        runs.extend(run[0].to_le_bytes());
        // A picture has at most 2^27 pixels.
        runs.extend((run.len() as u32).to_le_bytes());
    }
    write_packed(&runs, into)
}

/// Reads the numbers of items.
pub(crate) fn read_labels(path: &Path, size: Size, names: Vec<String>) -> Result<Segmentation> {
    let mut labels = Vec::with_capacity(size.pixels());
    let mut runs = GzDecoder::new(BufReader::new(open(path)?));
    let mut run = [0; 6];
    while labels.len() < size.pixels() {
        runs.read_exact(&mut run).map_err(|error| files::damaged(&error, path))?;
        let count = u32::from_le_bytes([run[2], run[3], run[4], run[5]]) as usize;
        if !(1..=size.pixels() - labels.len()).contains(&count) {
            return Err(files::damaged(&"a run of another length than the picture has room for", path));
        }
        labels.extend(std::iter::repeat_n(u16::from_le_bytes([run[0], run[1]]), count));
    }
    check_end(&mut runs, path)?;
    Segmentation::from_labels(size, names, labels).map_err(|error| files::damaged(&error.message(), path))
}

/// Writes a mask.
pub(crate) fn write_mask(mask: &ItemMask, into: &mut dyn Write) -> io::Result<()> {
    write_packed(mask.values(), into)
}

/// Reads a mask.
pub(crate) fn read_mask(path: &Path, size: Size) -> Result<ItemMask> {
    let values = read_packed(path, size.pixels())?;
    ItemMask::new(size, values).map_err(|error| files::damaged(&error.message(), path))
}

/// Opens a file that must exist.
fn open(path: &Path) -> Result<File> {
    File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => files::damaged(&"a file is gone", path),
        _ => files::cannot_read(&error, path),
    })
}

fn write_packed<T: Pod>(values: &[T], into: &mut dyn Write) -> io::Result<()> {
    let mut packed = GzEncoder::new(into, Compression::fast());
    write_values(values, &mut packed)?;
    packed.finish().map(drop)
}

fn read_packed<T: Pod>(path: &Path, count: usize) -> Result<Vec<T>> {
    let file = open(path)?;
    let mut unpacked = GzDecoder::new(BufReader::new(file));
    let values = read_samples(count, &mut unpacked).map_err(|error| files::damaged(&error, path))?;
    check_end(&mut unpacked, path)?;
    Ok(values)
}

/// Reads the end of a gzip stream, which verifies its checksum.
fn check_end(unpacked: &mut impl Read, path: &Path) -> Result<()> {
    match unpacked.read(&mut [0]) {
        Ok(0) => Ok(()),
        Ok(_) => Err(files::damaged(&"more values than pixels", path)),
        Err(error) => Err(files::damaged(&error, path)),
    }
}

fn write_samples(samples: &Samples, into: &mut dyn Write) -> io::Result<()> {
    match samples {
        Samples::U8(samples) => write_values(samples, into),
        Samples::U16(samples) => write_values(samples, into),
        Samples::F32(samples) => write_values(samples, into),
    }
}

/// Writes values as little-endian bytes.
fn write_values<T: Pod>(values: &[T], into: &mut dyn Write) -> io::Result<()> {
    if cfg!(target_endian = "little") {
        return into.write_all(bytemuck::cast_slice(values));
    }
    values.iter().try_for_each(|value| into.write_all(&bytemuck::bytes_of(value).iter().rev().copied().collect::<Vec<u8>>()))
}

fn read_samples<T: Pod>(count: usize, from: &mut impl Read) -> io::Result<Vec<T>> {
    let mut samples = Vec::new();
    samples.try_reserve_exact(count).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
    samples.resize(count, T::zeroed());
    from.read_exact(bytemuck::cast_slice_mut(&mut samples))?;
    if cfg!(target_endian = "big") {
        for sample in &mut samples {
            bytemuck::bytes_of_mut(sample).reverse();
        }
    }
    Ok(samples)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(items: &Segmentation) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_labels(items, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn item_numbers_come_back_and_damage_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("items.gz");
        let size = Size::new(7, 5).unwrap();
        let names: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..20 {
            let labels: Vec<u16> = (0..35).map(|index| if index < 3 { index } else { random.u16(..3) }).collect();
            let items = Segmentation::from_labels(size, names.clone(), labels).unwrap();
            let bytes = written(&items);
            std::fs::write(&path, &bytes).unwrap();
            assert_eq!(read_labels(&path, size, names.clone()).unwrap(), items);
            assert!(read_labels(&path, Size::new(7, 4).unwrap(), names.clone()).is_err(), "more than there are pixels");
            assert!(read_labels(&path, Size::new(7, 6).unwrap(), names.clone()).is_err(), "fewer");
            std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
            assert!(read_labels(&path, size, names.clone()).is_err(), "cut off");
        }
    }

    #[test]
    fn pictures_and_masks_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pixels");
        let size = Size::new(3, 2).unwrap();
        for samples in [Samples::U8((0..12).collect()), Samples::U16((0..12).map(|n| n * 5000).collect()), Samples::F32(vec![f32::MIN; 12])]
        {
            let image = Image::new(size, Channels::GreyAlpha, samples).unwrap();
            let mut bytes = Vec::new();
            write_picture(&image, &mut bytes).unwrap();
            std::fs::write(&path, bytes).unwrap();
            let layout = Layout::of(&image);
            assert_eq!(read_picture(&path, layout).unwrap(), image);
            assert!(read_picture(&path, Layout { width: 4, ..layout }).is_err());
        }
        let mask = ItemMask::new(size, vec![0.0, 0.1, 0.2, 0.3, 0.9, 1.0]).unwrap();
        let mut bytes = Vec::new();
        write_mask(&mask, &mut bytes).unwrap();
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(read_mask(&path, size).unwrap(), mask);
        assert!(read_mask(&path, Size::new(2, 2).unwrap()).is_err());
    }
}
