//! Pixels as they go over the wire: rows of samples, little-endian, with or without padding after a row.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The most pixels of a picture or mask, and the most along one side.
pub const MAX_PIXELS: u64 = 1 << 27;
/// The most pixels along one side.
pub const MAX_SIDE: u32 = 65_000;

/// The type of samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SampleType {
    /// 0 … 255.
    U8,
    /// 0 … 65535.
    U16,
    /// Nominally 0 … 1.
    F32,
}

impl SampleType {
    /// Bytes of a sample.
    pub fn bytes(self) -> u64 {
        match self {
            Self::U8 => 1,
            Self::U16 => 2,
            Self::F32 => 4,
        }
    }
}

/// What a head says of pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// Pixels along x, 1 to [`MAX_SIDE`].
    pub width: u32,
    /// Pixels along y, 1 to [`MAX_SIDE`].
    pub height: u32,
    /// Samples of a pixel: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA.
    pub channels: u8,
    /// Their type.
    pub samples: SampleType,
    /// Bytes from the start of a row to that of the next; without it rows follow each other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stride: Option<u64>,
}

impl Layout {
    fn row_bytes(&self) -> u64 {
        u64::from(self.width) * u64::from(self.channels) * self.samples.bytes()
    }

    /// Samples in all.
    fn count(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height) * u64::from(self.channels)
    }

    /// Bytes on the wire; `None` where the sizes make no sense.
    pub(crate) fn wire_bytes(&self) -> Option<u64> {
        let sides = (1..=MAX_SIDE).contains(&self.width) && (1..=MAX_SIDE).contains(&self.height);
        let few = u64::from(self.width) * u64::from(self.height) <= MAX_PIXELS;
        let stride = self.stride.unwrap_or(self.row_bytes());
        // Padding of more than a row is no padding.
        let padded = (self.row_bytes()..=2 * self.row_bytes() + 4096).contains(&stride);
        (sides && few && (1..=4).contains(&self.channels) && padded).then(|| stride * u64::from(self.height))
    }
}

/// Samples of one type.
#[derive(Debug, Clone, PartialEq)]
pub enum Samples {
    /// 8 bits.
    U8(Vec<u8>),
    /// 16 bits.
    U16(Vec<u16>),
    /// Floats.
    F32(Vec<f32>),
}

/// Pixels: `width · height · channels` samples, row by row, the channels of a pixel side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct Pixels {
    width: u32,
    height: u32,
    channels: u8,
    samples: Samples,
}

impl Pixels {
    /// Pixels from their samples; `None` where sizes and samples do not belong together or are beyond the limits.
    pub fn new(width: u32, height: u32, channels: u8, samples: Samples) -> Option<Self> {
        let pixels = Self { width, height, channels, samples };
        let layout = pixels.layout();
        let held = match &pixels.samples {
            Samples::U8(samples) => samples.len(),
            Samples::U16(samples) => samples.len(),
            Samples::F32(samples) => samples.len(),
        };
        (layout.wire_bytes().is_some() && held as u64 == layout.count()).then_some(pixels)
    }

    /// Pixels along x.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Pixels along y.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Samples of a pixel, 1 to 4.
    pub fn channels(&self) -> u8 {
        self.channels
    }

    /// The samples.
    pub fn samples(&self) -> &Samples {
        &self.samples
    }

    /// The samples, without a copy.
    pub fn into_samples(self) -> Samples {
        self.samples
    }

    /// What a head says of them.
    pub fn layout(&self) -> Layout {
        let samples = match self.samples {
            Samples::U8(_) => SampleType::U8,
            Samples::U16(_) => SampleType::U16,
            Samples::F32(_) => SampleType::F32,
        };
        Layout { width: self.width, height: self.height, channels: self.channels, samples, stride: None }
    }

    /// What identifies them: SHA-256 over the line `WIDTH HEIGHT CHANNELS TYPE\n` and the samples as they are on the wire without padding, as 64
    /// hexadecimal digits.
    pub fn digest(&self) -> String {
        let Layout { width, height, channels, samples, .. } = self.layout();
        let name = match samples {
            SampleType::U8 => "u8",
            SampleType::U16 => "u16",
            SampleType::F32 => "f32",
        };
        let mut hash = Sha256::new();
        hash.update(format!("{width} {height} {channels} {name}\n"));
        // Writing to a hash does not fail.
        let _ = self.write(&mut hash);
        hash.finalize().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    }

    pub(crate) fn write(&self, into: &mut impl Write) -> io::Result<()> {
        match &self.samples {
            Samples::U8(samples) => into.write_all(samples),
            Samples::U16(samples) => write_samples(samples, u16::to_le_bytes, into),
            Samples::F32(samples) => write_samples(samples, f32::to_le_bytes, into),
        }
    }

