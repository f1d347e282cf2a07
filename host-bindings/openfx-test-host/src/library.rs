//! Libraries with effects, and their connection to hosts.
#![expect(unsafe_code, reason = "a library is loaded, and its functions are called")]

use std::ffi::{CStr, c_int};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use ofx_host::abi::{OfxPlugin, Status};

use crate::effect::Effect;
use crate::error::{Error, Result};
use crate::host::Host;
use crate::link::{Link, Loaded};
use crate::run::went_well;

/// The description of a plug-in in a library.
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
        // SAFETY: running the initialisers of the tested library is intended.
        let library = unsafe { libloading::Library::new(&file) }.map_err(|error| Error::new(format!("{}: {error}", file.display())))?;
        let lacks = |name: &str| Error::new(format!("{} has no function {name}", file.display()));
        // SAFETY: the type that OpenFX prescribes.
        let count = unsafe { library.get::<CountPlugins>("OfxGetNumberOfPlugins") }.map_err(|_| lacks("OfxGetNumberOfPlugins"))?;
        // SAFETY: as above.
        let get = unsafe { library.get::<GetPlugin>("OfxGetPlugin") }.map_err(|_| lacks("OfxGetPlugin"))?;
        // SAFETY: called in the order that OpenFX prescribes.
        let count = unsafe { count() };
        // SAFETY: as above, with an index within bounds; null, or a structure that lives as long as the library, which is kept with it.
        let plugins = (0..count).map(|index| unsafe { get(index).as_ref::<'static>() }).collect::<Option<Vec<_>>>();
        let plugins = plugins.ok_or_else(|| Error::new(format!("{} counts {count} effects, but gives less", file.display())))?;
        // SAFETY: as above.
        if [-1, count].into_iter().any(|index| !unsafe { get(index) }.is_null()) {
            return Err(Error::new(format!("{} gives effects beyond the {count} that it counts", file.display())));
        }
        Ok(Self { loaded: Loaded::new(plugins, bundle.to_owned(), Some(library)) })
    }

    /// An effect of this process.
    pub fn in_process(plugin: &'static OfxPlugin) -> Self {
        Self { loaded: Loaded::new(vec![plugin], PathBuf::new(), None) }
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

    /// Sets the host and runs the load actions, whose results are in [`Connection::loaded`]. Effects are unloaded when everything made from the connection
    /// is dropped.
    pub fn connect(&self, host: &Host) -> Result<Connection> {
        for plugin in &self.loaded.plugins {
            let set_host = plugin.set_host.ok_or_else(|| Error::new("an effect has no setHost"))?;
            // SAFETY: the structure lives as long as this process.
            unsafe { set_host(host.state.structure()) };
        }
        Ok(Connection { link: Link::load(&self.loaded, &host.state) })
    }
}

/// The path of the library in a bundle.
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
    // SAFETY: not null; the strings of a plug-in's structure live as long as the structure.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// A library that is loaded for a host.
#[derive(Clone)]
pub struct Connection {
    link: Arc<Link>,
}

impl Connection {
    /// The result of each load action.
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

    /// Runs the unload actions and returns their results. No instance may exist any more; effects cannot be used afterwards.
    pub fn unload(self) -> Result<Vec<Status>> {
        match self.link.instances.load(Ordering::SeqCst) {
            0 => Ok(self.link.unload()),
            count => Err(Error::new(format!("{count} instances still exist"))),
        }
    }
}
