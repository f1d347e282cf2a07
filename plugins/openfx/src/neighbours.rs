//! Other frames that may show what an item hides in the rendered one.

use std::sync::Arc;

use dedit_protocol::Pixels;
use dedit_schema::{Id, Verb, defaults};
use ofx_host::names::value;
use sha2::{Digest as _, Sha256};

use crate::daemon::{Daemon, with_daemon};
use crate::film::{FRAMES, Seen, Shot};
use crate::inputs::{Inputs, Scene, gives_other_times};
use crate::masks::BACKGROUND;
use crate::parameters::{NamedSession, Parameters};
use crate::pixels::{Encoding, InputFrame};
use crate::session::{FrameItems, items_of_frame};
use crate::watch::Watch;

/// Another frame.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OtherFrame {
    /// Its time minus that of the rendered one.
    pub(crate) offset: f64,
    pub(crate) seen: Seen,
    /// Its items, by their index in the session of the rendered one.
    pub(crate) labels: Vec<u16>,
}

/// The distances in time of the frames that are looked at, at most `reach`: close together first, since what a thing uncovers is soonest seen there, and then
/// ever farther, since it may take long.
pub(crate) fn steps(reach: u32) -> Vec<u32> {
    let powers = (0..).map(|power| 1 << power).take_while(move |step| *step < reach);
    powers.chain((reach > 0).then_some(reach)).collect()
}

/// How many frames before and after may be looked at: 0 where the edit uncovers nothing.
pub(crate) fn reach(parameters: &Parameters) -> u32 {
    let uncovers = [Verb::Remove, Verb::Move, Verb::Swap, Verb::SwapIn].into_iter().any(|verb| parameters.is(verb));
    let values = parameters.edit.as_ref().and_then(|edit| edit.values().ok()).filter(|_| uncovers);
    values.and_then(|values| values.whole(Id::OtherFrames)).unwrap_or(0)
}

/// How far off in time the frames are that a host is asked for. None where the daemon cannot be asked what its model is: then the render fails, too.
pub(crate) fn wanted(parameters: &Parameters) -> Vec<f64> {
    let reach = reach(parameters);
    let of_session = |daemon: &Daemon| match parameters.named_session() {
        Some(NamedSession::ByUser(name) | NamedSession::Learned(name)) => daemon.open_session(name).ok().and_then(|info| info.model),
        None => None,
    };
    let asked = || with_daemon(|daemon| Ok(are_taken(daemon, parameters, of_session(daemon).as_deref())));
    if reach == 0 || !asked().unwrap_or(false) {
        return Vec::new();
    }
    steps(reach).into_iter().flat_map(|step| [-f64::from(step), f64::from(step)]).collect()
}

/// Whether the model that is used takes other frames; `of_session` is the one that a session was learned with.
pub(crate) fn are_taken(daemon: &Daemon, parameters: &Parameters, of_session: Option<&str>) -> bool {
    let named = Some(parameters.model.as_str()).filter(|model| !model.is_empty());
    named.or(of_session).or(daemon.usual_model()) == Some(defaults::MODEL)
}

/// A digest of what frames of one film have in common.
pub(crate) fn film(parameters: &Parameters, frame: &InputFrame) -> String {
    let verb = parameters.edit.as_ref().map(|edit| (edit.verb, edit.output()));
    let item = parameters.edit.as_ref().and_then(|edit| edit.values().ok()).and_then(|values| values.text(Id::Item)).unwrap_or_default();
    let parts = (verb, item, parameters.mask_source, &parameters.mask_file, &parameters.session, parameters.take);
    let layout = frame.pixels.layout();
    format!("{:x}", Sha256::digest(format!("{parts:?} {layout:?}")))
}

/// A frame without items, which shows what others hide. `None` where the scene has items, or it is not known.
pub(crate) fn empty_shot(scene: &Scene) -> Option<Arc<Shot>> {
    let mask = scene.mask.as_ref()?.labels(&[]);
    let names = vec![BACKGROUND.to_owned()];
    mask.labels.iter().all(|label| *label == 0).then(|| shot(&scene.frame, names, vec![0; mask.labels.len()]))
}

pub(crate) fn shot(frame: &InputFrame, names: Vec<String>, labels: Vec<u16>) -> Arc<Shot> {
    Arc::new(Shot { pixels: frame.pixels.clone(), digest: frame.digest().to_owned(), names, labels })
}

/// What is rendered.
pub(crate) struct Rendered<'r> {
    pub(crate) scene: &'r Scene,
    pub(crate) items: &'r FrameItems,
    pub(crate) time: f64,
    pub(crate) encoding: Encoding,
    pub(crate) film: &'r str,
}

