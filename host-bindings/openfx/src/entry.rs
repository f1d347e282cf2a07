//! The entry point for the host: one function for all actions.
//!
//! `unsafe`: the pointers of a call come from the host and are trusted to be what the action prescribes.
#![expect(unsafe_code, reason = "the host calls with its own pointers")]

use std::ffi::{CStr, CString, c_void};

use crate::abi::{Handle, OfxHost, RectI, Status, Text, status};
use crate::clip::Clip;
use crate::declaration::{ClipDeclaration, Context};
use crate::define::Definition;
use crate::effect::{Change, Effect, Field, Frame, HostFacts};
use crate::error::{Error, Result};
use crate::format::Components;
use crate::guard::guard;
use crate::instance::{Instance, print};
use crate::names::{action, prop, value};
use crate::properties::{Properties, text_of};
use crate::suites::{Suites, remember_host, suites};

/// Exports an effect as the only plug-in of this library: defines the functions that a host looks for.
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
                // SAFETY: the host calls this as the specification prescribes.
                unsafe { $crate::run(&$effect, action, handle, arguments, results) }
            }

            /// The description of the plug-in.
            pub static PLUGIN: OfxPlugin = OfxPlugin {
                api: $crate::names::IMAGE_EFFECT_API.as_ptr(),
                api_version: 1,
                identifier: $identifier.as_ptr(),
                version_major: $major,
                version_minor: $minor,
                set_host: Some(set_host),
                main_entry: Some(main_entry),
            };

            /// The number of plug-ins in this library.
            #[unsafe(no_mangle)]
            pub extern "C" fn OfxGetNumberOfPlugins() -> c_int {
                1
            }

            /// A plug-in by its index; null beyond the end.
            #[unsafe(no_mangle)]
            pub extern "C" fn OfxGetPlugin(number: c_int) -> *const OfxPlugin {
                if number == 0 { &raw const PLUGIN } else { std::ptr::null() }
            }
        }
    };
}

/// Remembers the host. It is not used before the first action.
pub fn set_host(host: *mut OfxHost) {
    remember_host(host);
}

/// Carries out an action. Errors are shown to the user of the instance; panics are caught.
///
/// # Safety
/// `action` is a string that ends with zero; `handle`, `arguments` and `results` are what the specification prescribes for that action.
pub unsafe fn run(effect: &dyn Effect, action: Text, handle: *const c_void, arguments: Handle, results: Handle) -> Status {
    if action.is_null() {
        return status::UNSUPPORTED;
    }
    // SAFETY: a string of the host's that ends with zero and lives as long as the call.
    let name = unsafe { CStr::from_ptr(action) };
    let call = Call { handle: handle.cast_mut(), arguments, results };
    match guard(|| call.carry_out(effect, name)) {
        Ok(status) => status,
        Err(error) => {
            call.report(effect, name, &error);
            error.status()
        }
    }
}

