//! What a call asks for, from its parameters.

use dedit_protocol::request::{EditOptions, EditVerb, ModelChoice, PlanOptions};
use dedit_schema::{Choice, Id, Values, defaults};

/// When results are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// After learning.
    Learned,
    /// Before learning, as a draft.
    Draft,
    /// As a draft, and again after learning.
    Both,
    /// At once and no draft: by the model without weights.
    Instant,
}

/// What a call asks for, without the session and its revision.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EditRequest {
    pub(crate) edit: EditVerb,
    pub(crate) plan: PlanOptions,
    pub(crate) options: EditOptions,
    pub(crate) model: ModelChoice,
    pub(crate) when: When,
    /// How many results.
    pub(crate) variations: usize,
    /// Whether each comes as layers: the clean plate, and each edited item.
    pub(crate) as_layers: bool,
}

impl EditRequest {
    /// The request for an edit. `ring` is the width in pixels of the selection's soft edge; the parameter of that name comes before it.
    pub(crate) fn new(edit: EditVerb, values: &Values, ring: Option<f64>) -> Self {
        let (plan, options) = (PlanOptions::from_values(values), EditOptions::from_values(values));
        let when = match values.text(Id::When) {
            Some("draft" | Choice::FAST) => When::Draft,
            Some("both") => When::Both,
            Some(Choice::INSTANT) => When::Instant,
            _ => When::Learned,
        };
        Self {
            edit,
            plan: PlanOptions { ring: plan.ring.or(ring), ..plan },
            model: if when == When::Instant { without_weights() } else { model(values).for_options(&options) },
            options,
            when,
            variations: values.whole(Id::Variations).unwrap_or(defaults::VARIATIONS),
            as_layers: values.as_layers(),
        }
    }
}

/// The model without weights.
pub(crate) fn without_weights() -> ModelChoice {
    ModelChoice { model: Some(defaults::MODEL.to_owned()), ..ModelChoice::default() }
}

/// The model that a call names, else the daemon's own.
pub(crate) fn model(values: &Values) -> ModelChoice {
    ModelChoice { model: values.text(Id::Model).map(str::to_owned), ..ModelChoice::default() }
}

#[cfg(test)]
mod tests {
    use dedit_schema::{Action, Host, Value, Verb};

    use super::*;

    #[test]
    fn quality_and_output_are_read() {
        let text = |text: &str| Value::Text(text.to_owned());
        for (action, given, when, model, as_layers) in [
            (Action::Edit(Verb::Remove), vec![], When::Learned, None, false),
            (Action::Edit(Verb::Remove), vec![("when", "both"), ("model", "toys")], When::Both, Some("toys"), false),
            (Action::Edit(Verb::Remove), vec![("when", "instant"), ("model", "toys")], When::Instant, Some("patches"), false),
            (Action::Edit(Verb::Remove), vec![("output", "layers")], When::Learned, None, true),
            (Action::Edit(Verb::Remove), vec![("output", "layer")], When::Learned, None, false),
            (Action::Lift, vec![("when", "draft")], When::Draft, None, true),
            (Action::Edit(Verb::Remove), vec![("when", "fast"), ("model", "sd15")], When::Draft, Some("sd15"), false),
        ] {
            let mut values = Values::new(action);
            for (name, value) in &given {
                values.set(Host::Gimp, name, text(value)).unwrap();
            }
            let edit = EditVerb::Remove { items: Vec::new(), into: None };
            let request = EditRequest::new(edit, &values, None);
            assert_eq!((request.when, request.model.model.as_deref(), request.as_layers), (when, model, as_layers), "{action:?} {given:?}");
            let is_fast = given.contains(&("when", "fast"));
            assert_eq!((request.options.steps, request.model.loras.len()), (is_fast.then_some(6), usize::from(is_fast)));
        }
    }
}
