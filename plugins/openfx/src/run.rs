//! A frame from the host's question to the host's image.

use std::cell::{Cell, RefCell};
use std::ffi::CStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use dedit_protocol::Event;
use ofx_host::abi::RangeD;
use ofx_host::names::{prop, value};
use ofx_host::{
    Change, Context, Definition, Depth, Effect, Error, Frame, FramesNeeded, HostFacts, Identity, Image, Instance, Progress, Properties,
    Result,
};

use crate::cache::RESULTS;
use crate::describe::{self, MASK, REFERENCE};
use crate::desk::{self, Desk, Watch, with_daemon};
use crate::disk::KEPT;
use crate::failure::{Failure, input, of_host, told};
use crate::masks::Mask;
use crate::order::Order;
use crate::parameters::{Kind, MaskSource, Parameters, Values};
use crate::pixels::{Made, Plate, lay};
use crate::session::{self, Scene};
use crate::{colour, learn};

/// From when on work is slow enough for progress to be shown.
const SLOW: Duration = Duration::from_secs(1);

/// Whether the host gives frames of other times, as it said when it asked for a description.
static GIVES_OTHER_TIMES: AtomicBool = AtomicBool::new(false);

/// The effect.
pub(crate) struct DEdit;

impl Effect for DEdit {
    fn describe(&self, host: &HostFacts, effect: &Properties<'_>) -> Result<()> {
        if let Some(path) = effect.text(prop::FILE_PATH, 0).filter(|path| !path.is_empty()) {
            desk::note_bundle(&path);
        }
        GIVES_OTHER_TIMES.store(host.temporal_access, Ordering::Relaxed);
        describe::effect(host, effect);
        Ok(())
    }

    fn describe_in_context(&self, host: &HostFacts, context: Context, definition: &Definition<'_>) -> Result<()> {
        describe::in_context(host, context, definition)
    }

    fn identity(&self, instance: &Instance<'_>, frame: &Frame) -> Result<Option<Identity>> {
        let nothing = Parameters::of(instance, frame)?.changes_nothing();
        Ok(nothing.then_some(Identity { clip: value::SOURCE, time: frame.time }))
    }

    fn frames_needed(&self, instance: &Instance<'_>, time: f64) -> Result<Vec<FramesNeeded>> {
        let parameters = Parameters::read(instance, time, [1.0, 1.0])?;
        let other = reference_time(&parameters, time);
        if parameters.changes_nothing() || parameters.named_session().is_some() || (other - time).abs() < 1e-9 {
            return Ok(Vec::new());
        }
        let needed = |clip, time| FramesNeeded { clip, range: RangeD { min: time, max: time } };
        Ok([value::SOURCE, MASK].into_iter().flat_map(|clip| [needed(clip, time), needed(clip, other)]).collect())
    }

