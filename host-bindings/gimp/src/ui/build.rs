//! From a form to its window.

use std::ffi::{c_int, c_uint};
use std::rc::Rc;

use crate::ui::controls::Part;
use crate::ui::entries::Entries;
use crate::ui::form::{Button, Control, Event, Form, Row};
use crate::ui::gtk::{Toolkit, Widget, with_text};
use crate::ui::signals::{Heard, Queue, Signal};
use crate::ui::window::{Alert, Field, Window};

/// Between what belongs together.
const NEAR: c_int = 6;
/// Between groups.
const FAR: c_int = 12;
/// Where a text that is not a name goes on in the next line: in pixels for GTK 2, in letters for GTK 3.
const WRAP: (c_int, c_int) = (360, 48);
/// A message's width in a dialog that is wide anyway, in pixels: GTK 2 uses no more than it is told.
const WIDE: c_int = 640;
/// At most so many buttons stand beside each other below a list.
const LINE: usize = 5;
/// `GTK_FILL`, and with `GTK_EXPAND`.
const FILL: c_int = 4;
const GROW: c_int = 5;
/// `GTK_SHADOW_IN`.
const SUNKEN: c_int = 1;
/// `PANGO_ELLIPSIZE_END`.
const CUT_END: c_int = 3;
/// `GTK_ICON_SIZE_BUTTON`.
const ICON: c_int = 4;
/// `GTK_SIZE_GROUP_HORIZONTAL`.
const WIDTHS: c_int = 1;

impl Toolkit {
    /// A box that is filled from the top.
    pub(super) fn column(&self) -> Widget<'_> {
        self.share((self.gtk.gtk_vbox_new)(0, NEAR))
    }

    /// A box that is filled from the left.
    pub(super) fn line(&self) -> Widget<'_> {
        self.share((self.gtk.gtk_hbox_new)(0, NEAR))
    }

    /// Puts something into a box.
    pub(super) fn pack(&self, into: &Widget<'_>, widget: &Widget<'_>, grows: bool) {
        (self.gtk.gtk_box_pack_start)(into.object(), widget.object(), c_int::from(grows), c_int::from(grows), 0);
    }

    /// A name, with its key.
    pub(super) fn label(&self, text: &str) -> Widget<'_> {
        let label = self.share(with_text(text, |text| (self.gtk.gtk_label_new_with_mnemonic)(text)));
        (self.gtk.gtk_misc_set_alignment)(label.object(), 0.0, 0.5);
        label
    }

    /// A text that may be long.
    pub(super) fn wrapped(&self, text: &str) -> Widget<'_> {
        let label = self.label("");
        with_text(text, |text| (self.gtk.gtk_label_set_text)(label.object(), text));
        (self.gtk.gtk_label_set_line_wrap)(label.object(), 1);
        (self.gtk.gtk_label_set_max_width_chars)(label.object(), WRAP.1);
        (self.gtk.gtk_widget_set_size_request)(label.object(), WRAP.0, -1);
        label
    }

    fn help(&self, widget: &Widget<'_>, text: &str) {
        if !text.is_empty() {
            with_text(text, |text| (self.gtk.gtk_widget_set_tooltip_text)(widget.object(), text));
        }
    }
}

