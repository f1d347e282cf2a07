//! What a plug-in offers: procedures, for menus and for scripts.

use crate::host::{Host, Image, Item};

/// A procedure. GIMP hands every one the run mode first, then image and drawable where `needs_image` says so, then the parameters in their order. It
/// gives back a layer (which may be none) and a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Procedure {
    /// Its name, such as `plug-in-dedit-replace`.
    pub name: &'static str,
    /// Its entry in the menu, with an underscore before the letter of its key.
    pub label: &'static str,
    /// The menu, such as `<Image>/Filters/D-Edit`.
    pub menu: &'static str,
    /// What it does, in one sentence.
    pub blurb: &'static str,
    /// What else is to be known.
    pub help: &'static str,
    /// Whether it works on an image and a drawable of it.
    pub needs_image: bool,
    /// What it is told.
    pub parameters: Vec<Parameter>,
}

/// Something that a procedure is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its name, such as `prompt`: lower case, with hyphens.
    pub name: &'static str,
    /// What the dialog calls it, with an underscore before the letter of its key.
    pub label: &'static str,
    /// What it means.
    pub help: &'static str,
    /// What values it takes.
    pub kind: ParameterKind,
}

/// What values a parameter takes.
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
    /// One of a few words; a text in GIMP 2.10.
    Choice {
        /// Word, and what the dialog calls it.
        options: &'static [(&'static str, &'static str)],
        /// Its default, a word.
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
    /// Of a text or choice; GIMP 2.10 lets scripts give a choice any text.
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
    /// From the menu: it may ask.
    Interactive,
    /// By a script: it does not ask.
    NonInteractive,
    /// Again, as the last time.
    WithLastValues,
}

/// A call of a procedure.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Which procedure.
    pub procedure: String,
    /// How.
    pub mode: RunMode,
    /// The image.
    pub image: Option<Image>,
    /// The drawables of it that are active.
    pub drawables: Vec<Item>,
    /// A value for each parameter, in their order: what a script says, else the defaults.
    pub values: Vec<Value>,
}

/// What a procedure gives back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Returned {
    /// The new layer, where there is one.
    pub layer: Option<Item>,
    /// What is to be said, for scripts.
    pub text: String,
}

/// Why a procedure gives nothing back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// The user cancelled.
    Cancelled,
    /// It was called in a way that makes no sense; why, in a sentence.
    Misused(String),
    /// It failed; why, in a sentence.
    Failed(String),
}

/// A plug-in.
pub trait Plugin: Sync {
    /// What it offers.
    fn procedures(&self) -> Vec<Procedure>;
    /// Carries out a call.
    ///
    /// # Errors
    /// Why nothing is given back; GIMP shows it.
    fn run(&self, host: &dyn Host, call: &Call) -> Result<Returned, Stop>;
}
