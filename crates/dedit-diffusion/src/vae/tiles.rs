//! Tiles of a large picture that overlap by the receptive field, so that the kept part of each equals the result for the whole picture.

use candle_core::Tensor;

use crate::Result;

/// When pictures are tiled, and the size of tiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tiling {
    /// Side of the kept part of a tile in latent pixels; 0 for no tiling.
    pub tile: usize,
    /// Number of latent pixels up to which a picture is processed whole.
    pub whole: usize,
}

impl Default for Tiling {
    /// Whole up to 1024 × 1024 pixels (about 3 GiB for Stable Diffusion's autoencoder), then tiles of 768 × 768.
    fn default() -> Self {
        Self { tile: 96, whole: 128 * 128 }
    }
}

impl Tiling {
    /// No tiling for any size.
    pub const WHOLE: Self = Self { tile: 0, whole: usize::MAX };

    /// Whether a picture of `height × width` latent pixels is tiled; not where most of the work would be margins.
    pub(super) fn splits(self, height: usize, width: usize, reach: usize) -> bool {
        self.tile > 0 && height * width > self.whole && height.max(width) > self.tile + 2 * reach
    }
}

/// The range of a tile along one axis: the kept part and its margins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tile {
    /// First pixel including the margin.
    pub(super) start: usize,
    /// Pixels of the margin before.
    pub(super) before: usize,
    /// Pixels of the kept part.
    pub(super) size: usize,
    /// Pixels of the margin after.
    pub(super) after: usize,
}

impl Tile {
    /// The same tile in pixels `factor` times smaller.
    pub(super) fn scaled(self, factor: usize) -> Self {
        Self { start: self.start * factor, before: self.before * factor, size: self.size * factor, after: self.after * factor }
    }

    /// The tile with its margins along `dim`.
    pub(super) fn cut(self, x: &Tensor, dim: usize) -> Result<Tensor> {
        Ok(x.narrow(dim, self.start, self.before + self.size + self.after)?)
    }
}

/// Splits an axis of `len` pixels into nearly equal parts of at most `tiling.tile`, with margins of `reach` inside the picture.
pub(super) fn tiles(len: usize, tiling: Tiling, reach: usize) -> Vec<Tile> {
    let count = len.div_ceil(tiling.tile.max(1));
    let edge = |i: usize| i * len / count;
    (0..count)
        .map(|i| {
            let (first, last) = (edge(i), edge(i + 1));
            let (before, after) = (first.min(reach), (len - last).min(reach));
            Tile { start: first - before, before, size: last - first, after }
        })
        .collect()
}

/// Square patches spread evenly over `x [1, height, width, channels]`, one per sample, with together about the area of a tile, to measure the statistics
/// on. Sides are multiples of `step`.
pub(super) fn patches(x: &Tensor, tiling: Tiling, step: usize) -> Result<Tensor> {
    let (_, height, width, _) = x.dims4()?;
    let side = (tiling.tile * step / 3).next_multiple_of(step).clamp(step, height.min(width) / step * step);
    let places = |len: usize| -> Vec<usize> {
        let count = (len / side).clamp(1, 4);
        (0..count).map(|i| if count == 1 { (len - side) / 2 } else { i * (len - side) / (count - 1) } / step * step).collect()
    };
    let mut list = Vec::new();
    for &y in &places(height) {
        for &x_start in &places(width) {
            list.push(x.narrow(1, y, side)?.narrow(2, x_start, side)?.contiguous()?);
        }
    }
    Ok(Tensor::cat(&list, 0)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_cover_an_axis_once_with_margins_inside_it() {
        for (len, tile, reach) in [(1, 96, 13), (96, 96, 13), (97, 96, 13), (500, 64, 13), (130, 32, 40), (33, 1, 0)] {
            let list = tiles(len, Tiling { tile, whole: 0 }, reach);
            let mut next = 0;
            for tile in &list {
                assert_eq!(tile.start + tile.before, next);
                next += tile.size;
                assert!(next + tile.after <= len && tile.before <= reach && tile.after <= reach);
                assert!(tile.before == reach || tile.start == 0);
                assert!(tile.after == reach || next + tile.after == len);
            }
            assert_eq!(next, len);
            assert!(list.iter().all(|t| t.size <= tile));
        }
    }
}
