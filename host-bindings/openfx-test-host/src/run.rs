//! One action from the host's side: it is called, and afterwards looked at for what it left behind.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use ofx_host::abi::{Handle, OfxPlugin, Status};

use crate::definitions::Definition;
use crate::frame::{Frame, Progress, complain};
use crate::host::{HostState, Message};
use crate::library::{act, went_well};
use crate::property_set::{PropertySet, Slot};

/// What an action came to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// What the effect answered.
    pub status: Status,
    /// What it did wrong.
    pub complaints: Vec<String>,
    /// Its messages.
    pub messages: Vec<Message>,
    /// What it showed of its progress.
    pub progress: Vec<Progress>,
    /// How often it asked whether to stop.
    pub aborts: usize,
    /// How many images it fetched and gave back.
    pub released: usize,
    /// Parameters that it set.
    pub set: Vec<String>,
}

impl Outcome {
    /// Whether it worked or was left to the host.
    pub fn went_well(&self) -> bool {
        went_well(self.status)
    }
}

/// Calls an effect; `then` looks at what came of it, and what it complains of counts to the same action.
pub(crate) fn run(
    plugin: &OfxPlugin,
    frame: Frame,
    arguments: Option<&PropertySet>,
    results: Option<&PropertySet>,
    then: impl FnOnce(Status),
) -> Outcome {
    let frame = Arc::new(frame);
    let handle = |set: Option<&PropertySet>| set.map_or(std::ptr::null_mut(), PropertySet::handle);
    let effect: Handle = frame.effect.as_ref().map_or(std::ptr::null_mut(), |effect| effect.registration.handle());
    let status = frame.enter(|| {
        let status = act(plugin, frame.action, effect, handle(arguments), handle(results));
        finish(&frame);
        then(status);
        status
    });
    let mut trace = frame.trace();
    Outcome {
        status,
        complaints: std::mem::take(&mut trace.complaints),
        messages: std::mem::take(&mut trace.messages),
        progress: std::mem::take(&mut trace.progress),
        aborts: frame.aborts.load(Ordering::SeqCst),
        released: trace.released,
        set: std::mem::take(&mut trace.set),
    }
}

/// Looks for what an action left behind.
pub(crate) fn finish(frame: &Arc<Frame>) {
    let kept = std::mem::take(&mut frame.trace().images);
    for image in kept {
        complain(Some(&frame.host), format!("an image of {} was not released", image.clip));
        if !image.is_target {
            image.pixels.faults(&image.clip, None).into_iter().for_each(|fault| complain(Some(&frame.host), fault));
        }
    }
    if let Some(target) = &frame.target {
        let faults = target.pixels.faults("Output", Some((target.window, target.field)));
        for fault in faults {
            complain(Some(&frame.host), fault);
        }
    }
    let Some(effect) = &frame.effect else { return };
    let spoilt = frame.spoil_texts();
    let open = {
        let trace = frame.trace();
        let count = |end: bool| {
            trace.progress.iter().filter(|step| matches!((step, end), (Progress::Start(..), false) | (Progress::End, true))).count()
        };
        count(false) > count(true)
    };
    let editing = {
        let mut life = effect.life();
        life.spoilt.extend(spoilt);
        life.in_progress &= !open;
        frame.action.contains("Changed") && std::mem::take(&mut life.editing) > 0
    };
    if open {
        complain(Some(&frame.host), "progress was not ended");
    }
    if editing {
        complain(Some(&frame.host), "an edit of parameters was not ended");
    }
}

/// Arguments of an action, which an effect may only read.
pub(crate) fn arguments(host: &Arc<HostState>, values: impl IntoIterator<Item = (&'static str, Vec<Slot>)>) -> Arc<PropertySet> {
    let set = PropertySet::new(host, "the arguments", &[]);
    values.into_iter().for_each(|(name, values)| set.put(name, values));
    set
}

/// Results of an action with what they are unless the effect says otherwise.
pub(crate) fn results(
    host: &Arc<HostState>,
    definitions: &[Definition],
    values: impl IntoIterator<Item = (String, Vec<Slot>)>,
) -> Arc<PropertySet> {
    let set = PropertySet::new(host, "the results", definitions);
    values.into_iter().for_each(|(name, values)| set.put(&name, values));
    set
}
