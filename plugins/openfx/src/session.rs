//! The session that knows the items, and where they are in a frame.
//!
//! A session is learned from one frame and edits all others. Each frame has a label map of its own, from its mask, or the session's where nothing moves.

use dedit_client::Labels;
use dedit_protocol::event::SessionInfo;
use dedit_protocol::request::Which;
use dedit_schema::{Id, Verb};

use crate::daemon::Daemon;
use crate::failure::{Failure, FailureKind, input};
use crate::inputs::{Scene, SessionStart};
use crate::items::{digest, of_colours, of_mask, of_one, position, resolve, scaled};
use crate::masks::{BACKGROUND, MaskLabels, ONE};
use crate::parameters::{NamedSession, Parameters};

/// A session, and its items in a frame.
#[derive(Debug, Clone)]
pub(crate) struct FrameItems {
    pub(crate) info: SessionInfo,
    /// For each pixel, row by row, the index of its item in `info.items`.
    pub(crate) labels: Vec<u16>,
}

/// The session that is named or was learned from the reference frame; otherwise the session of the reference frame.
pub(crate) fn open(
    daemon: &Daemon,
    parameters: &Parameters,
    start: &dyn Fn() -> Result<SessionStart, Failure>,
) -> Result<SessionInfo, Failure> {
    let lacks_reference = |info: &SessionInfo| parameters.is(Verb::SwapIn) && info.reference_items.is_empty();
    match parameters.named_session() {
        Some(NamedSession::ByUser(name)) => {
            let info = daemon.open_session(name)?;
            if lacks_reference(&info) {
                let hint = "learn it with `dedit learn --reference`, or name no session and connect a picture to Reference";
                return Err(input("the session has no picture to take an item from", hint));
            }
            Ok(info)
        }
        // It may have been removed since, or have no reference picture: then the reference frame is opened.
        Some(NamedSession::Learned(name)) => match daemon.open_session(name) {
            Ok(info) if lacks_reference(&info) => of_frame(daemon, parameters, &start()?),
            Err(failure) if matches!(failure.kind, FailureKind::Usage | FailureKind::Input) => of_frame(daemon, parameters, &start()?),
            opened => opened,
        },
        None => of_frame(daemon, parameters, &start()?),
    }
}

/// The session of a frame with exactly these items and this reference picture. Another mask is another session, so that instances on the same footage and
/// other programs keep theirs. Without a mask it is the session that all programs share.
pub(crate) fn of_frame(daemon: &Daemon, parameters: &Parameters, start: &SessionStart) -> Result<SessionInfo, Failure> {
    let SessionStart { scene, reference } = start;
    let labels = scene.mask.as_ref().map(|mask| of_mask(mask.labels(&[])));
    if labels.as_ref().is_some_and(|labels| labels.names == [BACKGROUND]) {
        return Err(input("the mask of the reference frame shows no item", "choose a reference frame in which all items are seen"));
    }
    let reference = reference.as_ref().map(|reference| (&reference.frame, labels_of_reference(reference)));
    let mut variant = Vec::new();
    variant.extend(labels.as_ref().map(digest));
    variant.extend(reference.as_ref().map(|(frame, labels)| format!("{} {}", frame.digest(), digest(labels))));
    let name = format!("frame {}", parameters.reference_time);
    let mut info = daemon.open_picture(&scene.frame, &name, &variant.join(" "))?;
    if let Some(labels) = labels.filter(|labels| labels.names != info.items) {
        info = daemon.set_items(&info.session, Which::Target, &scene.frame, labels)?;
    }
    if let Some((frame, labels)) = reference.filter(|(_, labels)| labels.names != info.reference_items) {
        daemon.open_reference(&info.session, frame, "Reference")?;
        info = daemon.set_items(&info.session, Which::Reference, frame, labels)?;
    }
    Ok(info)
}

/// One item: the opaque pixels of a reference picture, or all of them.
fn labels_of_reference(reference: &Scene) -> Labels {
    let one = vec![ONE.to_owned()];
    let whole = || vec![1; reference.frame.size().0 * reference.frame.size().1];
    let labels = reference.mask.as_ref().map_or_else(whole, |mask| mask.labels(&one).labels);
    of_mask(MaskLabels { names: one, labels })
}

/// Where a session's items are in a frame.
pub(crate) fn items_of_frame(daemon: &Daemon, info: SessionInfo, parameters: &Parameters, scene: &Scene) -> Result<FrameItems, Failure> {
    if info.items.is_empty() {
        return Err(input("it is not said what the items are", "connect a Mask, name a mask file, or name a session that has items"));
    }
    let size = scene.frame.size();
    let of_session = |info: &SessionInfo| scaled(daemon.labels(&info.session)?, info.size, size);
    let Some(mask) = &scene.mask else {
        let labels = of_session(&info)?;
        return Ok(FrameItems { info, labels });
    };
    let mask = mask.labels(&info.items);
    let labels = if mask.names == [ONE] {
        let given = parameters.edit.as_ref().map(|edit| edit.values()).transpose()?.and_then(|values| values.text(Id::Item));
        let item = position(&info.items, &resolve(&info.items, given.unwrap_or_default())?)?;
        let others = if info.items.len() == 2 { None } else { Some(of_session(&info)?) };
        of_one(&mask.labels, item, &info.items, others.as_deref())
    } else {
        of_colours(&mask, &info.items)?
    };
    Ok(FrameItems { info, labels })
}
