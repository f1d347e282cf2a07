//! The time that one thread computes.

use std::fs;
use std::time::Instant;

use dedit_patches::Workers;

/// Tasks one after the other: what is measured is the time of one thread.
pub(super) struct OneThread;

impl Workers for OneThread {
    fn run(&self, tasks: usize, run: &(dyn Fn(usize) + Sync)) {
        (0..tasks).for_each(run);
    }
}

/// Seconds that this thread has computed; those that passed, where the system does not count them in a file.
pub(super) struct Clock {
    begun: Instant,
    computed: Option<u64>,
}

impl Clock {
    pub(super) fn start() -> Self {
        Self { begun: Instant::now(), computed: computed() }
    }

    pub(super) fn seconds(&self) -> f64 {
        let passed = self.begun.elapsed().as_secs_f64();
        computed().zip(self.computed).map_or(passed, |(now, begun)| now.saturating_sub(begun) as f64 * 1e-9)
    }
}

/// Nanoseconds that this thread has computed, on Linux.
fn computed() -> Option<u64> {
    fs::read_to_string("/proc/thread-self/schedstat").ok()?.split_whitespace().next()?.parse().ok()
}
