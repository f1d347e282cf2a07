//! A dialog that is open.

use std::ffi::c_int;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::ui::controls::Part;
use crate::ui::entries::Entries;
use crate::ui::form::{Entry, Event};
use crate::ui::gtk::{Toolkit, Widget, with_text};
use crate::ui::signals::{Heard, Queue};

/// A row.
pub(super) struct Field<'u> {
    pub(super) id: &'static str,
    pub(super) label: Option<Widget<'u>>,
    pub(super) part: Part<'u>,
}

/// Where a message is shown.
pub(super) struct Alert<'u> {
    pub(super) line: Widget<'u>,
    pub(super) label: Widget<'u>,
}

/// A dialog that is open until it is closed or dropped. What has an id that is not in its form reads as empty and cannot be changed. What the program
/// changes is no event.
pub struct Window<'u> {
    pub(super) toolkit: &'u Toolkit,
    pub(super) queue: Rc<Queue>,
    pub(super) dialog: Widget<'u>,
    pub(super) fields: Vec<Field<'u>>,
    pub(super) buttons: Vec<(&'static str, Widget<'u>)>,
    pub(super) picture: Option<Widget<'u>>,
    pub(super) list: Option<Entries<'u>>,
    pub(super) progress: Option<Widget<'u>>,
    pub(super) alert: Alert<'u>,
}

