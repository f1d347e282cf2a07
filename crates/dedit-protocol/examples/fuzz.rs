//! Feeds broken and hostile bytes to all that reads from a connection:
//!
//! ```sh
//! cargo run --release -p dedit-protocol --example fuzz -- --frames 10000000 --seed 1
//! ```
//!
//! Ends with one line; a panic, or more memory than reading may take, is a failure.

#[path = "../tests/fuzz/feed.rs"]
mod feed;
#[path = "../tests/fuzz/memory.rs"]
mod memory;
#[path = "../tests/fuzz/mutate.rs"]
mod mutate;

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use feed::Count;
use mutate::Mutator;

/// The number after an option.
fn number(arguments: &[String], option: &str, default: u64) -> Result<u64, Box<dyn Error>> {
    let Some(place) = arguments.iter().position(|argument| argument == option) else { return Ok(default) };
    let value = arguments.get(place + 1).ok_or_else(|| format!("{option} needs a number"))?;
    Ok(value.parse().map_err(|error| format!("{option} {value}: {error}"))?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (frames, seed) = (number(&arguments, "--frames", 1_000_000)?, number(&arguments, "--seed", 1)?);
    let mut mutator = Mutator::new(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/transcripts/v1")), seed)?;
    let mut count = Count::default();
    let started = Instant::now();
    while count.frames() < frames {
        count.feed(&mutator.input());
    }
    let peak = memory::peak();
    let shown = peak.map_or_else(|| "unknown".to_owned(), |peak| format!("{peak} MiB"));
    println!("seed {seed}: {} frames in {:.1} s: {count}; peak memory {shown}", count.frames(), started.elapsed().as_secs_f64());
    if peak.is_some_and(|peak| peak > memory::MAX_PEAK) {
        return Err(format!("reading takes at most {} MiB", memory::MAX_PEAK).into());
    }
    Ok(())
}
