//! The engine.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dedit_edit::{
    Channels, EditPlan, Edited, Engine, EngineEvent, Error, ErrorKind, Image, ItemMask, ItemPrompt, ItemRef, LearnOptions, Learned,
    Listener, Neighbour, Picture, PromptPiece, Rect, Result, Samples, Size, Stage, Subject, Work,
};

use super::learned::{FakeLearned, sample_mix};
use super::{Knobs, Mix};

/// The engine of a model.
pub(crate) struct FakeEngine {
    name: String,
    description: String,
    knobs: Knobs,
}

fn own(learned: &dyn Learned) -> Result<&FakeLearned> {
    learned.as_any().downcast_ref().ok_or_else(|| Error::new(ErrorKind::Internal, "this is another engine's"))
}

impl FakeEngine {
    pub(crate) fn new(name: &str, knobs: Knobs) -> Self {
        Self { name: name.to_owned(), description: format!("stand-in {name}"), knobs }
    }

    fn begun(&self, subjects: &[Subject<'_>], options: &LearnOptions) -> Result<FakeLearned> {
        subjects.iter().try_for_each(Subject::check)?;
        let of = options.updates.map_or(self.knobs.updates, |[tokens, attention]| tokens + attention);
        let model = Mix::new().text(&self.name).number(options.seed).number(options.tokens.unwrap_or(5) as u64);
        Ok(FakeLearned::new(subjects, model, of))
    }

    /// Takes as long as a step takes.
    fn step(&self, step: usize, seed: u64) {
        let panics = self.knobs.panic_seed == Some(seed) && step == 2;
        assert!(!panics, "the seed was {seed}");
        if self.knobs.step > Duration::ZERO {
            std::thread::sleep(self.knobs.step);
        }
    }
}

impl Engine for FakeEngine {
    fn description(&self) -> &str {
        &self.description
    }

    fn fingerprint(&self) -> &str {
        &self.name
    }

