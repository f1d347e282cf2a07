//! A frame from the host's question to the host's image.

use std::cell::Cell;
use std::ffi::CStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dedit_protocol::Event;
use dedit_protocol::names::SessionState;
use ofx_host::abi::RangeD;
use ofx_host::names::{prop, value};
use ofx_host::{
    Change, ClipDeclaration, Context, Definition, Depth, Effect, Error, Frame, FramesNeeded, HostFacts, Identity, Image, Instance,
    Progress, Properties, Result,
};

use crate::cache::RESULTS;
use crate::describe::{self, FILTER_CLIPS, GENERAL_CLIPS, MASK, REFERENCE};
use crate::desk::{self, Desk, Watch, with_daemon};
use crate::disk::KEPT;
use crate::failure::{Failure, input, of_host, stopped, told};
use crate::masks::{Mask, is_numbered};
use crate::order::Order;
use crate::parameters::{Kind, MaskSource, Named, Parameters, Values};
use crate::pixels::{Made, Meaning, Plate, lay};
use crate::session::{self, Beginning, Scene};
use crate::{colour, learn};

/// Whether the host gives frames of other times, as it said when it asked for a description.
static GIVES_OTHER_TIMES: AtomicBool = AtomicBool::new(false);
/// Whether the host's floats are as they are shown, where it does not say what they are.
static SHOWS_FLOATS: AtomicBool = AtomicBool::new(false);

/// The effect.
pub(crate) struct DEdit;

impl Effect for DEdit {
    fn label(&self) -> &'static CStr {
        c"D-Edit"
    }

    fn clips(&self, context: Context) -> &'static [ClipDeclaration] {
        match context {
            Context::Filter => FILTER_CLIPS,
            Context::General => GENERAL_CLIPS,
        }
    }

    fn describe(&self, host: &HostFacts, effect: &Properties<'_>) -> Result<()> {
        if let Some(path) = effect.text(prop::FILE_PATH, 0).filter(|path| !path.is_empty()) {
            desk::note_bundle(&path);
        }
        GIVES_OTHER_TIMES.store(host.temporal_access, Ordering::Relaxed);
        SHOWS_FLOATS.store(colour::shows_floats(&host.name), Ordering::Relaxed);
        describe::effect(host, effect);
        Ok(())
    }

    fn describe_in_context(&self, _: &HostFacts, _: Context, definition: &Definition<'_>) -> Result<()> {
        describe::parameters(definition)
    }

    fn identity(&self, instance: &Instance<'_>, frame: &Frame) -> Result<Option<Identity>> {
        let nothing = Parameters::of(instance, frame)?.changes_nothing();
        Ok(nothing.then_some(Identity { clip: value::SOURCE, time: frame.time }))
    }

    fn frames_needed(&self, instance: &Instance<'_>, time: f64) -> Result<Vec<FramesNeeded>> {
        let parameters = Parameters::read(instance, time, [1.0, 1.0])?;
        let other = reference_time(&parameters, time);
        let is_named = matches!(parameters.named_session(), Some(Named::ByUser(_)));
        if parameters.changes_nothing() || is_named || (other - time).abs() < 1e-9 {
            return Ok(Vec::new());
        }
        let needed = |clip, time| FramesNeeded { clip, range: RangeD { min: time, max: time } };
        let mut all = vec![needed(REFERENCE, other)];
        all.extend([value::SOURCE, MASK].into_iter().flat_map(|clip| [needed(clip, time), needed(clip, other)]));
        Ok(all)
    }

    fn varies(&self, instance: &Instance<'_>) -> Result<bool> {
        let parameters = Parameters::read(instance, 0.0, [1.0, 1.0])?;
        Ok(parameters.mask_source == MaskSource::File && is_numbered(&parameters.mask_file))
    }

    fn render(&self, instance: &Instance<'_>, frame: &Frame) -> Result<()> {
        let parameters = Parameters::of(instance, frame)?;
        let inputs = Inputs { instance, parameters };
        let missing = |what: &str| if instance.is_aborted() { Error::aborted() } else { Error::failed(what) };
        let output = inputs.image(value::OUTPUT, frame.time)?;
        let mut output = output.ok_or_else(|| missing("the host gave no image to fill"))?;
        let source = inputs.image(value::SOURCE, frame.time)?;
        let source = source.ok_or_else(|| missing("there is no Source at this time; connect one"))?;
        let meaning = inputs.meaning(value::SOURCE, source.depth());
        if inputs.parameters.changes_nothing() {
            lay(&mut output, &source, None, frame, meaning);
            return Ok(());
        }
        match edited(&inputs, &source, frame.time, meaning) {
            Ok((plate, made)) => {
                lay(&mut output, &source, Some((&plate, &made)), frame, meaning);
                Ok(())
            }
            Err(failure) => {
                // Hosts that go on all the same go on with the frame as it was, not with half of one.
                lay(&mut output, &source, None, frame, meaning);
                Err(told(&failure))
            }
        }
    }

    fn changed(&self, instance: &Instance<'_>, change: &Change) -> Result<()> {
        learn::changed(instance, change)
    }

    fn purge(&self) {
        RESULTS.purge();
    }
}

