//! A picture with items, and engines on the checkpoints of the tests.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use dedit_diffusion::Checkpoint;
use dedit_diffusion::pipeline::Pipeline;
use dedit_edit::{Channels, Edit, EditPlan, Image, PlanSettings, Samples, Segmentation, Size, Subject, Transform, Vacated};
use dedit_engine::learning::{LearnSettings, Plateau, StageSettings};
use dedit_engine::sampling::{EditInput, EditSettings, Edited};
use dedit_engine::{Engine, Learned};

fn checkpoint(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../tests/data/parity/tiny-{kind}"))
}

pub(crate) fn engine(kind: &str) -> Engine {
    open(&checkpoint(kind))
}

/// An engine whose denoiser's output is scaled by 1 / 20.
pub(crate) fn smooth_engine() -> Engine {
    altered(|_, tensors| {
        for name in ["conv_out.weight", "conv_out.bias"] {
            let softer = (&tensors[name] * 0.05).unwrap();
            tensors.insert(name.to_owned(), softer);
        }
    })
}

/// An engine whose denoiser is for inpainting: it also sees the mask and the masked picture, with this weight.
pub(crate) fn inpainting_engine(weight: f32) -> Engine {
    altered(move |config, tensors| {
        config["in_channels"] = 9.into();
        let first = &tensors["conv_in.weight"];
        let seen = Tensor::full(weight, (first.dim(0).unwrap(), 5, 3, 3), &Device::Cpu).unwrap();
        let wide = Tensor::cat(&[&first.to_dtype(candle_core::DType::F32).unwrap(), &seen], 1).unwrap();
        tensors.insert("conv_in.weight".to_owned(), wide);
    })
}

/// An engine on a copy of `tiny-sd` with another U-Net.
fn altered(change: impl FnOnce(&mut serde_json::Value, &mut HashMap<String, Tensor>)) -> Engine {
    let (copy, from) = (tempfile::tempdir().unwrap(), checkpoint("sd"));
    for part in ["", "scheduler", "text_encoder", "tokenizer", "unet", "vae"] {
        std::fs::create_dir_all(copy.path().join(part)).unwrap();
        for entry in std::fs::read_dir(from.join(part)).unwrap().flatten().filter(|entry| entry.path().is_file()) {
            std::fs::copy(entry.path(), copy.path().join(part).join(entry.file_name())).unwrap();
        }
    }
    let path = copy.path().join("unet/diffusion_pytorch_model.safetensors");
    let mut all = candle_core::safetensors::load(&path, &Device::Cpu).unwrap();
    let settings = copy.path().join("unet/config.json");
    let mut config = serde_json::from_slice(&std::fs::read(&settings).unwrap()).unwrap();
    change(&mut config, &mut all);
    std::fs::write(settings, config.to_string()).unwrap();
    candle_core::safetensors::save(&all, &path).unwrap();
    open(copy.path())
}

fn open(path: &Path) -> Engine {
    Engine::new(Pipeline::load(&Checkpoint::open(path).unwrap(), &Device::Cpu).unwrap()).unwrap()
}

/// The kinds of pictures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Rgb8,
    Rgba16,
    GreyFloat,
}

pub(crate) const WIDTH: usize = 96;
pub(crate) const HEIGHT: usize = 64;

/// Three items: a ball of radius 12 about (30, 30), a box from (60, 20) to (84, 44), and the ground.
pub(crate) fn items() -> Segmentation {
    let label = |x: usize, y: usize| match (x, y) {
        (x, y) if x.abs_diff(30).pow(2) + y.abs_diff(30).pow(2) <= 144 => 0,
        (60..84, 20..44) => 1,
        _ => 2,
    };
    let labels = (0..WIDTH * HEIGHT).map(|index| label(index % WIDTH, index / WIDTH)).collect();
    let names = ["ball", "box", "ground"].map(str::to_owned).to_vec();
    Segmentation::from_labels(Size::new(WIDTH, HEIGHT).unwrap(), names, labels).unwrap()
}

