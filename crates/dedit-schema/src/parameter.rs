//! A row of the table of parameters.

use crate::host::Host;
use crate::text::capitalised;
use crate::verb::Verb;

/// Which parameter it is, whatever a host calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is a row of the table, which has its help")]
pub enum Id {
    Item,
    Prompt,
    From,
    FromImage,
    FromDocument,
    FromFile,
    FromItem,
    FromName,
    Into,
    Dx,
    Dy,
    Scale,
    Rotate,
    With,
    Amount,
    Mask,
    Left,
    Right,
    Top,
    Bottom,
    When,
    Variations,
    Items,
    Picture,
    Fit,
    Feather,
    Margin,
    Also,
    Seed,
    Steps,
    Scheduler,
    Guidance,
    Strength,
    Anchor,
    Start,
    WholePicture,
    Steady,
    OtherFrames,
    Preset,
    Model,
    Output,
    Revision,
    Most,
    Restart,
    Tokens,
    Updates,
    Rates,
    Rank,
    FullAttention,
    Batch,
    Accumulation,
    NoEarlyStop,
    CheckpointLevels,
    PreviewEvery,
}

/// What a parameter is about: a heading of help texts, and which commands take it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// The verb itself.
    Verb,
    /// Which pixels may change.
    Plan,
    /// How new pixels are generated.
    Sampling,
    /// How a picture is learned.
    Learning,
}

impl Id {
    /// What it is about.
    pub const fn group(self) -> Group {
        match self {
            Self::Fit | Self::Feather | Self::Margin | Self::Also => Group::Plan,
            Self::When
            | Self::Variations
            | Self::Seed
            | Self::Steps
            | Self::Scheduler
            | Self::Guidance
            | Self::Strength
            | Self::Anchor
            | Self::Start
            | Self::WholePicture
            | Self::Steady
            | Self::OtherFrames
            | Self::Preset
            | Self::Model => Group::Sampling,
            Self::Tokens
            | Self::Updates
            | Self::Rates
            | Self::Rank
            | Self::FullAttention
            | Self::Batch
            | Self::Accumulation
            | Self::NoEarlyStop
            | Self::CheckpointLevels
            | Self::PreviewEvery => Group::Learning,
            Self::Item
            | Self::Prompt
            | Self::From
            | Self::FromImage
            | Self::FromDocument
            | Self::FromFile
            | Self::FromItem
            | Self::FromName
            | Self::Into
            | Self::Dx
            | Self::Dy
            | Self::Scale
            | Self::Rotate
            | Self::With
            | Self::Amount
            | Self::Mask
            | Self::Left
            | Self::Right
            | Self::Top
            | Self::Bottom
            | Self::Items
            | Self::Picture
            | Self::Revision
            | Self::Output
            | Self::Most
            | Self::Restart => Group::Verb,
        }
    }
}

/// The values that a numeric parameter takes: from `low` to `high`, both included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range<T> {
    /// The lowest.
    pub low: T,
    /// The highest.
    pub high: T,
    /// The value where none is given; `None` where the daemon chooses one ([`Parameter::usual`] says which).
    pub default: Option<T>,
    /// What stands for "none is given" in hosts whose parameters always have a value.
    pub automatic: Option<T>,
}

/// One of the words that a choice takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// The permanent word.
    pub word: &'static str,
    /// What people read.
    pub label: &'static str,
    /// The hosts that offer it.
    pub hosts: &'static [Host],
}

impl Choice {
    /// Quality: the model without weights, whatever model is chosen.
    pub const INSTANT: &str = "instant";
    /// Quality or preset: a draft in few steps with an LCM-LoRA; see [`crate::defaults::FAST_STEPS`].
    pub const FAST: &str = "fast";
    /// Output: the clean plate, and each edited item as a layer of its own.
    pub const LAYERS: &str = "layers";

    /// Whether an edit takes it; `None` for what is no edit. Without weights no words become pixels.
    pub fn is_taken_by(&self, verb: Option<Verb>) -> bool {
        self.word != Self::INSTANT || !verb.is_some_and(Verb::needs_model)
    }

