//! Definition of clips and parameters.
//!
//! `unsafe`: calls of the image effect and parameter suites.
#![expect(unsafe_code, reason = "the suites are called")]

use std::ffi::CStr;
use std::ptr;

use crate::abi::{Handle, status};
use crate::declaration::ClipDeclaration;
use crate::error::{Error, Result};
use crate::names::{param, prop, value};
use crate::properties::{Properties, text_of};
use crate::suites::Suites;

/// An effect in a context, whose parameters are being defined. Names of parameters are permanent: projects keep them.
///
/// # Errors
/// Every method fails where the host refuses.
pub struct Definition<'a> {
    effect: Properties<'a>,
    parameters: Handle,
    suites: &'static Suites,
}

impl<'a> Definition<'a> {
    /// `effect` is the handle that the host passed to describe.
    pub(crate) fn new(effect: Properties<'a>, suites: &'static Suites) -> Result<Self> {
        let mut parameters = ptr::null_mut();
        // SAFETY: the handle of the effect that is described, and a place for the result.
        let status = suites.effect.get_param_set.map(|get| unsafe { get(effect.handle(), &raw mut parameters) });
        match status {
            Some(status::OK) => Ok(Self { effect, parameters, suites }),
            status => Err(Error::of("a set of parameters", status)),
        }
    }

    /// Defines a clip. `temporal_access` says whether the host gives frames of other times.
    pub(crate) fn clip(&self, declared: &ClipDeclaration, temporal_access: bool) -> Result<()> {
        let mut properties = ptr::null_mut();
        let define = self.suites.effect.clip_define;
        // SAFETY: as in `new`, and a string that ends with zero.
        let status = define.map(|define| unsafe { define(self.effect.handle(), declared.name.as_ptr(), &raw mut properties) });
        if status != Some(status::OK) {
            return Err(Error::of(&format!("the clip {}", declared.name.to_string_lossy()), status));
        }
        let clip = Properties::new(properties, self.suites);
        for (index, components) in declared.components.iter().enumerate() {
            clip.set_word(prop::SUPPORTED_COMPONENTS, index, components.word());
        }
        clip.set_flag(prop::TILES, false);
        clip.set_flag(prop::OPTIONAL, declared.optional);
        clip.set_flag(prop::TEMPORAL_ACCESS, temporal_access && declared.temporal_access);
        clip.set_word(prop::FIELD_EXTRACTION, 0, value::FIELD_BOTH);
        Ok(())
    }

    fn define(&self, kind: &CStr, name: &str, label: &str, hint: &str) -> Result<Parameter<'a>> {
        let mut properties = ptr::null_mut();
        let c_name = text_of(name);
        // SAFETY: the parameter set of this effect, strings that end with zero, and a place for the result.
        let status = self
            .suites
            .parameter
            .define
            .map(|define| unsafe { define(self.parameters, kind.as_ptr(), c_name.as_ptr(), &raw mut properties) });
        if status != Some(status::OK) {
            return Err(Error::of(&format!("the parameter {name}"), status));
        }
        let properties = Properties::new(properties, self.suites);
        properties.set_text(prop::LABEL, 0, label);
        properties.set_text(prop::HINT, 0, hint);
        Ok(Parameter(properties))
    }

    /// A group of parameters, open or folded at first.
    pub fn group(&self, name: &str, label: &str, open: bool) -> Result<()> {
        let group = self.define(param::GROUP, name, label, "")?;
        group.0.set_flag(prop::GROUP_OPEN, open);
        Ok(())
    }

    /// A text in one line.
    pub fn text(&self, name: &str, label: &str, hint: &str, default: &str) -> Result<Parameter<'a>> {
        let parameter = self.define(param::STRING, name, label, hint)?;
        parameter.0.set_text(prop::DEFAULT, 0, default);
        parameter.0.set_word(prop::STRING_MODE, 0, value::SINGLE_LINE);
        parameter.0.set_flag(prop::ANIMATES, false);
        Ok(parameter)
    }

    /// An integer within `[minimum, maximum]`.
    pub fn integer(&self, name: &str, label: &str, hint: &str, default: i32, bounds: [i32; 2]) -> Result<Parameter<'a>> {
        let parameter = self.define(param::INTEGER, name, label, hint)?;
        parameter.0.set_integer(prop::DEFAULT, 0, default);
        for (property, bound) in
            [(prop::MIN, bounds[0]), (prop::MAX, bounds[1]), (prop::DISPLAY_MIN, bounds[0]), (prop::DISPLAY_MAX, bounds[1])]
        {
            parameter.0.set_integer(property, 0, bound);
        }
        parameter.0.set_flag(prop::ANIMATES, false);
        Ok(parameter)
    }

    /// A number within `[minimum, maximum]`.
    pub fn number(&self, name: &str, label: &str, hint: &str, default: f64, bounds: [f64; 2]) -> Result<Parameter<'a>> {
        let parameter = self.define(param::DOUBLE, name, label, hint)?;
        parameter.set_numbers(&[default], bounds);
        parameter.0.set_word(prop::DOUBLE_TYPE, 0, value::PLAIN);
        Ok(parameter)
    }

    /// A vector in pixels of the full size, right and up, each component within `[minimum, maximum]`.
    pub fn vector(&self, name: &str, label: &str, hint: &str, default: [f64; 2], bounds: [f64; 2]) -> Result<Parameter<'a>> {
        let parameter = self.define(param::DOUBLE_2D, name, label, hint)?;
        parameter.set_numbers(&default, bounds);
        parameter.0.set_word(prop::DOUBLE_TYPE, 0, value::XY);
        parameter.0.set_word(prop::DEFAULT_SYSTEM, 0, value::CANONICAL);
        Ok(parameter)
    }

    /// A switch.
    pub fn switch(&self, name: &str, label: &str, hint: &str, default: bool) -> Result<Parameter<'a>> {
        let parameter = self.define(param::BOOLEAN, name, label, hint)?;
        parameter.0.set_flag(prop::DEFAULT, default);
        parameter.0.set_flag(prop::ANIMATES, false);
        Ok(parameter)
    }

    /// A choice. Projects keep the index or the label of an entry, so entries are only ever added at the end. The first is the default.
    pub fn choice(&self, name: &str, label: &str, hint: &str, entries: &[&str]) -> Result<Parameter<'a>> {
        let parameter = self.define(param::CHOICE, name, label, hint)?;
        for (index, entry) in entries.iter().enumerate() {
            parameter.0.set_text(prop::CHOICE_OPTION, index, entry);
        }
        parameter.0.set_integer(prop::DEFAULT, 0, 0);
        parameter.0.set_flag(prop::ANIMATES, false);
        Ok(parameter)
    }

    /// A push button.
    pub fn button(&self, name: &str, label: &str, hint: &str) -> Result<Parameter<'a>> {
        self.define(param::PUSH_BUTTON, name, label, hint)
    }
}

