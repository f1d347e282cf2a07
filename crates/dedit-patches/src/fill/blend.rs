//! Pieces are fused in the gradient domain (Pérez, Gangnet and Blake 2003): a smooth correction closes the steps between them and at the rim.

use dedit_edit::{Planes, Result};

use super::level::{Level, compressed, expanded};
use super::seams::Labelling;

/// A step between two pieces of this size, in units of the picture, counts half: a hard edge is not smeared over the hole.
const SOFT: f32 = 20.0 / 255.0;
/// The correction is found to this share of its right-hand side.
const PRECISION: f64 = 1e-3;
/// Most iterations; 30 to 60 are usual.
const ITERATIONS: usize = 200;
const NONE: u32 = u32::MAX;

/// Red, green and blue.
pub(crate) type Value = [f32; 3];

/// Pixels that were put together from pieces, each continuous by itself.
pub(crate) trait Mosaic {
    /// Columns of the picture.
    fn width(&self) -> usize;
    /// The row-major indices of the pixels, ascending.
    fn pixels(&self) -> &[u32];
    /// The colour of each pixel, [`compressed`].
    fn values(&self) -> &[Value];
    /// The edge from a pixel, by its place in [`pixels`](Self::pixels), to the one a step away; `None` where the colours need not go together.
    fn edge(&self, index: usize, step: (i32, i32)) -> Option<Edge>;
}

/// What is known of two neighbouring pixels.
pub(crate) struct Edge {
    /// The place of the other pixel in the mosaic; `None` where it is part of the picture, and stays.
    pub(crate) number: Option<usize>,
    /// Its colour.
    pub(crate) value: Value,
    /// The colour of the first minus that of the other, as their pieces have it.
    pub(crate) gradient: Option<Value>,
}

/// A pixel's neighbours in the hole and the weights of the edges to all its neighbours.
struct Node {
    near: [u32; 4],
    weight: [f32; 4],
}

/// A hole whose pixels are copied from elsewhere in the picture.
pub(super) struct Copied<'a> {
    picture: &'a Planes,
    level: &'a Level,
    labelling: &'a Labelling,
    values: Vec<Value>,
}

impl<'a> Copied<'a> {
    pub(super) fn new(picture: &'a Planes, level: &'a Level, labelling: &'a Labelling) -> Self {
        let values = labelling.sources().map(|at| colour(picture, at)).collect();
        Self { picture, level, labelling, values }
    }

    fn is_known(&self, at: usize) -> bool {
        !self.level.hole[at] && self.picture.colour().iter().all(|plane| plane[at].is_finite())
    }
}

impl Mosaic for Copied<'_> {
    fn width(&self) -> usize {
        self.level.width
    }

    fn pixels(&self) -> &[u32] {
        &self.labelling.pixels
    }

    fn values(&self) -> &[Value] {
        &self.values
    }

    fn edge(&self, index: usize, (dx, dy): (i32, i32)) -> Option<Edge> {
        let (level, labelling) = (self.level, self.labelling);
        let at = labelling.pixels[index] as usize;
        let (x, y) = level.position(at);
        // Between things that are not the same a step is right.
        let next = level.at(x + dx, y + dy).filter(|next| level.is_same(at, *next))?;
        let number = labelling.number(next);
        let value = match number {
            Some(number) => self.values[number],
            None if self.is_known(next) => colour(self.picture, next),
            None => return None,
        };
        // The gradients that the pieces of both pixels have here.
        let (mut gradient, mut count) = ([0.0; 3], 0.0f32);
        let shifts = [Some(labelling.shift[index]), number.map(|number| labelling.shift[number])];
        for (sx, sy) in shifts.into_iter().flatten() {
            if let (Some(one), Some(other)) = (level.at(x + sx, y + sy), level.at(x + dx + sx, y + dy + sy))
                && self.is_known(one)
                && self.is_known(other)
            {
                let (one, other) = (colour(self.picture, one), colour(self.picture, other));
                gradient = std::array::from_fn(|channel| gradient[channel] + one[channel] - other[channel]);
                count += 1.0;
            }
        }
        let gradient = (count > 0.0).then(|| gradient.map(|sum| sum / count));
        Some(Edge { number, value, gradient })
    }
}