    fn render(&self, instance: &Instance<'_>, frame: &Frame) -> Result<()> {
        let parameters = Parameters::of(instance, frame)?;
        let inputs = Inputs { instance, parameters };
        let Some(mut output) = inputs.image(value::OUTPUT, frame.time)? else {
            return Err(Error::failed("the host gave no image to fill"));
        };
        let Some(source) = inputs.image(value::SOURCE, frame.time)? else {
            return Err(Error::failed("there is no Source at this time; connect one"));
        };
        let linear = inputs.is_linear(value::SOURCE, source.depth());
        if inputs.parameters.changes_nothing() {
            lay(&mut output, &source, None, frame, linear);
            return Ok(());
        }
        match edited(&inputs, &source, frame.time, linear) {
            Ok((plate, made)) => {
                lay(&mut output, &source, Some((&plate, &made)), frame, linear);
                Ok(())
            }
            Err(failure) => {
                // Hosts that go on all the same go on with the frame as it was, not with half of one.
                lay(&mut output, &source, None, frame, linear);
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

    fn is_linear(&self, clip: &CStr, depth: Depth) -> bool {
        match self.parameters.values {
            Values::Srgb => false,
            Values::Linear => true,
            Values::Automatic => {
                let space = self.instance.clip(clip).and_then(|clip| clip.colour_space());
                space.as_deref().and_then(colour::is_linear).unwrap_or(matches!(depth, Depth::Half | Depth::Float))
            }
        }
    }

    /// The frame of a time with what draws its items.
    pub(crate) fn scene(&self, time: f64) -> std::result::Result<Scene, Failure> {
        let source = self.image(value::SOURCE, time).map_err(|error| of_host(&error))?;
        let source = source.ok_or_else(|| input(format!("there is no frame {time}"), "choose another reference frame"))?;
        let linear = self.is_linear(value::SOURCE, source.depth());
        self.scene_of(&source, time, linear)
    }

    fn scene_of(&self, source: &Image<'_>, time: f64, linear: bool) -> std::result::Result<Scene, Failure> {
        let from = self.parameters.mask_source;
        let plate = Plate::read(source, linear, from == MaskSource::Alpha)?;
        let mask = match from {
            MaskSource::Session => None,
            MaskSource::Alpha => Some(Mask::of_alpha(source, &plate)?),
            MaskSource::File => Some(Mask::of_file(&self.parameters.mask_file, time, &plate)?),
            MaskSource::Clip => {
                let image = self.image(MASK, time).map_err(|error| of_host(&error))?;
                image.map(|image| Mask::of_image(&image, &plate))
            }
        };
        Ok(Scene { plate, mask })
    }

    /// The picture that an item is taken from, where it is needed.
    fn reference(&self, time: f64) -> std::result::Result<Option<Scene>, Failure> {
        if self.parameters.kind != Kind::SwapIn {
            return Ok(None);
        }
        let image = self.image(REFERENCE, time).map_err(|error| of_host(&error))?;
        let image = image.ok_or_else(|| input("there is no picture to take an item from", "connect one to Reference"))?;
        let linear = self.is_linear(REFERENCE, image.depth());
        let plate = Plate::read(&image, linear, true)?;
        let mask = Mask::of_alpha(&image, &plate).ok();
        Ok(Some(Scene { plate, mask }))
    }

    /// The reference frame, at the scale that is rendered.
    pub(crate) fn reference_scene(&self, time: f64, scene: &Scene) -> std::result::Result<Scene, Failure> {
        let reference = reference_time(&self.parameters, time);
        if (reference - time).abs() < 1e-9 { Ok(scene.clone()) } else { self.scene(reference) }
    }
}

/// What an edit makes of a frame: from what is kept, or by the daemon.
fn edited(inputs: &Inputs<'_>, source: &Image<'_>, time: f64, linear: bool) -> std::result::Result<(Plate, Arc<Made>), Failure> {
    let watch = Work::new(inputs.instance, SLOW);
    let scene = inputs.scene_of(source, time, linear)?;
    let reference = inputs.reference(time)?;
    let made = with_daemon(|desk| {
        let mut info = session::opened(desk, &inputs.parameters, &|| inputs.reference_scene(time, &scene))?;
        let from = match &reference {
            Some(reference) => Some(session::set_reference(desk, &info, reference, &inputs.parameters.other)?),
            None => None,
        };
        if inputs.parameters.learns_in_render && info.state != "learned" {
            learn::learn(desk, &info.session, &inputs.parameters, &watch)?;
            info = desk.open_session(&info.session)?;
        }
        let table = session::laid(desk, info, &inputs.parameters, &scene)?;
        let order = Order::new(desk, &inputs.parameters, &table, scene.plate.aspect, from.as_deref())?;
        let key = order.key(&scene.plate, &table, &inputs.parameters, reference.as_ref().map(|reference| &reference.plate.pixels))?;
        let fits = |made: &Made| made.fits(&scene.plate.pixels);
        RESULTS.get(&key, KEPT.as_ref(), &|| inputs.instance.is_aborted(), &fits, &|| make(desk, &order, &scene.plate, &watch))
    })?;
    Ok((scene.plate, made))
}

fn make(desk: &Desk, order: &Order, plate: &Plate, watch: &Work<'_>) -> std::result::Result<Made, Failure> {
    let (edit, blobs) = order.of_frame(plate)?;
    let (_, made) = desk.edit(edit, blobs, watch)?;
    if !made.fits(&plate.pixels) {
        return Err(input("the daemon's answer is of another frame", "update D-Edit: `dedit daemon stop`, then try again"));
    }
    Ok(made)
}

/// Work under way, as the host sees it: it may stop it, and shows how far it is where it takes its time.
pub(crate) struct Work<'i> {
    instance: &'i Instance<'i>,
    begun: Instant,
    patience: Duration,
    share: Cell<f64>,
    progress: RefCell<Option<Progress<'i>>>,
}

impl<'i> Work<'i> {
    /// `patience` is how long nothing is shown.
    pub(crate) fn new(instance: &'i Instance<'i>, patience: Duration) -> Self {
        Self { instance, begun: Instant::now(), patience, share: Cell::new(0.0), progress: RefCell::new(None) }
    }
}

impl Watch for Work<'_> {
    fn wants_stop(&self) -> bool {
        if self.instance.is_aborted() {
            return true;
        }
        if self.begun.elapsed() < self.patience {
            return false;
        }
        let mut progress = self.progress.borrow_mut();
        !progress.get_or_insert_with(|| self.instance.progress("D-Edit")).update(self.share.get())
    }

    fn heard(&self, event: &Event) {
        if let Event::Progress(progress) = event {
            self.share.set(progress.step as f64 / progress.of.max(1) as f64);
        }
    }
}
