//! The lines of a list (`GtkListStore`), and values for them.
#![expect(unsafe_code, reason = "values of GObject are of any type, and places in a list can go stale")]

use std::ffi::c_int;

use crate::glib::{Object, Text};
use crate::ui::gtk::{Toolkit, Widget, with_text};
use crate::ui::values::{Iter, Value};

/// The `GType`s that never change.
const FLAG: usize = 5 << 2;
const TEXT: usize = 16 << 2;

/// Content of a value.
#[derive(Clone, Copy)]
enum Content<'c> {
    Flag(bool),
    Text(Text<'c>),
    Picture(Object),
}

impl Toolkit {
    fn with_value<T>(&self, content: Content<'_>, body: impl FnOnce(&mut Value) -> T) -> T {
        let objects = &self.objects;
        let mut value = Value::empty();
        // SAFETY: a value that is all zero may be given a type, and then what is of this type; it keeps a copy.
        unsafe {
            match content {
                Content::Flag(flag) => {
                    (objects.g_value_init)(&mut value, FLAG);
                    (objects.g_value_set_boolean)(&mut value, c_int::from(flag));
                }
                Content::Text(text) => {
                    (objects.g_value_init)(&mut value, TEXT);
                    (objects.g_value_set_string)(&mut value, text);
                }
                Content::Picture(picture) => {
                    (objects.g_value_init)(&mut value, (self.trees.gdk_pixbuf_get_type)());
                    (objects.g_value_set_object)(&mut value, picture);
                }
            }
        }
        let result = body(&mut value);
        // SAFETY: it has a type.
        unsafe { (objects.g_value_unset)(&mut value) };
        result
    }

    /// Sets a property that is on or off.
    pub(super) fn set_flag(&self, widget: &Widget<'_>, property: Text<'_>, on: bool) {
        // SAFETY: the object and the value are valid; a property that there is not is only complained about.
        self.with_value(Content::Flag(on), |value| unsafe { (self.objects.g_object_set_property)(widget.object(), property, value) });
    }
}

/// The columns of a [`Store`].
pub(super) const SWATCH: c_int = 0;
pub(super) const NAME: c_int = 1;
pub(super) const NOTE: c_int = 2;
/// The first of the columns behind the name.
pub(super) const CELLS: c_int = 3;

/// The lines of a list: a picture, a name, a note and texts of further columns each.
pub(super) struct Store<'u> {
    toolkit: &'u Toolkit,
    store: Widget<'u>,
}

impl<'u> Store<'u> {
    /// An empty one, with so many columns behind the name.
    pub(super) fn new(toolkit: &'u Toolkit, cells: usize) -> Self {
        let mut columns = vec![(toolkit.trees.gdk_pixbuf_get_type)(), TEXT, TEXT];
        columns.resize(columns.len() + cells, TEXT);
        // SAFETY: there are as many types as is said.
        let store = unsafe { (toolkit.trees.gtk_list_store_newv)(columns.len() as c_int, columns.as_ptr()) };
        Self { toolkit, store: toolkit.take(store) }
    }

    /// For a view of it.
    pub(super) fn object(&self) -> Object {
        self.store.object()
    }

    /// Adds a line at the end.
    pub(super) fn add(&self, swatch: Option<&Widget<'_>>, name: &str, note: &str, cells: &[String]) {
        let mut place = Iter::nowhere();
        (self.toolkit.trees.gtk_list_store_append)(self.object(), &mut place);
        if let Some(swatch) = swatch {
            self.set(&mut place, SWATCH, Content::Picture(swatch.object()));
        }
        with_text(name, |name| self.set(&mut place, NAME, Content::Text(name)));
        with_text(note, |note| self.set(&mut place, NOTE, Content::Text(note)));
        for (column, cell) in (CELLS..).zip(cells) {
            with_text(cell, |cell| self.set(&mut place, column, Content::Text(cell)));
        }
    }

    /// Gives a line another name.
    pub(super) fn rename(&self, index: usize, name: &str) {
        let mut place = Iter::nowhere();
        let find = |index: Text<'_>| (self.toolkit.trees.gtk_tree_model_get_iter_from_string)(self.object(), &mut place, index);
        if with_text(&index.to_string(), find) != 0 {
            with_text(name, |name| self.set(&mut place, NAME, Content::Text(name)));
        }
    }

    /// A place that was found just now.
    fn set(&self, place: &mut Iter, column: c_int, content: Content<'_>) {
        let set = self.toolkit.trees.gtk_list_store_set_value;
        // SAFETY: the place is one of this list, which has not changed since; GTK compares the type with that of the column.
        self.toolkit.with_value(content, |value| unsafe { set(self.object(), place, column, value) });
    }

    /// Removes all lines.
    pub(super) fn clear(&self) {
        (self.toolkit.trees.gtk_list_store_clear)(self.object());
    }

    /// The line that is chosen.
    pub(super) fn chosen(&self, selection: &Widget<'_>) -> Option<usize> {
        let mut place = Iter::nowhere();
        if (self.toolkit.trees.gtk_tree_selection_get_selected)(selection.object(), None, &mut place) == 0 {
            return None;
        }
        // SAFETY: the place was found just now.
        let index = unsafe { (self.toolkit.trees.gtk_tree_model_get_string_from_iter)(self.object(), &mut place) };
        self.toolkit.glib.text(index)?.parse().ok()
    }

    /// Chooses a line in a view of it, and brings it into sight. The enter key then changes what `cell`
    /// shows.
    pub(super) fn choose(&self, view: &Widget<'_>, (column, cell): (&Widget<'_>, &Widget<'_>), index: usize) {
        let trees = &self.toolkit.trees;
        let path = with_text(&index.to_string(), |index| (trees.gtk_tree_path_new_from_string)(index));
        if !path.is_null() {
            // SAFETY: a path that was made just now and is freed once; where it leads nowhere, nothing happens.
            unsafe {
                (trees.gtk_tree_view_set_cursor_on_cell)(view.object(), path, column.object(), cell.object(), 0);
                (trees.gtk_tree_path_free)(path);
            }
        }
    }
}
