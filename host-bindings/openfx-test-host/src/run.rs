//! One action from the host's side: the effect is called, and checked afterwards for what it left behind.
#![expect(unsafe_code, reason = "the entry point of an effect is called")]

use std::ffi::c_void;
use std::sync::Arc;

use ofx_host::abi::{Handle, OfxPlugin, Status, status};

use crate::call::Call;
use crate::definitions::Definition;
use crate::effect_state::EffectState;
use crate::host_state::HostState;
use crate::log::{HostLog, Message, Progress, complain};
use crate::prop::{Slot, c_text};
use crate::property_set::PropertySet;

/// The result of an action.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// The status that the effect returned.
    pub status: Status,
    /// Errors of the effect.
    pub complaints: Vec<String>,
    /// Its messages.
    pub messages: Vec<Message>,
    /// The progress that it showed.
    pub progress: Vec<Progress>,
    /// How often it asked whether to stop.
    pub aborts: usize,
    /// How many images it released.
    pub released: usize,
    /// Parameters that it set.
    pub set: Vec<String>,
}

impl Outcome {
    /// Whether the action succeeded or was left to the host.
    pub fn went_well(&self) -> bool {
        went_well(self.status)
    }
}

/// Whether an action succeeded or was left to the host.
pub(crate) fn went_well(outcome: Status) -> bool {
    matches!(outcome, status::OK | status::DEFAULT)
}

/// Calls an effect. `then` checks the results; its complaints belong to the same action.
pub(crate) fn run(
    plugin: &OfxPlugin,
    call: Call,
    arguments: Option<&PropertySet>,
    results: Option<&PropertySet>,
    then: impl FnOnce(Status),
) -> Outcome {
    let call = Arc::new(call);
    let handle = |set: Option<&PropertySet>| set.map_or(std::ptr::null_mut(), PropertySet::handle);
    let effect: Handle = call.effect.as_ref().map_or(std::ptr::null_mut(), |effect| effect.registration.handle());
    let status = call.enter(|| {
        let status = enter(plugin, call.action(), effect, handle(arguments), handle(results));
        check_leftovers(&call);
        then(status);
        status
    });
    let mut records = call.log.records();
    Outcome {
        status,
        complaints: std::mem::take(&mut records.complaints),
        messages: std::mem::take(&mut records.messages),
        progress: std::mem::take(&mut records.progress),
        aborts: call.aborts(),
        released: call.images.released(),
        set: std::mem::take(&mut records.set),
    }
}

/// Runs an action without a handle, arguments or results.
pub(crate) fn run_alone(plugin: &OfxPlugin, action: &'static str, host: &Arc<HostState>) -> Status {
    run(plugin, Call::new(action, host, None), None, None, |_| {}).status
}

fn enter(plugin: &OfxPlugin, action: &str, handle: Handle, arguments: Handle, results: Handle) -> Status {
    let Some(entry) = plugin.main_entry else { return status::FAILED };
    let action = c_text(action);
    // SAFETY: the entry point of an effect whose library is loaded; handles are numbers.
    unsafe { entry(action.as_ptr(), handle.cast::<c_void>().cast_const(), arguments, results) }
}

/// Complains of images that were not released, writes outside the window, and progress or edits that were not ended.
fn check_leftovers(call: &Call) {
    let log = Some(&call.host.log);
    for image in call.images.take() {
        complain(log, format!("an image of {} was not released", image.clip));
        if !image.is_target {
            image.complain_of_writes();
        }
    }
    if let Some(target) = &call.target {
        for fault in target.pixels.faults("Output", Some((target.window, target.field))) {
            complain(log, fault);
        }
    }
    if let Some(effect) = &call.effect {
        check_effect(call, effect);
    }
}

fn check_effect(call: &Call, effect: &EffectState) {
    let log = Some(&call.host.log);
    let spoilt = call.spoil_texts();
    let open = {
        let records = call.log.records();
        let count = |end: bool| {
            records.progress.iter().filter(|step| matches!((step, end), (Progress::Start(..), false) | (Progress::End, true))).count()
        };
        count(false) > count(true)
    };
    let editing = {
        let mut life = effect.life();
        life.spoilt.extend(spoilt);
        life.in_progress &= !open;
        call.action().contains("Changed") && std::mem::take(&mut life.editing) > 0
    };
    if open {
        complain(log, "progress was not ended");
    }
    if editing {
        complain(log, "an edit of parameters was not ended");
    }
}

/// The arguments of an action, read-only for the effect.
pub(crate) fn arguments(log: &Arc<HostLog>, values: impl IntoIterator<Item = (&'static str, Vec<Slot>)>) -> Arc<PropertySet> {
    let set = PropertySet::new(log, "the arguments", &[]);
    values.into_iter().for_each(|(name, values)| set.put(name, values));
    set
}

/// The results of an action, with their defaults.
pub(crate) fn results(
    log: &Arc<HostLog>,
    definitions: &[Definition],
    values: impl IntoIterator<Item = (String, Vec<Slot>)>,
) -> Arc<PropertySet> {
    let set = PropertySet::new(log, "the results", definitions);
    values.into_iter().for_each(|(name, values)| set.put(&name, values));
    set
}
