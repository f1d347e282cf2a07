//! The right operand: weights packed once, at load, into panels the register tile reads in order, stored as f32, f16 or bf16.

use std::sync::Arc;

use candle_core::{DType, Result, Tensor, bail};
use half::{bf16, f16, slice::HalfFloatSliceExt};

use super::tile::{LANE_STEP, PANEL};

/// Packed elements in the precision they came in.
#[derive(Debug, Clone)]
enum Elements {
    F32(Arc<[f32]>),
    F16(Arc<[f16]>),
    Bf16(Arc<[bf16]>),
}

/// A weight matrix `[inner, columns]` as panels of up to 64 columns: panel after panel, each `inner` rows of `width` elements; the last panel is as narrow
/// as it can be and padded with zeros.
#[derive(Debug, Clone)]
pub(crate) struct PackedMatrix {
    inner: usize,
    columns: usize,
    elements: Elements,
}

/// A stretch of the inner dimension of one operand: `len` rows from `from` on within `segment`.
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
    /// The rows of `pieces` in panel `panel`, in order; in `scratch` unless they lie in memory just so.
    fn chunk<'a>(&'a self, panel: usize, pieces: &[Piece], scratch: &'a mut Vec<f32>) -> &'a [f32];

    /// Number of panels.
    fn panels(&self) -> usize {
        self.columns().div_ceil(PANEL)
    }

    /// Columns of one panel in memory.
    fn width(&self, panel: usize) -> usize {
        panel_width(self.columns(), panel)
    }
}

/// Columns that panel `panel` of a matrix with `columns` columns has in memory.
pub(crate) fn panel_width(columns: usize, panel: usize) -> usize {
    (columns - panel * PANEL).min(PANEL).next_multiple_of(LANE_STEP)
}

/// Elements of all panels of an `inner × columns` matrix.
fn packed_len(inner: usize, columns: usize) -> usize {
    (0..columns.div_ceil(PANEL)).map(|p| inner * panel_width(columns, p)).sum()
}

/// Fills panels from `at(row, column)`.
pub(crate) fn pack<T: Copy + Default>(inner: usize, columns: usize, at: impl Fn(usize, usize) -> T) -> Vec<T> {
    let mut packed = Vec::with_capacity(packed_len(inner, columns));
    for panel in 0..columns.div_ceil(PANEL) {
        let (first, width) = (panel * PANEL, panel_width(columns, panel));
        for row in 0..inner {
            packed.extend((first..first + width).map(|column| if column < columns { at(row, column) } else { T::default() }));
        }
    }
    packed
}

impl PackedMatrix {
    /// Packs `weight`, whose rows are output features and whose remaining dimensions, in memory order, are the inner dimension
    /// (`[out, in]` of a linear layer; `[out, height, width, in]` of a convolution). Storage keeps the tensor's precision.
    pub(crate) fn from_out_in(weight: &Tensor) -> Result<Self> {
        let columns = weight.dim(0)?;
        let flat = weight.flatten_from(1)?.contiguous()?;
        let inner = flat.dim(1)?;
        let elements = match flat.dtype() {
            DType::F32 => {
                let data = flat.flatten_all()?.to_vec1::<f32>()?;
                Elements::F32(pack(inner, columns, |k, n| data[n * inner + k]).into())
            }
            DType::F16 => {
                let data = flat.flatten_all()?.to_vec1::<f16>()?;
                Elements::F16(pack(inner, columns, |k, n| data[n * inner + k]).into())
            }
            DType::BF16 => {
                let data = flat.flatten_all()?.to_vec1::<bf16>()?;
                Elements::Bf16(pack(inner, columns, |k, n| data[n * inner + k]).into())
            }
            other => bail!("weights are stored as f32, f16 or bf16, not {other:?}"),
        };
        Ok(Self { inner, columns, elements })
    }

    /// Rows of the matrix: the length of the sums.
    pub(crate) fn inner(&self) -> usize {
        self.inner
    }

    /// Columns of the matrix: output features.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// Bytes the weights take.
    pub(crate) fn bytes(&self) -> usize {
        match &self.elements {
            Elements::F32(data) => data.len() * 4,
            Elements::F16(data) => data.len() * 2,
            Elements::Bf16(data) => data.len() * 2,
        }
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
        let mut scratch = Vec::new();
        for panel in 0..Panels::panels(self) {
            let width = Panels::width(self, panel);
            let piece = Piece { segment: 0, from: 0, len: self.inner };
            let chunk = Forward { matrix: self, segment_len: self.inner }.read(panel, &[piece], &mut scratch).to_vec();
            for (k, row) in chunk.chunks_exact(width).enumerate() {
                for (column, &value) in (panel * PANEL..self.columns).zip(row) {
                    data[column * self.inner + k] = value;
                }
            }
        }
        Tensor::from_vec(data, (self.columns, self.inner), &candle_core::Device::Cpu)
    }

