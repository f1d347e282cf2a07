//! Values of parameters, checked against the table.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use crate::action::Action;
use crate::host::Host;
use crate::parameter::{Choice, Id, Kind, Parameter, Range};
use crate::refusal::Refusal;

/// A value as a host gives it.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Words, a path, or the word of a choice.
    Text(String),
    /// Several.
    Texts(Vec<String>),
    /// A number.
    Number(f64),
    /// A whole number.
    Whole(i128),
    /// Two numbers.
    Numbers([f64; 2]),
    /// Two whole numbers.
    Wholes([usize; 2]),
    /// On or off.
    Switch(bool),
}

impl Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Texts(texts) => f.write_str(&texts.join(", ")),
            Self::Number(number) => write!(f, "{number}"),
            Self::Whole(whole) => write!(f, "{whole}"),
            Self::Numbers([one, other]) => write!(f, "{one},{other}"),
            Self::Wholes([one, other]) => write!(f, "{one},{other}"),
            Self::Switch(on) => f.write_str(if *on { "on" } else { "off" }),
        }
    }
}

impl Parameter {
    /// The value as an edit gets it; `None` where it stands for "none is given": an empty text, a switch that is off, a number that a host shows for
    /// automatic.
    ///
    /// # Errors
    /// A value of another type or outside of the range: one sentence with parameter, range and action.
    pub fn check(&self, action: Action, host: Host, value: Value) -> Result<Option<Value>, Refusal> {
        match (self.kind, value) {
            (Kind::Text | Kind::File | Kind::Image, Value::Text(text)) => {
                let text = text.trim();
                Ok((!text.is_empty()).then(|| Value::Text(text.to_owned())))
            }
            (Kind::Texts, Value::Texts(texts)) => Ok((!texts.is_empty()).then_some(Value::Texts(texts))),
            (Kind::Switch, Value::Switch(on)) => Ok(on.then_some(Value::Switch(true))),
            (Kind::Choice { .. }, Value::Text(word)) => match self.choices(host).into_iter().find(|choice| choice.word == word) {
                Some(choice) if choice.is_taken_by(action.verb()) => Ok(Some(Value::Text(word))),
                Some(_) => {
                    let takes = listed(&self.choices_of(action.verb(), host));
                    let message = format!("'{}' is '{word}', and {} needs a diffusion model", self.name(host), action.id());
                    Err(Refusal::new(message, format!("choose {takes}")))
                }
                None => Err(self.refuse(action, host, &Value::Text(word))),
            },
            (Kind::Number(range), Value::Number(number)) => {
                let stands_for_none = host != Host::Cli && range.automatic.is_some_and(|automatic| number.total_cmp(&automatic).is_eq());
                if stands_for_none {
                    return Ok(None);
                }
                let is_inside = (range.low..=range.high).contains(&number);
                if is_inside { Ok(Some(Value::Number(number))) } else { Err(self.refuse(action, host, &Value::Number(number))) }
            }
            (Kind::Whole(range), Value::Whole(whole)) => {
                if host != Host::Cli && range.automatic == Some(whole) {
                    return Ok(None);
                }
                let is_inside = (range.low..=range.high).contains(&whole);
                if is_inside { Ok(Some(Value::Whole(whole))) } else { Err(self.refuse(action, host, &Value::Whole(whole))) }
            }
            (Kind::NumberPair(_), Value::Numbers(pair)) if pair.iter().all(|number| number.is_finite()) => Ok(Some(Value::Numbers(pair))),
            (Kind::WholePair(_), Value::Wholes(pair)) => Ok(Some(Value::Wholes(pair))),
            (_, value) => Err(self.refuse(action, host, &value)),
        }
    }

    /// A value that was typed.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn parse(&self, action: Action, host: Host, text: &str) -> Result<Option<Value>, Refusal> {
        let wrong = || self.refuse(action, host, &Value::Text(text.to_owned()));
        let value = match self.kind {
            Kind::Text | Kind::File | Kind::Image | Kind::Choice { .. } => Value::Text(text.to_owned()),
            Kind::Texts => Value::Texts(vec![text.to_owned()]),
            Kind::Number(_) => Value::Number(text.parse().map_err(|_| wrong())?),
            Kind::Whole(_) => Value::Whole(text.parse().map_err(|_| wrong())?),
            Kind::NumberPair(_) => Value::Numbers(pair(text).ok_or_else(wrong)?),
            Kind::WholePair(_) => Value::Wholes(pair(text).ok_or_else(wrong)?),
            Kind::Switch => Value::Switch(text == "true"),
        };
        self.check(action, host, value)
    }

    fn refuse(&self, action: Action, host: Host, value: &Value) -> Refusal {
        let value = match value {
            Value::Text(text) => format!("'{text}'"),
            value => value.to_string(),
        };
        let takes = if let Kind::Choice { .. } = self.kind { listed(&self.choices_of(action.verb(), host)) } else { self.takes(host) };
        Refusal::new(format!("'{}' is {value}; {} takes {takes}", self.name(host), action.id()), "")
    }

    /// What it takes, in words: `0.01 to 100`.
    pub fn takes(&self, host: Host) -> String {
        match self.kind {
            Kind::Text => "words".to_owned(),
            Kind::Texts => "names".to_owned(),
            Kind::File => "the path of a file".to_owned(),
            Kind::Image => "an open image".to_owned(),
            Kind::Number(range) => range.in_words(host, ""),
            Kind::Whole(range) => range.in_words(host, "whole numbers from "),
            Kind::NumberPair(_) => "two numbers, one for each stage, such as 0.001,0.0005".to_owned(),
            Kind::WholePair(_) => "two whole numbers, one for each stage, such as 80,120".to_owned(),
            Kind::Switch => "on or off".to_owned(),
            Kind::Choice { .. } => listed(&self.choices(host)),
        }
    }
}

