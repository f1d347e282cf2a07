//! Shows what a plug-in sees, and what it can do.
//!
//! To try it, put the program into a folder of its own name among GIMP's plug-ins (`plug-ins/probe/probe` in GIMP's own folder); its procedures are then
//! in the menu *Filters → Probe*, and there for scripts.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use gimp_host::{
    About, Call, Channels, Colours, Curve, Depth, Error, Format, Host, Image, Item, ItemKind, Parameter, ParameterKind, Plugin, Procedure,
    Rect, Returned, RunMode, SampleType, Samples, Stop, UndoStep, Value,
};

/// The name of the notes that are left on images and layers.
const NOTE: &str = "probe-note";
/// The name of what is remembered.
const MEMORY: &str = "probe-memory";

struct Probe;

fn main() -> ExitCode {
    gimp_host::run(&Probe)
}

fn procedure(name: &str, label: &str, blurb: &'static str, needs_image: bool, parameters: Vec<Parameter>) -> Procedure {
    Procedure {
        name: name.to_owned(),
        label: label.to_owned(),
        menu: "<Image>/Filters/Probe",
        blurb,
        help: "An example of a plug-in.",
        needs_image,
        parameters,
    }
}

fn parameter(name: &'static str, label: &'static str, help: &str, kind: ParameterKind) -> Parameter {
    Parameter { name, label, help: help.to_owned(), kind }
}

impl Plugin for Probe {
    fn about(&self) -> About {
        About { author: "The D-Edit authors", year: "2026", usage: "probe is a plug-in for GIMP: see the top of its source" }
    }

    fn procedures(&self) -> Vec<Procedure> {
        let options = vec![("u8", "8 bits"), ("u16", "16 bits"), ("float", "Floats")];
        let all = vec![
            parameter("note", "_Note", "What is noted on image and layer.", ParameterKind::Text { default: "größer" }),
            parameter("amount", "_Amount", "How much is inverted.", ParameterKind::Number { range: (0.0, 1.0), default: 1.0 }),
            parameter("border", "_Border", "How many pixels more on each side.", ParameterKind::Whole { range: (0, 100), default: 0 }),
            parameter("samples", "_Samples", "How pixels are read.", ParameterKind::Choice { options, default: "u8" }),
            parameter("clip", "_Clip", "Whether the layer below shapes it.", ParameterKind::Switch { default: false }),
            parameter("other", "_Other image", "An image that is only named.", ParameterKind::Image),
        ];
        let file = parameter("file", "_File", "A file that is opened and closed.", ParameterKind::Text { default: "" });
        let stale = parameter(
            "stale",
            "S_tale",
            "The number of an image that is gone.",
            ParameterKind::Whole { range: (-1, i32::MAX), default: -1 },
        );
        vec![
            procedure("plug-in-probe-report", "_Report", "Says all about an image.", true, Vec::new()),
            procedure("plug-in-probe-invert", "_Invert", "Inverts what is selected, on a new layer.", true, all),
            procedure("plug-in-probe-arrange", "_Arrange", "Makes a group, a channel and a selection.", true, Vec::new()),
            procedure("plug-in-probe-session", "_Session", "Says what is open, and opens a file.", false, vec![file, stale]),
            procedure("plug-in-probe-fail", "_Fail", "Fails.", true, Vec::new()),
            procedure("plug-in-probe-misuse", "_Misuse", "Says that it was called wrongly.", false, Vec::new()),
            procedure("plug-in-probe-cancel", "_Cancel", "Is cancelled.", false, Vec::new()),
            procedure("plug-in-probe-fault", "Faul_t", "Has a fault of its own.", false, Vec::new()),
        ]
    }

    fn run(&self, host: &dyn Host, call: &Call) -> Result<Returned, Stop> {
        let returned = match call.procedure.as_str() {
            "plug-in-probe-report" => report(host, call).map(|text| Returned { layer: None, text }),
            "plug-in-probe-invert" => invert(host, call),
            "plug-in-probe-arrange" => arrange(host, call),
            "plug-in-probe-session" => session(host, call).map(|text| Returned { layer: None, text }),
            "plug-in-probe-misuse" => return Err(Stop::Misused("nothing is the right way".to_owned())),
            "plug-in-probe-cancel" => return Err(Stop::Cancelled),
            // It has no parameters: there is no such value.
            "plug-in-probe-fault" => return Ok(Returned { layer: None, text: format!("{:?}", call.values[0]) }),
            _ => return Err(Stop::Failed("this one always fails, “größer” too".to_owned())),
        };
        let returned = returned.map_err(|error| Stop::Failed(error.to_string()))?;
        if call.mode == RunMode::Interactive {
            host.show_message(&returned.text);
        }
        Ok(returned)
    }
}

