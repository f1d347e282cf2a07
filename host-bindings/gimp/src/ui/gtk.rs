//! The functions of GTK that dialogs need: those that GTK 2 and GTK 3 both have, with the same types.
#![expect(unsafe_code, reason = "functions of C are declared and the toolkit is started")]

use std::ffi::{CStr, c_char, c_int, c_uint, c_ulong, c_void};
use std::ptr;

use crate::error::{Error, Result};
use crate::glib::{Given, Glib, Lent, Object, Owned, Text, c_message};
use crate::host::Version;
use crate::symbols::{Libraries, functions};
use crate::ui::values::{Iter, Value};

functions! {
    /// Widgets. GTK looks at what each object is before it does anything with it.
    pub(super) struct Gtk {
        unsafe fn gtk_init_check(*mut c_int, *mut *mut *mut c_char) -> c_int;
        safe fn gtk_main_iteration_do(c_int) -> c_int;
        safe fn gtk_events_pending() -> c_int;

        safe fn gtk_dialog_new() -> Object;
        safe fn gtk_dialog_add_button(Object, Text<'_>, c_int) -> Object;
        safe fn gtk_dialog_get_content_area(Object) -> Object;
        safe fn gtk_dialog_get_action_area(Object) -> Object;
        safe fn gtk_dialog_set_default_response(Object, c_int);
        safe fn gtk_window_set_title(Object, Text<'_>);

        safe fn gtk_widget_show(Object);
        safe fn gtk_widget_show_all(Object);
        safe fn gtk_widget_hide(Object);
        safe fn gtk_widget_destroy(Object);
        safe fn gtk_widget_grab_focus(Object);
        safe fn gtk_widget_set_no_show_all(Object, c_int);
        safe fn gtk_widget_set_sensitive(Object, c_int);
        safe fn gtk_widget_set_size_request(Object, c_int, c_int);
        safe fn gtk_widget_set_tooltip_text(Object, Text<'_>);
        safe fn gtk_widget_add_events(Object, c_int);

        safe fn gtk_container_add(Object, Object);
        safe fn gtk_container_set_border_width(Object, c_uint);
        safe fn gtk_bin_get_child(Object) -> Object;
        safe fn gtk_vbox_new(c_int, c_int) -> Object;
        safe fn gtk_hbox_new(c_int, c_int) -> Object;
        safe fn gtk_box_pack_start(Object, Object, c_int, c_int, c_uint);
        safe fn gtk_table_new(c_uint, c_uint, c_int) -> Object;
        safe fn gtk_table_set_row_spacings(Object, c_uint);
        safe fn gtk_table_set_col_spacings(Object, c_uint);
        safe fn gtk_table_attach(Object, Object, c_uint, c_uint, c_uint, c_uint, c_int, c_int, c_uint, c_uint);
        safe fn gtk_alignment_new(f32, f32, f32, f32) -> Object;
        safe fn gtk_frame_new(Option<&Nothing>) -> Object;
        safe fn gtk_frame_set_shadow_type(Object, c_int);
        safe fn gtk_event_box_new() -> Object;
        safe fn gtk_expander_new_with_mnemonic(Text<'_>) -> Object;
        safe fn gtk_expander_set_spacing(Object, c_int);
        safe fn gtk_size_group_new(c_int) -> Object;
        safe fn gtk_size_group_add_widget(Object, Object);
        safe fn gtk_scrolled_window_new(Option<&Nothing>, Option<&Nothing>) -> Object;
        safe fn gtk_scrolled_window_set_policy(Object, c_int, c_int);
        safe fn gtk_scrolled_window_set_shadow_type(Object, c_int);

        safe fn gtk_label_new_with_mnemonic(Text<'_>) -> Object;
        safe fn gtk_label_set_mnemonic_widget(Object, Object);
        safe fn gtk_label_set_text(Object, Text<'_>);
        safe fn gtk_label_get_text(Object) -> Lent;
        safe fn gtk_label_set_markup(Object, Text<'_>);
        safe fn gtk_label_set_line_wrap(Object, c_int);
        safe fn gtk_label_set_max_width_chars(Object, c_int);
        safe fn gtk_misc_set_alignment(Object, f32, f32);
        safe fn gtk_image_new() -> Object;
        safe fn gtk_image_new_from_icon_name(Text<'_>, c_int) -> Object;
        safe fn gtk_image_set_from_pixbuf(Object, Object);
        safe fn gtk_progress_bar_new() -> Object;
        safe fn gtk_progress_bar_set_fraction(Object, f64);
        safe fn gtk_progress_bar_set_text(Object, Text<'_>);
        safe fn gtk_progress_bar_set_ellipsize(Object, c_int);
        safe fn gtk_progress_bar_pulse(Object);

        safe fn gtk_button_new_with_mnemonic(Text<'_>) -> Object;
        safe fn gtk_button_set_label(Object, Text<'_>);
        safe fn gtk_check_button_new_with_mnemonic(Text<'_>) -> Object;
        safe fn gtk_toggle_button_set_active(Object, c_int);
        safe fn gtk_toggle_button_get_active(Object) -> c_int;
        safe fn gtk_entry_set_text(Object, Text<'_>);
        safe fn gtk_entry_get_text(Object) -> Lent;
        safe fn gtk_entry_set_width_chars(Object, c_int);
        safe fn gtk_entry_set_activates_default(Object, c_int);
        safe fn gtk_hscale_new_with_range(f64, f64, f64) -> Object;
        safe fn gtk_scale_set_digits(Object, c_int);
        safe fn gtk_scale_set_value_pos(Object, c_int);
        safe fn gtk_range_set_value(Object, f64);
        safe fn gtk_range_get_value(Object) -> f64;
        safe fn gtk_spin_button_new_with_range(f64, f64, f64) -> Object;
        safe fn gtk_spin_button_set_digits(Object, c_uint);
        safe fn gtk_spin_button_set_value(Object, f64);
        safe fn gtk_spin_button_get_value(Object) -> f64;
        safe fn gtk_spin_button_update(Object);
        safe fn gtk_combo_box_text_new() -> Object;
        safe fn gtk_combo_box_text_new_with_entry() -> Object;
        safe fn gtk_combo_box_text_append_text(Object, Text<'_>);
        safe fn gtk_combo_box_set_active(Object, c_int);
        safe fn gtk_combo_box_get_active(Object) -> c_int;
        safe fn gtk_combo_box_get_model(Object) -> Object;
        safe fn gtk_file_chooser_button_new(Text<'_>, c_int) -> Object;
        safe fn gtk_file_chooser_get_filename(Object) -> Given<c_char>;
    }
}

functions! {
    /// Lists.
    pub(super) struct Trees {
        unsafe fn gtk_list_store_newv(c_int, *const usize) -> Object;
        safe fn gtk_list_store_clear(Object);
        safe fn gtk_list_store_append(Object, &mut Iter);
        unsafe fn gtk_list_store_set_value(Object, &mut Iter, c_int, &mut Value);
        safe fn gtk_tree_model_get_iter_from_string(Object, &mut Iter, Text<'_>) -> c_int;
        unsafe fn gtk_tree_model_get_string_from_iter(Object, &mut Iter) -> Given<c_char>;
        safe fn gtk_tree_view_new_with_model(Object) -> Object;
        safe fn gtk_tree_view_set_headers_visible(Object, c_int);
        safe fn gtk_tree_view_append_column(Object, Object) -> c_int;
        safe fn gtk_tree_view_get_selection(Object) -> Object;
        unsafe fn gtk_tree_view_set_cursor_on_cell(Object, *mut c_void, Object, Object, c_int);
        safe fn gtk_tree_view_column_new() -> Object;
        safe fn gtk_tree_view_column_set_spacing(Object, c_int);
        safe fn gtk_tree_view_column_set_title(Object, Text<'_>);
        safe fn gtk_tree_view_column_set_expand(Object, c_int);
        safe fn gtk_tree_view_column_set_resizable(Object, c_int);
        safe fn gtk_tree_view_column_pack_start(Object, Object, c_int);
        safe fn gtk_tree_view_column_add_attribute(Object, Object, Text<'_>, c_int);
        safe fn gtk_tree_selection_get_selected(Object, Option<&Nothing>, &mut Iter) -> c_int;
        safe fn gtk_tree_selection_unselect_all(Object);
        safe fn gtk_tree_path_new_from_string(Text<'_>) -> *mut c_void;
        unsafe fn gtk_tree_path_free(*mut c_void);
        safe fn gtk_cell_renderer_text_new() -> Object;
        safe fn gtk_cell_renderer_pixbuf_new() -> Object;
        safe fn gdk_pixbuf_get_type() -> usize;
        safe fn gdk_pixbuf_new(c_int, c_int, c_int, c_int, c_int) -> Object;
        safe fn gdk_pixbuf_get_rowstride(Object) -> c_int;
        safe fn gdk_pixbuf_get_pixels(Object) -> *mut u8;
    }
}

functions! {
    /// Of `GObject`: values, properties, signals.
    pub(super) struct Objects {
        safe fn g_object_ref_sink(Object) -> Object;
        unsafe fn g_object_set_property(Object, Text<'_>, &mut Value);
        unsafe fn g_value_init(&mut Value, usize) -> *mut Value;
        unsafe fn g_value_unset(&mut Value);
        unsafe fn g_value_set_string(&mut Value, Text<'_>);
        unsafe fn g_value_set_boolean(&mut Value, c_int);
        unsafe fn g_value_set_object(&mut Value, Object);
        unsafe fn g_signal_connect_data(Object, Text<'_>, *const c_void, *mut c_void, extern "C" fn(*mut c_void, *mut c_void), c_int) -> c_ulong;
        unsafe fn g_timeout_add_full(c_int, c_uint, extern "C" fn(*mut c_void) -> c_int, *mut c_void, extern "C" fn(*mut c_void)) -> c_uint;
        safe fn g_source_remove(c_uint) -> c_int;
    }
}

functions! {
    /// Of GIMP 2.10's part for dialogs.
    struct GimpUi2 {
        safe fn gimp_ui_init(Text<'_>, c_int);
        safe fn gimp_window_set_transient(Object);
    }
}

functions! {
    /// Of GIMP 3's.
    struct GimpUi3 {
        safe fn gimp_ui_init(Text<'_>);
        safe fn gimp_window_set_transient(Object);
    }
}

/// Where NULL is handed over.
pub(super) enum Nothing {}

/// GTK, loaded and started.
pub(super) struct Toolkit {
    pub(super) gtk: Gtk,
    pub(super) trees: Trees,
    pub(super) objects: Objects,
    pub(super) glib: Glib,
    /// Puts a window in front of GIMP's.
    transient: Option<extern "C" fn(Object)>,
}

impl Toolkit {
    /// Loads the GTK that a version of GIMP has. With a role it is started the way plug-ins do it, in the looks of GIMP; that ends the program where there is
    /// no screen.
    pub(super) fn start(version: Version, role: Option<&CStr>) -> Result<Self> {
        let program = match version {
            Version::V2 => "GIMP 2.10",
            Version::V3 => "GIMP 3",
        };
        let mut libraries = Libraries::open(program, &stems(version, role.is_some()))?;
        let (gtk, trees) = (Gtk::load(&mut libraries), Trees::load(&mut libraries));
        let (objects, glib) = (Objects::load(&mut libraries), Glib::load(&mut libraries));
        let gimp = role.map(|role| (role, Gimp::load(version, &mut libraries)));
        let ((Some(gtk), Some(trees), Some(objects), Some(glib)), None | Some((_, Some(_)))) = ((gtk, trees, objects, glib), &gimp) else {
            return Err(libraries.complaint());
        };
        let transient = match gimp {
            Some((role, Some(gimp))) => Some(gimp.start(role)),
            _ => None,
        };
        // SAFETY: GTK may be told of no arguments.
        if transient.is_none() && unsafe { (gtk.gtk_init_check)(ptr::null_mut(), ptr::null_mut()) } == 0 {
            return Err(Error::new("there is no screen for a window"));
        }
        Ok(Self { gtk, trees, objects, glib, transient })
    }

    /// Takes part in an object that GTK keeps, or that is new and belongs to no one yet.
    pub(super) fn share(&self, object: Object) -> Widget<'_> {
        self.take((self.objects.g_object_ref_sink)(object))
    }

    /// Takes an object over that was given away.
    pub(super) fn take(&self, object: Object) -> Widget<'_> {
        Widget { object, _kept: self.glib.own(object) }
    }

    /// Puts a window in front of GIMP's.
    pub(super) fn put_in_front(&self, window: &Widget<'_>) {
        if let Some(transient) = self.transient {
            transient(window.object());
        }
    }
}

enum Gimp {
    Two(GimpUi2),
    Three(GimpUi3),
}

impl Gimp {
    fn load(version: Version, libraries: &mut Libraries) -> Option<Self> {
        match version {
            Version::V2 => GimpUi2::load(libraries).map(Self::Two),
            Version::V3 => GimpUi3::load(libraries).map(Self::Three),
        }
    }

    fn start(self, role: &CStr) -> extern "C" fn(Object) {
        match self {
            Self::Two(gimp) => {
                (gimp.gimp_ui_init)(role.into(), 0);
                gimp.gimp_window_set_transient
            }
            Self::Three(gimp) => {
                (gimp.gimp_ui_init)(role.into());
                gimp.gimp_window_set_transient
            }
        }
    }
}

/// In the order in which they are loaded. GTK 2 is called after what it draws on.
fn stems(version: Version, gimp: bool) -> Vec<&'static str> {
    let (ui, gtk) = match version {
        Version::V2 if cfg!(windows) => ("gimpui-2.0", "gtk-win32-2.0"),
        Version::V2 if cfg!(target_os = "macos") => ("gimpui-2.0", "gtk-quartz-2.0"),
        Version::V2 => ("gimpui-2.0", "gtk-x11-2.0"),
        Version::V3 => ("gimpui-3.0", "gtk-3"),
    };
    gimp.then_some(ui).into_iter().chain([gtk, "gdk_pixbuf-2.0", "gobject-2.0", "glib-2.0"]).collect()
}

/// An object of GTK, which stays valid as long as this: its window may be gone by then, the object is not.
pub(super) struct Widget<'g> {
    object: Object,
    _kept: Option<Owned<'g>>,
}

impl Widget<'_> {
    /// The object, for a call.
    pub(super) fn object(&self) -> Object {
        self.object
    }
}

/// Hands a text over to a call.
pub(super) fn with_text<T>(text: &str, call: impl FnOnce(Text<'_>) -> T) -> T {
    call(Text::from(c_message(text).as_c_str()))
}
