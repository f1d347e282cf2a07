//! Parameters of all edits as one set of fields, for hosts that show one form for every edit.

use crate::action::Action;
use crate::host::Host;
use crate::parameter::{Id, Kind, Parameter};
use crate::table;
use crate::text::capitalised;
use crate::verb::Verb;

/// The permanent order of OpenFX's parameters; others come behind them.
const OPENFX: &[&str] = &[
    "item",
    "prompt",
    "other",
    "into",
    "shift",
    "scale",
    "rotation",
    "amount",
    "fit",
    "strength",
    "guidance",
    "steps",
    "seed",
    "steady",
    "model",
    "feather",
    "margin",
    "output",
    "otherFrames",
];

/// The parameters of a host that have one name, as one field.
#[derive(Debug, Clone)]
pub struct Field {
    /// The host's name for it.
    pub name: &'static str,
    host: Host,
    /// The first row; the others have the same kind.
    row: &'static Parameter,
    /// Whether all edits take it.
    shared: bool,
    /// Help texts with the verbs that they are about.
    helps: Vec<(&'static str, Vec<Verb>)>,
}

/// The parameters of all edits of a host, each name once: those of single edits, then those that all edits share.
pub fn fields(host: Host) -> Vec<Field> {
    let mut fields: Vec<Field> = Vec::new();
    for verb in Verb::ALL.into_iter().filter(|verb| Action::Edit(*verb).is_offered_by(host)) {
        for row in Action::Edit(verb).parameters(host) {
            let name = row.name(host);
            let shared = table::SHARED.iter().any(|other| other.id == row.id);
            let place = fields.iter().position(|field| field.name == name).unwrap_or_else(|| {
                fields.push(Field { name, host, row, shared, helps: Vec::new() });
                fields.len() - 1
            });
            fields[place].add(row.help_in(host), verb);
        }
    }
    let rank = |field: &Field| {
        let order: &[&str] = if host == Host::OpenFx { OPENFX } else { &[] };
        (field.shared, order.iter().position(|name| *name == field.name).unwrap_or(order.len()))
    };
    fields.sort_by_key(rank);
    fields
}

impl Field {
    fn add(&mut self, help: &'static str, verb: Verb) {
        match self.helps.iter_mut().find(|(known, _)| *known == help) {
            Some((_, verbs)) => {
                if !verbs.contains(&verb) {
                    verbs.push(verb);
                }
            }
            None => self.helps.push((help, vec![verb])),
        }
    }

    /// Which parameter it is; the first, where verbs have different ones under this name.
    pub fn id(&self) -> Id {
        self.row.id
    }

    /// What it takes.
    pub fn kind(&self) -> Kind {
        self.row.kind
    }

    /// What people read.
    pub fn label(&self) -> String {
        // One field for both directions.
        if self.row.id == Id::Dx && self.name != self.row.name { capitalised(self.name) } else { self.row.label() }
    }

    /// Whether every edit takes it.
    pub fn is_shared(&self) -> bool {
        self.shared
    }

    /// Titles of the edits that take it; empty for all edits.
    pub fn edits(&self) -> Vec<&'static str> {
        if self.shared {
            return Vec::new();
        }
        let takes = |verb: &Verb| self.helps.iter().any(|(_, verbs)| verbs.contains(verb));
        Verb::ALL.into_iter().filter(takes).map(|verb| Action::Edit(verb).title_in(self.host)).collect()
    }

    /// What it does, without a full stop at the end. Where verbs differ, the sentence of each begins with their titles.
    pub fn help(&self) -> String {
        if let [(help, _)] = self.helps[..] {
            return help.to_owned();
        }
        let sentence = |(help, verbs): &(&str, Vec<Verb>)| {
            let titles: Vec<_> = verbs.iter().map(|verb| Action::Edit(*verb).title_in(self.host)).collect();
            format!("{}: {help}", titles.join(", "))
        };
        self.helps.iter().map(sentence).collect::<Vec<_>>().join(". ")
    }

    /// The labels of a choice, in the permanent order.
    pub fn choice_labels(&self) -> Vec<String> {
        self.row.choices(self.host).iter().map(|choice| choice.label_in(self.host)).collect()
    }

    /// The value that the field has at first: what stands for the usual value, or the default.
    pub fn first_value(&self) -> String {
        match self.row.kind {
            Kind::Number(range) => range.default.or(range.automatic).unwrap_or(range.low).to_string(),
            Kind::Whole(range) => range.default.or(range.automatic).unwrap_or(range.low).to_string(),
            Kind::Switch => if self.row.starts_on(self.host) { "on" } else { "off" }.to_owned(),
            Kind::Choice { .. } => self.choice_labels().into_iter().next().unwrap_or_default(),
            Kind::Text | Kind::Texts | Kind::File | Kind::Image | Kind::NumberPair(_) | Kind::WholePair(_) => String::new(),
        }
    }

    /// What it takes, in words; empty for texts.
    pub fn takes(&self) -> String {
        match self.row.kind {
            Kind::Text | Kind::Texts => String::new(),
            Kind::Choice { .. } => self.choice_labels().join(", "),
            _ => self.row.takes(self.host),
        }
    }

    /// The value that the daemon chooses for the usual value, in words, if it chooses one.
    pub fn usual(&self) -> Option<String> {
        self.row.usual.map(|usual| usual())
    }

    /// Whether a switch is on at first.
    pub fn starts_on(&self) -> bool {
        self.row.starts_on(self.host)
    }
}
