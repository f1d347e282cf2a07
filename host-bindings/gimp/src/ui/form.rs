//! The description of a dialog, and the events of its user.

/// The widget of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Control {
    /// A line of text, with a list of earlier ones to choose from.
    Text {
        /// What stands there at first.
        value: String,
        /// Earlier texts.
        history: Vec<String>,
    },
    /// A scale that shows its value.
    Slider {
        /// Least and greatest value.
        range: (f64, f64),
        /// What an arrow key changes.
        step: f64,
        /// Digits after the point.
        digits: u32,
        /// The value at first.
        value: f64,
    },
    /// A number to type.
    Number {
        /// Least and greatest value.
        range: (f64, f64),
        /// What an arrow changes.
        step: f64,
        /// Digits after the point.
        digits: u32,
        /// The value at first.
        value: f64,
    },
    /// One of several.
    Choice {
        /// What there is to choose from.
        options: Vec<String>,
        /// The one that is chosen at first.
        selected: usize,
    },
    /// On or off. The row's label stands beside the box.
    Switch {
        /// Whether it is on at first.
        value: bool,
    },
    /// A file; a name that was typed may be that of no file.
    File {
        /// The title of the window in which it is chosen.
        title: String,
    },
    /// A text to read.
    Note {
        /// What it says at first.
        text: String,
    },
}

/// A row of a dialog.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What the program calls it.
    pub id: &'static str,
    /// What the user sees. The letter after an underscore is the row's key.
    pub label: String,
    /// What is shown when the pointer rests on it; may be empty.
    pub help: String,
    /// What it asks for.
    pub control: Control,
    /// Whether it is folded away at first, under "More".
    pub advanced: bool,
}

/// A button.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Button {
    /// What the program calls it.
    pub id: &'static str,
    /// What the user sees. The letter after an underscore is the button's key.
    pub label: String,
    /// Whether the enter key presses it.
    pub default: bool,
}

/// A list of things with a colour and a name each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct List {
    /// What the user sees above it. The letter after an underscore is the list's key.
    pub title: String,
    /// The least height, in pixels.
    pub height: u32,
    /// The titles of its columns, the first one that of names. Without any there is one column, whose names the user can change.
    pub columns: Vec<String>,
    /// Whether there is place for a [note](crate::ui::Window::set_note) below it.
    pub note: bool,
    /// Buttons below it.
    pub buttons: Vec<Button>,
}

/// A line of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// Red, green and blue.
    pub colour: [u8; 3],
    /// What is shown beside the colour.
    pub name: String,
    /// A dim text at the right, in a list without columns.
    pub note: String,
    /// The texts of the columns behind the first.
    pub cells: Vec<String>,
}

/// A dialog.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Form {
    /// The title of the window.
    pub title: String,
    /// From the top.
    pub rows: Vec<Row>,
    /// Width and height of the place for a picture.
    pub picture: Option<(u32, u32)>,
    /// A list below the rows.
    pub list: Option<List>,
    /// Whether there is a bar for progress.
    pub progress: bool,
    /// At the bottom, from the left.
    pub buttons: Vec<Button>,
}

/// What the user did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Pressed a button.
    Pressed(&'static str),
    /// Changed a row.
    Changed(&'static str),
    /// Gave an entry of the list another name; the list shows it already.
    Renamed(usize, String),
    /// Chose an entry of the list, or none.
    Selected(Option<usize>),
    /// Clicked in the picture with the left button: column and row in its pixels.
    Picked(i32, i32),
    /// Clicked in the picture with the right button.
    PickedRight(i32, i32),
    /// Drags in the picture, with the left button: column and row where that began, and where the pointer is.
    Dragging([i32; 4]),
    /// Has dragged.
    Dragged([i32; 4]),
    /// Wants the window closed. It stays until the program closes it.
    Closed,
}
