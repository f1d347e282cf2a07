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

    /// Merges repetitions, such as those of a slider that is dragged.
    fn add(&self, heard: Heard) {
        let mut all = self.heard.borrow_mut();
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

    /// Queues clicks.
    pub(super) fn hear_clicks(&self, widget: &Widget<'_>, queue: &Rc<Queue>) {
        /// `GDK_BUTTON_PRESS_MASK`.
        const PRESSES: c_int = 1 << 8;
        (self.gtk.gtk_widget_add_events)(widget.object(), PRESSES);
        // SAFETY: handlers of this signal get the object, the event of a button and their own data, and say whether it ends there.
        unsafe { self.connect(widget, c"button-press-event", pressed as extern "C" fn(_, _, _) -> _ as *const c_void, queue, None) };
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

/// The event of a mouse button, as far as it is looked at. The same in both versions of GTK.
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
    /// The left button alone counts, and a double click is two clicks, not a third as well.
    fn event(&self) -> Option<Event> {
        const PRESS: c_int = 4;
        (self.kind == PRESS && self.button == 1).then(|| Event::Picked(self.x.floor() as i32, self.y.floor() as i32))
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

extern "C" fn pressed(_widget: *const c_void, click: *const Click, hook: *const Hook) -> c_int {
    // SAFETY: the event of this signal is that of a button and stays during the call.
    add(hook, |_| unsafe { &*click }.event().map(Heard::Event));
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

    fn click(kind: c_int, button: c_uint, x: f64, y: f64) -> Option<Event> {
        Click { kind, window: std::ptr::null(), sent: 0, time: 0, x, y, axes: std::ptr::null(), state: 0, button }.event()
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
    fn only_single_clicks_of_the_left_button_count() {
        assert_eq!(click(4, 1, 3.9, 0.0), Some(Event::Picked(3, 0)));
        assert_eq!(click(4, 3, 3.9, 0.0), None);
        assert_eq!(click(5, 1, 3.9, 0.0), None);
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
