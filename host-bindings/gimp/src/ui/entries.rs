//! A list with its buttons.

use std::cell::Cell;
use std::ffi::c_int;
use std::rc::Rc;

use crate::ui::form::{Entry, Event, List};
use crate::ui::gtk::{Toolkit, Widget};
use crate::ui::signals::{Heard, Queue, Signal};
use crate::ui::store::{NAME, NOTE, SWATCH, Store};

/// `GTK_POLICY_AUTOMATIC`.
const AUTOMATIC: c_int = 1;
/// `GTK_SHADOW_IN`.
const SUNKEN: c_int = 1;
/// Between the parts of a line.
const SPACE: c_int = 6;
/// The least width.
const WIDTH: c_int = 400;

/// The list of a window.
pub(super) struct Entries<'u> {
    toolkit: &'u Toolkit,
    store: Store<'u>,
    view: Widget<'u>,
    column: Widget<'u>,
    name: Widget<'u>,
    selection: Widget<'u>,
    /// The choice that the program knows of.
    reported: Cell<Option<usize>>,
}

impl<'u> Entries<'u> {
    /// An empty one, and the box that it is in.
    pub(super) fn new(toolkit: &'u Toolkit, list: &List, queue: &Rc<Queue>) -> (Self, Widget<'u>) {
        let (gtk, trees) = (&toolkit.gtk, &toolkit.trees);
        let store = Store::new(toolkit);
        let view = toolkit.share((trees.gtk_tree_view_new_with_model)(store.object()));
        (trees.gtk_tree_view_set_headers_visible)(view.object(), 0);
        // Letters are for names, and not for looking something up in so short a list.
        toolkit.set_flag(&view, c"enable-search".into(), false);
        let name = toolkit.share((trees.gtk_cell_renderer_text_new)());
        toolkit.set_flag(&name, c"editable".into(), true);
        toolkit.hear_edits(&name, queue);
        let note = toolkit.share((trees.gtk_cell_renderer_text_new)());
        // Drawn as what is switched off is: dim in any theme.
        toolkit.set_flag(&note, c"sensitive".into(), false);
        let column = toolkit.share((trees.gtk_tree_view_column_new)());
        (trees.gtk_tree_view_column_set_spacing)(column.object(), SPACE);
        let swatch = toolkit.share((trees.gtk_cell_renderer_pixbuf_new)());
        for (renderer, attribute, place, grows) in [(&swatch, c"pixbuf", SWATCH, 0), (&name, c"text", NAME, 1), (&note, c"text", NOTE, 0)] {
            (trees.gtk_tree_view_column_pack_start)(column.object(), renderer.object(), grows);
            (trees.gtk_tree_view_column_add_attribute)(column.object(), renderer.object(), attribute.into(), place);
        }
        (trees.gtk_tree_view_append_column)(view.object(), column.object());
        let selection = toolkit.share((trees.gtk_tree_view_get_selection)(view.object()));
        toolkit.hear(&selection, Signal::Changed, queue, Heard::Selection);

        let frame = toolkit.column();
        let title = toolkit.label(&list.title);
        (gtk.gtk_label_set_mnemonic_widget)(title.object(), view.object());
        let scrolled = toolkit.share((gtk.gtk_scrolled_window_new)(None, None));
        (gtk.gtk_scrolled_window_set_policy)(scrolled.object(), AUTOMATIC, AUTOMATIC);
        (gtk.gtk_scrolled_window_set_shadow_type)(scrolled.object(), SUNKEN);
        (gtk.gtk_widget_set_size_request)(scrolled.object(), WIDTH, list.height as c_int);
        (gtk.gtk_container_add)(scrolled.object(), view.object());
        toolkit.pack(&frame, &title, false);
        toolkit.pack(&frame, &scrolled, true);
        (Self { toolkit, store, view, column, name, selection, reported: Cell::new(None) }, frame)
    }

    /// Shows other entries.
    pub(super) fn set(&self, entries: &[Entry], selected: Option<usize>) {
        self.store.clear();
        for entry in entries {
            self.store.add(self.toolkit.swatch(entry.colour).as_ref(), &entry.name, &entry.note);
        }
        match selected.filter(|index| *index < entries.len()) {
            Some(index) => self.store.choose(&self.view, (&self.column, &self.name), index),
            None => (self.toolkit.trees.gtk_tree_selection_unselect_all)(self.selection.object()),
        }
        self.reported.set(self.chosen());
    }

    /// Shows another name.
    pub(super) fn rename(&self, index: usize, name: &str) {
        self.store.rename(index, name);
    }

    /// The entry that is chosen.
    pub(super) fn chosen(&self) -> Option<usize> {
        self.store.chosen(&self.selection)
    }

    /// The choice, if it is another one than was reported before.
    pub(super) fn news(&self) -> Option<Event> {
        let chosen = self.chosen();
        (self.reported.replace(chosen) != chosen).then_some(Event::Selected(chosen))
    }
}
