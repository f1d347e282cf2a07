//! The training loop of the two stages.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Instant;

use candle_core::{DType, Tensor};
use dedit_diffusion::pipeline::{EncodedPrompts, Pipeline};
use dedit_diffusion::scheduler::NoiseSchedule;
use dedit_diffusion::{Error, ErrorKind, Result};
use dedit_nn::adamw::{AdamW, AdamWOptions};
use dedit_nn::autograd::{Gradients, Parameter, backward};
use dedit_nn::ops;
use dedit_nn::rng::Generator;

use super::scene::{number, share};
use super::state::Header;
use super::{LearnEvent, LearnListener, LearnSettings, LearningState, Scene, Stage, StageSettings, TrainingDraws};
use crate::attention::{AttentionDelta, Mounted, learned};
use crate::text::{ItemTokens, rows_name};

/// The random stream of the LoRA initialisation.
const LORA_STREAM: u64 = 0x1405_7B7E_F767_814F;

/// A learning run.
pub(crate) struct Run<'r> {
    pub(crate) settings: &'r LearnSettings,
    pub(crate) scenes: Vec<Scene>,
    pub(crate) tokens: ItemTokens,
    pub(crate) schedule: NoiseSchedule,
    /// Hash of model, pictures and items.
    pub(crate) inputs: String,
    pub(crate) draws: &'r mut dyn TrainingDraws,
    pub(crate) clock: Clock,
    pub(crate) losses: [Vec<f32>; 2],
}

/// The state of a running stage.
struct StageRun {
    stage: Stage,
    settings: StageSettings,
    parameters: Vec<(String, Parameter)>,
    optimizer: AdamW,
    /// The encoded prompts of each picture, in the second stage, where the tokens are frozen.
    text: Option<Vec<EncodedPrompts>>,
}

