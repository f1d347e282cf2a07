//! Results brought back from a session's history.

use dedit_protocol::answer::{Edited, Region};
use dedit_protocol::request::{EditOptions, PlanOptions};
use dedit_protocol::{Pixels, Samples};
use gimp_host::{Item, Returned};

use crate::failure::{Failure, FailureKind};
use crate::result::{self, Made};
use crate::run::Opened;
use crate::{noted, told, verbs};

/// The sessions whose history a document shows, those that it remembers and the picture's own: the last one first.
pub(crate) fn sessions_of_history(opened: &Opened<'_>) -> Result<Vec<String>, Failure> {
    let size = [opened.source.size.0, opened.source.size.1];
    let noted = noted::sessions(opened.host, &opened.source)?;
    // Other layers' sessions are of other sizes, and some may be forgotten since.
    let is_of_picture = |name: &String| opened.desk.open_session(name).is_ok_and(|session| session.size == size);
    let mut sessions: Vec<String> = noted.into_iter().filter(is_of_picture).collect();
    let own = opened.table()?.session.session;
    if !sessions.contains(&own) {
        sessions.push(own);
    }
    Ok(sessions)
}

/// The session that the document was last worked on in.
fn last_session(opened: &Opened<'_>) -> Result<String, Failure> {
    let sessions = sessions_of_history(opened)?;
    sessions.into_iter().next().ok_or_else(|| Failure::new(FailureKind::Internal, "the picture has no session"))
}

/// What was made of a picture; a revision that is named comes back as a layer.
pub(crate) fn history(opened: &Opened<'_>, revision: Option<u64>) -> Result<Returned, Failure> {
    let session = last_session(opened)?;
    let (history, _) = opened.desk.history(&session, false, false)?;
    let layer = match revision {
        Some(revision) => Some(bring_back(opened, &session, revision)?),
        None => None,
    };
    Ok(Returned { layer, text: told::history(&session, &history) })
}

/// Lays the picture of a revision over the picture as it stands: a layer of all that differs.
pub(crate) fn bring_back(opened: &Opened<'_>, session: &str, revision: u64) -> Result<Item, Failure> {
    let Opened { host, desk, source, ground } = opened;
    let (history, _) = desk.history(session, false, false)?;
    let found = history.revisions.into_iter().find(|found| found.revision == revision).ok_or_else(|| {
        Failure::new(FailureKind::Input, format!("there is no result {revision}")).hint("the history lists those that there are")
    })?;
    let whole = desk.whole(session, revision)?;
    let changes = differences(&ground.pixels, &whole)?;
    let (region, pixels) = part(&whole, &changes).ok_or_else(|| {
        Failure::new(FailureKind::Input, format!("the picture already is as result {revision} has it"))
            .hint("hide later results to see others")
    })?;
    let edit = found.edits.first().and_then(|edit| serde_json::from_value(edit.clone()).ok());
    let name = edit.as_ref().map_or_else(|| format!("Result {revision}"), verbs::name);
    let edited =
        Edited { revision: Some(revision), base: found.base, region, seed: found.seed, settings: found.settings, ..Edited::default() };
    let made = Made {
        edited,
        pixels,
        changes,
        // How it was made is known to the session; it is not made again from here.
        edits: Vec::new(),
        plan: PlanOptions::default(),
        options: EditOptions::default(),
        session: session.to_owned(),
        name,
    };
    let layers = result::put(*host, source, ground, &[made], None)?;
    layers.first().copied().ok_or_else(|| Failure::new(FailureKind::Internal, "no layer was made"))
}

/// 1 for each pixel that differs, in any bit.
fn differences(one: &Pixels, other: &Pixels) -> Result<Vec<f32>, Failure> {
    let unfit =
        || Failure::new(FailureKind::Input, "the result is of a picture of another kind").hint("open the picture that it was made of");
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

/// The rectangle of what is not 0, and its pixels; `None` where all is.
fn part(whole: &Pixels, changes: &[f32]) -> Option<(Region, Pixels)> {
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
    Some((region, Pixels::new(region.width as u32, region.height as u32, whole.channels(), samples)?))
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
    fn what_differs_is_found_and_cut_out() {
        let one = Pixels::new(4, 3, 1, Samples::U8(vec![0; 12])).unwrap();
        let mut samples = vec![0; 12];
        (samples[5], samples[10]) = (7, 9);
        let other = Pixels::new(4, 3, 1, Samples::U8(samples)).unwrap();
        let (region, pixels) = part(&other, &differences(&one, &other).unwrap()).unwrap();
        assert_eq!(region, Region { x: 1, y: 1, width: 2, height: 2 });
        assert_eq!(pixels.samples(), &Samples::U8(vec![7, 0, 0, 9]));
        assert!(part(&one, &differences(&one, &one).unwrap()).is_none());
        let wider = Pixels::new(6, 2, 1, Samples::U8(vec![0; 12])).unwrap();
        assert!(differences(&one, &wider).is_err());
    }
}
