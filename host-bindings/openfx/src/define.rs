//! Clips and parameters as an effect defines them.
//!
//! `unsafe`: calls of the suites of image effects and parameters.
#![expect(unsafe_code, reason = "the suites are called")]

use std::ffi::CStr;
use std::ptr;

use crate::abi::{Handle, status};
use crate::error::{Error, Result};
use crate::names::{param, prop, value};
use crate::properties::Properties;
use crate::suites::Suites;

/// An effect in a context, to be defined.
pub struct Definition<'a> {
    effect: Properties<'a>,
    parameters: Handle,
    suites: &'static Suites,
}

impl<'a> Definition<'a> {
    /// Of an effect's handle.
    pub(crate) fn new(effect: Properties<'a>, suites: &'static Suites) -> Result<Self> {
        let mut parameters = ptr::null_mut();
        // SAFETY: the handle that the host described the effect with, and a place for the answer.
        let told = suites.effect.get_param_set.map(|get| unsafe { get(effect.handle(), &raw mut parameters) });
        if told != Some(status::OK) {
            return Err(Error::of("a set of parameters", told.unwrap_or(status::MISSING_HOST_FEATURE)));
        }
        Ok(Self { effect, parameters, suites })
    }

    /// Defines a clip, to be described by what is given back.
    ///
    /// # Errors
    /// Where the host refuses.
    pub fn clip(&self, name: &CStr) -> Result<Properties<'a>> {
        let mut properties = ptr::null_mut();
        // SAFETY: as in `new`, and a text that ends with zero.
        let told = self.suites.effect.clip_define.map(|define| unsafe { define(self.effect.handle(), name.as_ptr(), &raw mut properties) });
        match told {
            Some(status::OK) => Ok(Properties::new(properties, self.suites)),
            told => Err(Error::of(&format!("the clip {}", name.to_string_lossy()), told.unwrap_or(status::MISSING_HOST_FEATURE))),
        }
    }

    fn define(&self, kind: &CStr, name: &CStr, label: &str, hint: &str) -> Result<Parameter<'a>> {
        let mut properties = ptr::null_mut();
        // SAFETY: the set of parameters of this effect, texts that end with zero, and a place for the answer.
        let told = self
            .suites
            .parameter
            .define
            .map(|define| unsafe { define(self.parameters, kind.as_ptr(), name.as_ptr(), &raw mut properties) });
        if told != Some(status::OK) {
            let what = format!("the parameter {}", name.to_string_lossy());
            return Err(Error::of(&what, told.unwrap_or(status::MISSING_HOST_FEATURE)));
        }
        let properties = Properties::new(properties, self.suites);
        properties.set_text(prop::LABEL, 0, label);
        properties.set_text(prop::HINT, 0, hint);
        Ok(Parameter(properties))
    }

    /// A group for others.
    ///
    /// # Errors
    /// Where the host refuses; as for all others.
    pub fn group(&self, name: &CStr, label: &str, open: bool) -> Result<()> {
        let group = self.define(param::GROUP, name, label, "")?;
        group.0.set_flag(prop::GROUP_OPEN, open);
        Ok(())
    }

    /// A text in one line.
    pub fn text(&self, name: &CStr, label: &str, hint: &str, default: &str) -> Result<Parameter<'a>> {
        let parameter = self.define(param::STRING, name, label, hint)?;
        parameter.0.set_text(prop::DEFAULT, 0, default);
        parameter.0.set_word(prop::STRING_MODE, 0, value::SINGLE_LINE);
        parameter.0.set_flag(prop::ANIMATES, false);
        Ok(parameter)
    }

    /// A whole number within bounds.
    pub fn whole(&self, name: &CStr, label: &str, hint: &str, default: i32, bounds: [i32; 2]) -> Result<Parameter<'a>> {
        let parameter = self.define(param::INTEGER, name, label, hint)?;
        parameter.0.set_whole(prop::DEFAULT, 0, default);
        for (property, bound) in
            [(prop::MIN, bounds[0]), (prop::MAX, bounds[1]), (prop::DISPLAY_MIN, bounds[0]), (prop::DISPLAY_MAX, bounds[1])]
        {
            parameter.0.set_whole(property, 0, bound);
        }
        parameter.0.set_flag(prop::ANIMATES, false);
        Ok(parameter)
    }

    /// A number within bounds.
    pub fn number(&self, name: &CStr, label: &str, hint: &str, default: f64, bounds: [f64; 2]) -> Result<Parameter<'a>> {
        let parameter = self.define(param::DOUBLE, name, label, hint)?;
        parameter.numbers(&[default], bounds);
        parameter.0.set_word(prop::DOUBLE_TYPE, 0, value::PLAIN);
        Ok(parameter)
    }

    /// A vector in pixels of the whole size: to the right and up.
    pub fn vector(&self, name: &CStr, label: &str, hint: &str) -> Result<Parameter<'a>> {
        let parameter = self.define(param::DOUBLE_2D, name, label, hint)?;
        parameter.numbers(&[0.0, 0.0], [-65_000.0, 65_000.0]);
        parameter.0.set_word(prop::DOUBLE_TYPE, 0, value::XY);
        parameter.0.set_word(prop::DEFAULT_SYSTEM, 0, value::CANONICAL);
        Ok(parameter)
    }

    /// Yes or no.
    pub fn switch(&self, name: &CStr, label: &str, hint: &str, default: bool) -> Result<Parameter<'a>> {
        let parameter = self.define(param::BOOLEAN, name, label, hint)?;
        parameter.0.set_flag(prop::DEFAULT, default);
        parameter.0.set_flag(prop::ANIMATES, false);
        Ok(parameter)
    }

    /// One of a list. Projects keep its place: entries are only ever added at the end.
    pub fn choice(&self, name: &CStr, label: &str, hint: &str, entries: &[&str]) -> Result<Parameter<'a>> {
        let parameter = self.define(param::CHOICE, name, label, hint)?;
        for (index, entry) in entries.iter().enumerate() {
            parameter.0.set_text(prop::CHOICE_OPTION, index, entry);
        }
        parameter.0.set_whole(prop::DEFAULT, 0, 0);
        parameter.0.set_flag(prop::ANIMATES, false);
        Ok(parameter)
    }

    /// A button.
    pub fn button(&self, name: &CStr, label: &str, hint: &str) -> Result<Parameter<'a>> {
        self.define(param::PUSH_BUTTON, name, label, hint)
    }
}

