//! Conversion between the host's images and the daemon's pixels.
//!
//! Host: y up, any row stride, alpha premultiplied or straight, linear light or sRGB. Daemon: rows from top to bottom, straight alpha, sRGB. Pixels that an
//! edit does not change are never converted: the host's bytes are copied.

use std::cell::OnceCell;

use dedit_protocol::answer::Region;
use dedit_protocol::{Pixels, Samples};
use half::f16;
use ofx_host::abi::RectI;
use ofx_host::{Alpha, Components, Depth, Frame, Image};

use crate::colour;
use crate::failure::{Failure, input};

/// The pixel format of an image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Format {
    pub(crate) depth: Depth,
    pub(crate) components: Components,
    pub(crate) alpha: Alpha,
    pub(crate) linear: bool,
}

/// The encoding of a clip's values, which its images do not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Encoding {
    /// Linear light instead of sRGB.
    pub(crate) linear: bool,
    /// Alpha is the mask of an item: all pixels are opaque, and colours are not premultiplied, whatever the host says.
    pub(crate) alpha_is_mask: bool,
}

impl Format {
    pub(crate) fn of(image: &Image<'_>, encoding: Encoding) -> Self {
        let alpha = match image.alpha() {
            Alpha::Premultiplied if encoding.alpha_is_mask => Alpha::Straight,
            alpha => alpha,
        };
        Self { depth: image.depth(), components: image.components(), alpha, linear: encoding.linear }
    }

    /// Bytes of a pixel.
    pub(crate) fn bytes(self) -> usize {
        self.depth.bytes() * self.components.count()
    }

    /// A pixel as sRGB with straight alpha. Values that are not finite become 0.
    pub(crate) fn read(self, pixel: &[u8]) -> [f32; 4] {
        let mut samples = [0.0; 4];
        for (value, bytes) in samples.iter_mut().zip(pixel.chunks_exact(self.depth.bytes())) {
            *value = sample(self.depth, bytes);
        }
        let [red, green, blue, alpha] = match self.components {
            Components::Rgba => samples,
            Components::Rgb => [samples[0], samples[1], samples[2], 1.0],
            // Alpha alone is read as grey.
            Components::Alpha => [samples[0], samples[0], samples[0], 1.0],
        };
        let alpha = if self.alpha == Alpha::Opaque { 1.0 } else { alpha };
        let straight = |value: f32| {
            let value = if self.alpha == Alpha::Premultiplied && alpha > 0.0 { value / alpha } else { value };
            let value = if self.linear { colour::to_srgb(value) } else { value };
            // Division by a tiny alpha may overflow.
            if value.is_finite() { value } else { 0.0 }
        };
        [straight(red), straight(green), straight(blue), alpha]
    }

    /// The inverse of [`read`](Self::read).
    pub(crate) fn write(self, [red, green, blue, alpha]: [f32; 4], into: &mut [u8]) {
        let stored = |value: f32| {
            let value = if self.linear { colour::to_linear(value) } else { value };
            if self.alpha == Alpha::Premultiplied && self.components == Components::Rgba { value * alpha } else { value }
        };
        let samples = [stored(red), stored(green), stored(blue), alpha];
        for (value, bytes) in samples.iter().zip(into.chunks_exact_mut(self.depth.bytes())) {
            put(self.depth, *value, bytes);
        }
    }
}

fn sample(depth: Depth, bytes: &[u8]) -> f32 {
    let value = match (depth, bytes) {
        (Depth::Byte, [value]) => f32::from(*value) / 255.0,
        (Depth::Short, [a, b]) => f32::from(u16::from_ne_bytes([*a, *b])) / 65535.0,
        (Depth::Half, [a, b]) => f16::from_ne_bytes([*a, *b]).to_f32(),
        (Depth::Float, [a, b, c, d]) => f32::from_ne_bytes([*a, *b, *c, *d]),
        _ => 0.0,
    };
    if value.is_finite() { value } else { 0.0 }
}

fn put(depth: Depth, value: f32, bytes: &mut [u8]) {
    let whole = |most: f32| (value * most).round().clamp(0.0, most);
    match depth {
        Depth::Byte => bytes.copy_from_slice(&[whole(255.0) as u8]),
        Depth::Short => bytes.copy_from_slice(&(whole(65535.0) as u16).to_ne_bytes()),
        Depth::Half => bytes.copy_from_slice(&f16::from_f32(value.clamp(f16::MIN.to_f32(), f16::MAX.to_f32())).to_ne_bytes()),
        Depth::Float => bytes.copy_from_slice(&value.to_ne_bytes()),
    }
}

