//! A short run of `examples/fuzz.rs`: bytes of any kind are understood, refused or broken, and never a panic or a great deal of memory.

#[path = "fuzz/feed.rs"]
mod feed;
#[path = "fuzz/memory.rs"]
mod memory;
#[path = "fuzz/mutate.rs"]
mod mutate;

use std::path::Path;

use feed::Count;
use mutate::Mutator;

const FRAMES: u64 = 200_000;

fn transcripts() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/transcripts/v1"))
}

#[test]
fn whatever_comes_is_understood_refused_or_broken() {
    let mut mutator = Mutator::new(transcripts(), 1).unwrap();
    let mut count = Count::default();
    while count.frames() < FRAMES {
        count.feed(&mutator.input());
    }
    println!("{count}");
    for (part, what) in [(count.understood, "understood"), (count.refused, "refused"), (count.broken, "broken")] {
        assert!(part > FRAMES / 20, "hardly any was {what}: {count}");
    }
    if let Some(peak) = memory::peak() {
        assert!(peak <= memory::MAX_PEAK, "{peak} MiB");
    }
}

#[test]
fn the_same_seed_gives_the_same_inputs() {
    let inputs = |seed| {
        let mut mutator = Mutator::new(transcripts(), seed).unwrap();
        (0..100).map(|_| mutator.input()).collect::<Vec<_>>()
    };
    assert_eq!(inputs(1), inputs(1));
    assert_ne!(inputs(1), inputs(2));
}
