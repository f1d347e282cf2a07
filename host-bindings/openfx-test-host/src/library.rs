//! Effects in a library, and the way into them.
#![expect(unsafe_code, reason = "a library is loaded, and its functions are called")]

use std::ffi::{CStr, c_int, c_void};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use ofx_host::abi::{Handle, OfxPlugin, Status, status};

use crate::effect::Effect;
use crate::error::{Error, Result};
use crate::frame::Frame;
use crate::host::{Host, HostState};
use crate::property_set::c_text;
use crate::run::finish;

/// What stands in a library about an effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginInfo {
    /// The kind of plug-in.
    pub api: String,
    /// The version of that kind.
    pub api_version: i32,
    /// Its permanent name.
    pub identifier: String,
    /// Its version: major, minor.
    pub version: (u32, u32),
}

/// A library as long as anybody needs it.
pub(crate) struct Loaded {
    plugins: Vec<&'static OfxPlugin>,
    /// Where it is; empty for effects of this process.
    pub(crate) bundle: PathBuf,
    /// Held by renders of effects that take one at a time.
    pub(crate) one_render: Mutex<()>,
    _library: Option<libloading::Library>,
}

/// A library with effects.
#[derive(Clone)]
pub struct Library {
    loaded: Arc<Loaded>,
}

type CountPlugins = unsafe extern "C" fn() -> c_int;
type GetPlugin = unsafe extern "C" fn(c_int) -> *const OfxPlugin;

