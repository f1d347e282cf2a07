//! SAM's image encoder: a vision transformer with attention in windows, in some blocks over the whole picture, and decomposed relative positions (Li et
//! al. 2022, arXiv 2203.16527).

use candle_core::{Result, Tensor};
use dedit_nn::layers::{LayerNorm, Linear, ScoreBias, biased_attention};

use crate::error::internal;
use crate::layers::{add, gelu, linear, linear_onto, norm};
use crate::neck::Neck;
use crate::weights::Scope;

/// ε of the norms.
const EPSILON: f64 = 1e-6;

/// The encoder. Its sizes follow from the weights.
#[derive(Debug)]
pub(crate) struct Vit {
    /// The patch embedding, whose inputs are the pixels of a patch, channels innermost.
    patches: Linear,
    /// `[1, grid, grid, channels]`.
    positions: Tensor,
    blocks: Vec<Block>,
    neck: Neck,
    patch: usize,
    grid: usize,
}

impl Vit {
    pub(crate) fn new(scope: &Scope<'_>) -> dedit_edit::Result<Self> {
        let weight = scope.at("patch_embed.proj").tensor("weight", 4)?;
        let positions = scope.wide("pos_embed", 4)?;
        let (channels, patch, grid) = (weight.dims()[0], weight.dims()[2], positions.dims()[1]);
        scope.expect(weight.dims() == [channels, 3, patch, patch] && positions.dims() == [1, grid, grid, channels])?;
        let bias = scope.at("patch_embed.proj").tensor("bias", 1)?;
        let rows = || Linear::new(&weight.permute((0, 2, 3, 1))?.contiguous()?.flatten_from(1)?, Some(&bias));
        let blocks = (0..scope.count("blocks")).map(|index| Block::new(&scope.at("blocks").at(index), channels, grid));
        let blocks = blocks.collect::<dedit_edit::Result<Vec<_>>>()?;
        let neck = Neck::new(&scope.at("neck"))?;
        scope.expect(neck.inputs() == channels)?;
        Ok(Self { patches: rows().map_err(internal)?, positions, blocks, neck, patch, grid })
    }

    /// Pixels along a side of the square input.
    pub(crate) fn side(&self) -> usize {
        self.patch * self.grid
    }

    /// Patches along a side.
    pub(crate) fn grid(&self) -> usize {
        self.grid
    }

    /// Channels of the activations.
    pub(crate) fn channels(&self) -> usize {
        self.patches.outputs()
    }

    /// Blocks, each a step of the progress.
    pub(crate) fn steps(&self) -> usize {
        self.blocks.len()
    }

    /// `[1, side, side, 3]` to `[1, grid, grid, out]`; `step` is called before each block.
    pub(crate) fn forward(&self, x: &Tensor, step: &mut dyn FnMut() -> Result<()>) -> Result<Tensor> {
        let (patch, grid) = (self.patch, self.grid);
        let patches = x.reshape(&[grid, patch, grid, patch, 3])?.permute([0, 2, 1, 3, 4])?.contiguous()?;
        let mut x = linear_onto(&self.patches, &patches.reshape((1, grid, grid, patch * patch * 3))?, &self.positions)?;
        for block in &self.blocks {
            step()?;
            x = block.forward(&x)?;
        }
        self.neck.forward(&x)
    }
}

#[derive(Debug)]
struct Block {
    before_attention: LayerNorm,
    q: Linear,
    k: Linear,
    v: Linear,
    out: Linear,
    /// From a head's query to the biases of keys so many rows away, `[2 · side - 1, width]`.
    rows: Linear,
    columns: Linear,
    before_mlp: LayerNorm,
    up: Linear,
    down: Linear,
    heads: usize,
    /// Side of the square that attention looks at.
    side: usize,
}

