//! The history of a document: revisions of its sessions, which come back as layers.

use dedit_protocol::answer::{Edited, Region, Revision};
use dedit_protocol::request::{self, EditOptions, EditVerb, OpenSession, PlanOptions};
use dedit_protocol::{Pixels, Samples};
use gimp_host::{Item, Returned};

use crate::document::Document;
use crate::failure::Failure;
use crate::result::EditResult;
use crate::sides::Sides;
use crate::{layers, pixels, report, sessions};

/// The sessions of the history: those that the document keeps and the picture's own, the last one first.
pub(crate) fn sessions(document: &Document<'_>) -> Result<Vec<String>, Failure> {
    let size = [document.source.size.0, document.source.size.1];
    let shown = document.composite.result.as_ref().map(|result| result.session.clone());
    let kept = sessions::of_layer(document.host, &document.source)?;
    // A layer may have been resized since, and a session forgotten. A session whose result is seen may have begun with a smaller canvas.
    let is_of_picture = |name: &String| {
        let open = OpenSession { session: Some(name.clone()), ..OpenSession::default() };
        document.client.ask(open, Vec::new()).is_ok_and(|(session, _)| session.size == size || shown.as_ref() == Some(name))
    };
    let mut sessions: Vec<String> = kept.into_iter().filter(is_of_picture).collect();
    let own = document.client.known_picture(&document.composite.digest)?;
    sessions.extend(own.map(|own| own.session).filter(|own| !sessions.contains(own)));
    Ok(sessions)
}

/// The session of the last edit.
fn last_session(document: &Document<'_>) -> Result<String, Failure> {
    let sessions = self::sessions(document)?;
    sessions.into_iter().next().ok_or_else(|| Failure::input("nothing was made of this picture yet", "edit something first"))
}

/// Lists the revisions of the last session; with `revision` that one comes back as a layer.
pub(crate) fn list(document: &Document<'_>, revision: Option<u64>) -> Result<Returned, Failure> {
    let session = last_session(document)?;
    let (history, _) = document.client.ask(request::History { session: session.clone(), ..request::History::default() }, Vec::new())?;
    let layer = match revision {
        Some(revision) => Some(bring_back(document, &session, revision)?),
        None => None,
    };
    Ok(Returned { layer, text: report::history(&session, &history) })
}

/// Inserts a layer that turns the picture as it is seen into a revision: of the rectangle of all pixels that differ.
pub(crate) fn bring_back(document: &Document<'_>, session: &str, revision: u64) -> Result<Item, Failure> {
    let Document { host, client, source, composite } = document;
    let (history, _) = client.ask(request::History { session: session.to_owned(), ..request::History::default() }, Vec::new())?;
    let found = history
        .revisions
        .iter()
        .find(|found| found.revision == revision)
        .ok_or_else(|| Failure::input(format!("there is no result {revision}"), "the history lists those that there are"))?;
    let sides = sides_to(document, session, revision, &history.revisions)?;
    let whole = client.whole_picture(session, revision)?;
    let changes = changes(&composite.pixels, sides, &whole)?;
    let (region, pixels, changes) = part(&whole, &changes)
        .ok_or_else(|| Failure::input(format!("the picture already is as result {revision} has it"), "hide later results to see others"))?;
    let name = title(found).unwrap_or_else(|| format!("Result {revision}"));
    let edited = Edited {
        revision: Some(revision),
        base: found.base,
        region,
        seed: found.seed,
        settings: found.settings.clone(),
        ..Edited::default()
    };
    let result = EditResult {
        edited,
        sides,
        pixels,
        changes,
        layers: None,
        // The session knows it; the layer is not made again from this record.
        edit: None,
        plan: PlanOptions::default(),
        options: EditOptions::default(),
        session: session.to_owned(),
        name,
    };
    let layers = layers::insert(*host, source, composite, &[result], None)?;
    layers.first().copied().ok_or_else(|| Failure::internal("no layer was made"))
}

/// What the picture as it is seen lacks around it of a revision's canvas.
fn sides_to(document: &Document<'_>, session: &str, revision: u64, revisions: &[Revision]) -> Result<Sides, Failure> {
    let seen = document.composite.result.as_ref().filter(|result| result.session == session).and_then(|result| result.revision);
    let (seen, wanted) = (sides_of(revisions, seen.unwrap_or(0)), sides_of(revisions, revision));
    if seen.union(wanted) != wanted {
        let hint = "hide the layers of the results that expanded it, or undo them";
        return Err(Failure::input(format!("the canvas of result {revision} is smaller than what is seen"), hint));
    }
    Ok(wanted.minus(seen))
}

/// What a revision and those that it was made from have added around the session's picture, which is revision 0.
fn sides_of(revisions: &[Revision], revision: u64) -> Sides {
    let (mut sides, mut at) = (Sides::default(), revision);
    while let Some(found) = revisions.iter().find(|found| found.revision == at) {
        let edits = found.edits.iter().filter_map(|edit| serde_json::from_value::<EditVerb>(edit.clone()).ok());
        sides = edits.fold(sides, |sides, edit| sides.plus(Sides::of(&edit)));
        // A revision is made from an earlier one.
        at = found.base.min(at.saturating_sub(1));
    }
    sides
}

/// The title of a revision; `None` where a newer D-Edit made it.
pub(crate) fn title(revision: &Revision) -> Option<String> {
    let edit: EditVerb = serde_json::from_value(revision.edits.first()?.clone()).ok()?;
    Some(edit.title())
}

