//! Registration of procedures with GIMP 3.
#![expect(unsafe_code, reason = "GIMP hands over and takes pointers")]

use std::ffi::{CStr, c_char, c_double, c_int, c_void};
use std::ptr::null_mut;

use super::{RUNNING, Running, call};
use crate::glib::{Text, Type, c_message};
use crate::guard::guard;
use crate::procedure::{About, Parameter, ParameterKind, Procedure};
use crate::symbols::functions;

/// A procedure, a choice or a list of GIMP's while it is built.
type Pointer = *mut c_void;

functions! {
    /// For making procedures.
    pub(super) struct Registration {
        unsafe fn g_list_append(Pointer, Pointer) -> Pointer;
        safe fn g_strdup(Text<'_>) -> Pointer;
        unsafe fn gimp_image_procedure_new(Pointer, Text<'_>, c_int, call::RunImage, Pointer, Pointer) -> Pointer;
        unsafe fn gimp_procedure_new(Pointer, Text<'_>, c_int, call::RunPlain, Pointer, Pointer) -> Pointer;
        unsafe fn gimp_procedure_set_image_types(Pointer, Text<'_>);
        unsafe fn gimp_procedure_set_sensitivity_mask(Pointer, c_int);
        unsafe fn gimp_procedure_set_documentation(Pointer, Text<'_>, Text<'_>, Text<'_>);
        unsafe fn gimp_procedure_set_attribution(Pointer, Text<'_>, Text<'_>, Text<'_>);
        unsafe fn gimp_procedure_set_menu_label(Pointer, Text<'_>);
        unsafe fn gimp_procedure_add_menu_path(Pointer, Text<'_>);
        unsafe fn gimp_procedure_add_enum_argument(Pointer, Text<'_>, Text<'_>, Text<'_>, Type, c_int, c_int);
        unsafe fn gimp_procedure_add_string_argument(Pointer, Text<'_>, Text<'_>, Text<'_>, Text<'_>, c_int);
        unsafe fn gimp_procedure_add_double_argument(Pointer, Text<'_>, Text<'_>, Text<'_>, c_double, c_double, c_double, c_int);
        unsafe fn gimp_procedure_add_int_argument(Pointer, Text<'_>, Text<'_>, Text<'_>, c_int, c_int, c_int, c_int);
        unsafe fn gimp_procedure_add_boolean_argument(Pointer, Text<'_>, Text<'_>, Text<'_>, c_int, c_int);
        unsafe fn gimp_procedure_add_choice_argument(Pointer, Text<'_>, Text<'_>, Text<'_>, Pointer, Text<'_>, c_int);
        unsafe fn gimp_procedure_add_image_argument(Pointer, Text<'_>, Text<'_>, Text<'_>, c_int, c_int);
        unsafe fn gimp_procedure_add_layer_return_value(Pointer, Text<'_>, Text<'_>, Text<'_>, c_int, c_int);
        unsafe fn gimp_procedure_add_string_return_value(Pointer, Text<'_>, Text<'_>, Text<'_>, Text<'_>, c_int);
        safe fn gimp_choice_new() -> Pointer;
        unsafe fn gimp_choice_add(Pointer, Text<'_>, c_int, Text<'_>, Text<'_>);
        safe fn gimp_run_mode_get_type() -> Type;
    }
}

const PLUGIN: c_int = 1;
/// `G_PARAM_READWRITE`; the names are copied.
const READ_WRITE: c_int = 3;
const MAY_BE_NONE: c_int = 1;
/// With one drawable, several or none: the plug-in itself says what is wrong.
const SENSITIVE_WITH_AN_IMAGE: c_int = 1 | 4 | 8;
const SENSITIVE_ALWAYS: c_int = 0x7FFF_FFFF;
const INTERACTIVE: c_int = 0;

/// Called by GIMP: the names of all procedures, as a list that GIMP frees.
pub(super) extern "C" fn query(_plugin: Pointer) -> Pointer {
    guard(
        |_| null_mut(),
        || {
            let Some(running) = RUNNING.get() else { return null_mut() };
            let registration = &running.gimp.abi.registration;
            running.plugin.procedures().iter().fold(null_mut(), |list, procedure| {
                let name = (registration.g_strdup)(c_message(&procedure.name).as_c_str().into());
                // SAFETY: a list, which begins as NULL, and a text for it.
                unsafe { (registration.g_list_append)(list, name) }
            })
        },
    )
}

/// Called by GIMP: one procedure by its name.
pub(super) extern "C" fn create(plugin: Pointer, name: *const c_char) -> Pointer {
    guard(
        |_| null_mut(),
        || {
            let Some(running) = RUNNING.get() else { return null_mut() };
            // SAFETY: GIMP passes a name.
            let name = unsafe { CStr::from_ptr(name) }.to_string_lossy();
            let procedures = running.plugin.procedures();
            let procedure = procedures.iter().find(|procedure| procedure.name == name);
            // SAFETY: the plug-in's own object, from GIMP.
            procedure.map_or(null_mut(), |procedure| unsafe { running.make(plugin, procedure) })
        },
    )
}

impl Running {
    /// # Safety
    /// `plugin` is the object of the plug-in.
    unsafe fn make(&self, plugin: Pointer, procedure: &Procedure) -> Pointer {
        let registration = &self.gimp.abi.registration;
        let name = c_message(&procedure.name);
        let name = name.as_c_str();
        // SAFETY: the object is the plug-in's; the functions are of the types that GIMP calls them by, and need no data.
        unsafe {
            if procedure.needs_image {
                let created = (registration.gimp_image_procedure_new)(plugin, name.into(), PLUGIN, call::run_image, null_mut(), null_mut());
                (registration.gimp_procedure_set_image_types)(created, c"*".into());
                (registration.gimp_procedure_set_sensitivity_mask)(created, SENSITIVE_WITH_AN_IMAGE);
                registration.describe(created, procedure, self.plugin.about());
                created
            } else {
                let created = (registration.gimp_procedure_new)(plugin, name.into(), PLUGIN, call::run_plain, null_mut(), null_mut());
                (registration.gimp_procedure_set_sensitivity_mask)(created, SENSITIVE_ALWAYS);
                // GIMP adds the run mode by itself only to procedures for images.
                let (mode, nick, blurb) = (c"run-mode".into(), c"Run mode".into(), c"The run mode".into());
                let kind = (registration.gimp_run_mode_get_type)();
                (registration.gimp_procedure_add_enum_argument)(created, mode, nick, blurb, kind, INTERACTIVE, READ_WRITE);
                registration.describe(created, procedure, self.plugin.about());
                created
            }
        }
    }
}

impl Registration {
    /// # Safety
    /// `created` is a procedure that is not registered yet.
    unsafe fn describe(&self, created: Pointer, procedure: &Procedure, about: About) {
        let [name, blurb, help] = [&procedure.name, procedure.blurb, procedure.help].map(c_message);
        let [label, menu] = [&procedure.label, procedure.menu].map(c_message);
        let [author, year] = [about.author, about.year].map(c_message);
        // SAFETY: a procedure, as the caller knows; all texts are copied.
        unsafe {
            (self.gimp_procedure_set_documentation)(created, blurb.as_c_str().into(), help.as_c_str().into(), name.as_c_str().into());
            (self.gimp_procedure_set_attribution)(created, author.as_c_str().into(), author.as_c_str().into(), year.as_c_str().into());
            if !procedure.menu.is_empty() {
                // In this order: without a label GIMP refuses the path.
                (self.gimp_procedure_set_menu_label)(created, label.as_c_str().into());
                (self.gimp_procedure_add_menu_path)(created, menu.as_c_str().into());
            }
            for parameter in &procedure.parameters {
                self.add(created, parameter);
            }
            let (layer, nick, blurb) = (c"layer".into(), c"Layer".into(), c"The new layer, or none".into());
            (self.gimp_procedure_add_layer_return_value)(created, layer, nick, blurb, MAY_BE_NONE, READ_WRITE);
            let (text, nick, blurb) = (c"text".into(), c"Text".into(), c"The outcome as JSON, or a message".into());
            (self.gimp_procedure_add_string_return_value)(created, text, nick, blurb, c"".into(), READ_WRITE);
        }
    }

    /// # Safety
    /// As above.
    unsafe fn add(&self, created: Pointer, parameter: &Parameter) {
        let texts = [parameter.name, parameter.label, &parameter.help].map(c_message);
        let [name, label, help] = texts.each_ref().map(|text| Text::from(text.as_c_str()));
        // SAFETY: a procedure, as the caller knows; all texts are copied, and a choice is handed over.
        unsafe {
            match &parameter.kind {
                ParameterKind::Text { default } => {
                    (self.gimp_procedure_add_string_argument)(created, name, label, help, c_message(default).as_c_str().into(), READ_WRITE);
                }
                ParameterKind::Number { range: (least, most), default } => {
                    (self.gimp_procedure_add_double_argument)(created, name, label, help, *least, *most, *default, READ_WRITE);
                }
                ParameterKind::Whole { range: (least, most), default } => {
                    (self.gimp_procedure_add_int_argument)(created, name, label, help, *least, *most, *default, READ_WRITE);
                }
                ParameterKind::Switch { default } => {
                    (self.gimp_procedure_add_boolean_argument)(created, name, label, help, (*default).into(), READ_WRITE);
                }
                ParameterKind::Choice { options, default } => {
                    let choice = (self.gimp_choice_new)();
                    for (index, option) in options.iter().enumerate() {
                        let (word, shown) = (c_message(option.0), c_message(option.1));
                        (self.gimp_choice_add)(choice, word.as_c_str().into(), index as c_int, shown.as_c_str().into(), c"".into());
                    }
                    let default = c_message(default);
                    (self.gimp_procedure_add_choice_argument)(created, name, label, help, choice, default.as_c_str().into(), READ_WRITE);
                }
                ParameterKind::Image => {
                    (self.gimp_procedure_add_image_argument)(created, name, label, help, MAY_BE_NONE, READ_WRITE);
                }
            }
        }
    }
}
