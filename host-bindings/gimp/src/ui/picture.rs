//! Pictures for GTK.
#![expect(unsafe_code, reason = "GTK's memory for pixels is written")]

use std::ffi::c_int;

use crate::ui::gtk::{Toolkit, Widget};

/// Bytes of a pixel.
const CHANNELS: usize = 3;
/// The side of a square that shows a colour.
const SIDE: u32 = 14;

impl Toolkit {
    /// A picture of red, green and blue; `None` where there are more or fewer bytes than pixels need.
    pub(super) fn picture(&self, width: u32, height: u32, rgb: &[u8]) -> Option<Widget<'_>> {
        let (columns, rows) = (c_int::try_from(width).ok()?, c_int::try_from(height).ok()?);
        let row = usize::try_from(width).ok()?.checked_mul(CHANNELS)?;
        let count = usize::try_from(height).ok()?;
        if row == 0 || count == 0 || row.checked_mul(count)? != rgb.len() {
            return None;
        }
        // RGB without alpha, 8 bits.
        let picture = self.take((self.trees.gdk_pixbuf_new)(0, 0, 8, columns, rows));
        let start = (self.trees.gdk_pixbuf_get_pixels)(picture.object());
        let stride = usize::try_from((self.trees.gdk_pixbuf_get_rowstride)(picture.object())).ok()?;
        if start.is_null() || stride < row {
            return None;
        }
        // SAFETY: this many bytes there are; the last row need not be padded. They are initialised here, and no one else has the picture.
        let pixels = unsafe {
            let length = stride * (count - 1) + row;
            start.write_bytes(0, length);
            std::slice::from_raw_parts_mut(start, length)
        };
        for (to, from) in pixels.chunks_mut(stride).zip(rgb.chunks_exact(row)) {
            to[..row].copy_from_slice(from);
        }
        Some(picture)
    }

    /// A square of one colour.
    pub(super) fn swatch(&self, colour: [u8; CHANNELS]) -> Option<Widget<'_>> {
        self.picture(SIDE, SIDE, &swatch(colour))
    }
}

/// With a grey edge, so that it is seen on any ground.
fn swatch(colour: [u8; CHANNELS]) -> Vec<u8> {
    let is_edge = |place: u32| place == 0 || place == SIDE - 1;
    let places = (0..SIDE).flat_map(|y| (0..SIDE).map(move |x| (x, y)));
    places.flat_map(|(x, y)| if is_edge(x) || is_edge(y) { [96; CHANNELS] } else { colour }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_swatch_is_its_colour_with_an_edge() {
        let swatch = swatch([1, 2, 3]);
        let pixel = |x: usize, y: usize| &swatch[(y * SIDE as usize + x) * CHANNELS..][..CHANNELS];
        assert_eq!(swatch.len(), (SIDE * SIDE) as usize * CHANNELS);
        assert_eq!((pixel(0, 5), pixel(5, 13), pixel(1, 1), pixel(12, 12)), (&[96; 3][..], &[96; 3][..], &[1, 2, 3][..], &[1, 2, 3][..]));
    }
}
