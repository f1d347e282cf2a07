//! The judge of what a part of a picture shows: `crates/xtask/recipe/classifier.py` trains it.

use anyhow::{Context as _, Result};
use candle_core::{Device, Tensor};
use dedit_edit::Rect;
use dedit_nn::autograd::Value;
use dedit_nn::layers::{Conv2d, Linear};
use dedit_toys::{Colour, Kind, Toy};
use image::RgbImage;

const WEIGHTS: &[u8] = include_bytes!("classifier.safetensors");
/// Pixels along each side of what it sees.
const CROP: usize = 48;
const CONVOLUTIONS: usize = 4;

/// Names toys.
pub(super) struct Classifier {
    convolutions: Vec<Conv2d>,
    out: Linear,
}

/// What it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    /// `None` where there is no toy.
    kind: Option<Kind>,
    colour: Colour,
}

impl Seen {
    /// Whether it is this toy.
    pub(super) fn is(self, toy: &Toy) -> bool {
        self.kind == Some(toy.kind) && self.colour == toy.colour
    }
}

impl Classifier {
    pub(super) fn built_in() -> Result<Self> {
        let weights = candle_core::safetensors::load_buffer(WEIGHTS, &Device::Cpu).context("the classifier's weights are damaged")?;
        let get = |name: String| weights.get(&name).with_context(|| format!("the classifier has no {name}"));
        let convolution = |index: usize| -> Result<Conv2d> {
            Ok(Conv2d::new(get(format!("convs.{index}.weight"))?, Some(get(format!("convs.{index}.bias"))?), 2, 1)?)
        };
        Ok(Self {
            convolutions: (0..CONVOLUTIONS).map(convolution).collect::<Result<_>>()?,
            out: Linear::new(get("out.weight".to_owned())?, Some(get("out.bias".to_owned())?))?,
        })
    }

    /// Names what is in a rectangle of a picture, and a little round it.
    pub(super) fn look(&self, picture: &RgbImage, extent: Rect) -> Result<Seen> {
        let mut x = Value::constant(Tensor::from_vec(crop(picture, extent), (1, CROP, CROP, 3), &Device::Cpu)?);
        for convolution in &self.convolutions {
            x = Value::constant(convolution.forward(&x)?.into_tensor().relu()?);
        }
        // The last layer was trained on channels first.
        let flat = x.into_tensor().permute((0, 3, 1, 2))?.flatten_from(1)?.contiguous()?;
        let scores: Vec<f32> = self.out.forward(&Value::constant(flat))?.into_tensor().flatten_all()?.to_vec1()?;
        let (kinds, colours) = scores.split_at(Kind::ALL.len() + 1);
        Ok(Seen { kind: Kind::ALL.get(largest(kinds)).copied(), colour: Colour::ALL[largest(colours).min(Colour::ALL.len() - 1)] })
    }
}

fn largest(scores: &[f32]) -> usize {
    scores.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(index, _)| index)
}

/// The square round a rectangle, scaled to what the network sees, in −1 to 1: as `classifier.py` cuts it.
fn crop(picture: &RgbImage, Rect { x, y, width, height }: Rect) -> Vec<f32> {
    let longest = picture.width().min(picture.height()) as usize;
    let side = (width.max(height) * 5 / 4 + 4).min(longest);
    let place = |low: usize, length: usize| ((2 * low + length).saturating_sub(side) / 2).min(longest - side);
    let (left, top) = (place(x, width), place(y, height));
    let value =
        |x: usize, y: usize, channel: usize| f32::from(picture.get_pixel((left + x) as u32, (top + y) as u32).0[channel]) / 127.5 - 1.0;
    // Of each place in the crop: the two pixels it lies between, and how near it is to the second.
    let between = |at: usize| {
        let from = ((at as f32 + 0.5) * side as f32 / CROP as f32 - 0.5).max(0.0);
        let low = (from as usize).min(side - 1);
        (low, (low + 1).min(side - 1), from - low as f32)
    };
    let mut values = Vec::with_capacity(CROP * CROP * 3);
    for (y0, y1, fy) in (0..CROP).map(between) {
        for (x0, x1, fx) in (0..CROP).map(between) {
            for channel in 0..3 {
                let row = |y: usize| value(x0, y, channel) * (1.0 - fx) + value(x1, y, channel) * fx;
                values.push(row(y0) * (1.0 - fy) + row(y1) * fy);
            }
        }
    }
    values
}
