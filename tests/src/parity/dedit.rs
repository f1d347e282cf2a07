//! The published method end to end: both stages of fine-tuning and the edits, with recorded draws.
//!
//! `meta.json` has the `labels`, `num_tokens` and `strings` of the items, and `cases`: `stage1` and `stage2` with their `losses` and learning rates; all others
//! are edits with `strings`, `steps`, `guidance` and `strength`. `expected.safetensors` has the `image`, its `labels_map`, `tokens_init.i` for each text
//! encoder, the draws (`CASE.randn.i`, `CASE.randn_like.i`, `CASE.randint.i`) and the results.

use std::ops::ControlFlow;

use anyhow::{Context as _, Result, bail, ensure};
use candle_core::{DType, Device, Tensor};
use dedit_diffusion::Checkpoint;
use dedit_diffusion::pipeline::{Pipeline, RecordedNoise};
use dedit_edit::{Channels, EditPlan, Image, ItemMask, ItemPrompt, ItemRef, PromptPiece, Samples, Segmentation, Size, Subject};
use dedit_engine::learning::{LearnEvent, LearnSettings, RecordedDraws, Stage, StageSettings};
use dedit_engine::sampling::{EditInput, EditSettings};
use dedit_engine::{Engine, Learned, TrainedAttention};
use serde_json::Value as Json;

use super::{Folder, Report};

/// Tolerances after many steps.
const TOKENS: f64 = 2e-5;
const WEIGHTS: f64 = 1e-4;
const LATENT: f64 = 5e-4;
const LOSS_RELATIVE: f64 = 1e-5;
const LEVELS: f64 = 1.0;

pub(super) fn run(folder: &Folder, report: &mut Report<'_>) -> Result<()> {
    let mut engine = Engine::new(Pipeline::load(&Checkpoint::open(folder.checkpoint()?)?, &Device::Cpu)?)?;
    let scene = Scene::read(folder)?;
    let learned = learn(folder, report, &mut engine, &scene)?;
    for (name, case) in folder.cases()?.into_iter().filter(|(name, _)| !name.starts_with("stage")) {
        let outcome = edit(folder, report, &mut engine, &scene, &learned, name, case);
        if let Err(error) = outcome {
            report.fail(&format!("{}/{name}", folder.name()), &error);
        }
    }
    Ok(())
}

/// The picture and its items.
struct Scene {
    picture: Image,
    names: Vec<String>,
    items: Segmentation,
    per_item: usize,
    strings: Vec<String>,
}

impl Scene {
    fn read(folder: &Folder) -> Result<Self> {
        let image = folder.tensor("image")?;
        let (height, width, _) = image.dims3()?;
        let size = Size::new(width, height)?;
        let picture = Image::new(size, Channels::Rgb, Samples::U8(image.flatten_all()?.to_vec1()?))?;
        let names: Vec<String> = serde_json::from_value(folder.meta()["labels"].clone()).context("meta.json has no labels")?;
        let strings: Vec<String> = serde_json::from_value(folder.meta()["strings"].clone()).context("meta.json has no strings")?;
        let per_item = folder.meta()["num_tokens"].as_u64().context("meta.json has no num_tokens")? as usize;
        ensure!(strings.len() == names.len(), "{} strings for {} items", strings.len(), names.len());
        Ok(Self { picture, items: items(folder, "labels_map", &names, size)?, names, per_item, strings })
    }

    /// A prompt of the folder, in which an item's string stands for its tokens.
    fn prompt(&self, text: &str) -> ItemPrompt {
        let mut pieces = vec![PromptPiece::Words(text.to_owned())];
        for (name, string) in self.names.iter().zip(&self.strings) {
            pieces = pieces.into_iter().flat_map(|piece| split(piece, string, name)).collect();
        }
        ItemPrompt::Pieces(pieces)
    }
}

/// Splits words at an item's string.
fn split(piece: PromptPiece, string: &str, item: &str) -> Vec<PromptPiece> {
    let PromptPiece::Words(words) = &piece else { return vec![piece] };
    let mut pieces = Vec::new();
    for (number, words) in words.split(string).enumerate() {
        if number > 0 {
            pieces.push(PromptPiece::Tokens(ItemRef::target(item)));
        }
        if !words.trim().is_empty() {
            pieces.push(PromptPiece::Words(words.trim().to_owned()));
        }
    }
    pieces
}

