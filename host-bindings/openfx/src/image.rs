//! Images that the host lends.
//!
//! `unsafe`: rows are read and written where the host says that they are. Bounds, distance of rows, depth and components are checked for sense before.
#![expect(unsafe_code, reason = "rows lie where the host says")]

use std::marker::PhantomData;
use std::slice;

use crate::abi::{Handle, RectI};
use crate::error::{Error, Result};
use crate::names::{prop, value};
use crate::properties::Properties;
use crate::suites::Suites;

/// How a sample is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Depth {
    /// 0 … 255.
    Byte,
    /// 0 … 65535.
    Short,
    /// IEEE binary16, nominally 0 … 1.
    Half,
    /// IEEE binary32, nominally 0 … 1.
    Float,
}

impl Depth {
    /// Bytes of a sample.
    pub fn bytes(self) -> usize {
        match self {
            Self::Byte => 1,
            Self::Short | Self::Half => 2,
            Self::Float => 4,
        }
    }
}

/// Which samples a pixel has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Components {
    /// Red, green, blue, alpha.
    Rgba,
    /// Red, green, blue.
    Rgb,
    /// Alpha.
    Alpha,
}

impl Components {
    /// How many.
    pub fn count(self) -> usize {
        match self {
            Self::Rgba => 4,
            Self::Rgb => 3,
            Self::Alpha => 1,
        }
    }
}

/// What alpha is to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Alpha {
    /// It is 1 everywhere, whatever is stored.
    Opaque,
    /// Colours are multiplied by it.
    Premultiplied,
    /// Colours are not.
    Straight,
}

/// An image that the host lends until this is dropped. Row `bounds.y1` is the lowest.
pub struct Image<'a> {
    handle: Handle,
    suites: &'static Suites,
    data: *mut u8,
    row_bytes: isize,
    bounds: RectI,
    depth: Depth,
    components: Components,
    alpha: Alpha,
    pixel_aspect: f64,
    life: PhantomData<&'a ()>,
}

