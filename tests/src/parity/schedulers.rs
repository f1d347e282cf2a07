//! The samples of all steps of the schedulers, with a model given by a formula.
//!
//! `meta.json` has `cases`: the diffusers class and configuration of each. `expected.safetensors` has for each case and number of steps
//! `CASE.STEPS.timesteps`, `.unit_noise` (times `init_noise_sigma` it is the first sample), `.noise.i` (the scheduler's draws in order) and `.trajectory`, the
//! samples after each step.

use anyhow::{Context as _, Result};
use candle_core::{Device, Tensor};
use dedit_diffusion::scheduler::{Scheduler, SchedulerConfig};

use super::{Folder, ONE_OPERATION, Report};

/// Tolerance for timesteps, whose rounding error in float32 is up to 6e-5.
const TIMESTEPS: f64 = 1e-3;

pub(super) fn run(folder: &Folder, report: &mut Report<'_>) -> Result<()> {
    for name in folder.names() {
        let Some(key) = name.strip_suffix(".timesteps") else { continue };
        let mut scheduler = build(folder, key).with_context(|| key.to_owned())?;
        report.compare(folder, name, TIMESTEPS, || Ok(Tensor::new(scheduler.timesteps(), &Device::Cpu)?));
        let draws = draws(folder, key)?;
        let start = folder.tensor(&format!("{key}.unit_noise"))?;
        let tolerance = folder.tolerance(ONE_OPERATION);
        report.compare(folder, &format!("{key}.trajectory"), tolerance, || trajectory(scheduler.as_mut(), &start, &draws));
    }
    Ok(())
}

fn build(folder: &Folder, key: &str) -> Result<Box<dyn Scheduler>> {
    let (case, steps) = key.rsplit_once('.').context("not of the form CASE.STEPS")?;
    let case = &folder.meta()["cases"][case];
    let (class, config) = case["class"].as_str().zip(case["config"].as_object()).context("meta.json has no class and config for it")?;
    Ok(SchedulerConfig::new(class, config.clone()).build(steps.parse()?)?)
}

/// All stored draws. Old versions of diffusers also drew noise in Euler's method, without using it.
fn draws(folder: &Folder, key: &str) -> Result<Vec<Tensor>> {
    let names = folder.names();
    let name = |i: usize| format!("{key}.noise.{i}");
    (0..).map(name).take_while(|name| names.contains(&name.as_str())).map(|name| folder.tensor(&name)).collect()
}

fn trajectory(scheduler: &mut dyn Scheduler, start: &Tensor, draws: &[Tensor]) -> Result<Tensor> {
    let mut draws = draws.iter();
    let mut noise = |_: &[usize]| {
        let drawn = draws.next().cloned();
        drawn.ok_or_else(|| dedit_diffusion::Error::usage("the scheduler draws more noise than is stored"))
    };
    let mut sample = (start * scheduler.init_noise_sigma())?;
    let mut samples = Vec::new();
    for index in 0..scheduler.steps() {
        let input = scheduler.scale_model_input(&sample, index)?;
        let output = predict(&input, scheduler.timesteps()[index])?;
        sample = scheduler.step(&output, index, &sample, &mut noise)?.prev_sample;
        samples.push(sample.clone());
    }
    Ok(Tensor::cat(&samples, 0)?)
}

/// The model of `meta.json`: 0.35 x + 0.5 sin(3 x) − 0.1 cos(t / 100).
fn predict(input: &Tensor, timestep: f32) -> Result<Tensor> {
    let wave = (input.affine(3.0, 0.0)?.sin()? * 0.5)?;
    Ok((input.affine(0.35, -0.1 * f64::from(timestep / 100.0).cos())? + wave)?)
}
