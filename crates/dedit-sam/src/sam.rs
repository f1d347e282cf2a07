//! The whole model.

use std::path::Path;

use candle_core::{DType, Device, Result, Tensor};
use dedit_edit::{Error, Image, ItemMask};
use dedit_segment::Progress;

use crate::decoder::Decoder;
use crate::encoder::{Encoder, SIDE};
use crate::enlarge::enlarge;
use crate::error::internal;
use crate::prompt::{Prompt, PromptEncoder, logits_of};
use crate::resize::{Frame, input};
use crate::transformer::Prepared;
use crate::weights::Weights;

/// A segment-anything model.
#[derive(Debug)]
pub struct Sam {
    encoder: Encoder,
    prompts: PromptEncoder,
    decoder: Decoder,
    /// The positional encoding of the embedding's pixels.
    positions: Tensor,
    device: Device,
}

/// A picture as the image encoder sees it.
#[derive(Debug, Clone)]
pub struct Embedding {
    /// `[1, grid, grid, channels]`.
    tensor: Tensor,
    /// What the mask decoder makes of it where there is no earlier mask.
    prepared: Prepared,
    frame: Frame,
}

/// The masks for one prompt: the first is for prompts that leave no choice, the other three for a part, a larger part and the whole thing.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// Logits of each mask, row-major squares of [`Prediction::side`]; positive inside.
    pub logits: Vec<Vec<f32>>,
    /// For each mask its predicted intersection over union with the item.
    pub scores: Vec<f32>,
    /// Which one to take: the first, or for a single click that of the other three with the highest score.
    pub best: usize,
    frame: Frame,
}

impl Sam {
    /// Reads a checkpoint, see [`Weights::open`].
    ///
    /// # Errors
    /// `Model` where it cannot be read or is none of SAM or `MobileSAM`.
    pub fn open(path: &Path, device: &Device) -> dedit_edit::Result<Self> {
        Self::new(&Weights::open(path, device)?, SIDE, device).map_err(|error| error.at(path))
    }

    /// From tensors. `side` is the input's side in pixels, a multiple of 16, where the weights do not determine it: 1024 in all published models.
    ///
    /// # Errors
    /// `Model` where tensors are missing or do not fit each other.
    pub fn new(weights: &Weights, side: usize, device: &Device) -> dedit_edit::Result<Self> {
        let encoder = Encoder::new(&weights.at("image_encoder"), side)?;
        let prompts = PromptEncoder::new(&weights.at("prompt_encoder"), encoder.side(), device)?;
        let decoder = Decoder::new(&weights.at("mask_decoder"), prompts.channels())?;
        let positions = prompts.positions(encoder.grid()).map_err(internal)?;
        Ok(Self { encoder, prompts, decoder, positions, device: device.clone() })
    }

    /// Runs the image encoder. `progress` is called before each of its blocks.
    ///
    /// # Errors
    /// `Input` where a sample is NaN or infinite; `Cancelled` where `progress` says so.
    pub fn embed(&self, picture: &Image, progress: &mut Progress<'_>) -> dedit_edit::Result<Embedding> {
        picture.check_finite()?;
        let frame = Frame::new(picture.size(), self.encoder.side());
        let (mut done, of, mut is_stopped) = (0, self.encoder.steps(), false);
        let mut step = || {
            is_stopped = !progress(done, of);
            done += 1;
            if is_stopped { Err(candle_core::Error::Msg("stopped".to_owned())) } else { Ok(()) }
        };
        let tensor = input(picture, &frame, &self.device).and_then(|input| self.encoder.forward(&input, &mut step));
        match tensor {
            Ok(tensor) => {
                let prepared = self.prompts.dense(None, self.encoder.grid()).and_then(|dense| self.prepare(&tensor, &dense));
                Ok(Embedding { tensor, prepared: prepared.map_err(internal)?, frame })
            }
            Err(_) if is_stopped => Err(Error::cancelled()),
            Err(error) => Err(internal(error)),
        }
    }

    /// Bytes of memory that [`Sam::embed`] needs at least.
    pub fn least_memory(&self) -> u64 {
        self.encoder.least_memory() as u64
    }

    /// The image encoder on an input `[1, side, side, 3]` that is normalised already.
    ///
    /// # Errors
    /// When the shape is another.
    pub fn encode(&self, input: &Tensor) -> Result<Tensor> {
        self.encoder.forward(input, &mut || Ok(()))
    }

