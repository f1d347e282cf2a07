//! Clicks, boxes and earlier masks, and the encoder that turns them into tokens.

use std::f32::consts::TAU;

use candle_core::{Device, Result, Tensor};
use dedit_edit::{Error, ItemMask, Size};
use dedit_nn::layers::{Conv2d, LayerNorm};
use dedit_segment::Hint;

use crate::error::internal;
use crate::layers::{conv, gelu, norm};
use crate::neck::CHANNEL_EPSILON;
use crate::weights::Scope;

/// What says where an item is, in pixels of the picture.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Prompt {
    /// Points of the item: column and row.
    pub inside: Vec<[f32; 2]>,
    /// Points that are not of the item.
    pub outside: Vec<[f32; 2]>,
    /// A box round the item: left, top, right and bottom.
    pub region: Option<[f32; 4]>,
    /// Logits of an earlier mask, four times the embedding's size and row-major: those of a [`Prediction`](crate::Prediction), or from
    /// [`Embedding::logits`](crate::Embedding::logits).
    pub earlier: Option<Vec<f32>>,
}

impl Prompt {
    /// The points and the box of a hint.
    pub fn of(hint: &Hint) -> Self {
        let points = |points: &[(usize, usize)]| points.iter().map(|(x, y)| [*x as f32, *y as f32]).collect();
        let region = hint.region.map(|rect| [rect.x, rect.y, rect.right(), rect.bottom()].map(|value| value as f32));
        Self { inside: points(&hint.inside), outside: points(&hint.outside), region, earlier: None }
    }

    /// Whether one click is all that is known, so that a part and the whole thing both fit.
    pub(crate) fn is_ambiguous(&self) -> bool {
        self.inside.len() + self.outside.len() == 1 && self.region.is_none() && self.earlier.is_none()
    }

    /// Fails unless there is a point, a box or a mask, and all of them lie within the picture.
    pub(crate) fn check(&self, size: Size, logits: usize) -> dedit_edit::Result<()> {
        if self.inside.is_empty() && self.outside.is_empty() && self.region.is_none() && self.earlier.is_none() {
            return Err(Error::usage("nothing says where the item is").hint("give a box round it or a pixel of it"));
        }
        let fits = |[x, y]: &[f32; 2]| (0.0..=size.width() as f32).contains(x) && (0.0..=size.height() as f32).contains(y);
        if let Some([x, y]) = self.inside.iter().chain(&self.outside).find(|point| !fits(point)) {
            return Err(Error::usage(format!("the point ({x}, {y}) does not lie within the picture of {size}")));
        }
        if let Some([left, top, right, bottom]) = self.region
            && !(fits(&[left, top]) && fits(&[right, bottom]) && left < right && top < bottom)
        {
            return Err(Error::usage(format!(
                "the box from ({left}, {top}) to ({right}, {bottom}) does not lie within the picture of {size}"
            )));
        }
        if self.earlier.as_ref().is_some_and(|mask| mask.len() != logits || mask.iter().any(|logit| !logit.is_finite())) {
            return Err(Error::usage(format!("an earlier mask for this model has {logits} finite logits")));
        }
        Ok(())
    }
}

/// Logits of a mask of the picture: its values from -8 to 8 on a grid of `low` cells a side over the square input, -8 where the picture ends.
pub(crate) fn logits_of(mask: &ItemMask, [width, height]: [usize; 2], side: usize, low: usize) -> Vec<f32> {
    const CERTAIN: f32 = 8.0;
    let size = mask.size();
    let cell = side as f32 / low as f32;
    // The pixels of the mask along one side of a cell.
    let span = |index: usize, input: usize, pixels: usize| {
        let scale = pixels as f32 / input as f32;
        let (from, to) = (index as f32 * cell * scale, (index + 1) as f32 * cell * scale);
        let from = (from as usize).min(pixels);
        from..(to.ceil() as usize).clamp(from, pixels)
    };
    let value = |index: usize| {
        let (across, down) = (span(index % low, width, size.width()), span(index / low, height, size.height()));
        let count = (across.len() * down.len()).max(1) as f32;
        let sum: f32 = down.flat_map(|y| across.clone().map(move |x| y * size.width() + x)).map(|index| mask.values()[index]).sum();
        CERTAIN * (2.0 * sum / count - 1.0)
    };
    (0..low * low).map(value).collect()
}

/// The prompt encoder.
#[derive(Debug)]
pub(crate) struct PromptEncoder {
    /// Frequencies of the positional encoding, `[2, channels / 2]`, row-major.
    frequencies: Vec<f32>,
    /// For points outside and inside, and for the two corners of a box, `[channels]`.
    kinds: [Vec<f32>; 4],
    not_a_point: Vec<f32>,
    no_mask: Tensor,
    mask: Downscaling,
    side: usize,
    device: Device,
}

