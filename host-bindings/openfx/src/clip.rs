//! Clips of an instance.
//!
//! `unsafe`: calls of the suite of image effects.
#![expect(unsafe_code, reason = "the suite of image effects is called")]

use std::marker::PhantomData;
use std::ptr;

use crate::abi::{Handle, RectD, status};
use crate::error::{Error, Result};
use crate::image::Image;
use crate::names::{prop, value};
use crate::properties::Properties;
use crate::suites::Suites;

/// A clip of an instance.
pub struct Clip<'a> {
    handle: Handle,
    name: String,
    properties: Properties<'a>,
    suites: &'static Suites,
    life: PhantomData<&'a ()>,
}

impl<'a> Clip<'a> {
    pub(crate) fn new(handle: Handle, name: String, properties: Properties<'a>, suites: &'static Suites) -> Self {
        Self { handle, name, properties, suites, life: PhantomData }
    }

    /// Whether anything is connected to it.
    pub fn is_connected(&self) -> bool {
        self.properties.is_set(prop::CONNECTED)
    }

    /// The colour space by the name that OpenFX 1.5 has for it, where the host manages colour.
    pub fn colour_space(&self) -> Option<String> {
        self.properties.text(prop::COLOURSPACE, 0).filter(|name| !name.is_empty())
    }

    /// The whole image of a time; `None` where there is none: nothing is connected, or nothing is there at that time.
    ///
    /// # Errors
    /// Where the host gives an image that makes no sense.
    pub fn image(&self, time: f64) -> Result<Option<Image<'a>>> {
        if !self.is_connected() && self.name.as_bytes() != value::OUTPUT.to_bytes() {
            return Ok(None);
        }
        let mut handle = ptr::null_mut();
        // SAFETY: a clip of the host's; no region, which stands for all; and a place for the answer.
        let told = self.suites.effect.clip_get_image.map(|get| unsafe { get(self.handle, time, ptr::null(), &raw mut handle) });
        match told {
            Some(status::OK) if !handle.is_null() => Image::new(handle, &self.name, self.suites),
            Some(status::OK | status::FAILED) => Ok(None),
            told => Err(Error::of(&format!("an image of {}", self.name), told.unwrap_or(status::MISSING_HOST_FEATURE))),
        }
    }

    /// Where the clip has pixels, in pixels of the whole size.
    pub fn region_of_definition(&self, time: f64) -> Option<RectD> {
        let mut region = RectD::default();
        // SAFETY: a clip of the host's, and a place for the answer.
        let told = self.suites.effect.clip_get_region_of_definition.map(|get| unsafe { get(self.handle, time, &raw mut region) });
        (told == Some(status::OK)).then_some(region)
    }
}