/// The frame that is learned: where a host gives no other, the one that is rendered.
pub(crate) fn reference_time(parameters: &Parameters, time: f64) -> f64 {
    if GIVES_OTHER_TIMES.load(Ordering::Relaxed) { parameters.reference_time } else { time }
}

/// What a frame is made of.
pub(crate) struct Inputs<'i> {
    pub(crate) instance: &'i Instance<'i>,
    pub(crate) parameters: Parameters,
}

impl<'i> Inputs<'i> {
    fn image(&self, clip: &CStr, time: f64) -> Result<Option<Image<'i>>> {
        // A clip is as good as not there in contexts without it.
        self.instance.clip(clip).map_or(Ok(None), |clip| clip.image(time))
    }

    fn meaning(&self, clip: &CStr, depth: Depth) -> Meaning {
        let linear = match self.parameters.values {
            Values::Srgb => false,
            Values::Linear => true,
            Values::Automatic => {
                let space = self.instance.clip(clip).and_then(|clip| clip.colour_space());
                let usual = matches!(depth, Depth::Half | Depth::Float) && !SHOWS_FLOATS.load(Ordering::Relaxed);
                space.as_deref().and_then(colour::is_linear).unwrap_or(usual)
            }
        };
        Meaning { linear, alpha_is_mask: self.parameters.mask_source == MaskSource::Alpha }
    }

    /// An image that has to be there, unless the host wants nothing any more.
    fn needed(&self, clip: &CStr, time: f64, missing: impl FnOnce() -> Failure) -> std::result::Result<Image<'i>, Failure> {
        let image = self.image(clip, time).map_err(|error| of_host(&error))?;
        image.ok_or_else(|| if self.instance.is_aborted() { stopped() } else { missing() })
    }

    /// The frame of a time with what draws its items.
    fn scene(&self, time: f64) -> std::result::Result<Scene, Failure> {
        let missing = || input(format!("there is no frame {time}"), "choose another reference frame");
        let source = self.needed(value::SOURCE, time, missing)?;
        self.scene_of(&source, time, self.meaning(value::SOURCE, source.depth()))
    }

    fn scene_of(&self, source: &Image<'_>, time: f64, meaning: Meaning) -> std::result::Result<Scene, Failure> {
        let plate = Plate::read(source, meaning)?;
        let mask = match self.parameters.mask_source {
            MaskSource::Session => None,
            MaskSource::Alpha => Some(Mask::of_alpha(source, &plate)?),
            MaskSource::File => Some(Mask::of_file(&self.parameters.mask_file, time, &plate)?),
            MaskSource::Clip => {
                let is_connected = self.instance.clip(MASK).is_some_and(|clip| clip.is_connected());
                let image = self.image(MASK, time).map_err(|error| of_host(&error))?;
                // A mask that has nothing at this time says that no item is there.
                is_connected.then(|| image.map_or_else(|| Mask::empty(&plate), |image| Mask::of_image(&image, &plate)))
            }
        };
        Ok(Scene { plate, mask })
    }

    /// The picture that an item is taken from, where it is needed.
    fn reference(&self, time: f64) -> std::result::Result<Option<Scene>, Failure> {
        if self.parameters.kind != Kind::SwapIn {
            return Ok(None);
        }
        let missing = || input("there is no picture to take an item from", "connect one to Reference");
        let image = self.needed(REFERENCE, time, missing)?;
        // Its alpha is where the item is, and its colours were multiplied by it where the host says so.
        let meaning = Meaning { alpha_is_mask: false, ..self.meaning(REFERENCE, image.depth()) };
        let plate = Plate::read(&image, meaning)?;
        let mask = Mask::of_alpha(&image, &plate).ok();
        Ok(Some(Scene { plate: plate.opaque(), mask }))
    }

    /// What the session of the reference frame begins from, at the scale that is rendered. `known` is the frame of `time`.
    pub(crate) fn beginning(&self, time: f64, known: Option<&Scene>) -> std::result::Result<Beginning, Failure> {
        let reference = reference_time(&self.parameters, time);
        let scene = match known.filter(|_| (reference - time).abs() < 1e-9) {
            Some(known) => {
                // Computed before it is copied, it is computed once.
                known.plate.digest();
                known.clone()
            }
            None => self.scene(reference)?,
        };
        Ok(Beginning { scene, reference: self.reference(reference)? })
    }
}

