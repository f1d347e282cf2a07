//! The panel of items: their names and their order.

use std::cell::RefCell;
use std::time::Duration;

use dedit_client::Labels;
use dedit_protocol::{Pixels, Samples};
use dedit_schema::Id;
use gimp_host::ui::{Button, Control, Entry, Event, Form, List, Row, Ui, Window};
use gimp_host::{Host, Rect, Returned, UndoStep};
use image::RgbImage;

use super::rows::Choices;
use super::view;
use super::working::{CANCEL, Working};
use crate::clicks::Clicks;
use crate::document::Document;
use crate::failure::Failure;
use crate::items::PictureItems;
use crate::masks::{self, BACKGROUND, Mask, unique};
use crate::parameters::Parameters;
use crate::source::Source;
use crate::{pixels, report, sessions};

const SET: &str = "set";

/// Sources of items, and actions on the chosen one.
const BUTTONS: [(&str, &str); 10] = [
    ("selection", "Add _selection"),
    ("layer-masks", "Layer _masks"),
    ("layer-alpha", "Tr_ansparency"),
    ("channels", "Cha_nnels"),
    ("everything", "_Find all"),
    ("new", "Ne_w by clicks"),
    ("up", "_Up"),
    ("down", "_Down"),
    ("remove", "_Remove"),
    ("save", "Save as c_hannels"),
];

/// What clicks in the picture do.
const HOW: &str = "Click on a thing, or drag a box round it; right click takes away";
const HELP: &str =
    "A click on an item chooses it. Another one finds the thing there; further clicks add to it, the right button takes away";

struct Panel<'a> {
    document: &'a Document<'a>,
    window: &'a Window<'a>,
    picture: PictureItems,
    /// The items in the list, the first in front.
    items: Vec<Mask>,
    /// The name of the item that clicks change, and those so far.
    clicked: Option<(String, Clicks)>,
    /// What the window shows of the picture.
    shown: RefCell<RgbImage>,
}

/// Shows the items, and sets those that are in the list at the end.
pub(super) fn run(ui: &Ui, document: &Document<'_>, parameters: &Parameters) -> Result<Returned, Failure> {
    let host = document.host;
    let button = |id, label: &str, default| Button { id, label: label.to_owned(), default };
    let choices = Choices::find(host, Vec::new(), false);
    let mut rows = choices.rows(host, parameters, &[Id::Items, Id::Picture]);
    rows.push(Row {
        id: "how",
        label: "In the picture".to_owned(),
        help: HELP.to_owned(),
        control: Control::Note { text: HOW.to_owned() },
        advanced: false,
    });
    let window = ui.open(&Form {
        title: "D-Edit: Items".to_owned(),
        rows,
        picture: Some(view::SIZE),
        list: Some(List {
            title: "_Items, the first in front".to_owned(),
            height: 180,
            buttons: BUTTONS.iter().map(|(id, label)| button(*id, label, false)).collect(),
            ..List::default()
        }),
        progress: true,
        buttons: vec![button(CANCEL, "_Cancel", false), button(SET, "_OK", true)],
    });
    let (picture, labels) = PictureItems::open_with_labels(document)?;
    let items = of_labels(document, &labels)?;
    let mut panel = Panel { document, window: &window, picture, items, clicked: None, shown: RefCell::default() };
    panel.show(Some(0));
    loop {
        for event in window.events(Duration::from_millis(200)) {
            match event {
                Event::Closed | Event::Pressed(CANCEL) => return Err(Failure::cancelled()),
                Event::Pressed(SET) => match panel.set() {
                    Ok(()) => {
                        sessions::remember(host, &document.source, &panel.picture.session)?;
                        return Ok(Returned { layer: None, text: report::items(&panel.picture) });
                    }
                    Err(failure) => window.alert(&failure.to_string()),
                },
                event => {
                    window.alert("");
                    if let Err(failure) = panel.handle(event) {
                        window.alert(&failure.to_string());
                    }
                }
            }
        }
    }
}

/// The items of a label map as masks.
fn of_labels(document: &Document<'_>, labels: &Labels) -> Result<Vec<Mask>, Failure> {
    let (width, height) = document.source.size;
    let mask = |(number, name): (usize, &String)| {
        let samples = labels.numbers.iter().map(|at| if usize::from(*at) == number { u8::MAX } else { 0 }).collect();
        let pixels = Pixels::new(width, height, 1, Samples::U8(samples));
        let pixels = pixels.ok_or_else(|| Failure::internal("the daemon's items are not of the picture's size"))?;
        Ok(Mask { name: name.clone(), pixels })
    };
    labels.names.iter().enumerate().filter(|(_, name)| *name != BACKGROUND).map(mask).collect()
}

