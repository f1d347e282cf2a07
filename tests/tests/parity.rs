//! Comparison with the results of PyTorch in `tests/parity`.

use std::path::Path;

use dedit_tests::parity::{SUITES, run};

#[test]
fn computed_values_agree_with_those_of_pytorch() {
    let mut faults = Vec::new();
    let outcome = run(&[Path::new(env!("CARGO_MANIFEST_DIR")).join("data/parity")], SUITES, &mut |line| {
        if !line.starts_with("ok ") {
            faults.push(line.to_owned());
        }
    });
    assert!(faults.is_empty() && outcome.failed == 0, "{}", faults.join("\n"));
    // All folders were found.
    assert!(outcome.passed > 1000, "only {} cases were compared", outcome.passed);
}
