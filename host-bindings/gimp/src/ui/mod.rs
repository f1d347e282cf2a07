//! Dialogs, for plug-ins that ask: one way to show them with the GTK 2 of GIMP 2.10 and with the GTK 3 of GIMP 3.
//!
//! A [`Form`] says what is in a dialog, [`Ui::open`] shows it, and its [`Window`] tells what the user does whenever the program asks for
//! [events](Window::events). Nothing calls back into the program.

mod build;
mod controls;
mod entries;
mod form;
mod gtk;
mod picture;
mod signals;
mod store;
mod values;
mod window;

use std::marker::PhantomData;
use std::sync::OnceLock;
use std::thread::ThreadId;

pub use form::{Button, Control, Entry, Event, Form, List, Row};
pub use window::Window;

use crate::error::{Error, Result};
use crate::glib::c_message;
use crate::host::Version;
use gtk::Toolkit;

/// What was loaded, and on which thread: GTK stands neither a second version nor a second thread.
static LOADED: OnceLock<(Version, ThreadId)> = OnceLock::new();

/// GTK, ready to show dialogs. It stays on its thread.
pub struct Ui {
    toolkit: Toolkit,
    stays: PhantomData<*const ()>,
}

impl Ui {
    /// Loads the GTK of a GIMP that runs this plug-in. Dialogs look like GIMP's, and stay in front of its windows. `role` names the plug-in to the window
    /// manager. Where there is no screen, GTK ends the program.
    pub fn load(version: Version, role: &str) -> Result<Self> {
        Self::start(version, Some(role))
    }

    /// Loads GTK without any GIMP, for tests.
    pub fn alone(version: Version) -> Result<Self> {
        Self::start(version, None)
    }

    fn start(version: Version, role: Option<&str>) -> Result<Self> {
        let here = (version, std::thread::current().id());
        if *LOADED.get_or_init(|| here) != here {
            return Err(Error::new("GTK is loaded already: in another version, or by another thread"));
        }
        let toolkit = Toolkit::start(version, role.map(c_message).as_deref())?;
        Ok(Self { toolkit, stays: PhantomData })
    }

    /// Shows a dialog.
    pub fn open(&self, form: &Form) -> Window<'_> {
        build::open(&self.toolkit, form)
    }
}