impl PromptEncoder {
    pub(crate) fn new(scope: &Scope<'_>, side: usize, device: &Device) -> dedit_edit::Result<Self> {
        let frequencies = scope.at("pe_layer").wide("positional_encoding_gaussian_matrix", 2)?;
        let (two, half) = (frequencies.dims()[0], frequencies.dims()[1]);
        let vector = |scope: &Scope<'_>| {
            let weight = scope.wide("weight", 2)?;
            scope.expect(weight.dims() == [1, 2 * half])?;
            floats(&weight).map_err(internal)
        };
        scope.expect(two == 2)?;
        let points = scope.at("point_embeddings");
        let no_mask = scope.at("no_mask_embed").wide("weight", 2)?;
        scope.expect(no_mask.dims() == [1, 2 * half])?;
        Ok(Self {
            frequencies: floats(&frequencies).map_err(internal)?,
            kinds: [vector(&points.at(0))?, vector(&points.at(1))?, vector(&points.at(2))?, vector(&points.at(3))?],
            not_a_point: vector(&scope.at("not_a_point_embed"))?,
            no_mask,
            mask: Downscaling::new(&scope.at("mask_downscaling"))?,
            side,
            device: device.clone(),
        })
    }

    /// Channels of the tokens.
    pub(crate) fn channels(&self) -> usize {
        self.frequencies.len()
    }

    /// The positional encoding of a place, whose coordinates go from 0 to 1.
    fn encode(&self, x: f32, y: f32) -> Vec<f32> {
        let (across, down) = self.frequencies.split_at(self.frequencies.len() / 2);
        let angles = || across.iter().zip(down).map(|(a, b)| TAU * ((2.0 * x - 1.0) * a + (2.0 * y - 1.0) * b));
        angles().map(f32::sin).chain(angles().map(f32::cos)).collect()
    }

    /// The positional encoding of the embedding's pixels, `[1, grid², channels]`.
    pub(crate) fn positions(&self, grid: usize) -> Result<Tensor> {
        let place = |index: usize| (index as f32 + 0.5) / grid as f32;
        let values: Vec<f32> = (0..grid * grid).flat_map(|index| self.encode(place(index % grid), place(index / grid))).collect();
        Tensor::from_vec(values, (1, grid * grid, self.channels()), &self.device)
    }

    /// The tokens of points and box `[1, tokens, channels]`, or none. `scale` leads from pixels of the picture to those of the input.
    pub(crate) fn tokens(&self, prompt: &Prompt, scale: [f32; 2]) -> Result<Option<Tensor>> {
        let side = self.side as f32;
        let token = |[x, y]: [f32; 2], kind: usize| {
            let place = self.encode((x * scale[0] + 0.5) / side, (y * scale[1] + 0.5) / side);
            place.iter().zip(&self.kinds[kind]).map(|(a, b)| a + b).collect::<Vec<f32>>()
        };
        let mut tokens: Vec<Vec<f32>> = prompt.inside.iter().map(|point| token(*point, 1)).collect();
        tokens.extend(prompt.outside.iter().map(|point| token(*point, 0)));
        match prompt.region {
            Some([left, top, right, bottom]) => tokens.extend([token([left, top], 2), token([right, bottom], 3)]),
            None if !tokens.is_empty() => tokens.push(self.not_a_point.clone()),
            None => return Ok(None),
        }
        let count = tokens.len();
        Tensor::from_vec(tokens.concat(), (1, count, self.channels()), &self.device).map(Some)
    }

    /// What is added to the embedding for an earlier mask, `[1, grid, grid, channels]`, or for none, `[1, 1, 1, channels]`.
    pub(crate) fn dense(&self, earlier: Option<&[f32]>, grid: usize) -> Result<Tensor> {
        match earlier {
            None => self.no_mask.reshape((1, 1, 1, self.channels())),
            Some(logits) => self.mask.forward(&Tensor::from_slice(logits, (1, 4 * grid, 4 * grid, 1), &self.device)?),
        }
    }
}

fn floats(tensor: &Tensor) -> Result<Vec<f32>> {
    tensor.to_dtype(candle_core::DType::F32)?.flatten_all()?.to_vec1()
}

/// Makes a mask four times smaller, with the channels of the embedding.
#[derive(Debug)]
struct Downscaling {
    convolutions: [Conv2d; 3],
    norms: [LayerNorm; 2],
}

impl Downscaling {
    fn new(scope: &Scope<'_>) -> dedit_edit::Result<Self> {
        Ok(Self {
            convolutions: [scope.at(0).conv(2, 0)?, scope.at(3).conv(2, 0)?, scope.at(6).conv(1, 0)?],
            norms: [scope.at(1).norm(CHANNEL_EPSILON)?, scope.at(4).norm(CHANNEL_EPSILON)?],
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let mut x = x.clone();
        for (convolution, layer) in self.convolutions.iter().zip(&self.norms) {
            x = gelu(&norm(layer, &conv(convolution, &x)?)?)?;
        }
        conv(&self.convolutions[2], &x)
    }
}
