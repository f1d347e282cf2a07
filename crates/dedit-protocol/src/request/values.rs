//! From checked values of the table of parameters to requests: the same way for every host in Rust.

use dedit_schema::{Choice, Id, Refusal, Value, Values, Verb, defaults};

use super::edits::{EditVerb, PlanOptions};
use super::learning::{EditOptions, LearnOptions, Lora, ModelChoice};

/// Changes below this are none: sliders give such numbers for 0 and 1.
const STILL: f64 = 1e-9;

impl EditVerb {
    /// The edit that the values say. `mask` is the place of the blob with the mask, for verbs that have one.
    ///
    /// # Errors
    /// A parameter that the verb cannot do without; a `move` that moves nothing.
    pub fn from_values(verb: Verb, values: &Values, mask: Option<usize>) -> Result<Self, Refusal> {
        let text = |id: Id| values.text(id).map(str::to_owned).ok_or_else(|| values.missing(id));
        let item = || text(Id::Item);
        let into = || values.text(Id::Into).map(str::to_owned);
        let blob = || mask.ok_or_else(|| values.missing(Id::Mask));
        Ok(match verb {
            Verb::Replace => Self::Replace { item: item()?, prompt: text(Id::Prompt)? },
            Verb::Augment => Self::Augment { item: item()?, prompt: with_item(&text(Id::Prompt)?) },
            Verb::Personalize => Self::Personalize { item: item()?, prompt: text(Id::Prompt)? },
            Verb::SwapIn => Self::SwapIn { item: item()?, from: text(Id::From)? },
            Verb::Remove => Self::Remove { items: removed(values)?, into: into() },
            Verb::Move => moved(item()?, values, into())?,
            Verb::Swap => Self::Swap { item: item()?, with: text(Id::With)? },
            Verb::Reshape => Self::Reshape { item: item()?, mask: blob()?, into: into() },
            Verb::Blend => {
                let amount = values.number(Id::Amount).unwrap_or(defaults::AMOUNT);
                Self::Blend { item: item()?, with: text(Id::With)?, amount: amount as f32 }
            }
            Verb::Refine => Self::Refine { mask: blob()? },
            Verb::Expand => expanded(values, into())?,
            Verb::Reconstruct => Self::Reconstruct,
        })
    }

    /// The item that it is about, the first of several.
    pub fn item(&self) -> Option<&str> {
        match self {
            Self::Replace { item, .. }
            | Self::Augment { item, .. }
            | Self::SwapIn { item, .. }
            | Self::Move { item, .. }
            | Self::Reshape { item, .. }
            | Self::Swap { item, .. }
            | Self::Blend { item, .. }
            | Self::Personalize { item, .. } => Some(item),
            Self::Remove { items, .. } => items.first().map(String::as_str),
            Self::Reconstruct | Self::Expand { .. } | Self::Refine { .. } => None,
        }
    }

    /// A title for layers and lists, such as `Replace bag: a duck`.
    pub fn title(&self) -> String {
        let name = dedit_schema::Action::Edit(self.verb()).title();
        match self {
            Self::Replace { item, prompt } => format!("{name} {item}: {prompt}"),
            Self::Augment { item, prompt } => format!("{name} {item}: {}", prompt.replace("[v]", item)),
            Self::SwapIn { item, from } => format!("Replace {item}: {}", from.trim_start_matches("reference:")),
            Self::Swap { item, with } => format!("{name} {item} and {with}"),
            Self::Blend { item, with, .. } => format!("{name} {item} with {with}"),
            Self::Remove { items, .. } => format!("{name} {}", items.join(", ")),
            Self::Move { item, .. } | Self::Reshape { item, .. } | Self::Personalize { item, .. } => format!("{name} {item}"),
            Self::Reconstruct | Self::Expand { .. } | Self::Refine { .. } => name.to_owned(),
        }
    }
}

/// Words around an item have a place for it; where they do not say one, it is behind them.
fn with_item(words: &str) -> String {
    if words.contains("[v]") { words.to_owned() } else { format!("{words} [v]") }
}

