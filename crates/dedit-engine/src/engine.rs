//! The engine: learning and editing with one model.

use std::collections::BTreeSet;

use candle_core::{DType, Device, Tensor};
use dedit_diffusion::Result;
use dedit_diffusion::pipeline::Pipeline;
use dedit_edit::Subject;
use dedit_nn::layers::{Layer, Visit};
use dedit_nn::rng::Generator;
use sha2::{Digest as _, Sha256};

use crate::attention::{AttentionDelta, Mounted};
use crate::learned::{Header, Learned};
use crate::learning::{Clock, LearnListener, LearnSettings, LearningState, Run, Scene, SeededDraws, TrainingDraws};
use crate::picture::{digest, hex, learned_items};
use crate::text::{Item, ItemTokens};

/// A model with which pictures are learned and edited, one call at a time.
pub struct Engine {
    pipeline: Pipeline,
    fingerprint: String,
}

impl Engine {
    /// An engine with a loaded model. Apply LoRA files and a clip skip to the pipeline before: they are part of the [fingerprint](Self::fingerprint).
    pub fn new(mut pipeline: Pipeline) -> Result<Self> {
        let fingerprint = fingerprint(&mut pipeline)?;
        Ok(Self { pipeline, fingerprint })
    }

    /// The model.
    pub fn pipeline(&self) -> &Pipeline {
        &self.pipeline
    }

    /// A hash of the model, its LoRA files and its clip skip. [`Learned`] of an engine with another fingerprint cannot be used.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// A `Learned` with the initial tokens, before any fine-tuning, for quick previews of edits.
    ///
    /// # Errors
    /// `Usage` and `Input` for invalid settings, words and masks.
    pub fn draft(&self, target: &Subject<'_>, reference: Option<&Subject<'_>>, settings: &LearnSettings) -> Result<Learned> {
        settings.check()?;
        let tokens = self.first_tokens(target, reference, settings)?;
        Ok(self.finished(target, reference, settings, &tokens, AttentionDelta::new(), [Vec::new(), Vec::new()]))
    }

    /// Fine-tunes on a picture, and optionally a reference picture: first the items' tokens, then the attention. With `state` it resumes from there.
    ///
    /// # Errors
    /// `Usage` and `Input` for invalid settings, words and masks, or a state with other inputs; `Cancelled` where `listener` returned `Break` (it got the state
    /// at that point before); `Model` where the loss is NaN or infinite; errors of `listener`.
    pub fn learn(
        &mut self,
        target: &Subject<'_>,
        reference: Option<&Subject<'_>>,
        settings: &LearnSettings,
        state: Option<LearningState>,
        listener: &mut LearnListener<'_>,
    ) -> Result<Learned> {
        settings.check()?;
        let tokens = self.first_tokens(target, reference, settings)?;
        self.run(target, reference, settings, tokens, &mut SeededDraws::new(settings), state, listener)
    }

    /// Fails unless learning these pictures with these settings can resume from `state`.
    pub fn check_state(
        &self,
        target: &Subject<'_>,
        reference: Option<&Subject<'_>>,
        settings: &LearnSettings,
        state: &LearningState,
    ) -> Result<()> {
        state.check(&self.inputs(target, reference, settings)?, settings)
    }

    /// [`learn`](Self::learn) with given draws, from given token rows (`[items · tokens, width]` per encoder), to compare with the published implementation.
    pub fn learn_with(
        &mut self,
        target: &Subject<'_>,
        settings: &LearnSettings,
        rows: Vec<Tensor>,
        draws: &mut dyn TrainingDraws,
        listener: &mut LearnListener<'_>,
    ) -> Result<Learned> {
        let tokens = ItemTokens::with_rows(&self.pipeline, learned_items(target, false)?, settings.token_kind(), rows)?;
        self.run(target, None, settings, tokens, draws, None, listener)
    }