/// The compressed colour of a pixel; grey is repeated.
pub(crate) fn colour(picture: &Planes, at: usize) -> Value {
    let planes = picture.colour();
    std::array::from_fn(|channel| compressed(planes[channel.min(planes.len() - 1)][at]))
}

/// The colours of a mosaic's pixels with its pieces fused, no longer compressed. `None` where `going` said to stop.
pub(crate) fn blended(mosaic: &impl Mosaic, going: &mut dyn FnMut() -> Result<bool>) -> Result<Option<Vec<Value>>> {
    let (nodes, mut right) = equations(mosaic);
    if !going()? {
        return Ok(None);
    }
    let Some(correction) = solved(&nodes, &mut right, mosaic, going)? else { return Ok(None) };
    let corrected = |(value, correction): (&Value, Value)| std::array::from_fn(|channel| expanded(value[channel] + correction[channel]));
    Ok(Some(mosaic.values().iter().zip(correction).map(corrected).collect()))
}

/// The equations of the correction: along every edge it should be what the copied gradient lacks.
fn equations(mosaic: &impl Mosaic) -> (Vec<Node>, Vec<Value>) {
    const NEAR: [(i32, i32); 4] = [(-1, 0), (1, 0), (0, -1), (0, 1)];
    let values = mosaic.values();
    let mut nodes = Vec::with_capacity(values.len());
    let mut right = vec![[0.0; 3]; values.len()];
    for (index, value) in values.iter().enumerate() {
        let mut node = Node { near: [NONE; 4], weight: [0.0; 4] };
        for (place, step) in NEAR.into_iter().enumerate() {
            let Some(edge) = mosaic.edge(index, step) else { continue };
            let lacks: Value = edge
                .gradient
                .map_or([0.0; 3], |gradient| std::array::from_fn(|channel| gradient[channel] - (value[channel] - edge.value[channel])));
            let weight = 1.0 / (1.0 + lacks.iter().map(|lack| lack * lack).sum::<f32>() / (3.0 * SOFT * SOFT));
            node.weight[place] = weight;
            node.near[place] = edge.number.map_or(NONE, |number| number as u32);
            right[index] = std::array::from_fn(|channel| right[index][channel] + weight * lacks[channel]);
        }
        nodes.push(node);
    }
    (nodes, right)
}

/// Blocks of 2×2, 4×4, … pixels: the preconditioner sums over them, so that a correction crosses the hole in few iterations (Bramble, Pasciak and Xu 1990).
struct Blocks {
    /// The block of each pixel, or of each block before.
    of: Vec<u32>,
    /// One over the block's sum of weights.
    inverse: Vec<f32>,
}

fn blocks(nodes: &[Node], mosaic: &impl Mosaic) -> Vec<Blocks> {
    let mut all = Vec::new();
    let width = mosaic.width();
    let mut places: Vec<(usize, usize)> = mosaic.pixels().iter().map(|at| (*at as usize % width, *at as usize / width)).collect();
    // The block of each pixel at the present size.
    let mut block: Vec<u32> = (0..nodes.len() as u32).collect();
    while places.len() > 4 {
        let halved: Vec<(usize, usize)> = places.iter().map(|(x, y)| (x / 2, y / 2)).collect();
        let mut unique = halved.clone();
        unique.sort_unstable_by_key(|(x, y)| (*y, *x));
        unique.dedup();
        let find = |place: &(usize, usize)| unique.binary_search_by_key(&(place.1, place.0), |(x, y)| (*y, *x)).unwrap_or(0) as u32;
        let of: Vec<u32> = halved.iter().map(find).collect();
        for block in &mut block {
            *block = of[*block as usize];
        }
        // The weights of the edges that leave each block.
        let mut diagonal = vec![0.0f32; unique.len()];
        for (index, node) in nodes.iter().enumerate() {
            for (near, weight) in node.near.iter().zip(node.weight) {
                if *near == NONE || block[*near as usize] != block[index] {
                    diagonal[block[index] as usize] += weight;
                }
            }
        }
        all.push(Blocks { of, inverse: diagonal.into_iter().map(|sum| 1.0 / sum.max(1e-3)).collect() });
        places = unique;
    }
    all
}

