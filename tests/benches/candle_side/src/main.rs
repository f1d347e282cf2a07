//! Candle's side of the bench: the Stable Diffusion 1.5 networks of candle-transformers, as published, with random f32 weights on the CPU.
//!
//! Usage: `candle_side WORK`. The commands it takes, and its answers, are described in `serve`.

#[path = "../../../../crates/xtask/src/bench/serve.rs"]
mod serve;
mod weights;
mod works;

use anyhow::{Context as _, Result};

fn main() -> Result<()> {
    let name = std::env::args().nth(1).context("usage: candle_side WORK")?;
    serve::serve(&name, works::build)
}
