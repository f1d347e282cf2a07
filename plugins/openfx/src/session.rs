//! The session that knows a frame's items, and where they are in the frame.
//!
//! A session is learned from one frame, and edits all others: each with items of its own, drawn by its mask, or with the session's, where nothing moves.

use dedit_protocol::event::SessionInfo;
use dedit_protocol::request::Which;
use sha2::{Digest as _, Sha256};

use crate::desk::{Desk, Labels};
use crate::failure::{Failure, FailureKind, input};
use crate::masks::{BACKGROUND, Drawn, Mask, ONE};
use crate::parameters::{Kind, Named, Parameters};
use crate::pixels::Plate;

/// A frame, and what draws its items.
#[derive(Debug, Clone)]
pub(crate) struct Scene {
    pub(crate) plate: Plate,
    pub(crate) mask: Option<Mask>,
}

/// What a session begins from.
#[derive(Debug, Clone)]
pub(crate) struct Beginning {
    /// The reference frame.
    pub(crate) scene: Scene,
    /// A picture that an item is taken from.
    pub(crate) reference: Option<Scene>,
}

/// A session, and its items in a frame.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) info: SessionInfo,
    /// For each pixel the place of its item among the session's.
    pub(crate) numbers: Vec<u16>,
}

/// The session that is named or was learned from the reference frame; else that of the reference frame.
pub(crate) fn opened(desk: &Desk, parameters: &Parameters, begin: &dyn Fn() -> Result<Beginning, Failure>) -> Result<SessionInfo, Failure> {
    let lacks_reference = |info: &SessionInfo| parameters.kind == Kind::SwapIn && info.reference_items.is_empty();
    match parameters.named_session() {
        Some(Named::ByUser(name)) => {
            let info = desk.open_session(name)?;
            if lacks_reference(&info) {
                let hint = "learn it with `dedit learn --reference`, or name no session and connect a picture to Reference";
                return Err(input("the session has no picture to take an item from", hint));
            }
            Ok(info)
        }
        // It may be gone since, or know no reference: then what there is of the frame counts.
        Some(Named::Learned(name)) => match desk.open_session(name) {
            Ok(info) if lacks_reference(&info) => begun(desk, parameters, &begin()?),
            Err(failure) if matches!(failure.kind, FailureKind::Usage | FailureKind::Input) => begun(desk, parameters, &begin()?),
            opened => opened,
        },
        None => begun(desk, parameters, &begin()?),
    }
}

/// The session of a frame with just these items, and just this picture to take one from: another mask is another session, so that instances on the same
/// footage, and other hosts, keep theirs. Without a mask it is the one that all hosts share.
pub(crate) fn begun(desk: &Desk, parameters: &Parameters, beginning: &Beginning) -> Result<SessionInfo, Failure> {
    let Beginning { scene, reference } = beginning;
    let labels = scene.mask.as_ref().map(|mask| without_unseen(with_background(mask.drawn(&[]))));
    if labels.as_ref().is_some_and(|labels| labels.names == [BACKGROUND]) {
        return Err(input("the mask of the reference frame shows no item", "choose a reference frame in which all items are seen"));
    }
    let reference = reference.as_ref().map(|reference| (&reference.plate, labels_of_reference(reference)));
    let mut variant = Vec::new();
    variant.extend(labels.as_ref().map(digest));
    variant.extend(reference.as_ref().map(|(plate, labels)| format!("{} {}", plate.digest(), digest(labels))));
    let name = format!("frame {}", parameters.reference_time);
    let mut info = desk.open_picture(&scene.plate, &name, &variant.join(" "))?;
    if let Some(labels) = labels.filter(|labels| labels.names != info.items) {
        info = desk.set_items(&info.session, Which::Target, scene.plate.size(), &labels)?;
    }
    if let Some((plate, labels)) = reference.filter(|(_, labels)| labels.names != info.reference_items) {
        desk.open_reference(&info.session, plate, "Reference")?;
        info = desk.set_items(&info.session, Which::Reference, plate.size(), &labels)?;
    }
    Ok(info)
}

