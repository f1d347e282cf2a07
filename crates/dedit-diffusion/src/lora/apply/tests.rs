use std::path::Path;

use candle_core::{DType, Tensor};
use dedit_nn::autograd::Value;
use safetensors::Dtype;

use super::*;
use crate::Checkpoint;
use crate::unet::{Context, UnetInput};
use crate::weights::tests::{TestTensor, safetensors, test_tensor};

/// A 3 × 3 convolution, a 1 × 1 one, one that is built as a linear layer, and a linear layer; with the sizes of their weights.
const MODULES: [(&str, [usize; 4]); 4] = [
    ("down_blocks.0.resnets.0.conv1", [4, 4, 3, 3]),
    ("down_blocks.1.resnets.0.conv_shortcut", [8, 4, 1, 1]),
    ("mid_block.attentions.0.proj_in", [8, 8, 1, 1]),
    ("mid_block.attentions.0.transformer_blocks.0.attn1.to_v", [8, 8, 0, 0]),
];
const RANK: usize = 2;
const ALPHA: f32 = 3.0;
const SCALE: f64 = 0.7;

fn networks() -> (Unet, [TextEncoder; 1]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/parity/tiny-sd");
    let checkpoint = Checkpoint::open(path).unwrap();
    let encoder = TextEncoder::new(&checkpoint.text_encoders()[0], &Device::Cpu).unwrap();
    (Unet::new(checkpoint.unet(), &Device::Cpu).unwrap(), [encoder])
}

fn open(tensors: &[TestTensor]) -> LoraFile {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lora.safetensors");
    std::fs::write(&path, safetensors(tensors)).unwrap();
    LoraFile::open(&path).unwrap()
}

/// Values of both signs, each different from its neighbours.
fn waves(name: impl Into<String>, shape: &[usize]) -> TestTensor {
    let bytes = (0..shape.iter().product::<usize>()).flat_map(|i| (0.3 * (1.7 * i as f32 + 0.4).sin()).to_le_bytes()).collect();
    test_tensor(name, Dtype::F32, shape, bytes)
}

/// The two matrices of a module, for a weight of the given size; those of a linear layer where height and width are 0.
fn pair(module: &str, [outputs, inputs, height, width]: [usize; 4]) -> [TestTensor; 2] {
    let with_window = |sizes: [usize; 4]| if height == 0 { sizes[..2].to_vec() } else { sizes.to_vec() };
    [
        waves(format!("{module}.lora_down.weight"), &with_window([RANK, inputs, height, width])),
        waves(format!("{module}.lora_up.weight"), &with_window([outputs, RANK, 1, 1])),
    ]
}

fn kohya() -> LoraFile {
    let mut tensors = Vec::new();
    for (module, size) in MODULES {
        let module = format!("lora_unet_{}", module.replace('.', "_"));
        tensors.extend(pair(&module, size));
        tensors.push(test_tensor(format!("{module}.alpha"), Dtype::F32, &[], ALPHA.to_le_bytes().to_vec()));
    }
    open(&tensors)
}

/// The change by its definition, `Σ_r up[o, r] · down[r, i, y, x] · scale · alpha / rank`, `[out, in, height, width]`.
fn change(size: [usize; 4]) -> Tensor {
    let [outputs, inputs, height, width] = size.map(|side| side.max(1));
    let value = |i: usize| 0.3 * (1.7 * i as f32 + 0.4).sin();
    let window = inputs * height * width;
    let sum = |o: usize, at: usize| (0..RANK).map(|r| value(o * RANK + r) * value(r * window + at)).sum::<f32>();
    let values = (0..outputs).flat_map(|o| (0..window).map(move |at| (o, at))).map(|(o, at)| sum(o, at)).collect::<Vec<_>>();
    (Tensor::from_vec(values, (outputs, inputs, height, width), &Device::Cpu).unwrap() * (SCALE * f64::from(ALPHA) / RANK as f64)).unwrap()
}

fn output(unet: &Unet) -> Tensor {
    let wave = |shape: &[usize], step: f32| {
        let values = (0..shape.iter().product::<usize>()).map(|i| (step * i as f32).sin()).collect::<Vec<_>>();
        Value::constant(Tensor::from_vec(values, shape, &Device::Cpu).unwrap())
    };
    let input = UnetInput {
        latents: &wave(&[1, 4, 8, 8], 1.3),
        timesteps: &[400.0],
        context: &Context::Shared(wave(&[1, 5, 4], 0.9)),
        separation: None,
        text_time: None,
        inpainting: None,
        guidance: None,
        checkpoint_levels: 0,
    };
    unet.forward(&input).unwrap().into_tensor()
}

