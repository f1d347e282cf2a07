//! Converts between the types of the wire and those of sessions; nothing else knows both.

mod frame;

use std::collections::BTreeMap;
use std::path::PathBuf;

use dedit_edit::{
    AttentionTraining, ChangeKind, Channels, Edit, EditOptions, EditPlan, Error, ErrorKind, Fit, Image, ItemMask, ItemRef, ItemWords,
    LearnOptions, Margin, PlanSettings, Preset, Rect, Result, Ring, Segmentation, Sides, Size, Stage, Transform, Vacated,
};
use dedit_protocol::answer::{self, PlannedItem, Region};
use dedit_protocol::event::{Progress, Queued, SessionInfo};
use dedit_protocol::names::{self, ItemChange, SessionState, VerbName};
use dedit_protocol::request::{self, EditVerb, Items, PlanOptions, Words};
use dedit_protocol::{Blob, Event, Pixels, Samples};
use dedit_session::{EditRecord, Embedding, Found, Info, JobEvent, JobKind, JobOutput, Layers, Learned, Lora, ModelChoice, State, memory};
use serde_json::Value;

pub(crate) use self::frame::FrameBlobs;

/// The blobs of a request; each can be taken once.
pub(crate) struct Blobs(Vec<Option<Blob>>);

impl Blobs {
    pub(crate) fn new(blobs: Vec<Blob>) -> Self {
        Self(blobs.into_iter().map(Some).collect())
    }

    fn take(&mut self, index: usize) -> Result<Blob> {
        let count = self.0.len();
        let blob = self.0.get_mut(index).and_then(Option::take);
        blob.ok_or_else(|| Error::usage(format!("the request names blob {index} of {count}, or names it twice")))
    }

    pub(crate) fn pixels(&mut self, index: usize) -> Result<Pixels> {
        match self.take(index)? {
            Blob::Pixels(pixels) => Ok(pixels),
            Blob::Bytes(_) => Err(Error::usage(format!("blob {index} of the request should be pixels"))),
        }
    }

    pub(crate) fn bytes(&mut self, index: usize) -> Result<Vec<u8>> {
        match self.take(index)? {
            Blob::Bytes(bytes) => Ok(bytes),
            Blob::Pixels(_) => Err(Error::usage(format!("blob {index} of the request should be bytes"))),
        }
    }

    /// A folder's path: text, or the bytes of a blob.
    pub(crate) fn folder(&mut self, text: Option<&str>, bytes: Option<usize>) -> Result<Option<PathBuf>> {
        match (text, bytes) {
            (_, None) => Ok(text.map(PathBuf::from)),
            (None, Some(blob)) => Ok(Some(path_of(self.bytes(blob)?))),
            (Some(_), Some(_)) => Err(Error::usage("a folder is given as text or as bytes").hint("leave one of them out")),
        }
    }

    /// A mask from a blob of one channel; integers are scaled so that the largest value is 1.
    pub(crate) fn mask(&mut self, index: usize, size: Size) -> Result<ItemMask> {
        let pixels = self.pixels(index)?;
        check(&pixels, size, "mask")?;
        let values = match pixels.into_samples() {
            Samples::U8(samples) => samples.into_iter().map(|sample| f32::from(sample) / 255.0).collect(),
            Samples::U16(samples) => samples.into_iter().map(|sample| f32::from(sample) / 65535.0).collect(),
            Samples::F32(samples) => samples,
        };
        ItemMask::new(size, values)
    }

    /// A label map; `size` is the picture's size, if it is known.
    fn labels(&mut self, index: usize, size: Option<Size>) -> Result<(Size, Vec<u16>)> {
        let pixels = self.pixels(index)?;
        let size = size.map_or_else(|| size_of(&pixels), Ok)?;
        check(&pixels, size, "picture of item numbers")?;
        match pixels.into_samples() {
            Samples::U8(samples) => Ok((size, samples.into_iter().map(u16::from).collect())),
            Samples::U16(samples) => Ok((size, samples)),
            Samples::F32(_) => Err(Error::input("item numbers are whole numbers").hint("send them as u8 or u16")),
        }
    }

    /// The items of a picture.
    pub(crate) fn items(&mut self, names: Vec<String>, items: &Items, size: Size) -> Result<Segmentation> {
        match items {
            Items::Labels(index) => Segmentation::from_labels(size, names, self.labels(*index, Some(size))?.1),
            Items::Masks(indices) => Segmentation::from_masks(size, &self.masks(names, indices, size)?, "background"),
        }
    }

