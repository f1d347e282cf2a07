//! Segment-anything models: image encoder, prompt encoder, mask decoder, and the whole chain from picture and prompt to mask.
//!
//! A folder has its checkpoint as `model.safetensors`, and as `model.pth` where it is to be read too. `meta.json` has the `side` of the encoder's input and
//! `prompts`: the `picture` of each, its `points` (column, row, 1 inside or 0 outside), its `box`, and whether it has an `earlier` mask. Or it has `points`
//! alone, in pixels of the encoder's input. `expected.safetensors` has of each picture its `.image` and `.resized` (8 bits), and its `.embedding`; of each
//! prompt `.tokens`, `.dense`, `.logits`, `.scores`, and as `.mask` the logits of the third mask in the picture's size.

use std::path::Path;

use anyhow::{Context as _, Result};
use candle_core::{DType, Device, Tensor};
use dedit_edit::{Channels, Image, Samples, Size};
use dedit_nn::with_reference;
use dedit_sam::{Frame, Prompt, Sam, Weights, enlarge, pixels};
use serde_json::Value as Json;

use super::{Folder, ONE_OPERATION, Report};

/// The mask whose enlargement is compared.
const ENLARGED: usize = 2;

pub(super) fn run(folder: &Folder, report: &mut Report<'_>) -> Result<()> {
    let open = |name: &str| -> Result<Sam> {
        let weights = Weights::open(&folder.path().join(name), &Device::Cpu)?;
        Ok(Sam::new(&weights, side(folder)?, &Device::Cpu)?)
    };
    let sam = open("model.safetensors")?;
    report.by("fused", |report| compare(folder, report, &sam))?;
    report.by("reference", |report| with_reference(|| compare(folder, report, &sam)))?;
    if Path::exists(&folder.path().join("model.pth")) {
        let sam = open("model.pth")?;
        report.by("pickle", |report| compare(folder, report, &sam))?;
    }
    Ok(())
}

fn side(folder: &Folder) -> Result<usize> {
    Ok(folder.meta()["side"].as_u64().context("meta.json has no side")? as usize)
}

fn compare(folder: &Folder, report: &mut Report<'_>, sam: &Sam) -> Result<()> {
    let tolerance = folder.tolerance(ONE_OPERATION);
    let input = folder.tensor("encoder.input")?.permute((0, 2, 3, 1))?.contiguous()?;
    let embedding = sam.encode(&input)?;
    report.compare(folder, "encoder.output", tolerance, || planes(&embedding));
    if let Some(points) = folder.meta()["points"].as_array() {
        let side = side(folder)?;
        let frame = Frame::new(Size::new(side, side)?, side);
        let (tokens, dense) = sam.encode_prompt(&prompt(points, None)?, &frame)?;
        let (logits, scores) = sam.decode(&embedding, tokens.as_ref(), &dense)?;
        // Transformers returns the masks for prompts that leave a choice.
        report.compare(folder, "clicks.logits", tolerance, || Ok(logits.narrow(0, 1, 3)?));
        report.compare(folder, "clicks.scores", tolerance, || Ok(scores.narrow(0, 1, 3)?));
    }
    for (name, settings) in folder.meta()["prompts"].as_object().into_iter().flatten() {
        let points = settings["points"].as_array().cloned().unwrap_or_default();
        let mut prompt = prompt(&points, settings["box"].as_array())?;
        if settings["earlier"].as_bool() == Some(true) {
            prompt.earlier = Some(folder.tensor(&format!("{name}.earlier"))?.flatten_all()?.to_vec1()?);
        }
        let picture = settings["picture"].as_str().context("a prompt has no picture")?;
        chain(folder, report, sam, (name, picture), &prompt)?;
    }
    Ok(())
}

/// `[batch, height, width, channels]` in PyTorch's order.
fn planes(x: &Tensor) -> Result<Tensor> {
    Ok(x.permute((0, 3, 1, 2))?.contiguous()?)
}

fn prompt(points: &[Json], region: Option<&Vec<Json>>) -> Result<Prompt> {
    let number = |value: &Json| value.as_f64().map(|value| value as f32).context("a coordinate is no number");
    let mut prompt = Prompt::default();
    for point in points {
        let kind = if point[2] == 1 { &mut prompt.inside } else { &mut prompt.outside };
        kind.push([number(&point[0])?, number(&point[1])?]);
    }
    if let Some([left, top, right, bottom]) = region.map(Vec::as_slice) {
        prompt.region = Some([number(left)?, number(top)?, number(right)?, number(bottom)?]);
    }
    Ok(prompt)
}

/// One prompt, from the picture on.
fn chain(folder: &Folder, report: &mut Report<'_>, sam: &Sam, (name, picture): (&str, &str), prompt: &Prompt) -> Result<()> {
    let tolerance = folder.tolerance(ONE_OPERATION);
    let stored = folder.tensor(&format!("{picture}.image"))?;
    let (height, width, _) = stored.dims3()?;
    let image = Image::new(Size::new(width, height)?, Channels::Rgb, Samples::U8(stored.flatten_all()?.to_vec1()?))?;
    let frame = Frame::new(image.size(), side(folder)?);
    let [across, down] = frame.input;
    report.compare(folder, &format!("{picture}.resized"), 0.0, || {
        Ok(Tensor::from_vec(pixels(&image, &frame), (down, across, 3), &Device::Cpu)?)
    });
    let embedding = sam.embed(&image, &mut |_, _| true)?;
    report.compare(folder, &format!("{picture}.embedding"), tolerance, || planes(embedding.tensor()));
    let (tokens, dense) = sam.encode_prompt(prompt, &frame)?;
    report.compare(folder, &format!("{name}.tokens"), tolerance, || tokens.context("no token"));
    report.compare(folder, &format!("{name}.dense"), tolerance, || {
        let expected = folder.tensor(&format!("{name}.dense"))?;
        let (_, _, grid, _) = expected.dims4()?;
        planes(&dense.broadcast_as((1, grid, grid, expected.dim(1)?))?)
    });
    let prediction = sam.predict(&embedding, prompt)?;
    let low = prediction.side();
    report.compare(folder, &format!("{name}.logits"), tolerance, || {
        Ok(Tensor::from_vec(prediction.logits.concat(), (prediction.logits.len(), low, low), &Device::Cpu)?)
    });
    report.compare(folder, &format!("{name}.scores"), tolerance, || Ok(Tensor::new(prediction.scores.as_slice(), &Device::Cpu)?));
    report.compare(folder, &format!("{name}.mask"), tolerance, || {
        let logits = folder.tensor(&format!("{name}.logits"))?.get(ENLARGED)?.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?;
        Ok(Tensor::from_vec(enlarge(&logits, low, &frame), (height, width), &Device::Cpu)?)
    });
    Ok(())
}
