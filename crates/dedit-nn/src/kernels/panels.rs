//! The right operand: weights packed once, when they are loaded, into panels in the order in which the register tile reads them, as f32, f16 or bf16.

use std::sync::Arc;

use candle_core::{CpuStorage, DType, Device, Result, Storage, Tensor, bail};
use half::slice::{HalfBitsSliceExt, HalfFloatSliceExt};
use half::{bf16, f16};
use rayon::prelude::*;

use super::tile::{LANE_STEP, PANEL};
use super::transpose::{Grid, transpose};

/// Packed elements in the precision of the weight tensor; f16 and bf16 as their bits.
#[derive(Debug, Clone)]
enum Elements {
    F32(Arc<Vec<f32>>),
    F16(Arc<Vec<u16>>),
    Bf16(Arc<Vec<u16>>),
}

/// A weight matrix `[inner, columns]` as panels of up to 64 columns, one after the other, each with `inner` rows of `width` elements. The width of the
/// last panel is rounded up to a multiple of 16 and padded with zeros. Clones share the elements.
#[derive(Debug, Clone)]
pub(crate) struct PackedMatrix {
    inner: usize,
    columns: usize,
    elements: Elements,
}

/// A range of the inner dimension of one operand: `len` rows from `from` on within `segment`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) segment: usize,
    pub(crate) from: usize,
    pub(crate) len: usize,
}

/// A right operand that can produce its panels' rows in f32.
pub(crate) trait Panels: Sync {
    /// Columns of the product.
    fn columns(&self) -> usize;
    /// The rows of `pieces` in panel `panel`, in order, each of [`panel_width`] elements; copied to `scratch` unless memory holds them in this form.
    /// `pieces` are adjacent: each begins where the one before ends.
    fn chunk<'a>(&'a self, panel: usize, pieces: &[Piece], scratch: &'a mut Vec<f32>) -> &'a [f32];
}

/// Width in memory, padding included, of panel `panel` of a matrix with `columns` columns.
pub(crate) fn panel_width(columns: usize, panel: usize) -> usize {
    (columns - panel * PANEL).min(PANEL).next_multiple_of(LANE_STEP)
}

/// Elements of all panels of an `inner × columns` matrix.
pub(crate) fn packed_len(inner: usize, columns: usize) -> usize {
    columns / PANEL * PANEL * inner + (columns % PANEL).next_multiple_of(LANE_STEP) * inner
}

/// Packs rows of output features, each `[channels, taps]` in memory, into panels whose rows are `[taps, channels]`.
fn pack<T: Copy + Default + Send + Sync>(columns: usize, (channels, taps): (usize, usize), data: &[T], mut packed: Vec<T>) -> Vec<T> {
    /// Channels per pass: 64 features × 16 channels × 9 taps stay in the first-level cache.
    const CHANNELS: usize = 16;
    let inner = channels * taps;
    packed.par_chunks_mut((PANEL * inner).max(1)).enumerate().for_each(|(panel, packed)| {
        let (first, width) = (panel * PANEL, panel_width(columns, panel));
        let rows = (columns - first).min(PANEL);
        for channel in (0..channels).step_by(CHANNELS) {
            let block = Grid { rows, columns: (channels - channel).min(CHANNELS), stride: inner, step: taps };
            for tap in 0..taps {
                let from = &data[first * inner + channel * taps + tap..];
                transpose(block, from, &mut packed[(tap * channels + channel) * width..], width);
            }
        }
    });
    packed
}

impl PackedMatrix {
    /// Packs `weight`, whose rows are output features and whose remaining dimensions, in memory order, are the inner dimension. Storage keeps the
    /// tensor's precision.
    pub(crate) fn from_out_in(weight: &Tensor) -> Result<Self> {
        let columns = weight.dim(0)?;
        let inner = weight.dims()[1..].iter().product();
        Self::packed(weight, columns, (inner, 1))
    }

