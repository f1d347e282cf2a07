//! An instance of the effect in a call: its clips, its parameters, and what can be told to its user.
//!
//! `unsafe`: calls of the suites; of those that take any number of arguments, with the types that the kind of a parameter asks for.
#![expect(unsafe_code, reason = "the suites are called")]

use std::ffi::{CStr, c_char, c_double, c_int};
use std::ptr;

use crate::abi::{Handle, Status, status};
use crate::clip::Clip;
use crate::error::{Error, Result};
use crate::names::value;
use crate::properties::{Properties, text_of};
use crate::suites::Suites;

/// The name of the messages of this effect.
const MESSAGE: &CStr = c"dedit";

/// An instance, for as long as a call.
pub struct Instance<'a> {
    handle: Handle,
    suites: &'static Suites,
    parameters: Handle,
    life: std::marker::PhantomData<&'a ()>,
}

impl Instance<'_> {
    pub(crate) fn new(handle: Handle, suites: &'static Suites) -> Result<Self> {
        let mut parameters = ptr::null_mut();
        // SAFETY: the instance that the host calls about, and a place for the answer.
        let told = suites.effect.get_param_set.map(|get| unsafe { get(handle, &raw mut parameters) });
        match told {
            Some(status::OK) => Ok(Self { handle, suites, parameters, life: std::marker::PhantomData }),
            told => Err(Error::of("the set of parameters", told.unwrap_or(status::MISSING_HOST_FEATURE))),
        }
    }

    /// A clip; `None` where this context has none of that name.
    pub fn clip(&self, name: &CStr) -> Option<Clip<'_>> {
        let (mut clip, mut properties) = (ptr::null_mut(), ptr::null_mut());
        let get = self.suites.effect.clip_get_handle?;
        // SAFETY: this instance, a text that ends with zero, and places for the answers.
        let told = unsafe { get(self.handle, name.as_ptr(), &raw mut clip, &raw mut properties) };
        let found = told == status::OK && !clip.is_null() && !properties.is_null();
        found.then(|| Clip::new(clip, name.to_string_lossy().into_owned(), Properties::new(properties, self.suites), self.suites))
    }

    fn parameter(&self, name: &CStr) -> Result<Handle> {
        let (mut parameter, mut properties) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: this instance's set, a text that ends with zero, and places for the answers.
        let told = self
            .suites
            .parameter
            .get_handle
            .map(|get| unsafe { get(self.parameters, name.as_ptr(), &raw mut parameter, &raw mut properties) });
        let what = || format!("the parameter {}", name.to_string_lossy());
        match told {
            Some(status::OK) if !parameter.is_null() => Ok(parameter),
            Some(status::OK) => Err(Error::of(&what(), status::BAD_HANDLE)),
            told => Err(Error::of(&what(), told.unwrap_or(status::MISSING_HOST_FEATURE))),
        }
    }

    fn read(name: &CStr, told: Option<Status>) -> Result<()> {
        match told {
            Some(status::OK) => Ok(()),
            told => {
                let what = format!("the value of {}", name.to_string_lossy());
                Err(Error::of(&what, told.unwrap_or(status::MISSING_HOST_FEATURE)))
            }
        }
    }

    /// The text of a parameter.
    ///
    /// # Errors
    /// Where the host has no such parameter, or refuses; as for all others.
    pub fn text(&self, name: &CStr, time: f64) -> Result<String> {
        let parameter = self.parameter(name)?;
        let mut text: *mut c_char = ptr::null_mut();
        // SAFETY: a parameter of texts, for which the argument is a place for a pointer to characters.
        let told = self.suites.parameter.get_value_at_time.map(|get| unsafe { get(parameter, time, &raw mut text) });
        Self::read(name, told)?;
        if text.is_null() {
            return Ok(String::new());
        }
        // SAFETY: a text of the host's, which holds until the next call about the parameter; it is copied at once.
        Ok(unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
    }

    /// The number of a parameter.
    pub fn number(&self, name: &CStr, time: f64) -> Result<f64> {
        let parameter = self.parameter(name)?;
        let mut number: c_double = 0.0;
        // SAFETY: a parameter of a number, for which the argument is a place for a double.
        let told = self.suites.parameter.get_value_at_time.map(|get| unsafe { get(parameter, time, &raw mut number) });
        Self::read(name, told).map(|()| number)
    }

    /// The two numbers of a parameter.
    pub fn vector(&self, name: &CStr, time: f64) -> Result<[f64; 2]> {
        let parameter = self.parameter(name)?;
        let mut numbers: [c_double; 2] = [0.0; 2];
        let [first, second] = &mut numbers;
        // SAFETY: a parameter of two numbers, for which the arguments are places for two doubles.
        let told =
            self.suites.parameter.get_value_at_time.map(|get| unsafe { get(parameter, time, ptr::from_mut(first), ptr::from_mut(second)) });
        Self::read(name, told).map(|()| numbers)
    }

    /// The whole number of a parameter: also the place of a choice, and 0 or 1 of a switch.
    pub fn whole(&self, name: &CStr, time: f64) -> Result<i32> {
        let parameter = self.parameter(name)?;
        let mut whole: c_int = 0;
        // SAFETY: a parameter of whole numbers, for which the argument is a place for an int.
        let told = self.suites.parameter.get_value_at_time.map(|get| unsafe { get(parameter, time, &raw mut whole) });
        Self::read(name, told).map(|()| whole)
    }

    /// Sets the text of a parameter; allowed where changes are heard of alone.
    pub fn set_text(&self, name: &CStr, text: &str) -> Result<()> {
        let (parameter, text) = (self.parameter(name)?, text_of(text));
        // SAFETY: a parameter of texts, for which the argument is a pointer to characters, which the host copies.
        let told = self.suites.parameter.set_value.map(|set| unsafe { set(parameter, text.as_ptr()) });
        Self::read(name, told)
    }

    /// Sets the whole number of a parameter, as [`set_text`](Self::set_text).
    pub fn set_whole(&self, name: &CStr, whole: i32) -> Result<()> {
        let parameter = self.parameter(name)?;
        // SAFETY: a parameter of whole numbers, for which the argument is an int.
        let told = self.suites.parameter.set_value.map(|set| unsafe { set(parameter, c_int::from(whole)) });
        Self::read(name, told)
    }

    /// Whether the host wants what it asked for no longer.
    pub fn is_aborted(&self) -> bool {
        // SAFETY: this instance.
        self.suites.effect.abort.is_some_and(|abort| unsafe { abort(self.handle) } != 0)
    }

    /// Shows how far something is, until it is dropped; where the host cannot, nothing is shown.
    pub fn progress(&self, label: &str) -> Progress<'_> {
        let text = text_of(label);
        let (first, second) = (self.suites.progress.and_then(|suite| suite.start), self.suites.progress_v2.and_then(|suite| suite.start));
        let told = match (first, second) {
            // SAFETY: this instance and a text that ends with zero.
            (Some(start), _) => unsafe { start(self.handle, text.as_ptr()) },
            // SAFETY: as above.
            (None, Some(start)) => unsafe { start(self.handle, text.as_ptr(), c"".as_ptr()) },
            (None, None) => status::MISSING_HOST_FEATURE,
        };
        Progress { instance: self, is_shown: told == status::OK }
    }

    /// Shows an error that stays until it is cleared. Where the host cannot, it is said once, and where it cannot do that either, where a terminal shows it.
    pub fn say_error(&self, message: &str) {
        let text = text_of(message);
        let persistent = self.suites.message.and_then(|suite| suite.set_persistent_message);
        let once = self.suites.message.or(self.suites.message_alone).and_then(|suite| suite.message);
        let told = persistent.or(once).map(|say| {
            // SAFETY: this instance and texts that end with zero; the format has one text.
            unsafe { say(self.handle, value::ERROR.as_ptr(), MESSAGE.as_ptr(), c"%s".as_ptr(), text.as_ptr()) }
        });
        if told.is_none() {
            complain(message);
        }
    }

    /// Says something once, for people to read.
    pub fn say(&self, message: &str) {
        let text = text_of(message);
        if let Some(say) = self.suites.message.or(self.suites.message_alone).and_then(|suite| suite.message) {
            // SAFETY: as in `say_error`.
            unsafe { say(self.handle, value::MESSAGE.as_ptr(), MESSAGE.as_ptr(), c"%s".as_ptr(), text.as_ptr()) };
        }
    }

    /// Takes back an error that stayed.
    pub fn clear_error(&self) {
        if let Some(clear) = self.suites.message.and_then(|suite| suite.clear_persistent_message) {
            // SAFETY: this instance.
            unsafe { clear(self.handle) };
        }
    }
}

/// How far something is, as the host shows it.
pub struct Progress<'a> {
    instance: &'a Instance<'a>,
    is_shown: bool,
}

impl Progress<'_> {
    /// Whether the host shows it, and its user can stop it there.
    pub fn is_shown(&self) -> bool {
        self.is_shown
    }

    /// Shows a share from 0 to 1. Whether to go on.
    pub fn update(&self, share: f64) -> bool {
        if !self.is_shown {
            return true;
        }
        let suites = self.instance.suites;
        let update = suites.progress.and_then(|suite| suite.update).or_else(|| suites.progress_v2.and_then(|suite| suite.update));
        // SAFETY: the instance whose progress is shown.
        update.is_none_or(|update| unsafe { update(self.instance.handle, share.clamp(0.0, 1.0)) } != status::NO)
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

/// Says something where a terminal shows it.
pub(crate) fn complain(message: &str) {
    use std::io::Write as _;
    // A terminal that was closed is no reason to fail once more.
    let _ = writeln!(std::io::stderr(), "D-Edit: {message}");
}