/// A defined parameter, to be refined.
#[must_use]
pub struct Parameter<'a>(Properties<'a>);

impl Parameter<'_> {
    fn set_numbers(&self, defaults: &[f64], bounds: [f64; 2]) {
        for (index, default) in defaults.iter().enumerate() {
            self.0.set_number(prop::DEFAULT, index, *default);
            for (property, bound) in
                [(prop::MIN, bounds[0]), (prop::MAX, bounds[1]), (prop::DISPLAY_MIN, bounds[0]), (prop::DISPLAY_MAX, bounds[1])]
            {
                self.0.set_number(property, index, bound);
            }
        }
    }

    /// The range of the slider, within the bounds.
    pub fn shown(self, from: f64, to: f64) -> Self {
        for index in 0..self.0.count(prop::DEFAULT).max(1) {
            self.0.set_number(prop::DISPLAY_MIN, index, from);
            self.0.set_number(prop::DISPLAY_MAX, index, to);
        }
        self
    }

    /// The range of the slider of an integer.
    pub fn shown_integer(self, from: i32, to: i32) -> Self {
        self.0.set_integer(prop::DISPLAY_MIN, 0, from);
        self.0.set_integer(prop::DISPLAY_MAX, 0, to);
        self
    }

    /// Puts it into a group.
    pub fn within(self, group: &str) -> Self {
        self.0.set_text(prop::PARENT, 0, group);
        self
    }

    /// Lets it be animated.
    pub fn animated(self) -> Self {
        self.0.set_flag(prop::ANIMATES, true);
        self
    }

    /// What a number means, one of the `OfxParamDoubleType…` words.
    pub fn meaning(self, kind: &CStr) -> Self {
        self.0.set_word(prop::DOUBLE_TYPE, 0, kind);
        self
    }

    /// Makes a text the path of a file, which need not exist.
    pub fn file(self) -> Self {
        self.0.set_word(prop::STRING_MODE, 0, value::FILE);
        self.0.set_flag(prop::FILE_EXISTS, false);
        self
    }

    /// Hides it; projects still keep it.
    pub fn hidden(self) -> Self {
        self.0.set_flag(prop::SECRET, true);
        self
    }

    /// Makes a text a read-only label that is not kept in projects and does not change pictures.
    pub fn read_only(self) -> Self {
        self.0.set_word(prop::STRING_MODE, 0, value::TEXT_LABEL);
        self.0.set_flag(prop::ENABLED, false);
        self.0.set_flag(prop::PERSISTENT, false);
        self.0.set_flag(prop::EVALUATE_ON_CHANGE, false);
        self
    }
}