/// The items of a label map that have at least one pixel.
fn items(folder: &Folder, key: &str, names: &[String], size: Size) -> Result<Segmentation> {
    let labels: Vec<u8> = folder.tensor(key)?.flatten_all()?.to_dtype(DType::U8)?.to_vec1()?;
    let present: Vec<usize> = (0..names.len()).filter(|item| labels.iter().any(|label| usize::from(*label) == *item)).collect();
    let renumbered = labels.iter().map(|label| {
        let place = present.iter().position(|item| *item == usize::from(*label));
        place.map(|place| place as u16).with_context(|| format!("{key} has the label {label}, and there are {} names", names.len()))
    });
    let renumbered = renumbered.collect::<Result<_>>()?;
    Ok(Segmentation::from_labels(size, present.iter().map(|item| names[*item].clone()).collect(), renumbered)?)
}

/// The tensors `PREFIX.0`, `PREFIX.1`, … that exist.
fn numbered(folder: &Folder, prefix: &str) -> Result<Vec<Tensor>> {
    (0..).map(|i| format!("{prefix}.{i}")).take_while(|name| folder.has(name)).map(|name| folder.tensor(&name)).collect()
}

fn number(case: &Json, key: &str) -> Result<f64> {
    case[key].as_f64().with_context(|| format!("meta.json has no {key} for a case"))
}

fn learn(folder: &Folder, report: &mut Report<'_>, engine: &mut Engine, scene: &Scene) -> Result<Learned> {
    let encoders = engine.pipeline().text_encoders().len();
    let mut settings = LearnSettings {
        tokens_per_item: scene.per_item,
        accumulation: 1,
        save_every: 0,
        trained: TrainedAttention::CrossAttention,
        ..LearnSettings::reference(engine.pipeline().family(), 1)
    };
    let mut draws = RecordedDraws::default();
    let cases: Vec<(Stage, &str)> = vec![(Stage::Tokens, "stage1"), (Stage::Attention, "stage2")];
    for (stage, name) in &cases {
        let case = &folder.meta()["cases"][*name];
        let of_stage = StageSettings {
            updates: number(case, "steps")? as usize,
            rate: number(case, "lr")?,
            weight_decay: number(case, "weight_decay")?,
        };
        match stage {
            Stage::Tokens => settings.tokens = of_stage,
            Stage::Attention => settings.attention = of_stage,
        }
        let noises = [numbered(folder, &format!("{name}.randn"))?, numbered(folder, &format!("{name}.randn_like"))?].concat();
        settings.batch = noises.last().context("no recorded noise")?.dim(0)?;
        let mut timesteps = Vec::new();
        for drawn in numbered(folder, &format!("{name}.randint"))? {
            timesteps.extend(drawn.to_dtype(DType::U32)?.to_vec1::<u32>()?.into_iter().map(|timestep| timestep as usize));
        }
        draws = draws.with(*stage, noises, timesteps);
    }
    let rows = (0..encoders).map(|i| folder.tensor(&format!("tokens_init.{i}"))).collect::<Result<_>>()?;
    let subject = Subject { picture: &scene.picture, items: &scene.items, words: std::collections::BTreeMap::new() };
    let mut tokens = Vec::new();
    let learned = engine.learn_with(&subject, &settings, rows, &mut draws, &mut |event| {
        if let LearnEvent::State(state) = &event
            && tokens.is_empty()
        {
            tokens = state.token_rows();
        }
        Ok(ControlFlow::Continue(()))
    })?;
    ensure!(draws.remaining() == 0, "{} draws were not used", draws.remaining());
    compare_learned(folder, report, &learned, &cases, tokens)?;
    Ok(learned)
}

