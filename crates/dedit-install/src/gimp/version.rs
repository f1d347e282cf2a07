//! Versions of GIMP.

use std::fmt;

use serde::{Serialize, Serializer};

/// A version of GIMP that D-Edit works in; the second number is not known of a folder that a variable names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) major: u32,
    pub(crate) minor: Option<u32>,
}

impl Version {
    pub(crate) const GIMP_2: Self = Self { major: 2, minor: Some(10) };
    pub(crate) const GIMP_3: Self = Self { major: 3, minor: None };

    /// From a text such as 2.10 or 3.0.4.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(str::parse::<u32>);
        let (Some(Ok(major)), Some(Ok(minor))) = (parts.next(), parts.next()) else { return None };
        (major == 3 || (major, minor) == (2, 10)).then_some(Self { major, minor: Some(minor) })
    }

    /// Whether both may be the same version: what one does not say counts as equal.
    pub(crate) fn fits(self, other: Self) -> bool {
        self.major == other.major && (self.minor == other.minor || self.minor.is_none() || other.minor.is_none())
    }

    /// The environment variable that names the folder of the profile.
    pub(crate) fn variable(self) -> &'static str {
        if self.major == 2 { "GIMP2_DIRECTORY" } else { "GIMP3_DIRECTORY" }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.major)?;
        self.minor.map_or(Ok(()), |minor| write!(f, ".{minor}"))
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_parsed_and_compared() {
        for (text, expected) in
            [("2.10.34", Some("2.10")), ("3.0.4", Some("3.0")), ("3.2", Some("3.2")), ("2.8.22", None), ("3", None), ("", None)]
        {
            assert_eq!(Version::parse(text).map(|version| version.to_string()), expected.map(str::to_owned), "{text}");
        }
        let [two, three, next] = ["2.10", "3.0", "3.2"].map(|text| Version::parse(text).unwrap());
        assert!(two.fits(Version::GIMP_2) && three.fits(Version::GIMP_3) && next.fits(Version::GIMP_3));
        assert!(!two.fits(three) && !three.fits(next));
    }
}
