//! The suites of a host.

mod access;
mod effect;
mod keys;
mod memory;
mod message;
mod parameter;
mod progress;
mod property;

use std::ffi::{c_int, c_void};
use std::ptr::{from_ref, null};

use ofx_host::abi::{Handle, Text};

use crate::guard::{guard, text};
use crate::host_state::HostState;
use crate::log::complain;

/// `fetchSuite`.
pub(crate) extern "C" fn fetch(host: Handle, name: Text, version: c_int) -> *const c_void {
    guard(null(), || {
        let Some(host) = HostState::find(host) else {
            complain(None, "fetchSuite: an invalid handle");
            return null();
        };
        let name = text(name).unwrap_or_default();
        let suite = if host.settings.missing_suites.contains(&name) { null() } else { table(&host, &name, version) };
        host.log.records().suites.push((name, version, !suite.is_null()));
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