    /// Packs a convolution's `weight [out, in, height, width]`; the inner dimension is `[height, width, in]`.
    pub(crate) fn from_window(weight: &Tensor) -> Result<Self> {
        let (columns, channels, height, width) = weight.dims4()?;
        Self::packed(weight, columns, (channels, height * width))
    }

    fn packed(weight: &Tensor, columns: usize, (channels, taps): (usize, usize)) -> Result<Self> {
        let weight = weight.contiguous()?;
        let (storage, layout) = weight.storage_and_layout();
        let (Storage::Cpu(storage), Some((start, end))) = (&*storage, layout.contiguous_offsets()) else {
            bail!("weights are packed on the CPU, not on {:?}", weight.device());
        };
        let inner = channels * taps;
        let (len, sizes) = (packed_len(inner, columns), (channels, taps));
        let halves = |bits: &[u16]| Arc::new(pack(columns, sizes, &bits[start..end], vec![0; len]));
        let elements = match storage {
            CpuStorage::F32(data) => Elements::F32(Arc::new(pack(columns, sizes, &data[start..end], vec![0.0; len]))),
            CpuStorage::F16(data) => Elements::F16(halves(data.reinterpret_cast())),
            CpuStorage::BF16(data) => Elements::Bf16(halves(data.reinterpret_cast())),
            _ => bail!("weights are stored as f32, f16 or bf16, not {:?}", weight.dtype()),
        };
        Ok(Self { inner, columns, elements })
    }

    /// Precision of the stored weights.
    pub(crate) fn dtype(&self) -> DType {
        match &self.elements {
            Elements::F32(_) => DType::F32,
            Elements::F16(_) => DType::F16,
            Elements::Bf16(_) => DType::BF16,
        }
    }

    /// Unpacks to `[columns, inner]` (out, in) in f32.
    pub(crate) fn to_out_in(&self) -> Result<Tensor> {
        let mut data = vec![0f32; self.inner * self.columns];
        data.par_chunks_mut((PANEL * self.inner).max(1)).enumerate().for_each(|(panel, data)| {
            self.transposed(panel, 0..self.inner, (0, (self.columns - panel * PANEL).min(PANEL)), data, self.inner);
        });
        Tensor::from_vec(data, (self.columns, self.inner), &Device::Cpu)
    }

    /// First element of a panel.
    fn panel_start(&self, panel: usize) -> usize {
        panel * PANEL * self.inner
    }

    /// Transposes `rows` of the inner dimension of a panel, columns `from..from + take` of it, in f32: `to[column · to_stride + row]`.
    #[inline(always)]
    fn transposed(&self, panel: usize, rows: std::ops::Range<usize>, (from, take): (usize, usize), to: &mut [f32], to_stride: usize) {
        /// Rows converted to f32 at a time.
        const ROWS: usize = 16;
        let width = panel_width(self.columns, panel);
        let start = self.panel_start(panel) + rows.start * width;
        if let Elements::F32(data) = &self.elements {
            return transpose(Grid::new(rows.len(), take, width), &data[start + from..], to, to_stride);
        }
        let mut wide = [0f32; ROWS * PANEL];
        for row in (0..rows.len()).step_by(ROWS) {
            let count = (rows.len() - row).min(ROWS);
            self.widen(start + row * width, &mut wide[..count * width]);
            transpose(Grid::new(count, take, width), &wide[from..], &mut to[row..], to_stride);
        }
    }

    /// Converts stored elements from `start` on to f32, into `to`.
    #[inline(always)]
    fn widen(&self, start: usize, to: &mut [f32]) {
        match &self.elements {
            Elements::F32(data) => to.copy_from_slice(&data[start..][..to.len()]),
            Elements::F16(data) => data[start..][..to.len()].reinterpret_cast::<f16>().convert_to_f32_slice(to),
            Elements::Bf16(data) => {
                let from = data[start..][..to.len()].reinterpret_cast::<bf16>();
                to.iter_mut().zip(from).for_each(|(to, from)| *to = from.to_f32());
            }
        }
    }
}

