//! From the parameters of a call to an edit request.

use dedit_protocol::request::{EditOptions, EditVerb, ModelChoice, PlanOptions};

use crate::failure::{Failure, FailureKind};
use crate::parameters::Parameters;
use crate::procedures::Command;

/// When results are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// After learning.
    Learned,
    /// Before learning, as a draft.
    Draft,
    /// As a draft, and again after learning.
    Both,
}

/// What a call asks for, without the session and its revision.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EditRequest {
    pub(crate) edit: EditVerb,
    pub(crate) plan: PlanOptions,
    pub(crate) options: EditOptions,
    pub(crate) model: ModelChoice,
    pub(crate) when: When,
    pub(crate) variations: usize,
    /// The layer's name.
    pub(crate) name: String,
}

fn usage(message: &str, hint: &str) -> Failure {
    Failure::new(FailureKind::Usage, message).hint(hint)
}

/// An item's name, or none where it is empty.
fn some(name: &str) -> Option<String> {
    (!name.is_empty()).then(|| name.to_owned())
}

/// The edit of a command. `item` is the item that it is of, `other` the one of the reference picture.
///
/// # Errors
/// Where a parameter that it needs is empty.
pub(crate) fn edit(command: Command, parameters: &Parameters, item: String, other: Option<String>) -> Result<EditVerb, Failure> {
    let prompt = || match parameters.text("prompt") {
        "" => Err(usage("no words say what it becomes", "type a prompt, such as: a white handbag")),
        words => Ok(words.to_owned()),
    };
    let number = |name| parameters.number(name).unwrap_or_default();
    let into = some(parameters.text("into"));
    Ok(match command {
        Command::Replace => EditVerb::Replace { item, prompt: prompt()? },
        Command::Augment => EditVerb::Augment { item, prompt: with_item(&prompt()?) },
        Command::SwapIn => EditVerb::SwapIn { item, from: other.map(|name| format!("reference:{name}")).unwrap_or_default() },
        Command::Remove => EditVerb::Remove { items: vec![item], into },
        Command::Move => {
            let (dx, dy, scale, rotate) = (number("dx"), number("dy"), number("scale"), number("rotate"));
            if [dx, dy, scale - 1.0, rotate].iter().all(|change| change.abs() < 1e-9) {
                return Err(usage("nothing says where it goes", "say how far, how large or how it is turned"));
            }
            EditVerb::Move { item, dx, dy, scale, rotate, into }
        }
        Command::Swap => {
            let with = some(parameters.text("with")).ok_or_else(|| usage("nothing says with what it is swapped", "name the other item"))?;
            EditVerb::Swap { item, with }
        }
        _ => EditVerb::Refine { mask: 0 },
    })
}

/// Words with a place for the item's tokens, `[v]`; without one it is added at the end.
fn with_item(words: &str) -> String {
    if words.contains("[v]") { words.to_owned() } else { format!("{words} [v]") }
}

/// The request for an edit. `ring` is the width of the soft border in pixels, `None` for the daemon's own.
pub(crate) fn request(parameters: &Parameters, edit: EditVerb, ring: Option<f64>) -> EditRequest {
    let when = match parameters.text("when") {
        "draft" => When::Draft,
        "both" => When::Both,
        _ => When::Learned,
    };
    let fit = Some(parameters.text("fit")).filter(|fit| !matches!(*fit, "" | "auto")).map(str::to_owned);
    let options = EditOptions {
        steps: parameters.whole("steps").and_then(|steps| usize::try_from(steps).ok()).filter(|steps| *steps > 0),
        guidance: parameters.number("guidance").filter(|guidance| *guidance > 0.0),
        strength: parameters.number("strength").filter(|strength| *strength >= 0.0),
        seed: parameters.whole("seed").and_then(|seed| u64::try_from(seed).ok()),
        ..EditOptions::default()
    };
    let name = name(&edit);
    EditRequest {
        edit,
        plan: PlanOptions { fit, ring, ..PlanOptions::default() },
        options,
        model: ModelChoice { model: some(parameters.text("model")), ..ModelChoice::default() },
        when,
        variations: parameters.whole("variations").and_then(|count| usize::try_from(count).ok()).unwrap_or(1).max(1),
        name,
    }
}

