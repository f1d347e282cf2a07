//! The values of a call, checked against the table.

use dedit_schema::{self as schema, Action, Host, Id, Kind, Parameter as Row, Refusal, Values};
use gimp_host::{Image, Parameter, Value};
use serde_json::{Map, json};

use crate::procedures;

/// The values of a call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parameters {
    action: Action,
    /// As GIMP has them, in the order of the procedure's arguments.
    values: Vec<Value>,
    /// As the table has them, without those that stand for the usual.
    given: Values,
}

impl Parameters {
    /// Values in the order of the procedure's arguments. GIMP 2.10 checks only their types.
    ///
    /// # Errors
    /// A sentence about a value that the parameter does not take.
    pub(crate) fn new(action: Action, values: Vec<Value>) -> Result<Self, String> {
        let rows = action.parameters(Host::Gimp);
        if rows.len() != values.len() {
            return Err(format!("{} takes {} values and got {}", procedures::name(action), rows.len(), values.len()));
        }
        let mut given = Values::new(action);
        for (row, value) in rows.into_iter().zip(&values) {
            given.insert(row.id, check(action, row, value).map_err(|refusal| refusal.to_string())?);
        }
        Ok(Self { action, values, given })
    }

    /// The defaults.
    pub(crate) fn defaults(action: Action) -> Self {
        let mut defaults = Self { action, values: Vec::new(), given: Values::new(action) };
        defaults.values = procedures::parameters(action).iter().map(|parameter| parameter.kind.default()).collect();
        for (row, value) in action.parameters(Host::Gimp).into_iter().zip(defaults.values.clone()) {
            defaults.set(row.id, value);
        }
        defaults
    }

    /// What was given, by the table's ids.
    pub(crate) fn given(&self) -> &Values {
        &self.given
    }

    /// Each parameter: its row of the table, its description for GIMP, and its value.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&'static Row, Parameter, &Value)> {
        let described = procedures::parameters(self.action);
        self.action
            .parameters(Host::Gimp)
            .into_iter()
            .zip(described)
            .zip(&self.values)
            .map(|((row, parameter), value)| (row, parameter, value))
    }

    /// Changes a value. One that the parameter does not take, or of a parameter that the action does not have, is ignored.
    pub(crate) fn set(&mut self, id: Id, value: Value) {
        let rows = self.action.parameters(Host::Gimp);
        if let Some(place) = rows.iter().position(|row| row.id == id)
            && let Ok(checked) = check(self.action, rows[place], &value)
        {
            self.given.insert(id, checked);
            self.values[place] = value;
        }
    }

    /// A text or choice; "" for none.
    pub(crate) fn text(&self, id: Id) -> &str {
        self.given.text(id).unwrap_or_default()
    }

    /// The open image of `from-image`, where one was chosen.
    pub(crate) fn image(&self) -> Option<Image> {
        self.values.iter().find_map(|value| match value {
            Value::Image(image) => *image,
            _ => None,
        })
    }

    /// The values of the parameters that `is_kept` names, as a setting. Images are left out.
    pub(crate) fn to_json(&self, is_kept: impl Fn(Id) -> bool) -> String {
        let kept = self.all().filter(|(row, ..)| is_kept(row.id)).filter_map(|(_, parameter, value)| {
            let value = match value {
                Value::Text(text) => json!(text),
                Value::Number(number) => json!(number),
                Value::Whole(whole) => json!(whole),
                Value::Switch(on) => json!(on),
                Value::Image(_) => return None,
            };
            Some((parameter.name.to_owned(), value))
        });
        serde_json::Value::Object(kept.collect::<Map<_, _>>()).to_string()
    }

    /// Takes values from a setting, by present and older names; those that do not fit any more are ignored.
    pub(crate) fn recall(&mut self, text: &str) {
        let Ok(kept) = serde_json::from_str::<Map<String, serde_json::Value>>(text) else { return };
        for (name, kept) in kept {
            let Some(row) = self.action.parameter(Host::Gimp, &name) else { continue };
            let value = match row.kind {
                Kind::Text | Kind::Texts | Kind::File | Kind::Choice { .. } | Kind::NumberPair(_) | Kind::WholePair(_) => {
                    kept.as_str().map(|text| Value::Text(text.to_owned()))
                }
                Kind::Number(_) => kept.as_f64().map(Value::Number),
                Kind::Whole(_) => kept.as_i64().and_then(|whole| i32::try_from(whole).ok()).map(Value::Whole),
                Kind::Switch => kept.as_bool().map(Value::Switch),
                Kind::Image => None,
            };
            if let Some(value) = value {
                self.set(row.id, value);
            }
        }
    }
}