    fn draft(&self, pictures: &[Subject<'_>], options: &LearnOptions) -> Result<Arc<dyn Learned>> {
        Ok(Arc::new(self.begun(pictures, options)?))
    }

    fn check_state(&self, pictures: &[Subject<'_>], options: &LearnOptions, state: &[u8]) -> Result<()> {
        if FakeLearned::read(state, "state")?.inputs == self.begun(pictures, options)?.inputs {
            return Ok(());
        }
        Err(Error::usage("something else was begun here"))
    }

    fn learn(
        &mut self,
        pictures: &[Subject<'_>],
        options: &LearnOptions,
        state: Option<&[u8]>,
        listener: &mut Listener<'_>,
    ) -> Result<Arc<dyn Learned>> {
        let mut learned = match state {
            Some(state) => FakeLearned::read(state, "state")?,
            None => self.begun(pictures, options)?,
        };
        while learned.losses.len() < learned.of {
            let done = learned.losses.len() + 1;
            self.step(done, options.seed);
            learned.update();
            let half = learned.of / 2;
            let (stage, step, of) =
                if done <= half { (Stage::LearningTokens, done, half) } else { (Stage::LearningAttention, done - half, learned.of - half) };
            let loss = learned.losses.last().copied();
            let goes_on = listener(EngineEvent::Step { stage, step, of, loss, seconds_left: None })?;
            if goes_on.is_break() || done % self.knobs.save_every == 0 {
                let saved = listener(EngineEvent::State(&learned.write("state")))?;
                if goes_on.is_break() || saved.is_break() {
                    return Err(Error::cancelled());
                }
            }
        }
        Ok(Arc::new(learned))
    }

    fn read_learned(&self, bytes: &[u8]) -> Result<Arc<dyn Learned>> {
        Ok(Arc::new(FakeLearned::read(bytes, "learned")?))
    }

    fn same_inputs(&self, one: &dyn Learned, other: &dyn Learned) -> bool {
        matches!((own(one), own(other)), (Ok(one), Ok(other)) if one.inputs == other.inputs)
    }

    fn edit(
        &mut self,
        learned: &dyn Learned,
        &Work { picture, plan, options, neighbours, .. }: &Work<'_>,
        listener: &mut Listener<'_>,
    ) -> Result<Edited> {
        let begun = Instant::now();
        let learned = own(learned)?;
        check_tokens(learned, plan)?;
        let steps = options.steps.unwrap_or(self.knobs.steps);
        let mix = Mix::new().text(&self.name).number(options.seed).number(steps as u64).bytes(&learned.to_bytes()?);
        let mix = sample_mix(mix, picture).text(&format!("{:?}", plan.prompts()));
        let mix = plan.after().labels().iter().fold(mix, |mix, label| mix.number(u64::from(*label)));
        for step in 1..=steps {
            self.step(step, options.seed);
            let told = listener(EngineEvent::Step { stage: Stage::Denoising, step, of: steps, loss: None, seconds_left: None })?;
            let preview = Image::new(Size::new(2, 2)?, Channels::Rgb, Samples::U8(vec![step as u8; 12]))?;
            let shown = listener(EngineEvent::Preview(&preview))?;
            if told == ControlFlow::Break(()) || shown == ControlFlow::Break(()) {
                return Err(Error::cancelled());
            }
        }
        let region = plan.region().unwrap_or(Rect { x: 0, y: 0, width: 1, height: 1 });
        // Old pixels stay where a canvas grows and in plates, as with real engines; results in kept folders cover their whole region.
        let change = (plan.sides().is_some() || self.name == super::PLATES).then(|| plan.change());
        let picture = filled(picture, change, region, mix)?;
        let seconds = self.knobs.timed.then(|| begun.elapsed().as_secs_f64());
        let neighbours: Vec<_> = neighbours.iter().map(told).collect();
        let settings =
            serde_json::json!({"steps": steps, "steady": options.steady, "engine_seconds": seconds, "neighbours": neighbours}).to_string();
        Ok(Edited { picture, region, changed_pixels_outside: 0, steps, settings })
    }

    fn least_memory(&self, _: Size) -> u64 {
        0
    }
}

/// Time, width, items, and whether it is known how the frame was edited, and otherwise than it was.
fn told(neighbour: &Neighbour) -> serde_json::Value {
    let is_other = neighbour.edited.as_ref().map(|edited| edited != &neighbour.picture);
    serde_json::json!([neighbour.offset, neighbour.picture.size().width(), neighbour.items.names(), is_other])
}

/// Every item that a prompt names has to be learned.
fn check_tokens(learned: &FakeLearned, plan: &EditPlan) -> Result<()> {
    let named = |prompt: &ItemPrompt| -> Vec<ItemRef> {
        match prompt {
            ItemPrompt::Pieces(pieces) => pieces
                .iter()
                .filter_map(|piece| match piece {
                    PromptPiece::Tokens(item) => Some(item.clone()),
                    PromptPiece::Words(_) => None,
                })
                .collect(),
            ItemPrompt::Blend { from, to, .. } => vec![from.clone(), to.clone()],
        }
    };
    let mut items = plan.prompts().iter().flat_map(named);
    match items.find(|item| !learned.knows(&item.item, item.picture == Picture::Reference)) {
        Some(item) => Err(Error::usage(format!("the item '{}' was not learned", item.item))),
        None => Ok(()),
    }
}

/// New samples where they may change, else the old ones.
fn chosen<T: Copy>(old: &[T], changes: impl Iterator<Item = bool>, new: impl Iterator<Item = T>) -> Vec<T> {
    old.iter().zip(changes).zip(new).map(|((old, changes), new)| if changes { new } else { *old }).collect()
}

/// The picture with a region of other pixels.
fn filled(picture: &Image, change: Option<&ItemMask>, region: Rect, mix: Mix) -> Result<Image> {
    let size = Size::new(region.width, region.height)?;
    let count = size.pixels() * picture.channels().count();
    let mut generated = (0..count as u64).map(|index| Mix(mix.0.wrapping_add(index / 8)).number(0).0 >> (8 * (index % 8)));
    let old = picture.crop(region)?;
    let changes = match change {
        Some(change) => change.crop(region)?.values().iter().map(|change| *change > 0.0).collect(),
        None => vec![true; size.pixels()],
    };
    let changes = changes.into_iter().flat_map(|changes| std::iter::repeat_n(changes, picture.channels().count()));
    let samples = match old.samples() {
        Samples::U8(old) => Samples::U8(chosen(old, changes, generated.by_ref().map(|number| number as u8))),
        Samples::U16(old) => Samples::U16(chosen(old, changes, generated.by_ref().map(|number| number as u16))),
        Samples::F32(old) => Samples::F32(chosen(old, changes, generated.by_ref().map(|number| f32::from(number as u8) / 255.0))),
    };
    let part = Image::new(size, picture.channels(), samples)?;
    let mut whole = picture.clone();
    whole.put((region.x, region.y), &part)?;
    Ok(whole)
}