/// A parameter that was defined.
#[must_use]
pub struct Parameter<'a>(Properties<'a>);

impl Parameter<'_> {
    fn numbers(&self, defaults: &[f64], bounds: [f64; 2]) {
        for (index, default) in defaults.iter().enumerate() {
            self.0.set_number(prop::DEFAULT, index, *default);
            for (property, bound) in
                [(prop::MIN, bounds[0]), (prop::MAX, bounds[1]), (prop::DISPLAY_MIN, bounds[0]), (prop::DISPLAY_MAX, bounds[1])]
            {
                self.0.set_number(property, index, bound);
            }
        }
    }

    /// Where a slider begins and ends, within the bounds.
    pub fn shown(self, from: f64, to: f64) -> Self {
        for index in 0..self.0.count(prop::DEFAULT).max(1) {
            self.0.set_number(prop::DISPLAY_MIN, index, from);
            self.0.set_number(prop::DISPLAY_MAX, index, to);
        }
        self
    }

    /// The same of a whole number.
    pub fn shown_whole(self, from: i32, to: i32) -> Self {
        self.0.set_whole(prop::DISPLAY_MIN, 0, from);
        self.0.set_whole(prop::DISPLAY_MAX, 0, to);
        self
    }

    /// In a group.
    pub fn within(self, group: &CStr) -> Self {
        self.0.set_word(prop::PARENT, 0, group);
        self
    }

    /// With other values over time.
    pub fn animated(self) -> Self {
        self.0.set_flag(prop::ANIMATES, true);
        self
    }

    /// Degrees, or a factor.
    pub fn meaning(self, kind: &CStr) -> Self {
        self.0.set_word(prop::DOUBLE_TYPE, 0, kind);
        self
    }

    /// The path of a file that need not be there.
    pub fn file(self) -> Self {
        self.0.set_word(prop::STRING_MODE, 0, value::FILE);
        self.0.set_flag(prop::FILE_EXISTS, false);
        self
    }

    /// Kept in projects, and not shown.
    pub fn hidden(self) -> Self {
        self.0.set_flag(prop::SECRET, true);
        self
    }

    /// To be read, not written; not kept, and pictures do not depend on it.
    pub fn told(self) -> Self {
        self.0.set_word(prop::STRING_MODE, 0, value::TEXT_LABEL);
        self.0.set_flag(prop::ENABLED, false);
        self.0.set_flag(prop::PERSISTENT, false);
        self.0.set_flag(prop::EVALUATE_ON_CHANGE, false);
        self
    }
}
