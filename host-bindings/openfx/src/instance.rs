//! An instance of the effect during an action: its clips, its parameters, and messages to its user.
//!
//! `unsafe`: calls of the suites. Variadic functions get arguments of the types that the kind of the parameter requires.
#![expect(unsafe_code, reason = "the suites are called")]

use std::ffi::{CStr, c_char, c_double, c_int};
use std::ptr;

use crate::abi::{Handle, Status, status};
use crate::clip::Clip;
use crate::declaration::ClipDeclaration;
use crate::error::{Error, Result};
use crate::names::value;
use crate::properties::{Properties, text_of};
use crate::suites::Suites;

/// An instance, for the duration of an action.
pub struct Instance<'a> {
    handle: Handle,
    suites: &'static Suites,
    parameters: Handle,
    label: &'static CStr,
    clips: &'static [ClipDeclaration],
    life: std::marker::PhantomData<&'a ()>,
}

impl Instance<'_> {
    /// `clips` are those of the instance's context; `label` is the effect's.
    pub(crate) fn new(handle: Handle, label: &'static CStr, clips: &'static [ClipDeclaration], suites: &'static Suites) -> Result<Self> {
        let mut parameters = ptr::null_mut();
        // SAFETY: the instance that the action is about, and a place for the result.
        let status = suites.effect.get_param_set.map(|get| unsafe { get(handle, &raw mut parameters) });
        match status {
            Some(status::OK) => Ok(Self { handle, suites, parameters, label, clips, life: std::marker::PhantomData }),
            status => Err(Error::of("the set of parameters", status)),
        }
    }

    /// The clips of its context.
    pub fn clips(&self) -> &'static [ClipDeclaration] {
        self.clips
    }

    /// A clip; `None` where the context or the host has none of that name.
    pub fn clip(&self, name: &CStr) -> Option<Clip<'_>> {
        let declaration = self.clips.iter().find(|clip| clip.name == name)?;
        let (mut clip, mut properties) = (ptr::null_mut(), ptr::null_mut());
        let get = self.suites.effect.clip_get_handle?;
        // SAFETY: this instance, a string that ends with zero, and places for the results.
        let status = unsafe { get(self.handle, name.as_ptr(), &raw mut clip, &raw mut properties) };
        let found = status == status::OK && !clip.is_null() && !properties.is_null();
        found.then(|| Clip::new(clip, declaration, Properties::new(properties, self.suites), self.suites))
    }

    fn parameter(&self, name: &str) -> Result<Handle> {
        let (mut parameter, mut properties) = (ptr::null_mut(), ptr::null_mut());
        let c_name = text_of(name);
        // SAFETY: the parameter set of this instance, a string that ends with zero, and places for the results.
        let status = self
            .suites
            .parameter
            .get_handle
            .map(|get| unsafe { get(self.parameters, c_name.as_ptr(), &raw mut parameter, &raw mut properties) });
        let what = || format!("the parameter {name}");
        match status {
            Some(status::OK) if !parameter.is_null() => Ok(parameter),
            Some(status::OK) => Err(Error::of(&what(), Some(status::BAD_HANDLE))),
            status => Err(Error::of(&what(), status)),
        }
    }

    fn accepted(name: &str, status: Option<Status>) -> Result<()> {
        match status {
            Some(status::OK) => Ok(()),
            status => Err(Error::of(&format!("the value of {name}"), status)),
        }
    }

    /// The text of a parameter.
    ///
    /// # Errors
    /// Where the host has no such parameter or refuses; as for the other methods that read or set parameters.
    pub fn text(&self, name: &str, time: f64) -> Result<String> {
        let parameter = self.parameter(name)?;
        let mut text: *mut c_char = ptr::null_mut();
        // SAFETY: for a text parameter the argument is a place for a pointer to characters.
        let status = self.suites.parameter.get_value_at_time.map(|get| unsafe { get(parameter, time, &raw mut text) });
        Self::accepted(name, status)?;
        if text.is_null() {
            return Ok(String::new());
        }
        // SAFETY: a string of the host's, valid until the next call about the parameter; it is copied at once.
        Ok(unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
    }

    /// The number of a parameter.
    pub fn number(&self, name: &str, time: f64) -> Result<f64> {
        let parameter = self.parameter(name)?;
        let mut number: c_double = 0.0;
        // SAFETY: for a number parameter the argument is a place for a double.
        let status = self.suites.parameter.get_value_at_time.map(|get| unsafe { get(parameter, time, &raw mut number) });
        Self::accepted(name, status).map(|()| number)
    }

    /// The two numbers of a parameter.
    pub fn vector(&self, name: &str, time: f64) -> Result<[f64; 2]> {
        let parameter = self.parameter(name)?;
        let mut numbers: [c_double; 2] = [0.0; 2];
        let [first, second] = &mut numbers;
        // SAFETY: for a parameter of two numbers the arguments are places for two doubles.
        let status =
            self.suites.parameter.get_value_at_time.map(|get| unsafe { get(parameter, time, ptr::from_mut(first), ptr::from_mut(second)) });
        Self::accepted(name, status).map(|()| numbers)
    }

    /// The value of an integer parameter; also the index of a choice, and 0 or 1 of a switch.
    pub fn integer(&self, name: &str, time: f64) -> Result<i32> {
        let parameter = self.parameter(name)?;
        let mut value: c_int = 0;
        // SAFETY: for an integer parameter the argument is a place for an int.
        let status = self.suites.parameter.get_value_at_time.map(|get| unsafe { get(parameter, time, &raw mut value) });
        Self::accepted(name, status).map(|()| value)
    }

    /// Sets the text of a parameter; only allowed in [`changed`](crate::Effect::changed).
    pub fn set_text(&self, name: &str, text: &str) -> Result<()> {
        let (parameter, text) = (self.parameter(name)?, text_of(text));
        // SAFETY: for a text parameter the argument is a pointer to characters, which the host copies.
        let status = self.suites.parameter.set_value.map(|set| unsafe { set(parameter, text.as_ptr()) });
        Self::accepted(name, status)
    }

    /// Sets the value of an integer parameter, as [`set_text`](Self::set_text).
    pub fn set_integer(&self, name: &str, value: i32) -> Result<()> {
        let parameter = self.parameter(name)?;
        // SAFETY: for an integer parameter the argument is an int.
        let status = self.suites.parameter.set_value.map(|set| unsafe { set(parameter, c_int::from(value)) });
        Self::accepted(name, status)
    }

    /// Whether the host has asked to stop.
    pub fn is_aborted(&self) -> bool {
        // SAFETY: this instance.
        self.suites.effect.abort.is_some_and(|abort| unsafe { abort(self.handle) } != 0)
    }

    /// Shows progress until the result is dropped. Hosts without the suite show nothing.
    pub fn progress(&self) -> Progress<'_> {
        let (first, second) = (self.suites.progress.and_then(|suite| suite.start), self.suites.progress_v2.and_then(|suite| suite.start));
        let status = match (first, second) {
            // SAFETY: this instance and a string that ends with zero.
            (Some(start), _) => unsafe { start(self.handle, self.label.as_ptr()) },
            // SAFETY: as above.
            (None, Some(start)) => unsafe { start(self.handle, self.label.as_ptr(), c"".as_ptr()) },
            (None, None) => status::MISSING_HOST_FEATURE,
        };
        Progress { instance: self, is_shown: status == status::OK }
    }

    /// Shows an error until it is cleared. A host without persistent messages shows it once; one without messages gets it on its terminal.
    pub fn show_error(&self, message: &str) {
        let text = text_of(message);
        let persistent = self.suites.message.and_then(|suite| suite.set_persistent_message);
        let once = self.suites.message.or(self.suites.message_v1).and_then(|suite| suite.message);
        let status = persistent.or(once).map(|show| {
            // SAFETY: this instance and strings that end with zero; the format takes one string.
            unsafe { show(self.handle, value::ERROR.as_ptr(), self.label.as_ptr(), c"%s".as_ptr(), text.as_ptr()) }
        });
        if status.is_none() {
            print(self.label, message);
        }
    }

    /// Clears a persistent error.
    pub fn clear_error(&self) {
        if let Some(clear) = self.suites.message.and_then(|suite| suite.clear_persistent_message) {
            // SAFETY: this instance.
            unsafe { clear(self.handle) };
        }
    }
}