/// A frame in the daemon's format.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct InputFrame {
    pub(crate) pixels: Pixels,
    /// Its rectangle in the host's coordinates.
    pub(crate) bounds: RectI,
    /// Width of a pixel over its height.
    pub(crate) aspect: f64,
    digest: OnceCell<String>,
}

impl InputFrame {
    /// Reads a frame. Alpha is left out where it is 1 everywhere or a mask.
    ///
    /// # Errors
    /// Where the frame is too large for a message.
    pub(crate) fn read(image: &Image<'_>, encoding: Encoding) -> Result<Self, Failure> {
        let format = Format::of(image, encoding);
        let channels: u8 = match format.components {
            Components::Alpha => 1,
            Components::Rgba if !encoding.alpha_is_mask && is_transparent(image, format) => 4,
            _ => 3,
        };
        let samples = match (format.depth, encoding.linear) {
            (Depth::Byte, false) if format.alpha != Alpha::Premultiplied || channels < 4 => Samples::U8(copied(image, format, channels)),
            (Depth::Byte, false) => Samples::U8(gathered(image, format, channels, |value| (value * 255.0).round().clamp(0.0, 255.0) as u8)),
            (Depth::Short, false) => {
                Samples::U16(gathered(image, format, channels, |value| (value * 65535.0).round().clamp(0.0, 65535.0) as u16))
            }
            _ => Samples::F32(gathered(image, format, channels, |value| value)),
        };
        let (width, height) = (image.width(), image.height());
        let pixels = Pixels::new(width as u32, height as u32, channels, samples).ok_or_else(|| {
            input(format!("a frame of {width}×{height} pixels is too large"), "edit a smaller part, or at a smaller scale")
        })?;
        Ok(Self { pixels, bounds: image.bounds(), aspect: image.pixel_aspect(), digest: OnceCell::new() })
    }

    /// A frame of three channels of bytes.
    #[cfg(test)]
    pub(crate) fn of_bytes(width: u32, height: u32, samples: &[u8]) -> Self {
        let pixels = Pixels::new(width, height, 3, Samples::U8(samples.to_vec())).unwrap();
        let bounds = RectI { x1: 0, y1: 0, x2: width as i32, y2: height as i32 };
        Self { pixels, bounds, aspect: 1.0, digest: OnceCell::new() }
    }

    /// Without alpha.
    pub(crate) fn opaque(self) -> Self {
        let samples = match self.pixels.samples() {
            _ if self.pixels.channels() != 4 => return self,
            Samples::U8(samples) => Samples::U8(colours(samples)),
            Samples::U16(samples) => Samples::U16(colours(samples)),
            Samples::F32(samples) => Samples::F32(colours(samples)),
        };
        match Pixels::new(self.pixels.width(), self.pixels.height(), 3, samples) {
            Some(pixels) => Self { pixels, digest: OnceCell::new(), ..self },
            None => self,
        }
    }

    /// The digest of its pixels, computed once.
    pub(crate) fn digest(&self) -> &str {
        self.digest.get_or_init(|| self.pixels.digest())
    }

    /// Width and height.
    pub(crate) fn size(&self) -> (usize, usize) {
        (self.pixels.width() as usize, self.pixels.height() as usize)
    }
}

/// The first three samples of each pixel of four.
fn colours<T: Copy>(samples: &[T]) -> Vec<T> {
    samples.chunks_exact(4).flat_map(|pixel| &pixel[..3]).copied().collect()
}

/// Rows of an image from the highest to the lowest.
pub(crate) fn rows<'i>(image: &'i Image<'_>) -> impl Iterator<Item = &'i [u8]> {
    (image.bounds().y1..image.bounds().y2).rev().filter_map(|y| image.row(y))
}

/// The first `channels` bytes of each pixel, unchanged.
fn copied(image: &Image<'_>, format: Format, channels: u8) -> Vec<u8> {
    let pixels = rows(image).flat_map(|row| row.chunks_exact(format.bytes()));
    pixels.flat_map(|pixel| &pixel[..usize::from(channels)]).copied().collect()
}

fn is_transparent(image: &Image<'_>, format: Format) -> bool {
    let from = 3 * format.depth.bytes();
    format.alpha != Alpha::Opaque
        && rows(image).any(|row| row.chunks_exact(format.bytes()).any(|pixel| sample(format.depth, &pixel[from..]) < 1.0))
}