fn check(action: Action, row: &Row, value: &Value) -> Result<Option<schema::Value>, Refusal> {
    let value = match value {
        Value::Text(text) => schema::Value::Text(text.clone()),
        Value::Number(number) => schema::Value::Number(*number),
        Value::Whole(whole) => schema::Value::Whole(i128::from(*whole)),
        Value::Switch(on) => schema::Value::Switch(*on),
        // The table has no images: this plug-in keeps them itself.
        Value::Image(_) => schema::Value::Text(String::new()),
    };
    row.check(action, Host::Gimp, value)
}

#[cfg(test)]
mod tests {
    use dedit_schema::Verb;

    use super::*;

    const REPLACE: Action = Action::Edit(Verb::Replace);
    const MOVE: Action = Action::Edit(Verb::Move);

    fn with(action: Action, id: Id, value: Value) -> Result<Parameters, String> {
        let mut values = Parameters::defaults(action).values;
        let place = action.parameters(Host::Gimp).iter().position(|row| row.id == id).unwrap();
        values[place] = value;
        Parameters::new(action, values)
    }

    #[test]
    fn values_out_of_range_are_named() {
        for (action, id, value, expected) in [
            (REPLACE, Id::When, Value::Text("now".into()), "'when' is 'now'; replace takes learned, draft, fast or both"),
            (REPLACE, Id::Variations, Value::Whole(0), "'variations' is 0; replace takes whole numbers from 1 to 64"),
            (MOVE, Id::Scale, Value::Number(0.0), "'scale' is 0; move takes 0.01 to 100"),
            (MOVE, Id::Dx, Value::Number(f64::NAN), "'dx' is NaN; move takes -65000 to 65000"),
            (REPLACE, Id::Strength, Value::Number(-0.5), "'strength' is -0.5; replace takes 0 to 1, or -1 for the usual"),
        ] {
            assert_eq!(with(action, id, value).unwrap_err(), expected);
        }
        let swap = Action::Edit(Verb::Swap);
        let expected = format!("plug-in-dedit-swap takes {} values and got 0", swap.parameters(Host::Gimp).len());
        assert_eq!(Parameters::new(swap, Vec::new()).unwrap_err(), expected);
    }

    #[test]
    fn values_are_found_by_id_and_the_usual_is_none() {
        let moved = with(MOVE, Id::Dx, Value::Number(12.5)).unwrap();
        let given = moved.given();
        assert_eq!((given.number(Id::Dx), given.number(Id::Scale), moved.text(Id::Item)), (Some(12.5), Some(1.0), ""));
        assert_eq!((given.whole::<u64>(Id::Seed), given.number(Id::Strength), given.text(Id::Model)), (None, None, None));
        let replaced = with(REPLACE, Id::Prompt, Value::Text(" a red duck\n".into())).unwrap();
        assert_eq!((replaced.text(Id::Prompt), replaced.text(Id::When)), ("a red duck", "learned"));
        assert_eq!(Parameters::new(REPLACE, Parameters::defaults(REPLACE).values), Ok(Parameters::defaults(REPLACE)));
    }

    #[test]
    fn settings_come_back_as_far_as_they_fit() {
        let replaced = with(REPLACE, Id::Prompt, Value::Text("a \"red\" duck".into())).unwrap();
        let mut again = Parameters::defaults(REPLACE);
        again.recall(&replaced.to_json(|_| true));
        assert_eq!(again, replaced);
        again.recall(r#"{"prompt":7,"variations":900,"steps":12,"gone":true}"#);
        let given = again.given();
        assert_eq!(
            (given.text(Id::Prompt), given.whole(Id::Variations), given.whole(Id::Steps)),
            (Some("a \"red\" duck"), Some(1), Some(12))
        );
        again.recall("no JSON");
        assert_eq!(again.given().whole(Id::Steps), Some(12));
    }
}
