//! Clips and parameters as hosts see them, and as projects keep them.

use ofx_test_host::{Context, ContextDescribed, HostSettings, Prop};

use crate::alone::{Behind, Loaded, alone};

/// One line per parameter: name, kind, default and labels of choices, all permanent.
const PERMANENT: &str = include_str!("../../../../plugins/openfx/parameters.txt");

fn listed(described: &ContextDescribed) -> String {
    let text = |value: &Prop| match value {
        Prop::Int(number) => number.to_string(),
        Prop::Double(number) => number.to_string(),
        Prop::Text(text) => format!("'{text}'"),
        Prop::Pointer(_) => "pointer".to_owned(),
    };
    let mut lines = String::new();
    for param in &described.params {
        let values =
            |name: &str| param.properties.get(name).map(|values| values.iter().map(text).collect::<Vec<_>>().join(" ")).unwrap_or_default();
        let kind = param.kind.trim_start_matches("OfxParamType");
        let line = format!("{} {kind} {} {}", param.id, values("OfxParamPropDefault"), values("OfxParamPropChoiceOption"));
        lines.push_str(line.trim_end());
        lines.push('\n');
    }
    lines
}

#[test]
fn own_parameters_are_those_that_projects_know() {
    alone(
        concat!(module_path!(), "::own_parameters_are_those_that_projects_know"),
        Behind::Nothing,
        |_, _| {},
        |_| {
            let loaded = Loaded::new(HostSettings::default());
            for context in [Context::Filter, Context::General] {
                let described = loaded.described(context);
                let lines = listed(&described);
                // Lines may be added, and labels at the end of a choice; no line may change or go.
                let mut now = lines.lines();
                for permanent in PERMANENT.lines() {
                    let is_it = |line: &str| {
                        line == permanent
                            || (permanent.contains(" Choice ") && line.strip_prefix(permanent).is_some_and(|more| more.starts_with(' ')))
                    };
                    assert!(now.any(is_it), "{permanent}\nis not in\n{lines}");
                }
                let clips: Vec<_> = described.clips.iter().map(|clip| clip.name.as_str()).collect();
                assert_eq!(
                    clips,
                    if context == Context::Filter { &["Source", "Output"][..] } else { &["Source", "Mask", "Reference", "Output"] }
                );
            }
        },
    );
}

#[test]
fn own_other_contexts_are_refused() {
    alone(
        concat!(module_path!(), "::own_other_contexts_are_refused"),
        Behind::Nothing,
        |_, _| {},
        |_| {
            let loaded = Loaded::new(HostSettings::default());
            let described = loaded.connection.effect(crate::alone::EFFECT).unwrap().describe().unwrap();
            let contexts = &described.properties["OfxImageEffectPropSupportedContexts"];
            assert_eq!(contexts.len(), 2, "{contexts:?}");
            let refused = described.describe_in_context(Context::Generator);
            assert!(refused.is_err() || refused.is_ok_and(|described| !described.outcome.went_well()));
        },
    );
}
