//! The schedulers against trajectories of diffusers (`tests/parity/generate_schedulers.py`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result};
use candle_core::{Device, Tensor};
use dedit_diffusion::scheduler::{Scheduler, SchedulerConfig};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Absolute. The values were computed in float32 and reach 30; our factors are float64.
const TOLERANCE: f32 = 2e-4;

#[derive(Deserialize)]
struct Meta {
    cases: BTreeMap<String, Case>,
}

#[derive(Deserialize)]
struct Case {
    class: String,
    config: Map<String, Value>,
}

/// The model of `meta.json`: 0.35 x + 0.5 sin(3 x) − 0.1 cos(t / 100).
fn predict(input: &Tensor, timestep: f32) -> candle_core::Result<Tensor> {
    let wave = (input.affine(3.0, 0.0)?.sin()? * 0.5)?;
    input.affine(0.35, -0.1 * f64::from(timestep / 100.0).cos())?.add(&wave)
}

/// The largest deviation of timesteps and of the trajectory.
fn deviation(scheduler: &mut dyn Scheduler, key: &str, stored: &std::collections::HashMap<String, Tensor>) -> Result<(f32, f32)> {
    let get = |name: &str| stored.get(&format!("{key}.{name}")).with_context(|| format!("{key}.{name} is not stored"));
    let distance = |a: &Tensor, b: &Tensor| -> Result<f32> { Ok((a - b)?.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>()?) };
    let timesteps = distance(&Tensor::new(scheduler.timesteps(), &Device::Cpu)?, get("timesteps")?)?;
    let trajectory = get("trajectory")?;
    let mut sample = (get("unit_noise")? * scheduler.init_noise_sigma())?;
    let mut draws = 0;
    let mut noise = |_: &[usize]| {
        draws += 1;
        Ok(stored[&format!("{key}.noise.{}", draws - 1)].clone())
    };
    let mut worst = 0.0_f32;
    for index in 0..scheduler.steps() {
        let input = scheduler.scale_model_input(&sample, index)?;
        let output = predict(&input, scheduler.timesteps()[index])?;
        sample = scheduler.step(&output, index, &sample, &mut noise)?.prev_sample;
        let apart = distance(&sample.squeeze(0)?, &trajectory.get(index)?)?;
        worst = if apart.is_nan() { f32::INFINITY } else { worst.max(apart) };
    }
    Ok((timesteps, worst))
}

#[test]
fn trajectories_are_those_of_diffusers() -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/schedulers");
    let meta: Meta = serde_json::from_str(&std::fs::read_to_string(folder.join("meta.json"))?)?;
    let stored = candle_core::safetensors::load(folder.join("expected.safetensors"), &Device::Cpu)?;
    let runs: BTreeSet<&str> = stored.keys().filter_map(|key| key.strip_suffix(".timesteps")).collect();
    let mut failures = Vec::new();
    for key in &runs {
        let (name, steps) = key.rsplit_once('.').context("no number of steps")?;
        let case = meta.cases.get(name).with_context(|| format!("no case {name}"))?;
        let mut scheduler = SchedulerConfig::new(&case.class, case.config.clone()).build(steps.parse()?)?;
        let (timesteps, trajectory) = deviation(scheduler.as_mut(), key, &stored)?;
        println!("{key:30} timesteps {timesteps:.1e} trajectory {trajectory:.1e}");
        if timesteps > 1e-3 || trajectory > TOLERANCE {
            failures.push(format!("{key}: timesteps {timesteps:.1e}, trajectory {trajectory:.1e}"));
        }
    }
    assert!(runs.len() >= meta.cases.len(), "only {} runs for {} cases", runs.len(), meta.cases.len());
    assert!(failures.is_empty(), "deviate by more than {TOLERANCE}: {failures:#?}");
    Ok(())
}
