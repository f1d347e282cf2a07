//! The commands of the plug-in and their parameters: menus, procedures for scripts and dialogs are made of them.

use gimp_host::{Parameter, ParameterKind, Procedure};

/// The menu of the commands.
const MENU: &str = "<Image>/Filters/D-Edit";

/// A command: an entry of the menu, and a procedure for scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    Replace,
    Augment,
    SwapIn,
    Remove,
    Move,
    Swap,
    Refine,
    Redo,
    Learn,
    Items,
    History,
    Status,
}

impl Command {
    /// In the order of the menu.
    pub(crate) const ALL: [Self; 12] = [
        Self::Replace,
        Self::Augment,
        Self::SwapIn,
        Self::Remove,
        Self::Move,
        Self::Swap,
        Self::Refine,
        Self::Redo,
        Self::Learn,
        Self::Items,
        Self::History,
        Self::Status,
    ];

    /// The command of a procedure.
    pub(crate) fn of(procedure: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|command| command.name() == procedure)
    }

    /// The name of its procedure.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Replace => "plug-in-dedit-replace",
            Self::Augment => "plug-in-dedit-augment",
            Self::SwapIn => "plug-in-dedit-swap-in",
            Self::Remove => "plug-in-dedit-remove",
            Self::Move => "plug-in-dedit-move",
            Self::Swap => "plug-in-dedit-swap",
            Self::Refine => "plug-in-dedit-refine",
            Self::Redo => "plug-in-dedit-redo",
            Self::Learn => "plug-in-dedit-learn",
            Self::Items => "plug-in-dedit-items",
            Self::History => "plug-in-dedit-history",
            Self::Status => "plug-in-dedit-status",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Replace => "_Replace...",
            Self::Augment => "_Augment this item...",
            Self::SwapIn => "Replace from another _picture...",
            Self::Remove => "Re_move",
            Self::Move => "M_ove / resize...",
            Self::Swap => "_Swap items...",
            Self::Refine => "Re_fine selection",
            Self::Redo => "Redo with another s_eed",
            Self::Learn => "_Learn items...",
            Self::Items => "_Items...",
            Self::History => "_History...",
            Self::Status => "S_tatus",
        }
    }

    fn blurb(self) -> &'static str {
        match self {
            Self::Replace => "Makes the selected thing something else, in words",
            Self::Augment => "Changes the selected thing by words and lets it stay itself",
            Self::SwapIn => "Puts a thing of another picture in the place of the selected one",
            Self::Remove => "Takes the selected thing away and fills the place",
            Self::Move => "Moves, resizes or turns the selected thing and fills the place it leaves",
            Self::Swap => "Lets two things take each other's place",
            Self::Refine => "Makes the selected region again as it is",
            Self::Redo => "Makes the last result again with another seed",
            Self::Learn => "Learns the picture's things, which makes every edit of them better",
            Self::Items => "Shows and sets what the picture's things are",
            Self::History => "Shows what was made of this picture, and puts a result back into the image",
            Self::Status => "Shows how the D-Edit daemon is",
        }
    }

    /// Its name in dialogs and messages.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Replace => "Replace",
            Self::Augment => "Augment",
            Self::SwapIn => "Replace from another picture",
            Self::Remove => "Remove",
            Self::Move => "Move",
            Self::Swap => "Swap",
            Self::Refine => "Refine",
            Self::Redo => "Redo",
            Self::Learn => "Learn",
            Self::Items => "Items",
            Self::History => "History",
            Self::Status => "Status",
        }
    }

    /// Whether it opens a dialog with parameters.
    pub(crate) fn asks(self) -> bool {
        !matches!(self, Self::Remove | Self::Refine | Self::Redo)
    }

    fn own_parameters(self) -> Vec<Parameter> {
        match self {
            Self::Replace => vec![item(), prompt("What it becomes, in words, such as: a white handbag")],
            Self::Augment => vec![item(), prompt("Words for it, with [v] for the thing itself, such as: a golden [v]")],
            Self::SwapIn => swap_in(),
            Self::Remove => vec![item(), into()],
            Self::Move => vec![
                item(),
                number("dx", "_X, px", "Pixels to the right; negative to the left", (-65000.0, 65000.0), 0.0),
                number("dy", "_Y, px", "Pixels down; negative up", (-65000.0, 65000.0), 0.0),
                number("scale", "Si_ze", "How many times as large", (0.01, 100.0), 1.0),
                number("rotate", "_Turn, degrees", "Degrees clockwise", (-360.0, 360.0), 0.0),
                into(),
            ],
            Self::Swap => vec![item(), text("with", "_With", "The other item")],
            Self::Redo => vec![whole("seed", "S_eed", "Seed of the noise; -1 for another one each time", (-1, i32::MAX), -1)],
            Self::Learn => vec![items_from(), picture(), model(), switch("restart", "_Begin again", "Forgets what was learned before")],
            Self::Items => vec![
                items_from(),
                whole("most", "Find at mos_t", "How many things are looked for, where they are found automatically", (1, 64), 8),
                picture(),
            ],
            Self::History => {
                vec![whole("revision", "Resul_t", "Which result comes back as a layer; -1 for none", (-1, i32::MAX), -1), picture()]
            }
            Self::Refine | Self::Status => Vec::new(),
        }
    }

    /// Whether it is an edit.
    pub(crate) fn edits(self) -> bool {
        matches!(self, Self::Replace | Self::Augment | Self::SwapIn | Self::Remove | Self::Move | Self::Swap | Self::Refine)
    }

    /// Its parameters, in the order in which scripts pass them.
    pub(crate) fn parameters(self) -> Vec<Parameter> {
        let mut parameters = self.own_parameters();
        if self.edits() {
            parameters.extend(how());
        }
        parameters
    }
}

