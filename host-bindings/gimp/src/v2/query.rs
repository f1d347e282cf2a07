//! Registration of procedures with GIMP 2.10.
#![expect(unsafe_code, reason = "descriptions are passed in arrays")]

use std::ffi::{CStr, CString, c_int};

use super::parameters::{DRAWABLE, Definition, IMAGE, INT32, LAYER, STRING, number_of};
use super::{RUNNING, Running};
use crate::glib::c_message;
use crate::guard::guard;
use crate::procedure::{About, ParameterKind, Procedure};

const GIMP_PLUGIN: c_int = 1;
const ANY_IMAGE: &CStr = c"*";

/// Called by GIMP.
pub(super) extern "C" fn query() {
    guard(drop, || {
        if let Some(running) = RUNNING.get() {
            running.plugin.procedures().iter().for_each(|procedure| running.install(procedure));
        }
    });
}

struct Described {
    kind: c_int,
    name: CString,
    description: CString,
}

fn described(kind: c_int, name: &str, description: &str) -> Described {
    Described { kind, name: c_message(name), description: c_message(description) }
}

fn definitions(described: &[Described]) -> Vec<Definition> {
    let definition = |one: &Described| Definition { kind: one.kind, name: one.name.as_ptr(), description: one.description.as_ptr() };
    described.iter().map(definition).collect()
}

fn parameters(procedure: &Procedure) -> Vec<Described> {
    let mut all = vec![described(INT32, "run-mode", "Interactive, non-interactive")];
    if procedure.needs_image {
        all.push(described(IMAGE, "image", "The image"));
        all.push(described(DRAWABLE, "drawable", "The layer"));
    }
    all.extend(procedure.parameters.iter().map(|parameter| {
        let description = match &parameter.kind {
            ParameterKind::Choice { options, .. } => {
                let words: Vec<_> = options.iter().map(|(word, _)| format!("\"{word}\"")).collect();
                format!("{} ({})", parameter.help, words.join(", "))
            }
            ParameterKind::Number { range: (least, most), .. } => format!("{} ({least} to {most})", parameter.help),
            ParameterKind::Whole { range: (least, most), .. } => format!("{} ({least} to {most})", parameter.help),
            ParameterKind::Text { .. } | ParameterKind::Switch { .. } | ParameterKind::Image => parameter.help.clone(),
        };
        described(number_of(&parameter.kind), parameter.name, &description)
    }));
    all
}

impl Running {
    fn install(&self, procedure: &Procedure) {
        let [name, blurb, help] = [&procedure.name, procedure.blurb, procedure.help].map(c_message);
        let [label, menu] = [&procedure.label, procedure.menu].map(c_message);
        let About { author, year, .. } = self.plugin.about();
        let [author, year] = [author, year].map(c_message);
        let parameters = parameters(procedure);
        let results = [described(LAYER, "layer", "The new layer, or -1"), described(STRING, "text", "The outcome as JSON, or a message")];
        let (parameters, results) = (definitions(&parameters), definitions(&results));
        let types = if procedure.needs_image { ANY_IMAGE } else { c"" };
        // SAFETY: the arrays are as long as is said, and with all texts live as long as the call.
        unsafe {
            (self.gimp.abi.gimp_install_procedure)(
                name.as_c_str().into(),
                blurb.as_c_str().into(),
                help.as_c_str().into(),
                author.as_c_str().into(),
                author.as_c_str().into(),
                year.as_c_str().into(),
                label.as_c_str().into(),
                types.into(),
                GIMP_PLUGIN,
                parameters.len() as c_int,
                results.len() as c_int,
                parameters.as_ptr(),
                results.as_ptr(),
            );
        }
        if !procedure.menu.is_empty() {
            (self.gimp.abi.gimp_plugin_menu_register)(name.as_c_str().into(), menu.as_c_str().into());
        }
    }
}
