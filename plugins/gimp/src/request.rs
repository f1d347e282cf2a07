//! What a call asks for, from its parameters.

use dedit_protocol::request::{EditOptions, EditVerb, ModelChoice, PlanOptions};
use dedit_schema::{Id, Values};

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
    /// How many results.
    pub(crate) variations: usize,
}

impl EditRequest {
    /// The request for an edit. `ring` is the width in pixels of the selection's soft edge; the parameter of that name comes before it.
    pub(crate) fn new(edit: EditVerb, values: &Values, ring: Option<f64>) -> Self {
        let plan = PlanOptions::from_values(values);
        Self {
            edit,
            plan: PlanOptions { ring: plan.ring.or(ring), ..plan },
            options: EditOptions::from_values(values),
            model: model(values),
            when: match values.text(Id::When) {
                Some("draft") => When::Draft,
                Some("both") => When::Both,
                _ => When::Learned,
            },
            variations: values.whole(Id::Variations).unwrap_or(dedit_schema::defaults::VARIATIONS),
        }
    }
}

/// The model that a call names, else the daemon's own.
pub(crate) fn model(values: &Values) -> ModelChoice {
    ModelChoice { model: values.text(Id::Model).map(str::to_owned), ..ModelChoice::default() }
}
