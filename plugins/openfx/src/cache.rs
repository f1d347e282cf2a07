//! A cache of edited frames by content. Hosts ask for the same frame many times, from several threads and instances and after a restart; it is computed
//! once.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use dedit_protocol::Samples;

use crate::disk::Folder;
use crate::failure::{Failure, stopped};
use crate::layers::EditedFrame;

/// The most memory, bytes.
const MOST: usize = 512 << 20;
/// The time between two checks whether to stop.
const POLL: Duration = Duration::from_millis(50);

/// A digest of everything that a result depends on.
pub(crate) type Key = String;

/// Results in memory, backed by a folder.
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
    /// A thread is computing it.
    Pending,
    Ready {
        edited: Arc<EditedFrame>,
        used: u64,
    },
}

/// The cache of this process.
pub(crate) static RESULTS: std::sync::LazyLock<Cache> = std::sync::LazyLock::new(|| Cache::new(MOST));

impl Cache {
    fn new(most: usize) -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), most }
    }

    /// The result of a key: from memory, from the folder, or from `compute`. Other callers wait meanwhile, and one of them computes it where that fails or
    /// is stopped. `wants_stop` is called while waiting; a result from the folder is used where `fits` holds.
    pub(crate) fn get(
        &self,
        key: &Key,
        folder: Option<&Folder>,
        wants_stop: &dyn Fn() -> bool,
        fits: &dyn Fn(&EditedFrame) -> bool,
        compute: &dyn Fn() -> Result<EditedFrame, Failure>,
    ) -> Result<Arc<EditedFrame>, Failure> {
        if let Some(ready) = self.ready_or_pending(key, wants_stop)? {
            return Ok(ready);
        }
        // Dropped on every way out, also by a panic: waiting threads go on then.
        let pending = Pending { cache: self, key };
        let stored = folder.and_then(|folder| folder.read(key)).filter(|edited| fits(edited));
        let is_stored = stored.is_some();
        let edited = Arc::new(stored.map_or_else(compute, Ok)?);
        self.insert(key, &edited);
        // Waiting threads need not wait for the disk.
        drop(pending);
        if let Some(folder) = folder.filter(|_| !is_stored) {
            folder.write(key, &edited);
        }
        Ok(edited)
    }

    fn ready_or_pending(&self, key: &Key, wants_stop: &dyn Fn() -> bool) -> Result<Option<Arc<EditedFrame>>, Failure> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            state.clock += 1;
            let clock = state.clock;
            match state.held.get_mut(key) {
                Some(Slot::Ready { edited, used }) => {
                    *used = clock;
                    return Ok(Some(Arc::clone(edited)));
                }
                Some(Slot::Pending) => {
                    let (woken, _) = self.changed.wait_timeout(state, POLL).unwrap_or_else(PoisonError::into_inner);
                    drop(woken);
                    // Without the lock: the host may take its time to answer.
                    if wants_stop() {
                        return Err(stopped());
                    }
                    state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                }
                None => {
                    state.held.insert(key.clone(), Slot::Pending);
                    return Ok(None);
                }
            }
        }
    }

    fn insert(&self, key: &Key, edited: &Arc<EditedFrame>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.clock += 1;
        let used = state.clock;
        state.held.insert(key.clone(), Slot::Ready { edited: Arc::clone(edited), used });
        state.bytes += bytes(edited);
        while state.bytes > self.most {
            let oldest = state.held.iter().filter_map(|(key, slot)| match slot {
                Slot::Ready { used, .. } => Some((*used, key.clone())),
                Slot::Pending => None,
            });
            let Some((_, oldest)) = oldest.min() else { break };
            if let Some(Slot::Ready { edited, .. }) = state.held.remove(&oldest) {
                state.bytes -= bytes(&edited);
            }
        }
    }

    /// Removes all results from memory; those in the folder stay.
    pub(crate) fn purge(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.held.retain(|_, slot| matches!(slot, Slot::Pending));
        state.bytes = 0;
    }
}

/// A result that is being computed.
struct Pending<'c> {
    cache: &'c Cache,
    key: &'c Key,
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        let mut state = self.cache.state.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(state.held.get(self.key), Some(Slot::Pending)) {
            state.held.remove(self.key);
        }
        drop(state);
        self.cache.changed.notify_all();
    }
}

fn bytes(edited: &EditedFrame) -> usize {
    let bytes = edited.layers().map(|layer| match layer.pixels.samples() {
        Samples::U8(samples) => samples.len(),
        Samples::U16(samples) => samples.len() * 2,
        Samples::F32(samples) => samples.len() * 4,
    });
    bytes.sum()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use dedit_protocol::Pixels;
    use dedit_protocol::answer::Region;

    use super::*;
    use crate::failure::input;
    use crate::pixels::EditedRegion;

    fn region(side: u32) -> EditedFrame {
        let pixels = Pixels::new(side, side, 1, Samples::U8(vec![7; (side * side) as usize])).unwrap();
        let region = EditedRegion { region: Region { x: 0, y: 0, width: side as usize, height: side as usize }, pixels };
        EditedFrame { region, items: Vec::new() }
    }

    fn get(cache: &Cache, key: &str, compute: &dyn Fn() -> Result<EditedFrame, Failure>) -> Result<Arc<EditedFrame>, Failure> {
        cache.get(&key.to_owned(), None, &|| false, &|_| true, compute)
    }

    #[test]
    fn of_many_threads_one_computes() {
        let (cache, count) = (Cache::new(MOST), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    get(&cache, "a", &|| {
                        thread::sleep(Duration::from_millis(50));
                        count.fetch_add(1, Ordering::Relaxed);
                        Ok(region(4))
                    })
                });
            }
        });
        assert_eq!(count.into_inner(), 1);
    }

    #[test]
    fn after_a_failure_the_next_computes_and_a_stopped_caller_does_not_wait() {
        let cache = Cache::new(MOST);
        thread::scope(|scope| {
            let slow = scope.spawn(|| {
                get(&cache, "a", &|| {
                    thread::sleep(Duration::from_millis(300));
                    Err(input("no", "yes"))
                })
            });
            thread::sleep(Duration::from_millis(100));
            let waiting = cache.get(&"a".to_owned(), None, &|| true, &|_| true, &|| Ok(region(2)));
            assert_eq!(waiting.unwrap_err().message, "stopped");
            assert_eq!(*get(&cache, "a", &|| Ok(region(2))).unwrap(), region(2), "after the first has failed");
            assert_eq!(slow.join().unwrap().unwrap_err().message, "no");
        });
        let panicked = thread::scope(|scope| scope.spawn(|| get(&cache, "b", &|| panic!("no"))).join());
        assert!(panicked.is_err());
        assert!(get(&cache, "b", &|| Ok(region(3))).is_ok(), "nobody waits for a thread that panicked");
    }

    #[test]
    fn the_least_recently_used_is_removed_first() {
        let cache = Cache::new(3 * 16);
        for key in ["a", "b", "c"] {
            get(&cache, key, &|| Ok(region(4))).unwrap();
        }
        let fails = || Err(input("not held", ""));
        get(&cache, "a", &fails).unwrap();
        get(&cache, "d", &|| Ok(region(4))).unwrap();
        assert!(get(&cache, "b", &fails).is_err(), "the least recently used is removed");
        for key in ["a", "c", "d"] {
            get(&cache, key, &fails).unwrap();
        }
        cache.purge();
        assert!(get(&cache, "a", &fails).is_err());
    }
}
