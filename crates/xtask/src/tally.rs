//! How much passed, failed and was skipped.

use std::fmt;
use std::ops::AddAssign;
use std::process::ExitCode;

use dedit_tests::parity::Outcome;

/// Something that was not tested, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Skip {
    pub(crate) name: String,
    pub(crate) reason: String,
}

/// A count of results.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: Vec<Skip>,
}

impl Tally {
    /// One result that passed.
    pub(crate) fn pass() -> Self {
        Self { passed: 1, ..Self::default() }
    }

    /// One result that failed.
    pub(crate) fn fail() -> Self {
        Self { failed: 1, ..Self::default() }
    }

    /// One thing that was skipped.
    pub(crate) fn skip(name: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { skipped: vec![Skip { name: name.into(), reason: reason.into() }], ..Self::default() }
    }

    /// Adds what a line of `cargo test`'s output says: names and reasons of ignored tests, and the counts at the end of each test binary.
    pub(crate) fn read_line(&mut self, line: &str) {
        if let Some(counts) = line.strip_prefix("test result: ") {
            self.passed += count(counts, "passed");
            self.failed += count(counts, "failed");
        } else if let Some((name, outcome)) = line.strip_prefix("test ").and_then(|test| test.split_once(" ... ignored")) {
            let reason = outcome.strip_prefix(", ").unwrap_or("no reason given");
            *self += Self::skip(name, reason);
        }
    }

    /// Prints every skip and, as the last line, the counts.
    pub(crate) fn conclude(&self) -> ExitCode {
        for Skip { name, reason } in &self.skipped {
            println!("skipped {name}: {reason}");
        }
        println!("{self}");
        if self.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped.extend(other.skipped);
    }
}

impl From<Outcome> for Tally {
    fn from(Outcome { passed, failed, skipped }: Outcome) -> Self {
        Self { passed, failed, skipped: skipped.into_iter().map(|(name, reason)| Skip { name, reason }).collect() }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped.len())
    }
}

/// The number before `word` in text such as `ok. 3 passed; 0 failed; 1 ignored`.
fn count(text: &str, word: &str) -> usize {
    let words: Vec<&str> = text.split([' ', ';']).filter(|word| !word.is_empty()).collect();
    words.windows(2).find(|pair| pair[1] == word).and_then(|pair| pair[0].parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_output_of_cargo_test_is_counted() {
        let output = "
running 3 tests
test layer::tests::agrees ... ok
test slow ... ignored, needs 24 GB of memory
test bare ... ignored
test broken ... FAILED
test result: FAILED. 1 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.01s
   Doc-tests dedit_nn
test src/lib.rs - Linear (line 12) ... ignored
test src/lib.rs - Linear (line 20) - compile ... ok
test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s
";
        let mut tally = Tally::default();
        output.lines().for_each(|line| tally.read_line(line));
        assert_eq!(tally.to_string(), "13 passed, 1 failed, 3 skipped");
        let skipped: Vec<_> = tally.skipped.iter().map(|skip| (skip.name.as_str(), skip.reason.as_str())).collect();
        let unexplained = "no reason given";
        assert_eq!(skipped, [("slow", "needs 24 GB of memory"), ("bare", unexplained), ("src/lib.rs - Linear (line 12)", unexplained)]);
    }

    #[test]
    fn other_lines_do_not_count() {
        let mut tally = Tally::default();
        for line in ["12 passed, 0 failed", "test result of something", "testing ... ignored", "error: test failed, to rerun pass `--lib`"]
        {
            tally.read_line(line);
        }
        assert_eq!(tally, Tally::default());
    }
}