/// Conjugate gradients; `right` is the residual in the end.
fn solved(
    nodes: &[Node],
    right: &mut [Value],
    mosaic: &impl Mosaic,
    going: &mut dyn FnMut() -> Result<bool>,
) -> Result<Option<Vec<Value>>> {
    let blocks = blocks(nodes, mosaic);
    let diagonal: Vec<f32> = nodes.iter().map(|node| 1.0 / node.weight.iter().sum::<f32>().max(1e-3)).collect();
    let mut found = vec![[0.0; 3]; nodes.len()];
    let mut direction = vec![[0.0; 3]; nodes.len()];
    let (mut before, mut image) = (0.0, vec![[0.0; 3]; nodes.len()]);
    let start = dot(right, right);
    for iteration in 0..ITERATIONS {
        if dot(right, right) <= start * PRECISION * PRECISION {
            break;
        }
        if !going()? {
            return Ok(None);
        }
        let smooth = preconditioned(right, &diagonal, &blocks);
        let now = dot(right, &smooth);
        let along = if iteration == 0 { 0.0 } else { (now / before) as f32 };
        before = now;
        for (direction, smooth) in direction.iter_mut().zip(&smooth) {
            *direction = std::array::from_fn(|channel| smooth[channel] + along * direction[channel]);
        }
        apply(nodes, &direction, &mut image);
        let length = dot(&direction, &image);
        if length <= 0.0 {
            break;
        }
        let step = (now / length) as f32;
        for index in 0..nodes.len() {
            for channel in 0..3 {
                found[index][channel] += step * direction[index][channel];
                right[index][channel] -= step * image[index][channel];
            }
        }
    }
    Ok(Some(found))
}

fn dot(one: &[Value], other: &[Value]) -> f64 {
    one.iter().zip(other).map(|(a, b)| f64::from(a[0] * b[0] + a[1] * b[1] + a[2] * b[2])).sum()
}

fn apply(nodes: &[Node], values: &[Value], image: &mut [Value]) {
    for (index, node) in nodes.iter().enumerate() {
        let own = values[index];
        let mut sum = [0.0; 3];
        for (near, weight) in node.near.iter().zip(node.weight) {
            let its = if *near == NONE { [0.0; 3] } else { values[*near as usize] };
            for channel in 0..3 {
                sum[channel] += weight * (own[channel] - its[channel]);
            }
        }
        image[index] = sum;
    }
}

fn preconditioned(residual: &[Value], diagonal: &[f32], blocks: &[Blocks]) -> Vec<Value> {
    let scaled = |values: &[Value], inverse: &[f32]| -> Vec<Value> {
        values.iter().zip(inverse).map(|(value, inverse)| value.map(|value| value * inverse)).collect()
    };
    let mut sums: Vec<Vec<Value>> = Vec::with_capacity(blocks.len());
    for (depth, block) in blocks.iter().enumerate() {
        let mut sum = vec![[0.0; 3]; block.inverse.len()];
        let finer = if depth == 0 { residual } else { &sums[depth - 1] };
        for (of, value) in block.of.iter().zip(finer) {
            for channel in 0..3 {
                sum[*of as usize][channel] += value[channel];
            }
        }
        sums.push(sum);
    }
    let mut coarse: Option<Vec<Value>> = None;
    for depth in (0..=blocks.len()).rev() {
        let (values, inverse) =
            if depth == 0 { (residual, diagonal) } else { (sums[depth - 1].as_slice(), blocks[depth - 1].inverse.as_slice()) };
        let mut here = scaled(values, inverse);
        if let Some(coarse) = coarse {
            for (value, of) in here.iter_mut().zip(&blocks[depth].of) {
                for channel in 0..3 {
                    value[channel] += coarse[*of as usize][channel];
                }
            }
        }
        coarse = Some(here);
    }
    coarse.unwrap_or_default()
}
