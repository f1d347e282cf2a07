//! Images that the host lends.
//!
//! `unsafe`: rows are read and written at the addresses that the host gives. Bounds, row stride, depth and components are checked first.
#![expect(unsafe_code, reason = "rows are at addresses that the host gives")]

use std::marker::PhantomData;
use std::slice;

use crate::abi::{Handle, RectI};
use crate::error::{Error, Result};
use crate::format::{Alpha, Components, Depth};
use crate::names::prop;
use crate::properties::Properties;
use crate::suites::Suites;

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
    /// Takes the result of `clipGetImage`, which is released even if it turns out to be invalid. `None` where it has no pixels.
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
        let [x1, y1, x2, y2] = properties.integers(prop::BOUNDS).ok_or_else(|| broken("without bounds"))?;
        image.bounds = RectI { x1, y1, x2, y2 };
        if image.width() == 0 || image.height() == 0 {
            return Ok(None);
        }
        if image.data.is_null() {
            return Err(broken("without pixels"));
        }
        let depth = properties.text(prop::DEPTH, 0).unwrap_or_default();
        image.depth = Depth::from_word(&depth).ok_or_else(|| broken(&format!("of depth '{depth}'")))?;
        let components = properties.text(prop::COMPONENTS, 0).unwrap_or_default();
        image.components = Components::from_word(&components).ok_or_else(|| broken(&format!("with components '{components}'")))?;
        image.alpha = Alpha::from_word(&properties.text(prop::PREMULTIPLICATION, 0).unwrap_or_default(), image.components);
        let row = image.row_length().ok_or_else(|| broken("with bounds that make no sense"))?;
        let row_bytes = properties.integer(prop::ROW_BYTES, 0).ok_or_else(|| broken("without the length of its rows"))?;
        if image.height() > 1 && usize::try_from(row_bytes.unsigned_abs()).is_ok_and(|bytes| bytes < row) {
            return Err(broken("whose rows overlap"));
        }
        image.row_bytes = row_bytes as isize;
        Ok(Some(image))
    }

    /// The rectangle of its pixels; right and top edge excluded.
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

    /// The samples of a pixel.
    pub fn components(&self) -> Components {
        self.components
    }

    /// How alpha relates to colour.
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

    /// Bytes of a row without padding; `None` where the image would not fit into memory.
    fn row_length(&self) -> Option<usize> {
        let whole = self.width().checked_mul(self.pixel_bytes())?.checked_mul(self.height().max(1))?;
        (self.width() > 0 && self.height() > 0 && whole < isize::MAX as usize).then(|| self.width() * self.pixel_bytes())
    }

    fn start_of(&self, y: i32) -> Option<*mut u8> {
        let up = usize::try_from(i64::from(y) - i64::from(self.bounds.y1)).ok().filter(|up| *up < self.height())?;
        // SAFETY: the host promises `height` rows at this stride, the lowest first.
        Some(unsafe { self.data.offset(self.row_bytes * up as isize) })
    }

    /// The pixels of row `y`, samples in native byte order; `None` outside the bounds.
    pub fn row(&self, y: i32) -> Option<&[u8]> {
        let (start, length) = (self.start_of(y)?, self.row_length()?);
        // SAFETY: the host lends these bytes until the image is released, and nobody writes to an input image meanwhile.
        Some(unsafe { slice::from_raw_parts(start, length) })
    }

    /// The pixels of row `y`, mutable; `None` outside the bounds.
    pub fn row_mut(&mut self, y: i32) -> Option<&mut [u8]> {
        let (start, length) = (self.start_of(y)?, self.row_length()?);
        // SAFETY: as in `row`; `&mut self` makes this the only access, and rows do not overlap.
        Some(unsafe { slice::from_raw_parts_mut(start, length) })
    }
}

impl Drop for Image<'_> {
    fn drop(&mut self) {
        if let Some(release) = self.suites.effect.clip_release_image {
            // SAFETY: the result of `clipGetImage`, released once.
            unsafe { release(self.handle) };
        }
    }
}