/// The command line names several items, the other hosts one.
fn removed(values: &Values) -> Result<Vec<String>, Refusal> {
    match (values.texts(Id::Item), values.text(Id::Item)) {
        ([], None) => Err(values.missing(Id::Item)),
        ([], Some(item)) => Ok(vec![item.to_owned()]),
        (items, _) => Ok(items.to_vec()),
    }
}

fn moved(item: String, values: &Values, into: Option<String>) -> Result<EditVerb, Refusal> {
    let number = |id: Id, default: f64| values.number(id).unwrap_or(default);
    let (dx, dy, scale, rotate) = (number(Id::Dx, 0.0), number(Id::Dy, 0.0), number(Id::Scale, 1.0), number(Id::Rotate, 0.0));
    if [dx, dy, scale - 1.0, rotate].iter().all(|change| change.abs() < STILL) {
        return Err(Refusal::new("move changes nothing", "give 'dx', 'dy', 'scale' or 'rotate'"));
    }
    Ok(EditVerb::Move { item, dx, dy, scale, rotate, into })
}

fn expanded(values: &Values, into: Option<String>) -> Result<EditVerb, Refusal> {
    let [left, right, top, bottom] = [Id::Left, Id::Right, Id::Top, Id::Bottom].map(|id| values.whole(id).unwrap_or(0));
    if [left, right, top, bottom] == [0; 4] {
        return Err(Refusal::new("expand adds no pixel", "give 'left', 'right', 'top' or 'bottom'"));
    }
    Ok(EditVerb::Expand { left, right, top, bottom, into })
}

/// Whether the preset is the published one.
fn is_reference(values: &Values) -> bool {
    values.text(Id::Preset) == Some("reference")
}

impl PlanOptions {
    /// What holds for the plan.
    pub fn from_values(values: &Values) -> Self {
        Self {
            fit: Some(values.text(Id::Fit).unwrap_or("auto").to_owned()),
            ring: values.number(Id::Feather),
            margin: None,
            margin_pixels: values.number(Id::Margin),
            also: values.texts(Id::Also).to_vec(),
            reference: is_reference(values),
        }
    }
}

/// Whether an edit is a draft in few steps.
pub fn is_fast(values: &Values) -> bool {
    [Id::When, Id::Preset].iter().any(|id| values.text(*id) == Some(Choice::FAST))
}

impl ModelChoice {
    /// With the `LoRA` that the scheduler for few steps needs, unless others are named.
    #[must_use]
    pub fn for_options(mut self, options: &EditOptions) -> Self {
        if options.scheduler.as_deref() == Some(defaults::FAST_SCHEDULER) && self.loras.is_empty() {
            self.loras.push(Lora { file: defaults::FAST_LORA.to_owned(), scale: 1.0 });
        }
        self
    }
}

impl EditOptions {
    /// How the edit is sampled.
    pub fn from_values(values: &Values) -> Self {
        let is_fast = is_fast(values);
        Self {
            reference: is_reference(values),
            steps: values.whole(Id::Steps).or(is_fast.then_some(defaults::FAST_STEPS)),
            scheduler: values.text(Id::Scheduler).or(is_fast.then_some(defaults::FAST_SCHEDULER)).map(str::to_owned),
            guidance: values.number(Id::Guidance).or(is_fast.then_some(defaults::FAST_GUIDANCE)),
            strength: values.number(Id::Strength),
            anchor: values.number(Id::Anchor),
            inverted: values.text(Id::Start).filter(|start| *start != "auto").map(|start| start == "inverted"),
            whole_picture: values.is_on(Id::WholePicture),
            steady: values.is_on(Id::Steady),
            seed: values.whole(Id::Seed),
        }
    }
}