impl Window<'_> {
    /// What the user did since the last time; if nothing yet, waits for it that long. The window lives only while this runs.
    pub fn events(&self, wait: Duration) -> Vec<Event> {
        let end = Instant::now().checked_add(wait);
        loop {
            let left = end.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()));
            self.toolkit.wait(&self.queue, left);
            let events: Vec<_> = self.queue.take().into_iter().filter_map(|heard| self.event(heard)).collect();
            if !events.is_empty() || left.is_zero() {
                return events;
            }
        }
    }

    fn event(&self, heard: Heard) -> Option<Event> {
        match heard {
            Heard::Selection => self.list.as_ref()?.news(),
            Heard::Event(Event::Renamed(index, name)) => {
                self.list.as_ref()?.rename(index, &name);
                Some(Event::Renamed(index, name))
            }
            Heard::Event(event) => Some(event),
        }
    }

    fn part(&self, id: &str) -> Option<&Part<'_>> {
        self.fields.iter().find(|field| field.id == id).map(|field| &field.part)
    }

    /// The text of a row.
    pub fn text(&self, id: &str) -> String {
        self.part(id).and_then(|part| part.read_text(self.toolkit)).unwrap_or_default()
    }

    /// The number of a row.
    pub fn number(&self, id: &str) -> f64 {
        self.part(id).and_then(|part| part.number(self.toolkit)).unwrap_or_default()
    }

    /// The option that is chosen in a row.
    pub fn selected(&self, id: &str) -> usize {
        self.part(id).and_then(|part| part.selected(self.toolkit)).unwrap_or_default()
    }

    /// Whether a row is on.
    pub fn is_on(&self, id: &str) -> bool {
        self.part(id).and_then(|part| part.is_on(self.toolkit)).unwrap_or_default()
    }

    /// The file that is chosen in a row.
    pub fn file(&self, id: &str) -> Option<PathBuf> {
        self.part(id)?.file(self.toolkit)
    }

    fn change(&self, id: &str, change: impl FnOnce(&Part<'_>)) {
        if let Some(part) = self.part(id) {
            self.queue.mute(|| change(part));
        }
    }

    /// Changes the text of a row.
    pub fn set_text(&self, id: &str, text: &str) {
        self.change(id, |part| part.set_text(self.toolkit, text));
    }

    /// Changes the number of a row.
    pub fn set_number(&self, id: &str, number: f64) {
        self.change(id, |part| part.set_number(self.toolkit, number));
    }

    /// Chooses an option of a row.
    pub fn set_selected(&self, id: &str, selected: usize) {
        self.change(id, |part| part.set_selected(self.toolkit, selected));
    }

    /// Turns a row on or off.
    pub fn set_on(&self, id: &str, on: bool) {
        self.change(id, |part| part.set_on(self.toolkit, on));
    }

    /// Changes what there is to choose from in a row; in a row with a text, the earlier texts.
    pub fn set_options(&self, id: &str, options: &[String], selected: usize) {
        self.change(id, |part| part.set_options(self.toolkit, options, selected));
    }

    /// Enables or disables a row or a button.
    pub fn set_enabled(&self, id: &str, enabled: bool) {
        let rows = self.fields.iter().filter(|field| field.id == id);
        let of_rows = rows.flat_map(|field| field.label.iter().chain([field.part.widget()]));
        for widget in of_rows.chain(self.buttons_called(id)) {
            (self.toolkit.gtk.gtk_widget_set_sensitive)(widget.object(), c_int::from(enabled));
        }
    }

    /// Shows or hides a button.
    pub fn set_visible(&self, id: &str, visible: bool) {
        let gtk = &self.toolkit.gtk;
        for button in self.buttons_called(id) {
            (if visible { gtk.gtk_widget_show } else { gtk.gtk_widget_hide })(button.object());
        }
    }

    /// Gives a button the keyboard.
    pub fn focus(&self, id: &str) {
        for button in self.buttons_called(id) {
            (self.toolkit.gtk.gtk_widget_grab_focus)(button.object());
        }
    }

    /// Shows a text below the list, where it has place for one.
    pub fn set_note(&self, text: &str) {
        if let Some(list) = &self.list {
            list.set_note(text);
        }
    }

    /// Changes what a button says.
    pub fn set_label(&self, id: &str, label: &str) {
        for button in self.buttons_called(id) {
            with_text(label, |label| (self.toolkit.gtk.gtk_button_set_label)(button.object(), label));
        }
    }

    fn buttons_called(&self, id: &str) -> impl Iterator<Item = &Widget<'_>> {
        self.buttons.iter().filter(move |(button, _)| *button == id).map(|(_, widget)| widget)
    }

    /// Shows a picture: red, green and blue of each pixel, row by row from the top. Nothing happens if there are too many or too few.
    pub fn show_picture(&self, width: u32, height: u32, rgb: &[u8]) {
        if let (Some(place), Some(picture)) = (&self.picture, self.toolkit.picture(width, height, rgb)) {
            (self.toolkit.gtk.gtk_image_set_from_pixbuf)(place.object(), picture.object());
        }
    }

    /// Shows how much is done, from 0 to 1, and of what; where that is not known, that something is being done.
    pub fn set_progress(&self, share: Option<f64>, text: &str) {
        let (gtk, Some(bar)) = (&self.toolkit.gtk, &self.progress) else { return };
        match share {
            Some(share) => (gtk.gtk_progress_bar_set_fraction)(bar.object(), if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) }),
            None => (gtk.gtk_progress_bar_pulse)(bar.object()),
        }
        with_text(text, |text| (gtk.gtk_progress_bar_set_text)(bar.object(), text));
    }

    /// Shows other entries in the list.
    pub fn set_entries(&self, entries: &[Entry], selected: Option<usize>) {
        if let Some(list) = &self.list {
            self.queue.mute(|| list.set(entries, selected));
        }
    }

    /// The entry of the list that is chosen.
    pub fn chosen(&self) -> Option<usize> {
        self.list.as_ref()?.chosen()
    }

    /// Shows a message above the buttons; an empty one takes the last one away.
    pub fn alert(&self, text: &str) {
        let (gtk, alert) = (&self.toolkit.gtk, &self.alert);
        with_text(&format!("<b>{}</b>", escaped(text)), |text| (gtk.gtk_label_set_markup)(alert.label.object(), text));
        let show = if text.is_empty() { gtk.gtk_widget_hide } else { gtk.gtk_widget_show };
        show(alert.line.object());
    }

    /// Closes it, as dropping it does.
    pub fn close(self) {}
}

impl Drop for Window<'_> {
    fn drop(&mut self) {
        /// So much at most, should something never come to rest.
        const STEPS: usize = 100;
        let gtk = &self.toolkit.gtk;
        (gtk.gtk_widget_destroy)(self.dialog.object());
        // It goes from the screen now, whatever the program does next.
        for _ in (0..STEPS).take_while(|_| (gtk.gtk_events_pending)() != 0) {
            (gtk.gtk_main_iteration_do)(0);
        }
    }
}

/// A text within markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_no_markup() {
        assert_eq!(escaped("a < b && c > d"), "a &lt; b &amp;&amp; c &gt; d");
    }
}
