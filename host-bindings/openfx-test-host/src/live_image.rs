//! Images while an effect has them: in memory of their own, with guards around, so that every byte that may not be written can be looked at afterwards.

use std::sync::{Arc, Weak};

use ofx_host::abi::{Handle, RectI};

use crate::definitions;
use crate::frame::Frame;
use crate::image::{ClipImage, Field, pattern};
use crate::memory::Lent;
use crate::property_set::{PropertySet, Slot};
use crate::registry::{Object, Registration};

/// Bytes before and behind an image.
const GUARD: usize = 256;

/// The pixels of an image in memory.
pub(crate) struct Pixels {
    image: ClipImage,
    lent: Lent,
    before: Vec<u8>,
}

impl Pixels {
    pub(crate) fn new(image: ClipImage) -> Arc<Self> {
        let guard = (0..GUARD).map(|at| pattern(at + 77));
        let mut before: Vec<u8> = guard.clone().chain(image.bytes().iter().copied()).chain(guard).collect();
        let padded = image.row_bytes().unsigned_abs() as usize;
        let packed = image.width() * image.pixel_bytes();
        // Copied images have zeros or anything else there; the pattern does not change unless it is written.
        for row in 0..image.height() {
            (packed..padded).map(|at| GUARD + row * padded + at).for_each(|at| before[at] = pattern(at));
        }
        Arc::new(Self { lent: Lent::new(&before), image, before })
    }

    pub(crate) fn image(&self) -> &ClipImage {
        &self.image
    }

    /// Where the lowest row begins.
    fn start(&self) -> usize {
        GUARD + self.image.offset(self.image.bounds.x1, self.image.bounds.y1).unwrap_or(0)
    }

    /// What was written outside of a window; an image that is only read has none.
    pub(crate) fn faults(&self, what: &str, window: Option<(RectI, Field)>) -> Vec<String> {
        let mut expected = self.before.clone();
        let now = self.lent.copy();
        if let Some((window, field)) = window {
            let size = self.image.pixel_bytes();
            for y in (window.y1..window.y2).filter(|y| field.has_row(*y)) {
                for at in (window.x1..window.x2).filter_map(|x| self.image.offset(x, y)).map(|at| at + GUARD) {
                    expected[at..at + size].copy_from_slice(&now[at..at + size]);
                }
            }
        }
        let wrong: Vec<usize> = (0..now.len()).filter(|at| now[*at] != expected[*at]).collect();
        let Some(first) = wrong.first() else { return Vec::new() };
        vec![format!("{what}: {} bytes were written that may not be, the first {}", wrong.len(), self.place(*first))]
    }

    fn place(&self, at: usize) -> String {
        let Some(at) = at.checked_sub(GUARD).filter(|at| *at < self.image.bytes().len()) else {
            return (if at < GUARD { "before the image's memory" } else { "behind the image's memory" }).to_owned();
        };
        let (row, column) = (at / self.image.row_bytes().unsigned_abs() as usize, at % self.image.row_bytes().unsigned_abs() as usize);
        let y = if self.image.row_bytes() < 0 { self.image.bounds.y2 - 1 - row as i32 } else { self.image.bounds.y1 + row as i32 };
        let x = column / self.image.pixel_bytes();
        if x >= self.image.width() {
            format!("in the padding of row {y}")
        } else {
            format!("at ({}, {y})", self.image.bounds.x1 + x as i32)
        }
    }

    /// What the effect made of it.
    pub(crate) fn result(&self) -> ClipImage {
        let mut bytes = self.lent.copy();
        bytes.truncate(GUARD + self.image.bytes().len());
        self.image.clone().after(bytes.split_off(GUARD))
    }
}

/// An image that an effect has fetched.
pub(crate) struct LiveImage {
    registration: Registration,
    properties: Arc<PropertySet>,
    pub(crate) clip: String,
    pub(crate) pixels: Arc<Pixels>,
    pub(crate) is_target: bool,
    frame: Weak<Frame>,
}

impl LiveImage {
    pub(crate) fn new(frame: &Arc<Frame>, clip: &str, pixels: Arc<Pixels>, is_target: bool) -> Arc<Self> {
        let properties = PropertySet::new(&frame.host, format!("an image of {clip}"), &definitions::image());
        let image = pixels.image();
        for (name, word) in [
            ("OfxImageEffectPropPixelDepth", image.depth.word()),
            ("OfxImageEffectPropComponents", image.components.word()),
            ("OfxImageEffectPropPreMultiplication", image.premult.word()),
            ("OfxImagePropField", image.field.word()),
            ("OfxImagePropUniqueIdentifier", &image.unique_id),
        ] {
            properties.put(name, [word]);
        }
        let RectI { x1, y1, x2, y2 } = image.bounds;
        properties.put("OfxImagePropBounds", [x1, y1, x2, y2]);
        let RectI { x1, y1, x2, y2 } = image.region_of_definition.unwrap_or(image.bounds);
        properties.put("OfxImagePropRegionOfDefinition", [x1, y1, x2, y2]);
        properties.put("OfxImageEffectPropRenderScale", frame.scale);
        properties.put("OfxImagePropPixelAspectRatio", [image.pixel_aspect]);
        properties.put("OfxImagePropRowBytes", [image.row_bytes()]);
        properties.put("OfxImagePropData", [Slot::Pointer(pixels.lent.address(pixels.start()).expose_provenance())]);
        let frame = Arc::downgrade(frame);
        let live = Arc::new(Self { registration: Registration::new(), properties, clip: clip.to_owned(), pixels, is_target, frame });
        live.registration.stand_for(Object::Image(Arc::downgrade(&live)));
        live
    }

    pub(crate) fn handle(&self) -> Handle {
        self.registration.handle()
    }

    /// The call in which it was fetched.
    pub(crate) fn frame(&self) -> Option<Arc<Frame>> {
        self.frame.upgrade()
    }

    pub(crate) fn properties(&self) -> &Arc<PropertySet> {
        &self.properties
    }
}