    /// Reads what a checked layout describes, straight into its place. Memory grows as bytes arrive: what is only announced takes none.
    pub(crate) fn read(layout: &Layout, from: &mut impl Read) -> io::Result<Self> {
        let &Layout { width, height, channels, samples, .. } = layout;
        let samples = match samples {
            SampleType::U8 => Samples::U8(read_rows(layout, |sample| sample, from)?),
            SampleType::U16 => Samples::U16(read_rows(layout, u16::from_le, from)?),
            SampleType::F32 => Samples::F32(read_rows(layout, |sample: f32| f32::from_bits(u32::from_le(sample.to_bits())), from)?),
        };
        Ok(Self { width, height, channels, samples })
    }
}

/// Samples as bytes: as they lie in memory where that is little-endian.
fn write_samples<T: bytemuck::NoUninit, const N: usize>(
    samples: &[T],
    bytes: impl Fn(T) -> [u8; N],
    into: &mut impl Write,
) -> io::Result<()> {
    if cfg!(target_endian = "little") {
        return into.write_all(bytemuck::cast_slice(samples));
    }
    samples.chunks(4096).try_for_each(|chunk| into.write_all(&chunk.iter().flat_map(|sample| bytes(*sample)).collect::<Vec<u8>>()))
}

/// Reads row after row; `native` brings a little-endian sample to this machine's order.
fn read_rows<T: bytemuck::Pod>(layout: &Layout, native: impl Fn(T) -> T, from: &mut impl Read) -> io::Result<Vec<T>> {
    let row = layout.width as usize * usize::from(layout.channels);
    let padding = layout.stride.map_or(0, |stride| stride - layout.row_bytes());
    let mut samples: Vec<T> = Vec::new();
    let full = |_| io::Error::new(io::ErrorKind::OutOfMemory, "there is not enough memory for these pixels");
    samples.try_reserve_exact(layout.count() as usize).map_err(full)?;
    for _ in 0..layout.height {
        let start = samples.len();
        samples.resize(start + row, T::zeroed());
        from.read_exact(bytemuck::cast_slice_mut(&mut samples[start..]))?;
        if cfg!(target_endian = "big") {
            samples[start..].iter_mut().for_each(|sample| *sample = native(*sample));
        }
        if io::copy(&mut from.by_ref().take(padding), &mut io::sink())? < padding {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(samples)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(width: u32, height: u32, channels: u8, samples: SampleType, stride: Option<u64>) -> Layout {
        Layout { width, height, channels, samples, stride }
    }

    #[test]
    fn sizes_beyond_the_limits_are_refused_before_anything_is_allocated() {
        for (layout, bytes) in [
            (layout(2, 3, 4, SampleType::U16, None), Some(48)),
            (layout(2, 3, 4, SampleType::U16, Some(20)), Some(60)),
            (layout(65_000, 2064, 4, SampleType::F32, None), Some(65_000 * 2064 * 16)),
            (layout(0, 3, 4, SampleType::U8, None), None),
            (layout(2, 3, 5, SampleType::U8, None), None),
            (layout(65_001, 1, 1, SampleType::U8, None), None),
            (layout(65_000, 65_000, 1, SampleType::U8, None), None),
            (layout(2, 3, 4, SampleType::U16, Some(15)), None),
            (layout(2, 3, 4, SampleType::U16, Some(1 << 40)), None),
        ] {
            assert_eq!(layout.wire_bytes(), bytes, "{layout:?}");
        }
    }

    #[test]
    fn padding_is_read_over() {
        let padded = layout(2, 2, 1, SampleType::U16, Some(6));
        let bytes = [1, 0, 2, 0, 9, 9, 3, 0, 4, 1, 9, 9];
        let pixels = Pixels::read(&padded, &mut bytes.as_slice()).unwrap();
        assert_eq!(pixels.samples(), &Samples::U16(vec![1, 2, 3, 260]));
        let mut written = Vec::new();
        pixels.write(&mut written).unwrap();
        assert_eq!(written, [1, 0, 2, 0, 3, 0, 4, 1]);
        assert!(Pixels::read(&padded, &mut &bytes[..11]).is_err(), "cut off in the padding");
    }

    #[test]
    fn digests_depend_on_everything() {
        let pixels = |width, height, channels, samples| Pixels::new(width, height, channels, samples).unwrap().digest();
        let first = pixels(2, 1, 1, Samples::U8(vec![1, 2]));
        // sha256 of "2 1 1 u8\n\x01\x02", from another program.
        assert_eq!(first, "4079d87a29992d425f101505616fe3d33dcfd0353a832c058efffb7be8272ea0");
        for other in [
            pixels(1, 2, 1, Samples::U8(vec![1, 2])),
            pixels(1, 1, 2, Samples::U8(vec![1, 2])),
            pixels(2, 1, 1, Samples::U8(vec![1, 3])),
            pixels(1, 1, 1, Samples::U16(vec![513])),
        ] {
            assert_ne!(first, other);
        }
    }
}
