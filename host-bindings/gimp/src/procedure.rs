//! Procedures of a plug-in: entries of menus that scripts can call too.

use crate::host::{Host, Image, Item};

/// A procedure. Its arguments are the run mode, with `needs_image` an image and a drawable, then `parameters` in their order. It returns a layer
/// (which may be none) and a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Procedure {
    /// Its name, such as `plug-in-dedit-replace`.
    pub name: String,
    /// Its entry in the menu, with an underscore before the letter of its key.
    pub label: String,
    /// The menu, such as `<Image>/Filters/D-Edit`.
    pub menu: &'static str,
    /// One sentence about what it does.
    pub blurb: &'static str,
    /// More about it, for the procedure browser.
    pub help: &'static str,
    /// Whether it takes an image and a drawable of it.
    pub needs_image: bool,
    /// Its own arguments.
    pub parameters: Vec<Parameter>,
}

/// An argument of a procedure.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its name, such as `prompt`: lower case, with hyphens.
    pub name: &'static str,
    /// Its label in dialogs, with an underscore before the letter of its key.
    pub label: &'static str,
    /// Its help text.
    pub help: String,
    /// Type, range and default.
    pub kind: ParameterKind,
}

/// Type, range and default of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum ParameterKind {
    /// Text.
    Text {
        /// Its default.
        default: &'static str,
    },
    /// A number.
    Number {
        /// Smallest and largest.
        range: (f64, f64),
        /// Its default.
        default: f64,
    },
    /// A whole number.
    Whole {
        /// Smallest and largest.
        range: (i32, i32),
        /// Its default.
        default: i32,
    },
    /// One of several words; a text in GIMP 2.10.
    Choice {
        /// The values, each with its label in dialogs.
        options: Vec<(&'static str, &'static str)>,
        /// Its default, one of the values.
        default: &'static str,
    },
    /// Yes or no; 0 or 1 in GIMP 2.10.
    Switch {
        /// Its default.
        default: bool,
    },
    /// An open image, or none (-1 in GIMP 2.10).
    Image,
}

impl ParameterKind {
    /// The default as a value.
    pub fn default(&self) -> Value {
        match self {
            Self::Text { default } | Self::Choice { default, .. } => Value::Text((*default).to_owned()),
            Self::Number { default, .. } => Value::Number(*default),
            Self::Whole { default, .. } => Value::Whole(*default),
            Self::Switch { default } => Value::Switch(*default),
            Self::Image => Value::Image(None),
        }
    }
}

/// The value of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Of a text or choice; GIMP 2.10 does not check the text of a choice.
    Text(String),
    /// Of a number.
    Number(f64),
    /// Of a whole number; GIMP 2.10 does not check the range.
    Whole(i32),
    /// Of a switch.
    Switch(bool),
    /// Of an image.
    Image(Option<Image>),
}

/// How a procedure is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunMode {
    /// From the menu: it may open dialogs.
    Interactive,
    /// From a script: no dialogs.
    NonInteractive,
    /// Again with the values of the last call.
    WithLastValues,
}

/// A call of a procedure.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Name of the procedure.
    pub procedure: String,
    /// Run mode.
    pub mode: RunMode,
    /// The image.
    pub image: Option<Image>,
    /// The drawables of it that are active.
    pub drawables: Vec<Item>,
    /// A value for each parameter, in their order: from a script, else the defaults.
    pub values: Vec<Value>,
}

/// Return values of a procedure.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Returned {
    /// The new layer, where there is one.
    pub layer: Option<Item>,
    /// A text for scripts.
    pub text: String,
}

/// Why a procedure returned nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// The user cancelled.
    Cancelled,
    /// Its arguments are wrong; how, in a sentence.
    Misused(String),
    /// It failed; why, in a sentence.
    Failed(String),
}

/// Who made a plug-in, and how it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// Author and copyright holder of its procedures.
    pub author: &'static str,
    /// Year of the copyright.
    pub year: &'static str,
    /// What the program prints when it is started by hand.
    pub usage: &'static str,
}

/// A plug-in.
pub trait Plugin: Sync {
    /// Who made it, and how it is used.
    fn about(&self) -> About;
    /// Its procedures.
    fn procedures(&self) -> Vec<Procedure>;
    /// Carries out a call.
    ///
    /// # Errors
    /// Why it returned nothing; GIMP shows the sentence.
    fn run(&self, host: &dyn Host, call: &Call) -> Result<Returned, Stop>;
}
