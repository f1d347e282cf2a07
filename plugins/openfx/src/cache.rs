//! Results by what they are made of. Hosts ask for the same frame many times, from many threads and instances, and again when they are started anew: it is
//! made once.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use dedit_protocol::Samples;

use crate::disk::Folder;
use crate::failure::{Failure, stopped};
use crate::pixels::Made;

/// What is held in memory at most, in bytes.
const MOST: usize = 512 << 20;
/// How long one waits between two questions whether to stop.
const SHORT: Duration = Duration::from_millis(50);

/// The name of a result: a digest of all that it depends on.
pub(crate) type Key = String;

/// Results in memory, and behind them on disk.
pub(crate) struct Cache {
    state: Mutex<State>,
    changed: Condvar,
    most: usize,
}

#[derive(Default)]
struct State {
    held: HashMap<Key, Slot>,
    bytes: usize,
    clock: u64,
}

enum Slot {
    /// Somebody is making it.
    Making,
    Made {
        made: Arc<Made>,
        used: u64,
    },
}

/// All results of this process.
pub(crate) static RESULTS: std::sync::LazyLock<Cache> = std::sync::LazyLock::new(|| Cache::new(MOST));

impl Cache {
    fn new(most: usize) -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), most }
    }

    /// The result of a key: held, or on disk, or made. Whoever asks while it is made waits for it; where making it fails or is stopped, one of those who
    /// wait makes it in turn. `wants_stop` is asked while waiting.
    pub(crate) fn get(
        &self,
        key: &Key,
        folder: Option<&Folder>,
        wants_stop: &dyn Fn() -> bool,
        fits: &dyn Fn(&Made) -> bool,
        make: &dyn Fn() -> Result<Made, Failure>,
    ) -> Result<Arc<Made>, Failure> {
        if let Some(held) = self.held_or_begin(key, wants_stop)? {
            return Ok(held);
        }
        // Taken back where nothing comes of it, whatever happens, and whoever waits is told.
        let begun = Begun { cache: self, key };
        let kept = folder.and_then(|folder| folder.read(key)).filter(|made| fits(made));
        let is_kept = kept.is_some();
        let made = Arc::new(kept.map_or_else(make, Ok)?);
        self.hold(key, &made);
        // Whoever waits has it before the disk does.
        drop(begun);
        if let Some(folder) = folder.filter(|_| !is_kept) {
            folder.write(key, &made);
        }
        Ok(made)
    }

    fn held_or_begin(&self, key: &Key, wants_stop: &dyn Fn() -> bool) -> Result<Option<Arc<Made>>, Failure> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            state.clock += 1;
            let clock = state.clock;
            match state.held.get_mut(key) {
                Some(Slot::Made { made, used }) => {
                    *used = clock;
                    return Ok(Some(Arc::clone(made)));
                }
                Some(Slot::Making) => {
                    let (woken, _) = self.changed.wait_timeout(state, SHORT).unwrap_or_else(PoisonError::into_inner);
                    drop(woken);
                    // The host is asked without the lock: it may take its time.
                    if wants_stop() {
                        return Err(stopped());
                    }
                    state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                }
                None => {
                    state.held.insert(key.clone(), Slot::Making);
                    return Ok(None);
                }
            }
        }
    }

    fn hold(&self, key: &Key, made: &Arc<Made>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.clock += 1;
        let used = state.clock;
        state.held.insert(key.clone(), Slot::Made { made: Arc::clone(made), used });
        state.bytes += bytes(made);
        while state.bytes > self.most {
            let oldest = state.held.iter().filter_map(|(key, slot)| match slot {
                Slot::Made { used, .. } => Some((*used, key.clone())),
                Slot::Making => None,
            });
            let Some((_, oldest)) = oldest.min() else { break };
            if let Some(Slot::Made { made, .. }) = state.held.remove(&oldest) {
                state.bytes -= bytes(&made);
            }
        }
    }

    /// Lets go of all that is held; what is on disk stays.
    pub(crate) fn purge(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.held.retain(|_, slot| matches!(slot, Slot::Making));
        state.bytes = 0;
    }
}

struct Begun<'c> {
    cache: &'c Cache,
    key: &'c Key,
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        let mut state = self.cache.state.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(state.held.get(self.key), Some(Slot::Making)) {
            state.held.remove(self.key);
        }
        drop(state);
        self.cache.changed.notify_all();
    }
}

fn bytes(made: &Made) -> usize {
    match made.pixels.samples() {
        Samples::U8(samples) => samples.len(),
        Samples::U16(samples) => samples.len() * 2,
        Samples::F32(samples) => samples.len() * 4,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use dedit_protocol::Pixels;
    use dedit_protocol::answer::Region;

    use super::*;
    use crate::failure::input;

    pub(crate) fn made(side: u32) -> Made {
        let pixels = Pixels::new(side, side, 1, Samples::U8(vec![7; (side * side) as usize])).unwrap();
        Made { region: Region { x: 0, y: 0, width: side as usize, height: side as usize }, pixels }
    }

    fn get(cache: &Cache, key: &str, make: &dyn Fn() -> Result<Made, Failure>) -> Result<Arc<Made>, Failure> {
        cache.get(&key.to_owned(), None, &|| false, &|_| true, make)
    }

    #[test]
    fn of_many_threads_one_makes_it() {
        let (cache, count) = (Cache::new(MOST), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    get(&cache, "a", &|| {
                        thread::sleep(Duration::from_millis(50));
                        count.fetch_add(1, Ordering::Relaxed);
                        Ok(made(4))
                    })
                });
            }
        });
        assert_eq!(count.into_inner(), 1);
    }

    #[test]
    fn what_failed_is_made_by_the_next_and_who_is_stopped_waits_no_longer() {
        let cache = Cache::new(MOST);
        thread::scope(|scope| {
            let slow = scope.spawn(|| {
                get(&cache, "a", &|| {
                    thread::sleep(Duration::from_millis(300));
                    Err(input("no", "yes"))
                })
            });
            thread::sleep(Duration::from_millis(100));
            let waiting = cache.get(&"a".to_owned(), None, &|| true, &|_| true, &|| Ok(made(2)));
            assert_eq!(waiting.unwrap_err().message, "stopped");
            assert_eq!(*get(&cache, "a", &|| Ok(made(2))).unwrap(), made(2), "in place of the one that failed");
            assert_eq!(slow.join().unwrap().unwrap_err().message, "no");
        });
        let panicked = thread::scope(|scope| scope.spawn(|| get(&cache, "b", &|| panic!("no"))).join());
        assert!(panicked.is_err());
        assert!(get(&cache, "b", &|| Ok(made(3))).is_ok(), "nobody waits for who panicked");
    }

    #[test]
    fn what_was_not_used_for_long_goes_first() {
        let cache = Cache::new(3 * 16);
        for key in ["a", "b", "c"] {
            get(&cache, key, &|| Ok(made(4))).unwrap();
        }
        let fails = || Err(input("not held", ""));
        get(&cache, "a", &fails).unwrap();
        get(&cache, "d", &|| Ok(made(4))).unwrap();
        assert!(get(&cache, "b", &fails).is_err(), "the one that was used least lately is gone");
        for key in ["a", "c", "d"] {
            get(&cache, key, &fails).unwrap();
        }
        cache.purge();
        assert!(get(&cache, "a", &fails).is_err());
    }
}