/// What an edit makes of a frame: from what is kept, or by the daemon.
fn edited(inputs: &Inputs<'_>, source: &Image<'_>, time: f64, meaning: Meaning) -> std::result::Result<(Plate, Arc<Made>), Failure> {
    let parameters = &inputs.parameters;
    check_learning(parameters, time)?;
    let scene = inputs.scene_of(source, time, meaning)?;
    let watch = Asked(inputs.instance);
    let made = with_daemon(|desk| {
        let mut info = session::opened(desk, parameters, &|| inputs.beginning(time, Some(&scene)))?;
        if parameters.learns_in_render && info.state != SessionState::Learned {
            learn::learn(desk, &info.session, parameters, &watch)?;
            info = desk.open_session(&info.session)?;
        }
        let table = session::laid(desk, info, parameters, &scene)?;
        let order = Order::new(parameters, &table, scene.plate.aspect)?;
        let key = order.key(&scene.plate, &table, parameters)?;
        let fits = |made: &Made| made.fits(&scene.plate.pixels);
        RESULTS.get(&key, KEPT.as_ref(), &|| watch.wants_stop(), &fits, &|| make(desk, &order, &scene.plate, &watch))
    })?;
    Ok((scene.plate, made))
}

/// Where a host gives no other frames, each frame would be learned for itself.
fn check_learning(parameters: &Parameters, time: f64) -> std::result::Result<(), Failure> {
    let is_reference = (parameters.reference_time - time).abs() < 1e-9;
    if !parameters.learns_in_render || is_reference || GIVES_OTHER_TIMES.load(Ordering::Relaxed) || parameters.named_session().is_some() {
        return Ok(());
    }
    let hint = "learn it beforehand with `dedit learn`, and name the session";
    Err(input("this host does not give the reference frame while another one is rendered", hint))
}

fn make(desk: &Desk, order: &Order, plate: &Plate, watch: &dyn Watch) -> std::result::Result<Made, Failure> {
    let (edit, blobs) = order.of_frame(plate)?;
    let (_, made) = desk.edit(edit, blobs, watch)?;
    if !made.fits(&plate.pixels) {
        return Err(input("the daemon's answer is of another frame", "update D-Edit: `dedit daemon stop`, then try again"));
    }
    Ok(made)
}

/// Work in a render, which the host may give up. Progress is not shown: many frames may be under way, and one display is all that an instance has.
struct Asked<'i>(&'i Instance<'i>);

impl Watch for Asked<'_> {
    fn wants_stop(&self) -> bool {
        self.0.is_aborted()
    }

    fn heard(&self, _: &Event) {}
}

/// Work that somebody waits for: the host shows how far it is, and may stop it.
pub(crate) struct Work<'i> {
    instance: &'i Instance<'i>,
    share: Cell<f64>,
    progress: Progress<'i>,
}

impl<'i> Work<'i> {
    pub(crate) fn new(instance: &'i Instance<'i>, progress: Progress<'i>) -> Self {
        Self { instance, share: Cell::new(0.0), progress }
    }
}

impl Work<'_> {
    /// Whether the host shows it.
    pub(crate) fn is_shown(&self) -> bool {
        self.progress.is_shown()
    }
}

impl Watch for Work<'_> {
    fn wants_stop(&self) -> bool {
        self.instance.is_aborted() || !self.progress.update(self.share.get())
    }

    fn heard(&self, event: &Event) {
        if let Event::Progress(progress) = event {
            self.share.set(progress.step as f64 / progress.of.max(1) as f64);
        }
    }
}
