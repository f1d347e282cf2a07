//! The actions of the table as GIMP sees them: entries of its menu, and procedures with typed arguments for scripts.

use dedit_schema::{Action, Host, Kind, Parameter as Row, Range, Verb};
use gimp_host::{Parameter, ParameterKind, Procedure};

/// The menu of the actions.
const MENU: &str = "<Image>/Filters/D-Edit";
/// The names of procedures begin with it.
const PREFIX: &str = "plug-in-dedit-";

/// The name of the procedure of an action.
pub(crate) fn name(action: Action) -> String {
    format!("{PREFIX}{}", action.id())
}

/// The action of a procedure.
pub(crate) fn action(procedure: &str) -> Option<Action> {
    Action::from_id(procedure.strip_prefix(PREFIX)?).filter(|action| action.is_offered_by(Host::Gimp))
}

/// Whether an action opens a dialog with parameters.
pub(crate) fn asks(action: Action) -> bool {
    match action {
        Action::Edit(verb) => match verb {
            Verb::Remove | Verb::Refine | Verb::Reconstruct => false,
            Verb::Replace
            | Verb::Augment
            | Verb::SwapIn
            | Verb::Move
            | Verb::Swap
            | Verb::Expand
            | Verb::Reshape
            | Verb::Blend
            | Verb::Personalize => true,
        },
        Action::Learn | Action::Items | Action::History | Action::Models => true,
        Action::Lift | Action::Redo | Action::Status => false,
    }
}

/// All procedures.
pub(crate) fn procedures() -> Vec<Procedure> {
    let procedure = |action: Action| Procedure {
        name: name(action),
        label: format!("{}{}", action.label_with_key(), if asks(action) { "..." } else { "" }),
        menu: MENU,
        blurb: action.summary(),
        help: "Without a name the item is what is selected. The result lies in new layers above the picture; nothing else changes. The text that \
               is returned is JSON: the results, and their seeds.",
        needs_image: !matches!(action, Action::Models | Action::Status),
        parameters: parameters(action),
    };
    Action::of(Host::Gimp).map(procedure).collect()
}

/// The parameters of an action, in the order in which scripts pass them.
pub(crate) fn parameters(action: Action) -> Vec<Parameter> {
    action.parameters(Host::Gimp).into_iter().map(|row| parameter(action, row)).collect()
}

fn parameter(action: Action, row: &'static Row) -> Parameter {
    let usual = |given: &dyn std::fmt::Display| {
        row.usual.map_or_else(|| row.help.to_owned(), |usual| format!("{} ({given}: {})", row.help, usual()))
    };
    let (kind, help) = match row.kind {
        // GIMP has no parameters of these kinds; the table offers none here.
        Kind::Texts | Kind::NumberPair(_) | Kind::WholePair(_) | Kind::Text | Kind::File => {
            (ParameterKind::Text { default: "" }, usual(&"empty"))
        }
        Kind::Image => (ParameterKind::Image, row.help.to_owned()),
        Kind::Switch => (ParameterKind::Switch { default: false }, row.help.to_owned()),
        Kind::Number(Range { low, high, default, automatic }) => {
            let low = automatic.map_or(low, |automatic| automatic.min(low));
            let default = default.or(automatic).unwrap_or(low);
            (ParameterKind::Number { range: (low, high), default }, usual(&default))
        }
        Kind::Whole(Range { low, high, default, automatic }) => {
            let low = automatic.map_or(low, |automatic| automatic.min(low));
            let default = whole(default.or(automatic).unwrap_or(low));
            (ParameterKind::Whole { range: (whole(low), whole(high)), default }, usual(&default))
        }
        Kind::Choice { default, .. } => {
            let options = row.choices_of(action.verb(), Host::Gimp).iter().map(|choice| (choice.word, choice.label)).collect();
            (ParameterKind::Choice { options, default }, row.help.to_owned())
        }
    };
    Parameter { name: row.name(Host::Gimp), label: row.label, help, kind }
}