/// All procedures.
pub(crate) fn procedures() -> Vec<Procedure> {
    let procedure = |command: Command| Procedure {
        name: command.name(),
        label: command.label(),
        menu: MENU,
        blurb: command.blurb(),
        help: "Without a name the item is what is selected. The result is a new layer above the picture; nothing else changes. The text that is given \
               back is JSON: what was made, and with which seed.",
        needs_image: command != Command::Status,
        parameters: command.parameters(),
    };
    Command::ALL.into_iter().map(procedure).collect()
}

fn text(name: &'static str, label: &'static str, help: &'static str) -> Parameter {
    Parameter { name, label, help, kind: ParameterKind::Text { default: "" } }
}

fn number(name: &'static str, label: &'static str, help: &'static str, range: (f64, f64), default: f64) -> Parameter {
    Parameter { name, label, help, kind: ParameterKind::Number { range, default } }
}

fn whole(name: &'static str, label: &'static str, help: &'static str, range: (i32, i32), default: i32) -> Parameter {
    Parameter { name, label, help, kind: ParameterKind::Whole { range, default } }
}

fn switch(name: &'static str, label: &'static str, help: &'static str) -> Parameter {
    Parameter { name, label, help, kind: ParameterKind::Switch { default: false } }
}

fn choice(
    name: &'static str,
    label: &'static str,
    help: &'static str,
    options: &'static [(&'static str, &'static str)],
    default: &'static str,
) -> Parameter {
    Parameter { name, label, help, kind: ParameterKind::Choice { options, default } }
}

fn item() -> Parameter {
    text("item", "_Item", "Which thing; without a name what is selected")
}

fn into() -> Parameter {
    text("into", "Filled _by", "The item that gets the pixels it leaves; without a name the nearest ones")
}

fn prompt(help: &'static str) -> Parameter {
    text("prompt", "_Prompt", help)
}

fn model() -> Parameter {
    text("model", "Mode_l", "A name or a path; without one as the daemon was started")
}

fn picture() -> Parameter {
    let options = &[("layer", "The active layer"), ("visible", "All that is visible")];
    choice("picture", "Pict_ure", "What is edited", options, "layer")
}

/// Values of `items`.
const WHERE: &[(&str, &str)] = &[
    ("auto", "Selection, else known items, masks, channels"),
    ("selection", "Selection"),
    ("layer-masks", "Layer masks"),
    ("layer-alpha", "Transparency of layers"),
    ("channels", "Saved channels"),
    ("session", "As set before"),
    ("everything", "Found automatically"),
];

fn items_from() -> Parameter {
    choice("items", "Items _from", "Where the picture's items are taken from", WHERE, "auto")
}

fn swap_in() -> Vec<Parameter> {
    let from = &[
        ("auto", "Its selection, else mask or transparency"),
        ("selection", "Its selection"),
        ("layer-mask", "The layer's mask"),
        ("layer-alpha", "The layer's transparency"),
        ("channel", "A saved channel"),
    ];
    vec![
        item(),
        Parameter {
            name: "from-image",
            label: "_Another picture",
            help: "The open image with the other thing",
            kind: ParameterKind::Image,
        },
        text("from-file", "Or a file on _disk", "A picture file with the other thing"),
        choice("from-item", "The o_ther thing", "How the other thing is found in its picture", from, "auto"),
        text("from-name", "_Known as", "Name of the layer or channel it is on; without one the active layer, the first channel"),
    ]
}

