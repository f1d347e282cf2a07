//! Options of the table of parameters as arguments of clap, and their values.

use clap::{Arg, ArgAction, ArgMatches, Command};
use dedit_schema::{Action, Group, Host, Id, Kind, Parameter, Refusal, Values, Verb};

/// The options of a verb that a command takes: its own, and those of some groups.
pub(crate) fn of_verb(verb: Verb, groups: &[Group]) -> Vec<&'static Parameter> {
    let all = Action::Edit(verb).parameters(Host::Cli).into_iter();
    all.filter(|parameter| parameter.id.group() == Group::Verb || groups.contains(&parameter.id.group())).collect()
}

/// Adds options to a command.
pub(crate) fn augment(command: Command, parameters: &[&'static Parameter]) -> Command {
    parameters.iter().fold(command, |command, parameter| command.arg(arg(parameter)))
}

/// The values of options, each checked.
pub(crate) fn read(action: Action, parameters: &[&'static Parameter], matches: &ArgMatches) -> Result<Values, Refusal> {
    let mut values = Values::new(action);
    for parameter in parameters {
        if parameter.kind == Kind::Switch {
            if matches.get_flag(parameter.name) {
                values.insert(parameter.id, parameter.parse(action, Host::Cli, "true")?);
            }
            continue;
        }
        for text in matches.get_many::<String>(parameter.name).into_iter().flatten() {
            values.insert(parameter.id, parameter.parse(action, Host::Cli, text)?);
        }
    }
    Ok(values)
}

fn arg(parameter: &'static Parameter) -> Arg {
    let heading = match parameter.id.group() {
        Group::Verb => None,
        Group::Plan => Some("Plan"),
        Group::Sampling => Some("Sampling"),
        Group::Learning => Some("Learning"),
    };
    let arg =
        Arg::new(parameter.name).long(parameter.name).aliases(parameter.older.iter().copied()).help(help(parameter)).help_heading(heading);
    match parameter.kind {
        Kind::Switch => return arg.action(ArgAction::SetTrue),
        Kind::Texts => arg.action(ArgAction::Append),
        _ => arg.action(ArgAction::Set),
    }
    // The table checks values, so that every host says the same of a wrong one.
    .allow_hyphen_values(!matches!(parameter.kind, Kind::File))
    .value_name(value_name(parameter))
    .required(parameter.required)
}

fn help(parameter: &Parameter) -> String {
    let help = parameter.help_with_default();
    match parameter.kind {
        Kind::Choice { .. } => format!("{help} [one of: {}]", parameter.takes(Host::Cli)),
        _ => help,
    }
}

fn value_name(parameter: &Parameter) -> &'static str {
    match (parameter.kind, parameter.unit, parameter.id) {
        (Kind::File, ..) => "FILE",
        (Kind::NumberPair(_) | Kind::WholePair(_), ..) => "A,B",
        (Kind::Choice { .. }, ..) => "WORD",
        (Kind::Number(_) | Kind::Whole(_), "px", _) => "PX",
        (Kind::Number(_), "°", _) => "DEG",
        (Kind::Number(_) | Kind::Whole(_), ..) => "N",
        (.., Id::Prompt) => "TEXT",
        (.., Id::From) => "ITEM",
        (Kind::Text | Kind::Texts | Kind::Image | Kind::Switch, ..) => "NAME",
    }
}
