//! The outputs of networks with LoRA files.
//!
//! `meta.json` has `cases`: the `file` of each and its `scale`. `expected.safetensors` has the inputs (`unet.CASE.*` and `ENCODER.ids77`) and the
//! results, `FILE.unet.CASE.out`, `FILE.ENCODER.last_hidden` and `FILE.text_encoder_2.pooled`.

use anyhow::{Context as _, Result, ensure};
use candle_core::{DType, Device};
use dedit_diffusion::Checkpoint;
use dedit_diffusion::lora::{LoraFile, Placement};
use dedit_diffusion::text_encoder::TextEncoder;
use dedit_diffusion::unet::Unet;
use dedit_nn::layers::{Layer, Visit};
use serde_json::Value as Json;

use super::{Folder, ONE_OPERATION, Report, ladder};

pub(super) fn run(folder: &Folder, report: &mut Report<'_>) -> Result<()> {
    let checkpoint = Checkpoint::open(folder.checkpoint()?)?;
    let tolerance = folder.tolerance(ONE_OPERATION);
    for (name, case) in folder.cases()? {
        for (way, placement) in [("beside", Placement::Adapter), ("merged", Placement::Merged)] {
            report.by(way, |report| match Networks::with_lora(folder, &checkpoint, case, placement) {
                Ok(networks) => networks.compare(folder, report, name, tolerance),
                Err(error) => report.fail(&format!("{}/{name}", folder.name()), &error),
            });
        }
    }
    Ok(())
}

/// The networks that a LoRA may change.
pub(super) struct Networks {
    pub(super) unet: Unet,
    pub(super) text_encoders: Vec<TextEncoder>,
}

impl Networks {
    /// The networks of `checkpoint` with the LoRA file of a case. For merging, the weights are converted to float32 before, so that the sums are not rounded to
    /// half precision.
    pub(super) fn with_lora(folder: &Folder, checkpoint: &Checkpoint, case: &Json, placement: Placement) -> Result<Self> {
        let mut networks = Self {
            unet: Unet::new(checkpoint.unet(), &Device::Cpu)?,
            text_encoders: checkpoint
                .text_encoders()
                .iter()
                .map(|encoder| Ok(TextEncoder::new(encoder, &Device::Cpu)?))
                .collect::<Result<_>>()?,
        };
        let (file, scale) = case["file"].as_str().zip(case["scale"].as_f64()).context("meta.json has no file and scale for it")?;
        let file = LoraFile::open(folder.path().join(file))?;
        // Other kinds than pairs of matrices are always merged.
        if placement == Placement::Merged || case["merges"] == true {
            widen(&mut networks.unet)?;
            networks.text_encoders.iter_mut().try_for_each(widen)?;
        }
        let applied = file.apply(&mut networks.unet, &mut networks.text_encoders, placement, scale)?;
        ensure!(applied.unmatched.is_empty() && file.unknown().is_empty(), "{:?} and {:?} fit nothing", applied.unmatched, file.unknown());
        Ok(networks)
    }

    fn compare(&self, folder: &Folder, report: &mut Report<'_>, name: &str, tolerance: f64) {
        for case in ladder::cases(folder, &format!("{name}.unet"), "out") {
            report.compare(folder, &format!("{name}.unet.{case}.out"), tolerance, || ladder::predict(folder, &self.unet, &case));
        }
        for (i, encoder) in self.text_encoders.iter().enumerate() {
            let part = ladder::encoder_name(i);
            let output = || -> Result<_> {
                let ids: Vec<Vec<u32>> = folder.tensor(&format!("{part}.ids77"))?.to_dtype(DType::U32)?.to_vec2()?;
                Ok(encoder.forward(&ids, None)?)
            };
            report.compare(folder, &format!("{name}.{part}.last_hidden"), tolerance, || Ok(output()?.last.into_tensor()));
            let pooled = format!("{name}.{part}.pooled");
            if folder.has(&pooled) {
                report.compare(folder, &pooled, tolerance, || Ok(output()?.pooled.into_tensor()));
            }
        }
    }
}

/// Converts the weights of all layers that a LoRA may change to float32.
fn widen(network: &mut impl Visit) -> Result<()> {
    Ok(network.visit("", &mut |_, layer| {
        match layer {
            Layer::Linear(layer) => layer.make_trainable()?.set_trainable(false),
            Layer::Conv2d(layer) => layer.make_trainable()?.set_trainable(false),
            Layer::GroupNorm(_) | Layer::LayerNorm(_) => {}
        }
        Ok(())
    })?)
}
