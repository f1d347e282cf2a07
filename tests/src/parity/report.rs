//! One line per comparison, and the count of them.

use anyhow::{Error, Result};
use candle_core::Tensor;

use super::{Difference, Folder};

/// What came of a run.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Comparisons within their tolerance.
    pub passed: usize,
    /// Comparisons out of it, and everything that could not be compared.
    pub failed: usize,
    /// Folders without cases: name and reason.
    pub skipped: Vec<(String, String)>,
}

/// How far the computed elements of a tensor may be from the stored ones.
#[derive(Debug, Clone, Copy)]
pub enum Tolerance {
    /// By so much.
    Absolute(f64),
    /// By so much of the largest stored element.
    OfLargest(f64),
}

impl From<f64> for Tolerance {
    fn from(absolute: f64) -> Self {
        Self::Absolute(absolute)
    }
}

/// Where cases put their results.
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

    /// Runs `cases`, whose lines say that they were computed in this `way`.
    pub fn by<T>(&mut self, way: &str, cases: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.way, format!(" ({way})"));
        let result = cases(self);
        self.way = outer;
        result
    }

    /// Compares the tensor `name` of `folder` with what `compute` gives: it passes where no element is further away than `tolerance`. An error counts
    /// as a failure of this case alone.
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

    /// Compares one number: it passes where it is no further from `expected` than that part of it.
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

    /// Counts what could not be compared.
    pub(super) fn fail(&mut self, name: &str, error: &Error) {
        self.outcome.failed += 1;
        (self.print)(&format!("FAILED {name}{} {error:#}", self.way));
    }

    /// Counts a folder that nothing here can compare.
    pub(super) fn skip(&mut self, name: &str, reason: &str) {
        (self.print)(&format!("skipped {name}: {reason}"));
        self.outcome.skipped.push((name.to_owned(), reason.to_owned()));
    }

    /// How many cases passed or failed so far.
    pub(super) fn counted(&self) -> usize {
        self.outcome.passed + self.outcome.failed
    }

    /// What came of it all.
    pub(super) fn finish(self) -> Outcome {
        self.outcome
    }
}

/// The largest absolute value of a tensor.
fn largest(tensor: &Tensor) -> Result<f64> {
    Ok(super::difference::values(tensor)?.into_iter().map(f64::abs).fold(0.0, f64::max))
}
