//! Addresses of the left operand's rows: those of a matrix, or the convolution windows of an image.

#![allow(unsafe_code, reason = "a trait whose pointers the register tile trusts; both implementations slice before they point")]

use super::tile::{RowPointers, TILE_ROWS};

/// A left operand whose inner dimension is cut into equal segments, each contiguous in memory.
///
/// # Safety
/// While `self` is borrowed, every pointer that [`Rows::pointers`] gives must be readable for [`Rows::segment_len`] elements, for any `first` below
/// [`Rows::rows`] and `segment` below [`Rows::segments`].
pub(crate) unsafe trait Rows: Sync {
    /// Number of rows of the product.
    fn rows(&self) -> usize;
    /// Number of segments (a convolution's taps; 1 for a matrix).
    fn segments(&self) -> usize;
    /// Length of each segment.
    fn segment_len(&self) -> usize;
    /// The start of `segment` for the rows from `first` on; rows past the end repeat the last one.
    fn pointers(&self, first: usize, segment: usize) -> RowPointers;
}

/// A row-major matrix, or a column range of one.
pub(crate) struct MatrixRows<'a> {
    pub(crate) data: &'a [f32],
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    /// Elements between the starts of two rows.
    pub(crate) stride: usize,
}

// SAFETY: each pointer is taken from a slice of `columns` elements.
unsafe impl Rows for MatrixRows<'_> {
    fn rows(&self) -> usize {
        self.rows
    }

    fn segments(&self) -> usize {
        1
    }

    fn segment_len(&self) -> usize {
        self.columns
    }

    fn pointers(&self, first: usize, _segment: usize) -> RowPointers {
        std::array::from_fn(|i| {
            let start = (first + i).min(self.rows - 1) * self.stride;
            self.data[start..start + self.columns].as_ptr()
        })
    }
}

/// Which input pixel an output pixel reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Window {
    /// `in = out · stride + tap - pad`: a convolution.
    Gather { stride: usize, pad: usize },
    /// `in = (out + pad - tap) / stride` where that divides: the gradient of a convolution with respect to its input.
    Scatter { stride: usize, pad: usize },
}

impl Window {
    /// The input coordinate for output coordinate `out` under tap `tap`, or nothing in the padding and between strides.
    fn source(self, out: usize, tap: usize, size: usize) -> Option<usize> {
        match self {
            Self::Gather { stride, pad } => (out * stride + tap).checked_sub(pad),
            Self::Scatter { stride, pad } => {
                let shifted = (out + pad).checked_sub(tap)?;
                shifted.is_multiple_of(stride).then_some(shifted / stride)
            }
        }
        .filter(|&at| at < size)
    }
}

/// The `kernel × kernel` windows of an image `[batch, height, width, channels]`: one row per output pixel, one segment of `channels` per tap.
pub(crate) struct ImageRows<'a> {
    pub(crate) image: &'a [f32],
    /// The values of the padding: at least `channels` zeros.
    pub(crate) zeros: &'a [f32],
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) channels: usize,
    pub(crate) batch: usize,
    pub(crate) out_height: usize,
    pub(crate) out_width: usize,
    pub(crate) kernel: usize,
    pub(crate) window: Window,
}

// SAFETY: each pointer is taken from a slice of `channels` elements, of the image or of the zeros.
unsafe impl Rows for ImageRows<'_> {
    fn rows(&self) -> usize {
        self.batch * self.out_height * self.out_width
    }

    fn segments(&self) -> usize {
        self.kernel * self.kernel
    }

    fn segment_len(&self) -> usize {
        self.channels
    }

    fn pointers(&self, first: usize, segment: usize) -> RowPointers {
        let (tap_y, tap_x) = (segment / self.kernel, segment % self.kernel);
        let last = self.rows() - 1;
        let mut pointers = [self.zeros[..self.channels].as_ptr(); TILE_ROWS];
        for (i, pointer) in pointers.iter_mut().enumerate() {
            let pixel = (first + i).min(last);
            let (line, x) = (pixel / self.out_width, pixel % self.out_width);
            let (batch, y) = (line / self.out_height, line % self.out_height);
            let source = self.window.source(y, tap_y, self.height).zip(self.window.source(x, tap_x, self.width));
            if let Some((y, x)) = source {
                let start = ((batch * self.height + y) * self.width + x) * self.channels;
                *pointer = self.image[start..start + self.channels].as_ptr();
            }
        }
        pointers
    }
}
