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

/// Where cases put their results.
pub struct Report<'a> {
    print: &'a mut dyn FnMut(&str),
    outcome: Outcome,
}

impl<'a> Report<'a> {
    /// A report that `print`s one line per result.
    pub(super) fn new(print: &'a mut dyn FnMut(&str)) -> Self {
        Self { print, outcome: Outcome::default() }
    }

    /// Compares the tensor `name` of `folder` with what `compute` gives: it passes where no element is further away than `tolerance`. An error counts
    /// as a failure of this case alone.
    pub fn compare(&mut self, folder: &Folder, name: &str, tolerance: f64, compute: impl FnOnce() -> Result<Tensor>) {
        let case = format!("{}/{name}", folder.name());
        let difference = folder.tensor(name).and_then(|expected| Difference::between(&expected, &compute()?));
        match difference {
            Err(error) => self.fail(&case, &error),
            Ok(Difference { max_abs, .. }) if max_abs <= tolerance => {
                self.outcome.passed += 1;
                (self.print)(&format!("ok {case} max|Δ| {max_abs:.1e} (tolerance {tolerance:e})"));
            }
            Ok(Difference { max_abs, at, expected, computed }) => {
                self.outcome.failed += 1;
                let place = format!("at {at:?}: {computed} instead of {expected}");
                (self.print)(&format!("FAILED {case} max|Δ| {max_abs:.1e} (tolerance {tolerance:e}) {place}"));
            }
        }
    }

    /// Counts what could not be compared.
    pub(super) fn fail(&mut self, name: &str, error: &Error) {
        self.outcome.failed += 1;
        (self.print)(&format!("FAILED {name} {error:#}"));
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
