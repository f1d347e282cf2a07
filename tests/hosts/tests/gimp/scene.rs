//! What the tests edit, and the procedures that they call.

use dedit_host_tests::gimp::{Arg, Batch, Gimp, ParameterSpec, Version};
use dedit_host_tests::test_folder::TestFolder;

pub(crate) use crate::table::{MUG, table, table_of};

/// The rectangle round the duck.
pub(crate) const DUCK: [u32; 4] = [68, 44, 56, 46];

/// A GIMP with the plug-in, and the picture in its test folder.
pub(crate) fn gimp_with_plugin(version: Version) -> (Gimp, TestFolder) {
    let gimp = Gimp::find(version).unwrap();
    let test_folder = gimp.test_folder().unwrap();
    test_folder.install_plugin().unwrap();
    table().save(test_folder.outside("table.png")).unwrap();
    (gimp, test_folder)
}

/// The parameters of a procedure, as scripts of GIMP 2.10 give them: names, order and defaults are what scripts rely on.
pub(crate) fn parameters(procedure: &str) -> Vec<ParameterSpec> {
    let text = |name, default: &str| ParameterSpec { name, default: Arg::from(default) };
    let whole = |name, default: i64| ParameterSpec { name, default: Arg::from(default) };
    let number = |name, default: f64| ParameterSpec { name, default: Arg::from(default) };
    let mut how = vec![
        text("when", "learned"),
        whole("variations", 1),
        text("items", "auto"),
        text("picture", "layer"),
        text("fit", "auto"),
        whole("seed", -1),
        whole("steps", 0),
        number("guidance", 0.0),
        number("strength", -1.0),
        text("model", ""),
        number("feather", -1.0),
        number("margin", -1.0),
    ];
    // What becomes of its result is settled.
    how.extend((procedure != "lift").then(|| text("output", "layer")));
    let own = match procedure {
        "replace" | "augment" => vec![text("item", ""), text("prompt", "")],
        "swap-in" => {
            vec![text("item", ""), whole("from-image", -1), text("from-file", ""), text("from-item", "auto"), text("from-name", "")]
        }
        "remove" | "lift" => vec![text("item", ""), text("into", "")],
        "move" => {
            vec![text("item", ""), number("dx", 0.0), number("dy", 0.0), number("scale", 1.0), number("rotate", 0.0), text("into", "")]
        }
        "swap" => vec![text("item", ""), text("with", "")],
        "refine" => Vec::new(),
        "expand" => vec![whole("left", 0), whole("right", 0), whole("top", 0), whole("bottom", 0), text("into", "")],
        "redo" => return vec![whole("seed", -1)],
        "learn" => return vec![text("items", "auto"), text("picture", "layer"), text("model", ""), whole("restart", 0)],
        "items" => return vec![text("items", "auto"), whole("most", 8), text("picture", "layer")],
        "history" => return vec![whole("revision", -1), text("picture", "layer")],
        _ => return Vec::new(),
    };
    own.into_iter().chain(how).collect()
}

/// A call on `image` and its active layer, as an expression: the list of layer and text.
pub(crate) fn call(gimp: &Gimp, verb: &str, given: &[(&str, Arg)]) -> String {
    call_on(gimp, verb, "(active-layer image)", given)
}

/// A call on `image` and a drawable.
pub(crate) fn call_on(gimp: &Gimp, verb: &str, drawable: &str, given: &[(&str, Arg)]) -> String {
    gimp.call(&format!("plug-in-dedit-{verb}"), Some(("image", drawable)), &parameters(verb), given)
}

/// The same, which prints the text that is given back.
pub(crate) fn said(call: &str) -> String {
    format!("(print (cadr {call}))\n")
}

/// The beginning of a script: the picture as `image`, with the mug selected.
pub(crate) fn begin(test_folder: &TestFolder, picture: &str) -> String {
    let [x, y, width, height] = MUG;
    format!("(define image (load-picture {}))\n(select-rectangle image {x} {y} {width} {height})\n", test_folder.literal(picture))
}

/// Runs a script, showing how long it took and what it said.
pub(crate) fn run(gimp: &Gimp, test_folder: &TestFolder, script: &str) -> Batch {
    let batch = gimp.batch(test_folder, script).unwrap_or_else(|error| panic!("{error:#}\nin\n{script}"));
    println!("{:?} {:#?}", batch.time, batch.said);
    batch
}

/// What a procedure gave back.
pub(crate) fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}