    /// Masks by name.
    pub(crate) fn masks(&mut self, names: Vec<String>, indices: &[usize], size: Size) -> Result<Vec<(String, ItemMask)>> {
        if indices.len() != names.len() {
            return Err(Error::usage(format!("{} masks for {} names", indices.len(), names.len())));
        }
        names.into_iter().zip(indices).map(|(name, index)| Ok((name, self.mask(*index, size)?))).collect()
    }
}

#[cfg(unix)]
fn path_of(bytes: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt as _;
    std::ffi::OsString::from_vec(bytes).into()
}

/// Elsewhere paths are text, which clients there send as such.
#[cfg(not(unix))]
fn path_of(bytes: Vec<u8>) -> PathBuf {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

fn size_of(pixels: &Pixels) -> Result<Size> {
    Size::new(pixels.width() as usize, pixels.height() as usize)
}

fn check(pixels: &Pixels, size: Size, what: &str) -> Result<()> {
    let found = size_of(pixels)?;
    if pixels.channels() != 1 {
        return Err(Error::input(format!("a {what} of {} channels", pixels.channels())).hint("send one channel"));
    }
    if found != size {
        return Err(Error::input(format!("the {what} is {found} and the picture {size}")).hint("give it the picture's size"));
    }
    Ok(())
}

/// Pixels of the wire as a picture; the samples are not copied.
pub(crate) fn image(pixels: Pixels) -> Result<Image> {
    let size = size_of(&pixels)?;
    let channels = match pixels.channels() {
        1 => Channels::Grey,
        2 => Channels::GreyAlpha,
        3 => Channels::Rgb,
        _ => Channels::Rgba,
    };
    let samples = match pixels.into_samples() {
        Samples::U8(samples) => dedit_edit::Samples::U8(samples),
        Samples::U16(samples) => dedit_edit::Samples::U16(samples),
        Samples::F32(samples) => dedit_edit::Samples::F32(samples),
    };
    Image::new(size, channels, samples)
}

fn pixels(size: Size, channels: usize, samples: Samples) -> Result<Blob> {
    let pixels = Pixels::new(size.width() as u32, size.height() as u32, channels as u8, samples);
    pixels.map(Blob::Pixels).ok_or_else(|| Error::new(ErrorKind::Internal, "a picture that does not fit the wire"))
}

/// A picture as pixels of the wire; the samples are not copied.
pub(crate) fn image_blob(image: Image) -> Result<Blob> {
    let (size, channels) = (image.size(), image.channels().count());
    let samples = match image.into_samples() {
        dedit_edit::Samples::U8(samples) => Samples::U8(samples),
        dedit_edit::Samples::U16(samples) => Samples::U16(samples),
        dedit_edit::Samples::F32(samples) => Samples::F32(samples),
    };
    pixels(size, channels, samples)
}

pub(crate) fn labels_blob(items: &Segmentation) -> Result<Blob> {
    pixels(items.size(), 1, Samples::U16(items.labels().to_vec()))
}

/// The label map of a rectangle; labels stay those of the whole picture.
fn labels_within(items: &Segmentation, region: Rect) -> Result<Blob> {
    let rows = items.labels().chunks_exact(items.size().width()).skip(region.y).take(region.height);
    let labels = rows.flat_map(|row| row[region.x..region.right()].iter().copied()).collect();
    pixels(region.size()?, 1, Samples::U16(labels))
}

pub(crate) fn mask_blob(mask: &ItemMask) -> Result<Blob> {
    pixels(mask.size(), 1, Samples::F32(mask.values().to_vec()))
}

pub(crate) fn words(words: BTreeMap<String, Words>) -> BTreeMap<String, ItemWords> {
    words.into_iter().map(|(name, Words { start, template })| (name, ItemWords { start, template })).collect()
}

pub(crate) fn told_words(words: &BTreeMap<String, ItemWords>) -> BTreeMap<String, Words> {
    words.iter().map(|(name, words)| (name.clone(), Words { start: words.start.clone(), template: words.template.clone() })).collect()
}

pub(crate) fn model_choice(choice: request::ModelChoice) -> ModelChoice {
    let request::ModelChoice { model, device, variant, config_dir, vae, loras, embeddings, clip_skip } = choice;
    let loras = loras.into_iter().map(|lora| Lora { file: lora.file, scale: lora.scale }).collect();
    let embeddings = embeddings.into_iter().map(|embedding| Embedding { file: embedding.file, name: embedding.name }).collect();
    ModelChoice { model, device, variant, config_dir, vae, loras, embeddings, clip_skip }
}

fn preset(reference: bool) -> Preset {
    if reference { Preset::Reference } else { Preset::Default }
}

pub(crate) fn learn_options(options: &request::LearnOptions) -> LearnOptions {
    LearnOptions {
        preset: preset(options.reference),
        tokens: options.tokens,
        updates: options.updates,
        rates: options.rates,
        attention: if options.full_attention { Some(AttentionTraining::CrossAttention) } else { options.rank.map(AttentionTraining::Lora) },
        batch: options.batch,
        accumulation: options.accumulation,
        no_early_stop: options.no_early_stop,
        checkpoint_levels: options.checkpoint_levels,
        preview_every: options.preview_every,
        seed: options.seed,
    }
}

pub(crate) fn edit_options(options: request::EditOptions) -> EditOptions {
    EditOptions {
        preset: preset(options.reference),
        steps: options.steps,
        scheduler: options.scheduler,
        guidance: options.guidance,
        strength: options.strength,
        anchor: options.anchor,
        inverted: options.inverted,
        whole_picture: options.whole_picture,
        steady: options.steady,
        // 32 bits: short enough for a person to type.
        seed: options.seed.unwrap_or_else(|| u64::from(fastrand::u32(..))),
    }
}

pub(crate) fn plan_settings(options: PlanOptions, size: Size) -> Result<PlanSettings> {
    let usual = PlanSettings::for_size(size);
    let width = options.ring.unwrap_or(usual.ring.width());
    let fit = match options.fit.as_deref() {
        None | Some("exact") => Fit::Exact,
        Some("loose") => Fit::Loose,
        Some("box") => Fit::Box,
        // As published there is one fit, and nothing is chosen.
        Some("auto") if options.reference => Fit::Exact,
        Some("auto") => Fit::Auto,
        Some(other) => return Err(Error::usage(format!("the fit '{other}' is not known")).hint("give auto, exact, loose or box")),
    };
    Ok(PlanSettings {
        fit,
        ring: if options.reference { Ring::ShiftedCopies(width.max(0.0) as usize) } else { Ring::Distance(width) },
        margin: margin(&options, usual.margin),
        others_kept: usual.others_kept && !options.reference,
        also: options.also,
    })
}

/// The margin that is asked for; as published there is none.
fn margin(options: &PlanOptions, usual: Margin) -> Margin {
    let share = if options.reference { Some(0.0) } else { None };
    let asked = options.margin_pixels.map(Margin::Pixels).or(options.margin.map(Margin::Share));
    asked.or(share.map(Margin::Share)).unwrap_or(usual)
}

fn vacated(into: Option<String>) -> Vacated {
    into.map_or(Vacated::Nearest, Vacated::To)
}

/// An edit, with its mask if it has one.
pub(crate) fn edit(verb: EditVerb, blobs: &mut Blobs, size: Size) -> Result<Edit> {
    Ok(match verb {
        EditVerb::Reconstruct => Edit::Reconstruct,
        EditVerb::Replace { item, prompt } => Edit::Replace { item, prompt },
        EditVerb::Augment { item, prompt } => Edit::Augment { item, prompt },
        EditVerb::SwapIn { item, from } => Edit::SwapIn { item, from: ItemRef::parse(&from) },
        EditVerb::Move { item, dx, dy, scale, rotate, into } => {
            Edit::Move { item, transform: Transform { dx, dy, scale, degrees: rotate }, vacated: vacated(into) }
        }
        EditVerb::Reshape { item, mask, into } => Edit::Reshape { item, mask: blobs.mask(mask, size)?, vacated: vacated(into) },
        EditVerb::Swap { item, with } => Edit::Swap { item, with },
        EditVerb::Remove { items, into } => Edit::Remove { items, vacated: vacated(into) },
        EditVerb::Blend { item, with, amount } => Edit::Blend { item, with: ItemRef::parse(&with), amount },
        EditVerb::Expand { left, right, top, bottom, into } => {
            Edit::Expand { sides: Sides { left, right, top, bottom }, vacated: vacated(into) }
        }
        EditVerb::Refine { mask } => Edit::Refine { mask: blobs.mask(mask, size)? },
        EditVerb::Personalize { item, prompt } => Edit::Personalize { item, prompt },
    })
}

/// The edits of a revision, as a request has them; the masks are numbered in their order.
pub(crate) fn history_edits(edits: &[EditRecord]) -> Result<Vec<Value>> {
    let mut masks = 0..;
    let verbs = edits.iter().map(|edit| history_edit(edit.clone(), || masks.next().unwrap_or_default()));
    let values = verbs.map(serde_json::to_value);
    values.map(|value| value.map_err(|error| Error::new(ErrorKind::Internal, format!("an edit makes no JSON ({error})")))).collect()
}

fn history_edit(edit: EditRecord, mut next_mask: impl FnMut() -> usize) -> EditVerb {
    match edit {
        EditRecord::Reconstruct => EditVerb::Reconstruct,
        EditRecord::Replace { item, prompt } => EditVerb::Replace { item, prompt },
        EditRecord::Augment { item, prompt } => EditVerb::Augment { item, prompt },
        EditRecord::SwapIn { item, from } => EditVerb::SwapIn { item, from },
        EditRecord::Move { item, dx, dy, scale, degrees, vacated } => {
            EditVerb::Move { item, dx, dy, scale, rotate: degrees, into: vacated }
        }
        EditRecord::Reshape { item, vacated } => EditVerb::Reshape { item, mask: next_mask(), into: vacated },
        EditRecord::Swap { item, with } => EditVerb::Swap { item, with },
        EditRecord::Remove { items, vacated } => EditVerb::Remove { items, into: vacated },
        EditRecord::Blend { item, with, amount } => EditVerb::Blend { item, with, amount },
        EditRecord::Refine => EditVerb::Refine { mask: next_mask() },
        EditRecord::Expand { left, right, top, bottom, vacated } => EditVerb::Expand { left, right, top, bottom, into: vacated },
        EditRecord::Personalize { item, prompt } => EditVerb::Personalize { item, prompt },
    }
}

pub(crate) fn region(rect: Rect) -> Region {
    Region { x: rect.x, y: rect.y, width: rect.width, height: rect.height }
}

pub(crate) fn session_info(info: &Info) -> SessionInfo {
    let state = match info.state {
        State::Opened => SessionState::Opened,
        State::Items => SessionState::Items,
        State::Learning => SessionState::Learning,
        State::Learned => SessionState::Learned,
    };
    let [items, reference_items] = info.items.clone();
    SessionInfo {
        session: info.session.clone(),
        name: info.name.clone(),
        folder: info.folder.display().to_string(),
        state,
        size: info.size.map(|side| side as u32),
        items,
        reference_items,
        revision: info.revision,
        newest: info.newest,
        model: info.model.clone(),
        job: info.job,
        bytes: info.bytes,
        open: info.open,
    }
}

/// The answer to `plan`; `cropped` blobs have the size of the region, and are none where nothing changes.
pub(crate) fn planned(plan: &EditPlan, cropped: bool) -> Result<(answer::Planned, Vec<Blob>)> {
    let (before, after) = (plan.before().bounding_boxes(), plan.after().bounding_boxes());
    let item = |(was, name): (usize, &String)| {
        let number = plan.after().names().iter().position(|after| after == name);
        let changes = plan.changes().iter().filter(|change| change.item == *name).map(|change| item_change(change.kind));
        PlannedItem {
            name: name.clone(),
            number,
            before: before.get(was).copied().map(region),
            after: number.and_then(|number| after.get(number).copied()).map(region),
            changes: changes.collect(),
        }
    };
    let told = answer::Planned {
        region: plan.region().map(region).unwrap_or_default(),
        regions: plan.change().parts().into_iter().map(region).collect(),
        names: plan.after().names().to_vec(),
        items: plan.before().names().iter().enumerate().map(item).collect(),
    };
    if !cropped {
        return Ok((told, vec![labels_blob(plan.after())?, mask_blob(plan.change())?]));
    }
    let Some(region) = plan.region() else { return Ok((told, Vec::new())) };
    Ok((told, vec![labels_within(plan.after(), region)?, mask_blob(&plan.change().crop(region)?)?]))
}

fn item_change(kind: ChangeKind) -> ItemChange {
    match kind {
        ChangeKind::Prompt => ItemChange::Prompt,
        ChangeKind::Moved(_) => ItemChange::Moved,
        ChangeKind::Reshaped => ItemChange::Reshaped,
        ChangeKind::Removed => ItemChange::Removed,
        ChangeKind::Regenerated => ItemChange::Regenerated,
        ChangeKind::Adjusted => ItemChange::Adjusted,
    }
}

pub(crate) fn model_info(found: &Found, description: Option<&str>) -> answer::ModelInfo {
    answer::ModelInfo {
        name: found.name.clone(),
        description: description.unwrap_or_default().to_owned(),
        device: found.choice.device.clone().unwrap_or_default(),
        loaded: description.is_some(),
        bytes: found.bytes,
    }
}

pub(crate) fn job_kind(kind: JobKind) -> names::JobKind {
    match kind {
        JobKind::Load => names::JobKind::Load,
        JobKind::Learn => names::JobKind::Learn,
        JobKind::Edit => names::JobKind::Edit,
        JobKind::Segment => names::JobKind::Segment,
    }
}

fn stage_on_wire(stage: Stage) -> names::Stage {
    match stage {
        Stage::LoadingModel => names::Stage::LoadingModel,
        Stage::LearningTokens => names::Stage::LearningTokens,
        Stage::LearningAttention => names::Stage::LearningAttention,
        Stage::Inverting => names::Stage::Inverting,
        Stage::Denoising => names::Stage::Denoising,
        Stage::Filling => names::Stage::Filling,
        Stage::Encoding => names::Stage::Encoding,
        Stage::Searching => names::Stage::Searching,
    }
}

/// An event of a job as an event of the wire; `verb` is that of an edit.
pub(crate) fn event(event: JobEvent, verb: &VerbName) -> Event {
    match event {
        JobEvent::Queued { job, position } => Event::Queued(Queued { job, position }),
        JobEvent::Step { stage, step, of, loss, seconds_left } => {
            Event::Progress(Progress { stage: stage_on_wire(stage), step, of, loss, seconds_left })
        }
        JobEvent::Preview(image) => Event::Preview(image_blob(image).into_iter().collect()),
        JobEvent::Note(note) => Event::Note(note),
        JobEvent::Done(output) => finished(output, verb).unwrap_or_else(Event::Failed),
        JobEvent::Failed(error) => Event::Failed(error),
        JobEvent::Cancelled => Event::Cancelled,
    }
}

/// All items of a picture.
pub(crate) fn segmented(items: &Segmentation) -> Result<Event> {
    let answer = answer::Segmented { names: items.names().to_vec() };
    Ok(Event::finished(&answer, vec![labels_blob(items)?]))
}

fn finished(output: JobOutput, verb: &VerbName) -> Result<Event> {
    Ok(match output {
        // Replaced by the list of models before it is sent.
        JobOutput::Loaded => Event::finished(&answer::Models::default(), Vec::new()),
        JobOutput::Divided(items) => segmented(&items)?,
        JobOutput::Segmented(mask) => Event::finished(&answer::Segmented::default(), vec![mask_blob(&mask)?]),
        JobOutput::Learned(Learned {
            steps,
            resumed_at,
            losses: [loss_first, loss_last],
            seconds,
            bytes,
            items: [items, reference_items],
        }) => {
            let peak_rss_bytes = memory::peak_rss_bytes();
            let session_bytes = bytes;
            let answer = answer::Learned {
                steps,
                resumed_at,
                loss_first,
                loss_last,
                seconds,
                session_bytes,
                items,
                reference_items,
                peak_rss_bytes,
            };
            Event::finished(&answer, Vec::new())
        }
        JobOutput::Edited(edited) => {
            let mut blobs = vec![image_blob(edited.pixels)?];
            blobs.extend(edited.changes.as_ref().map(mask_blob).transpose()?);
            let layers = edited.layers.map(|layers| layers_told(layers, &mut blobs)).transpose()?;
            let answer = answer::Edited {
                revision: edited.revision,
                base: edited.base,
                verb: verb.clone(),
                region: region(edited.region),
                regions: edited.regions.into_iter().map(region).collect(),
                changed_pixels_outside: edited.changed_pixels_outside,
                steps: edited.steps,
                seed: edited.seed,
                seconds: edited.seconds,
                draft: edited.draft,
                settings: edited.settings,
                model: edited.model,
                items: edited.items,
                peak_rss_bytes: memory::peak_rss_bytes(),
                changes: edited.changes.is_some().then_some(1),
                layers,
            };
            Event::finished(&answer, blobs)
        }
    })
}

fn layers_told(layers: Layers, blobs: &mut Vec<Blob>) -> Result<answer::Layers> {
    let mut part = |item: String, rect: Rect, picture: Image| {
        blobs.push(image_blob(picture)?);
        Ok(answer::LayerPart { item, region: region(rect), pixels: blobs.len() - 1 })
    };
    let plate = part(String::new(), layers.plate.rect, layers.plate.picture)?;
    let items = layers.items.into_iter().map(|layer| part(layer.item, layer.rect, layer.picture)).collect::<Result<_>>()?;
    Ok(answer::Layers { plate, items })
}
