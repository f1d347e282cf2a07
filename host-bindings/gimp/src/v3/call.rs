//! A call by GIMP 3.
#![expect(unsafe_code, reason = "GIMP passes objects and a list")]

use std::ffi::{c_int, c_void};
use std::ptr::null_mut;

use super::{NULL, Proxy, RUNNING, Running};
use crate::gimp::Abi;
use crate::glib::{c_message, until};
use crate::guard::guard;
use crate::host::{Image, Item};
use crate::procedure::{Call, Parameter, ParameterKind, Procedure, Returned, RunMode, Stop, Value};

type Pointer = *mut c_void;

/// What GIMP calls for a procedure that works on an image. The drawables end with NULL.
pub(super) type RunImage = extern "C" fn(Pointer, c_int, Proxy, *const Proxy, Pointer, Pointer) -> Pointer;
/// And for one that does not.
pub(super) type RunPlain = extern "C" fn(Pointer, Pointer, Pointer) -> Pointer;

const EXECUTION_ERROR: c_int = 0;
const CALLING_ERROR: c_int = 1;
const CANCEL: c_int = 4;

/// The arguments before the procedure's own parameters.
struct Target {
    mode: c_int,
    image: Option<Image>,
    drawables: Vec<Item>,
}

pub(super) extern "C" fn run_image(
    procedure: Pointer,
    mode: c_int,
    image: Proxy,
    drawables: *const Proxy,
    config: Pointer,
    _data: Pointer,
) -> Pointer {
    answer(procedure, config, |running| {
        let abi = &running.gimp.abi;
        // SAFETY: a list that ends with NULL, or none.
        let drawables = if drawables.is_null() { Vec::new() } else { unsafe { until(drawables, |drawable| drawable == NULL) } };
        let drawables = drawables.into_iter().filter_map(|drawable| abi.item_number(drawable)).collect();
        Target { mode, image: abi.image_number(image), drawables }
    })
}

pub(super) extern "C" fn run_plain(procedure: Pointer, config: Pointer, _data: Pointer) -> Pointer {
    answer(procedure, config, |running| {
        // SAFETY: the settings of this call.
        let mode = unsafe { running.gimp.abi.values.whole(config, c"run-mode") };
        Target { mode, image: None, drawables: Vec::new() }
    })
}

fn answer(procedure: Pointer, config: Pointer, target: impl FnOnce(&Running) -> Target) -> Pointer {
    guard(
        |_| null_mut(),
        || {
            let Some(running) = RUNNING.get() else { return null_mut() };
            let outcome = guard(
                |message| Err(Stop::Failed(message)),
                || {
                    let target = target(running);
                    // SAFETY: the procedure that is called and its settings, from GIMP.
                    let call = unsafe { running.call(procedure, config, target) }?;
                    running.gimp.gegl.start();
                    running.plugin.run(&running.gimp, &call)
                },
            );
            let values = &running.gimp.abi.values;
            // SAFETY: the procedure that is called; all have the same return values.
            unsafe {
                match outcome {
                    Ok(Returned { layer, text }) => {
                        let layer = layer.and_then(|layer| running.gimp.item_handle(layer).ok());
                        values.success(procedure, layer.unwrap_or(NULL), &text)
                    }
                    Err(Stop::Cancelled) => values.failure(procedure, CANCEL, None),
                    Err(Stop::Misused(why)) => values.failure(procedure, CALLING_ERROR, Some(&why)),
                    Err(Stop::Failed(why)) => values.failure(procedure, EXECUTION_ERROR, Some(&why)),
                }
            }
        },
    )
}

impl Running {
    /// # Safety
    /// `procedure` is one, and `config` its settings.
    unsafe fn call(&self, procedure: Pointer, config: Pointer, target: Target) -> Result<Call, Stop> {
        // SAFETY: a procedure has a name.
        let name = unsafe { (self.gimp.abi.values.gimp_procedure_get_name)(procedure) }.copy().unwrap_or_default();
        let procedures = self.plugin.procedures();
        let known = procedures.iter().find(|procedure| procedure.name == name);
        let Procedure { parameters, .. } = known.ok_or_else(|| Stop::Misused(format!("there is no {name}")))?;
        let mode = match target.mode {
            0 => RunMode::Interactive,
            2 => RunMode::WithLastValues,
            _ => RunMode::NonInteractive,
        };
        let value = |parameter| match mode {
            // SAFETY: the settings of this procedure.
            RunMode::NonInteractive => unsafe { self.value(config, parameter) },
            // As in GIMP 2.10: the plug-in itself keeps the last values.
            RunMode::Interactive | RunMode::WithLastValues => parameter.kind.default(),
        };
        let values = parameters.iter().map(value).collect();
        Ok(Call { procedure: name, mode, image: target.image, drawables: target.drawables, values })
    }

    /// # Safety
    /// `config` are the settings of a procedure.
    unsafe fn value(&self, config: Pointer, parameter: &Parameter) -> Value {
        let (values, name) = (&self.gimp.abi.values, c_message(parameter.name));
        // SAFETY: an object, as the caller knows.
        unsafe {
            match parameter.kind {
                ParameterKind::Text { .. } | ParameterKind::Choice { .. } => Value::Text(values.text(config, &name)),
                ParameterKind::Number { .. } => Value::Number(values.number(config, &name)),
                ParameterKind::Whole { .. } => Value::Whole(values.whole(config, &name)),
                ParameterKind::Switch { .. } => Value::Switch(values.switch(config, &name)),
                ParameterKind::Image => Value::Image(self.gimp.abi.image_number(values.object(config, &name))),
            }
        }
    }
}