impl LearnOptions {
    /// How the picture is learned.
    pub fn from_values(values: &Values) -> Self {
        Self {
            reference: is_reference(values),
            tokens: values.whole(Id::Tokens),
            updates: values.wholes(Id::Updates),
            rates: values.numbers(Id::Rates),
            rank: values.whole(Id::Rank),
            full_attention: values.is_on(Id::FullAttention),
            batch: values.whole(Id::Batch),
            accumulation: values.whole(Id::Accumulation),
            no_early_stop: values.is_on(Id::NoEarlyStop),
            checkpoint_levels: values.whole(Id::CheckpointLevels).unwrap_or_default(),
            preview_every: values.whole(Id::PreviewEvery).unwrap_or_default(),
            seed: values.whole(Id::Seed).unwrap_or_default(),
        }
    }
}

/// Puts the name of an item, which a host found by its own means, among the values.
pub fn set_item(values: &mut Values, id: Id, name: &str) {
    values.insert(id, Some(Value::Text(name.to_owned())));
}

#[cfg(test)]
mod tests {
    use dedit_schema::{Action, Host};

    use super::*;

    fn values(verb: Verb, given: &[(&str, Value)]) -> Values {
        let mut values = Values::new(Action::Edit(verb));
        for (name, value) in given {
            values.set(Host::Gimp, name, value.clone()).unwrap();
        }
        set_item(&mut values, Id::Item, "bag");
        values
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn values_become_edits_with_their_titles() {
        for (verb, given, expected, title) in [
            (
                Verb::Replace,
                vec![("prompt", text("a duck"))],
                r#"{"verb":"replace","item":"bag","prompt":"a duck"}"#,
                "Replace bag: a duck",
            ),
            (
                Verb::Augment,
                vec![("prompt", text("a red [v]"))],
                r#"{"verb":"augment","item":"bag","prompt":"a red [v]"}"#,
                "Augment bag: a red bag",
            ),
            (
                Verb::Augment,
                vec![("prompt", text("golden"))],
                r#"{"verb":"augment","item":"bag","prompt":"golden [v]"}"#,
                "Augment bag: golden bag",
            ),
            (Verb::Remove, vec![("into", text("table"))], r#"{"verb":"remove","items":["bag"],"into":"table"}"#, "Remove bag"),
            (
                Verb::Move,
                vec![("dx", Value::Number(3.0))],
                r#"{"verb":"move","item":"bag","dx":3.0,"dy":0.0,"scale":1.0,"rotate":0.0,"into":null}"#,
                "Move bag",
            ),
            (Verb::Swap, vec![("with", text("hat"))], r#"{"verb":"swap","item":"bag","with":"hat"}"#, "Swap bag and hat"),
            (Verb::Refine, vec![], r#"{"verb":"refine","mask":0}"#, "Refine"),
        ] {
            let edit = EditVerb::from_values(verb, &values(verb, &given), Some(0)).unwrap();
            assert_eq!(serde_json::to_value(&edit).unwrap(), serde_json::from_str::<serde_json::Value>(expected).unwrap());
            assert_eq!((edit.title().as_str(), edit.verb()), (title, verb));
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        for (verb, expected) in [
            (Verb::Replace, "replace needs 'prompt'; give what it becomes, in words, such as: a white handbag"),
            (Verb::Move, "move changes nothing; give 'dx', 'dy', 'scale' or 'rotate'"),
            (Verb::Expand, "expand adds no pixel; give 'left', 'right', 'top' or 'bottom'"),
            (Verb::Swap, "swap needs 'with'; give the other item"),
        ] {
            assert_eq!(EditVerb::from_values(verb, &values(verb, &[]), None).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn every_verb_is_written_as_its_id() {
        for verb in Verb::ALL {
            let mut all = values(verb, &[]);
            for id in [Id::Prompt, Id::From, Id::With] {
                set_item(&mut all, id, "other");
            }
            all.insert(Id::Dx, Some(Value::Number(1.0)));
            all.insert(Id::Left, Some(Value::Whole(1)));
            let edit = EditVerb::from_values(verb, &all, Some(0)).unwrap();
            assert_eq!(serde_json::to_value(&edit).unwrap()["verb"], verb.id());
            assert_eq!(edit.verb(), verb);
        }
    }
}