impl Panel<'_> {
    fn handle(&mut self, event: Event) -> Result<(), Failure> {
        let chosen = self.window.chosen().filter(|at| *at < self.items.len());
        match event {
            Event::Selected(chosen) => {
                self.clicked.take_if(|(name, _)| chosen.and_then(|at| self.items.get(at)).is_none_or(|item| item.name != *name));
                self.show_picture(chosen);
            }
            Event::Renamed(at, name) if at < self.items.len() => {
                let others = self.items.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, item)| item.name.as_str());
                let name = unique(&name, others);
                self.clicked.take_if(|(clicked, _)| *clicked == self.items[at].name);
                self.items[at].name = name;
                self.show(Some(at));
            }
            Event::Picked(x, y) => match self.place_of(x, y) {
                Some(place) => self.pick(place)?,
                None => self.show(chosen),
            },
            Event::PickedRight(x, y) => {
                let Some((_, clicks)) = &self.clicked else {
                    return Err(Failure::input("nothing was clicked yet that could lose this", "click on a thing first"));
                };
                if let Some(place) = self.place_of(x, y) {
                    self.find(clicks.with(place, false))?;
                }
            }
            Event::Dragging([left, top, right, bottom]) => view::show_box(self.window, &self.shown.borrow(), (left, top), (right, bottom)),
            Event::Dragged([left, top, right, bottom]) => {
                self.show_picture(chosen);
                if let (Some(from), Some(to)) = (self.place_near(left, top), self.place_near(right, bottom)) {
                    self.clicked = None;
                    self.find(Clicks::in_box(from, to))?;
                }
            }
            Event::Pressed("new") => {
                self.clicked = None;
                self.show(None);
                self.window.alert("Click on the new thing");
            }
            Event::Pressed("up") => self.shift(chosen, chosen.and_then(|at| at.checked_sub(1))),
            Event::Pressed("down") => self.shift(chosen, chosen.map(|at| at + 1).filter(|at| *at < self.items.len())),
            Event::Pressed("remove") => {
                if let Some(at) = chosen {
                    self.items.remove(at);
                    self.show(at.min(self.items.len().saturating_sub(1)).into());
                }
            }
            Event::Pressed("save") => save(self.document.host, &self.document.source, &self.items)?,
            Event::Pressed(from) if BUTTONS.iter().any(|(id, _)| *id == from) => self.add(from)?,
            _ => {}
        }
        Ok(())
    }

    fn place_of(&self, x: i32, y: i32) -> Option<(usize, usize)> {
        view::place_of((x, y), self.document.source.size)
    }

    /// The same for a drag, which may end beside the picture.
    fn place_near(&self, x: i32, y: i32) -> Option<(usize, usize)> {
        let (width, height) = self.shown.borrow().dimensions();
        let within = |at: i32, side: u32| at.clamp(0, i32::try_from(side).unwrap_or(i32::MAX).saturating_sub(1).max(0));
        self.place_of(within(x, width), within(y, height))
    }

    /// A click on an item chooses it; any other one is of the thing that clicks are about, or of a new one.
    fn pick(&mut self, place: (usize, usize)) -> Result<(), Failure> {
        let is_clicked = |name: &str| self.clicked.as_ref().is_some_and(|(clicked, _)| clicked == name);
        match self.item_at(place) {
            Some(at) if !is_clicked(&self.items[at].name) => {
                self.clicked = None;
                self.show(Some(at));
                Ok(())
            }
            _ => {
                let clicks = self.clicked.as_ref().map(|(_, clicks)| clicks.clone()).unwrap_or_default();
                self.find(clicks.with(place, true))
            }
        }
    }

    /// Looks for the item of these clicks, which is the one that clicks are about, or a new one in front. Where it fails, all stays as it was.
    fn find(&mut self, clicks: Clicks) -> Result<(), Failure> {
        if clicks.is_empty() {
            return Err(Failure::input("nothing would be left of the item", "click on the thing, or remove the item"));
        }
        let mut working = Working::new(self.window, self.document.host);
        let found = self.picture.by_clicks(self.document, &clicks, &mut working);
        self.window.set_progress(Some(0.0), "");
        let pixels = found?;
        if masks::is_empty(&pixels) {
            return Err(Failure::input("nothing was found there", "click in the middle of the thing, or drag a box round it"));
        }
        let known = self.clicked.as_ref().and_then(|(name, _)| self.items.iter().position(|item| item.name == *name));
        let at = known.unwrap_or_else(|| {
            let name = unique("item", self.items.iter().map(|item| item.name.as_str()));
            self.items.insert(0, Mask { name, pixels: pixels.clone() });
            0
        });
        self.items[at].pixels = pixels;
        self.clicked = Some((self.items[at].name.clone(), clicks));
        self.show(Some(at));
        Ok(())
    }

    /// Adds what the document shows, in front of what is there.
    fn add(&mut self, from: &str) -> Result<(), Failure> {
        let Document { host, source, .. } = self.document;
        if source.current(*host, None)? != *source {
            return Err(Failure::input(format!("'{}' was moved meanwhile", source.name), "close this window and open it again"));
        }
        let mut found: Vec<Mask> = match from {
            "selection" => masks::selection(*host, source)?.map(|pixels| Mask { name: "item".to_owned(), pixels }).into_iter().collect(),
            "layer-masks" => masks::of_layers(*host, source)?,
            "layer-alpha" => masks::of_alpha(*host, source)?,
            "channels" => masks::of_channels(*host, source)?,
            _ => {
                let most = self.window.number("most").round() as usize;
                let labels = self.picture.everything(self.document, most, &mut Working::new(self.window, self.document.host));
                self.window.set_progress(Some(0.0), "");
                let labels = labels?;
                of_labels(self.document, &labels)?
            }
        };
        found.retain(|mask| !masks::is_empty(&mask.pixels));
        if found.is_empty() {
            return Err(Failure::input("there is nothing of that kind in the document", "select a thing, or give layers masks"));
        }
        for mask in found.into_iter().rev() {
            let name = unique(&mask.name, self.items.iter().map(|item| item.name.as_str()));
            self.items.insert(0, Mask { name, ..mask });
        }
        self.show(Some(0));
        Ok(())
    }

    fn shift(&mut self, from: Option<usize>, to: Option<usize>) {
        if let (Some(from), Some(to)) = (from, to) {
            self.items.swap(from, to);
            self.show(Some(to));
        }
    }

    fn item_at(&self, (x, y): (usize, usize)) -> Option<usize> {
        let at = y * self.document.source.size.0 as usize + x;
        self.items.iter().position(|item| masks::shares(&item.pixels).get(at).is_some_and(|share| *share >= 0.5))
    }

    fn show(&self, chosen: Option<usize>) {
        let entry = |(number, item): (usize, &Mask)| {
            let covered = masks::shares(&item.pixels).iter().filter(|share| **share >= 0.5).count();
            let share = 100.0 * covered as f64 / (f64::from(item.pixels.width()) * f64::from(item.pixels.height()));
            Entry { colour: view::colour(number), name: item.name.clone(), note: format!("{share:.1} %"), cells: Vec::new() }
        };
        let entries: Vec<_> = self.items.iter().enumerate().map(entry).collect();
        let chosen = chosen.filter(|at| *at < entries.len());
        self.window.set_entries(&entries, chosen);
        self.show_picture(chosen);
    }

    fn show_picture(&self, chosen: Option<usize>) {
        let labels = labels(&self.items, self.document.source.size);
        let name = chosen.and_then(|at| self.items.get(at)).map(|item| item.name.as_str());
        let shown = view::show(self.window, &view::with_items(&view::picture(&self.document.composite.pixels), &labels, name));
        self.shown.replace(shown);
    }

    fn set(&mut self) -> Result<(), Failure> {
        let items = self.items.clone();
        if items.is_empty() {
            return Err(Failure::input("there is no item", "add the selection, layer masks, or find all"));
        }
        self.picture.set_masks(self.document, items, false)
    }
}

