//! Text of Script-Fu, for either version.

use super::Version;
use crate::literal::quoted;

/// A value that a procedure is given.
#[derive(Debug, Clone, PartialEq)]
pub enum Arg {
    /// A text.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// Any number.
    Number(f64),
    /// Yes or no.
    Switch(bool),
    /// An expression of Scheme, such as the name of an image; the default of an image, which is none, is `-1`.
    Expression(String),
}

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for Arg {
    fn from(number: i64) -> Self {
        Self::Whole(number)
    }
}

impl From<f64> for Arg {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Arg {
    fn from(on: bool) -> Self {
        Self::Switch(on)
    }
}

impl Arg {
    fn source(&self) -> String {
        match self {
            Self::Text(text) => quoted(text),
            Self::Whole(number) => number.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Switch(on) => if *on { "TRUE" } else { "FALSE" }.to_owned(),
            Self::Expression(source) => source.clone(),
        }
    }
}

/// A parameter of a procedure. Version 2 takes all of them in their order, so that each has to have a value.
#[derive(Debug, Clone, PartialEq)]
pub struct ParameterSpec {
    /// Its name.
    pub name: &'static str,
    /// What it is where a call does not say it.
    pub default: Arg,
}

/// A call of a procedure of a plug-in, as an expression whose value is the list of its results. `drawable` is an expression, as `image` is;
/// without an image the procedure is one that needs none.
pub(super) fn call(
    version: Version,
    procedure: &str,
    on: Option<(&str, &str)>,
    parameters: &[ParameterSpec],
    given: &[(&str, Arg)],
) -> String {
    let words: Vec<String> = match version {
        Version::V2 => {
            let value = |parameter: &ParameterSpec| {
                let given = given.iter().rev().find(|(name, _)| *name == parameter.name);
                given.map_or(&parameter.default, |(_, value)| value).source()
            };
            let on = on.into_iter().flat_map(|(image, drawable)| [image.to_owned(), drawable.to_owned()]);
            std::iter::once("RUN-NONINTERACTIVE".to_owned()).chain(on).chain(parameters.iter().map(value)).collect()
        }
        Version::V3 => {
            let on = on.map(|(image, drawable)| format!("#:image {image} #:drawables (vector {drawable})"));
            let given = given.iter().map(|(name, value)| format!("#:{name} {}", value.source()));
            std::iter::once("#:run-mode RUN-NONINTERACTIVE".to_owned()).chain(on).chain(given).collect()
        }
    };
    format!("(results-of ({procedure} {}))", words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_get_what_was_given() {
        let parameters = [("item", Arg::from("")), ("prompt", Arg::from("")), ("seed", Arg::from(-1))];
        let parameters = parameters.map(|(name, default)| ParameterSpec { name, default });
        let given = [("seed", Arg::from(7)), ("prompt", Arg::from("a \"cup\""))];
        let text = |version| call(version, "p", Some(("image", "layer")), &parameters, &given);
        assert_eq!(text(Version::V2), r#"(results-of (p RUN-NONINTERACTIVE image layer "" "a \"cup\"" 7))"#);
        assert_eq!(
            text(Version::V3),
            r#"(results-of (p #:run-mode RUN-NONINTERACTIVE #:image image #:drawables (vector layer) #:seed 7 #:prompt "a \"cup\""))"#
        );
    }
}
