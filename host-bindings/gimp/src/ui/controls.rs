//! The widget of a row: how it is made, read and changed.

use std::ffi::c_int;
use std::path::PathBuf;
use std::rc::Rc;

use crate::ui::form::{Control, Event, Row};
use crate::ui::gtk::{Toolkit, Widget, with_text};
use crate::ui::signals::{Heard, Queue, Signal};

/// How wide a text is at first, in letters.
const TEXT_WIDTH: c_int = 36;
/// `GTK_POS_RIGHT`.
const RIGHT: c_int = 1;
/// `GTK_FILE_CHOOSER_ACTION_OPEN`.
const OPEN: c_int = 0;

/// A widget, by what it is for.
pub(super) enum Part<'u> {
    Text { combo: Widget<'u>, entry: Widget<'u> },
    Slider(Widget<'u>),
    Number(Widget<'u>),
    Choice(Widget<'u>),
    Switch(Widget<'u>),
    File(Widget<'u>),
    Note(Widget<'u>),
}

impl<'u> Part<'u> {
    /// Makes it.
    pub(super) fn new(toolkit: &'u Toolkit, row: &Row, queue: &Rc<Queue>) -> Self {
        let gtk = &toolkit.gtk;
        let (part, signal) = match &row.control {
            Control::Text { value, history } => (Self::text(toolkit, value, history), Some(Signal::Changed)),
            Control::Slider { range, step, digits, value } => {
                let scale = toolkit.share((gtk.gtk_hscale_new_with_range)(range.0, range.1, *step));
                (gtk.gtk_scale_set_digits)(scale.object(), *digits as c_int);
                (gtk.gtk_scale_set_value_pos)(scale.object(), RIGHT);
                (gtk.gtk_range_set_value)(scale.object(), *value);
                (Self::Slider(scale), Some(Signal::ValueChanged))
            }
            Control::Number { range, step, digits, value } => {
                let spin = toolkit.share((gtk.gtk_spin_button_new_with_range)(range.0, range.1, *step));
                (gtk.gtk_spin_button_set_digits)(spin.object(), *digits);
                (gtk.gtk_spin_button_set_value)(spin.object(), *value);
                (gtk.gtk_entry_set_activates_default)(spin.object(), 1);
                (Self::Number(spin), Some(Signal::ValueChanged))
            }
            Control::Choice { options, selected } => {
                let combo = toolkit.share((gtk.gtk_combo_box_text_new)());
                fill(toolkit, &combo, options);
                (gtk.gtk_combo_box_set_active)(combo.object(), c_int::try_from(*selected).unwrap_or(-1));
                (Self::Choice(combo), Some(Signal::Changed))
            }
            Control::Switch { value } => {
                let check = toolkit.share(with_text(&row.label, |label| (gtk.gtk_check_button_new_with_mnemonic)(label)));
                (gtk.gtk_toggle_button_set_active)(check.object(), c_int::from(*value));
                (Self::Switch(check), Some(Signal::Toggled))
            }
            Control::File { title } => {
                let button = with_text(title, |title| toolkit.share((gtk.gtk_file_chooser_button_new)(title, OPEN)));
                (Self::File(button), Some(Signal::FileSet))
            }
            Control::Note { text } => (Self::Note(toolkit.wrapped(text)), None),
        };
        if let Some(signal) = signal {
            toolkit.hear(part.target(), signal, queue, Heard::Event(Event::Changed(row.id)));
        }
        part
    }

    fn text(toolkit: &'u Toolkit, value: &str, history: &[String]) -> Self {
        let gtk = &toolkit.gtk;
        let combo = toolkit.share((gtk.gtk_combo_box_text_new_with_entry)());
        let entry = toolkit.share((gtk.gtk_bin_get_child)(combo.object()));
        fill(toolkit, &combo, history);
        (gtk.gtk_entry_set_width_chars)(entry.object(), TEXT_WIDTH);
        (gtk.gtk_entry_set_activates_default)(entry.object(), 1);
        with_text(value, |value| (gtk.gtk_entry_set_text)(entry.object(), value));
        Self::Text { combo, entry }
    }

    /// What is put into the row.
    pub(super) fn widget(&self) -> &Widget<'u> {
        match self {
            Self::Text { combo: widget, .. }
            | Self::Slider(widget)
            | Self::Number(widget)
            | Self::Choice(widget)
            | Self::Switch(widget)
            | Self::File(widget)
            | Self::Note(widget) => widget,
        }
    }

    /// What the user works with in it.
    pub(super) fn target(&self) -> &Widget<'u> {
        match self {
            Self::Text { entry, .. } => entry,
            _ => self.widget(),
        }
    }

    /// The text in it.
    pub(super) fn read_text(&self, toolkit: &Toolkit) -> Option<String> {
        match self {
            Self::Text { entry, .. } => (toolkit.gtk.gtk_entry_get_text)(entry.object()).copy(),
            Self::Note(label) => (toolkit.gtk.gtk_label_get_text)(label.object()).copy(),
            _ => None,
        }
    }

    /// The number in it, what is just being typed too.
    pub(super) fn number(&self, toolkit: &Toolkit) -> Option<f64> {
        match self {
            Self::Slider(scale) => Some((toolkit.gtk.gtk_range_get_value)(scale.object())),
            Self::Number(spin) => {
                (toolkit.gtk.gtk_spin_button_update)(spin.object());
                Some((toolkit.gtk.gtk_spin_button_get_value)(spin.object()))
            }
            _ => None,
        }
    }

    /// Which option is chosen.
    pub(super) fn selected(&self, toolkit: &Toolkit) -> Option<usize> {
        match self {
            Self::Choice(combo) => usize::try_from((toolkit.gtk.gtk_combo_box_get_active)(combo.object())).ok(),
            _ => None,
        }
    }

    /// Whether it is on.
    pub(super) fn is_on(&self, toolkit: &Toolkit) -> Option<bool> {
        match self {
            Self::Switch(check) => Some((toolkit.gtk.gtk_toggle_button_get_active)(check.object()) != 0),
            _ => None,
        }
    }

    /// The file that was chosen.
    pub(super) fn file(&self, toolkit: &Toolkit) -> Option<PathBuf> {
        match self {
            Self::File(button) => toolkit.glib.text((toolkit.gtk.gtk_file_chooser_get_filename)(button.object())).map(PathBuf::from),
            _ => None,
        }
    }

    /// Changes the text.
    pub(super) fn set_text(&self, toolkit: &Toolkit, text: &str) {
        match self {
            Self::Text { entry, .. } => with_text(text, |text| (toolkit.gtk.gtk_entry_set_text)(entry.object(), text)),
            Self::Note(label) => with_text(text, |text| (toolkit.gtk.gtk_label_set_text)(label.object(), text)),
            _ => (),
        }
    }

    /// Changes the number.
    pub(super) fn set_number(&self, toolkit: &Toolkit, number: f64) {
        match self {
            Self::Slider(scale) => (toolkit.gtk.gtk_range_set_value)(scale.object(), number),
            Self::Number(spin) => (toolkit.gtk.gtk_spin_button_set_value)(spin.object(), number),
            _ => (),
        }
    }

    /// Chooses an option.
    pub(super) fn set_selected(&self, toolkit: &Toolkit, selected: usize) {
        if let Self::Choice(combo) = self {
            (toolkit.gtk.gtk_combo_box_set_active)(combo.object(), c_int::try_from(selected).unwrap_or(-1));
        }
    }

    /// Turns it on or off.
    pub(super) fn set_on(&self, toolkit: &Toolkit, on: bool) {
        if let Self::Switch(check) = self {
            (toolkit.gtk.gtk_toggle_button_set_active)(check.object(), c_int::from(on));
        }
    }

    /// Changes what there is to choose from; of a text, the earlier ones.
    pub(super) fn set_options(&self, toolkit: &Toolkit, options: &[String], selected: usize) {
        if let Self::Choice(combo) | Self::Text { combo, .. } = self {
            // GTK 2 has no function to empty a box, but both keep its options in a list.
            (toolkit.trees.gtk_list_store_clear)((toolkit.gtk.gtk_combo_box_get_model)(combo.object()));
            fill(toolkit, combo, options);
        }
        self.set_selected(toolkit, selected);
    }
}

fn fill(toolkit: &Toolkit, combo: &Widget<'_>, options: &[String]) {
    for option in options {
        with_text(option, |option| (toolkit.gtk.gtk_combo_box_text_append_text)(combo.object(), option));
    }
}
