//! Clips of an instance.
//!
//! `unsafe`: calls of the image effect suite.
#![expect(unsafe_code, reason = "the image effect suite is called")]

use std::marker::PhantomData;
use std::ptr;

use crate::abi::{Handle, RectD, status};
use crate::declaration::ClipDeclaration;
use crate::error::{Error, Result};
use crate::image::Image;
use crate::names::prop;
use crate::properties::Properties;
use crate::suites::Suites;

/// A clip of an instance.
pub struct Clip<'a> {
    handle: Handle,
    declaration: &'static ClipDeclaration,
    properties: Properties<'a>,
    suites: &'static Suites,
    life: PhantomData<&'a ()>,
}

impl<'a> Clip<'a> {
    pub(crate) fn new(handle: Handle, declaration: &'static ClipDeclaration, properties: Properties<'a>, suites: &'static Suites) -> Self {
        Self { handle, declaration, properties, suites, life: PhantomData }
    }

    /// Whether something is connected to it.
    pub fn is_connected(&self) -> bool {
        self.properties.is_set(prop::CONNECTED)
    }

    /// The OpenFX 1.5 name of its colour space, where the host manages colour.
    pub fn colour_space(&self) -> Option<String> {
        self.properties.text(prop::COLOURSPACE, 0).filter(|name| !name.is_empty())
    }

    /// The whole image at a time; `None` where the clip is not connected or has no image then.
    ///
    /// # Errors
    /// Where the host refuses, or describes the image in a way that makes no sense.
    pub fn image(&self, time: f64) -> Result<Option<Image<'a>>> {
        if !self.is_connected() && !self.declaration.is_output() {
            return Ok(None);
        }
        let name = self.declaration.name.to_string_lossy();
        let mut handle = ptr::null_mut();
        // SAFETY: a clip of the host's; a null region, which stands for the whole; and a place for the result.
        let status = self.suites.effect.clip_get_image.map(|get| unsafe { get(self.handle, time, ptr::null(), &raw mut handle) });
        match status {
            Some(status::OK) if !handle.is_null() => Image::new(handle, &name, self.suites),
            Some(status::OK | status::FAILED) => Ok(None),
            status => Err(Error::of(&format!("an image of {name}"), status)),
        }
    }

    /// Where the clip has pixels, in pixels of the full size.
    pub fn region_of_definition(&self, time: f64) -> Option<RectD> {
        let mut region = RectD::default();
        // SAFETY: a clip of the host's, and a place for the result.
        let status = self.suites.effect.clip_get_region_of_definition.map(|get| unsafe { get(self.handle, time, &raw mut region) });
        (status == Some(status::OK)).then_some(region)
    }
}