    /// What people read in a host. Projects of OpenFX keep the label: there it is the permanent word with a capital.
    pub fn label_in(&self, host: Host) -> String {
        match (host, self.word) {
            (Host::OpenFx, "auto") => "Automatic".to_owned(),
            (Host::OpenFx, word) => capitalised(word),
            (Host::Cli | Host::Gimp | Host::Krita, _) => self.label.to_owned(),
        }
    }
}

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Words; none by default.
    Text,
    /// Several words or names; none by default.
    Texts,
    /// The path of a file.
    File,
    /// An image that is open in the host.
    Image,
    /// A finite number.
    Number(Range<f64>),
    /// A whole number.
    Whole(Range<i128>),
    /// Two numbers: one for each stage of learning.
    NumberPair([f64; 2]),
    /// Two whole numbers: one for each stage of learning.
    WholePair([usize; 2]),
    /// On or off; off by default.
    Switch,
    /// One of some words; `default` is one of them.
    Choice {
        /// In the permanent order.
        choices: &'static [Choice],
        /// Where none is given.
        default: &'static str,
    },
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// Which it is.
    pub id: Id,
    /// The permanent name: the command line's option, a script's argument.
    pub name: &'static str,
    /// Other permanent names of it in some hosts.
    pub names: &'static [(Host, &'static str)],
    /// Names that it had once and that are still understood.
    pub older: &'static [&'static str],
    /// What people read; `_` stands before the letter that is its key in a dialog.
    pub label: &'static str,
    /// What it does, without a full stop.
    pub help: &'static str,
    /// What it does in hosts where units or directions are others.
    pub helps: &'static [(Host, &'static str)],
    /// The unit of its values, such as `px`; empty for none.
    pub unit: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// The hosts that offer it.
    pub hosts: &'static [Host],
    /// Whether the command line insists on it. Other hosts have the selection in place of an item, and ask for the rest in their dialogs.
    pub required: bool,
    /// The value that the daemon chooses where none is given, in words.
    pub usual: Option<fn() -> String>,
}

impl Parameter {
    /// What a host calls it.
    pub fn name(&self, host: Host) -> &'static str {
        self.names.iter().find(|(of, _)| *of == host).map_or(self.name, |(_, name)| name)
    }

    /// What it does in a host.
    pub fn help_in(&self, host: Host) -> &'static str {
        self.helps.iter().find(|(of, _)| *of == host).map_or(self.help, |(_, help)| help)
    }

    /// Whether a switch is on at first. Frames of a film belong together: hosts of films begin steady.
    pub fn starts_on(&self, host: Host) -> bool {
        matches!((self.id, host), (Id::Steady, Host::OpenFx))
    }

    /// Whether a host offers it.
    pub fn is_offered_by(&self, host: Host) -> bool {
        self.hosts.contains(&host)
    }

    /// What people read, without the mark of its key.
    pub fn label(&self) -> String {
        self.label.replace('_', "")
    }

    /// The words of a choice that a host offers, for whichever actions; none of what is no choice.
    pub fn choices(&self, host: Host) -> Vec<&'static Choice> {
        match self.kind {
            Kind::Choice { choices, .. } => choices.iter().filter(|choice| choice.hosts.contains(&host)).collect(),
            _ => Vec::new(),
        }
    }

    /// The words of a choice that a host offers for an edit; `None` for what is no edit.
    pub fn choices_of(&self, verb: Option<Verb>, host: Host) -> Vec<&'static Choice> {
        self.choices(host).into_iter().filter(|choice| choice.is_taken_by(verb)).collect()
    }

    /// Help with the value where none is given: `Denoising steps [default: 20; 50 to reconstruct]`.
    pub fn help_with_default(&self) -> String {
        match self.default_in_words() {
            Some(default) => format!("{} [default: {default}]", self.help),
            None => self.help.to_owned(),
        }
    }

    /// The value where none is given, in words; `None` for what is then empty or off.
    pub fn default_in_words(&self) -> Option<String> {
        if let Some(usual) = self.usual {
            return Some(usual());
        }
        match self.kind {
            Kind::Number(range) => range.default.map(|default| default.to_string()),
            Kind::Whole(range) => range.default.map(|default| default.to_string()),
            Kind::NumberPair([one, other]) => Some(format!("{one},{other}")),
            Kind::WholePair([one, other]) => Some(format!("{one},{other}")),
            Kind::Choice { default, .. } => Some(default.to_owned()),
            Kind::Text | Kind::Texts | Kind::File | Kind::Image | Kind::Switch => None,
        }
    }
}