    /// First element of a panel.
    fn panel_start(&self, panel: usize) -> usize {
        panel * PANEL * self.inner
    }

    /// Widens `len` stored elements from `start` on into `to`.
    fn widen(&self, start: usize, to: &mut [f32]) {
        match &self.elements {
            Elements::F32(data) => to.copy_from_slice(&data[start..start + to.len()]),
            Elements::F16(data) => data[start..start + to.len()].convert_to_f32_slice(to),
            Elements::Bf16(data) => {
                for (to, from) in to.iter_mut().zip(&data[start..]) {
                    *to = f32::from_bits(u32::from(from.to_bits()) << 16);
                }
            }
        }
    }
}

impl Panels for PackedMatrix {
    fn columns(&self) -> usize {
        self.columns
    }

    fn chunk<'a>(&'a self, panel: usize, pieces: &[Piece], scratch: &'a mut Vec<f32>) -> &'a [f32] {
        Forward { matrix: self, segment_len: self.inner }.read(panel, pieces, scratch)
    }
}

/// Packed weights as they multiply in the forward direction: `y = x · W`, the inner dimension cut into segments of `segment_len`.
pub(crate) struct Forward<'m> {
    pub(crate) matrix: &'m PackedMatrix,
    pub(crate) segment_len: usize,
}

impl<'m> Forward<'m> {
    fn read<'a>(&self, panel: usize, pieces: &[Piece], scratch: &'a mut Vec<f32>) -> &'a [f32]
    where
        'm: 'a,
    {
        let width = panel_width(self.matrix.columns, panel);
        let start = self.matrix.panel_start(panel);
        // Consecutive pieces are consecutive rows of the panel.
        let first = pieces.first().map_or(0, |piece| piece.segment * self.segment_len + piece.from);
        let rows: usize = pieces.iter().map(|piece| piece.len).sum();
        let range = start + first * width..start + (first + rows) * width;
        if let Elements::F32(data) = &self.matrix.elements {
            return &data[range];
        }
        scratch.resize(rows * width, 0.0);
        self.matrix.widen(range.start, scratch);
        scratch
    }
}

impl Panels for Forward<'_> {
    fn columns(&self) -> usize {
        self.matrix.columns
    }

    fn chunk<'a>(&'a self, panel: usize, pieces: &[Piece], scratch: &'a mut Vec<f32>) -> &'a [f32] {
        self.read(panel, pieces, scratch)
    }
}

/// The same weights as they multiply in the backward direction: `gx = gy · Wᵀ`. The inner dimension is the output features; its segments are the taps,
/// and segment `s` meets the weight rows `s · columns ..` (`columns` = input channels of the layer).
pub(crate) struct Backward<'m> {
    pub(crate) matrix: &'m PackedMatrix,
    /// Columns of the product: input features per tap.
    pub(crate) columns: usize,
}

impl Panels for Backward<'_> {
    fn columns(&self) -> usize {
        self.columns
    }

    fn chunk<'a>(&'a self, panel: usize, pieces: &[Piece], scratch: &'a mut Vec<f32>) -> &'a [f32] {
        let width = self.width(panel);
        let rows: usize = pieces.iter().map(|piece| piece.len).sum();
        scratch.clear();
        scratch.resize(rows * width, 0.0);
        let mut line = [0f32; PANEL];
        let mut done = 0;
        for piece in pieces {
            for column in 0..width.min(self.columns - panel * PANEL) {
                let weight_row = piece.segment * self.columns + panel * PANEL + column;
                let mut feature = piece.from;
                while feature < piece.from + piece.len {
                    let source_panel = feature / PANEL;
                    let source_width = panel_width(self.matrix.columns, source_panel);
                    let within = feature - source_panel * PANEL;
                    let take = (PANEL - within).min(piece.from + piece.len - feature);
                    let start = self.matrix.panel_start(source_panel) + weight_row * source_width + within;
                    self.matrix.widen(start, &mut line[..take]);
                    let to = (done + feature - piece.from) * width + column;
                    for (slot, &value) in scratch[to..].iter_mut().step_by(width).zip(&line[..take]) {
                        *slot = value;
                    }
                    feature += take;
                }
            }
            done += piece.len;
        }
        scratch
    }
}