/// Packed weights in the forward product `y = x · W`, with the inner dimension cut into segments of `segment_len`.
pub(crate) struct Forward<'m> {
    pub(crate) matrix: &'m PackedMatrix,
    pub(crate) segment_len: usize,
}

impl Panels for Forward<'_> {
    fn columns(&self) -> usize {
        self.matrix.columns
    }

    #[inline(always)]
    fn chunk<'a>(&'a self, panel: usize, pieces: &[Piece], scratch: &'a mut Vec<f32>) -> &'a [f32] {
        let width = panel_width(self.matrix.columns, panel);
        // Adjacent pieces are adjacent rows of the panel.
        let first = pieces.first().map_or(0, |piece| piece.segment * self.segment_len + piece.from);
        let start = self.matrix.panel_start(panel) + first * width;
        let len = pieces.iter().map(|piece| piece.len).sum::<usize>() * width;
        if let Elements::F32(data) = &self.matrix.elements {
            return &data[start..][..len];
        }
        scratch.resize(len, 0.0);
        self.matrix.widen(start, scratch);
        scratch
    }
}

/// The same weights in the backward product `gx = gy · Wᵀ`. The inner dimension is the output features; its segments are the taps, and segment `s`
/// multiplies the weight rows `s · columns ..` (`columns` = input channels of the layer).
pub(crate) struct Backward<'m> {
    pub(crate) matrix: &'m PackedMatrix,
    /// Columns of the product: input features per tap.
    pub(crate) columns: usize,
}

impl Panels for Backward<'_> {
    fn columns(&self) -> usize {
        self.columns
    }

    #[inline(always)]
    fn chunk<'a>(&'a self, panel: usize, pieces: &[Piece], scratch: &'a mut Vec<f32>) -> &'a [f32] {
        let width = panel_width(self.columns, panel);
        // Old contents are overwritten, except in the padding of the last panel, whose results are never stored.
        scratch.resize(pieces.iter().map(|piece| piece.len).sum::<usize>() * width, 0.0);
        let mut done = 0;
        for piece in pieces {
            let first = piece.segment * self.columns + panel * PANEL;
            let rows = first..first + (self.columns - panel * PANEL).min(PANEL);
            let mut feature = piece.from;
            while feature < piece.from + piece.len {
                let within = feature % PANEL;
                let take = (PANEL - within).min(piece.from + piece.len - feature);
                self.matrix.transposed(feature / PANEL, rows.clone(), (within, take), &mut scratch[done * width..], width);
                done += take;
                feature += take;
            }
        }
        scratch
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rng::Generator;

    proptest! {
        #[test]
        fn packing_and_unpacking_give_back_every_number(
            columns in 0usize..200,
            channels in 0usize..70,
            window in 1usize..4,
            dtype in prop::sample::select(vec![DType::F32, DType::F16, DType::BF16]),
            seed: u64,
        ) {
            let shape = [columns, channels, window, window];
            let weight = Generator::new(seed).normal(&shape[..], &Device::Cpu).unwrap().to_dtype(dtype).unwrap();
            let inner = channels * window * window;
            let straight = PackedMatrix::from_out_in(&weight).unwrap();
            prop_assert_eq!(straight.dtype(), dtype);
            let read = |packed: &PackedMatrix| packed.to_out_in().unwrap().to_vec2::<f32>().unwrap();
            let wide = weight.to_dtype(DType::F32).unwrap();
            prop_assert_eq!(read(&straight), wide.reshape((columns, inner)).unwrap().to_vec2::<f32>().unwrap());
            let window_first = wide.permute((0, 2, 3, 1)).unwrap().reshape((columns, inner)).unwrap();
            prop_assert_eq!(read(&PackedMatrix::from_window(&weight).unwrap()), window_first.to_vec2::<f32>().unwrap());
        }
    }
}