/// What is opaque of a picture, or all of it.
fn labels_of_reference(reference: &Scene) -> Labels {
    let whole = || vec![1; reference.plate.size().0 * reference.plate.size().1];
    let numbers = reference.mask.as_ref().map_or_else(whole, |mask| mask.drawn(&[ONE.to_owned()]).numbers);
    without_unseen(with_background(Drawn { names: vec![ONE.to_owned()], numbers }))
}

/// Numbers as bytes, to be hashed at once.
pub(crate) fn bytes(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn digest(labels: &Labels) -> String {
    let mut hasher = Sha256::new();
    hasher.update(labels.names.join("\n"));
    hasher.update(bytes(&labels.numbers));
    format!("{:x}", hasher.finalize())
}

/// The names of a mask and all that is none of them.
fn with_background(Drawn { mut names, numbers }: Drawn) -> Labels {
    let count = names.len() as u16;
    names.push(BACKGROUND.to_owned());
    Labels { names, numbers: numbers.into_iter().map(|number| if number == 0 { count } else { number - 1 }).collect() }
}

/// Items that no pixel has are no items: a session takes none such.
fn without_unseen(Labels { names, mut numbers }: Labels) -> Labels {
    let mut seen = vec![false; names.len()];
    for number in &numbers {
        seen[usize::from(*number)] = true;
    }
    let mut places = Vec::with_capacity(names.len());
    let mut kept = Vec::new();
    for (name, seen) in names.into_iter().zip(&seen) {
        places.push(kept.len() as u16);
        if *seen {
            kept.push(name);
        }
    }
    for number in &mut numbers {
        *number = places[usize::from(*number)];
    }
    Labels { names: kept, numbers }
}

/// Where a session's items are in a frame.
pub(crate) fn laid(desk: &Desk, info: SessionInfo, parameters: &Parameters, scene: &Scene) -> Result<Table, Failure> {
    if info.items.is_empty() {
        return Err(input("it is not said what the items are", "connect a Mask, name a mask file, or name a session that has items"));
    }
    let size = scene.plate.size();
    let own = |info: &SessionInfo| scaled(desk.labels(&info.session)?.numbers, info.size, size);
    let Some(mask) = &scene.mask else {
        let numbers = own(&info)?;
        return Ok(Table { info, numbers });
    };
    let drawn = mask.drawn(&info.items);
    let numbers = if drawn.names == [ONE] {
        let item = place(&info.items, &chosen(&info.items, &parameters.item)?)?;
        let others = if info.items.len() == 2 { None } else { Some(own(&info)?) };
        of_one(&drawn.numbers, item, &info.items, others.as_deref())
    } else {
        of_colours(&drawn, &info.items)?
    };
    Ok(Table { info, numbers })
}

/// One item by its mask; the others where the session has them, as far as the mask leaves them.
fn of_one(inside: &[u16], item: u16, items: &[String], others: Option<&[u16]>) -> Vec<u16> {
    let background = background(items, item);
    let beside = |index: usize| others.and_then(|others| others.get(index)).copied().filter(|number| *number != item).unwrap_or(background);
    inside.iter().enumerate().map(|(index, inside)| if *inside == 1 { item } else { beside(index) }).collect()
}

/// Each item by its colour.
fn of_colours(drawn: &Drawn, items: &[String]) -> Result<Vec<u16>, Failure> {
    let places: Vec<u16> = drawn.names.iter().map(|name| place(items, name)).collect::<Result<_, _>>()?;
    let background = background(items, u16::MAX);
    Ok(drawn.numbers.iter().map(|number| if *number == 0 { background } else { places[usize::from(*number) - 1] }).collect())
}

/// What lies where none of the others does.
fn background(items: &[String], other_than: u16) -> u16 {
    let named = items.iter().position(|name| name == BACKGROUND);
    let last = (0..items.len()).rev().find(|place| *place != usize::from(other_than));
    named.or(last).unwrap_or(0) as u16
}

pub(crate) fn place(items: &[String], name: &str) -> Result<u16, Failure> {
    let found = items.iter().position(|item| item == name);
    found.map(|place| place as u16).ok_or_else(|| unknown(items, name))
}

fn unknown(items: &[String], name: &str) -> Failure {
    input(format!("there is no item '{name}'"), format!("there are: {}", listed(items)))
}

fn listed(items: &[String]) -> String {
    items.iter().enumerate().map(|(place, name)| format!("{} {name}", place + 1)).collect::<Vec<_>>().join(", ")
}

/// The item that is meant by a name, by a number from 1, or by nothing where there is only one.
pub(crate) fn chosen(items: &[String], said: &str) -> Result<String, Failure> {
    if said.is_empty() {
        let mut things = items.iter().filter(|name| *name != BACKGROUND);
        return match (things.next(), things.next()) {
            (Some(only), None) => Ok(only.clone()),
            _ => Err(Failure::new(FailureKind::Usage, "it is not said which item").hint(format!("name one of: {}", listed(items)))),
        };
    }
    let numbered = || said.parse::<usize>().ok().and_then(|number| items.get(number.checked_sub(1)?));
    items.iter().find(|name| *name == said).or_else(numbered).cloned().ok_or_else(|| unknown(items, said))
}

/// Items of a picture in another size; neighbours of items are never mixed.
fn scaled(numbers: Vec<u16>, [width, height]: [u32; 2], size: (usize, usize)) -> Result<Vec<u16>, Failure> {
    let (width, height) = (width as usize, height as usize);
    if numbers.len() != width * height || width == 0 || height == 0 {
        return Err(Failure::new(FailureKind::Internal, "the session's items do not have the size of its picture"));
    }
    if (width, height) == size {
        return Ok(numbers);
    }
    let column: Vec<usize> = (0..size.0).map(|x| (2 * x + 1) * width / (2 * size.0)).collect();
    let row = |y: usize| (2 * y + 1) * height / (2 * size.1);
    Ok((0..size.1).flat_map(|y| column.iter().map(move |x| (row(y), *x))).map(|(y, x)| numbers[y * width + x]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn an_item_is_meant_by_name_number_or_alone() {
        let (two, one) = (names(&["bag", "chair", "background"]), names(&["item", "background"]));
        for (items, said, expected) in [
            (&two, "chair", Ok("chair")),
            (&two, "1", Ok("bag")),
            (&two, "3", Ok("background")),
            (&one, "", Ok("item")),
            (&two, "", Err("which item")),
            (&two, "4", Err("no item '4'")),
            (&two, "0", Err("no item '0'")),
            (&two, "hat", Err("no item 'hat'")),
        ] {
            match (chosen(items, said), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{said}"),
                (Err(failure), Err(words)) => {
                    assert!(failure.to_string().contains(words) && failure.to_string().contains("1 bag"), "{failure}");
                }
                (found, _) => panic!("{said}: {found:?}"),
            }
        }
    }

    #[test]
    fn masks_become_places_among_the_sessions_items() {
        let items = names(&["bag", "chair", "background"]);
        // The session has the bag at the left, the chair at the right: the mask has the bag further to the right.
        assert_eq!(of_one(&[0, 1, 1, 0], 0, &items, Some(&[0, 0, 1, 1])), [2, 0, 0, 1]);
        assert_eq!(of_one(&[0, 1, 1, 0], 0, &items, None), [2, 0, 0, 2]);
        let colours = names(&["red", "blue", "background"]);
        let drawn = Drawn { names: names(&["red", "blue"]), numbers: vec![0, 1, 2, 2] };
        assert_eq!(of_colours(&drawn, &colours).unwrap(), [2, 0, 1, 1]);
        let green = Drawn { names: names(&["green"]), numbers: vec![1] };
        assert!(of_colours(&green, &colours).unwrap_err().message.contains("no item 'green'"));
    }

    #[test]
    fn items_that_are_not_seen_are_none() {
        let labels = with_background(Drawn { names: names(&["red", "blue"]), numbers: vec![0, 2, 2, 0] });
        assert_eq!(without_unseen(labels), Labels { names: names(&["blue", "background"]), numbers: vec![1, 0, 0, 1] });
    }

    #[test]
    fn items_are_scaled_without_mixing() {
        let numbers = [0, 0, 7, 7, 0, 0, 7, 7];
        assert_eq!(scaled(numbers.to_vec(), [4, 2], (2, 1)).unwrap(), [0, 7]);
        assert_eq!(scaled(numbers.to_vec(), [4, 2], (8, 1)).unwrap(), [0, 0, 0, 0, 7, 7, 7, 7]);
        assert!(scaled(numbers.to_vec(), [5, 2], (2, 1)).is_err());
    }
}
