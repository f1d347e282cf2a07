//! `OpenCV`'s `GrabCut`, in a Python that has it.

use std::io::{BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result};
use dedit_edit::{Image, Samples};
use dedit_segment::Hint;

/// Reads requests, a line of JSON and the pixels each, and answers with a byte for each pixel. From clicks it begins with a disc around each: `GrabCut` itself
/// has no way to begin with one pixel.
const PROGRAM: &str = r#"
import json, sys
import cv2, numpy as np
sys.stdout.buffer.write(b"!"); sys.stdout.buffer.flush()
while line := sys.stdin.buffer.readline():
    q = json.loads(line); w, h = q["size"]
    picture = np.frombuffer(sys.stdin.buffer.read(w * h * 3), "u1").reshape(h, w, 3)[..., ::-1].copy()
    back, front = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)
    mask = np.zeros((h, w), "u1")
    try:
        if q["box"]:
            x, y, u, v = q["box"]
            mask[:] = cv2.GC_BGD if (u, v) != (w, h) else cv2.GC_PR_BGD
            mask[y:y + v, x:x + u] = cv2.GC_PR_FGD
            if (u, v) == (w, h):
                mask[[0, -1]] = cv2.GC_BGD; mask[:, [0, -1]] = cv2.GC_BGD
        else:
            mask[:] = cv2.GC_PR_BGD
            for x, y in q["inside"]: cv2.circle(mask, (x, y), max(w, h) // 8, cv2.GC_PR_FGD, -1)
            for x, y in q["inside"]: cv2.circle(mask, (x, y), 3, cv2.GC_FGD, -1)
            for x, y in q["outside"]: cv2.circle(mask, (x, y), 3, cv2.GC_BGD, -1)
        cv2.grabCut(picture, mask, None, back, front, 5, cv2.GC_INIT_WITH_MASK)
    except cv2.error:
        pass
    sys.stdout.buffer.write((mask & 1).tobytes()); sys.stdout.buffer.flush()
"#;

/// A Python that segments.
pub(super) struct GrabCut {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl GrabCut {
    /// Starts it; `None`, with a line on stderr, where there is no Python with `cv2`.
    pub(super) fn start() -> Result<Option<Self>> {
        let spawned =
            Command::new("python3").args(["-c", PROGRAM]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let Ok(mut child) = spawned else {
            eprintln!("there is no python3: OpenCV's GrabCut is not measured");
            return Ok(None);
        };
        let (input, output) = (child.stdin.take().context("no input")?, child.stdout.take().context("no output")?);
        let mut this = Self { child, input, output: BufReader::new(output) };
        if this.output.read_exact(&mut [0]).is_err() {
            eprintln!("python3 has no cv2: OpenCV's GrabCut is not measured");
            return Ok(None);
        }
        Ok(Some(this))
    }

    /// The pixels of the item in an RGB picture of 8 bits.
    pub(super) fn segment(&mut self, picture: &Image, hint: &Hint) -> Result<Vec<bool>> {
        let Samples::U8(samples) = picture.samples() else { anyhow::bail!("the picture is not of 8 bits") };
        let region = hint.region.map(|region| [region.x, region.y, region.width, region.height]);
        let size = [picture.size().width(), picture.size().height()];
        let request = serde_json::json!({ "size": size, "box": region, "inside": hint.inside, "outside": hint.outside });
        writeln!(self.input, "{request}")?;
        self.input.write_all(samples)?;
        self.input.flush()?;
        let mut mask = vec![0; picture.size().pixels()];
        self.output.read_exact(&mut mask).context("OpenCV's GrabCut ended early")?;
        Ok(mask.into_iter().map(|value| value == 1).collect())
    }
}

impl Drop for GrabCut {
    fn drop(&mut self) {
        // It has no more to read; whether it could be ended or had ended is the same.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
