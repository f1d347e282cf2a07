//! What the plug-in adds to an edit inside GIMP 2.10: from a script's call to the layer in the image, with an engine that computes next to nothing.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use image::{Rgb, RgbImage};

use crate::gimp::{Gimp, Version};
use crate::process::{Group, within};
use crate::test_folder::TestFolder;

/// Calls of which the first one sends the picture.
const CALLS: usize = 6;

/// Measures pictures of two sizes, and prints what each call took.
pub fn run() -> Result<()> {
    for side in [1024, 4096] {
        let times = measure(side)?;
        let (first, later) = times.split_first().context("nothing was measured")?;
        let mut later = later.to_vec();
        later.sort_unstable();
        println!("{side}×{side}: first {first} ms, later {} ms {later:?}", later[later.len() / 2]);
    }
    Ok(())
}

/// Milliseconds that each call took.
fn measure(side: u32) -> Result<Vec<u64>> {
    let gimp = Gimp::find(Version::V2)?;
    let test_folder = gimp.test_folder()?;
    test_folder.install_plugin()?;
    let _daemon = stand_in(&test_folder)?;
    RgbImage::from_fn(side, side, |x, y| Rgb([x as u8, y as u8, (x ^ y) as u8])).save(test_folder.outside("in.png"))?;
    let call = "(plug-in-dedit-refine RUN-NONINTERACTIVE image (active-layer image) \"draft\" 1 \"auto\" \"layer\" \"auto\" 7 0 0 -1 \"\")";
    let hide = "(gimp-item-set-visible (car result) FALSE)";
    let timed = format!(
        "(let* ((begun (gettimeofday)) (result {call}) (ended (gettimeofday)))\n\
         (print (quotient (+ (* 1000000 (- (car ended) (car begun))) (- (cadr ended) (cadr begun))) 1000))\n{hide})\n"
    );
    let load = format!(
        "(define image (load-picture {}))\n(select-rectangle image {} {} {} {})\n",
        test_folder.literal("in.png"),
        side / 4,
        side / 4,
        side / 2,
        side / 2
    );
    let batch = gimp.batch(&test_folder, &(load + &timed.repeat(CALLS)))?;
    batch.said.iter().map(|said| said.parse().with_context(|| format!("{said} is no time"))).collect()
}

/// A daemon whose engine computes next to nothing.
fn stand_in(test_folder: &TestFolder) -> Result<Group> {
    let here = std::env::current_exe()?;
    let program = here.parent().unwrap_or(Path::new(".")).join("examples/stand_in");
    let mut command = Command::new(program);
    command.arg("--socket").arg(test_folder.socket()).arg("--data").arg(test_folder.data()).args(["--step-us", "1", "--steps", "2"]);
    let daemon = Group::start(&mut command).context("the stand-in for the daemon is not built")?;
    within(Duration::from_secs(20), || Ok(test_folder.socket().exists().then_some(())))?.context("the stand-in does not start")?;
    Ok(daemon)
}