fn compare_learned(
    folder: &Folder,
    report: &mut Report<'_>,
    learned: &Learned,
    cases: &[(Stage, &str)],
    tokens: Vec<Tensor>,
) -> Result<()> {
    for ((_, name), losses) in cases.iter().zip(learned.losses()) {
        let expected: Vec<f64> =
            serde_json::from_value(folder.meta()["cases"][*name]["losses"].clone()).context("meta.json has no losses")?;
        ensure!(expected.len() == losses.len(), "{} losses instead of {}", losses.len(), expected.len());
        for (i, (expected, loss)) in expected.iter().zip(losses).enumerate() {
            let tolerance = folder.tolerance_of("loss_relative", LOSS_RELATIVE);
            report.compare_number(folder, &format!("{name}.losses.{i}"), tolerance, *expected, f64::from(*loss));
        }
    }
    for (i, rows) in tokens.into_iter().enumerate() {
        report.compare(folder, &format!("tokens_stage1.{i}"), folder.tolerance_of("tokens", TOKENS), || Ok(rows));
    }
    let tensors = learned.attention_tensors();
    let stored: Vec<String> = folder.names().into_iter().filter(|name| name.starts_with("unet_stage2.")).map(str::to_owned).collect();
    for name in stored {
        let own = name.strip_prefix("unet_stage2.").map(|name| format!("unet.{name}")).unwrap_or_default();
        report.compare(folder, &name, folder.tolerance_of("weights", WEIGHTS), || {
            tensors.get(&own).cloned().with_context(|| format!("{own} is not trained"))
        });
    }
    Ok(())
}

fn edit(
    folder: &Folder,
    report: &mut Report<'_>,
    engine: &mut Engine,
    scene: &Scene,
    learned: &Learned,
    name: &str,
    case: &Json,
) -> Result<()> {
    let size = scene.items.size();
    let strings: Vec<String> = serde_json::from_value(case["strings"].clone()).context("meta.json has no strings for an edit")?;
    ensure!(strings.len() == scene.names.len(), "{} strings for {} items", strings.len(), scene.names.len());
    let after = items(folder, &format!("{name}.labels_map"), &scene.names, size)?;
    let of = |item: &String| scene.names.iter().position(|name| name == item).map(|item| scene.prompt(&strings[item]));
    let prompts = after.names().iter().filter_map(of).collect();
    let change = change(folder, name, size)?;
    let with_regions = change.values().contains(&0.0);
    let plan = EditPlan::from_parts(scene.items.clone(), after, prompts, change)?;
    let settings = EditSettings {
        steps: number(case, "steps")? as usize,
        guidance: number(case, "guidance")?,
        strength: number(case, "strength")?,
        ..EditSettings::reference(engine.pipeline().family(), &[])
    };
    let (drawn, like) = (numbered(folder, &format!("{name}.randn"))?, numbered(folder, &format!("{name}.randn_like"))?);
    // The second draw of the first pair of each kind is for the soft mask and has no effect.
    let used: Vec<Tensor> = match (with_regions, drawn.as_slice(), like.as_slice()) {
        (false, all, []) => all.to_vec(),
        (true, [start, _, posterior, rest @ ..], [_, frozen]) => [start, posterior, frozen].into_iter().chain(rest).cloned().collect(),
        _ => bail!("{} and {} draws are not those of an edit", drawn.len(), like.len()),
    };
    let mut noise = RecordedNoise::new(used);
    let edited =
        engine.edit_with(learned, &EditInput::new(&scene.picture, &plan), &settings, &mut noise, &mut |_| Ok(ControlFlow::Continue(())))?;
    ensure!(noise.remaining() == 0, "{} draws were not used", noise.remaining());
    report.compare(folder, &format!("{name}.latent"), folder.tolerance_of("latent", LATENT), || Ok(edited.latents));
    let image = format!("{name}.image");
    if !folder.has(&image) {
        return Ok(());
    }
    report.compare(folder, &image, folder.tolerance_of("levels", LEVELS), || {
        let Samples::U8(samples) = edited.picture.into_samples() else { bail!("the picture has no 8-bit samples") };
        Ok(Tensor::from_vec(samples, (1, size.height(), size.width(), 3), &Device::Cpu)?)
    });
    Ok(())
}

/// The change mask: 0 where `hard` is set, a value between 0 and 1 where `soft` is set, 1 elsewhere.
fn change(folder: &Folder, name: &str, size: Size) -> Result<ItemMask> {
    let (hard, soft) = (format!("{name}.hard"), format!("{name}.soft"));
    if !folder.has(&hard) {
        return Ok(ItemMask::full(size));
    }
    let read = |key: &str| -> Result<Vec<u8>> { Ok(folder.tensor(key)?.flatten_all()?.to_vec1()?) };
    let values = read(&hard)?.into_iter().zip(read(&soft)?).map(|(hard, soft)| match (hard, soft) {
        (0, 0) => 1.0,
        (0, _) => 0.5,
        _ => 0.0,
    });
    Ok(ItemMask::new(size, values.collect())?)
}