/// The words of choices: `a, b or c`.
fn listed(choices: &[&Choice]) -> String {
    let words: Vec<_> = choices.iter().map(|choice| choice.word).collect();
    match words.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => "nothing".to_owned(),
    }
}

impl<T: Display + Copy> Range<T> {
    fn in_words(&self, host: Host, before: &str) -> String {
        let Self { low, high, automatic, .. } = self;
        match automatic.filter(|_| host != Host::Cli) {
            Some(automatic) => format!("{before}{low} to {high}, or {automatic} for the usual"),
            None => format!("{before}{low} to {high}"),
        }
    }
}

fn pair<T: std::str::FromStr>(text: &str) -> Option<[T; 2]> {
    let (one, other) = text.split_once(',')?;
    Some([one.trim().parse().ok()?, other.trim().parse().ok()?])
}

/// The values that an action was given, each checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Values {
    action: Action,
    given: BTreeMap<Id, Value>,
}

impl Values {
    /// None yet.
    pub fn new(action: Action) -> Self {
        Self { action, given: BTreeMap::new() }
    }

    /// The action that they are for.
    pub fn action(&self) -> Action {
        self.action
    }

    /// Gives a parameter a value, by the name that a host has for it.
    ///
    /// # Errors
    /// A name that the action does not know in that host; a value that the parameter does not take.
    pub fn set(&mut self, host: Host, name: &str, value: Value) -> Result<(), Refusal> {
        let parameter = self.action.parameter(host, name).ok_or_else(|| self.unknown(host, name))?;
        let checked = parameter.check(self.action, host, value)?;
        self.insert(parameter.id, checked);
        Ok(())
    }

    /// Gives a parameter a value that was checked; `None` takes it away. Several texts come one by one.
    pub fn insert(&mut self, id: Id, checked: Option<Value>) {
        match (checked, self.given.get_mut(&id)) {
            (Some(Value::Texts(more)), Some(Value::Texts(texts))) => texts.extend(more),
            (Some(value), _) => drop(self.given.insert(id, value)),
            (None, _) => drop(self.given.remove(&id)),
        }
    }

    /// The sentence about a name that the action does not know.
    pub fn unknown(&self, host: Host, name: &str) -> Refusal {
        let known: Vec<_> = self.action.parameters(host).iter().map(|parameter| parameter.name(host)).collect();
        let id = self.action.id();
        if known.is_empty() {
            return Refusal::new(format!("'{name}' is no parameter of {id}, which takes none"), "");
        }
        Refusal::new(format!("'{name}' is no parameter of {id}; it takes {}", known.join(", ")), "")
    }

    /// The sentence about a parameter that the action cannot do without.
    pub fn missing(&self, id: Id) -> Refusal {
        let row = Host::ALL.into_iter().flat_map(|host| self.action.parameters(host)).find(|parameter| parameter.id == id);
        match row {
            Some(row) => {
                let help = row.help.split(';').next().unwrap_or_default();
                Refusal::new(format!("{} needs '{}'", self.action.id(), row.name), format!("give {}", lower(help)))
            }
            None => Refusal::new(format!("{} needs another parameter", self.action.id()), ""),
        }
    }

    /// Words, a path, or the word of a choice that was given.
    pub fn text(&self, id: Id) -> Option<&str> {
        match self.given.get(&id) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Several words that were given.
    pub fn texts(&self, id: Id) -> &[String] {
        match self.given.get(&id) {
            Some(Value::Texts(texts)) => texts,
            _ => &[],
        }
    }

    /// A number that was given.
    pub fn number(&self, id: Id) -> Option<f64> {
        match self.given.get(&id) {
            Some(Value::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// A whole number that was given, as the type that is wanted.
    pub fn whole<T: TryFrom<i128>>(&self, id: Id) -> Option<T> {
        match self.given.get(&id) {
            Some(Value::Whole(whole)) => T::try_from(*whole).ok(),
            _ => None,
        }
    }

    /// Two numbers that were given.
    pub fn numbers(&self, id: Id) -> Option<[f64; 2]> {
        match self.given.get(&id) {
            Some(Value::Numbers(pair)) => Some(*pair),
            _ => None,
        }
    }

    /// Two whole numbers that were given.
    pub fn wholes(&self, id: Id) -> Option<[usize; 2]> {
        match self.given.get(&id) {
            Some(Value::Wholes(pair)) => Some(*pair),
            _ => None,
        }
    }

    /// Whether the result comes as layers: the clean plate, and each edited item.
    pub fn as_layers(&self) -> bool {
        self.action == Action::Lift || self.text(Id::Output) == Some(Choice::LAYERS)
    }

    /// Whether a switch is on.
    pub fn is_on(&self, id: Id) -> bool {
        matches!(self.given.get(&id), Some(Value::Switch(true)))
    }
}

/// A help text within a sentence.
fn lower(help: &str) -> String {
    let mut letters = help.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