fn image(call: &Call) -> Result<Image, Error> {
    call.image.ok_or_else(|| Error::new("there is no image"))
}

/// The layer that is meant, also where its mask is active.
fn layer(host: &dyn Host, call: &Call) -> Result<Item, Error> {
    let [drawable] = call.drawables[..] else { return Err(Error::new(format!("{} layers are active, not one", call.drawables.len()))) };
    Ok(host.layer_of_mask(drawable)?.unwrap_or(drawable))
}

fn report(host: &dyn Host, call: &Call) -> Result<String, Error> {
    let image = image(call)?;
    let (mut text, (width, height)) = (String::new(), host.image_size(image)?);
    let profile = host.profile(image)?.map_or_else(|| "no profile".to_owned(), |profile| format!("a profile of {} bytes", profile.len()));
    let note = host.image_parasite(image, NOTE)?.map(|note| String::from_utf8_lossy(&note).into_owned());
    let (colours, precision) = (host.colours(image)?, host.precision(image)?);
    let line =
        format!("{:?} {width}x{height} {colours:?} {:?} {:?} {profile} note {note:?}", host.version(), precision.depth, precision.curve);
    let _ = writeln!(text, "image {:?} {line}", host.image_name(image)?);
    let _ = writeln!(text, "drawables {:?} active {:?}", names(host, &call.drawables)?, names(host, &host.selected_layers(image)?)?);
    for layer in host.layers(image)? {
        branch(host, image, layer, 1, &mut text)?;
    }
    for channel in host.channels(image)? {
        branch(host, image, channel, 1, &mut text)?;
    }
    if let Some(selection) = host.selection(image)? {
        let chosen = mask(host, selection, Rect { x: 0, y: 0, width, height })?;
        let _ = writeln!(text, "selection {:?}: {} pixels", host.kind(selection)?, chosen.iter().filter(|value| **value > 0).count());
    }
    if let Some(floating) = host.floating(image)? {
        let _ = writeln!(text, "floating {:?}", host.name(floating)?);
    }
    Ok(text)
}

fn names(host: &dyn Host, items: &[Item]) -> Result<Vec<String>, Error> {
    items.iter().map(|item| host.name(*item)).collect()
}

/// A layer or channel, and what is in it.
fn branch(host: &dyn Host, image: Image, item: Item, depth: usize, text: &mut String) -> Result<(), Error> {
    let (kind, (x, y), (width, height)) = (host.kind(item)?, host.offsets(item)?, host.size(item)?);
    let marks = [
        (host.is_visible(item)?, "visible"),
        (host.is_locked(item)?, "locked"),
        (host.has_alpha(item)?, "alpha"),
        (host.image_of(item)? == image, "here"),
        (kind == ItemKind::Channel || host.layer_by_tattoo(image, host.tattoo(item)?) == Some(item), "found"),
    ];
    let marks: Vec<_> = marks.into_iter().filter_map(|(holds, mark)| holds.then_some(mark)).collect();
    let parent = host.parent(item)?.map(|parent| host.name(parent)).transpose()?;
    let note = host.item_parasite(item, NOTE)?.map(|note| String::from_utf8_lossy(&note).into_owned());
    let place = format!("{width}x{height}+{x}+{y} at {} in {parent:?}", host.position(item)?);
    let pixel = samples_of(host, item, Rect { x: 0, y: 0, width: 1, height: 1 })?;
    let _ = writeln!(text, "{:1$}{kind:?} {2:?} {place} {marks:?} note {note:?} first {pixel}", "", depth * 2, host.name(item)?);
    if let Some(mask) = host.layer_mask(item)? {
        let _ = writeln!(text, "{:1$}mask {2:?} of {3:?}", "", depth * 2 + 2, host.name(mask)?, host.layer_of_mask(mask)? == Some(item));
    }
    if kind == ItemKind::Group {
        for child in host.children(item)? {
            branch(host, image, child, depth + 1, text)?;
        }
    }
    Ok(())
}

