//! Values of parameters, and their animation.

use crate::definitions::Form;
use crate::prop::Prop;

/// The value of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Integers; booleans and choices have one.
    Ints(Vec<i32>),
    /// Numbers; colours have three or four.
    Doubles(Vec<f64>),
    /// A text.
    Text(String),
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::Ints(vec![value])
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Ints(vec![value.into()])
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Doubles(vec![value])
    }
}

impl<const N: usize> From<[i32; N]> for Value {
    fn from(values: [i32; N]) -> Self {
        Self::Ints(values.into())
    }
}

impl<const N: usize> From<[f64; N]> for Value {
    fn from(values: [f64; N]) -> Self {
        Self::Doubles(values.into())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) form: Form,
    pub(crate) count: usize,
}

/// Whether there is such a type of parameter.
pub(crate) fn is_param_type(kind: &str) -> bool {
    Shape::of(kind).is_some() || matches!(kind, "OfxParamTypeGroup" | "OfxParamTypePage" | "OfxParamTypePushButton")
}

impl Shape {
    /// The shape of a type; `None` for types without a value.
    pub(crate) fn of(kind: &str) -> Option<Self> {
        let (form, count) = match kind {
            "OfxParamTypeInteger" | "OfxParamTypeBoolean" | "OfxParamTypeChoice" => (Form::Int, 1),
            "OfxParamTypeInteger2D" => (Form::Int, 2),
            "OfxParamTypeInteger3D" => (Form::Int, 3),
            "OfxParamTypeDouble" => (Form::Double, 1),
            "OfxParamTypeDouble2D" => (Form::Double, 2),
            "OfxParamTypeDouble3D" | "OfxParamTypeRGB" => (Form::Double, 3),
            "OfxParamTypeRGBA" => (Form::Double, 4),
            "OfxParamTypeString" | "OfxParamTypeCustom" | "OfxParamTypeStrChoice" => (Form::Text, 1),
            _ => return None,
        };
        Some(Self { form, count })
    }

    /// The value of a property.
    pub(crate) fn value(self, props: &[Prop]) -> Value {
        match self.form {
            Form::Double => Value::Doubles(props.iter().map(|prop| if let Prop::Double(value) = prop { *value } else { 0.0 }).collect()),
            Form::Text => Value::Text(
                props.iter().find_map(|prop| if let Prop::Text(text) = prop { Some(text.clone()) } else { None }).unwrap_or_default(),
            ),
            Form::Bool | Form::Int | Form::Pointer => {
                Value::Ints(props.iter().map(|prop| if let Prop::Int(value) = prop { *value } else { 0 }).collect())
            }
        }
    }

    /// Whether a value is of this shape.
    pub(crate) fn holds(self, value: &Value) -> bool {
        match value {
            Value::Ints(values) => matches!(self.form, Form::Int | Form::Bool) && values.len() == self.count,
            Value::Doubles(values) => self.form == Form::Double && values.len() == self.count,
            Value::Text(_) => self.form == Form::Text,
        }
    }
}

/// A constant value, or keys to interpolate.
#[derive(Debug, Clone)]
pub(crate) struct Curve {
    value: Value,
    keys: Vec<(f64, Value)>,
}

impl Curve {
    pub(crate) fn new(value: Value) -> Self {
        Self { value, keys: Vec::new() }
    }

    pub(crate) fn keys(&self) -> &[(f64, Value)] {
        &self.keys
    }

    /// Sets the constant value, or a key at `time` where there are keys.
    pub(crate) fn set(&mut self, time: f64, value: Value) {
        if self.keys.is_empty() {
            self.value = value;
        } else {
            self.set_key(time, value);
        }
    }

    pub(crate) fn set_key(&mut self, time: f64, value: Value) {
        match self.keys.binary_search_by(|(key, _)| key.total_cmp(&time)) {
            Ok(at) => self.keys[at].1 = value,
            Err(at) => self.keys.insert(at, (time, value)),
        }
    }

    /// Returns whether there was a key at `time`.
    pub(crate) fn delete_key(&mut self, time: f64) -> bool {
        let before = self.keys.len();
        self.keys.retain(|(key, _)| key.total_cmp(&time).is_ne());
        self.keys.len() != before
    }

    pub(crate) fn delete_all(&mut self, time: f64) {
        self.value = self.at(time);
        self.keys.clear();
    }

    /// A copy with shifted keys, limited to a range.
    pub(crate) fn shifted(&self, offset: f64, range: Option<&std::ops::RangeInclusive<f64>>) -> Self {
        let within = |time: f64| range.is_none_or(|range| range.contains(&time));
        let keys = self.keys.iter().filter(|(time, _)| within(*time)).map(|(time, value)| (time + offset, value.clone())).collect();
        Self { value: self.value.clone(), keys }
    }

    /// The value at a time: linear between keys for numbers, constant until the next key for all else.
    pub(crate) fn at(&self, time: f64) -> Value {
        let after = self.keys.partition_point(|(key, _)| *key <= time);
        let Some((from, start)) = after.checked_sub(1).and_then(|at| self.keys.get(at)) else {
            return self.keys.first().map_or(&self.value, |(_, value)| value).clone();
        };
        let Some((to, end)) = self.keys.get(after) else { return start.clone() };
        let part = (time - from) / (to - from);
        match (start, end) {
            (Value::Doubles(start), Value::Doubles(end)) => {
                Value::Doubles(start.iter().zip(end).map(|(a, b)| a + (b - a) * part).collect())
            }
            _ => start.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_interpolated_and_texts_step() {
        let mut curve = Curve::new(0.0.into());
        assert_eq!(curve.at(7.0), 0.0.into());
        curve.set_key(10.0, 1.0.into());
        curve.set_key(20.0, 3.0.into());
        for (time, value) in [(0.0, 1.0), (10.0, 1.0), (15.0, 2.0), (20.0, 3.0), (99.0, 3.0)] {
            assert_eq!(curve.at(time), value.into(), "at {time}");
        }
        let mut text = Curve::new("a".into());
        text.set_key(1.0, "b".into());
        text.set_key(2.0, "c".into());
        assert_eq!(text.at(1.9), "b".into());
        assert!(text.delete_key(1.0));
        text.delete_all(0.0);
        assert_eq!(text.at(1.0), "c".into());
    }
}
