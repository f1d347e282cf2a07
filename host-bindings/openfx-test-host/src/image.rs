//! Images as tests pass and receive them.

use half::f16;
use ofx_host::abi::RectI;

use crate::error::{Error, Result};

macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$doc])* $variant,)*
        }

        impl $name {
            /// The word of OpenFX.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            /// What a word of OpenFX means.
            pub fn from_word(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

words! {
    /// How a component is stored.
    Depth {
        /// 0 … 255.
        Byte = "OfxBitDepthByte",
        /// 0 … 65535.
        Short = "OfxBitDepthShort",
        /// IEEE binary16.
        Half = "OfxBitDepthHalf",
        /// IEEE binary32.
        Float = "OfxBitDepthFloat",
    }
}

words! {
    /// The components of a pixel.
    Components {
        /// Colour and alpha.
        Rgba = "OfxImageComponentRGBA",
        /// Colour.
        Rgb = "OfxImageComponentRGB",
        /// Alpha.
        Alpha = "OfxImageComponentAlpha",
    }
}

words! {
    /// How alpha relates to colour.
    Premult {
        /// No alpha, or alpha 1.
        Opaque = "OfxImageOpaque",
        /// Colours are multiplied by alpha.
        Premultiplied = "OfxImageAlphaPremultiplied",
        /// Colours are not multiplied by alpha.
        Unpremultiplied = "OfxImageAlphaUnPremultiplied",
    }
}

words! {
    /// A field of an image.
    Field {
        /// Images without fields.
        None = "OfxFieldNone",
        /// Both.
        Both = "OfxFieldBoth",
        /// Rows 0, 2, 4 …
        Lower = "OfxFieldLower",
        /// Rows 1, 3, 5 …
        Upper = "OfxFieldUpper",
    }
}

impl Field {
    /// Whether row `y` belongs to it.
    pub fn has_row(self, y: i32) -> bool {
        match self {
            Self::None | Self::Both => true,
            Self::Lower => y.rem_euclid(2) == 0,
            Self::Upper => y.rem_euclid(2) == 1,
        }
    }
}

impl Depth {
    /// Bytes of a component.
    pub fn bytes(self) -> usize {
        match self {
            Self::Byte => 1,
            Self::Short | Self::Half => 2,
            Self::Float => 4,
        }
    }

    fn encode(self, value: f32, into: &mut [u8]) {
        match self {
            Self::Byte => into.copy_from_slice(&[(value.clamp(0.0, 1.0) * 255.0).round() as u8]),
            Self::Short => into.copy_from_slice(&((value.clamp(0.0, 1.0) * 65535.0).round() as u16).to_ne_bytes()),
            Self::Half => into.copy_from_slice(&f16::from_f32(value).to_ne_bytes()),
            Self::Float => into.copy_from_slice(&value.to_ne_bytes()),
        }
    }

    fn decode(self, from: &[u8]) -> f32 {
        match (self, from) {
            (Self::Byte, [byte]) => f32::from(*byte) / 255.0,
            (Self::Short, [a, b]) => f32::from(u16::from_ne_bytes([*a, *b])) / 65535.0,
            (Self::Half, [a, b]) => f16::from_ne_bytes([*a, *b]).to_f32(),
            (Self::Float, [a, b, c, d]) => f32::from_ne_bytes([*a, *b, *c, *d]),
            _ => f32::NAN,
        }
    }
}

impl Components {
    /// Components per pixel.
    pub fn count(self) -> usize {
        match self {
            Self::Rgba => 4,
            Self::Rgb => 3,
            Self::Alpha => 1,
        }
    }
}

/// A byte that depends on its offset, so that no effect writes the same by chance.
pub(crate) fn pattern(at: usize) -> u8 {
    (at.wrapping_mul(0x9E37_79B9).rotate_right(13) ^ at) as u8 ^ 0xA5
}

/// An image: pixels, memory layout and properties. y points up; the lowest row comes first unless `row_bytes` is negative.
#[derive(Debug, Clone, PartialEq)]
pub struct ClipImage {
    /// The rectangle of its pixels.
    pub bounds: RectI,
    /// The region of definition; `None` for the bounds.
    pub region_of_definition: Option<RectI>,
    /// How components are stored.
    pub depth: Depth,
    /// The components of a pixel.
    pub components: Components,
    /// How alpha relates to colour.
    pub premult: Premult,
    /// The field that it holds.
    pub field: Field,
    /// Width of a pixel over its height.
    pub pixel_aspect: f64,
    /// `OfxImagePropUniqueIdentifier`.
    pub unique_id: String,
    /// The colour space of its clip, by its OpenFX 1.5 name.
    pub colourspace: Option<String>,
    row_bytes: i32,
    bytes: Vec<u8>,
    /// The bytes before an effect wrote.
    before: Option<Vec<u8>>,
}

impl ClipImage {
    /// An unwritten image, filled with a pattern; [`ClipImage::written`] tells which pixels differ from it.
    pub fn blank(bounds: RectI, depth: Depth, components: Components) -> Self {
        let mut image = Self {
            bounds,
            region_of_definition: None,
            depth,
            components,
            premult: if components == Components::Rgb { Premult::Opaque } else { Premult::Unpremultiplied },
            field: Field::None,
            pixel_aspect: 1.0,
            unique_id: String::new(),
            colourspace: None,
            row_bytes: 0,
            bytes: Vec::new(),
            before: None,
        };
        image.lay_out(image.packed_row());
        image
    }

    /// An image of values, the lowest row first; 0..=1 for bytes and shorts.
    pub fn from_f32(bounds: RectI, depth: Depth, components: Components, values: &[f32]) -> Result<Self> {
        let mut image = Self::blank(bounds, depth, components);
        let wanted = image.width() * image.height() * components.count();
        if values.len() != wanted {
            return Err(Error::new(format!("an image of {bounds:?} has {wanted} values, but {} were given", values.len())));
        }
        image.fill(values);
        Ok(image)
    }

    /// An image computed from the coordinates of each pixel.
    pub fn from_fn(bounds: RectI, depth: Depth, components: Components, mut pixel: impl FnMut(i32, i32) -> [f32; 4]) -> Self {
        let mut image = Self::blank(bounds, depth, components);
        let mut values = Vec::new();
        for y in bounds.y1..bounds.y2 {
            for x in bounds.x1..bounds.x2 {
                let [r, g, b, a] = pixel(x, y);
                match components {
                    Components::Rgba => values.extend([r, g, b, a]),
                    Components::Rgb => values.extend([r, g, b]),
                    Components::Alpha => values.push(a),
                }
            }
        }
        image.fill(&values);
        image
    }

    fn fill(&mut self, values: &[f32]) {
        let (count, each, depth) = (self.components.count(), self.depth.bytes(), self.depth);
        let width = self.width();
        for (index, pixel) in values.chunks(count).enumerate() {
            let place = (self.bounds.x1 + (index % width) as i32, self.bounds.y1 + (index / width) as i32);
            if let Some(at) = self.offset(place.0, place.1) {
                let bytes = &mut self.bytes[at..at + count * each];
                pixel.iter().zip(bytes.chunks_mut(each)).for_each(|(value, into)| depth.encode(*value, into));
            }
        }
    }

    /// Columns.
    pub fn width(&self) -> usize {
        usize::try_from(self.bounds.x2.saturating_sub(self.bounds.x1)).unwrap_or(0)
    }

    /// Rows.
    pub fn height(&self) -> usize {
        usize::try_from(self.bounds.y2.saturating_sub(self.bounds.y1)).unwrap_or(0)
    }

    /// Bytes of a pixel.
    pub fn pixel_bytes(&self) -> usize {
        self.depth.bytes() * self.components.count()
    }

    fn packed_row(&self) -> i32 {
        i32::try_from(self.width() * self.pixel_bytes()).unwrap_or(i32::MAX)
    }

    /// Bytes from a row to the one above it.
    pub fn row_bytes(&self) -> i32 {
        self.row_bytes
    }

    fn lay_out(&mut self, row_bytes: i32) {
        self.row_bytes = row_bytes;
        self.bytes = (0..self.height() * row_bytes.unsigned_abs() as usize).map(pattern).collect();
    }

    /// With other row bytes: larger for padding between rows, negative for the topmost row first.
    pub fn with_row_bytes(mut self, row_bytes: i32) -> Result<Self> {
        if row_bytes.unsigned_abs() < self.packed_row().unsigned_abs()
            || !(row_bytes.unsigned_abs() as usize).is_multiple_of(self.depth.bytes())
        {
            return Err(Error::new(format!("rows of {} bytes do not fit into {row_bytes}", self.packed_row())));
        }
        let rows: Vec<Option<Vec<u8>>> = (self.bounds.y1..self.bounds.y2).map(|y| self.row(y).map(<[u8]>::to_vec)).collect();
        let blank = self.before.is_none() && self.bytes.iter().enumerate().all(|(at, byte)| *byte == pattern(at));
        self.lay_out(row_bytes);
        for (y, row) in (self.bounds.y1..self.bounds.y2).zip(rows).filter(|_| !blank) {
            if let (Some(at), Some(row)) = (self.offset(self.bounds.x1, y), row) {
                self.bytes[at..at + row.len()].copy_from_slice(&row);
            }
        }
        Ok(self)
    }

    /// With padding of some components after each row.
    pub fn with_padding(self, components: usize) -> Result<Self> {
        let more = i32::try_from(components * self.depth.bytes()).map_err(|_| Error::new("too much padding"))?;
        let row = self.packed_row() + more;
        self.with_row_bytes(row)
    }

    /// With the topmost row first in memory: a negative stride.
    pub fn upside_down(self) -> Result<Self> {
        let row = -self.row_bytes;
        self.with_row_bytes(row)
    }

    /// With another alpha mode.
    #[must_use]
    pub fn with_premult(self, premult: Premult) -> Self {
        Self { premult, ..self }
    }

    /// With a unique identifier.
    #[must_use]
    pub fn with_id(self, id: &str) -> Self {
        Self { unique_id: id.to_owned(), ..self }
    }

    /// The offset of a pixel in the bytes.
    pub(crate) fn offset(&self, x: i32, y: i32) -> Option<usize> {
        let RectI { x1, y1, x2, y2 } = self.bounds;
        if x < x1 || x >= x2 || y < y1 || y >= y2 {
            return None;
        }
        let row = if self.row_bytes < 0 { y2 - 1 - y } else { y - y1 } as usize;
        Some(row * self.row_bytes.unsigned_abs() as usize + (x - x1) as usize * self.pixel_bytes())
    }

    /// The bytes of a row.
    fn row(&self, y: i32) -> Option<&[u8]> {
        let at = self.offset(self.bounds.x1, y)?;
        self.bytes.get(at..at + self.width() * self.pixel_bytes())
    }

    /// The bytes of a pixel.
    pub fn bytes_at(&self, x: i32, y: i32) -> Option<&[u8]> {
        let at = self.offset(x, y)?;
        self.bytes.get(at..at + self.pixel_bytes())
    }

    /// The components of a pixel.
    pub fn at(&self, x: i32, y: i32) -> Option<Vec<f32>> {
        Some(self.bytes_at(x, y)?.chunks(self.depth.bytes()).map(|bytes| self.depth.decode(bytes)).collect())
    }

    /// All values, the lowest row first.
    pub fn values(&self) -> Vec<f32> {
        let places = (self.bounds.y1..self.bounds.y2).flat_map(|y| (self.bounds.x1..self.bounds.x2).map(move |x| (x, y)));
        places.filter_map(|(x, y)| self.at(x, y)).flatten().collect()
    }

    /// Whether an effect has changed a pixel.
    pub fn written(&self, x: i32, y: i32) -> bool {
        let Some(at) = self.offset(x, y) else { return false };
        let (now, size) = (&self.bytes[at..], self.pixel_bytes());
        match &self.before {
            Some(before) => now[..size] != before[at..at + size],
            None => now[..size].iter().enumerate().any(|(index, byte)| *byte != pattern(at + index)),
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The image with the bytes that an effect left.
    pub(crate) fn after(mut self, bytes: Vec<u8>) -> Self {
        self.before = Some(std::mem::replace(&mut self.bytes, bytes));
        self
    }
}

/// A rectangle of pixels; right and top edge excluded.
pub fn rect(x1: i32, y1: i32, x2: i32, y2: i32) -> RectI {
    RectI { x1, y1, x2, y2 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive_every_depth_and_layout() {
        let bounds = rect(-2, -1, 3, 2);
        for depth in [Depth::Byte, Depth::Short, Depth::Half, Depth::Float] {
            for components in [Components::Rgba, Components::Rgb, Components::Alpha] {
                let values: Vec<f32> = (0..15 * components.count()).map(|index| (index % 6) as f32 / 5.0).collect();
                let image = ClipImage::from_f32(bounds, depth, components, &values).unwrap();
                for image in [
                    image.clone(),
                    image.clone().upside_down().unwrap(),
                    image.clone().with_padding(3).unwrap(),
                    image.with_padding(3).unwrap().upside_down().unwrap(),
                ] {
                    let worst = image.values().iter().zip(&values).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                    assert!(worst < 0.003, "{depth:?} {components:?} {}: {worst}", image.row_bytes());
                }
            }
        }
    }

    #[test]
    fn a_blank_image_is_unwritten_in_every_layout() {
        let image = ClipImage::blank(rect(0, 0, 4, 4), Depth::Byte, Components::Rgba);
        for image in [image.clone(), image.clone().upside_down().unwrap(), image.with_padding(5).unwrap()] {
            assert!((0..4).all(|y| (0..4).all(|x| !image.written(x, y))));
        }
    }
}