/// Shows a dialog.
pub(super) fn open<'u>(toolkit: &'u Toolkit, form: &Form) -> Window<'u> {
    let gtk = &toolkit.gtk;
    let queue = Rc::new(Queue::default());
    let dialog = toolkit.share((gtk.gtk_dialog_new)());
    with_text(&form.title, |title| (gtk.gtk_window_set_title)(dialog.object(), title));
    toolkit.put_in_front(&dialog);
    toolkit.hear_close(&dialog, &queue);

    let content = toolkit.share((gtk.gtk_dialog_get_content_area)(dialog.object()));
    let outer = toolkit.column();
    // The window's border, and again that of what is in it: the buttons have the same distances as all else.
    let action_area = toolkit.share((gtk.gtk_dialog_get_action_area)(dialog.object()));
    for container in [&dialog, &outer, &action_area] {
        (gtk.gtk_container_set_border_width)(container.object(), NEAR as c_uint);
    }
    toolkit.pack(&content, &outer, true);
    let body = toolkit.share((gtk.gtk_hbox_new)(0, FAR));
    toolkit.pack(&outer, &body, true);
    let picture = form.picture.map(|size| picture(toolkit, &body, size, &queue));
    let side = toolkit.column();
    toolkit.pack(&body, &side, true);
    let fields = rows(toolkit, &side, &form.rows, &queue);
    let mut all_buttons = Vec::new();
    let list = form.list.as_ref().map(|list| {
        let (entries, frame) = Entries::new(toolkit, list, &queue);
        all_buttons.extend(below(toolkit, &frame, &list.buttons));
        toolkit.pack(&side, &frame, true);
        entries
    });
    let progress = form.progress.then(|| progress(toolkit, &outer));
    let is_wide = form.picture.is_some() && (list.is_some() || !form.rows.is_empty());
    let alert = alert(toolkit, &outer, is_wide);
    all_buttons.extend(actions(toolkit, &dialog, &form.buttons));
    for (id, button) in &all_buttons {
        toolkit.hear(button, Signal::Clicked, &queue, Heard::Event(Event::Pressed(id)));
    }

    if let Some(first) = fields.iter().find(|field| matches!(field.part, Part::Text { .. })) {
        (gtk.gtk_widget_grab_focus)(first.part.target().object());
    }
    (gtk.gtk_widget_show_all)(dialog.object());
    Window { toolkit, queue, dialog, fields, buttons: all_buttons, picture, list, progress, alert }
}

/// The place of a picture, which is in the middle of it if it is smaller; clicks count from the picture's own corner.
fn picture<'u>(toolkit: &'u Toolkit, body: &Widget<'_>, size: (u32, u32), queue: &Rc<Queue>) -> Widget<'u> {
    let gtk = &toolkit.gtk;
    let picture = toolkit.share((gtk.gtk_image_new)());
    let ground = toolkit.share((gtk.gtk_event_box_new)());
    (gtk.gtk_container_add)(ground.object(), picture.object());
    toolkit.hear_pointer(&ground, queue);
    let middle = toolkit.share((gtk.gtk_alignment_new)(0.5, 0.5, 0.0, 0.0));
    (gtk.gtk_container_add)(middle.object(), ground.object());
    (gtk.gtk_widget_set_size_request)(middle.object(), size.0 as c_int, size.1 as c_int);
    let frame = toolkit.share((gtk.gtk_frame_new)(None));
    (gtk.gtk_frame_set_shadow_type)(frame.object(), SUNKEN);
    (gtk.gtk_container_add)(frame.object(), middle.object());
    let top = toolkit.share((gtk.gtk_alignment_new)(0.0, 0.0, 0.0, 0.0));
    (gtk.gtk_container_add)(top.object(), frame.object());
    toolkit.pack(body, &top, false);
    picture
}

/// The rows, those that are advanced folded away below the others.
fn rows<'u>(toolkit: &'u Toolkit, side: &Widget<'_>, rows: &[Row], queue: &Rc<Queue>) -> Vec<Field<'u>> {
    let gtk = &toolkit.gtk;
    let (folded, open): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.advanced);
    let widths = toolkit.take((gtk.gtk_size_group_new)(WIDTHS));
    let mut fields = Vec::new();
    if !open.is_empty() {
        toolkit.pack(side, &table(toolkit, &open, queue, &widths, &mut fields), false);
    }
    if !folded.is_empty() {
        let expander = toolkit.share((gtk.gtk_expander_new_with_mnemonic)(c"_More".into()));
        (gtk.gtk_expander_set_spacing)(expander.object(), NEAR);
        (gtk.gtk_container_add)(expander.object(), table(toolkit, &folded, queue, &widths, &mut fields).object());
        toolkit.pack(side, &expander, false);
    }
    fields
}

