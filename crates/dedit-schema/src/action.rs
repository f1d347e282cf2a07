//! What hosts offer in menus, procedures and buttons.

use crate::host::Host;
use crate::parameter::{Id, Parameter};
use crate::table;
use crate::verb::Verb;

/// An entry of a host's menu: an edit, or something beside the edits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// An edit.
    Edit(Verb),
    /// An item is removed, and is a layer of its own.
    Lift,
    /// The last result again, with another seed.
    Redo,
    /// Fine-tuning on the picture.
    Learn,
    /// The picture's items: shown, found, set.
    Items,
    /// Results of the picture.
    History,
    /// The models: listed, fetched, chosen.
    Models,
    /// The state of the daemon.
    Status,
}

/// Names and texts of an action.
struct Texts {
    /// Title of dialogs, results and messages.
    title: &'static str,
    /// Entry of menus and buttons; `_` stands before the letter that is its key.
    label: &'static str,
    /// What it does, in one sentence without a full stop.
    summary: &'static str,
}

const fn texts(title: &'static str, label: &'static str, summary: &'static str) -> Texts {
    Texts { title, label, summary }
}

impl Action {
    /// All of them, in the order of menus: the verbs first.
    pub fn all() -> impl Iterator<Item = Self> {
        // Beside the verb that it is a form of.
        let edits = Verb::ALL.into_iter().flat_map(|verb| [Some(Self::Edit(verb)), (verb == Verb::Remove).then_some(Self::Lift)]);
        edits.flatten().chain([Self::Redo, Self::Learn, Self::Items, Self::History, Self::Models, Self::Status])
    }

    /// Those that a host offers, in the order of its menu.
    pub fn of(host: Host) -> impl Iterator<Item = Self> {
        Self::all().filter(move |action| action.is_offered_by(host))
    }

