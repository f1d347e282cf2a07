//! Other programs that fill holes.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use image::{GrayImage, Luma, Rgb, RgbImage};

/// A program with the settings that its users would take.
pub(super) struct Peer {
    pub(super) name: &'static str,
    program: &'static str,
    /// The command that installs it.
    install: &'static str,
    /// With the names of the files.
    arguments: &'static [&'static str],
}

pub(super) const PEERS: [Peer; 3] = [
    Peer {
        name: "G'MIC, inpaint_matchpatch",
        program: "gmic",
        install: "apt install gmic",
        arguments: &["-v", "-1", "photo.png", "mask.png", "-inpaint_matchpatch[0]", "[1],0,9,10,5", "-keep[0]", "-o", "result.png"],
    },
    Peer {
        name: "G'MIC, inpaint",
        program: "gmic",
        install: "apt install gmic",
        arguments: &["-v", "-1", "photo.png", "mask.png", "-inpaint[0]", "[1],7,16,0.1,1,20,0", "-keep[0]", "-o", "result.png"],
    },
    Peer {
        name: "OpenCV, Telea",
        program: "python3",
        install: "pip install opencv-python-headless",
        arguments: &[
            "-c",
            "import cv2; cv2.imwrite('result.png', cv2.inpaint(cv2.imread('photo.png'), cv2.imread('mask.png', 0), 5, cv2.INPAINT_TELEA))",
        ],
    },
];

impl Peer {
    /// The photograph as the program fills it, and the seconds that it computed, on Linux.
    pub(super) fn fill(&self, truth: &RgbImage, hole: &[bool]) -> Result<(RgbImage, f64)> {
        let folder = tempfile::tempdir().context("there is no folder for temporary files")?;
        let mut shown = truth.clone();
        shown.pixels_mut().zip(hole).filter(|(_, hole)| **hole).for_each(|(pixel, _)| *pixel = Rgb([255, 0, 255]));
        let mut mask = GrayImage::new(truth.width(), truth.height());
        mask.pixels_mut().zip(hole).filter(|(_, hole)| **hole).for_each(|(pixel, _)| *pixel = Luma([255]));
        shown
            .save(folder.path().join("photo.png"))
            .and_then(|()| mask.save(folder.path().join("mask.png")))
            .context("no picture for it")?;
        let begun = computed_by_children();
        let ended = match Command::new(self.program).args(self.arguments).current_dir(folder.path()).output() {
            Err(error) if error.kind() == ErrorKind::NotFound => bail!("{} is not installed: {}", self.program, self.install),
            ended => ended.with_context(|| format!("{} does not start", self.program))?,
        };
        ensure!(ended.status.success(), "{}: {}({})", self.name, String::from_utf8_lossy(&ended.stderr), self.install);
        let seconds = computed_by_children().zip(begun).map_or(f64::NAN, |(now, begun)| now - begun);
        let result = image::open(folder.path().join("result.png")).with_context(|| format!("{} wrote no picture", self.name))?.into_rgb8();
        ensure!(result.dimensions() == truth.dimensions(), "{}: the result has another size", self.name);
        Ok((result, seconds))
    }
}

/// Seconds that ended programs have computed which this process started: user and system, in clock ticks of 1/100 s.
fn computed_by_children() -> Option<f64> {
    let stat = fs::read_to_string(Path::new("/proc/self/stat")).ok()?;
    // The name of the program, in parentheses, may hold anything; 13 fields after it come these two.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some((ticks(13)? + ticks(14)?) / 100.0)
}