impl Block {
    fn new(scope: &Scope<'_>, channels: usize, grid: usize) -> dedit_edit::Result<Self> {
        let attention = scope.at("attn");
        let (rows, columns) = (attention.tensor("rel_pos_h", 2)?, attention.tensor("rel_pos_w", 2)?);
        let (count, width) = (rows.dims()[0], rows.dims()[1]);
        let side = count.div_ceil(2);
        attention.expect(count == 2 * side - 1 && columns.dims() == rows.dims() && channels.is_multiple_of(width) && side <= grid)?;
        let qkv = attention.at("qkv");
        let part = |index: usize| qkv.linear_rows(index * channels..(index + 1) * channels);
        // The published tables are in the order of query minus key.
        let table = |table: &Tensor| Linear::new(&table.flip(&[0])?.contiguous()?, None);
        Ok(Self {
            before_attention: scope.at("norm1").norm(EPSILON)?,
            q: part(0)?,
            k: part(1)?,
            v: part(2)?,
            out: attention.at("proj").linear()?,
            rows: table(&rows).map_err(internal)?,
            columns: table(&columns).map_err(internal)?,
            before_mlp: scope.at("norm2").norm(EPSILON)?,
            up: scope.at("mlp.lin1").linear()?,
            down: scope.at("mlp.lin2").linear()?,
            heads: channels / width,
            side,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (_, grid, _, _) = x.dims4()?;
        let normed = norm(&self.before_attention, x)?;
        let windows = partition(&normed, self.side)?;
        let attended = self.attend(&windows)?;
        let x = add(x, &unite(&attended, grid)?)?;
        let hidden = gelu(&linear(&self.up, &norm(&self.before_mlp, &x)?)?)?;
        linear_onto(&self.down, &hidden, &x)
    }

    /// `[windows, side, side, channels]` to the same.
    fn attend(&self, x: &Tensor) -> Result<Tensor> {
        let (windows, side, _, channels) = x.dims4()?;
        let x = x.reshape((windows, side * side, channels))?;
        let (q, k, v) = (linear(&self.q, &x)?, linear(&self.k, &x)?, linear(&self.v, &x)?);
        let per_head = q.reshape((windows, side * side, self.heads, channels / self.heads))?;
        let (rows, columns) = (linear(&self.rows, &per_head)?, linear(&self.columns, &per_head)?);
        let bias = ScoreBias::Relative { rows: &rows, columns: &columns, grid: [side, side] };
        let attended = biased_attention(&q, &k, &v, self.heads, bias)?;
        linear(&self.out, &attended)?.reshape((windows, side, side, channels))
    }
}

/// Cuts `[1, height, width, channels]` into windows `[count, side, side, channels]`, with zeros at the end of both directions where they do not divide.
pub(crate) fn partition(x: &Tensor, side: usize) -> Result<Tensor> {
    let (batch, height, width, channels) = x.dims4()?;
    let (down, across) = (height.div_ceil(side), width.div_ceil(side));
    if batch * down * across == 1 && (height, width) == (side, side) {
        return Ok(x.clone());
    }
    let padded = x.pad_with_zeros(1, 0, down * side - height)?.pad_with_zeros(2, 0, across * side - width)?;
    let windows = padded.reshape(&[batch, down, side, across, side, channels])?.permute([0, 1, 3, 2, 4, 5])?;
    windows.contiguous()?.reshape((batch * down * across, side, side, channels))
}

/// The inverse of [`partition`], for a square of `grid` rows.
pub(crate) fn unite(x: &Tensor, grid: usize) -> Result<Tensor> {
    let (count, side, _, channels) = x.dims4()?;
    let along = grid.div_ceil(side);
    if count == 1 && side == grid {
        return Ok(x.clone());
    }
    let whole = x.reshape(&[1, along, along, side, side, channels])?.permute([0, 1, 3, 2, 4, 5])?.contiguous()?;
    whole.reshape((1, along * side, along * side, channels))?.narrow(1, 0, grid)?.narrow(2, 0, grid)?.contiguous()
}
