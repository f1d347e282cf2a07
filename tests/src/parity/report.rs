//! The report: one line per comparison, and counts.

use anyhow::{Error, Result};
use candle_core::Tensor;

use super::{Difference, Folder};

/// The counts of a run.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Comparisons within their tolerance.
    pub passed: usize,
    /// Comparisons out of tolerance, and errors.
    pub failed: usize,
    /// Folders without cases: name and reason.
    pub skipped: Vec<(String, String)>,
}

/// The allowed difference of computed elements from stored ones.
#[derive(Debug, Clone, Copy)]
pub enum Tolerance {
    /// An absolute difference.
    Absolute(f64),
    /// A share of the largest stored element.
    OfLargest(f64),
}

impl From<f64> for Tolerance {
    fn from(absolute: f64) -> Self {
        Self::Absolute(absolute)
    }
}

/// Collects the results of cases.
pub struct Report<'a> {
    print: &'a mut dyn FnMut(&str),
    outcome: Outcome,
    way: String,
}

impl<'a> Report<'a> {
    /// A report that `print`s one line per result.
    pub(super) fn new(print: &'a mut dyn FnMut(&str)) -> Self {
        Self { print, outcome: Outcome::default(), way: String::new() }
    }

    /// Runs `cases`; their lines are marked with `way`.
    pub fn by<T>(&mut self, way: &str, cases: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.way, format!(" ({way})"));
        let result = cases(self);
        self.way = outer;
        result
    }

    /// Compares the tensor `name` of `folder` with the result of `compute`: it passes if all elements are within `tolerance`. An error is a failure of this case
    /// only.
    pub fn compare(&mut self, folder: &Folder, name: &str, tolerance: impl Into<Tolerance>, compute: impl FnOnce() -> Result<Tensor>) {
        let case = format!("{}/{name}", folder.name());
        let measured = folder.tensor(name).and_then(|expected| Ok((Difference::between(&expected, &compute()?)?, largest(&expected)?)));
        let (difference, largest) = match measured {
            Err(error) => return self.fail(&case, &error),
            Ok(measured) => measured,
        };
        let (distance, tolerance, sign) = match tolerance.into() {
            Tolerance::Absolute(tolerance) => (difference.max_abs, tolerance, "max|Δ|"),
            Tolerance::OfLargest(tolerance) => (difference.max_abs / largest.max(f64::MIN_POSITIVE), tolerance, "max|Δ| / max"),
        };
        let Difference { at, expected, computed, .. } = difference;
        self.settle(&case, sign, distance, tolerance, &format!("at {at:?}: {computed} instead of {expected}"));
    }

    /// Compares one number: it passes if the relative difference from `expected` is at most `tolerance`.
    pub fn compare_number(&mut self, folder: &Folder, name: &str, tolerance: f64, expected: f64, computed: f64) {
        let distance = (computed - expected).abs() / expected.abs().max(f64::MIN_POSITIVE);
        self.settle(&format!("{}/{name}", folder.name()), "|Δ| / |x|", distance, tolerance, &format!("{computed} instead of {expected}"));
    }

    fn settle(&mut self, case: &str, sign: &str, distance: f64, tolerance: f64, place: &str) {
        let line = format!("{case}{} {sign} {distance:.1e} (tolerance {tolerance:e})", self.way);
        if distance <= tolerance {
            self.outcome.passed += 1;
            (self.print)(&format!("ok {line}"));
        } else {
            self.outcome.failed += 1;
            (self.print)(&format!("FAILED {line} {place}"));
        }
    }

    /// Counts a failure by an error.
    pub(super) fn fail(&mut self, name: &str, error: &Error) {
        self.outcome.failed += 1;
        (self.print)(&format!("FAILED {name}{} {error:#}", self.way));
    }

    /// Counts a folder without a suite.
    pub(super) fn skip(&mut self, name: &str, reason: &str) {
        (self.print)(&format!("skipped {name}: {reason}"));
        self.outcome.skipped.push((name.to_owned(), reason.to_owned()));
    }

    /// How many cases passed or failed so far.
    pub(super) fn counted(&self) -> usize {
        self.outcome.passed + self.outcome.failed
    }

    /// The counts.
    pub(super) fn finish(self) -> Outcome {
        self.outcome
    }
}

/// The largest absolute value of a tensor.
fn largest(tensor: &Tensor) -> Result<f64> {
    Ok(super::difference::values(tensor)?.into_iter().map(f64::abs).fold(0.0, f64::max))
}
