//! Images while an effect holds them: in memory of their own between guard bytes, so that writes outside the permitted window are found afterwards.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use ofx_host::abi::{Handle, RectI};

use crate::definitions;
use crate::image::{ClipImage, Field, pattern};
use crate::log::{HostLog, complain};
use crate::memory::Lent;
use crate::prop::Slot;
use crate::property_set::PropertySet;
use crate::registry::{Kind, Registration};

/// Guard bytes before and after an image.
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
        // Padding may hold anything in a copied image; with the pattern in it, writes are found.
        for row in 0..image.height() {
            (packed..padded).map(|at| GUARD + row * padded + at).for_each(|at| before[at] = pattern(at));
        }
        Arc::new(Self { lent: Lent::new(&before), image, before })
    }

    pub(crate) fn image(&self) -> &ClipImage {
        &self.image
    }

    /// The offset of the lowest row.
    fn start(&self) -> usize {
        GUARD + self.image.offset(self.image.bounds.x1, self.image.bounds.y1).unwrap_or(0)
    }

    /// Writes outside a window. `None` for images that are only read.
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
        vec![format!("{what}: {} bytes were written that must not be, the first {}", wrong.len(), self.place(*first))]
    }

    fn place(&self, at: usize) -> String {
        let Some(at) = at.checked_sub(GUARD).filter(|at| *at < self.image.bytes().len()) else {
            return (if at < GUARD { "before the image's memory" } else { "after the image's memory" }).to_owned();
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

    /// The image after the effect wrote to it.
    pub(crate) fn result(&self) -> ClipImage {
        let mut bytes = self.lent.copy();
        bytes.truncate(GUARD + self.image.bytes().len());
        self.image.clone().after(bytes.split_off(GUARD))
    }
}

/// The images that a call has fetched and not released.
#[derive(Default)]
pub(crate) struct HeldImages {
    images: Mutex<Vec<Arc<LiveImage>>>,
    released: AtomicUsize,
}

impl HeldImages {
    pub(crate) fn add(&self, image: Arc<LiveImage>) {
        self.images.lock().unwrap_or_else(PoisonError::into_inner).push(image);
    }

    /// The number of images that were released.
    pub(crate) fn released(&self) -> usize {
        self.released.load(Ordering::SeqCst)
    }

    /// Takes the images that were not released.
    pub(crate) fn take(&self) -> Vec<Arc<LiveImage>> {
        std::mem::take(&mut *self.images.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// An image that an effect has fetched.
pub(crate) struct LiveImage {
    registration: Registration,
    properties: Arc<PropertySet>,
    pub(crate) clip: String,
    pub(crate) pixels: Arc<Pixels>,
    /// Whether it is the output.
    pub(crate) is_target: bool,
    log: Arc<HostLog>,
    holder: Weak<HeldImages>,
}

impl LiveImage {
    pub(crate) fn new(
        log: &Arc<HostLog>,
        holder: &Arc<HeldImages>,
        clip: &str,
        pixels: Arc<Pixels>,
        is_target: bool,
        scale: [f64; 2],
    ) -> Arc<Self> {
        let properties = PropertySet::new(log, format!("an image of {clip}"), &definitions::image());
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
        properties.put("OfxImageEffectPropRenderScale", scale);
        properties.put("OfxImagePropPixelAspectRatio", [image.pixel_aspect]);
        properties.put("OfxImagePropRowBytes", [image.row_bytes()]);
        properties.put("OfxImagePropData", [Slot::Pointer(pixels.lent.address(pixels.start()).expose_provenance())]);
        let live = Arc::new(Self {
            registration: Registration::new(),
            properties,
            clip: clip.to_owned(),
            pixels,
            is_target,
            log: Arc::clone(log),
            holder: Arc::downgrade(holder),
        });
        live.registration.bind(Kind::Image, &live);
        live
    }

    pub(crate) fn handle(&self) -> Handle {
        self.registration.handle()
    }

    /// Gives it back to the call that fetched it; false where that call is over.
    pub(crate) fn release(self: &Arc<Self>) -> bool {
        let Some(holder) = self.holder.upgrade() else { return false };
        holder.images.lock().unwrap_or_else(PoisonError::into_inner).retain(|other| !Arc::ptr_eq(other, self));
        holder.released.fetch_add(1, Ordering::SeqCst);
        // The output is checked when the call is over.
        if !self.is_target {
            self.complain_of_writes();
        }
        true
    }

    /// Records writes to an input.
    pub(crate) fn complain_of_writes(&self) {
        for fault in self.pixels.faults(&self.clip, None) {
            complain(Some(&self.log), fault);
        }
    }

    pub(crate) fn properties(&self) -> &Arc<PropertySet> {
        &self.properties
    }
}