    /// The permanent id, such as `swap-in`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Edit(verb) => verb.id(),
            Self::Lift => "lift",
            Self::Redo => "redo",
            Self::Learn => "learn",
            Self::Items => "items",
            Self::History => "history",
            Self::Models => "models",
            Self::Status => "status",
        }
    }

    /// The action of an id.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::all().find(|action| action.id() == id)
    }

    /// The edit that it is, or is a form of, if it is one.
    pub const fn verb(self) -> Option<Verb> {
        match self {
            Self::Edit(verb) => Some(verb),
            Self::Lift => Some(Verb::Remove),
            Self::Redo | Self::Learn | Self::Items | Self::History | Self::Models | Self::Status => None,
        }
    }

    const fn texts(self) -> Texts {
        match self {
            Self::Edit(verb) => verb_texts(verb),
            Self::Lift => texts(
                "Lift",
                "Lift to its o_wn layer and fill the hole",
                "Makes the item a layer of its own, free to be moved, and fills the place behind it",
            ),
            Self::Redo => texts("Redo", "Redo with another s_eed", "Makes the last result again with another seed"),
            Self::Learn => texts("Learn", "_Learn items", "Learns the picture's items, which makes every edit of them better"),
            Self::Items => texts("Items", "_Items", "Shows and sets what the picture's items are"),
            Self::History => texts("History", "_History", "Shows the results of this picture, and puts one back as a layer"),
            Self::Models => texts("Models", "Mo_dels", "Shows the models that edits can use, fetches others, and chooses the usual one"),
            Self::Status => texts("Status", "S_tatus", "Shows the state of the D-Edit daemon"),
        }
    }

    /// Title of dialogs, results and messages.
    pub const fn title(self) -> &'static str {
        self.texts().title
    }

    /// The title in a host. Projects of OpenFX keep it as the entry of a choice: there it never changes.
    pub const fn title_in(self, host: Host) -> &'static str {
        match (self, host) {
            (Self::Edit(Verb::SwapIn), Host::OpenFx) => "Swap in",
            _ => self.title(),
        }
    }

    /// Entry of a menu, with `_` before the letter that is its key.
    pub const fn label_with_key(self) -> &'static str {
        self.texts().label
    }

    /// Entry of a menu or a button.
    pub fn label(self) -> String {
        self.texts().label.replace('_', "")
    }

    /// What it does, in one sentence without a full stop.
    pub const fn summary(self) -> &'static str {
        self.texts().summary
    }

    /// Whether a host offers it. What a host cannot show (a mask drawn for `reshape`) it leaves out; the command line has every verb, and its commands
    /// `learn`, `segment`, `show`, `model` and `daemon status` in place of the other actions.
    pub const fn is_offered_by(self, host: Host) -> bool {
        match (self, host) {
            (Self::Edit(_), Host::Cli)
            | (
                Self::Lift | Self::Redo | Self::Learn | Self::Items | Self::History | Self::Models | Self::Status,
                Host::Gimp | Host::Krita,
            ) => true,
            (Self::Edit(verb), Host::Gimp | Host::Krita) => match verb {
                Verb::Replace | Verb::Augment | Verb::SwapIn | Verb::Remove | Verb::Move | Verb::Swap | Verb::Refine | Verb::Expand => true,
                Verb::Reshape | Verb::Blend | Verb::Reconstruct | Verb::Personalize => false,
            },
            (Self::Edit(verb), Host::OpenFx) => match verb {
                Verb::Replace | Verb::Augment | Verb::SwapIn | Verb::Remove | Verb::Move | Verb::Swap | Verb::Blend | Verb::Refine => true,
                // A host of OpenFX decides the size of an effect's output by its format: an edit cannot.
                Verb::Reshape | Verb::Expand | Verb::Reconstruct | Verb::Personalize => false,
            },
            // To lift, the command line has `--layers`, and OpenFX the parameter `output`.
            (
                Self::Lift | Self::Redo | Self::Learn | Self::Items | Self::History | Self::Models | Self::Status,
                Host::Cli | Host::OpenFx,
            ) => false,
        }
    }

    /// The parameters that a host offers of it: those of its own, then those that all edits share. The order is permanent, since GIMP 2.10's scripts
    /// give arguments by place: new parameters come behind the others.
    pub fn parameters(self, host: Host) -> Vec<&'static Parameter> {
        let shared: &[Parameter] = if self.verb().is_some() { table::SHARED } else { &[] };
        let is_settled = |id: Id| self == Self::Lift && id == Id::Output;
        self.own().iter().chain(shared).filter(|parameter| parameter.is_offered_by(host) && !is_settled(parameter.id)).collect()
    }

    /// The parameter that a host calls by a name, or called so once.
    pub fn parameter(self, host: Host, name: &str) -> Option<&'static Parameter> {
        self.parameters(host).into_iter().find(|parameter| parameter.name(host) == name || parameter.older.contains(&name))
    }

    const fn own(self) -> &'static [Parameter] {
        match self {
            Self::Edit(verb) => match verb {
                Verb::Replace => table::REPLACE,
                Verb::Augment => table::AUGMENT,
                Verb::SwapIn => table::SWAP_IN,
                Verb::Remove => table::REMOVE,
                Verb::Move => table::MOVE,
                Verb::Swap => table::SWAP,
                Verb::Reshape => table::RESHAPE,
                Verb::Blend => table::BLEND,
                Verb::Refine => table::REFINE,
                Verb::Expand => table::EXPAND,
                Verb::Reconstruct => &[],
                Verb::Personalize => table::PERSONALIZE,
            },
            Self::Lift => table::REMOVE,
            Self::Redo => table::REDO,
            Self::Learn => table::LEARN,
            Self::Items => table::ITEMS,
            Self::History => table::HISTORY,
            Self::Models | Self::Status => &[],
        }
    }
}

const fn verb_texts(verb: Verb) -> Texts {
    match verb {
        Verb::Replace => texts("Replace", "_Replace", "Replaces the item by what a prompt describes"),
        Verb::Augment => texts("Augment", "_Augment this item", "Changes the item by words and keeps its identity, such as: a golden [v]"),
        Verb::SwapIn => {
            texts("Replace from another picture", "Replace from another _picture", "Puts an item of another picture in the item's place")
        }
        Verb::Remove => texts("Remove", "Re_move", "Takes the item away and fills the place"),
        Verb::Move => texts("Move", "M_ove / resize", "Moves, resizes or turns the item and fills the place that it leaves"),
        Verb::Swap => texts("Swap", "_Swap items", "Lets two items take each other's place and outline"),
        Verb::Reshape => texts("Reshape", "Res_hape", "Gives the item the outline of a mask"),
        Verb::Blend => texts("Blend", "_Blend", "Makes the item a mixture of itself and another"),
        Verb::Refine => texts("Refine", "Re_fine selection", "Generates a region again as it is"),
        Verb::Expand => texts("Expand", "E_xpand the canvas", "Enlarges the canvas and fills the new pixels"),
        Verb::Reconstruct => texts("Reconstruct", "Re_construct", "Generates the whole picture again from its items' prompts"),
        Verb::Personalize => texts("Personalize", "Persona_lize", "Puts the item alone into a new scene, such as: [v] on a beach"),
    }
}