/// The parameters that all edits share.
fn how() -> Vec<Parameter> {
    let when = &[("learned", "After learning (best)"), ("draft", "At once (draft)"), ("both", "At once, and again after learning")];
    let fit = &[
        ("auto", "As it suits the edit"),
        ("exact", "The item's outline"),
        ("loose", "Roughly the item's outline"),
        ("box", "The box round it"),
    ];
    vec![
        choice("when", "_Quality", "Learning takes a while, once for a picture and its items", when, "learned"),
        whole("variations", "_Variations", "How many results, each with a seed of its own", (1, 64), 1),
        items_from(),
        picture(),
        choice("fit", "S_hape", "Which shape the new thing may take", fit, "auto"),
        whole("seed", "S_eed", "Seed of the noise; -1 for another one each time", (-1, i32::MAX), -1),
        whole("steps", "_Steps", "Denoising steps; 0 for the usual number", (0, 1000), 0),
        number("guidance", "_Guidance", "How strongly words lead; 0 for the usual strength", (0.0, 50.0), 0.0),
        number("strength", "Stre_ngth", "Share of the steps in which the soft border stays as it was; -1 for the usual", (-1.0, 1.0), -1.0),
        model(),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Scripts rely on names, request and types: they are added to at the end and never changed.
    #[test]
    fn what_scripts_rely_on_stays_as_it_is() {
        let how = "when variations items picture fit seed steps guidance strength model";
        for (name, own) in [
            ("plug-in-dedit-replace", "item prompt"),
            ("plug-in-dedit-augment", "item prompt"),
            ("plug-in-dedit-swap-in", "item from-image from-file from-item from-name"),
            ("plug-in-dedit-remove", "item into"),
            ("plug-in-dedit-move", "item dx dy scale rotate into"),
            ("plug-in-dedit-swap", "item with"),
            ("plug-in-dedit-refine", ""),
            ("plug-in-dedit-redo", "seed"),
            ("plug-in-dedit-learn", "items picture model restart"),
            ("plug-in-dedit-items", "items most picture"),
            ("plug-in-dedit-history", "revision picture"),
            ("plug-in-dedit-status", ""),
        ] {
            let command = Command::of(name).unwrap();
            let names: Vec<_> = command.parameters().iter().map(|parameter| parameter.name).collect();
            let expected = if command.edits() { format!("{own} {how}") } else { own.to_owned() };
            assert_eq!(names.join(" "), expected.trim(), "{name}");
        }
        assert_eq!(Command::of("plug-in-dedit"), None);
    }

    #[test]
    fn every_key_of_the_menu_is_one_entrys_alone() {
        let keys: BTreeSet<char> = Command::ALL
            .iter()
            .map(|command| command.label().split_once('_').unwrap().1.to_ascii_lowercase().chars().next().unwrap())
            .collect();
        assert_eq!(keys.len(), Command::ALL.len());
    }

    /// A key that two rows have moves the focus and presses nothing.
    #[test]
    fn every_key_of_a_dialog_is_one_rows_alone() {
        let key = |label: &str| label.split_once('_').unwrap().1.to_ascii_lowercase().chars().next().unwrap();
        for command in Command::ALL.into_iter().filter(|command| command.asks()) {
            // The buttons and the fold of every dialog.
            let others = ["P_review", "_Cancel", "_OK", "_More"].map(key);
            let mut keys: Vec<char> = command.parameters().iter().map(|parameter| key(parameter.label)).chain(others).collect();
            keys.sort_unstable();
            assert!(keys.windows(2).all(|pair| pair[0] != pair[1]), "{command:?}: {keys:?}");
        }
    }

    #[test]
    fn defaults_lie_in_their_ranges() {
        for parameter in Command::ALL.into_iter().flat_map(Command::parameters) {
            match parameter.kind {
                ParameterKind::Number { range, default } => assert!((range.0..=range.1).contains(&default), "{}", parameter.name),
                ParameterKind::Whole { range, default } => assert!((range.0..=range.1).contains(&default), "{}", parameter.name),
                ParameterKind::Choice { options, default } => {
                    assert!(options.iter().any(|(word, _)| *word == default), "{}", parameter.name);
                }
                _ => {}
            }
        }
    }
}