/// The handles of an action.
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

    /// Shows an error to the user: at the instance, or on the terminal where the action has none.
    fn report(&self, effect: &dyn Effect, name: &CStr, error: &Error) {
        let Some(message) = error.message() else { return };
        let shown = guard(|| {
            let has_instance = [action::RENDER, action::INSTANCE_CHANGED, action::IS_IDENTITY].contains(&name);
            if has_instance {
                self.instance(effect, suites()?)?.show_error(message);
            } else {
                print(effect.label(), message);
            }
            Ok(())
        });
        if shown.is_err() {
            print(effect.label(), message);
        }
    }

    fn instance(&self, effect: &dyn Effect, suites: &'static Suites) -> Result<Instance<'_>> {
        Instance::new(self.handle, effect.label(), self.clips_of_instance(effect, suites)?, suites)
    }

    /// The clips of the instance's context. A host that does not tell the context is asked for all clips, and answers for those that it has.
    fn clips_of_instance(&self, effect: &dyn Effect, suites: &'static Suites) -> Result<&'static [ClipDeclaration]> {
        let context = self.effect_properties(suites)?.text(prop::CONTEXT, 0).and_then(|word| Context::from_word(&word));
        Ok(effect.clips(context.unwrap_or(Context::General)))
    }

    fn arguments(&self, suites: &'static Suites) -> Properties<'_> {
        Properties::new(self.arguments, suites)
    }

    fn describe(&self, effect: &dyn Effect, suites: &'static Suites) -> Result<Status> {
        let properties = self.effect_properties(suites)?;
        properties.set_word(prop::LABEL, 0, effect.label());
        effect.describe(&facts(suites), &properties)?;
        Ok(status::OK)
    }

    fn effect_properties(&self, suites: &'static Suites) -> Result<Properties<'_>> {
        let mut properties = std::ptr::null_mut();
        // SAFETY: the effect or instance that the action is about, and a place for the result.
        let status = suites.effect.get_property_set.map(|get| unsafe { get(self.handle, &raw mut properties) });
        match status {
            Some(status::OK) => Ok(Properties::new(properties, suites)),
            status => Err(Error::of("the properties of the effect", status)),
        }
    }

    fn describe_in_context(&self, effect: &dyn Effect, suites: &'static Suites) -> Result<Status> {
        let context = self.arguments(suites).text(prop::CONTEXT, 0).unwrap_or_default();
        let Some(context) = Context::from_word(&context) else { return Ok(status::UNSUPPORTED) };
        let host = facts(suites);
        let definition = Definition::new(Properties::new(self.handle, suites), suites)?;
        for clip in effect.clips(context) {
            definition.clip(clip, host.temporal_access)?;
        }
        effect.describe_in_context(&host, context, &definition)?;
        Ok(status::OK)
    }

    fn identity(&self, effect: &dyn Effect, suites: &'static Suites) -> Result<Status> {
        let instance = self.instance(effect, suites)?;
        let Some(identity) = effect.identity(&instance, &frame(&self.arguments(suites)))? else { return Ok(status::DEFAULT) };
        // No render follows that would clear an earlier error.
        instance.clear_error();
        let results = Properties::new(self.results, suites);
        results.set_word(prop::NAME, 0, identity.clip);
        results.set_number(prop::TIME, 0, identity.time);
        Ok(status::OK)
    }

    /// Whole inputs: effects of this interface may use any pixel for any window.
    fn regions_of_interest(&self, effect: &dyn Effect, suites: &'static Suites) -> Result<Status> {
        let (instance, results) = (self.instance(effect, suites)?, Properties::new(self.results, suites));
        let time = self.arguments(suites).number(prop::TIME, 0).unwrap_or(0.0);
        for declared in inputs(&instance) {
            let clip = instance.clip(declared.name).filter(Clip::is_connected);
            let Some(region) = clip.and_then(|clip| clip.region_of_definition(time)) else { continue };
            let property = property_of(prop::REGION_OF_INTEREST, declared);
            for (index, side) in [region.x1, region.y1, region.x2, region.y2].into_iter().enumerate() {
                results.set_number(&property, index, side);
            }
        }
        Ok(status::OK)
    }

    fn frames_needed(&self, effect: &dyn Effect, suites: &'static Suites) -> Result<Status> {
        let time = self.arguments(suites).number(prop::TIME, 0).unwrap_or(0.0);
        let instance = self.instance(effect, suites)?;
        let needed = effect.frames_needed(&instance, time)?;
        if needed.is_empty() {
            return Ok(status::DEFAULT);
        }
        let results = Properties::new(self.results, suites);
        for declared in inputs(&instance) {
            let property = property_of(prop::FRAME_RANGE, declared);
            for (index, needed) in needed.iter().filter(|needed| needed.clip == declared.name).enumerate() {
                results.set_number(&property, 2 * index, needed.range.min);
                results.set_number(&property, 2 * index + 1, needed.range.max);
            }
        }
        Ok(status::OK)
    }

    fn clip_preferences(&self, effect: &dyn Effect, suites: &'static Suites) -> Result<Status> {
        let instance = self.instance(effect, suites)?;
        let (varies, makes_alpha) = (effect.varies(&instance)?, effect.makes_alpha(&instance)?);
        if !varies && !makes_alpha {
            return Ok(status::DEFAULT);
        }
        let results = Properties::new(self.results, suites);
        if varies {
            results.set_flag(prop::FRAME_VARYING, true);
        }
        if makes_alpha {
            for clip in instance.clips().iter().filter(|clip| clip.is_output()) {
                results.set_word(&property_of(prop::CLIP_COMPONENTS, clip), 0, Components::Rgba.word());
            }
            results.set_word(prop::PREMULTIPLICATION, 0, value::PREMULTIPLIED);
        }
        Ok(status::OK)
    }

    fn render(&self, effect: &dyn Effect, suites: &'static Suites) -> Result<Status> {
        let instance = self.instance(effect, suites)?;
        match effect.render(&instance, &frame(&self.arguments(suites))) {
            // A render that the host aborted is no failure: hosts may show failures to the user.
            Err(error) if error.message().is_none() && instance.is_aborted() => Ok(status::OK),
            Err(error) => Err(error),
            Ok(()) => {
                instance.clear_error();
                Ok(status::OK)
            }
        }
    }

    fn changed(&self, effect: &dyn Effect, suites: &'static Suites) -> Result<Status> {
        let (instance, arguments) = (self.instance(effect, suites)?, self.arguments(suites));
        let kind = arguments.text(prop::TYPE, 0).unwrap_or_default();
        let reason = arguments.text(prop::CHANGE_REASON, 0).unwrap_or_default();
        let change = Change {
            name: arguments.text(prop::NAME, 0).unwrap_or_default(),
            is_parameter: kind.as_bytes() == value::PARAMETER.to_bytes(),
            by_user: reason.as_bytes() == value::USER_EDITED.to_bytes(),
            time: arguments.number(prop::TIME, 0).unwrap_or(0.0),
        };
        if change.is_parameter && change.by_user {
            // The change may have removed the cause of the error; otherwise the next render shows it again.
            instance.clear_error();
        }
        effect.changed(&instance, &change)?;
        Ok(status::OK)
    }
}

/// Carries out one action.
type Step = fn(&Call, &dyn Effect, &'static Suites) -> Result<Status>;

/// The clips of an instance that are read.
fn inputs<'i>(instance: &'i Instance<'_>) -> impl Iterator<Item = &'static ClipDeclaration> + use<'i> {
    instance.clips().iter().filter(|clip| !clip.is_output())
}

/// The property of one clip, such as `OfxImageClipPropRoI_Source`.
fn property_of(prefix: &CStr, clip: &ClipDeclaration) -> CString {
    text_of(&format!("{}{}", prefix.to_string_lossy(), clip.name.to_string_lossy()))
}

fn facts(suites: &'static Suites) -> HostFacts {
    let host = Properties::new(suites.host, suites);
    HostFacts {
        name: host.text(prop::NAME, 0).unwrap_or_default(),
        temporal_access: host.is_set(prop::TEMPORAL_ACCESS),
        manages_colour: host.text(prop::COLOUR_STYLE, 0).is_some_and(|style| style.as_bytes() != value::COLOUR_NONE.to_bytes()),
    }
}

fn frame(arguments: &Properties<'_>) -> Frame {
    let [x1, y1, x2, y2] = arguments.integers(prop::RENDER_WINDOW).unwrap_or_default();
    let field = arguments.text(prop::FIELD_TO_RENDER, 0).unwrap_or_default();
    Frame {
        time: arguments.number(prop::TIME, 0).unwrap_or(0.0),
        window: RectI { x1, y1, x2, y2 },
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
