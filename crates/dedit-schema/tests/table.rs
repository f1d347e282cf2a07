//! The table is whole, and what people's scripts and projects rely on stays as it is.

use std::collections::BTreeSet;

use dedit_schema::{Action, Host, Id, Kind, LEARNING, Parameter, Value, Values, Verb, fields};

fn rows() -> impl Iterator<Item = (Action, Host, &'static Parameter)> {
    Action::all().flat_map(|action| {
        Host::ALL.into_iter().flat_map(move |host| action.parameters(host).into_iter().map(move |row| (action, host, row)))
    })
}

/// GIMP 2.10's scripts give arguments by place: they are added to at the end and never changed.
#[test]
fn scripts_of_gimp_find_their_arguments_in_the_order_that_they_always_had() {
    let shared = "when variations items picture fit seed steps guidance strength model feather margin";
    for (id, own) in [
        ("replace", "item prompt"),
        ("augment", "item prompt"),
        ("swap-in", "item from-image from-file from-item from-name"),
        ("remove", "item into"),
        ("lift", "item into"),
        ("move", "item dx dy scale rotate into"),
        ("swap", "item with"),
        ("refine", ""),
        ("expand", "left right top bottom into"),
        ("redo", "seed"),
        ("learn", "items picture model restart"),
        ("items", "items most picture"),
        ("history", "revision picture"),
        ("status", ""),
    ] {
        let action = Action::from_id(id).unwrap();
        let names: Vec<_> = action.parameters(Host::Gimp).iter().map(|row| row.name(Host::Gimp)).collect();
        let expected = match action {
            Action::Edit(_) => format!("{own} {shared} output"),
            // What becomes of its result is settled.
            Action::Lift => format!("{own} {shared}"),
            _ => own.to_owned(),
        };
        assert!(names.join(" ").starts_with(expected.trim()), "{id}: {names:?}");
    }
}

#[test]
fn ids_and_names_mean_one_thing_each() {
    let ids: BTreeSet<_> = Action::all().map(Action::id).collect();
    assert_eq!(ids.len(), Action::all().count());
    for action in Action::all() {
        assert_eq!(Action::from_id(action.id()), Some(action));
        for host in Host::ALL {
            let mut names: Vec<_> = action.parameters(host).iter().map(|row| (row.name(host), row.id)).collect();
            let count = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), count, "{} in {host:?}", action.id());
        }
    }
    assert_eq!(Verb::ALL.map(Verb::id).map(Verb::from_id), Verb::ALL.map(Some));
}

#[test]
fn defaults_are_values_that_are_taken() {
    for (action, host, row) in rows() {
        let (id, name) = (action.id(), row.name);
        match row.kind {
            Kind::Number(range) => {
                assert!(range.low < range.high, "{id} {name}");
                assert!(range.default.is_some() != range.automatic.is_some(), "{id} {name}");
                assert!(range.default.is_none_or(|default| (range.low..=range.high).contains(&default)), "{id} {name}");
                assert!(range.automatic.is_none() || row.usual.is_some(), "{id} {name}");
            }
            Kind::Whole(range) => {
                assert!(range.default.is_some() != range.automatic.is_some(), "{id} {name}");
                assert!(range.default.is_none_or(|default| (range.low..=range.high).contains(&default)), "{id} {name}");
                assert!(range.automatic.is_none() || row.usual.is_some(), "{id} {name}");
            }
            Kind::Choice { default, .. } => assert!(row.choices(host).iter().any(|choice| choice.word == default), "{id} {name}"),
            Kind::Text | Kind::Texts | Kind::File | Kind::Image | Kind::Switch | Kind::NumberPair(_) | Kind::WholePair(_) => {}
        }
    }
    assert!(LEARNING.iter().all(|row| row.is_offered_by(Host::Cli)));
}

/// A key that two rows have moves the focus and presses nothing.
#[test]
fn keys_of_menus_and_dialogs_are_one_entrys_alone() {
    // What is folded away in a dialog may do without a key.
    let key = |label: &str| label.split_once('_').and_then(|(_, rest)| rest.to_ascii_lowercase().chars().next());
    let mut menu: Vec<_> = Action::of(Host::Gimp).map(|action| key(action.label_with_key()).unwrap()).collect();
    menu.sort_unstable();
    assert!(menu.windows(2).all(|pair| pair[0] != pair[1]), "{menu:?}");
    for action in Action::of(Host::Gimp) {
        // The buttons and the fold of every dialog.
        let others = ["P_review", "_Cancel", "_OK", "_More"].map(key);
        let mut keys: Vec<char> = action.parameters(Host::Gimp).iter().map(|row| key(row.label)).chain(others).flatten().collect();
        keys.sort_unstable();
        assert!(keys.windows(2).all(|pair| pair[0] != pair[1]), "{}: {keys:?}", action.id());
    }
}

