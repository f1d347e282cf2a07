use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use super::*;
use crate::ErrorKind;
use crate::prompt::{Prompt, Syntax};
use crate::scheduler::SchedulerKind;

fn tiny(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/parity").join(format!("tiny-{kind}"))
}

fn load(path: &Path) -> Pipeline {
    Pipeline::load(&Checkpoint::open(path).unwrap(), &Device::Cpu).unwrap()
}

/// A request with few steps.
fn request(pipeline: &Pipeline) -> GenerateRequest {
    GenerateRequest { width: 32, height: 24, steps: 3, guidance: 4.0, seed: 5, ..pipeline.request("a red bag") }
}

fn go(_: Progress<'_>) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn latents(pipeline: &Pipeline, request: &GenerateRequest) -> Vec<f32> {
    pipeline.generate(request, &mut go).unwrap().latents.flatten_all().unwrap().to_vec1().unwrap()
}

fn with_init(mut request: GenerateRequest, strength: f64) -> GenerateRequest {
    let picture = Tensor::full(0.25f32, (1, 3, request.height, request.width), &Device::Cpu).unwrap();
    request.init = Some(InitPicture { picture, strength });
    request
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn requests_that_make_no_sense_are_refused_in_words() {
    type Change = fn(&mut GenerateRequest);
    let pipeline = load(&tiny("sd"));
    let cases: [(Change, &str); 12] = [
        (|r| r.width = 500, "500 × 24 are not both multiples of 8 from 8 to 16384; the nearest sizes are 496 × 24 and 504 × 24"),
        (|r| (r.width, r.height) = (0, 8), "the nearest size is 8 × 8"),
        (|r| r.height = usize::MAX, "the nearest size is 32 × 16384"),
        (|r| r.steps = 0, "0 steps"),
        (|r| r.steps = 1001, "1001 steps"),
        (|r| r.batch = 0, "a batch of 0 pictures"),
        (|r| r.guidance = f64::NAN, "the guidance NaN makes no sense"),
        (|r| r.guidance = -1.0, "the guidance -1 makes no sense"),
        (|r| *r = with_init(r.clone(), 0.0), "the strength 0 is outside 0 to 1"),
        (|r| *r = with_init(r.clone(), 1.5), "the strength 1.5 is outside 0 to 1"),
        (|r| *r = with_init(r.clone(), 0.3), "leaves none of 3 steps; give at least 0.333"),
        (|r| (*r = with_init(r.clone(), 0.5), r.width = 40).1, "has the shape [1, 3, 24, 32], expected [1, 3, 24, 40]"),
    ];
    for (change, fragment) in cases {
        let mut request = request(&pipeline);
        change(&mut request);
        let error = pipeline.generate(&request, &mut |_| panic!("work was done for: {fragment}")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage, "{error}");
        assert!(error.to_string().contains(fragment), "{error}");
    }
}

#[test]
fn a_picture_of_a_batch_can_be_made_again_alone() {
    for kind in ["sd", "sd2", "sdxl"] {
        let pipeline = load(&tiny(kind));
        // This scheduler draws noise at every step.
        let scheduler = Some(pipeline.scheduler().with_kind(SchedulerKind::EulerAncestral));
        for start in [request(&pipeline), with_init(request(&pipeline), 0.7)] {
            let batch = GenerateRequest { batch: 3, scheduler: scheduler.clone(), ..start };
            let all = latents(&pipeline, &batch);
            assert_eq!(all, latents(&pipeline, &batch), "the same seed gives the same numbers");
            let one = all.len() / 3;
            for i in 0..3 {
                let alone = latents(&pipeline, &GenerateRequest { batch: 1, seed: batch.seed + i as u64, ..batch.clone() });
                // Only rounding may differ: in a batch the sums are split differently.
                assert!(largest_difference(&alone, &all[i * one..(i + 1) * one]) < 1e-4, "{kind}, picture {i}");
            }
            assert!(largest_difference(&all[..one], &all[one..2 * one]) > 0.1, "pictures of a batch differ");
        }
    }
}

#[test]
fn a_picture_to_start_from_is_noised_to_the_level_of_its_first_step() {
    let pipeline = load(&tiny("sd"));
    let request = GenerateRequest { steps: 10, ..with_init(request(&pipeline), 0.45) };
    let shape = [1, 4, 3, 4];
    let draw = |value: f32| Tensor::full(value, &shape, &Device::Cpu).unwrap();
    // One draw for the posterior and one for the starting noise; this scheduler draws none.
    let mut noise = RecordedNoise::new([draw(0.5), draw(-1.0)]);
    let mut steps = 0;
    let generated = pipeline.generate_from(&request, &mut noise, &mut |progress| {
        steps += usize::from(matches!(progress, Progress::Step { steps: 4, .. }));
        ControlFlow::Continue(())
    });
    assert_eq!((generated.unwrap().steps, steps, noise.remaining()), (4, 4, 0));

    let error = pipeline.generate_from(&request, &mut RecordedNoise::new([draw(0.5)]), &mut go).unwrap_err();
    assert!(error.to_string().contains("after the last recorded draw"), "{error}");
}

#[test]
fn work_stops_where_progress_breaks() {
    let pipeline = load(&tiny("sd"));
    let request = GenerateRequest { batch: 2, ..with_init(request(&pipeline), 1.0) };
    // The calls: text, encoded, three steps, two decoded.
    for last in 1..=7 {
        let mut calls = 0;
        let outcome = pipeline.generate(&request, &mut |_| {
            calls += 1;
            if calls == last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Cancelled);
        assert_eq!(calls, last);
    }
}

#[test]
fn what_does_not_fit_of_a_prompt_is_told() {
    for kind in ["sd", "sdxl"] {
        let pipeline = load(&tiny(kind));
        for (words, is_cut) in [(90, false), (1200, true)] {
            let mut left_out = None;
            let long = format!("{}and the very end", "bag ".repeat(words));
            let request = GenerateRequest { prompt: long, negative_prompt: "blurry".to_owned(), ..request(&pipeline) };
            let _ = pipeline.generate(&request, &mut |progress| {
                if let Progress::Text { cut, negative_cut } = progress {
                    left_out = Some((cut.map(str::to_owned), negative_cut.map(str::to_owned)));
                }
                ControlFlow::Break(())
            });
            let (cut, negative_cut) = left_out.unwrap();
            assert_eq!(cut.is_some_and(|end| end.ends_with("and the very end")), is_cut, "{words} words");
            assert_eq!(negative_cut, None);
        }
    }
}

fn context(pipeline: &Pipeline, prompt: &str, syntax: Syntax) -> Vec<f32> {
    let encoded = pipeline.encode_prompts(&[Prompt::words(prompt, syntax)], &[]).unwrap();
    encoded.contexts[0].tensor().flatten_all().unwrap().to_vec1().unwrap()
}

#[test]
fn any_prompt_is_encoded_and_one_without_marks_as_it_always_was() {
    let pipeline = load(&tiny("sd"));
    let mut runner = TestRunner::new(Config { cases: 48, failure_persistence: None, ..Config::default() });
    let bits = |values: Vec<f32>| values.into_iter().map(f32::to_bits).collect::<Vec<_>>();
    let any = r"(\PC|[()\[\]:\\ ]|BREAK|bag|:-?[0-9.]{1,40}\)){0,40}";
    let outcome = runner.run(&(any, r"[^()\[\]]{0,24}"), |(any, plain)| {
        let encoded = context(&pipeline, &any, Syntax::Weighted);
        prop_assert!(encoded.iter().all(|value| value.is_finite()));
        prop_assert!(encoded.len().is_multiple_of(77 * 4));
        prop_assume!(Syntax::is_plain(&plain));
        let [weighted, literal] = [Syntax::Weighted, Syntax::Literal].map(|syntax| bits(context(&pipeline, &plain, syntax)));
        if weighted.len() == literal.len() {
            prop_assert_eq!(weighted, literal);
        } else {
            // More than 75 tokens: the published way cuts them.
            prop_assert!(pipeline.encode_prompts(&[Prompt::words(plain, Syntax::Literal)], &[]).unwrap().cut.len() == 1);
        }
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn prompts_of_different_lengths_lead_and_avoid() {
    for kind in ["sd", "sdxl"] {
        let pipeline = load(&tiny(kind));
        let short = GenerateRequest { negative_prompt: "blurry".to_owned(), guidance: 4.0, ..request(&pipeline) };
        let long = GenerateRequest { negative_prompt: "blurry ".repeat(100), ..short.clone() };
        assert_ne!(latents(&pipeline, &short), latents(&pipeline, &long), "{kind}");
    }
}

#[test]
fn numbers_that_are_none_are_an_error() {
    let pipeline = load(&tiny("sd"));
    let mut noise = RecordedNoise::new([Tensor::full(f32::NAN, &[1, 4, 3, 4], &Device::Cpu).unwrap()]);
    let error = pipeline.generate_from(&request(&pipeline), &mut noise, &mut go).unwrap_err();
    assert!(error.to_string().starts_with("the latents of step 1 of 3 hold values that are not numbers"), "{error}");
}

#[test]
fn the_negative_prompt_counts_only_with_guidance() {
    let pipeline = load(&tiny("sd"));
    for (guidance, counts) in [(0.0, false), (1.0, false), (4.0, true)] {
        let plain = GenerateRequest { guidance, ..request(&pipeline) };
        let other = GenerateRequest { negative_prompt: "blurry".to_owned(), ..plain.clone() };
        assert_eq!(latents(&pipeline, &plain) != latents(&pipeline, &other), counts, "guidance {guidance}");
    }
}

/// A copy of `tiny-sd` with another U-Net configuration and more tensors in it.
fn altered(config: &serde_json::Value, tensors: HashMap<String, Tensor>) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for part in ["", "scheduler", "text_encoder", "tokenizer", "unet", "vae"] {
        std::fs::create_dir_all(copy.path().join(part)).unwrap();
        for entry in std::fs::read_dir(tiny("sd").join(part)).unwrap().flatten().filter(|entry| entry.path().is_file()) {
            std::fs::copy(entry.path(), copy.path().join(part).join(entry.file_name())).unwrap();
        }
    }
    let path = copy.path().join("unet/config.json");
    let mut all: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    all.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    std::fs::write(path, all.to_string()).unwrap();
    let path = copy.path().join("unet/diffusion_pytorch_model.safetensors");
    let mut all = candle_core::safetensors::load(&path, &Device::Cpu).unwrap();
    all.extend(tensors);
    candle_core::safetensors::save(&all, &path).unwrap();
    copy
}

#[test]
fn a_distilled_checkpoint_takes_guidance_as_an_input() {
    let channels = load(&tiny("sd")).unet.config().block_out_channels[0];
    let projection = Tensor::full(0.5f32, (channels, 8), &Device::Cpu).unwrap();
    let tensors = [("time_embedding.cond_proj.weight".to_owned(), projection)].into();
    let pipeline = load(altered(&json!({"time_cond_proj_dim": 8}), tensors).path());
    let plain = GenerateRequest { scheduler: Some(pipeline.scheduler().with_kind(SchedulerKind::Lcm)), ..request(&pipeline) };
    let result = latents(&pipeline, &plain);
    assert_eq!(result, latents(&pipeline, &GenerateRequest { negative_prompt: "blurry".to_owned(), ..plain.clone() }));
    assert!(largest_difference(&result, &latents(&pipeline, &GenerateRequest { guidance: 8.0, ..plain })) > 1e-4);
}

/// A copy of `tiny-sd` whose U-Net takes this many channels.
fn taking(channels: usize) -> tempfile::TempDir {
    let first = load(&tiny("sd")).unet.config().block_out_channels[0];
    let wide = Tensor::full(0.1f32, (first, channels, 3, 3), &Device::Cpu).unwrap();
    altered(&json!({"in_channels": channels}), [("conv_in.weight".to_owned(), wide)].into())
}

#[test]
fn checkpoints_with_other_inputs_are_refused_by_kind() {
    let cases = [
        (8, "this is an InstructPix2Pix model, which is given the picture to change: the U-Net takes 8 channels and gives 4"),
        (5, "this is a model that is given the depth of a picture"),
        (7, "this is an upscaler"),
        (6, "the U-Net takes 6 channels and gives 4, expected the 4 of the autoencoder's latents"),
    ];
    for (channels, expected) in cases {
        let error = Checkpoint::open(taking(channels).path()).unwrap_err().to_string();
        assert!(error.contains(expected) && error.matches("; ").count() == 1, "{error}\nlacks\n{expected}");
    }
}

#[test]
fn a_denoiser_for_inpainting_sees_the_picture_but_not_what_is_masked() {
    let copy = taking(9);
    let pipeline = load(copy.path());
    assert!(pipeline.description().starts_with("Stable Diffusion 1.x for inpainting, "), "{}", pipeline.description());
    let plain = request(&pipeline);
    let shade = |value: f32| Tensor::full(value, (1, 3, plain.height, plain.width), &Device::Cpu).unwrap();
    // The left half is filled.
    let left = |x: usize| f32::from(x < plain.width / 2);
    let mask: Vec<f32> = (0..plain.width * plain.height).map(|index| left(index % plain.width)).collect();
    let mask = Tensor::from_vec(mask, (1, 1, plain.height, plain.width), &Device::Cpu).unwrap();
    let filled = |picture: Tensor| GenerateRequest { fill: Some(Fill { picture, mask: mask.clone() }), ..plain.clone() };
    let (dark, light) = (latents(&pipeline, &filled(shade(0.1))), latents(&pipeline, &filled(shade(0.9))));
    assert!(largest_difference(&dark, &light) > 1e-3 && largest_difference(&dark, &latents(&pipeline, &plain)) > 1e-3);
    // Only the right half differs between these.
    let hidden = (shade(0.1).broadcast_mul(&mask).unwrap() + shade(0.9).broadcast_mul(&(1.0 - &mask).unwrap()).unwrap()).unwrap();
    assert_eq!(light, latents(&pipeline, &filled(hidden)), "what is masked is not seen");

    let refused = |pipeline: &Pipeline, request: &GenerateRequest| pipeline.generate(request, &mut go).unwrap_err().to_string();
    assert!(refused(&load(&tiny("sd")), &filled(shade(0.1))).contains("this model cannot fill a part of a picture"));
    let small = Tensor::zeros((1, 1, 8, 8), candle_core::DType::F32, &Device::Cpu).unwrap();
    let wrong = GenerateRequest { fill: Some(Fill { picture: shade(0.1), mask: small }), ..plain.clone() };
    assert!(
        refused(&pipeline, &wrong).contains("have the shapes [1, 3, 24, 32] and [1, 1, 8, 8], expected [1, 3, 24, 32] and [1, 1, 24, 32]")
    );
}

#[test]
fn a_scheduler_that_is_not_here_is_replaced_and_named() {
    let cases = [("sd", Some("PNDMScheduler"), SchedulerKind::DpmPlusPlus2M), ("sdxl", None, SchedulerKind::Euler)];
    for (kind, replaced, used) in cases {
        let pipeline = load(&tiny(kind));
        assert_eq!((pipeline.replaced_scheduler(), pipeline.scheduler().kind()), (replaced, Some(used)));
    }
}
