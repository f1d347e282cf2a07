//! How procedures are called: with what was said last, and for several results at once.

use std::fs::OpenOptions;
use std::io::Write as _;

use dedit_host_tests::daemon::Daemon;
use dedit_host_tests::gimp::{Arg, Version};
use dedit_host_tests::literal::quoted;
use dedit_host_tests::test_folder::TestFolder;

use crate::scene::{begin, call, gimp_with_plugin, json, parameters, run, said};

/// What a dialog has left behind in an earlier GIMP.
fn remember(test_folder: &TestFolder, procedure: &str, values: &serde_json::Value) {
    let mut file = OpenOptions::new().create(true).append(true).open(test_folder.profile().join("gimprc")).unwrap();
    writeln!(file, "({procedure} {})", quoted(&values.to_string())).unwrap();
}

/// A call that says how it is made in no other way than by what was said last.
fn with_last_values(version: Version, verb: &str) -> String {
    match version {
        // All arguments have to be there, and none of them counts.
        Version::V2 => {
            let any = parameters(verb).into_iter().map(|parameter| match parameter.default {
                Arg::Text(_) => "\"\"".to_owned(),
                _ => "1".to_owned(),
            });
            let any: Vec<String> = any.collect();
            format!("(results-of (plug-in-dedit-{verb} RUN-WITH-LAST-VALS image (active-layer image) {}))", any.join(" "))
        }
        Version::V3 => {
            format!(
                "(results-of (plug-in-dedit-{verb} #:run-mode RUN-WITH-LAST-VALS #:image image #:drawables (vector (active-layer image))))"
            )
        }
    }
}

fn last_values_and_variations(version: Version) {
    let (gimp, test_folder) = gimp_with_plugin(version);
    let _daemon = Daemon::start(&test_folder).unwrap();
    let last = serde_json::json!({"prompt": "a \"green\" duck", "when": "draft", "seed": 11, "steps": 3, "variations": 1, "gone": true});
    remember(&test_folder, "plug-in-dedit-replace", &last);
    let several =
        [("prompt", "a blue cube".into()), ("when", "draft".into()), ("variations", 3.into()), ("seed", 4.into()), ("steps", 2.into())];
    let script = begin(&test_folder, "table.png")
        + &said(&with_last_values(version, "replace"))
        + &said(&call(&gimp, "replace", &several))
        + "(define group (car (layers image)))\n(print (map name-of (layers-in group)))\n\
           (print (map (lambda (layer) (value (gimp-item-get-visible layer))) (layers-in group)))\n\
           (print (length (layers image)))\n(print (name-of (active-layer image)))";
    let batch = run(&gimp, &test_folder, &script);
    let remembered = json(&batch.said[0]);
    let result = &remembered["results"][0];
    assert_eq!((&result["seed"], &result["edits"][0]["prompt"]), (&11.into(), &"a \"green\" duck".into()));
    let variations = json(&batch.said[1]);
    let seeds: Vec<_> = variations["results"].as_array().unwrap().iter().map(|result| result["seed"].as_u64().unwrap()).collect();
    assert_eq!(seeds, [4, 5, 6]);
    let name = "Replace selection: a blue cube (draft)";
    assert_eq!(batch.said[2].matches(name).count(), 3, "{}", batch.said[2]);
    assert!(["(1 0 0)", "(#t #f #f)"].contains(&batch.said[3].as_str()), "the first is seen: {}", batch.said[3]);
    assert_eq!((batch.said[4].as_str(), batch.said[5].as_str()), ("3", "Background"));
}

#[test]
fn gimp2_last_values_and_variations() {
    last_values_and_variations(Version::V2);
}

#[test]
fn gimp3_last_values_and_variations() {
    last_values_and_variations(Version::V3);
}
