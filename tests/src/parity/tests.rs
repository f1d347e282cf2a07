use std::collections::HashMap;

use candle_core::Device;

use super::*;

fn vector(values: &[f64]) -> candle_core::Tensor {
    candle_core::Tensor::new(values, &Device::Cpu).unwrap()
}

#[test]
fn the_largest_difference_counts() {
    struct Case {
        expected: &'static [f64],
        computed: &'static [f64],
        max_abs: f64,
        at: usize,
    }
    let cases = [
        Case { expected: &[1.0, 2.0, 3.0], computed: &[1.0, 2.0, 3.0], max_abs: 0.0, at: 0 },
        Case { expected: &[1.0, 2.0, 3.0], computed: &[1.25, 1.5, 3.0], max_abs: 0.5, at: 1 },
        Case { expected: &[1.0, f64::NAN], computed: &[1.0, f64::NAN], max_abs: 0.0, at: 0 },
        Case { expected: &[1.0, 2.0], computed: &[9.0, f64::NAN], max_abs: f64::INFINITY, at: 1 },
        Case { expected: &[f64::INFINITY, 0.0], computed: &[f64::INFINITY, 0.5], max_abs: 0.5, at: 1 },
        Case { expected: &[f64::INFINITY], computed: &[f64::NEG_INFINITY], max_abs: f64::INFINITY, at: 0 },
        Case { expected: &[], computed: &[], max_abs: 0.0, at: 0 },
    ];
    for Case { expected, computed, max_abs, at } in cases {
        let difference = Difference::between(&vector(expected), &vector(computed)).unwrap();
        assert_eq!((difference.max_abs, difference.at), (max_abs, vec![at]), "{expected:?} and {computed:?}");
    }
    let square = vector(&[0.0; 6]).reshape((2, 3)).unwrap();
    let other = vector(&[0.0, 0.0, 0.0, 0.0, 0.0, 1.0]).reshape((2, 3)).unwrap();
    assert_eq!(Difference::between(&square, &other).unwrap().at, [1, 2]);
    assert!(Difference::between(&square, &vector(&[0.0; 6])).is_err(), "shapes differ");
}

/// A parity folder with the tensors `x` and `y` = 2·x + 0.001.
fn write_folder(parent: &Path, name: &str, meta: &str) {
    let path = parent.join(name);
    std::fs::create_dir_all(&path).unwrap();
    std::fs::write(path.join("meta.json"), meta).unwrap();
    let tensors = HashMap::from([("x", vector(&[1.0, 2.0])), ("y", vector(&[2.001, 4.0]))]);
    candle_core::safetensors::save(&tensors, path.join("expected.safetensors")).unwrap();
}

const DOUBLED: Suite = Suite {
    form: "double",
    run: |folder, report| {
        let x = folder.tensor("x")?;
        report.compare(folder, "y", folder.tolerance(1e-4), || Ok((x * 2.0)?));
        Ok(())
    },
};

/// Compares in several ways, the second of which gives a wrong result.
const RELATIVE: Suite = Suite {
    form: "relative",
    run: |folder, report| {
        let x = folder.tensor("x")?;
        for (way, factor) in [("exact", 2.0), ("rough", 2.02)] {
            report.by(way, |report| {
                report.compare(folder, "y", Tolerance::OfLargest(1e-3), || Ok((&x * factor)?));
                report.compare_number(folder, "factor", folder.tolerance_of("factor", 1e-3), 2.0, factor);
            });
        }
        report.compare_number(folder, "nothing", 1e-3, 0.0, f64::NAN);
        Ok(())
    },
};

const FORGETFUL: Suite = Suite { form: "forgetful", run: |_, _| Ok(()) };

#[test]
fn folders_are_found_compared_and_counted() {
    let directory = tempfile::tempdir().unwrap();
    write_folder(directory.path(), "a/double-strict", r#"{"kind": "sd"}"#);
    write_folder(directory.path(), "b/c/double-wide", r#"{"kind": "sd", "tolerance": {"float32": 0.01}}"#);
    write_folder(directory.path(), "by-kind", r#"{"kind": "double", "tolerance": {"float32": 0.01}}"#);
    write_folder(directory.path(), "forgetful", "{}");
    write_folder(directory.path(), "relative", r#"{"tolerance": {"factor": 0.1}}"#);
    std::fs::create_dir(directory.path().join("double-borrowed")).unwrap();
    std::fs::write(directory.path().join("double-borrowed/meta.json"), r#"{"expected": "double-wide"}"#).unwrap();
    write_folder(directory.path(), "no-object", "[]");
    write_folder(directory.path(), "no-json", "{");
    write_folder(directory.path(), "stranger", r#"{"kind": "sd"}"#);
    let mut lines = Vec::new();
    let missing = directory.path().join("missing");
    let places = [directory.path().to_path_buf(), directory.path().join("b/c"), missing];
    let outcome = run(&places, &[DOUBLED, RELATIVE, FORGETFUL], &mut |line| lines.push(line.to_owned()));
    let text = lines.join("\n");
    for wanted in [
        "FAILED double-strict/y max|Δ| 1.0e-3 (tolerance 1e-4) at [0]: 2 instead of 2.001",
        "ok double-wide/y max|Δ| 1.0e-3 (tolerance 1e-2)",
        "ok by-kind/y",
        "ok double-borrowed/y max|Δ| 1.0e-3 (tolerance 1e-2)",
        "ok relative/y (exact) max|Δ| / max 2.5e-4 (tolerance 1e-3)",
        "ok relative/factor (exact) |Δ| / |x| 0.0e0",
        "FAILED relative/y (rough) max|Δ| / max 1.0e-2 (tolerance 1e-3) at [1]: 4.04 instead of 4",
        "ok relative/factor (rough) |Δ| / |x| 1.0e-2 (tolerance 1e-1)",
        "FAILED relative/nothing |Δ| / |x| NaN",
        "FAILED no-object ",
        "FAILED forgetful stored but neither used nor compared: x, y",
        "FAILED no-json ",
        "meta.json is not JSON",
        "FAILED missing ",
        "skipped stranger: no cases for a folder of this name and kind (sd); known: double, relative, forgetful",
    ] {
        assert!(text.contains(wanted), "{wanted} is missing in\n{text}");
    }
    assert_eq!((outcome.passed, outcome.failed, outcome.skipped.len()), (6, 7, 1), "{text}");
}

#[test]
fn a_checkpoint_is_found_beside_the_folder_or_in_a_directory_given() {
    let directory = tempfile::tempdir().unwrap();
    let elsewhere = directory.path().join("elsewhere");
    write_folder(directory.path(), "cases/double-sd", r#"{"kind": "sd"}"#);
    let path = directory.path().join("cases/double-sd");
    let find = || Folder::open(&path, std::slice::from_ref(&elsewhere)).unwrap().checkpoint();
    assert!(find().unwrap_err().to_string().contains("there is no tiny-sd beside"));
    std::fs::create_dir_all(elsewhere.join("tiny-sd")).unwrap();
    assert_eq!(find().unwrap(), elsewhere.join("tiny-sd"));
    std::fs::create_dir_all(directory.path().join("cases/tiny-sd")).unwrap();
    assert_eq!(find().unwrap(), directory.path().join("cases/tiny-sd"));
}
