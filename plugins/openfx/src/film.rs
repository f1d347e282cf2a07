//! The frames that were rendered last, with their items and results.
//!
//! They are what hosts show of other times that give no other frame than the rendered one, and from results of earlier frames a film goes on steadily.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dedit_protocol::{Pixels, Samples};

use crate::layers::EditedFrame;

/// The most memory, bytes.
const MOST: usize = 384 << 20;
/// The time between two checks whether to stop.
const POLL: Duration = Duration::from_millis(50);

/// A frame as the daemon takes it, and its items.
#[derive(Debug, PartialEq)]
pub(crate) struct Shot {
    pub(crate) pixels: Pixels,
    /// The digest of the pixels.
    pub(crate) digest: String,
    /// The names of the items.
    pub(crate) names: Vec<String>,
    /// For each pixel, row by row, the index of its item.
    pub(crate) labels: Vec<u16>,
}

impl Shot {
    fn bytes(&self) -> usize {
        self.labels.len() * 2 + samples(&self.pixels)
    }
}

fn samples(pixels: &Pixels) -> usize {
    match pixels.samples() {
        Samples::U8(samples) => samples.len(),
        Samples::U16(samples) => samples.len() * 2,
        Samples::F32(samples) => samples.len() * 4,
    }
}

/// The frames of this process.
pub(crate) static FRAMES: LazyLock<Frames> = LazyLock::new(|| Frames::new(MOST));

/// Frames by film and time, the oldest first.
pub(crate) struct Frames {
    state: Mutex<State>,
    changed: Condvar,
    most: usize,
}

#[derive(Default)]
struct State {
    entries: VecDeque<Entry>,
    next: u64,
}

struct Entry {
    number: u64,
    film: String,
    time: f64,
    shot: Arc<Shot>,
    edited: Option<Arc<EditedFrame>>,
    /// How many threads render it.
    rendering: usize,
}

impl Entry {
    fn bytes(&self) -> usize {
        self.shot.bytes() + self.edited.as_ref().map_or(0, |edited| edited.layers().map(|layer| samples(&layer.pixels)).sum())
    }
}

/// A frame of another time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    pub(crate) shot: Arc<Shot>,
    /// Its result.
    pub(crate) edited: Option<Arc<EditedFrame>>,
}

impl Frames {
    fn new(most: usize) -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), most }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a frame of a film that is about to be rendered.
    pub(crate) fn begin(&self, film: &str, time: f64, shot: &Arc<Shot>) -> Rendering<'_> {
        let mut state = self.lock();
        let known = state.entries.iter().position(|entry| entry.film == film && is_same(entry.time, time));
        let known = known.and_then(|place| state.entries.remove(place)).filter(|entry| entry.shot == *shot);
        let number = known.as_ref().map_or(state.next, |entry| entry.number);
        state.next += 1;
        let fresh = || Entry { number, film: film.to_owned(), time, shot: Arc::clone(shot), edited: None, rendering: 0 };
        let mut entry = known.unwrap_or_else(fresh);
        entry.rendering += 1;
        state.entries.push_back(entry);
        state.prune(self.most);
        Rendering { frames: self, number }
    }

    /// The frame of a film at a time. Where another thread renders it, waits for its result until `wants_stop` if `waits`.
    pub(crate) fn at(&self, film: &str, time: f64, waits: bool, wants_stop: &dyn Fn() -> bool) -> Option<Seen> {
        let mut state = self.lock();
        loop {
            let entry = state.entries.iter().find(|entry| entry.film == film && is_same(entry.time, time))?;
            if !waits || entry.edited.is_some() || entry.rendering == 0 {
                return Some(Seen { shot: Arc::clone(&entry.shot), edited: entry.edited.clone() });
            }
            let (woken, _) = self.changed.wait_timeout(state, POLL).unwrap_or_else(PoisonError::into_inner);
            drop(woken);
            // Without the lock: the host may take its time to answer.
            if wants_stop() {
                return None;
            }
            state = self.lock();
        }
    }

    /// Forgets all frames.
    pub(crate) fn purge(&self) {
        self.lock().entries.clear();
        self.changed.notify_all();
    }
}

impl State {
    fn entry(&mut self, number: u64) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.number == number)
    }

    /// Removes the oldest, down to the most memory.
    fn prune(&mut self, most: usize) {
        let mut bytes: usize = self.entries.iter().map(Entry::bytes).sum();
        while bytes > most {
            let Some(oldest) = self.entries.pop_front() else { break };
            bytes -= oldest.bytes();
        }
    }
}

