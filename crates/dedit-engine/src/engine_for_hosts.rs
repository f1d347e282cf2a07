//! The implementation of [`dedit_edit::Engine`]: converts options to settings of this model, and events and errors to those of `dedit_edit`.

use std::any::Any;
use std::ops::ControlFlow;
use std::sync::Arc;

use dedit_diffusion::pipeline::GenerateRequest;
use dedit_edit::{
    AttentionTraining, Edit, EditOptions, Edited, EngineEvent, Error, ErrorKind, Image, LearnOptions, Listener, Preset, Rect, Result,
    Segmentation, Size, Subject, Work,
};

use crate::error::{from_edit, to_edit};
use crate::learning::{LearnEvent, LearnSettings, LearningState, Stage};
use crate::sampling::{EditEvent, EditInput, EditSettings, Output, Start, canvas_around};
use crate::{Engine, Learned, TrainedAttention};

impl LearnSettings {
    /// The settings of these options for this model; `pictures` is 1, or 2 with a reference picture.
    pub fn from_options(options: &LearnOptions, engine: &Engine, pictures: usize) -> Self {
        let usual = match options.preset {
            Preset::Default => Self::default(),
            Preset::Reference => Self::reference(engine.pipeline().family(), pictures),
        };
        let mut settings = Self {
            tokens_per_item: options.tokens.unwrap_or(usual.tokens_per_item),
            batch: options.batch.unwrap_or(usual.batch),
            accumulation: options.accumulation.unwrap_or(usual.accumulation),
            plateau: if options.no_early_stop { None } else { usual.plateau },
            trained: match options.attention {
                Some(AttentionTraining::Lora(rank)) => TrainedAttention::Lora { rank, alpha: rank as f64 },
                Some(AttentionTraining::CrossAttention) => TrainedAttention::CrossAttention,
                None => usual.trained,
            },
            checkpoint_levels: options.checkpoint_levels,
            preview_every: options.preview_every,
            seed: options.seed,
            ..usual
        };
        if let Some([tokens, attention]) = options.updates {
            (settings.tokens.updates, settings.attention.updates) = (tokens, attention);
        }
        if let Some([tokens, attention]) = options.rates {
            (settings.tokens.rate, settings.attention.rate) = (tokens, attention);
        }
        settings
    }
}

impl EditSettings {
    /// The settings of these options for these edits on this model.
    pub fn from_options(options: &EditOptions, engine: &Engine, edits: &[Edit]) -> Self {
        let usual = match options.preset {
            Preset::Default => Self::for_edits(edits),
            Preset::Reference => Self::reference(engine.pipeline().family(), edits),
        };
        Self {
            steps: options.steps.unwrap_or(usual.steps),
            scheduler: options.scheduler.clone().or(usual.scheduler),
            guidance: options.guidance.unwrap_or(usual.guidance),
            strength: options.strength.unwrap_or(usual.strength),
            anchor: options.anchor.map_or(usual.anchor, |anchor| (anchor != 0.0).then_some(anchor)),
            start: options.inverted.map_or(usual.start, |inverted| if inverted { Start::Inverted } else { Start::Noise }),
            context_crop: usual.context_crop && !options.whole_picture,
            steady: options.steady,
            seed: options.seed,
            ..usual
        }
    }
}

/// A stage of learning, as callers see it.
fn stage_of_job(stage: Stage) -> dedit_edit::Stage {
    match stage {
        Stage::Tokens => dedit_edit::Stage::LearningTokens,
        Stage::Attention => dedit_edit::Stage::LearningAttention,
    }
}

impl dedit_edit::Engine for Engine {
    fn description(&self) -> &str {
        self.pipeline().description()
    }

    fn fingerprint(&self) -> &str {
        Self::fingerprint(self)
    }