/// The samples of an area in the item's own way, in words.
fn samples_of(host: &dyn Host, item: Item, area: Rect) -> Result<String, Error> {
    let samples = host.read(item, area, natural(host, item)?)?;
    Ok(format!("{samples:?}"))
}

/// The format that loses nothing.
fn natural(host: &dyn Host, item: Item) -> Result<Format, Error> {
    let image = host.image_of(item)?;
    let precision = host.precision(image)?;
    let channels = match (host.kind(item)?, host.colours(image)?, host.has_alpha(item)?) {
        (ItemKind::Mask | ItemKind::Channel | ItemKind::Selection, ..) => Channels::Mask,
        (_, Colours::Grey, false) => Channels::Grey,
        (_, Colours::Grey, true) => Channels::GreyAlpha,
        (_, _, false) => Channels::Rgb,
        (_, _, true) => Channels::RgbAlpha,
    };
    let samples = match precision.depth {
        Depth::U8 => SampleType::U8,
        Depth::U16 => SampleType::U16,
        _ => SampleType::F32,
    };
    Ok(Format { channels, samples, curve: precision.curve })
}

fn mask(host: &dyn Host, item: Item, area: Rect) -> Result<Vec<u8>, Error> {
    match host.read(item, area, Format { channels: Channels::Mask, samples: SampleType::U8, curve: Curve::Linear })? {
        Samples::U8(samples) => Ok(samples),
        _ => Err(Error::new("other samples than were asked for")),
    }
}

/// What is selected of a layer, in coordinates of the layer: the smallest rectangle around it, and the mask in it.
fn selected(host: &dyn Host, image: Image, layer: Item) -> Result<(Rect, Vec<u8>), Error> {
    let ((x, y), (width, height)) = (host.offsets(layer)?, host.size(layer)?);
    let whole = Rect { x: 0, y: 0, width, height };
    let Some(selection) = host.selection(image)? else { return Ok((whole, vec![255; width as usize * height as usize])) };
    let chosen = mask(host, selection, Rect { x, y, ..whole })?;
    let points =
        || (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).zip(&chosen).filter(|(_, value)| **value > 0).map(|(point, _)| point);
    let (Some(left), Some(right)) = (points().map(|(x, _)| x).min(), points().map(|(x, _)| x).max()) else {
        return Err(Error::new("nothing of the layer is selected"));
    };
    let (top, bottom) = (points().map(|(_, y)| y).min().unwrap_or(0), points().map(|(_, y)| y).max().unwrap_or(0));
    let rows = chosen.chunks_exact(width as usize).skip(top as usize).take((bottom - top + 1) as usize);
    let cut = rows.flat_map(|row| row[left as usize..=right as usize].to_vec()).collect();
    Ok((Rect { x: left as i32, y: top as i32, width: right - left + 1, height: bottom - top + 1 }, cut))
}

fn invert(host: &dyn Host, call: &Call) -> Result<Returned, Error> {
    let (image, below) = (image(call)?, layer(host, call)?);
    let [Value::Text(note), Value::Number(amount), Value::Whole(border), Value::Text(samples), Value::Switch(clip), Value::Image(other)] =
        &call.values[..]
    else {
        return Err(Error::new("other values than were asked for"));
    };
    host.begin_progress("inverting");
    let (area, chosen) = selected(host, image, below)?;
    let mut format = natural(host, below)?;
    format.samples = match samples.as_str() {
        "u16" => SampleType::U16,
        "float" => SampleType::F32,
        _ => SampleType::U8,
    };
    let mut pixels = host.read(below, area, format)?;
    turn(&mut pixels, format.channels, *amount);
    host.set_progress(Some(0.5), "putting it above");
    let step = UndoStep::begin(host, image)?;
    let above = host.new_layer(image, "inverted", (area.width, area.height), host.has_alpha(below)?)?;
    host.insert_layer(image, above, host.parent(below)?, host.position(below)?)?;
    let (x, y) = host.offsets(below)?;
    host.set_offsets(above, x + area.x, y + area.y)?;
    let all = Rect { x: 0, y: 0, ..area };
    host.write(above, all, format, &pixels)?;
    let mask = host.add_mask(above)?;
    host.write(mask, all, Format { channels: Channels::Mask, samples: SampleType::U8, curve: Curve::Linear }, &Samples::U8(chosen))?;
    if *clip {
        host.clip_to_backdrop(above)?;
    }
    host.set_image_parasite(image, NOTE, note.as_bytes())?;
    host.set_item_parasite(above, NOTE, note.as_bytes())?;
    drop(step);
    let refusal = host.write(above, all, format, &Samples::U8(vec![0; 1])).err();
    host.set_progress(None, "done");
    host.end_progress();
    host.flush();
    let text = format!("{area:?} {note} {amount} {border} {samples} {clip} {other:?}; {refusal:?}");
    Ok(Returned { layer: Some(above), text })
}