/// 1 for each pixel of `whole` that is new at the sides of `picture`, or differs in any bit; else 0.
fn changes(picture: &Pixels, sides: Sides, whole: &Pixels) -> Result<Vec<f32>, Failure> {
    let (width, height) = sides.grown((picture.width(), picture.height()));
    let grown = Pixels::new(width, height, picture.channels(), pixels::sent_samples(pixels::on_canvas(picture, sides)));
    let mut changes = differences(&grown.ok_or_else(|| pixels::too_large(width, height))?, whole)?;
    let (columns, rows) = (sides.left..sides.left + picture.width(), sides.top..sides.top + picture.height());
    let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    for (change, (x, y)) in changes.iter_mut().zip(places) {
        if !columns.contains(&x) || !rows.contains(&y) {
            *change = 1.0;
        }
    }
    Ok(changes)
}

/// 1 for each pixel that differs in any bit, else 0.
fn differences(one: &Pixels, other: &Pixels) -> Result<Vec<f32>, Failure> {
    let unfit = || Failure::input("the result is of a picture of another kind", "open the picture that it was made of");
    if one.layout() != other.layout() {
        return Err(unfit());
    }
    let channels = usize::from(one.channels());
    match (one.samples(), other.samples()) {
        (Samples::U8(one), Samples::U8(other)) => Ok(differ(one, other, channels, |a, b| a == b)),
        (Samples::U16(one), Samples::U16(other)) => Ok(differ(one, other, channels, |a, b| a == b)),
        (Samples::F32(one), Samples::F32(other)) => Ok(differ(one, other, channels, |a, b| a.to_bits() == b.to_bits())),
        _ => Err(unfit()),
    }
}

/// The bounding rectangle of all pixels that are not 0 in `changes`, and the parts of `whole` and `changes` there; `None` where all are 0.
fn part(whole: &Pixels, changes: &[f32]) -> Option<(Region, Pixels, Vec<f32>)> {
    let width = whole.width() as usize;
    let changed = || changes.iter().enumerate().filter(|(_, change)| **change > 0.0).map(|(i, _)| (i % width, i / width));
    let (left, right) = (changed().map(|at| at.0).min()?, changed().map(|at| at.0).max()?);
    let (top, bottom) = (changed().map(|at| at.1).min()?, changed().map(|at| at.1).max()?);
    let region = Region { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
    let channels = usize::from(whole.channels());
    let samples = match whole.samples() {
        Samples::U8(samples) => Samples::U8(crop(samples, width, channels, region)),
        Samples::U16(samples) => Samples::U16(crop(samples, width, channels, region)),
        Samples::F32(samples) => Samples::F32(crop(samples, width, channels, region)),
    };
    let pixels = Pixels::new(region.width as u32, region.height as u32, whole.channels(), samples)?;
    Some((region, pixels, crop(changes, width, 1, region)))
}

fn differ<T>(one: &[T], other: &[T], channels: usize, same: impl Fn(&T, &T) -> bool) -> Vec<f32> {
    let pixels = one.chunks_exact(channels).zip(other.chunks_exact(channels));
    pixels.map(|(one, other)| f32::from(u8::from(!one.iter().zip(other).all(|(one, other)| same(one, other))))).collect()
}

fn crop<T: Copy>(samples: &[T], row: usize, channels: usize, region: Region) -> Vec<T> {
    let rows = samples.chunks_exact(row * channels).skip(region.y).take(region.height);
    rows.flat_map(|row| row[region.x * channels..(region.x + region.width) * channels].iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_new_on_a_larger_canvas_is_a_change() {
        let picture = Pixels::new(1, 1, 1, Samples::U8(vec![7])).unwrap();
        let whole = Pixels::new(2, 2, 1, Samples::U8(vec![0, 7, 0, 0])).unwrap();
        let sides = Sides { left: 1, bottom: 1, ..Sides::default() };
        assert_eq!(changes(&picture, sides, &whole).unwrap(), [1.0, 0.0, 1.0, 1.0]);
        assert!(changes(&picture, Sides::default(), &whole).is_err());
    }

    #[test]
    fn the_canvas_of_a_revision_is_that_of_all_before_it() {
        let revision = |revision, base, left| Revision {
            revision,
            base,
            edits: vec![serde_json::json!({"verb": "expand", "left": left})],
            ..Revision::default()
        };
        // The last one says that it was made from itself.
        let revisions = [revision(1, 0, 3), revision(2, 1, 4), revision(3, 0, 5), revision(4, 4, 6)];
        let left = [0, 1, 2, 3, 4, 9].map(|number| sides_of(&revisions, number).left);
        assert_eq!(left, [0, 3, 7, 5, 11, 0]);
    }

    #[test]
    fn what_differs_is_found_and_cut_out() {
        let one = Pixels::new(4, 3, 1, Samples::U8(vec![0; 12])).unwrap();
        let mut samples = vec![0; 12];
        (samples[5], samples[10]) = (7, 9);
        let other = Pixels::new(4, 3, 1, Samples::U8(samples)).unwrap();
        let (region, pixels, changes) = part(&other, &differences(&one, &other).unwrap()).unwrap();
        assert_eq!(region, Region { x: 1, y: 1, width: 2, height: 2 });
        assert_eq!((pixels.samples(), &changes[..]), (&Samples::U8(vec![7, 0, 0, 9]), &[1.0, 0.0, 0.0, 1.0][..]));
        assert!(part(&one, &differences(&one, &one).unwrap()).is_none());
        let wider = Pixels::new(6, 2, 1, Samples::U8(vec![0; 12])).unwrap();
        assert!(differences(&one, &wider).is_err());
    }
}
