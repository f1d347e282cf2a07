//! Signals of GTK. A handler only adds to the queue of its window, which the program reads later: no code of the plug-in runs inside GTK.
#![expect(unsafe_code, reason = "GTK calls back with pointers")]

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, c_int, c_uint, c_void};
use std::rc::Rc;
use std::time::Duration;

use crate::glib::Lent;
use crate::guard::guard;
use crate::ui::form::Event;
use crate::ui::gtk::{Toolkit, Widget};

/// An event in the queue of a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Heard {
    /// What needs no looking up.
    Event(Event),
    /// Another entry of the list may be the chosen one.
    Selection,
}

/// Events of a window that were not read yet.
#[derive(Default)]
pub(super) struct Queue {
    heard: RefCell<Vec<Heard>>,
    muted: Cell<bool>,
    /// Where the left button was pressed in the picture, while it is down.
    pressed: Cell<Option<Place>>,
}

/// Column and row in a picture.
type Place = (i32, i32);

/// What the pointer does in a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pointer {
    /// A button goes down.
    Presses(c_uint),
    /// A button goes up.
    Releases(c_uint),
    /// It moves with the left button down.
    Moves,
}

impl Queue {
    /// Changes widgets without events: only what the user does is one.
    pub(super) fn mute(&self, change: impl FnOnce()) {
        let before = self.muted.replace(true);
        change();
        self.muted.set(before);
    }

    /// Takes all events.
    pub(super) fn take(&self) -> Vec<Heard> {
        self.heard.take()
    }

    /// Whether it is empty.
    pub(super) fn is_empty(&self) -> bool {
        self.heard.borrow().is_empty()
    }

    /// What a user does who uses the pointer so: the right button counts where it is pressed, the left one where it is released.
    fn pointed(&self, pointer: Pointer, (x, y): Place) -> Option<Event> {
        /// So far, in pixels, a drag goes at least.
        const DRAG: i32 = 4;
        const LEFT: c_uint = 1;
        const RIGHT: c_uint = 3;
        let from = match pointer {
            Pointer::Presses(LEFT) => {
                self.pressed.set(Some((x, y)));
                return None;
            }
            Pointer::Presses(RIGHT) => return Some(Event::PickedRight(x, y)),
            Pointer::Releases(LEFT) => self.pressed.take()?,
            Pointer::Moves => self.pressed.get()?,
            Pointer::Presses(_) | Pointer::Releases(_) => return None,
        };
        let is_drag = (x - from.0).abs().max((y - from.1).abs()) >= DRAG;
        match pointer {
            Pointer::Moves => is_drag.then_some(Event::Dragging([from.0, from.1, x, y])),
            _ if is_drag => Some(Event::Dragged([from.0, from.1, x, y])),
            _ => Some(Event::Picked(from.0, from.1)),
        }
    }

    /// Merges repetitions, such as those of a slider that is dragged.
    fn add(&self, heard: Heard) {
        let mut all = self.heard.borrow_mut();
        let is_drag = |heard: &Heard| matches!(heard, Heard::Event(Event::Dragging(_)));
        if is_drag(&heard) && all.last().is_some_and(is_drag) {
            all.pop();
        }
        if !self.muted.get() && (all.last() != Some(&heard) || matches!(heard, Heard::Event(Event::Pressed(_)))) {
            all.push(heard);
        }
    }
}

/// Signals whose arguments are not used.
#[derive(Debug, Clone, Copy)]
pub(super) enum Signal {
    Changed,
    Clicked,
    FileSet,
    Toggled,
    ValueChanged,
}

/// User data of one handler.
struct Hook {
    queue: Rc<Queue>,
    means: Option<Heard>,
}

impl Toolkit {
    /// Connects a signal to the queue.
    pub(super) fn hear(&self, widget: &Widget<'_>, signal: Signal, queue: &Rc<Queue>, means: Heard) {
        let name = match signal {
            Signal::Changed => c"changed",
            Signal::Clicked => c"clicked",
            Signal::FileSet => c"file-set",
            Signal::Toggled => c"toggled",
            Signal::ValueChanged => c"value-changed",
        };
        // SAFETY: handlers of these signals get the object and their own data.
        unsafe { self.connect(widget, name, notified as extern "C" fn(_, _) as *const c_void, queue, Some(means)) };
    }

    /// Queues requests to close the window, which stays open.
    pub(super) fn hear_close(&self, window: &Widget<'_>, queue: &Rc<Queue>) {
        // SAFETY: handlers of this signal get the object, an event and their own data, and say whether it ends there.
        unsafe { self.connect(window, c"delete-event", closed as extern "C" fn(_, _, _) -> _ as *const c_void, queue, None) };
    }