    fn draft(&self, pictures: &[Subject<'_>], options: &LearnOptions) -> Result<Arc<dyn dedit_edit::Learned>> {
        let (target, reference) = target_and_reference(pictures)?;
        let settings = LearnSettings::from_options(options, self, pictures.len());
        Ok(Arc::new(Self::draft(self, target, reference, &settings).map_err(to_edit)?))
    }

    fn check_state(&self, pictures: &[Subject<'_>], options: &LearnOptions, state: &[u8]) -> Result<()> {
        let (target, reference) = target_and_reference(pictures)?;
        let settings = LearnSettings::from_options(options, self, pictures.len());
        let state = LearningState::from_bytes(state).map_err(to_edit)?;
        Self::check_state(self, target, reference, &settings, &state).map_err(to_edit)
    }

    fn learn(
        &mut self,
        pictures: &[Subject<'_>],
        options: &LearnOptions,
        state: Option<&[u8]>,
        listener: &mut Listener<'_>,
    ) -> Result<Arc<dyn dedit_edit::Learned>> {
        let (target, reference) = target_and_reference(pictures)?;
        let settings = LearnSettings::from_options(options, self, pictures.len());
        let state = state.map(LearningState::from_bytes).transpose().map_err(to_edit)?;
        let mut forward = |event: LearnEvent<'_>| forward_learn_event(&event, listener);
        Ok(Arc::new(Self::learn(self, target, reference, &settings, state, &mut forward).map_err(to_edit)?))
    }

    fn read_learned(&self, bytes: &[u8]) -> Result<Arc<dyn dedit_edit::Learned>> {
        Ok(Arc::new(Learned::from_bytes(bytes).map_err(to_edit)?))
    }

    fn same_inputs(&self, one: &dyn dedit_edit::Learned, other: &dyn dedit_edit::Learned) -> bool {
        matches!((downcast(one), downcast(other)), (Ok(one), Ok(other)) if one.same_inputs(other))
    }

    fn canvas(&self, region: Rect, picture: Size, edits: &[Edit], options: &EditOptions) -> Rect {
        let settings = EditSettings::from_options(options, self, edits);
        let canvas = match settings.output {
            Output::Composited { .. } if settings.context_crop => canvas_around(region, picture, &settings, self.pipeline()).ok(),
            _ => None,
        };
        canvas.map_or(picture.rect(), |canvas| canvas.rect)
    }

    fn wants_plate(&self, edits: &[Edit], options: &EditOptions) -> bool {
        // Of films nothing is measured: a plate of each frame could flicker where the noise of `steady` does not.
        let is_better = |edit: &Edit| matches!(edit, Edit::Remove { .. } | Edit::Move { .. } | Edit::Replace { .. });
        !options.steady && EditSettings::from_options(options, self, edits).plate.is_some() && edits.iter().all(is_better)
    }

    fn edit(&mut self, learned: &dyn dedit_edit::Learned, work: &Work<'_>, listener: &mut Listener<'_>) -> Result<Edited> {
        // A plate may have been made for layers alone.
        let plate = work.plate.filter(|_| dedit_edit::Engine::wants_plate(self, work.edits, work.options));
        let mut settings = EditSettings::from_options(work.options, self, work.edits);
        let mut forward = |event: EditEvent<'_>| forward_edit_event(&event, listener);
        let input = EditInput { picture: work.picture, plan: work.plan, plate };
        let edited = Self::edit(self, downcast(learned)?, &input, &settings, &mut forward).map_err(to_edit)?;
        settings.plate = settings.plate.filter(|_| edited.used_plate);
        let settings = serde_json::to_string(&settings)
            .map_err(|error| Error::new(ErrorKind::Internal, format!("the settings of an edit make no JSON ({error})")))?;
        let crate::sampling::Edited { picture, region, changed_pixels_outside, steps, .. } = edited;
        Ok(Edited { picture, region, changed_pixels_outside, steps, settings })
    }

    fn least_memory(&self, size: Size) -> u64 {
        let unit = self.pipeline().pixels_per_latent();
        let usual = self.pipeline().request("");
        // The networks work at most at about their own size, however large the picture is.
        let side = |pixels: usize, downcast: usize| pixels.next_multiple_of(unit).min(downcast);
        let request = GenerateRequest { width: side(size.width(), usual.width), height: side(size.height(), usual.height), ..usual };
        self.pipeline().least_memory(&request) + FLOATS * size.pixels() as u64
    }
}

/// Bytes per pixel of the picture during an edit: original, generated and composited colours as f32.
const FLOATS: u64 = 3 * 3 * 4;

/// The picture and the reference picture.
fn target_and_reference<'p, 's>(pictures: &'p [Subject<'s>]) -> Result<(&'p Subject<'s>, Option<&'p Subject<'s>>)> {
    match pictures {
        [target] => Ok((target, None)),
        [target, reference] => Ok((target, Some(reference))),
        _ => Err(Error::usage(format!("{} pictures were given", pictures.len())).hint("give one picture, or one and a reference picture")),
    }
}

/// Fails for a `Learned` of another implementation.
fn downcast(learned: &dyn dedit_edit::Learned) -> Result<&Learned> {
    let other = || Error::new(ErrorKind::Internal, "this was learned by another engine").hint("learn the picture again");
    learned.as_any().downcast_ref().ok_or_else(other)
}

fn forward_learn_event(event: &LearnEvent<'_>, listener: &mut Listener<'_>) -> dedit_diffusion::Result<ControlFlow<()>> {
    let flow = match event {
        LearnEvent::Step { stage, step, of, loss, seconds_left } => listener(EngineEvent::Step {
            stage: stage_of_job(*stage),
            step: *step,
            of: *of,
            loss: Some(*loss),
            seconds_left: Some(*seconds_left),
        }),
        LearnEvent::Preview(preview) => listener(EngineEvent::Preview(preview)),
        LearnEvent::State(state) => listener(EngineEvent::State(&state.to_bytes()?)),
        LearnEvent::StageDone { stage, steps, settled: true } => {
            listener(EngineEvent::Note(format!("{}: the loss has settled after {steps} updates", stage_of_job(*stage).label())))
        }
        LearnEvent::StageDone { .. } => Ok(ControlFlow::Continue(())),
    };
    flow.map_err(from_edit)
}

fn forward_edit_event(event: &EditEvent<'_>, listener: &mut Listener<'_>) -> dedit_diffusion::Result<ControlFlow<()>> {
    let flow = match event {
        EditEvent::Cut(end) => {
            let note = format!("a prompt is too long for the text encoder; this end of it was left out: {end}");
            listener(EngineEvent::Note(note))
        }
        EditEvent::Inverted { done, of } => {
            listener(EngineEvent::Step { stage: dedit_edit::Stage::Inverting, step: *done, of: *of, loss: None, seconds_left: None })
        }
        EditEvent::Step { done, of, seconds_left, preview } => {
            let step = EngineEvent::Step {
                stage: dedit_edit::Stage::Denoising,
                step: *done,
                of: *of,
                loss: None,
                seconds_left: Some(*seconds_left),
            };
            match listener(step) {
                Ok(ControlFlow::Continue(())) => listener(EngineEvent::Preview(preview)),
                broken => broken,
            }
        }
    };
    flow.map_err(from_edit)
}

impl dedit_edit::Learned for Learned {
    fn to_bytes(&self) -> Result<Vec<u8>> {
        Self::to_bytes(self).map_err(to_edit)
    }

    fn losses(&self) -> [Vec<f32>; 2] {
        Self::losses(self).clone()
    }

    fn items(&self) -> [Vec<String>; 2] {
        let names = |of_reference: bool| {
            let items = Self::items(self).iter().filter(move |item| item.of_reference == of_reference);
            items.map(|item| item.name.clone())
        };
        [names(false).collect(), names(true).collect()]
    }

    fn check_picture(&self, picture: &Image, items: &Segmentation, of_reference: bool) -> Result<()> {
        Self::check_picture(self, picture, items, of_reference).map_err(to_edit)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