/// A picture of these items.
pub(crate) fn picture(kind: Kind) -> Image {
    let items = items();
    let (channels, count) = match kind {
        Kind::Rgb8 => (Channels::Rgb, 3),
        Kind::Rgba16 => (Channels::Rgba, 4),
        Kind::GreyFloat => (Channels::Grey, 1),
    };
    let value = |index: usize, channel: usize| {
        let shade = [0.8, 0.3, 0.55][usize::from(items.labels()[index])];
        (shade + 0.1 * ((index % WIDTH) as f32 / 9.0 + channel as f32).sin()).clamp(0.0, 1.0)
    };
    let values: Vec<f32> = (0..WIDTH * HEIGHT).flat_map(|index| (0..count).map(move |channel| value(index, channel))).collect();
    let samples = match kind {
        Kind::Rgb8 => Samples::U8(values.iter().map(|value| (value * 255.0) as u8).collect()),
        Kind::Rgba16 => Samples::U16(values.iter().map(|value| (value * 65535.0) as u16).collect()),
        Kind::GreyFloat => Samples::F32(values),
    };
    Image::new(items.size(), channels, samples).unwrap()
}

pub(crate) fn subject<'a>(picture: &'a Image, items: &'a Segmentation) -> Subject<'a> {
    Subject { picture, items, words: BTreeMap::new() }
}

/// Few updates with large learning rates.
pub(crate) fn quick() -> LearnSettings {
    let stage = |updates, rate| StageSettings { updates, rate, weight_decay: 0.0 };
    LearnSettings {
        tokens_per_item: 2,
        tokens: stage(4, 1e-2),
        attention: stage(4, 1e-2),
        plateau: None::<Plateau>,
        save_every: 1,
        seed: 7,
        ..LearnSettings::default()
    }
}

pub(crate) fn learn(engine: &mut Engine, settings: &LearnSettings) -> Learned {
    let (picture, items) = (picture(Kind::Rgb8), items());
    engine.learn(&subject(&picture, &items), None, settings, None, &mut |_| Ok(ControlFlow::Continue(()))).unwrap()
}

pub(crate) fn draft(engine: &Engine, picture: &Image) -> Learned {
    engine.draft(&subject(picture, &items()), None, &quick()).unwrap()
}

pub(crate) fn plan(edits: &[Edit]) -> EditPlan {
    EditPlan::new(&items(), None, edits, &PlanSettings { ring: dedit_edit::Ring::Distance(6.0), ..PlanSettings::default() }).unwrap()
}

pub(crate) fn remove(item: &str) -> Edit {
    Edit::Remove { items: vec![item.to_owned()], vacated: Vacated::Nearest }
}

pub(crate) fn shift(item: &str, dx: f64, dy: f64) -> Edit {
    Edit::Move { item: item.to_owned(), transform: Transform::shift(dx, dy), vacated: Vacated::Nearest }
}

pub(crate) fn replace(item: &str) -> Edit {
    Edit::Replace { item: item.to_owned(), prompt: "a red bag".to_owned() }
}

/// The default settings with two steps.
pub(crate) fn short(edits: &[Edit]) -> EditSettings {
    EditSettings { steps: 3, guidance: 3.0, seed: 5, ..EditSettings::for_edits(edits) }
}

pub(crate) fn edit(engine: &mut Engine, learned: &Learned, picture: &Image, edits: &[Edit], settings: &EditSettings) -> Edited {
    engine.edit(learned, &EditInput::new(picture, &plan(edits)), settings, &mut |_| Ok(ControlFlow::Continue(()))).unwrap()
}

pub(crate) fn numbers(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

pub(crate) fn largest_difference(a: &Tensor, b: &Tensor) -> f32 {
    assert_eq!(a.dims(), b.dims());
    numbers(a).iter().zip(numbers(b)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}