    /// Queues clicks and drags.
    pub(super) fn hear_pointer(&self, widget: &Widget<'_>, queue: &Rc<Queue>) {
        /// `GDK_BUTTON_PRESS_MASK`, `GDK_BUTTON_RELEASE_MASK` and `GDK_BUTTON1_MOTION_MASK`.
        const EVENTS: c_int = 1 << 8 | 1 << 9 | 1 << 5;
        (self.gtk.gtk_widget_add_events)(widget.object(), EVENTS);
        let handler = pointed as extern "C" fn(_, _, _) -> _ as *const c_void;
        for signal in [c"button-press-event", c"button-release-event", c"motion-notify-event"] {
            // SAFETY: handlers of these signals get the object, the event of a button or of a movement and their own data, and say whether it ends there.
            unsafe { self.connect(widget, signal, handler, queue, None) };
        }
    }

    /// Queues edits of the texts in a column of a list.
    pub(super) fn hear_edits(&self, renderer: &Widget<'_>, queue: &Rc<Queue>) {
        // SAFETY: handlers of this signal get the object, two texts and their own data.
        unsafe { self.connect(renderer, c"edited", edited as extern "C" fn(_, _, _, _) as *const c_void, queue, None) };
    }

    /// # Safety
    /// The handler takes what this signal hands over.
    unsafe fn connect(&self, widget: &Widget<'_>, signal: &CStr, handler: *const c_void, queue: &Rc<Queue>, means: Option<Heard>) {
        let hook = Box::into_raw(Box::new(Hook { queue: Rc::clone(queue), means }));
        // SAFETY: the hook stays until `forgotten` gets it, after the last call of the handler.
        unsafe { (self.objects.g_signal_connect_data)(widget.object(), signal.into(), handler, hook.cast(), forgotten, 0) };
    }

    /// Runs GTK's main loop until an event is queued or the time is over, redrawing included.
    pub(super) fn wait(&self, queue: &Queue, time: Duration) {
        let alarm = self.alarm(time);
        while queue.is_empty() && !alarm.rung.get() {
            (self.gtk.gtk_main_iteration_do)(1);
        }
    }

    fn alarm(&self, time: Duration) -> Alarm<'_> {
        /// `G_PRIORITY_DEFAULT_IDLE`: what was drawn anew comes first.
        const IDLE: c_int = 200;
        let rung = Rc::new(Cell::new(false));
        let milliseconds = c_uint::try_from(time.as_millis()).unwrap_or(c_uint::MAX);
        // SAFETY: `ring` gets what `put_away` releases, after the last ring.
        let source = unsafe {
            let data = Rc::into_raw(Rc::clone(&rung)).cast_mut().cast();
            (self.objects.g_timeout_add_full)(IDLE, milliseconds, ring, data, put_away)
        };
        Alarm { toolkit: self, source, rung }
    }
}

/// Ends a wait.
struct Alarm<'g> {
    toolkit: &'g Toolkit,
    source: c_uint,
    rung: Rc<Cell<bool>>,
}

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        if !self.rung.get() {
            (self.toolkit.objects.g_source_remove)(self.source);
        }
    }
}

/// The event of a mouse button, as far as it is looked at; that of a movement is the same up to `state`. The same in both versions of GTK.
#[repr(C)]
struct Click {
    kind: c_int,
    window: *const c_void,
    sent: i8,
    time: u32,
    x: f64,
    y: f64,
    axes: *const c_void,
    state: c_uint,
    button: c_uint,
}

impl Click {
    /// A double click is two clicks, not a third as well.
    fn pointer(&self) -> Option<(Pointer, Place)> {
        const MOVEMENT: c_int = 3;
        const PRESS: c_int = 4;
        const RELEASE: c_int = 7;
        let pointer = match self.kind {
            MOVEMENT => Pointer::Moves,
            PRESS => Pointer::Presses(self.button),
            RELEASE => Pointer::Releases(self.button),
            _ => return None,
        };
        Some((pointer, (self.x.floor() as i32, self.y.floor() as i32)))
    }
}

fn add(hook: *const Hook, heard: impl FnOnce(&Hook) -> Option<Heard>) {
    guard(
        |_| (),
        || {
            // SAFETY: the data of a handler, which GTK hands to the handler alone and which `forgotten` releases after its last call.
            let hook = unsafe { &*hook };
            if let Some(heard) = heard(hook) {
                hook.queue.add(heard);
            }
        },
    );
}

extern "C" fn notified(_object: *const c_void, hook: *const Hook) {
    add(hook, |hook| hook.means.clone());
}

extern "C" fn closed(_window: *const c_void, _event: *const c_void, hook: *const Hook) -> c_int {
    add(hook, |_| Some(Heard::Event(Event::Closed)));
    1
}