#[test]
fn what_is_refused_names_the_parameter_its_range_and_the_verb() {
    for (id, host, name, value, expected) in [
        ("move", Host::Cli, "scale", Value::Number(f64::NAN), "'scale' is NaN; move takes 0.01 to 100"),
        ("move", Host::OpenFx, "rotation", Value::Number(4e9), "'rotation' is 4000000000; move takes -36000 to 36000"),
        ("replace", Host::Gimp, "variations", Value::Whole(65), "'variations' is 65; replace takes whole numbers from 1 to 64"),
        ("replace", Host::Gimp, "steps", Value::Whole(-1), "'steps' is -1; replace takes whole numbers from 1 to 1000, or 0 for the usual"),
        ("replace", Host::Cli, "steps", Value::Whole(0), "'steps' is 0; replace takes whole numbers from 1 to 1000"),
        ("remove", Host::Krita, "when", Value::Text("now".into()), "'when' is 'now'; remove takes learned, draft, fast, both or instant"),
        (
            "augment",
            Host::Krita,
            "when",
            Value::Text("instant".into()),
            "'when' is 'instant', and augment needs a diffusion model; choose learned, draft, fast or both",
        ),
        (
            "replace",
            Host::Gimp,
            "when",
            Value::Text("instant".into()),
            "'when' is 'instant', and replace needs a diffusion model; choose learned, draft, fast or both",
        ),
        ("lift", Host::Gimp, "output", Value::Text("layer".into()), "'output' is no parameter of lift; it takes item, into, when, "),
        (
            "learn",
            Host::Krita,
            "items",
            Value::Text("channels".into()),
            "'items' is 'channels'; learn takes auto, selection, layer-masks, layer-alpha, session or everything",
        ),
        ("swap", Host::Gimp, "prompt", Value::Text("x".into()), "'prompt' is no parameter of swap; it takes item, with, "),
        ("status", Host::Gimp, "seed", Value::Whole(1), "'seed' is no parameter of status, which takes none"),
        (
            "replace",
            Host::Gimp,
            "seed",
            Value::Text("7".into()),
            "'seed' is '7'; replace takes whole numbers from 0 to 18446744073709551615, or -1 for the usual",
        ),
    ] {
        let mut values = Values::new(Action::from_id(id).unwrap());
        let refusal = values.set(host, name, value).unwrap_err().to_string();
        assert!(refusal.starts_with(expected), "{refusal}\n{expected}");
    }
}

#[test]
fn what_stands_for_the_usual_is_not_given() {
    let mut values = Values::new(Action::Edit(Verb::Replace));
    for (name, value) in [
        ("steps", Value::Whole(0)),
        ("guidance", Value::Number(0.0)),
        ("strength", Value::Number(-1.0)),
        ("seed", Value::Whole(-1)),
        ("model", Value::Text("  ".into())),
    ] {
        values.set(Host::Gimp, name, value).unwrap();
    }
    assert_eq!(values, Values::new(Action::Edit(Verb::Replace)));
    values.set(Host::Gimp, "strength", Value::Number(0.0)).unwrap();
    // A name that it had once.
    values.set(Host::Cli, "ring", Value::Number(0.0)).unwrap();
    assert_eq!(values.number(Id::Feather), Some(0.0));
    values.set(Host::Gimp, "prompt", Value::Text(" a duck\n".into())).unwrap();
    assert_eq!((values.number(Id::Strength), values.text(Id::Prompt)), (Some(0.0), Some("a duck")));
    assert_eq!(values.missing(Id::Item).to_string(), "replace needs 'item'; give the item's name");
}

/// What only a diffusion model can do, and what is taken where the result is layers anyway.
#[test]
fn without_weights_no_words_become_pixels() {
    for verb in Verb::ALL {
        let needs = ["replace", "augment", "blend", "personalize"].contains(&verb.id());
        assert_eq!(verb.needs_model(), needs, "{verb:?}");
        let action = Action::Edit(verb);
        if action.is_offered_by(Host::Gimp) {
            let taken = Values::new(action).set(Host::Gimp, "when", Value::Text("instant".into()));
            assert_eq!(taken.is_ok(), !needs, "{verb:?}");
        }
    }
    let mut values = Values::new(Action::Edit(Verb::Move));
    assert!(Values::new(Action::Lift).as_layers() && !values.as_layers());
    values.set(Host::Gimp, "output", Value::Text("layers".into())).unwrap();
    assert!(values.as_layers());
    assert_eq!(Action::Lift.verb(), Some(Verb::Remove));
}

/// Projects of OpenFX keep names, and labels of choices.
#[test]
fn fields_of_openfx_keep_their_names_and_order() {
    let all = fields(Host::OpenFx);
    let names: Vec<_> = all.iter().map(|field| field.name).collect();
    let permanent = "item prompt other into shift scale rotation amount fit strength guidance steps seed steady model feather margin output otherFrames preset";
    assert_eq!(names.join(" "), permanent);
    let field = |name: &str| all.iter().find(|field| field.name == name).unwrap();
    assert_eq!(field("fit").choice_labels(), ["Automatic", "Exact", "Loose", "Box"]);
    for (name, first) in
        [("amount", "0.5"), ("strength", "-1"), ("guidance", "0"), ("steps", "0"), ("seed", "0"), ("steady", "on"), ("shift", "0")]
    {
        assert_eq!(field(name).first_value(), first, "{name}");
    }
    assert_eq!(field("shift").help(), "Pixels of the full size, to the right and up");
    assert!(field("prompt").help().contains("Augment: Words for it"), "{}", field("prompt").help());
    assert_eq!((field("other").edits().len(), field("seed").edits().len()), (3, 0));
}