fn gathered<T>(image: &Image<'_>, format: Format, channels: u8, turned: impl Fn(f32) -> T) -> Vec<T> {
    let mut samples = Vec::with_capacity(image.width() * image.height() * usize::from(channels));
    for row in rows(image) {
        for pixel in row.chunks_exact(format.bytes()) {
            samples.extend(format.read(pixel).into_iter().take(channels.into()).map(&turned));
        }
    }
    samples
}

/// The region of a frame that an edit changes, rows from top to bottom.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EditedRegion {
    pub(crate) region: Region,
    pub(crate) pixels: Pixels,
}

impl EditedRegion {
    /// Whether it lies within `frame`, and has its sample type and so many channels.
    pub(crate) fn fits(&self, frame: &Pixels, channels: u8) -> bool {
        let Region { x, y, width, height } = self.region;
        let within = |from: usize, length: usize, all: u32| from.checked_add(length).is_some_and(|end| end <= all as usize);
        within(x, width, frame.width())
            && within(y, height, frame.height())
            && (self.pixels.width() as usize, self.pixels.height() as usize) == (width, height)
            && self.pixels.channels() == channels
            && std::mem::discriminant(self.pixels.samples()) == std::mem::discriminant(frame.samples())
    }
}

/// Fills the window of the output: with the source, and with the edited region where it differs from the input frame.
pub(crate) fn write_frame(
    output: &mut Image<'_>,
    source: &Image<'_>,
    edit: Option<(&InputFrame, &EditedRegion)>,
    frame: &Frame,
    encoding: Encoding,
) {
    let (from, to) = (Format::of(source, encoding), Format::of(output, encoding));
    let (asked, there) = (frame.window, output.bounds());
    let columns = asked.x1.max(there.x1)..asked.x2.min(there.x2);
    if columns.is_empty() {
        return;
    }
    for y in (asked.y1.max(there.y1)..asked.y2.min(there.y2)).filter(|y| frame.field.has(*y)) {
        let Some(row) = output.row_mut(y) else { continue };
        let start = (columns.start - there.x1) as usize * to.bytes();
        let count = columns.len();
        let Some(row) = row.get_mut(start..start + count * to.bytes()) else { continue };
        copy_row(row, to, source, from, y, columns.start);
        if let Some((input, edited)) = edit {
            write_row(row, to, input, edited, y, columns.start);
        }
    }
}

/// Copies a row of the source from column `first` on; pixels outside the source become 0.
fn copy_row(row: &mut [u8], to: Format, source: &Image<'_>, from: Format, y: i32, first: i32) {
    let Some(pixels) = source.row(y) else {
        row.fill(0);
        return;
    };
    for (x, into) in (first..).zip(row.chunks_exact_mut(to.bytes())) {
        let place = usize::try_from(i64::from(x) - i64::from(source.bounds().x1)).ok();
        let pixel = place.and_then(|place| pixels.get(place * from.bytes()..(place + 1) * from.bytes()));
        match pixel {
            None => into.fill(0),
            Some(pixel) if from == to => into.copy_from_slice(pixel),
            Some(pixel) => to.write(from.read(pixel), into),
        }
    }
}

/// Writes the pixels of a row that the edit changed.
fn write_row(row: &mut [u8], to: Format, input: &InputFrame, edited: &EditedRegion, y: i32, first: i32) {
    let region = edited.region;
    let Some(down) = usize::try_from(i64::from(input.bounds.y2) - 1 - i64::from(y)).ok().and_then(|down| down.checked_sub(region.y)) else {
        return;
    };
    if down >= region.height {
        return;
    }
    let (width, channels) = (input.pixels.width() as usize, usize::from(input.pixels.channels()));
    for (x, into) in (first..).zip(row.chunks_exact_mut(to.bytes())) {
        let across = usize::try_from(i64::from(x) - i64::from(input.bounds.x1)).ok().and_then(|across| across.checked_sub(region.x));
        let Some(across) = across.filter(|across| *across < region.width) else { continue };
        let new = (down * region.width + across) * channels;
        let old = ((region.y + down) * width + region.x + across) * channels;
        let Some(mut colour) = changed(edited.pixels.samples(), new, input.pixels.samples(), old, channels) else { continue };
        if channels == 3 && to.components == Components::Rgba {
            colour[3] = to.read(into)[3];
        }
        to.write(colour, into);
    }
}

