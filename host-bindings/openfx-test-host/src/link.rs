//! A loaded library and its connection to a host.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use ofx_host::abi::{OfxPlugin, Status};

use crate::error::{Error, Result};
use crate::host_state::HostState;
use crate::run::{run_alone, went_well};

/// A library, loaded for as long as anything uses it.
pub(crate) struct Loaded {
    pub(crate) plugins: Vec<&'static OfxPlugin>,
    /// Its path; empty for effects of this process.
    pub(crate) bundle: PathBuf,
    /// Held by renders of effects that allow one at a time.
    pub(crate) one_render: Mutex<()>,
    /// Keeps the library loaded.
    _library: Option<libloading::Library>,
}

impl Loaded {
    /// `library` holds the plug-ins; `None` for effects of this process.
    pub(crate) fn new(plugins: Vec<&'static OfxPlugin>, bundle: PathBuf, library: Option<libloading::Library>) -> Arc<Self> {
        Arc::new(Self { plugins, bundle, one_render: Mutex::default(), _library: library })
    }
}

/// Effects that are loaded for a host; they are unloaded when this is dropped.
pub(crate) struct Link {
    pub(crate) loaded: Arc<Loaded>,
    pub(crate) host: Arc<HostState>,
    /// The result of the load action of each plug-in.
    pub(crate) outcomes: Vec<Status>,
    /// Instances that exist.
    pub(crate) instances: AtomicUsize,
    unloaded: AtomicBool,
}

impl Link {
    /// Runs the load action of every plug-in, which must know the host already.
    pub(crate) fn load(loaded: &Arc<Loaded>, host: &Arc<HostState>) -> Arc<Self> {
        Arc::new(Self {
            loaded: Arc::clone(loaded),
            host: Arc::clone(host),
            outcomes: loaded.plugins.iter().map(|plugin| run_alone(plugin, "OfxActionLoad", host)).collect(),
            instances: AtomicUsize::new(0),
            unloaded: AtomicBool::new(false),
        })
    }

    /// Fails where the effects are unloaded.
    pub(crate) fn ensure_loaded(&self) -> Result<()> {
        if self.unloaded.load(Ordering::SeqCst) { Err(Error::new("the effect is unloaded")) } else { Ok(()) }
    }

    /// Runs the unload action of every loaded plug-in, once; returns the results.
    pub(crate) fn unload(&self) -> Vec<Status> {
        if self.unloaded.swap(true, Ordering::SeqCst) {
            return Vec::new();
        }
        let plugins = self.loaded.plugins.iter().zip(&self.outcomes).filter(|(_, outcome)| went_well(**outcome));
        plugins.map(|(plugin, _)| run_alone(plugin, "OfxActionUnload", &self.host)).collect()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.unload();
    }
}