extern "C" fn pointed(_widget: *const c_void, click: *const Click, hook: *const Hook) -> c_int {
    add(hook, |hook| {
        // SAFETY: the event of this signal is that of a button or of a movement, which is no smaller, and stays during the call.
        let (pointer, place) = unsafe { &*click }.pointer()?;
        hook.queue.pointed(pointer, place).map(Heard::Event)
    });
    1
}

extern "C" fn edited(_renderer: *const c_void, place: Lent, text: Lent, hook: *const Hook) {
    add(hook, |_| Some(Heard::Event(Event::Renamed(place.copy()?.parse().ok()?, text.copy()?))));
}

extern "C" fn forgotten(hook: *mut c_void, _closure: *mut c_void) {
    // SAFETY: it was made by `connect`, and this is called once, after the last call of the handler.
    guard(|_| (), || drop(unsafe { Box::from_raw(hook.cast::<Hook>()) }));
}

extern "C" fn ring(rung: *mut c_void) -> c_int {
    // SAFETY: the data of `alarm`, which `put_away` releases later.
    guard(|_| (), || unsafe { &*rung.cast::<Cell<bool>>() }.set(true));
    0
}

extern "C" fn put_away(rung: *mut c_void) {
    // SAFETY: it was made by `alarm`, and this is called once, after the last ring.
    guard(|_| (), || drop(unsafe { Rc::from_raw(rung.cast::<Cell<bool>>()) }));
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANGED: Heard = Heard::Event(Event::Changed("a"));
    const PRESSED: Heard = Heard::Event(Event::Pressed("a"));

    fn click(kind: c_int, button: c_uint, x: f64, y: f64) -> Option<(Pointer, Place)> {
        Click { kind, window: std::ptr::null(), sent: 0, time: 0, x, y, axes: std::ptr::null(), state: 0, button }.pointer()
    }

    #[test]
    fn what_is_said_again_and_again_is_heard_once_but_presses_count() {
        let queue = Queue::default();
        for heard in [CHANGED, CHANGED, PRESSED, PRESSED, CHANGED] {
            queue.add(heard);
        }
        assert_eq!(queue.take(), [CHANGED, PRESSED, PRESSED, CHANGED]);
        assert!(queue.is_empty());
    }

    #[test]
    fn what_the_program_changes_is_not_heard() {
        let queue = Queue::default();
        queue.mute(|| {
            queue.mute(|| queue.add(CHANGED));
            queue.add(CHANGED);
        });
        assert!(queue.is_empty());
        queue.add(CHANGED);
        assert_eq!(queue.take(), [CHANGED]);
    }

    #[test]
    fn events_of_the_pointer_are_read() {
        assert_eq!(click(4, 1, 3.9, 0.0), Some((Pointer::Presses(1), (3, 0))));
        assert_eq!(click(7, 3, 3.9, -0.1), Some((Pointer::Releases(3), (3, -1))));
        assert_eq!(click(3, 7, 3.9, 0.0), Some((Pointer::Moves, (3, 0))));
        assert_eq!(click(5, 1, 3.9, 0.0), None, "the third event of a double click");
    }

    #[test]
    fn presses_become_clicks_and_drags() {
        use Pointer::{Moves, Presses, Releases};
        let queue = Queue::default();
        for (pointer, place, expected) in [
            (Presses(1), (5, 5), None),
            (Moves, (7, 8), None),
            (Releases(1), (7, 8), Some(Event::Picked(5, 5))),
            (Moves, (9, 9), None),
            (Releases(1), (9, 9), None),
            (Presses(1), (5, 5), None),
            (Moves, (9, 5), Some(Event::Dragging([5, 5, 9, 5]))),
            (Presses(3), (9, 5), Some(Event::PickedRight(9, 5))),
            (Releases(3), (9, 5), None),
            (Releases(1), (1, 9), Some(Event::Dragged([5, 5, 1, 9]))),
            (Presses(2), (5, 5), None),
            (Releases(2), (5, 5), None),
        ] {
            assert_eq!(queue.pointed(pointer, place), expected, "{pointer:?} {place:?}");
        }
        let dragging = |x| Heard::Event(Event::Dragging([0, 0, x, 0]));
        for x in 4..9 {
            queue.add(dragging(x));
        }
        assert_eq!(queue.take(), [dragging(8)], "the last one alone");
    }

    #[test]
    fn handlers_say_what_happened_until_they_are_forgotten() {
        let queue = Rc::new(Queue::default());
        let hook = Box::into_raw(Box::new(Hook { queue: Rc::clone(&queue), means: Some(Heard::Selection) }));
        notified(std::ptr::null(), hook);
        assert_eq!(closed(std::ptr::null(), std::ptr::null(), hook), 1);
        assert_eq!(queue.take(), [Heard::Selection, Heard::Event(Event::Closed)]);
        forgotten(hook.cast(), std::ptr::null_mut());
        assert_eq!(Rc::strong_count(&queue), 1);
    }
}
