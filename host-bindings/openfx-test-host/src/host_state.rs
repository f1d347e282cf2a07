//! A host behind its handle.
#![expect(unsafe_code, reason = "the host's structure is shared between threads")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ofx_host::abi::{Handle, OfxHost};

use crate::log::HostLog;
use crate::property_set::PropertySet;
use crate::settings::HostSettings;

/// A structure that effects keep a pointer to.
struct Lasting(&'static OfxHost);

// SAFETY: the structure is not written after this is made, and the handle in it is a number.
unsafe impl Send for Lasting {}
// SAFETY: as above.
unsafe impl Sync for Lasting {}

/// A host.
pub(crate) struct HostState {
    pub(crate) settings: HostSettings,
    pub(crate) log: Arc<HostLog>,
    /// Whether questions are answered with yes.
    says_yes: AtomicBool,
    properties: Arc<PropertySet>,
    structure: Lasting,
}

/// All hosts of the process. They are never freed: an effect may keep the pointer to its host as long as it is loaded, and a library may never be unloaded.
static HOSTS: Mutex<Vec<Arc<HostState>>> = Mutex::new(Vec::new());

impl HostState {
    /// Adds a host; `fetch_suite` is the function that effects call.
    pub(crate) fn add(settings: HostSettings, log: Arc<HostLog>, properties: Arc<PropertySet>, fetch_suite: FetchSuite) -> Arc<Self> {
        let structure = OfxHost { properties: properties.handle(), fetch_suite: Some(fetch_suite) };
        let structure = Lasting(Box::leak(Box::new(structure)));
        let state = Arc::new(Self { settings, log, says_yes: AtomicBool::new(false), properties, structure });
        HOSTS.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&state));
        state
    }

    /// The host of a handle.
    pub(crate) fn find(handle: Handle) -> Option<Arc<Self>> {
        let hosts = HOSTS.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.iter().find(|host| host.properties.handle() == handle).cloned()
    }

    /// The argument of `setHost`.
    pub(crate) fn structure(&self) -> *mut OfxHost {
        std::ptr::from_ref(self.structure.0).cast_mut()
    }

    pub(crate) fn says_yes(&self) -> bool {
        self.says_yes.load(Ordering::SeqCst)
    }

    pub(crate) fn say_yes(&self, yes: bool) {
        self.says_yes.store(yes, Ordering::SeqCst);
    }
}

type FetchSuite = unsafe extern "C" fn(Handle, ofx_host::abi::Text, std::ffi::c_int) -> *const std::ffi::c_void;