fn distance(a: &Tensor, b: &Tensor) -> f32 {
    (a - b).unwrap().abs().unwrap().flatten_all().unwrap().max(0).unwrap().to_scalar().unwrap()
}

/// Converts the weights of the changed modules to f32, and adds the change to each where `dense` is true.
fn widen(unet: &mut Unet, dense: bool) {
    let widened = unet.visit("", &mut |path, layer| {
        let Some((_, size)) = MODULES.iter().find(|(module, _)| *module == path) else { return Ok(()) };
        let (parameter, order): (_, &[usize]) = match layer {
            Layer::Linear(layer) => (layer.make_trainable()?, &[0, 1, 2, 3]),
            Layer::Conv2d(layer) => (layer.make_trainable()?, &[0, 2, 3, 1]),
            Layer::GroupNorm(_) | Layer::LayerNorm(_) => return Ok(()),
        };
        parameter.set_trainable(false);
        if dense {
            let change = change(*size).permute(order)?.contiguous()?.reshape(parameter.tensor().shape())?;
            parameter.set((parameter.tensor() + change)?)?;
        }
        Ok(())
    });
    widened.unwrap();
}

#[test]
fn beside_and_merged_are_what_adding_the_product_to_the_weights_is() {
    let [mut plain, mut dense, mut beside, mut merged] = std::array::from_fn(|_| networks().0);
    let lora = kohya();
    let apply = |unet: &mut Unet, placement| {
        let applied = lora.apply(unet, &mut [], placement, SCALE).unwrap();
        assert_eq!(applied, Applied { modules: MODULES.len(), ..Applied::default() });
    };
    widen(&mut plain, false);
    widen(&mut dense, true);
    apply(&mut beside, Placement::Adapter);
    widen(&mut merged, false);
    apply(&mut merged, Placement::Merged);
    let expected = output(&dense);
    assert!(distance(&output(&plain), &expected) > 0.05, "the LoRA changes the output");
    assert!(distance(&output(&beside), &expected) < 1e-5);
    assert!(distance(&output(&merged), &expected) < 1e-5);
}

#[test]
fn a_merged_weight_is_rounded_to_the_precision_it_is_stored_in() {
    let (module, size) = MODULES[3];
    let weight = |unet: &mut Unet| {
        let mut found = None;
        let visited = unet.visit("", &mut |path, layer| {
            if let (true, Layer::Linear(layer)) = (path == module, layer) {
                found = Some(layer.weight()?);
            }
            Ok(())
        });
        visited.unwrap();
        found.unwrap()
    };
    let (mut unet, mut encoders) = networks();
    let exact = (weight(&mut unet) + change(size).reshape((size[0], size[1])).unwrap()).unwrap();
    kohya().apply(&mut unet, &mut encoders, Placement::Merged, SCALE).unwrap();
    let merged = weight(&mut unet);
    let rounded = exact.to_dtype(DType::F16).unwrap().to_dtype(DType::F32).unwrap();
    assert!(distance(&rounded, &exact) > 1e-5, "the checkpoint is half precision");
    assert!(distance(&merged, &rounded) < 1e-9);
}

#[test]
fn what_fits_nothing_is_told_and_the_rest_applied() {
    let (mut unet, mut encoders) = networks();
    let text = "text_encoder.text_model.encoder.layers.1.self_attn.q_proj";
    let tensors: Vec<TestTensor> = [
        pair("unet.conv_in", [4, 4, 3, 3]),
        pair("unet.conv_in.not_there", [4, 4, 0, 0]),
        pair(text, [4, 4, 0, 0]),
        pair("lora_te2_text_model_encoder_layers_0_mlp_fc1", [4, 4, 0, 0]),
    ]
    .into_iter()
    .flatten()
    .collect();
    let applied = open(&tensors).apply(&mut unet, &mut encoders, Placement::Adapter, 1.0).unwrap();
    let unmatched = ["unet.conv_in.not_there.lora_down.weight", "lora_te2_text_model_encoder_layers_0_mlp_fc1.lora_down.weight"];
    assert_eq!(applied, Applied { modules: 2, unmatched: unmatched.map(str::to_owned).to_vec(), ..Applied::default() });
}