impl Image<'_> {
    /// Takes what `clipGetImage` gave, which is released also where it makes no sense.
    /// `None` where it holds no pixel.
    pub(crate) fn new(handle: Handle, name: &str, suites: &'static Suites) -> Result<Option<Self>> {
        let properties = Properties::new(handle, suites);
        let mut image = Self {
            handle,
            suites,
            data: properties.pointer(prop::DATA).unwrap_or(std::ptr::null_mut()).cast(),
            row_bytes: 0,
            bounds: RectI::default(),
            depth: Depth::Byte,
            components: Components::Rgba,
            alpha: Alpha::Straight,
            pixel_aspect: properties.number(prop::PIXEL_ASPECT, 0).filter(|aspect| *aspect > 0.0).unwrap_or(1.0),
            life: PhantomData,
        };
        let broken = |what: &str| Error::failed(format!("the host gave an image of {name} {what}"));
        let [x1, y1, x2, y2] = properties.wholes(prop::BOUNDS).ok_or_else(|| broken("without bounds"))?;
        image.bounds = RectI { x1, y1, x2, y2 };
        if image.width() == 0 || image.height() == 0 {
            return Ok(None);
        }
        if image.data.is_null() {
            return Err(broken("without pixels"));
        }
        let depth = properties.text(prop::DEPTH, 0).unwrap_or_default();
        image.depth = depth_of(&depth).ok_or_else(|| broken(&format!("of depth '{depth}'")))?;
        let components = properties.text(prop::COMPONENTS, 0).unwrap_or_default();
        image.components = components_of(&components).ok_or_else(|| broken(&format!("with components '{components}'")))?;
        image.alpha = alpha_of(&properties.text(prop::PREMULTIPLICATION, 0).unwrap_or_default(), image.components);
        let row = image.row_length().ok_or_else(|| broken("with bounds that make no sense"))?;
        let row_bytes = properties.whole(prop::ROW_BYTES, 0).ok_or_else(|| broken("without the length of its rows"))?;
        if image.height() > 1 && usize::try_from(row_bytes.unsigned_abs()).is_ok_and(|bytes| bytes < row) {
            return Err(broken("whose rows lie in each other"));
        }
        image.row_bytes = row_bytes as isize;
        Ok(Some(image))
    }

    /// Where its pixels are; right and top are outside.
    pub fn bounds(&self) -> RectI {
        self.bounds
    }

    /// Columns.
    pub fn width(&self) -> usize {
        usize::try_from(i64::from(self.bounds.x2) - i64::from(self.bounds.x1)).unwrap_or(0)
    }

    /// Rows.
    pub fn height(&self) -> usize {
        usize::try_from(i64::from(self.bounds.y2) - i64::from(self.bounds.y1)).unwrap_or(0)
    }

    /// How samples are stored.
    pub fn depth(&self) -> Depth {
        self.depth
    }

    /// Which samples pixels have.
    pub fn components(&self) -> Components {
        self.components
    }

    /// What alpha is.
    pub fn alpha(&self) -> Alpha {
        self.alpha
    }

    /// Width of a pixel over its height.
    pub fn pixel_aspect(&self) -> f64 {
        self.pixel_aspect
    }

    /// Bytes of a pixel.
    pub fn pixel_bytes(&self) -> usize {
        self.depth.bytes() * self.components.count()
    }

    /// Bytes of a row that hold pixels; `None` where that is beyond all sense.
    fn row_length(&self) -> Option<usize> {
        let whole = self.width().checked_mul(self.pixel_bytes())?.checked_mul(self.height().max(1))?;
        (self.width() > 0 && self.height() > 0 && whole < isize::MAX as usize).then(|| self.width() * self.pixel_bytes())
    }

    fn start_of(&self, y: i32) -> Option<*mut u8> {
        let up = usize::try_from(i64::from(y) - i64::from(self.bounds.y1)).ok().filter(|up| *up < self.height())?;
        // SAFETY: the host says that so many rows lie at this distance from each other, beginning with the lowest.
        Some(unsafe { self.data.offset(self.row_bytes * up as isize) })
    }

    /// The pixels of a row, samples in the machine's byte order; `None` outside.
    pub fn row(&self, y: i32) -> Option<&[u8]> {
        let (start, length) = (self.start_of(y)?, self.row_length()?);
        // SAFETY: the host lends so many pixels there until the image is released, and nobody writes into a picture that is an input.
        Some(unsafe { slice::from_raw_parts(start, length) })
    }

    /// The pixels of a row, to be written; `None` outside.
    pub fn row_mut(&mut self, y: i32) -> Option<&mut [u8]> {
        let (start, length) = (self.start_of(y)?, self.row_length()?);
        // SAFETY: as in `row`; `&mut` makes this the only use of it, and rows do not lie in each other.
        Some(unsafe { slice::from_raw_parts_mut(start, length) })
    }
}

impl Drop for Image<'_> {
    fn drop(&mut self) {
        if let Some(release) = self.suites.effect.clip_release_image {
            // SAFETY: what `clipGetImage` gave, released once.
            unsafe { release(self.handle) };
        }
    }
}

fn depth_of(word: &str) -> Option<Depth> {
    let known = [(value::BYTE, Depth::Byte), (value::SHORT, Depth::Short), (value::HALF, Depth::Half), (value::FLOAT, Depth::Float)];
    known.into_iter().find(|(name, _)| name.to_bytes() == word.as_bytes()).map(|(_, depth)| depth)
}

fn components_of(word: &str) -> Option<Components> {
    let known = [(value::RGBA, Components::Rgba), (value::RGB, Components::Rgb), (value::ALPHA, Components::Alpha)];
    known.into_iter().find(|(name, _)| name.to_bytes() == word.as_bytes()).map(|(_, components)| components)
}

/// Hosts that say nothing multiply alpha in, as the specification has it for what is composited.
fn alpha_of(word: &str, components: Components) -> Alpha {
    let is = |known: &std::ffi::CStr| known.to_bytes() == word.as_bytes();
    match components {
        Components::Rgb => Alpha::Opaque,
        Components::Alpha => Alpha::Straight,
        Components::Rgba if is(value::OPAQUE) => Alpha::Opaque,
        Components::Rgba if is(value::UNPREMULTIPLIED) => Alpha::Straight,
        Components::Rgba => Alpha::Premultiplied,
    }
}