/// The items by number, with the background behind them.
fn labels(items: &[Mask], (width, height): (u32, u32)) -> Labels {
    let names = items.iter().map(|item| item.name.clone()).chain([BACKGROUND.to_owned()]).collect();
    Labels { names, numbers: stacked(items, width as usize * height as usize), words: None }
}

/// The item that is seen at each pixel, the first one in front: its place in the list, and their number for none.
fn stacked(items: &[Mask], pixels: usize) -> Vec<u16> {
    let mut numbers = vec![items.len() as u16; pixels];
    for (number, item) in items.iter().enumerate().rev() {
        let covered = masks::shares(&item.pixels);
        numbers.iter_mut().zip(&covered).filter(|(_, share)| **share >= 0.5).for_each(|(at, _)| *at = number as u16);
    }
    numbers
}

/// Saves items as channels of the document, in one undo step.
fn save(host: &dyn Host, source: &Source, items: &[Mask]) -> Result<(), Failure> {
    let step = UndoStep::begin(host, source.image)?;
    for (number, item) in items.iter().enumerate().rev() {
        let channel = host.new_channel(source.image, &item.name, view::colour(number))?;
        host.insert_channel(source.image, channel)?;
        let samples = pixels::from_shares(&masks::shares(&item.pixels), source.format.samples);
        let ((x, y), (width, height)) = (source.offsets, source.size);
        host.write(channel, Rect { x, y, width, height }, pixels::of_mask(source.format), &samples)?;
    }
    drop(step);
    host.flush();
    Ok(())
}