    /// The tokens of points and box `[1, tokens, channels]`, if any, and what is added to the embedding `[1, grid or 1, grid or 1, channels]`; for a picture
    /// in `frame`.
    ///
    /// # Errors
    /// When an earlier mask has another size.
    pub fn encode_prompt(&self, prompt: &Prompt, frame: &Frame) -> Result<(Option<Tensor>, Tensor)> {
        let tokens = self.prompts.tokens(prompt, frame.scale())?;
        Ok((tokens, self.prompts.dense(prompt.earlier.as_deref(), self.encoder.grid())?))
    }

    /// The mask decoder: logits `[masks, 4 · grid, 4 · grid]` and scores `[masks]`, from the embedding `[1, grid, grid, channels]` and what
    /// [`Sam::encode_prompt`] gives.
    ///
    /// # Errors
    /// When shapes do not fit.
    pub fn decode(&self, embedding: &Tensor, tokens: Option<&Tensor>, dense: &Tensor) -> Result<(Tensor, Tensor)> {
        self.decoder.forward(&self.prepare(embedding, dense)?, &self.positions, tokens)
    }

    fn prepare(&self, embedding: &Tensor, dense: &Tensor) -> Result<Prepared> {
        self.decoder.prepare(&embedding.broadcast_add(dense)?, &self.positions)
    }

    /// The masks for a prompt.
    ///
    /// # Errors
    /// `Usage` where the prompt is empty or does not lie within the picture.
    pub fn predict(&self, embedding: &Embedding, prompt: &Prompt) -> dedit_edit::Result<Prediction> {
        let side = 4 * self.encoder.grid();
        prompt.check(embedding.frame.picture, side * side)?;
        let run = || {
            let tokens = self.prompts.tokens(prompt, embedding.frame.scale())?;
            let improved = match &prompt.earlier {
                Some(mask) => Some(self.prepare(&embedding.tensor, &self.prompts.dense(Some(mask), self.encoder.grid())?)?),
                None => None,
            };
            let picture = improved.as_ref().unwrap_or(&embedding.prepared);
            let (logits, scores) = self.decoder.forward(picture, &self.positions, tokens.as_ref())?;
            let logits = logits.to_dtype(DType::F32)?.reshape(((), side * side))?.to_vec2()?;
            Ok((logits, scores.to_dtype(DType::F32)?.to_vec1()?))
        };
        // Within the pool of threads, which each of the many small steps would otherwise wake up.
        let (logits, scores): (Vec<Vec<f32>>, Vec<f32>) = rayon::scope(|_| run()).map_err(internal)?;
        let choices = if prompt.is_ambiguous() && scores.len() > 1 { 1..scores.len() } else { 0..1 };
        let best = choices.max_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap_or(0);
        Ok(Prediction { logits, scores, best, frame: embedding.frame })
    }
}

impl Embedding {
    /// The encoder's output, `[1, grid, grid, channels]`.
    pub fn tensor(&self) -> &Tensor {
        &self.tensor
    }

    /// Where the picture lies in the encoder's input.
    pub fn frame(&self) -> Frame {
        self.frame
    }

    /// Bytes of memory that it holds.
    pub fn bytes(&self) -> usize {
        self.tensor.elem_count() * self.tensor.dtype().size_in_bytes() + self.prepared.bytes()
    }

    /// A mask of the picture as the [`Prompt::earlier`] of a prompt.
    ///
    /// # Errors
    /// `Usage` where its size is not that of the picture.
    pub fn logits(&self, mask: &ItemMask) -> dedit_edit::Result<Vec<f32>> {
        if mask.size() != self.frame.picture {
            return Err(Error::usage(format!("a mask of {} does not fit a picture of {}", mask.size(), self.frame.picture)));
        }
        Ok(logits_of(mask, self.frame.input, self.frame.side, 4 * self.tensor.dims()[1]))
    }
}

impl Prediction {
    /// Pixels along a side of the logits.
    pub fn side(&self) -> usize {
        self.logits.first().map_or(0, |logits| logits.len().isqrt())
    }

    /// One of the masks in the size of the picture: 1 inside, 0 outside.
    ///
    /// # Errors
    /// `Usage` where there is no such mask.
    pub fn mask(&self, index: usize) -> dedit_edit::Result<ItemMask> {
        let Some(logits) = self.logits.get(index) else {
            return Err(Error::usage(format!("there is no mask {index} among {}", self.logits.len())));
        };
        let mut values = enlarge(logits, self.side(), &self.frame);
        for value in &mut values {
            *value = f32::from(u8::from(*value > 0.0));
        }
        ItemMask::new(self.frame.picture, values)
    }
}