/// The other frames for a frame. Those that are missing, or not like it, are left out.
pub(crate) fn find(inputs: &Inputs<'_>, daemon: &Daemon, rendered: &Rendered<'_>, watch: &dyn Watch) -> Vec<OtherFrame> {
    let mut found = Vec::new();
    for step in steps(reach(&inputs.parameters)) {
        for offset in [-f64::from(step), f64::from(step)] {
            if watch.wants_stop() {
                return found;
            }
            let before = || FRAMES.at(rendered.film, rendered.time + offset, offset < 0.0, &|| watch.wants_stop());
            let seen = if gives_other_times() {
                of_host(inputs, daemon, rendered, offset).map(|shot| {
                    // Results of later frames would make this one depend on the order in which they are rendered.
                    let edited = if offset < 0.0 { before().filter(|seen| seen.shot == shot).and_then(|seen| seen.edited) } else { None };
                    Seen { shot, edited }
                })
            } else if offset < 0.0 {
                before()
            } else {
                None
            };
            let Some(seen) = seen.filter(|seen| is_like(&seen.shot.pixels, &rendered.scene.frame.pixels)) else { continue };
            // Some hosts repeat the first and the last frame.
            let is_same = seen.shot.digest == rendered.scene.frame.digest() && seen.edited.is_none();
            if let Some(labels) = labels(&seen.shot, &rendered.items.info.items).filter(|_| !is_same) {
                found.push(OtherFrame { offset, seen, labels });
            }
        }
    }
    found
}

fn is_like(one: &Pixels, other: &Pixels) -> bool {
    (one.width(), one.height()) == (other.width(), other.height())
        && one.channels() == other.channels()
        && std::mem::discriminant(one.samples()) == std::mem::discriminant(other.samples())
}

/// The frame that the host gives for another time.
fn of_host(inputs: &Inputs<'_>, daemon: &Daemon, rendered: &Rendered<'_>, offset: f64) -> Option<Arc<Shot>> {
    let time = rendered.time + offset;
    let image = inputs.image(value::SOURCE, time).ok().flatten()?;
    let scene = inputs.scene_of(&image, time, rendered.encoding).ok()?;
    let info = &rendered.items.info;
    let labels = if scene.mask.is_none() && scene.frame.size() == rendered.scene.frame.size() {
        // Where nothing moves the items are the same.
        rendered.items.labels.clone()
    } else {
        items_of_frame(daemon, info.clone(), &inputs.parameters, &scene).ok()?.labels
    };
    Some(shot(&scene.frame, info.items.clone(), labels))
}

/// The label map of a frame, by the names of another session; `None` where that lacks one.
fn labels(shot: &Shot, names: &[String]) -> Option<Vec<u16>> {
    if shot.names == names {
        return Some(shot.labels.clone());
    }
    let number = |name: &String| names.iter().position(|known| known == name).map(|number| number as u16);
    let numbers: Vec<Option<u16>> = shot.names.iter().map(number).collect();
    shot.labels.iter().map(|label| numbers.get(usize::from(*label)).copied().flatten()).collect()
}

#[cfg(test)]
mod tests {
    use dedit_schema::Value;

    use super::*;
    use crate::parameters::tests::{parameters, text};

    #[test]
    fn frames_close_by_are_looked_at_first_and_none_farther_than_asked_for() {
        for (most, expected) in
            [(0, &[][..]), (1, &[1]), (2, &[1, 2]), (5, &[1, 2, 4, 5]), (16, &[1, 2, 4, 8, 16]), (64, &[1, 2, 4, 8, 16, 32, 64])]
        {
            assert_eq!(steps(most), expected, "{most}");
        }
    }

    #[test]
    fn edits_that_uncover_nothing_need_no_other_frames() {
        let item = (Id::Item, text("bag"));
        let other = |frames: i128| (Id::OtherFrames, Value::Whole(frames));
        for (verb, frames, expected) in
            [(Verb::Remove, 16, 16), (Verb::Move, 3, 3), (Verb::Remove, 0, 0), (Verb::Refine, 16, 0), (Verb::Replace, 16, 0)]
        {
            assert_eq!(reach(&parameters(Some((verb, &[item.clone(), other(frames)])))), expected, "{verb:?} {frames}");
        }
        assert_eq!(reach(&parameters(None)), 0);
    }

    #[test]
    fn items_of_other_frames_are_those_of_the_session() {
        let frame = InputFrame::of_bytes(2, 1, &[7; 6]);
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let of = |own: &[&str], numbers: &[u16], known: &[&str]| labels(&shot(&frame, names(own), numbers.to_vec()), &names(known));
        assert_eq!(of(&["item", "background"], &[0, 1], &["item", "background"]), Some(vec![0, 1]));
        assert_eq!(of(&["background"], &[0, 0], &["item", "background"]), Some(vec![1, 1]));
        assert_eq!(of(&["blue", "red"], &[0, 1], &["red", "blue"]), Some(vec![1, 0]));
        assert_eq!(of(&["green", "red"], &[0, 1], &["red", "blue"]), None);
    }
}
