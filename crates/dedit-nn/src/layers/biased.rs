//! Attention whose scores get a bias per head, for inference.

use candle_core::{D, DType, Result, Tensor, bail};

use super::attention::{BLOCK, fit, split, unite};
use crate::backend::{elements, fused, tensor};
use crate::kernels::attention::{self as kernel, Addend, Relative, Shape};

/// What is added to the scaled scores before the softmax.
#[derive(Debug, Clone, Copy)]
pub enum ScoreBias<'a> {
    /// `[heads, queries, keys]` f32, the same for every sample.
    PerHead(&'a Tensor),
    /// Queries and keys are the pixels of one grid, row-major. A key that lies `(dy, dx)` from a query gets `rows[dy + height - 1] + columns[dx + width - 1]`
    /// of that query (decomposed relative positions, Li et al. 2022, arXiv 2112.01526).
    Relative {
        /// `[batch, queries, heads, 2 · height - 1]`.
        rows: &'a Tensor,
        /// `[batch, queries, heads, 2 · width - 1]`.
        columns: &'a Tensor,
        /// Height and width of the grid.
        grid: [usize; 2],
    },
}

/// `softmax(q kᵀ / √width + bias) v` per head, of `q [batch, queries, heads · width]` over `k` and `v [batch, keys, heads · width]`. No gradient is recorded.
///
/// # Errors
/// When the shapes do not fit each other.
pub fn biased_attention(q: &Tensor, k: &Tensor, v: &Tensor, heads: usize, bias: ScoreBias<'_>) -> Result<Tensor> {
    let shape = fit(q, k, v, heads)?;
    check(shape, bias)?;
    let (q, k, v) = (q.contiguous()?, k.contiguous()?, v.contiguous()?);
    if q.elem_count() == 0 || k.elem_count() == 0 {
        return q.zeros_like();
    }
    if !fused(&q) {
        return reference(shape, [&q, &k, &v], bias);
    }
    let run =
        |addend: Addend<'_>| Ok::<_, candle_core::Error>(kernel::attention(shape, &elements(&q)?, &elements(&k)?, &elements(&v)?, addend));
    let attended = match bias {
        ScoreBias::PerHead(bias) => run(Addend::PerHead(&elements(&bias.contiguous()?)?))?,
        ScoreBias::Relative { rows, columns, grid } => {
            let (rows, columns) = (rows.contiguous()?, columns.contiguous()?);
            run(Addend::Relative(Relative { rows: &elements(&rows)?, columns: &elements(&columns)?, grid }))?
        }
    };
    tensor(attended.out, q.dims())
}

fn check(shape: Shape, bias: ScoreBias<'_>) -> Result<()> {
    let Shape { batch, queries, keys, heads, .. } = shape;
    let fits = match bias {
        ScoreBias::PerHead(bias) => bias.dims() == [heads, queries, keys],
        ScoreBias::Relative { rows, columns, grid: [height, width] } => {
            let pixels = height * width;
            (queries, keys) == (pixels, pixels)
                && rows.dims() == [batch, queries, heads, (2 * height).saturating_sub(1)]
                && columns.dims() == [batch, queries, heads, (2 * width).saturating_sub(1)]
        }
    };
    if !fits {
        bail!("a bias {bias:?} does not fit {batch} × {heads} heads, {queries} queries and {keys} keys");
    }
    Ok(())
}

/// The same with candle's operations, block by block of queries.
fn reference(shape: Shape, [q, k, v]: [&Tensor; 3], bias: ScoreBias<'_>) -> Result<Tensor> {
    let (q, kt, v) = (split(q, shape)?, split(k, shape)?.transpose(2, 3)?.contiguous()?, split(v, shape)?);
    let mut parts = Vec::new();
    for from in (0..shape.queries).step_by(BLOCK) {
        let take = (shape.queries - from).min(BLOCK);
        let scores = (q.narrow(2, from, take)?.contiguous()?.matmul(&kt)? * f64::from(shape.scale))?.to_dtype(DType::F32)?;
        let scores = match bias {
            ScoreBias::PerHead(bias) => scores.broadcast_add(&bias.narrow(1, from, take)?.to_dtype(DType::F32)?)?,
            ScoreBias::Relative { rows, columns, grid: [height, width] } => {
                let add = |table: &Tensor, along: &dyn Fn(usize) -> usize, side: usize| {
                    let place = |i: usize| (along(i % shape.keys) + side - 1 - along(from + i / shape.keys)) as u32;
                    let index = Tensor::from_vec((0..take * shape.keys).map(place).collect::<Vec<_>>(), (take, shape.keys), q.device())?;
                    let table = table.narrow(1, from, take)?.transpose(1, 2)?.to_dtype(DType::F32)?.contiguous()?;
                    table.gather(&index.broadcast_as((shape.batch, shape.heads, take, shape.keys))?.contiguous()?, D::Minus1)
                };
                ((scores + add(rows, &|i| i / width, height)?)? + add(columns, &|i| i % width, width)?)?
            }
        };
        let shifted = scores.broadcast_sub(&scores.max_keepdim(D::Minus1)?)?.exp()?;
        parts.push(shifted.broadcast_div(&shifted.sum_keepdim(D::Minus1)?)?.to_dtype(v.dtype())?.matmul(&v)?);
    }
    unite(&Tensor::cat(&parts, 2)?)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::rng::Generator;
    use crate::with_reference;

    #[test]
    fn the_kernel_agrees_with_the_scores_written_out() {
        let mut rng = Generator::new(3);
        let mut draw = |dims: &[usize]| rng.normal(dims, &Device::Cpu).unwrap();
        // Grids of one block of keys, of several, and of rows that blocks cut.
        for (batch, heads, width, grid) in [(1, 1, 4, [1, 1]), (3, 2, 5, [3, 7]), (2, 3, 8, [14, 14]), (1, 2, 16, [27, 45])] {
            let tokens = grid[0] * grid[1];
            let [q, k, v] = [(); 3].map(|()| draw(&[batch, tokens, heads * width]));
            let per_head = draw(&[heads, tokens, tokens]);
            let [rows, columns] = grid.map(|side| draw(&[batch, tokens, heads, 2 * side - 1]));
            for bias in [ScoreBias::PerHead(&per_head), ScoreBias::Relative { rows: &rows, columns: &columns, grid }] {
                let fast = biased_attention(&q, &k, &v, heads, bias).unwrap();
                let slow = with_reference(|| biased_attention(&q, &k, &v, heads, bias)).unwrap();
                let largest = (fast - slow).unwrap().abs().unwrap().flatten_all().unwrap().max(0).unwrap().to_scalar::<f32>().unwrap();
                assert!(largest < 2e-5, "{grid:?}: {largest}");
            }
        }
    }
}