/// Turns light to dark, all channels but alpha.
fn turn(samples: &mut Samples, channels: Channels, amount: f64) {
    let turned = |value: f64, most: f64| value + (most - 2.0 * value) * amount;
    match samples {
        Samples::U8(all) => each(all, channels, |value| turned(value.into(), 255.0) as u8),
        Samples::U16(all) => each(all, channels, |value| turned(value.into(), 65535.0) as u16),
        Samples::F32(all) => each(all, channels, |value| turned(value.into(), 1.0) as f32),
    }
}

fn each<T: Copy>(all: &mut [T], channels: Channels, change: impl Fn(T) -> T) {
    let count = channels.count();
    let colours = count - usize::from(matches!(channels, Channels::GreyAlpha | Channels::RgbAlpha));
    for pixel in all.chunks_exact_mut(count) {
        for value in &mut pixel[..colours] {
            *value = change(*value);
        }
    }
}

fn arrange(host: &dyn Host, call: &Call) -> Result<Returned, Error> {
    let (image, active) = (image(call)?, layer(host, call)?);
    let step = UndoStep::begin(host, image)?;
    let group = host.new_group(image, "a group of the probe")?;
    host.insert_layer(image, group, None, 0)?;
    let visible = host.new_layer_from_visible(image)?;
    let size = host.size(visible)?;
    host.delete(visible)?;
    let inner = host.new_layer(image, "inner", (3, 2), true)?;
    host.insert_layer(image, inner, Some(group), 0)?;
    host.set_offsets(inner, -1, 4)?;
    host.set_visible(inner, false)?;
    let channel = host.new_channel(image, "a channel of the probe", [255, 128, 0])?;
    host.insert_channel(image, channel)?;
    let (width, height) = host.image_size(image)?;
    let half = (0..height).flat_map(|_| (0..width).map(|x| if x < width / 2 { u16::MAX } else { 0 })).collect();
    let format = Format { channels: Channels::Mask, samples: SampleType::U16, curve: Curve::Linear };
    host.write(channel, Rect { x: 0, y: 0, width, height }, format, &Samples::U16(half))?;
    host.select_item(image, channel)?;
    host.select_layer(image, active)?;
    drop(step);
    host.flush();
    let text = format!(
        "visible {size:?}, deleted {}, no group {:?}",
        !host.has_item(visible),
        host.children(inner).err().map(|error| error.to_string())
    );
    Ok(Returned { layer: Some(group), text })
}

fn session(host: &dyn Host, call: &Call) -> Result<String, Error> {
    let [Value::Text(file), Value::Whole(stale)] = &call.values[..] else { return Err(Error::new("other values than were asked for")) };
    let before = host.recall(MEMORY);
    host.remember(MEMORY, "two\nlines, “größer”");
    let mut text = format!("{:?} open {:?} memory {before:?} then {:?}", call.mode, host.images(), host.recall(MEMORY));
    if !file.is_empty() {
        let image = host.load(Path::new(file))?;
        let _ = write!(text, " loaded {:?}", host.image_size(image)?);
        host.close(image)?;
        let _ = write!(text, " closed {} then {:?}", !host.has_image(image), host.image_size(image).err().map(|error| error.to_string()));
    }
    let gone = host.image_size(Image(*stale)).err().map(|error| error.to_string());
    let _ = write!(text, " stale {gone:?} {:?}", host.name(Item(*stale)).err().map(|error| error.to_string()));
    Ok(text)
}
