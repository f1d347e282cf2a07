//! Opens a dialog with every control and says what happens in it, a line for each event: `cargo run -p gimp-host --example dialog -- gtk3`, or `gtk2`.

use std::time::Duration;

use gimp_host::ui::{Button, Control, Entry, Event, Form, List, Row, Ui, Window};
use gimp_host::{Error, Result, Version};

const COLOURS: [[u8; 3]; 4] = [[220, 60, 50], [60, 160, 80], [60, 90, 200], [230, 190, 40]];

fn row(id: &'static str, label: &str, control: Control, advanced: bool) -> Row {
    Row { id, label: label.to_owned(), help: format!("What \"{id}\" is for."), control, advanced }
}

fn rows() -> Vec<Row> {
    let texts = |texts: [&str; 3]| texts.map(str::to_owned).to_vec();
    let note = "Segments the layer first, then learns its items. This takes a minute; the second edit of the same layer is faster.";
    vec![
        row(
            "prompt",
            "_Prompt",
            Control::Text { value: String::from("a red handbag"), history: texts(["a red handbag", "a blue hat", "nothing"]) },
            false,
        ),
        row("kind", "_Kind", Control::Choice { options: texts(["By text", "By an image", "Remove"]), selected: 1 }, false),
        row("strength", "S_trength", Control::Slider { range: (0.0, 1.0), step: 0.05, digits: 2, value: 0.6 }, false),
        row("image", "_File", Control::File { title: String::from("Choose an image") }, false),
        row("keep", "Keep the _background as it is", Control::Switch { value: true }, false),
        row("note", "Note", Control::Note { text: note.to_owned() }, false),
        row("long", "", Control::Note { text: format!("Without a label: {note}") }, false),
        row("seed", "See_d", Control::Number { range: (0.0, 99999.0), step: 1.0, digits: 0, value: 7.0 }, true),
        row("guidance", "_Guidance of the edit", Control::Slider { range: (1.0, 15.0), step: 0.5, digits: 1, value: 7.5 }, true),
    ]
}

fn form() -> Form {
    let button = |id, label: &str| Button { id, label: label.to_owned(), default: id == "edit" };
    Form {
        title: String::from("D-Edit: all controls"),
        rows: rows(),
        picture: Some((256, 192)),
        list: Some(List {
            title: String::from("_Items"),
            height: 120,
            columns: Vec::new(),
            note: false,
            buttons: vec![button("up", "_Up"), button("down", "Do_wn"), button("add", "_Add…"), button("remove", "_Remove")],
        }),
        progress: true,
        buttons: vec![button("segment", "_Segment"), button("cancel", "_Cancel"), button("edit", "_Edit")],
    }
}

fn gradient(width: u32, height: u32) -> Vec<u8> {
    (0..height).flat_map(|y| (0..width).flat_map(move |x| [(x * 255 / width) as u8, (y * 255 / height) as u8, 128])).collect()
}

fn entries() -> Vec<Entry> {
    let names = ["handbag", "woman", "street", "sky"].into_iter().zip(COLOURS);
    names.map(|(name, colour)| Entry { colour, name: name.to_owned(), note: format!("{} %", name.len() * 5), cells: Vec::new() }).collect()
}

/// Moves the chosen entry.
fn turn(window: &Window<'_>, entries: &mut [Entry], back: bool) {
    let other = |place: usize| if back { place.checked_sub(1) } else { Some(place + 1) };
    if let Some((place, other)) = window.chosen().and_then(|place| Some((place, other(place)?))).filter(|(_, other)| *other < entries.len())
    {
        entries.swap(place, other);
        window.set_entries(entries, Some(other));
    }
}

/// Changes everything that can be changed; none of it is an event.
fn change(window: &Window<'_>) {
    window.set_text("prompt", "a text from the program");
    window.set_text("note", "Changed.");
    window.set_number("strength", 0.25);
    window.set_number("seed", 4711.0);
    window.set_on("keep", false);
    window.set_options("kind", &["One".to_owned(), "Two".to_owned()], 1);
    window.set_options("prompt", &["Another earlier text".to_owned()], 0);
    window.set_enabled("image", false);
    window.set_enabled("remove", false);
    window.set_label("edit", "_Edit again");
    window.show_picture(128, 170, &gradient(128, 170));
    window.show_picture(128, 170, &[0; 5]);
    window.set_progress(Some(0.4), "Learning the items: 40 of 100");
    window.alert("The layer <b> & its mask are gone. Choose another layer, or undo what removed it.");
    window.set_text("nothing", "is called so");
}

fn say(window: &Window<'_>) {
    println!(
        "prompt={:?} kind={} strength={} image={:?} keep={} seed={} guidance={} chosen={:?}",
        window.text("prompt"),
        window.selected("kind"),
        window.number("strength"),
        window.file("image"),
        window.is_on("keep"),
        window.number("seed"),
        window.number("guidance"),
        window.chosen()
    );
}

fn main() -> Result<()> {
    let version = match std::env::args().nth(1).as_deref() {
        Some("gtk2") => Version::V2,
        Some("gtk3") => Version::V3,
        _ => return Err(Error::new("say gtk2 or gtk3")),
    };
    let ui = Ui::alone(version)?;
    let window = ui.open(&form());
    let mut entries = entries();
    window.show_picture(256, 192, &gradient(256, 192));
    window.set_entries(&entries, Some(1));
    println!("open");
    for beat in 0.. {
        let events = window.events(Duration::from_millis(500));
        if events.is_empty() && beat < 4 {
            window.set_progress(None, "");
        }
        for event in events {
            println!("{event:?}");
            match event {
                Event::Pressed("up") => turn(&window, &mut entries, true),
                Event::Pressed("down") => turn(&window, &mut entries, false),
                Event::Pressed("segment") => change(&window),
                Event::Pressed("edit") => say(&window),
                Event::Pressed("remove") => window.alert(""),
                Event::Pressed("cancel") | Event::Closed => {
                    window.close();
                    println!("closed");
                    std::thread::sleep(Duration::from_secs(1));
                    return Ok(());
                }
                _ => (),
            }
        }
    }
    Ok(())
}