/// Progress that the host shows until this is dropped.
pub struct Progress<'a> {
    instance: &'a Instance<'a>,
    is_shown: bool,
}

impl Progress<'_> {
    /// Whether the host shows it, so that its user can cancel.
    pub fn is_shown(&self) -> bool {
        self.is_shown
    }

    /// Shows a fraction from 0 to 1. Returns whether to go on.
    pub fn update(&self, fraction: f64) -> bool {
        if !self.is_shown {
            return true;
        }
        let suites = self.instance.suites;
        let update = suites.progress.and_then(|suite| suite.update).or_else(|| suites.progress_v2.and_then(|suite| suite.update));
        // SAFETY: the instance whose progress is shown.
        update.is_none_or(|update| unsafe { update(self.instance.handle, fraction.clamp(0.0, 1.0)) } != status::NO)
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        let suites = self.instance.suites;
        let end = suites.progress.and_then(|suite| suite.end).or_else(|| suites.progress_v2.and_then(|suite| suite.end));
        if let Some(end) = end.filter(|_| self.is_shown) {
            // SAFETY: as in `update`.
            unsafe { end(self.instance.handle) };
        }
    }
}

/// Writes a message to standard error, with the effect's label.
pub(crate) fn print(label: &CStr, message: &str) {
    use std::io::Write as _;
    // A closed terminal is no reason for another failure.
    let _ = writeln!(std::io::stderr(), "{}: {message}", label.to_string_lossy());
}