fn table<'u>(toolkit: &'u Toolkit, rows: &[&Row], queue: &Rc<Queue>, widths: &Widget<'_>, fields: &mut Vec<Field<'u>>) -> Widget<'u> {
    let gtk = &toolkit.gtk;
    let table = toolkit.share((gtk.gtk_table_new)(rows.len() as c_uint, 2, 0));
    (gtk.gtk_table_set_row_spacings)(table.object(), NEAR as c_uint);
    (gtk.gtk_table_set_col_spacings)(table.object(), FAR as c_uint);
    for (row, top) in rows.iter().zip(0..) {
        let part = Part::new(toolkit, row, queue);
        let attach = |widget: &Widget<'_>, left, right, across| {
            toolkit.help(widget, &row.help);
            (gtk.gtk_table_attach)(table.object(), widget.object(), left, right, top, top + 1, across, FILL, 0, 0);
        };
        let is_whole = matches!(row.control, Control::Switch { .. }) || row.label.is_empty();
        let label = (!is_whole).then(|| {
            let label = toolkit.label(&row.label);
            if matches!(row.control, Control::Note { .. }) {
                (gtk.gtk_misc_set_alignment)(label.object(), 0.0, 0.0);
            }
            (gtk.gtk_label_set_mnemonic_widget)(label.object(), part.target().object());
            (gtk.gtk_size_group_add_widget)(widths.object(), label.object());
            attach(&label, 0, 1, FILL);
            label
        });
        attach(part.widget(), c_uint::from(!is_whole), 2, GROW);
        fields.push(Field { id: row.id, label, part });
    }
    table
}

fn progress<'u>(toolkit: &'u Toolkit, outer: &Widget<'_>) -> Widget<'u> {
    let bar = toolkit.share((toolkit.gtk.gtk_progress_bar_new)());
    // GTK 3 shows a text only then; GTK 2 whenever there is one.
    toolkit.set_flag(&bar, c"show-text".into(), true);
    (toolkit.gtk.gtk_progress_bar_set_text)(bar.object(), c"".into());
    (toolkit.gtk.gtk_progress_bar_set_ellipsize)(bar.object(), CUT_END);
    toolkit.pack(outer, &bar, false);
    bar
}

/// A line that is seen only while there is something to say.
fn alert<'u>(toolkit: &'u Toolkit, outer: &Widget<'_>, is_wide: bool) -> Alert<'u> {
    let gtk = &toolkit.gtk;
    let line = toolkit.line();
    let icon = toolkit.share((gtk.gtk_image_new_from_icon_name)(c"dialog-warning".into(), ICON));
    let label = toolkit.wrapped("");
    if is_wide {
        (gtk.gtk_widget_set_size_request)(label.object(), WIDE, -1);
    }
    toolkit.pack(&line, &icon, false);
    toolkit.pack(&line, &label, true);
    toolkit.pack(outer, &line, false);
    (gtk.gtk_widget_show)(icon.object());
    (gtk.gtk_widget_show)(label.object());
    (gtk.gtk_widget_set_no_show_all)(line.object(), 1);
    Alert { line, label }
}

/// The buttons below a list.
fn below<'u>(toolkit: &'u Toolkit, frame: &Widget<'_>, buttons: &[Button]) -> Vec<(&'static str, Widget<'u>)> {
    let mut all = Vec::new();
    for some in buttons.chunks(LINE) {
        let line = toolkit.line();
        toolkit.pack(frame, &line, false);
        for button in some {
            let widget = with_text(&button.label, |label| toolkit.share((toolkit.gtk.gtk_button_new_with_mnemonic)(label)));
            toolkit.pack(&line, &widget, false);
            all.push((button.id, widget));
        }
    }
    all
}

/// The buttons at the bottom.
fn actions<'u>(toolkit: &'u Toolkit, dialog: &Widget<'_>, buttons: &[Button]) -> Vec<(&'static str, Widget<'u>)> {
    let gtk = &toolkit.gtk;
    let add = |(button, number): (&Button, c_int)| {
        let widget = with_text(&button.label, |label| toolkit.share((gtk.gtk_dialog_add_button)(dialog.object(), label, number)));
        if button.default {
            (gtk.gtk_dialog_set_default_response)(dialog.object(), number);
        }
        (button.id, widget)
    };
    buttons.iter().zip(0..).map(add).collect()
}
