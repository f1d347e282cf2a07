//! Where the host comes in: one function for every action.
//!
//! `unsafe`: the pointers of a call are the host's, and are taken for what the action says that they are.
#![expect(unsafe_code, reason = "the host calls with its own pointers")]

use std::ffi::{CStr, c_void};

use crate::abi::{Handle, OfxHost, Status, Text, status};
use crate::clip::Clip;
use crate::define::Definition;
use crate::effect::{Change, Context, Effect, Field, Frame, HostFacts};
use crate::error::{Error, Result};
use crate::guard::guard;
use crate::instance::{Instance, complain};
use crate::names::{action, prop, value};
use crate::properties::Properties;
use crate::suites::{Suites, name_host, suites};

/// Makes an effect a plug-in: the functions that a host looks for in the library.
///
/// ```text
/// ofx_host::export!(MyEffect, c"org.example.MyEffect", 1, 0);
/// ```
#[macro_export]
macro_rules! export {
    ($effect:expr, $identifier:expr, $major:expr, $minor:expr) => {
        mod ofx_plugin {
            use std::ffi::{c_int, c_void};

            use $crate::abi::{Handle, OfxHost, OfxPlugin, Status, Text};

            use super::*;

            extern "C" fn set_host(host: *mut OfxHost) {
                $crate::set_host(host);
            }

            unsafe extern "C" fn main_entry(action: Text, handle: *const c_void, arguments: Handle, results: Handle) -> Status {
                // SAFETY: the host calls this as the specification has it.
                unsafe { $crate::run(&$effect, action, handle, arguments, results) }
            }

            /// The effect, as hosts get it.
            pub static PLUGIN: OfxPlugin = OfxPlugin {
                api: $crate::names::IMAGE_EFFECT_API.as_ptr(),
                api_version: 1,
                identifier: $identifier.as_ptr(),
                version_major: $major,
                version_minor: $minor,
                set_host: Some(set_host),
                main_entry: Some(main_entry),
            };

            /// How many effects there are.
            #[unsafe(no_mangle)]
            pub extern "C" fn OfxGetNumberOfPlugins() -> c_int {
                1
            }

            /// The effect of a number.
            #[unsafe(no_mangle)]
            pub extern "C" fn OfxGetPlugin(number: c_int) -> *const OfxPlugin {
                if number == 0 { &raw const PLUGIN } else { std::ptr::null() }
            }
        }
    };
}

/// Notes which host it is. Nothing of it is used before the first action.
pub fn set_host(host: *mut OfxHost) {
    name_host(host);
}

/// Carries out an action. What goes wrong is told to the user of the instance that it is about; a panic goes no further.
///
/// # Safety
/// `action` is a text that ends with zero; `handle`, `arguments` and `results` are what the specification says for that action.
pub unsafe fn run(effect: &dyn Effect, action: Text, handle: *const c_void, arguments: Handle, results: Handle) -> Status {
    if action.is_null() {
        return status::UNSUPPORTED;
    }
    // SAFETY: a text of the host's that ends with zero, for as long as the call.
    let name = unsafe { CStr::from_ptr(action) };
    let call = Call { handle: handle.cast_mut(), arguments, results };
    match guard(|| call.carry_out(effect, name)) {
        Ok(status) => status,
        Err(error) => {
            call.tell(name, &error);
            error.status()
        }
    }
}

/// What an action is about.
struct Call {
    handle: Handle,
    arguments: Handle,
    results: Handle,
}

impl Call {
    fn carry_out(&self, effect: &dyn Effect, name: &CStr) -> Result<Status> {
        let known: &[(&CStr, Step)] = &[
            (action::LOAD, |_, _, _| Ok(status::OK)),
            (action::UNLOAD, |_, _, _| Ok(status::OK)),
            (action::CREATE_INSTANCE, |_, _, _| Ok(status::OK)),
            (action::DESTROY_INSTANCE, |_, _, _| Ok(status::OK)),
            (action::DESCRIBE, Self::describe),
            (action::DESCRIBE_IN_CONTEXT, Self::describe_in_context),
            (action::IS_IDENTITY, Self::identity),
            (action::REGIONS_OF_INTEREST, Self::regions_of_interest),
            (action::FRAMES_NEEDED, Self::frames_needed),
            (action::CLIP_PREFERENCES, Self::clip_preferences),
            (action::RENDER, Self::render),
            (action::INSTANCE_CHANGED, Self::changed),
            (action::PURGE_CACHES, |_, effect, _| {
                effect.purge();
                Ok(status::OK)
            }),
        ];
        let Some((_, step)) = known.iter().find(|(known, _)| *known == name) else { return Ok(status::DEFAULT) };
        step(self, effect, suites()?)
    }