    #[expect(clippy::too_many_arguments, reason = "what a run is made of")]
    fn run(
        &mut self,
        target: &Subject<'_>,
        reference: Option<&Subject<'_>>,
        settings: &LearnSettings,
        tokens: ItemTokens,
        draws: &mut dyn TrainingDraws,
        state: Option<LearningState>,
        listener: &mut LearnListener<'_>,
    ) -> Result<Learned> {
        settings.check()?;
        let scene = |subject: &Subject<'_>, of_reference: bool| {
            let items: Vec<Item> = tokens.items.iter().filter(|item| item.of_reference == of_reference).cloned().collect();
            Scene::new(&self.pipeline, subject, &items, settings)
        };
        let mut scenes = vec![scene(target, false)?];
        scenes.extend(reference.map(|subject| scene(subject, true)).transpose()?);
        let mut run = Run {
            settings,
            scenes,
            tokens,
            schedule: self.pipeline.scheduler().noise_schedule()?,
            inputs: self.inputs(target, reference, settings)?,
            draws,
            clock: Clock::start(),
            losses: [Vec::new(), Vec::new()],
        };
        let delta = run.go(&mut self.pipeline, state, listener)?;
        let (tokens, losses) = (run.tokens, run.losses);
        Ok(self.finished(target, reference, settings, &tokens, delta, losses))
    }

    fn first_tokens(&self, target: &Subject<'_>, reference: Option<&Subject<'_>>, settings: &LearnSettings) -> Result<ItemTokens> {
        let mut items = learned_items(target, false)?;
        if let Some(reference) = reference {
            items.extend(learned_items(reference, true)?);
        }
        ItemTokens::new(&self.pipeline, items, settings.token_kind(), &mut Generator::new(settings.seed ^ TOKENS_STREAM))
    }

    /// A hash of everything that learning depends on besides the settings: model, pictures, items and their words.
    fn inputs(&self, target: &Subject<'_>, reference: Option<&Subject<'_>>, settings: &LearnSettings) -> Result<String> {
        let mut hash = Sha256::new();
        hash.update(format!("{} {}", self.fingerprint, settings.tokens_per_item));
        for (subject, of_reference) in [(Some(target), false), (reference, true)] {
            let Some(subject) = subject else { continue };
            hash.update(digest(subject.picture, subject.items));
            hash.update(format!("{:?}", learned_items(subject, of_reference)?));
        }
        Ok(hex(&hash.finalize()))
    }

    fn finished(
        &self,
        target: &Subject<'_>,
        reference: Option<&Subject<'_>>,
        settings: &LearnSettings,
        tokens: &ItemTokens,
        delta: AttentionDelta,
        losses: [Vec<f32>; 2],
    ) -> Learned {
        let header = Header {
            model: self.fingerprint.clone(),
            model_description: self.pipeline.description().to_owned(),
            pictures: [Some(target), reference].into_iter().flatten().map(|subject| digest(subject.picture, subject.items)).collect(),
            items: tokens.items.clone(),
            settings: settings.clone(),
            losses,
        };
        Learned { header, rows: tokens.rows.iter().map(dedit_nn::autograd::Parameter::tensor).collect(), delta }
    }

    /// Runs `body` with the learned attention applied to the model, and restores the model.
    pub(crate) fn with_learned<T>(&mut self, learned: &Learned, body: impl FnOnce(&Pipeline) -> Result<T>) -> Result<T> {
        learned.check_model(&self.fingerprint, &self.pipeline)?;
        let mut mounted = Mounted::mount(self.pipeline.unet_mut(), &learned.delta)?;
        let outcome = body(&self.pipeline);
        mounted.unmount(self.pipeline.unet_mut())?;
        outcome
    }
}

/// The random stream of tokens that are initialised with noise.
const TOKENS_STREAM: u64 = 0x2545_F491_4F6C_DD1D;

/// A hash of the model's sizes, a sample of its weights, all of its LoRA adapters, and a clip skip that is not the usual one. Takes well under a second for any model.
fn fingerprint(pipeline: &mut Pipeline) -> Result<String> {
    let mut hash = Sha256::new();
    hash.update(format!("{} {:?}", pipeline.family(), pipeline.unet().config()));
    if let Some(layer) = pipeline.unusual_clip_skip() {
        hash.update(format!("clip skip {layer}"));
    }
    for encoder in pipeline.text_encoders() {
        let table = encoder.token_embedding();
        hash.update(format!("{:?}", table.dims()));
        update(&mut hash, &table.narrow(0, 0, table.dim(0)?.min(64))?)?;
    }
    let merged: BTreeSet<String> = pipeline.merged().clone();
    pipeline.visit("", &mut |path, layer| {
        let adapters = match layer {
            Layer::Linear(linear) => {
                if path.ends_with(".attn2.to_k") || merged.contains(path) {
                    update(&mut hash, &linear.weight()?.narrow(0, 0, linear.outputs().min(64))?)?;
                }
                linear.adapters_mut()
            }
            Layer::Conv2d(conv) => {
                if merged.contains(path) {
                    update(&mut hash, &conv.weight()?.narrow(0, 0, conv.outputs().min(64))?)?;
                }
                conv.adapters_mut()
            }
            Layer::GroupNorm(_) | Layer::LayerNorm(_) => return Ok(()),
        };
        for adapter in adapters {
            hash.update(format!("{path} {}", adapter.scale));
            update(&mut hash, &adapter.down.tensor())?;
            update(&mut hash, &adapter.up.tensor())?;
        }
        Ok(())
    })?;
    Ok(hex(&hash.finalize()[..16]))
}

fn update(hash: &mut Sha256, tensor: &Tensor) -> dedit_nn::Result<()> {
    let values: Vec<f32> = tensor.to_device(&Device::Cpu)?.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?;
    for value in values {
        hash.update(value.to_bits().to_le_bytes());
    }
    Ok(())
}