/// The nearest number of 32 bits: GIMP's whole numbers have no more.
fn whole(number: i128) -> i32 {
    number.clamp(i32::MIN.into(), i32::MAX.into()) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scripts rely on names, order and types: they are added to at the end and never changed.
    #[test]
    fn what_scripts_rely_on_stays_as_it_is() {
        let shared = "when:choice=learned variations:whole=1 items:choice=auto picture:choice=layer fit:choice=auto seed:whole=-1 steps:whole=0 \
                      guidance:number=0 strength:number=-1 model:text=";
        for (id, own) in [
            ("replace", "item:text= prompt:text="),
            ("augment", "item:text= prompt:text="),
            ("swap-in", "item:text= from-image:image from-file:text= from-item:choice=auto from-name:text="),
            ("remove", "item:text= into:text="),
            ("lift", "item:text= into:text="),
            ("move", "item:text= dx:number=0 dy:number=0 scale:number=1 rotate:number=0 into:text="),
            ("swap", "item:text= with:text="),
            ("refine", ""),
            ("expand", "left:whole=0 right:whole=0 top:whole=0 bottom:whole=0 into:text="),
            ("redo", "seed:whole=-1"),
            ("learn", "items:choice=auto picture:choice=layer model:text= restart:switch=false"),
            ("items", "items:choice=auto most:whole=12 picture:choice=layer"),
            ("history", "revision:whole=-1 picture:choice=layer"),
            ("models", ""),
            ("status", ""),
        ] {
            let action = action(&format!("plug-in-dedit-{id}")).unwrap();
            let written = |parameter: &Parameter| {
                let kind = match &parameter.kind {
                    ParameterKind::Text { default } => format!("text={default}"),
                    ParameterKind::Number { default, .. } => format!("number={default}"),
                    ParameterKind::Whole { default, .. } => format!("whole={default}"),
                    ParameterKind::Choice { default, .. } => format!("choice={default}"),
                    ParameterKind::Switch { default } => format!("switch={default}"),
                    ParameterKind::Image => "image".to_owned(),
                };
                format!("{}:{kind}", parameter.name)
            };
            let found: Vec<_> = parameters(action).iter().map(written).collect();
            let expected = if action.verb().is_some() { format!("{own} {shared}") } else { own.to_owned() };
            assert_eq!(found.contains(&"output:choice=layer".to_owned()), matches!(action, Action::Edit(_)), "{id}: {found:?}");
            assert!(found.join(" ").starts_with(expected.trim()), "{id}: {found:?}");
        }
        assert_eq!((action("plug-in-dedit"), action("plug-in-dedit-blend"), action("redo")), (None, None, None));
    }

    #[test]
    fn numbers_have_gimps_ranges_and_what_stands_for_the_usual() {
        let found = parameters(Action::Edit(Verb::Replace));
        let of = |name: &str| found.iter().find(|parameter| parameter.name == name).unwrap();
        assert_eq!(of("seed").kind, ParameterKind::Whole { range: (-1, i32::MAX), default: -1 });
        assert_eq!(of("steps").kind, ParameterKind::Whole { range: (0, 1000), default: 0 });
        assert_eq!(of("strength").kind, ParameterKind::Number { range: (-1.0, 1.0), default: -1.0 });
        assert!(of("steps").help.starts_with("Denoising steps (0: 20; "), "{}", of("steps").help);
        assert!(of("model").help.contains("(empty: "), "{}", of("model").help);
        let options = |id: &str| {
            let rows = parameters(Action::from_id(id).unwrap());
            match &rows.iter().find(|parameter| parameter.name == "when").unwrap().kind {
                ParameterKind::Choice { options, .. } => options.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(" "),
                kind => panic!("{kind:?}"),
            }
        };
        // Without weights no words become pixels.
        assert_eq!((options("replace").as_str(), options("lift").as_str()), ("learned draft fast both", "learned draft fast both instant"));
        let refine = procedures().into_iter().find(|procedure| procedure.name == "plug-in-dedit-refine").unwrap();
        assert_eq!((refine.label.as_str(), refine.needs_image), ("Re_fine selection", true));
    }
}