impl Library {
    /// Loads the library in a bundle (a folder `NAME.ofx.bundle`), or a library itself.
    pub fn load(bundle: &Path) -> Result<Self> {
        let file = if bundle.is_dir() { binary(bundle)? } else { bundle.to_owned() };
        // SAFETY: whoever tests an effect wants its initialisers to run.
        let library = unsafe { libloading::Library::new(&file) }.map_err(|error| Error::new(format!("{}: {error}", file.display())))?;
        let lacks = |name: &str| Error::new(format!("{} has no function {name}", file.display()));
        // SAFETY: OpenFX lays this type down.
        let count = unsafe { library.get::<CountPlugins>("OfxGetNumberOfPlugins") }.map_err(|_| lacks("OfxGetNumberOfPlugins"))?;
        // SAFETY: as above.
        let get = unsafe { library.get::<GetPlugin>("OfxGetPlugin") }.map_err(|_| lacks("OfxGetPlugin"))?;
        // SAFETY: called in the order that OpenFX lays down.
        let count = unsafe { count() };
        // SAFETY: as above, with an index within bounds; null, or a structure that stays as long as the library, which is kept beside it.
        let plugins = (0..count).map(|index| unsafe { get(index).as_ref::<'static>() }).collect::<Option<Vec<_>>>();
        let plugins = plugins.ok_or_else(|| Error::new(format!("{} counts {count} effects, but gives less", file.display())))?;
        // SAFETY: as above.
        if [-1, count].into_iter().any(|index| !unsafe { get(index) }.is_null()) {
            return Err(Error::new(format!("{} gives effects beyond the {count} that it counts", file.display())));
        }
        Ok(Self { loaded: Arc::new(Loaded { plugins, bundle: bundle.to_owned(), one_render: Mutex::default(), _library: Some(library) }) })
    }

    /// An effect of this process.
    pub fn in_process(plugin: &'static OfxPlugin) -> Self {
        Self { loaded: Arc::new(Loaded { plugins: vec![plugin], bundle: PathBuf::new(), one_render: Mutex::default(), _library: None }) }
    }

    /// The effects in it.
    pub fn plugins(&self) -> Vec<PluginInfo> {
        let plugins = self.loaded.plugins.iter();
        plugins
            .map(|plugin| PluginInfo {
                api: static_text(plugin.api),
                api_version: plugin.api_version,
                identifier: static_text(plugin.identifier),
                version: (plugin.version_major, plugin.version_minor),
            })
            .collect()
    }

    /// Tells the effects of a host and loads them. What that comes to, [`Connection::loaded`] says; it is unloaded when all that came of it is gone.
    pub fn connect(&self, host: &Host) -> Result<Connection> {
        let mut outcomes = Vec::new();
        for plugin in &self.loaded.plugins {
            let set_host = plugin.set_host.ok_or_else(|| Error::new("an effect has no setHost"))?;
            // SAFETY: the structure stays as long as this process.
            unsafe { set_host(host.state.structure()) };
            outcomes.push(lone_action(plugin, "OfxActionLoad", &host.state));
        }
        let link = Link {
            loaded: Arc::clone(&self.loaded),
            host: Arc::clone(&host.state),
            outcomes,
            unloaded: AtomicBool::new(false),
            instances: AtomicUsize::new(0),
        };
        Ok(Connection { link: Arc::new(link) })
    }
}

/// Where the library of a bundle lies.
fn binary(bundle: &Path) -> Result<PathBuf> {
    let name = bundle.file_stem().ok_or_else(|| Error::new(format!("{} is no bundle", bundle.display())))?;
    let folder = if cfg!(windows) {
        "Win64"
    } else if cfg!(target_os = "macos") {
        "MacOS"
    } else if cfg!(target_arch = "aarch64") {
        "Linux-aarch64"
    } else {
        "Linux-x86-64"
    };
    Ok(bundle.join("Contents").join(folder).join(name))
}

fn static_text(text: *const std::ffi::c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: not null; the texts of an effect's structure stay as it does.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// Calls an effect.
pub(crate) fn act(plugin: &OfxPlugin, action: &str, handle: Handle, arguments: Handle, results: Handle) -> Status {
    let Some(entry) = plugin.main_entry else { return status::FAILED };
    let action = c_text(action);
    // SAFETY: the entry of an effect whose library is loaded; handles are numbers that the host finds its own things by.
    unsafe { entry(action.as_ptr(), handle.cast::<c_void>().cast_const(), arguments, results) }
}

/// An action that is about no effect in particular.
fn lone_action(plugin: &OfxPlugin, action: &'static str, host: &Arc<HostState>) -> Status {
    let frame = Arc::new(Frame::new(action, host, None));
    let none = std::ptr::null_mut();
    frame.enter(|| {
        let status = act(plugin, action, none, none, none);
        finish(&frame);
        status
    })
}

/// Effects that know their host.
pub(crate) struct Link {
    pub(crate) loaded: Arc<Loaded>,
    pub(crate) host: Arc<HostState>,
    outcomes: Vec<Status>,
    unloaded: AtomicBool,
    /// Instances that live.
    pub(crate) instances: AtomicUsize,
}

impl Link {
    /// Whether effects may be called.
    pub(crate) fn ensure_loaded(&self) -> Result<()> {
        if self.unloaded.load(Ordering::SeqCst) { Err(Error::new("the effect is unloaded")) } else { Ok(()) }
    }

    fn unload(&self) -> Vec<Status> {
        if self.unloaded.swap(true, Ordering::SeqCst) {
            return Vec::new();
        }
        let plugins = self.loaded.plugins.iter().zip(&self.outcomes).filter(|(_, outcome)| went_well(**outcome));
        plugins.map(|(plugin, _)| lone_action(plugin, "OfxActionUnload", &self.host)).collect()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.unload();
    }
}

/// Whether an action was done, or left to the host.
pub(crate) fn went_well(outcome: Status) -> bool {
    matches!(outcome, status::OK | status::DEFAULT)
}

/// A library that is loaded for a host.
#[derive(Clone)]
pub struct Connection {
    link: Arc<Link>,
}

impl Connection {
    /// What each effect answered to being loaded.
    pub fn loaded(&self) -> Vec<Status> {
        self.link.outcomes.clone()
    }

    /// An effect by its identifier.
    pub fn effect(&self, identifier: &str) -> Result<Effect> {
        let plugins = self.link.loaded.plugins.iter().zip(&self.link.outcomes);
        let found = plugins.into_iter().find(|(plugin, _)| static_text(plugin.identifier) == identifier);
        match found {
            Some((plugin, outcome)) if went_well(*outcome) => Ok(Effect { plugin, link: Arc::clone(&self.link) }),
            Some((_, outcome)) => Err(Error::new(format!("{identifier} could not be loaded: status {outcome}"))),
            None => Err(Error::new(format!("there is no effect {identifier}"))),
        }
    }

    /// Unloads, and says what each effect answered. Instances have to be gone; what is left of effects cannot be used any more.
    pub fn unload(self) -> Result<Vec<Status>> {
        match self.link.instances.load(Ordering::SeqCst) {
            0 => Ok(self.link.unload()),
            count => Err(Error::new(format!("{count} instances are still there"))),
        }
    }
}