    /// Tells the user, where there is an instance to tell it of.
    fn tell(&self, name: &CStr, error: &Error) {
        let Some(message) = error.message() else { return };
        let told = guard(|| {
            let about_instance = [action::RENDER, action::INSTANCE_CHANGED, action::IS_IDENTITY].contains(&name);
            if about_instance {
                self.instance(suites()?)?.say_error(message);
            } else {
                complain(message);
            }
            Ok(())
        });
        if told.is_err() {
            complain(message);
        }
    }

    fn instance(&self, suites: &'static Suites) -> Result<Instance<'_>> {
        Instance::new(self.handle, suites)
    }

    fn arguments(&self, suites: &'static Suites) -> Properties<'_> {
        Properties::new(self.arguments, suites)
    }

    fn describe(&self, effect: &dyn Effect, suites: &'static Suites) -> Result<Status> {
        effect.describe(&facts(suites), &self.effect_properties(suites)?)?;
        Ok(status::OK)
    }

    fn effect_properties(&self, suites: &'static Suites) -> Result<Properties<'_>> {
        let mut properties = std::ptr::null_mut();
        // SAFETY: the effect that the host calls about, and a place for the answer.
        let told = suites.effect.get_property_set.map(|get| unsafe { get(self.handle, &raw mut properties) });
        match told {
            Some(status::OK) => Ok(Properties::new(properties, suites)),
            told => Err(Error::of("the properties of the effect", told.unwrap_or(status::MISSING_HOST_FEATURE))),
        }
    }

    fn describe_in_context(&self, effect: &dyn Effect, suites: &'static Suites) -> Result<Status> {
        let context = self.arguments(suites).text(prop::CONTEXT, 0).unwrap_or_default();
        let context = match context.as_bytes() {
            name if name == value::FILTER.to_bytes() => Context::Filter,
            name if name == value::GENERAL.to_bytes() => Context::General,
            _ => return Ok(status::UNSUPPORTED),
        };
        let definition = Definition::new(Properties::new(self.handle, suites), suites)?;
        effect.describe_in_context(&facts(suites), context, &definition)?;
        Ok(status::OK)
    }

    fn identity(&self, effect: &dyn Effect, suites: &'static Suites) -> Result<Status> {
        let instance = self.instance(suites)?;
        let Some(identity) = effect.identity(&instance, &frame(&self.arguments(suites)))? else { return Ok(status::DEFAULT) };
        // No render comes that would take back what was wrong before.
        instance.clear_error();
        let results = Properties::new(self.results, suites);
        results.set_word(prop::NAME, 0, identity.clip);
        results.set_number(prop::TIME, 0, identity.time);
        Ok(status::OK)
    }

    /// An edit may depend on all of a picture, whatever part of it is asked for.
    fn regions_of_interest(&self, _: &dyn Effect, suites: &'static Suites) -> Result<Status> {
        let (instance, results) = (self.instance(suites)?, Properties::new(self.results, suites));
        let time = self.arguments(suites).number(prop::TIME, 0).unwrap_or(0.0);
        // Each input has a property of its own name, such as `OfxImageClipPropRoI_Source`.
        for (clip, property) in [
            (value::SOURCE, c"OfxImageClipPropRoI_Source"),
            (c"Mask", c"OfxImageClipPropRoI_Mask"),
            (c"Reference", c"OfxImageClipPropRoI_Reference"),
        ] {
            let region = instance.clip(clip).filter(Clip::is_connected).and_then(|clip| clip.region_of_definition(time));
            if let Some(region) = region {
                for (index, side) in [region.x1, region.y1, region.x2, region.y2].into_iter().enumerate() {
                    results.set_number(property, index, side);
                }
            }
        }
        Ok(status::OK)
    }

    fn frames_needed(&self, effect: &dyn Effect, suites: &'static Suites) -> Result<Status> {
        let time = self.arguments(suites).number(prop::TIME, 0).unwrap_or(0.0);
        let needed = effect.frames_needed(&self.instance(suites)?, time)?;
        if needed.is_empty() {
            return Ok(status::DEFAULT);
        }
        let results = Properties::new(self.results, suites);
        for clip in [value::SOURCE, c"Mask", c"Reference"] {
            let name = crate::properties::text_of(&format!("OfxImageClipPropFrameRange_{}", clip.to_string_lossy()));
            for (index, needed) in needed.iter().filter(|needed| needed.clip == clip).enumerate() {
                results.set_number(&name, 2 * index, needed.range.min);
                results.set_number(&name, 2 * index + 1, needed.range.max);
            }
        }
        Ok(status::OK)
    }

    fn clip_preferences(&self, effect: &dyn Effect, suites: &'static Suites) -> Result<Status> {
        if !effect.varies(&self.instance(suites)?)? {
            return Ok(status::DEFAULT);
        }
        Properties::new(self.results, suites).set_flag(prop::FRAME_VARYING, true);
        Ok(status::OK)
    }

    fn render(&self, effect: &dyn Effect, suites: &'static Suites) -> Result<Status> {
        let instance = self.instance(suites)?;
        match effect.render(&instance, &frame(&self.arguments(suites))) {
            // What the host itself gave up is no failure of the effect: it may say so to its user.
            Err(error) if error.message().is_none() && instance.is_aborted() => Ok(status::OK),
            Err(error) => Err(error),
            Ok(()) => {
                instance.clear_error();
                Ok(status::OK)
            }
        }
    }

    fn changed(&self, effect: &dyn Effect, suites: &'static Suites) -> Result<Status> {
        let (instance, arguments) = (self.instance(suites)?, self.arguments(suites));
        let kind = arguments.text(prop::TYPE, 0).unwrap_or_default();
        let reason = arguments.text(prop::CHANGE_REASON, 0).unwrap_or_default();
        let change = Change {
            name: arguments.text(prop::NAME, 0).unwrap_or_default(),
            is_parameter: kind.as_bytes() == value::PARAMETER.to_bytes(),
            by_user: reason.as_bytes() == value::USER_EDITED.to_bytes(),
            time: arguments.number(prop::TIME, 0).unwrap_or(0.0),
        };
        if change.is_parameter && change.by_user {
            // It may be what was wrong: if not, the next render says so again.
            instance.clear_error();
        }
        effect.changed(&instance, &change)?;
        Ok(status::OK)
    }
}

/// How an action is carried out.
type Step = fn(&Call, &dyn Effect, &'static Suites) -> Result<Status>;

fn facts(suites: &'static Suites) -> HostFacts {
    let host = Properties::new(suites.host, suites);
    HostFacts {
        name: host.text(prop::NAME, 0).unwrap_or_default(),
        temporal_access: host.is_set(prop::TEMPORAL_ACCESS),
        manages_colour: host.text(prop::COLOUR_STYLE, 0).is_some_and(|style| style.as_bytes() != value::COLOUR_NONE.to_bytes()),
    }
}

fn frame(arguments: &Properties<'_>) -> Frame {
    let [x1, y1, x2, y2] = arguments.wholes(prop::RENDER_WINDOW).unwrap_or_default();
    let field = arguments.text(prop::FIELD_TO_RENDER, 0).unwrap_or_default();
    Frame {
        time: arguments.number(prop::TIME, 0).unwrap_or(0.0),
        window: crate::abi::RectI { x1, y1, x2, y2 },
        scale: scale(arguments),
        field: match field.as_bytes() {
            name if name == value::FIELD_LOWER.to_bytes() => Field::Lower,
            name if name == value::FIELD_UPPER.to_bytes() => Field::Upper,
            _ => Field::Both,
        },
    }
}

fn scale(arguments: &Properties<'_>) -> [f64; 2] {
    [0, 1].map(|index| arguments.number(prop::RENDER_SCALE, index).filter(|scale| scale.is_finite() && *scale > 0.0).unwrap_or(1.0))
}
