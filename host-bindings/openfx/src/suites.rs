//! The suites of the host, fetched once.
//!
//! `unsafe`: the host's pointers are dereferenced. The specification guarantees that they are valid until the library is unloaded.
#![expect(unsafe_code, reason = "pointers of the host are dereferenced")]

use std::ffi::{CStr, c_int};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{PoisonError, RwLock};

use crate::abi::{Handle, ImageEffectSuite, MessageSuite, OfxHost, ParameterSuite, ProgressSuite, ProgressSuiteV2, PropertySuite};
use crate::error::{Error, Result};
use crate::names::suite;

/// The suites of a host.
pub(crate) struct Suites {
    /// The host's own properties.
    pub(crate) host: Handle,
    pub(crate) property: &'static PropertySuite,
    pub(crate) effect: &'static ImageEffectSuite,
    pub(crate) parameter: &'static ParameterSuite,
    /// Version 2, with persistent messages.
    pub(crate) message: Option<&'static MessageSuite>,
    /// Version 1, whose table ends after `message`: the other fields must not be read.
    pub(crate) message_v1: Option<&'static MessageSuite>,
    pub(crate) progress: Option<&'static ProgressSuite>,
    pub(crate) progress_v2: Option<&'static ProgressSuiteV2>,
    /// The host that they belong to.
    owner: *mut OfxHost,
}

// SAFETY: the handle is never dereferenced, and OpenFX allows suites to be called from any thread that the host uses.
unsafe impl Send for Suites {}
// SAFETY: as above; nothing in it is mutated.
unsafe impl Sync for Suites {}

/// The host of the last `setHost`.
static HOST: AtomicPtr<OfxHost> = AtomicPtr::new(ptr::null_mut());
/// Its suites, after the first action.
static SUITES: RwLock<Option<&'static Suites>> = RwLock::new(None);

/// Remembers the host. The specification forbids using it before the load action.
pub(crate) fn remember_host(host: *mut OfxHost) {
    HOST.store(host, Ordering::Release);
}

/// The suites of the host of the last `setHost`.
pub(crate) fn suites() -> Result<&'static Suites> {
    let host = HOST.load(Ordering::Acquire);
    let known = *SUITES.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = known.filter(|known| known.owner == host) {
        return Ok(known);
    }
    let fetched = fetch(host)?;
    let mut kept = SUITES.write().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = kept.filter(|known| known.owner == host) {
        return Ok(known);
    }
    // Leaked on purpose: actions in other threads may still use the suites of an earlier host. A process has few hosts.
    let leaked: &'static Suites = Box::leak(Box::new(fetched));
    *kept = Some(leaked);
    Ok(leaked)
}

fn fetch(owner: *mut OfxHost) -> Result<Suites> {
    // SAFETY: null, or the argument of `set_host`, which is valid until the library is unloaded.
    let host = unsafe { owner.as_ref() }.ok_or_else(|| Error::lacking("host structure: it did not call setHost"))?;
    let get = |name: &CStr, version: c_int| {
        // SAFETY: the host's own function with its own handle, and a string that ends with zero.
        host.fetch_suite.map_or(ptr::null(), |fetch| unsafe { fetch(host.properties, name.as_ptr(), version) })
    };
    // SAFETY: null, or a suite of the requested name and version, which is valid until the library is unloaded.
    let property = unsafe { get(suite::PROPERTY, 1).cast::<PropertySuite>().as_ref() };
    // SAFETY: as above.
    let effect = unsafe { get(suite::IMAGE_EFFECT, 1).cast::<ImageEffectSuite>().as_ref() };
    // SAFETY: as above.
    let parameter = unsafe { get(suite::PARAMETER, 1).cast::<ParameterSuite>().as_ref() };
    // SAFETY: as above.
    let message = unsafe { get(suite::MESSAGE, 2).cast::<MessageSuite>().as_ref() };
    // SAFETY: as above, and of version 1 only the first function is read.
    let message_v1 = unsafe { get(suite::MESSAGE, 1).cast::<MessageSuite>().as_ref() };
    // SAFETY: as above.
    let progress = unsafe { get(suite::PROGRESS, 1).cast::<ProgressSuite>().as_ref() };
    // SAFETY: as above.
    let progress_v2 = unsafe { get(suite::PROGRESS, 2).cast::<ProgressSuiteV2>().as_ref() };
    Ok(Suites {
        host: host.properties,
        property: property.ok_or_else(|| Error::lacking("property suite"))?,
        effect: effect.ok_or_else(|| Error::lacking("image effect suite"))?,
        parameter: parameter.ok_or_else(|| Error::lacking("parameter suite"))?,
        message,
        message_v1,
        progress,
        progress_v2,
        owner,
    })
}