/// Number of adapters in the networks.
fn adapters(unet: &mut Unet, encoders: &mut [TextEncoder; 1]) -> usize {
    let mut count = 0;
    let mut networks: [&mut dyn Visit; 2] = [unet, &mut encoders[0]];
    for network in &mut networks {
        let visited = network.visit("", &mut |_, layer| {
            count += match layer {
                Layer::Linear(layer) => layer.adapters_mut().len(),
                Layer::Conv2d(layer) => layer.adapters_mut().len(),
                Layer::GroupNorm(_) | Layer::LayerNorm(_) => 0,
            };
            Ok(())
        });
        visited.unwrap();
    }
    count
}

#[test]
fn a_lora_for_another_model_is_refused_whole() {
    let fits = || pair("lora_unet_conv_in", [4, 4, 3, 3]);
    let key = "down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k";
    let cases: [(Vec<TestTensor>, &[&str]); 6] = [
        (pair("lora_unet_nowhere", [4, 4, 0, 0]).into(), &["no module of this LoRA is found in the model", "another kind of model"]),
        (
            pair("lora_te2_text_model_x", [4, 4, 0, 0]).into(),
            &["no module of this LoRA is found", "it seems to be for Stable Diffusion XL"],
        ),
        (
            fits().into_iter().chain(pair(&format!("lora_unet_{key}"), [4, 768, 0, 0])).collect(),
            &["attn2.to_k\" of the U-Net have the shapes [2, 768] and [4, 2], expected [2, 4]", "seems to be for Stable Diffusion 1.x"],
        ),
        (
            fits().into_iter().chain(pair(&format!("lora_unet_{key}"), [4, 12, 0, 0])).collect(),
            &["it seems to be for a model whose text is 12 wide"],
        ),
        (
            pair("lora_unet_conv_in", [4, 4, 1, 1]).into(),
            &["\"conv_in\" of the U-Net have the shapes [2, 4] and [4, 2], expected [2, 4, 3, 3]"],
        ),
        (
            fits().into_iter().chain(pair("lora_te_text_model_encoder_layers_0_mlp_fc1", [9, 4, 0, 0])).collect(),
            &["\"text_model.encoder.layers.0.mlp.fc1\" of the text encoder have the shapes [2, 4] and [9, 2], expected [2, 4] and [8, 2]"],
        ),
    ];
    let (mut unet, mut encoders) = networks();
    for (tensors, fragments) in cases {
        let message = open(&tensors).apply(&mut unet, &mut encoders, Placement::Adapter, 1.0).unwrap_err().to_string();
        assert!(fragments.iter().all(|fragment| message.contains(fragment)), "{message}\nlacks one of\n{fragments:?}");
        assert_eq!(adapters(&mut unet, &mut encoders), 0, "{message}");
    }
    let message = open(&fits()).apply(&mut unet, &mut encoders, Placement::Adapter, f64::NAN).unwrap_err().to_string();
    assert!(message.contains("the scale NaN of a LoRA makes no sense"), "{message}");
}

