//! What all suites use: objects behind handles, and refusals.

use std::sync::Arc;

use ofx_host::abi::{Handle, Status, status};

use crate::call::Call;
use crate::effect_state::{EffectState, Param};
use crate::host_state::HostState;
use crate::log::complain;
use crate::registry::{Kind, find};

/// The actions in which parameters may be set.
pub(super) const CHANGES: [&str; 3] = ["OfxActionInstanceChanged", "OfxActionBeginInstanceChanged", "OfxActionEndInstanceChanged"];

/// The object of a handle. A complaint names the function `call` where the handle is not valid.
pub(super) fn known<T: Send + Sync + 'static>(handle: Handle, kind: Kind, call: &str) -> Result<Arc<T>, Status> {
    valid(find(handle, kind), call)
}

/// `found`, or a complaint that the handle is not valid.
pub(super) fn valid<T>(found: Option<Arc<T>>, call: &str) -> Result<Arc<T>, Status> {
    found.ok_or_else(|| {
        complain(None, format!("{call}: an invalid handle"));
        status::BAD_HANDLE
    })
}

/// The effect of a handle.
pub(super) fn effect(handle: Handle, call: &str) -> Result<Arc<EffectState>, Status> {
    known(handle, Kind::Effect, call)
}

/// The effect of a parameter.
pub(super) fn owner(param: &Param) -> Result<Arc<EffectState>, Status> {
    param.effect.upgrade().ok_or(status::BAD_HANDLE)
}

/// Refuses with a complaint.
pub(super) fn refuse<T>(host: &HostState, status: Status, text: String) -> Result<T, Status> {
    complain(Some(&host.log), text);
    Err(status)
}

/// The running call of an effect, if `function` is allowed in it.
pub(super) fn only_in(effect: &EffectState, function: &str, actions: &[&str]) -> Result<Arc<Call>, Status> {
    match Call::of(effect) {
        Some(call) if actions.contains(&call.action()) => Ok(call),
        Some(call) => refuse(&effect.host, status::FAILED, format!("{function} is not allowed in {}", call.action())),
        None => refuse(&effect.host, status::FAILED, format!("{function} outside of any action")),
    }
}
