//! The suites, and which a host has.

mod effect;
mod keys;
mod memory;
mod message;
mod parameter;
mod progress;
mod property;

use std::ffi::{c_int, c_void};
use std::ptr::{from_ref, null};
use std::sync::Arc;

use ofx_host::abi::{Handle, Status, Text, status};

use crate::effect_state::EffectState;
use crate::frame::{Frame, complain};
use crate::guard::{guard, text};
use crate::host::{HostState, host_of};
use crate::registry;

/// The host's one function.
pub(crate) extern "C" fn fetch(host: Handle, name: Text, version: c_int) -> *const c_void {
    guard(null(), || {
        let Some(host) = host_of(host) else {
            complain(None, "fetchSuite: a handle that is no host");
            return null();
        };
        let name = text(name).unwrap_or_default();
        let suite = if host.settings.missing_suites.contains(&name) { null() } else { table(&host, &name, version) };
        host.records().suites.push((name, version, !suite.is_null()));
        suite
    })
}

fn table(host: &HostState, name: &str, version: c_int) -> *const c_void {
    let (messages, progress) = (host.settings.message_version, host.settings.progress_version);
    match (name, version) {
        ("OfxPropertySuite", 1) => from_ref(&property::SUITE).cast(),
        ("OfxImageEffectSuite", 1) => from_ref(&effect::SUITE).cast(),
        ("OfxParameterSuite", 1) => from_ref(&parameter::SUITE).cast(),
        ("OfxMessageSuite", 1) if messages >= 1 => from_ref(&message::SUITE_1).cast(),
        ("OfxMessageSuite", 2) if messages >= 2 => from_ref(&message::SUITE_2).cast(),
        ("OfxProgressSuite", 1) if progress >= 1 => from_ref(&progress::SUITE_1).cast(),
        ("OfxProgressSuite", 2) if progress >= 2 => from_ref(&progress::SUITE_2).cast(),
        _ => null(),
    }
}

/// What a function finds behind a handle, or the status that it is none.
fn known<T>(found: Option<Arc<T>>, what: &str) -> Result<Arc<T>, Status> {
    found.ok_or_else(|| {
        complain(None, format!("{what}: a handle that is none, or is none any more"));
        status::BAD_HANDLE
    })
}

fn effect(handle: Handle, call: &str) -> Result<Arc<EffectState>, Status> {
    known(registry::effect(handle), call)
}

/// Refuses with words.
fn refuse<T>(host: &Arc<HostState>, status: Status, words: String) -> Result<T, Status> {
    complain(Some(host), words);
    Err(status)
}

/// Refuses a call in an action in which it is not allowed.
fn only_in(effect: &Arc<EffectState>, call: &str, actions: &[&str]) -> Result<Arc<Frame>, Status> {
    match Frame::of(effect) {
        Some(frame) if actions.contains(&frame.action) => Ok(frame),
        Some(frame) => refuse(&effect.host, status::FAILED, format!("{call} is not allowed in {}", frame.action)),
        None => refuse(&effect.host, status::FAILED, format!("{call} outside of any action")),
    }
}