/// The ends of the names of tensors, and their shapes.
type Shapes = Vec<(&'static str, Vec<usize>)>;

/// Tensors of every kind for `down_blocks.0.resnets.0.conv1`, `[4, 4, 3, 3]`.
fn kinds() -> Vec<(&'static str, Shapes)> {
    let low_rank = || vec![("lora_down.weight", vec![2, 4, 3, 3]), ("lora_up.weight", vec![4, 2, 1, 1])];
    let hada = || vec![("hada_w1_a", vec![4, 2]), ("hada_w1_b", vec![2, 36]), ("hada_w2_a", vec![4, 2]), ("hada_w2_b", vec![2, 36])];
    vec![
        ("DoRA", [low_rank(), vec![("dora_scale", vec![4, 1, 1, 1])]].concat()),
        ("DoRA", [low_rank(), vec![("dora_scale", vec![1, 4, 1, 1])]].concat()),
        ("DoRA", [low_rank(), vec![("lora_magnitude_vector", vec![1, 4, 1, 1])]].concat()),
        ("LoHa", hada()),
        ("LoHa", [hada(), vec![("dora_scale", vec![4, 1])]].concat()),
        ("LoKr", vec![("lokr_w1", vec![2, 2]), ("lokr_w2", vec![2, 2, 3, 3])]),
        ("LoKr", vec![("lokr_w1_a", vec![2, 1]), ("lokr_w1_b", vec![1, 2]), ("lokr_w2_a", vec![2, 1]), ("lokr_w2_b", vec![1, 18])]),
    ]
}

const CONVOLUTION: &str = "lora_unet_down_blocks_0_resnets_0_conv1";

#[test]
fn every_kind_changes_the_weight_and_a_scale_of_zero_does_not() {
    for (kind, tensors) in kinds() {
        let file = open(&tensors.iter().map(|(end, shape)| waves(format!("{CONVOLUTION}.{end}"), shape)).collect::<Vec<_>>());
        assert!(file.describe().starts_with(&format!("{kind} for U-Net: 1 modules")), "{}", file.describe());
        for (scale, changes) in [(0.0, false), (1.0, true)] {
            let (mut plain, mut changed) = (networks().0, networks().0);
            widen(&mut plain, false);
            widen(&mut changed, false);
            let applied = file.apply(&mut changed, &mut [], Placement::Adapter, scale).unwrap();
            assert_eq!((applied.modules, applied.merged.len(), applied.unmatched.len()), (1, 1, 0));
            let distance = distance(&output(&plain), &output(&changed));
            // PEFT's magnitudes count whatever the scale is.
            let is_peft = tensors.iter().any(|(end, _)| *end == "lora_magnitude_vector");
            assert!(is_peft || (distance > 1e-4) == changes, "{kind} {tensors:?} {scale}: {distance}");
        }
    }
}

#[test]
fn shapes_that_do_not_fit_are_refused_before_anything_is_applied() {
    let (mut unet, mut encoders) = networks();
    for (_, tensors) in kinds() {
        for wrong in 0..tensors.len() {
            for shape in [vec![], vec![0, 3], vec![3], vec![5, 7], vec![1, 1, 1], vec![3, 5, 3, 3]] {
                let with = tensors.iter().enumerate().map(|(i, (end, good))| (end, if i == wrong { &shape } else { good }));
                let with = with.map(|(end, shape)| waves(format!("{CONVOLUTION}.{end}"), shape)).collect::<Vec<_>>();
                let fits = pair("lora_unet_conv_in", [4, 4, 3, 3]).into_iter().chain(with).collect::<Vec<_>>();
                let message = open(&fits).apply(&mut unet, &mut encoders, Placement::Adapter, 1.0).unwrap_err().to_string();
                assert!(message.contains("shape") || message.contains("elements, expected 4 × 36"), "{shape:?} {message}");
                assert_eq!(adapters(&mut unet, &mut encoders), 0, "{message}");
            }
        }
    }
}

mod fuzz {
    use proptest::prelude::*;

    use super::*;

    const ENDINGS: [&str; 17] = [
        "lora_down.weight",
        "lora_up.weight",
        "lora_A.weight",
        "alpha",
        "dora_scale",
        "lora_magnitude_vector",
        "lora_magnitude_vector.default.weight",
        "hada_w1_a",
        "hada_w1_b",
        "hada_w2_a",
        "hada_w2_b",
        "lokr_w1",
        "lokr_w1_a",
        "lokr_w1_b",
        "lokr_w2",
        "lokr_w2_a",
        "lokr_w2_b",
    ];

    fn shape() -> impl Strategy<Value = Vec<usize>> {
        let side = prop_oneof![4 => prop::sample::select(vec![1, 2, 3, 4, 18, 36]), 1 => 0_usize..40];
        prop::collection::vec(side, 0..5)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_tensors_are_an_error_or_applied(tensors in prop::collection::btree_map(prop::sample::select(ENDINGS.to_vec()), shape(), 0..7)) {
            thread_local! {
                static UNET: std::cell::RefCell<Unet> = std::cell::RefCell::new(networks().0);
            }
            let made: Vec<TestTensor> = tensors.iter().map(|(end, shape)| waves(format!("{CONVOLUTION}.{end}"), shape)).collect();
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("lora.safetensors");
            std::fs::write(&path, safetensors(&made)).unwrap();
            let applied = LoraFile::open(&path)
                .and_then(|file| UNET.with_borrow_mut(|unet| file.apply(unet, &mut [], Placement::Adapter, 1.0)));
            if let Err(error) = applied {
                prop_assert!(error.kind() != crate::ErrorKind::Internal, "{error}: {tensors:?}");
            }
        }
    }
}