impl Run<'_> {
    /// Runs both stages and returns the change of the attention; the tokens are trained in place. The denoiser is restored, also on an error.
    pub(crate) fn go(
        &mut self,
        pipeline: &mut Pipeline,
        from: Option<LearningState>,
        listener: &mut LearnListener<'_>,
    ) -> Result<AttentionDelta> {
        if let Some(state) = &from {
            state.check(&self.inputs, self.settings)?;
            self.restore_tokens(state)?;
            self.losses.clone_from(&state.header.losses);
        }
        let mut resumed = from;
        let begun_with = |stage: Stage, resumed: &mut Option<LearningState>| match resumed.as_ref().map(|state| state.header.stage) {
            // A state of the second stage implies that the first one is done.
            Some(Stage::Attention) if stage == Stage::Tokens => None,
            Some(present) if present == stage => Some(resumed.take()),
            _ => Some(None),
        };
        if let Some(state) = begun_with(Stage::Tokens, &mut resumed) {
            self.tokens.set_trainable(true);
            let names = (0..self.tokens.rows.len()).map(rows_name);
            let parameters = names.zip(self.tokens.rows.iter().cloned()).collect();
            self.stage(pipeline, Stage::Tokens, parameters, state, listener)?;
        }
        self.tokens.set_trainable(false);
        let mut rng = Generator::new(self.settings.seed ^ LORA_STREAM);
        let (mut mounted, parameters) = Mounted::for_training(pipeline.unet_mut(), self.settings.trained, &mut rng)?;
        let outcome = self.stage(pipeline, Stage::Attention, parameters.clone(), resumed, listener);
        mounted.unmount(pipeline.unet_mut())?;
        outcome.and_then(|()| learned(&parameters, self.settings.trained))
    }

    fn restore_tokens(&self, state: &LearningState) -> Result<()> {
        for (encoder, rows) in self.tokens.rows.iter().enumerate() {
            let saved = state.tensor(&rows_name(encoder))?.to_device(rows.tensor().device())?;
            rows.set(saved).map_err(|error| unfit(&error))?;
        }
        Ok(())
    }

    fn stage(
        &mut self,
        pipeline: &Pipeline,
        stage: Stage,
        parameters: Vec<(String, Parameter)>,
        from: Option<LearningState>,
        listener: &mut LearnListener<'_>,
    ) -> Result<()> {
        let settings = match stage {
            Stage::Tokens => self.settings.tokens,
            Stage::Attention => self.settings.attention,
        };
        let StageSettings { rate, weight_decay, .. } = settings;
        let usual = AdamWOptions::default();
        // Scaling gradients and ε by the same factor does not change the steps of AdamW.
        let options = AdamWOptions { rate, weight_decay, epsilon: usual.epsilon * loss_scale(pipeline), ..usual };
        let mut run = StageRun { stage, settings, optimizer: AdamW::new(parameters.clone(), options)?, parameters, text: None };
        self.draws.begin(stage);
        if self.settings.sampled_latents {
            for scene in &mut self.scenes {
                scene.sample_latents(pipeline, self.draws)?;
            }
        }
        let mut done = false;
        if let Some(state) = from {
            done = state.header.stage_done;
            run.restore(&state)?;
            self.draws.seek(state.header.position);
        }
        if stage == Stage::Attention {
            run.text = Some(self.scenes.iter().map(|scene| scene.fixed_text(pipeline, &self.tokens)).collect::<Result<_>>()?);
        }
        if !done {
            self.updates(pipeline, &mut run, listener)?;
        }
        Ok(())
    }

    fn updates(&mut self, pipeline: &Pipeline, run: &mut StageRun, listener: &mut LearnListener<'_>) -> Result<()> {
        let (stage, of) = (run.stage, run.settings.updates);
        let settled = |losses: &[f32]| self.settings.plateau.is_some_and(|plateau| plateau.reached(losses));
        let mut step = self.losses[stage.index()].len();
        while step < of && !settled(&self.losses[stage.index()]) {
            let (gradients, loss) = self.gradients(pipeline, run)?;
            if !loss.is_finite() {
                let message = format!("the loss is no number after {step} updates of the {stage:?} stage");
                return Err(Error::model(message).hint("learn with a lower rate, or use a float32 checkpoint"));
            }
            run.optimizer.step(&gradients)?;
            self.losses[stage.index()].push(loss);
            step += 1;
            let seconds_left = self.clock.seconds_left(self.settings, stage, step);
            let flow = listener(LearnEvent::Step { stage, step, of, loss, seconds_left })?;
            let due = |every: usize| every > 0 && step.is_multiple_of(every);
            let mut stop = flow.is_break();
            if due(self.settings.preview_every) && !stop {
                stop = self.show(pipeline, listener)?.is_break();
            }
            if stop || (due(self.settings.save_every) && step < of) {
                // Before stopping, the listener gets the state.
                let state = self.state(run, false);
                let saved = listener(LearnEvent::State(&state))?;
                if stop || saved.is_break() {
                    return Err(Error::cancelled());
                }
            }
        }
        let state = self.state(run, true);
        let saved = listener(LearnEvent::State(&state))?;
        let flow = listener(LearnEvent::StageDone { stage, steps: step, settled: step < of })?;
        if saved.is_break() || flow.is_break() { Err(Error::cancelled()) } else { Ok(()) }
    }

    /// Gradients and loss of one update: means over its passes, summed over the pictures.
    fn gradients(&mut self, pipeline: &Pipeline, run: &StageRun) -> Result<(Gradients, f32)> {
        let (mut gradients, mut sum) = (Gradients::default(), 0.0);
        let passes = self.settings.accumulation;
        for _ in 0..passes {
            for (index, scene) in self.scenes.iter().enumerate() {
                let own;
                let text = if let Some(fixed) = &run.text {
                    &fixed[index]
                } else {
                    own = scene.encode(pipeline, &self.tokens)?;
                    &own
                };
                let loss = share(&scene.loss(pipeline, &self.schedule, text, self.settings, self.draws)?, passes)?;
                sum += number(&loss)?;
                gradients.merge(backward(&ops::scale(&loss, loss_scale(pipeline))?)?)?;
            }
        }
        Ok((gradients, sum))
    }

    fn show(&self, pipeline: &Pipeline, listener: &mut LearnListener<'_>) -> Result<ControlFlow<()>> {
        let Some(scene) = self.scenes.first() else { return Ok(ControlFlow::Continue(())) };
        let picture = scene.preview(pipeline, &self.schedule, &self.tokens, self.settings)?;
        listener(LearnEvent::Preview(&picture))
    }

    fn state(&self, run: &StageRun, stage_done: bool) -> LearningState {
        let (_, moments) = run.optimizer.state();
        let mut tensors: BTreeMap<String, Tensor> = moments;
        tensors.extend(run.parameters.iter().map(|(name, parameter)| (name.clone(), parameter.tensor())));
        tensors.extend(self.tokens.rows.iter().enumerate().map(|(encoder, rows)| (rows_name(encoder), rows.tensor())));
        let header = Header {
            inputs: self.inputs.clone(),
            settings: self.settings.clone(),
            stage: run.stage,
            stage_done,
            position: self.draws.position(),
            losses: self.losses.clone(),
        };
        LearningState { header, tensors }
    }
}

impl StageRun {
    fn restore(&mut self, state: &LearningState) -> Result<()> {
        for (name, parameter) in &self.parameters {
            let saved = state.tensor(name)?.to_device(parameter.tensor().device())?;
            parameter.set(saved).map_err(|error| unfit(&error))?;
        }
        let steps = state.header.losses[self.stage.index()].len();
        self.optimizer.restore(steps as u32, &state.tensors).map_err(|error| unfit(&error))
    }
}

impl LearningState {
    fn tensor(&self, name: &str) -> Result<&Tensor> {
        self.tensors.get(name).ok_or_else(|| unfit(&format!("{name} is missing")))
    }
}

fn unfit(reason: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::Input, format!("the state of learning does not fit ({reason})")).hint("start again from the beginning")
}

/// The factor of the loss (loss scaling): small gradients would underflow in half precision.
fn loss_scale(pipeline: &Pipeline) -> f64 {
    if pipeline.unet_dtype() == DType::F16 { 1024.0 } else { 1.0 }
}

/// Measures the duration of updates.
pub(crate) struct Clock {
    begun: Instant,
    measured: usize,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { begun: Instant::now(), measured: 0 }
    }

    /// Estimated seconds for the rest, after `step` updates of `stage`. To be called once after each update.
    fn seconds_left(&mut self, settings: &LearnSettings, stage: Stage, step: usize) -> f64 {
        self.measured += 1;
        let rest = match stage {
            Stage::Tokens => settings.tokens.updates.saturating_sub(step) + settings.attention.updates,
            Stage::Attention => settings.attention.updates.saturating_sub(step),
        };
        self.begun.elapsed().as_secs_f64() / self.measured as f64 * rest as f64
    }
}
