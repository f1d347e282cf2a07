//! A call by GIMP 2.10.
#![expect(unsafe_code, reason = "GIMP passes arrays")]

use std::ffi::{CStr, c_char, c_int};

use super::parameters::{self, DRAWABLE, IMAGE, INT32, LAYER, Parameter, STATUS};
use super::{RUNNING, Running};
use crate::glib::c_message;
use crate::guard::guard;
use crate::host::Item;
use crate::procedure::{Call, Procedure, Returned, RunMode, Stop};

const EXECUTION_ERROR: i32 = 0;
const CALLING_ERROR: i32 = 1;
const SUCCESS: i32 = 3;
const CANCEL: i32 = 4;

/// Called by GIMP.
pub(super) extern "C" fn run(
    name: *const c_char,
    count: c_int,
    given: *const Parameter,
    back_count: &mut c_int,
    back: &mut *const Parameter,
) {
    let outcome = guard(
        |message| Err(Stop::Failed(message)),
        || {
            let running = RUNNING.get().ok_or_else(|| Stop::Failed("the plug-in does not run".to_owned()))?;
            let count = if given.is_null() { 0 } else { usize::try_from(count).unwrap_or(0) };
            // SAFETY: GIMP passes a name, and as many values as it says; all live as long as the call.
            let (name, given) = unsafe {
                let given = if count == 0 { &[] } else { std::slice::from_raw_parts(given, count) };
                (CStr::from_ptr(name).to_string_lossy(), given)
            };
            running.run(&name, given)
        },
    );
    // GIMP reads it after this returns; the program ends with the call.
    let values = values(outcome).leak();
    *back_count = values.len() as c_int;
    *back = values.as_ptr();
}

impl Running {
    fn run(&self, name: &str, given: &[Parameter]) -> Result<Returned, Stop> {
        let procedures = self.plugin.procedures();
        let procedure = procedures.iter().find(|procedure| procedure.name == name);
        let procedure = procedure.ok_or_else(|| Stop::Misused(format!("there is no {name}")))?;
        let call = call(procedure, given).ok_or_else(|| Stop::Misused(format!("{name} is called with values of other types")))?;
        self.gimp.gegl.start();
        self.plugin.run(&self.gimp, &call)
    }
}

/// What is called. From a menu the plug-in's own parameters are left out.
fn call(procedure: &Procedure, given: &[Parameter]) -> Option<Call> {
    let (mode, mut rest) = given.split_first()?;
    let mode = match mode.as_whole(INT32)? {
        0 => RunMode::Interactive,
        2 => RunMode::WithLastValues,
        _ => RunMode::NonInteractive,
    };
    let (mut image, mut drawables) = (None, Vec::new());
    if procedure.needs_image {
        let [first, second, others @ ..] = rest else { return None };
        image = parameters::image(first.as_whole(IMAGE)?);
        drawables.extend(Some(second.as_whole(DRAWABLE)?).filter(|number| *number > 0).map(Item));
        rest = others;
    }
    let value = |(index, parameter): (usize, &crate::procedure::Parameter)| match rest.get(index) {
        Some(given) => given.value(&parameter.kind),
        None => Some(parameter.kind.default()),
    };
    let values = procedure.parameters.iter().enumerate().map(value).collect::<Option<_>>()?;
    Some(Call { procedure: procedure.name.clone(), mode, image, drawables, values })
}

/// What GIMP gets back; it shows the text of a failure.
fn values(outcome: Result<Returned, Stop>) -> Vec<Parameter> {
    let status = |status| Parameter::whole(STATUS, status);
    match outcome {
        Ok(Returned { layer, text }) => {
            let layer = Parameter::whole(LAYER, layer.map_or(-1, |layer| layer.0));
            vec![status(SUCCESS), layer, Parameter::text(c_message(&text))]
        }
        Err(Stop::Cancelled) => vec![status(CANCEL)],
        Err(Stop::Misused(why)) => vec![status(CALLING_ERROR), Parameter::text(c_message(&why))],
        Err(Stop::Failed(why)) => vec![status(EXECUTION_ERROR), Parameter::text(c_message(&why))],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Image;
    use crate::procedure::{Parameter as Described, ParameterKind, Value};

    fn procedure(needs_image: bool) -> Procedure {
        let parameter = |name, kind| Described { name, label: name, help: String::new(), kind };
        let parameters = vec![
            parameter("text", ParameterKind::Text { default: "a" }),
            parameter("switch", ParameterKind::Switch { default: true }),
            parameter("other", ParameterKind::Image),
        ];
        Procedure { name: "plug-in-try".to_owned(), label: String::new(), menu: "", blurb: "", help: "", needs_image, parameters }
    }

    #[test]
    fn a_menu_leaves_the_parameters_to_their_defaults() {
        let given = [Parameter::whole(INT32, 0), Parameter::whole(IMAGE, 4), Parameter::whole(DRAWABLE, 5)];
        let call = call(&procedure(true), &given).unwrap();
        assert_eq!((call.mode, call.image, call.drawables), (RunMode::Interactive, Some(Image(4)), vec![Item(5)]));
        assert_eq!(call.values, [Value::Text("a".to_owned()), Value::Switch(true), Value::Image(None)]);
    }

    #[test]
    fn a_script_says_everything() {
        let given =
            [Parameter::whole(INT32, 1), Parameter::text(c"größer".to_owned()), Parameter::whole(INT32, 0), Parameter::whole(IMAGE, -1)];
        let call = call(&procedure(false), &given).unwrap();
        assert_eq!((call.mode, call.image, call.drawables), (RunMode::NonInteractive, None, Vec::new()));
        assert_eq!(call.values, [Value::Text("größer".to_owned()), Value::Switch(false), Value::Image(None)]);
    }

    #[test]
    fn values_of_other_types_are_refused() {
        assert!(call(&procedure(false), &[]).is_none());
        assert!(call(&procedure(true), &[Parameter::whole(INT32, 1)]).is_none());
        assert!(call(&procedure(false), &[Parameter::whole(INT32, 1), Parameter::whole(INT32, 1)]).is_none());
    }
}
