//! The suites of the host, fetched once.
//!
//! `unsafe`: the host's pointers are read here, and nowhere before. The specification promises that they hold until the library is unloaded.
#![expect(unsafe_code, reason = "the pointers of the host are read")]

use std::ffi::{CStr, c_int};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{PoisonError, RwLock};

use crate::abi::{Handle, ImageEffectSuite, MessageSuite, OfxHost, ParameterSuite, ProgressSuite, ProgressSuiteV2, PropertySuite};
use crate::error::{Error, Result};
use crate::names::suite;

/// What a host offers. Pointers inside are only handed back to it.
pub(crate) struct Suites {
    /// The host's own properties.
    pub(crate) host: Handle,
    pub(crate) property: &'static PropertySuite,
    pub(crate) effect: &'static ImageEffectSuite,
    pub(crate) parameter: &'static ParameterSuite,
    /// With the functions for messages that stay.
    pub(crate) message: Option<&'static MessageSuite>,
    /// Without: of it `message` alone may be looked at.
    pub(crate) message_alone: Option<&'static MessageSuite>,
    pub(crate) progress: Option<&'static ProgressSuite>,
    pub(crate) progress_v2: Option<&'static ProgressSuiteV2>,
    /// Whose they are.
    of: *mut OfxHost,
}

// SAFETY: the handle inside is never looked into, and OpenFX lets suites be called from any thread that the host calls.
unsafe impl Send for Suites {}
// SAFETY: as above; nothing in it changes.
unsafe impl Sync for Suites {}

/// The host that was named last.
static HOST: AtomicPtr<OfxHost> = AtomicPtr::new(ptr::null_mut());
/// Its suites, once they were asked for.
static SUITES: RwLock<Option<&'static Suites>> = RwLock::new(None);

/// Notes the host; nothing of it may be used before it loads the effect.
pub(crate) fn name_host(host: *mut OfxHost) {
    HOST.store(host, Ordering::Release);
}

/// The suites of the host that was named last.
pub(crate) fn suites() -> Result<&'static Suites> {
    let host = HOST.load(Ordering::Acquire);
    let known = *SUITES.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = known.filter(|known| known.of == host) {
        return Ok(known);
    }
    let fetched = fetch(host)?;
    let mut kept = SUITES.write().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = kept.filter(|known| known.of == host) {
        return Ok(known);
    }
    // Kept for ever: calls of another thread may still use the last host's. There are few hosts in a process.
    let leaked: &'static Suites = Box::leak(Box::new(fetched));
    *kept = Some(leaked);
    Ok(leaked)
}

fn fetch(of: *mut OfxHost) -> Result<Suites> {
    // SAFETY: null, or what the host gave to `set_host`, which holds until the library is unloaded.
    let host = unsafe { of.as_ref() }.ok_or_else(|| Error::lacking("connection to this effect: it did not say who it is"))?;
    let get = |name: &CStr, version: c_int| {
        // SAFETY: the host's own function with its own handle, and a text that ends with zero.
        host.fetch_suite.map_or(ptr::null(), |fetch| unsafe { fetch(host.properties, name.as_ptr(), version) })
    };
    // SAFETY: null, or a suite of the name and version that was asked for, which holds until the library is unloaded.
    let property = unsafe { get(suite::PROPERTY, 1).cast::<PropertySuite>().as_ref() };
    // SAFETY: as above.
    let effect = unsafe { get(suite::IMAGE_EFFECT, 1).cast::<ImageEffectSuite>().as_ref() };
    // SAFETY: as above.
    let parameter = unsafe { get(suite::PARAMETER, 1).cast::<ParameterSuite>().as_ref() };
    // SAFETY: as above.
    let message = unsafe { get(suite::MESSAGE, 2).cast::<MessageSuite>().as_ref() };
    // SAFETY: as above, and of version 1 only the first function is looked at.
    let message_alone = unsafe { get(suite::MESSAGE, 1).cast::<MessageSuite>().as_ref() };
    // SAFETY: as above.
    let progress = unsafe { get(suite::PROGRESS, 1).cast::<ProgressSuite>().as_ref() };
    // SAFETY: as above.
    let progress_v2 = unsafe { get(suite::PROGRESS, 2).cast::<ProgressSuiteV2>().as_ref() };
    Ok(Suites {
        host: host.properties,
        property: property.ok_or_else(|| Error::lacking("suite of properties"))?,
        effect: effect.ok_or_else(|| Error::lacking("suite of image effects"))?,
        parameter: parameter.ok_or_else(|| Error::lacking("suite of parameters"))?,
        message,
        message_alone,
        progress,
        progress_v2,
        of,
    })
}