/// Times are whole frames, or parts of them.
fn is_same(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-6
}

/// A frame that is rendered. Dropped on every way out: those who wait for its result go on then.
pub(crate) struct Rendering<'f> {
    frames: &'f Frames,
    number: u64,
}

impl Rendering<'_> {
    /// Keeps the result.
    pub(crate) fn done(self, edited: &Arc<EditedFrame>) {
        if let Some(entry) = self.frames.lock().entry(self.number) {
            entry.edited = Some(Arc::clone(edited));
        }
    }
}

impl Drop for Rendering<'_> {
    fn drop(&mut self) {
        if let Some(entry) = self.frames.lock().entry(self.number) {
            entry.rendering -= 1;
        }
        self.frames.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use dedit_protocol::answer::Region;

    use super::*;
    use crate::pixels::EditedRegion;

    fn shot(value: u8) -> Arc<Shot> {
        let pixels = Pixels::new(2, 1, 1, Samples::U8(vec![value; 2])).unwrap();
        Arc::new(Shot { digest: pixels.digest(), pixels, names: vec!["background".to_owned()], labels: vec![0; 2] })
    }

    fn edited(value: u8) -> Arc<EditedFrame> {
        let pixels = Pixels::new(1, 1, 1, Samples::U8(vec![value])).unwrap();
        let region = EditedRegion { region: Region { x: 0, y: 0, width: 1, height: 1 }, pixels };
        Arc::new(EditedFrame { region, items: Vec::new() })
    }

    fn told(frames: &Frames, film: &str, time: f64) -> Option<(u8, Option<u8>)> {
        let first = |pixels: &Pixels| if let Samples::U8(samples) = pixels.samples() { samples[0] } else { 0 };
        let seen = frames.at(film, time, true, &|| false)?;
        Some((first(&seen.shot.pixels), seen.edited.map(|edited| first(&edited.region.pixels))))
    }

    #[test]
    fn frames_are_known_by_film_and_time_until_they_are_others() {
        let frames = Frames::new(MOST);
        frames.begin("a", 3.0, &shot(3)).done(&edited(30));
        drop(frames.begin("a", 4.0, &shot(4)));
        frames.begin("b", 3.0, &shot(5)).done(&edited(50));
        assert_eq!(told(&frames, "a", 3.0), Some((3, Some(30))));
        assert_eq!(told(&frames, "a", 4.0), Some((4, None)), "one that failed");
        assert_eq!((told(&frames, "b", 3.0), told(&frames, "b", 4.0)), (Some((5, Some(50))), None));
        // Rendered again, with other pixels, and then with those again.
        drop(frames.begin("a", 3.0, &shot(3)));
        assert_eq!(told(&frames, "a", 3.0), Some((3, Some(30))));
        drop(frames.begin("a", 3.0, &shot(9)));
        assert_eq!(told(&frames, "a", 3.0), Some((9, None)));
        frames.purge();
        assert_eq!(told(&frames, "a", 3.0), None);
    }

    #[test]
    fn the_oldest_are_forgotten_first() {
        let frames = Frames::new(3 * shot(0).bytes());
        for time in 0..5_u8 {
            drop(frames.begin("a", time.into(), &shot(time)));
        }
        assert_eq!([0.0, 1.0, 2.0, 3.0, 4.0].map(|time| told(&frames, "a", time).is_some()), [false, false, true, true, true]);
    }

    #[test]
    fn a_frame_that_another_thread_renders_is_waited_for() {
        let frames = Frames::new(MOST);
        let rendering = frames.begin("a", 0.0, &shot(1));
        assert!(frames.at("a", 0.0, false, &|| false).unwrap().edited.is_none());
        assert!(frames.at("a", 0.0, true, &|| true).is_none(), "somebody wants to stop");
        thread::scope(|scope| {
            let waiting = scope.spawn(|| told(&frames, "a", 0.0));
            thread::sleep(Duration::from_millis(20));
            rendering.done(&edited(7));
            assert_eq!(waiting.join().unwrap(), Some((1, Some(7))));
            let other = frames.begin("a", 1.0, &shot(2));
            let waiting = scope.spawn(|| told(&frames, "a", 1.0));
            thread::sleep(Duration::from_millis(20));
            drop(other);
            assert_eq!(waiting.join().unwrap(), Some((2, None)));
        });
    }
}