/// The new pixel, if any bit of it differs.
fn changed(new: &Samples, at: usize, old: &Samples, was: usize, channels: usize) -> Option<[f32; 4]> {
    let mut colour = [0.0, 0.0, 0.0, 1.0];
    let spread = |colour: &mut [f32; 4], values: &mut dyn Iterator<Item = f32>| {
        colour.iter_mut().zip(values).for_each(|(into, value)| *into = value);
    };
    match (new, old) {
        (Samples::U8(new), Samples::U8(old)) => {
            let (new, old) = (new.get(at..at + channels)?, old.get(was..was + channels)?);
            (new != old).then(|| spread(&mut colour, &mut new.iter().map(|value| f32::from(*value) / 255.0)))?;
        }
        (Samples::U16(new), Samples::U16(old)) => {
            let (new, old) = (new.get(at..at + channels)?, old.get(was..was + channels)?);
            (new != old).then(|| spread(&mut colour, &mut new.iter().map(|value| f32::from(*value) / 65535.0)))?;
        }
        (Samples::F32(new), Samples::F32(old)) => {
            let (new, old) = (new.get(at..at + channels)?, old.get(was..was + channels)?);
            let is_other = new.iter().zip(old).any(|(new, old)| new.to_bits() != old.to_bits());
            is_other.then(|| spread(&mut colour, &mut new.iter().copied()))?;
        }
        _ => return None,
    }
    Some(colour)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stored() -> impl Strategy<Value = Format> {
        let depths = prop::sample::select(vec![Depth::Byte, Depth::Short, Depth::Half, Depth::Float]);
        let components = prop::sample::select(vec![Components::Rgba, Components::Rgb, Components::Alpha]);
        let alphas = prop::sample::select(vec![Alpha::Opaque, Alpha::Premultiplied, Alpha::Straight]);
        (depths, components, alphas, any::<bool>()).prop_map(|(depth, components, alpha, linear)| Format {
            depth,
            components,
            alpha,
            linear,
        })
    }

    proptest! {
        #[test]
        fn pixels_survive_reading_and_writing(stored in stored(), samples in prop::array::uniform4(0.0_f32..1.0)) {
            // Premultiplied colours do not exceed alpha, and alpha is large enough for bytes to resolve them.
            let alpha = 0.5 + samples[3] / 2.0;
            let scale = if stored.alpha == Alpha::Premultiplied { alpha } else { 1.0 };
            let values = [samples[0] * scale, samples[1] * scale, samples[2] * scale, if stored.alpha == Alpha::Opaque { 1.0 } else { alpha }];
            let mut first = vec![0; stored.bytes()];
            for (value, bytes) in values.iter().zip(first.chunks_exact_mut(stored.depth.bytes())) {
                put(stored.depth, *value, bytes);
            }
            let mut again = vec![0; stored.bytes()];
            stored.write(stored.read(&first), &mut again);
            for (one, other) in first.chunks_exact(stored.depth.bytes()).zip(again.chunks_exact(stored.depth.bytes())) {
                let (one, other) = (sample(stored.depth, one), sample(stored.depth, other));
                let step = match stored.depth {
                    Depth::Byte | Depth::Short => 1e-6,
                    Depth::Half => 1e-3,
                    Depth::Float => 1e-5,
                };
                prop_assert!((one - other).abs() <= step, "{one} became {other}");
            }
        }
    }

    #[test]
    fn values_that_are_not_finite_read_as_zero() {
        let stored = Format { depth: Depth::Float, components: Components::Rgb, alpha: Alpha::Opaque, linear: true };
        let pixel: Vec<u8> = [f32::NAN, f32::INFINITY, 0.0].iter().flat_map(|value| value.to_ne_bytes()).collect();
        assert_eq!(stored.read(&pixel).map(f32::to_bits), [0.0, 0.0, 0.0, 1.0_f32].map(f32::to_bits));
    }

    #[test]
    fn a_region_of_another_frame_does_not_fit() {
        let pixels = |width, height, channels: u8| {
            Pixels::new(width, height, channels, Samples::U8(vec![0; (width * height) as usize * usize::from(channels)])).unwrap()
        };
        let sent = pixels(8, 6, 3);
        for (x, y, width, height, made, fits) in [
            (2, 1, 4, 3, pixels(4, 3, 3), true),
            (0, 0, 8, 6, pixels(8, 6, 3), true),
            (5, 1, 4, 3, pixels(4, 3, 3), false),
            (usize::MAX, 1, 4, 3, pixels(4, 3, 3), false),
            (2, 1, 4, 3, pixels(3, 4, 3), false),
            (2, 1, 4, 3, pixels(4, 3, 4), false),
            (2, 1, 4, 3, Pixels::new(4, 3, 3, Samples::U16(vec![0; 36])).unwrap(), false),
        ] {
            let made = EditedRegion { region: Region { x, y, width, height }, pixels: made };
            assert_eq!(made.fits(&sent, sent.channels()), fits, "{made:?}");
        }
    }
}
