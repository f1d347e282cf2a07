//! A list with its buttons.

use std::cell::Cell;
use std::ffi::c_int;
use std::rc::Rc;

use crate::ui::form::{Entry, Event, List};
use crate::ui::gtk::{Toolkit, Widget, with_text};
use crate::ui::signals::{Heard, Queue, Signal};
use crate::ui::store::{CELLS, NAME, NOTE, SWATCH, Store};

/// `GTK_POLICY_AUTOMATIC`.
const AUTOMATIC: c_int = 1;
/// `GTK_SHADOW_IN`.
const SUNKEN: c_int = 1;
/// Between the parts of a line.
const SPACE: c_int = 6;
/// The least width: of one column, and of several.
const WIDTH: c_int = 400;
const WIDTH_OF_COLUMNS: c_int = 760;

/// The list of a window.
pub(super) struct Entries<'u> {
    toolkit: &'u Toolkit,
    store: Store<'u>,
    view: Widget<'u>,
    column: Widget<'u>,
    name: Widget<'u>,
    selection: Widget<'u>,
    /// A text below the list.
    note: Option<Widget<'u>>,
    /// How many columns are behind that of names.
    cells: usize,
    /// The choice that the program knows of.
    reported: Cell<Option<usize>>,
}

impl<'u> Entries<'u> {
    /// An empty one, and the box that it is in.
    pub(super) fn new(toolkit: &'u Toolkit, list: &List, queue: &Rc<Queue>) -> (Self, Widget<'u>) {
        let (gtk, trees) = (&toolkit.gtk, &toolkit.trees);
        let cells = list.columns.len().saturating_sub(1);
        let store = Store::new(toolkit, cells);
        let view = toolkit.share((trees.gtk_tree_view_new_with_model)(store.object()));
        (trees.gtk_tree_view_set_headers_visible)(view.object(), c_int::from(!list.columns.is_empty()));
        // Letters are for names, and not for looking something up in so short a list.
        toolkit.set_flag(&view, c"enable-search".into(), false);
        let (column, name) = names(toolkit, list, queue);
        (trees.gtk_tree_view_append_column)(view.object(), column.object());
        for (place, title) in (CELLS..).zip(list.columns.iter().skip(1)) {
            (trees.gtk_tree_view_append_column)(view.object(), texts(toolkit, title, place).object());
        }
        let selection = toolkit.share((trees.gtk_tree_view_get_selection)(view.object()));
        toolkit.hear(&selection, Signal::Changed, queue, Heard::Selection);

        let frame = toolkit.column();
        let title = toolkit.label(&list.title);
        (gtk.gtk_label_set_mnemonic_widget)(title.object(), view.object());
        let scrolled = toolkit.share((gtk.gtk_scrolled_window_new)(None, None));
        (gtk.gtk_scrolled_window_set_policy)(scrolled.object(), AUTOMATIC, AUTOMATIC);
        (gtk.gtk_scrolled_window_set_shadow_type)(scrolled.object(), SUNKEN);
        let width = if cells == 0 { WIDTH } else { WIDTH_OF_COLUMNS };
        (gtk.gtk_widget_set_size_request)(scrolled.object(), width, list.height as c_int);
        (gtk.gtk_container_add)(scrolled.object(), view.object());
        toolkit.pack(&frame, &title, false);
        toolkit.pack(&frame, &scrolled, true);
        let note = list.note.then(|| {
            let note = toolkit.wrapped("");
            (gtk.gtk_widget_set_size_request)(note.object(), width, -1);
            toolkit.pack(&frame, &note, false);
            note
        });
        (Self { toolkit, store, view, column, name, selection, note, cells, reported: Cell::new(None) }, frame)
    }

    /// Shows another text below the list.
    pub(super) fn set_note(&self, text: &str) {
        if let Some(note) = &self.note {
            with_text(text, |text| (self.toolkit.gtk.gtk_label_set_text)(note.object(), text));
        }
    }

    /// Shows other entries.
    pub(super) fn set(&self, entries: &[Entry], selected: Option<usize>) {
        self.store.clear();
        for entry in entries {
            let cells = entry.cells.get(..self.cells).unwrap_or(&entry.cells);
            self.store.add(self.toolkit.swatch(entry.colour).as_ref(), &entry.name, &entry.note, cells);
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

/// The column of names, and the cell that shows them. Where it is the only one, names can be changed and a note stands at the right.
fn names<'u>(toolkit: &'u Toolkit, list: &List, queue: &Rc<Queue>) -> (Widget<'u>, Widget<'u>) {
    let trees = &toolkit.trees;
    let name = toolkit.share((trees.gtk_cell_renderer_text_new)());
    let note = toolkit.share((trees.gtk_cell_renderer_text_new)());
    // Drawn as what is switched off is: dim in any theme.
    toolkit.set_flag(&note, c"sensitive".into(), false);
    let column = toolkit.share((trees.gtk_tree_view_column_new)());
    (trees.gtk_tree_view_column_set_spacing)(column.object(), SPACE);
    if let Some(title) = list.columns.first() {
        with_text(title, |title| (trees.gtk_tree_view_column_set_title)(column.object(), title));
        (trees.gtk_tree_view_column_set_expand)(column.object(), 1);
        (trees.gtk_tree_view_column_set_resizable)(column.object(), 1);
    } else {
        toolkit.set_flag(&name, c"editable".into(), true);
        toolkit.hear_edits(&name, queue);
    }
    let swatch = toolkit.share((trees.gtk_cell_renderer_pixbuf_new)());
    for (renderer, attribute, place, grows) in [(&swatch, c"pixbuf", SWATCH, 0), (&name, c"text", NAME, 1), (&note, c"text", NOTE, 0)] {
        (trees.gtk_tree_view_column_pack_start)(column.object(), renderer.object(), grows);
        (trees.gtk_tree_view_column_add_attribute)(column.object(), renderer.object(), attribute.into(), place);
    }
    (column, name)
}

/// A column of texts.
fn texts<'u>(toolkit: &'u Toolkit, title: &str, place: c_int) -> Widget<'u> {
    let trees = &toolkit.trees;
    let text = toolkit.share((trees.gtk_cell_renderer_text_new)());
    let column = toolkit.share((trees.gtk_tree_view_column_new)());
    with_text(title, |title| (trees.gtk_tree_view_column_set_title)(column.object(), title));
    (trees.gtk_tree_view_column_set_resizable)(column.object(), 1);
    (trees.gtk_tree_view_column_pack_start)(column.object(), text.object(), 1);
    (trees.gtk_tree_view_column_add_attribute)(column.object(), text.object(), c"text".into(), place);
    column
}
