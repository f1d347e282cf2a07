//! The values of a call, checked, by name.

use gimp_host::{Image, Parameter, ParameterKind, Value};
use serde_json::{Map, json};

use crate::procedures::Command;

/// The values of a call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parameters {
    described: Vec<Parameter>,
    values: Vec<Value>,
}

impl Parameters {
    /// Values in the order of [`Command::parameters`]. GIMP 2.10 checks only their types.
    ///
    /// # Errors
    /// A sentence about a value that is out of range.
    pub(crate) fn new(command: Command, values: Vec<Value>) -> Result<Self, String> {
        let described = command.parameters();
        if described.len() != values.len() {
            return Err(format!("{} takes {} values and got {}", command.name(), described.len(), values.len()));
        }
        described.iter().zip(&values).try_for_each(|(parameter, value)| check(parameter, value))?;
        Ok(Self { described, values })
    }

    /// The defaults.
    pub(crate) fn defaults(command: Command) -> Self {
        let described = command.parameters();
        let values = described.iter().map(|parameter| parameter.kind.default()).collect();
        Self { described, values }
    }

    /// Their descriptions, in the same order.
    pub(crate) fn described(&self) -> &[Parameter] {
        &self.described
    }

    /// The value of a parameter; `None` where there is no such parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        let place = self.described.iter().position(|parameter| parameter.name == name)?;
        self.values.get(place)
    }

    /// Changes a value. One that is out of range or of a parameter that is not there is ignored.
    pub(crate) fn set(&mut self, name: &str, value: Value) {
        if let Some(place) = self.described.iter().position(|parameter| parameter.name == name)
            && check(&self.described[place], &value).is_ok()
        {
            self.values[place] = value;
        }
    }

    /// A text or choice; "" for none.
    pub(crate) fn text(&self, name: &str) -> &str {
        match self.get(name) {
            Some(Value::Text(text)) => text.trim(),
            _ => "",
        }
    }

    /// A number, if the parameter is there.
    pub(crate) fn number(&self, name: &str) -> Option<f64> {
        match self.get(name) {
            Some(Value::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// A whole number, if the parameter is there.
    pub(crate) fn whole(&self, name: &str) -> Option<i32> {
        match self.get(name) {
            Some(Value::Whole(whole)) => Some(*whole),
            _ => None,
        }
    }

    /// Whether a switch is on.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        matches!(self.get(name), Some(Value::Switch(true)))
    }

    /// An image.
    pub(crate) fn image(&self, name: &str) -> Option<Image> {
        match self.get(name) {
            Some(Value::Image(image)) => *image,
            _ => None,
        }
    }

    /// The values of the parameters that `is_kept` names, as a setting. Images are left out.
    pub(crate) fn to_json(&self, is_kept: impl Fn(&str) -> bool) -> String {
        let kept =
            self.described.iter().zip(&self.values).filter(|(parameter, _)| is_kept(parameter.name)).filter_map(|(parameter, value)| {
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

    /// Takes values from a setting; those that do not fit any more are ignored.
    pub(crate) fn recall(&mut self, text: &str) {
        let Ok(kept) = serde_json::from_str::<Map<String, serde_json::Value>>(text) else { return };
        for parameter in self.described.clone() {
            let Some(kept) = kept.get(parameter.name) else { continue };
            let value = match parameter.kind {
                ParameterKind::Text { .. } | ParameterKind::Choice { .. } => kept.as_str().map(|text| Value::Text(text.to_owned())),
                ParameterKind::Number { .. } => kept.as_f64().map(Value::Number),
                ParameterKind::Whole { .. } => kept.as_i64().and_then(|whole| i32::try_from(whole).ok()).map(Value::Whole),
                ParameterKind::Switch { .. } => kept.as_bool().map(Value::Switch),
                ParameterKind::Image => None,
            };
            if let Some(value) = value {
                self.set(parameter.name, value);
            }
        }
    }
}

fn check(parameter: &Parameter, value: &Value) -> Result<(), String> {
    let name = parameter.name;
    let outside = |range: &dyn std::fmt::Display, value: &dyn std::fmt::Display| Err(format!("'{name}' is {value}; it takes {range}"));
    match (&parameter.kind, value) {
        (ParameterKind::Text { .. }, Value::Text(_))
        | (ParameterKind::Switch { .. }, Value::Switch(_))
        | (ParameterKind::Image, Value::Image(_)) => Ok(()),
        (ParameterKind::Choice { options, .. }, Value::Text(text)) => {
            if options.iter().any(|(word, _)| word == text) {
                return Ok(());
            }
            let words: Vec<_> = options.iter().map(|(word, _)| *word).collect();
            Err(format!("'{name}' is '{text}'; it takes one of {}", words.join(", ")))
        }
        (ParameterKind::Number { range: (low, high), .. }, Value::Number(number)) => {
            if (*low..=*high).contains(number) {
                Ok(())
            } else {
                outside(&format_args!("{low} to {high}"), number)
            }
        }
        (ParameterKind::Whole { range: (low, high), .. }, Value::Whole(whole)) => {
            if (*low..=*high).contains(whole) {
                Ok(())
            } else {
                outside(&format_args!("{low} to {high}"), whole)
            }
        }
        _ => Err(format!("'{name}' is of another type")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(command: Command, name: &str, value: Value) -> Result<Parameters, String> {
        let mut values = Parameters::defaults(command).values;
        let place = command.parameters().iter().position(|parameter| parameter.name == name).unwrap();
        values[place] = value;
        Parameters::new(command, values)
    }

    #[test]
    fn values_out_of_range_are_named() {
        for (command, name, value, expected) in [
            (Command::Replace, "when", Value::Text("now".into()), "'when' is 'now'; it takes one of learned, draft, both"),
            (Command::Replace, "variations", Value::Whole(0), "'variations' is 0; it takes 1 to 64"),
            (Command::Move, "scale", Value::Number(0.0), "'scale' is 0; it takes 0.01 to 100"),
            (Command::Move, "dx", Value::Number(f64::NAN), "'dx' is NaN; it takes -65000 to 65000"),
            (Command::Move, "dx", Value::Whole(3), "'dx' is of another type"),
        ] {
            assert_eq!(with(command, name, value).unwrap_err(), expected);
        }
        assert_eq!(Parameters::new(Command::Swap, Vec::new()).unwrap_err(), "plug-in-dedit-swap takes 12 values and got 0");
    }

    #[test]
    fn values_are_found_by_name() {
        let moved = with(Command::Move, "dx", Value::Number(12.5)).unwrap();
        assert_eq!(
            (moved.number("dx"), moved.number("scale"), moved.text("item"), moved.number("seed")),
            (Some(12.5), Some(1.0), "", None)
        );
        let replaced = with(Command::Replace, "prompt", Value::Text(" a red duck\n".into())).unwrap();
        assert_eq!((replaced.text("prompt"), replaced.text("when"), replaced.whole("seed")), ("a red duck", "learned", Some(-1)));
    }

    #[test]
    fn settings_come_back_as_far_as_they_fit() {
        let replaced = with(Command::Replace, "prompt", Value::Text("a \"red\" duck".into())).unwrap();
        let mut again = Parameters::defaults(Command::Replace);
        again.recall(&replaced.to_json(|_| true));
        assert_eq!(again, replaced);
        again.recall(r#"{"prompt":7,"variations":900,"steps":12,"gone":true}"#);
        assert_eq!((again.text("prompt"), again.whole("variations"), again.whole("steps")), ("a \"red\" duck", Some(1), Some(12)));
        again.recall("no JSON");
        assert_eq!(again.whole("steps"), Some(12));
    }
}