/// The name of an edit: of its layer, and in the history.
pub(crate) fn name(edit: &EditVerb) -> String {
    match edit {
        EditVerb::Reconstruct => "Reconstruct".to_owned(),
        EditVerb::Replace { item, prompt } => format!("Replace {item}: {prompt}"),
        EditVerb::Augment { item, prompt } => format!("Augment {item}: {}", prompt.replace("[v]", item)),
        EditVerb::SwapIn { item, from } => format!("Replace {item}: {}", from.trim_start_matches("reference:")),
        EditVerb::Move { item, .. } => format!("Move {item}"),
        EditVerb::Reshape { item, .. } => format!("Reshape {item}"),
        EditVerb::Swap { item, with } => format!("Swap {item} and {with}"),
        EditVerb::Remove { items, .. } => format!("Remove {}", items.join(", ")),
        EditVerb::Blend { item, with, .. } => format!("Blend {item} with {with}"),
        EditVerb::Refine { .. } => "Refine".to_owned(),
        EditVerb::Personalize { item, .. } => format!("Personalize {item}"),
    }
}

#[cfg(test)]
mod tests {
    use gimp_host::Value;

    use super::*;

    fn with(command: Command, values: &[(&str, Value)]) -> Parameters {
        let mut parameters = Parameters::defaults(command);
        for (name, value) in values {
            parameters.set(name, value.clone());
        }
        parameters
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn what_is_asked_for_is_what_the_daemon_is_told() {
        for (command, values, expected, name) in [
            (
                Command::Replace,
                vec![("prompt", text("a duck"))],
                r#"{"verb":"replace","item":"bag","prompt":"a duck"}"#,
                "Replace bag: a duck",
            ),
            (
                Command::Augment,
                vec![("prompt", text("a red [v]"))],
                r#"{"verb":"augment","item":"bag","prompt":"a red [v]"}"#,
                "Augment bag: a red bag",
            ),
            (
                Command::Augment,
                vec![("prompt", text("golden"))],
                r#"{"verb":"augment","item":"bag","prompt":"golden [v]"}"#,
                "Augment bag: golden bag",
            ),
            (Command::SwapIn, vec![], r#"{"verb":"swap-in","item":"bag","from":"reference:cup"}"#, "Replace bag: cup"),
            (Command::Remove, vec![("into", text("items"))], r#"{"verb":"remove","items":["bag"],"into":"items"}"#, "Remove bag"),
            (
                Command::Move,
                vec![("dx", Value::Number(3.0))],
                r#"{"verb":"move","item":"bag","dx":3.0,"dy":0.0,"scale":1.0,"rotate":0.0,"into":null}"#,
                "Move bag",
            ),
            (Command::Swap, vec![("with", text("hat"))], r#"{"verb":"swap","item":"bag","with":"hat"}"#, "Swap bag and hat"),
            (Command::Refine, vec![], r#"{"verb":"refine","mask":0}"#, "Refine"),
        ] {
            let edit = edit(command, &with(command, &values), "bag".to_owned(), Some("cup".to_owned())).unwrap();
            let expected: serde_json::Value = serde_json::from_str(expected).unwrap();
            assert_eq!(serde_json::to_value(&edit).unwrap(), expected);
            assert_eq!(request(&Parameters::defaults(command), edit, None).name, name);
        }
    }

    #[test]
    fn what_is_missing_is_said() {
        for (command, expected) in
            [(Command::Replace, "no words"), (Command::Augment, "no words"), (Command::Move, "where it goes"), (Command::Swap, "swapped")]
        {
            let failure = edit(command, &Parameters::defaults(command), "bag".to_owned(), None).unwrap_err();
            assert!(failure.message.contains(expected) && failure.hint.is_some(), "{failure}");
        }
    }

    #[test]
    fn what_is_left_as_usual_is_left_to_the_daemon() {
        let usual = request(&Parameters::defaults(Command::Remove), EditVerb::Reconstruct, None);
        assert_eq!((usual.options, usual.plan, usual.when), (EditOptions::default(), PlanOptions::default(), When::Learned));
        let values = [
            ("steps", Value::Whole(4)),
            ("seed", Value::Whole(0)),
            ("strength", Value::Number(0.0)),
            ("fit", text("box")),
            ("when", text("both")),
        ];
        let told = request(&with(Command::Remove, &values), EditVerb::Reconstruct, Some(5.0));
        assert_eq!((told.options.steps, told.options.seed, told.options.strength), (Some(4), Some(0), Some(0.0)));
        assert_eq!((told.plan.fit.as_deref(), told.plan.ring, told.when), (Some("box"), Some(5.0), When::Both));
    }
}
