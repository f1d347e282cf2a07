//! The edit of a frame: from the cache, or by the daemon.

use std::sync::Arc;

use dedit_protocol::names::SessionState;
use dedit_schema::Verb;
use ofx_host::Image;

use crate::cache::RESULTS;
use crate::choices::Output;
use crate::daemon::{Daemon, with_daemon};
use crate::disk::RESULTS_ON_DISK;
use crate::failure::{Failure, input};
use crate::film::FRAMES;
use crate::inputs::{Inputs, gives_other_times};
use crate::layers::EditedFrame;
use crate::neighbours::Rendered;
use crate::parameters::Parameters;
use crate::pixels::{Encoding, InputFrame};
use crate::request::EditRequest;
use crate::watch::{RenderWatch, Watch};
use crate::{learn, neighbours, session};

/// The frame as the daemon takes it, and what the edit makes of it.
pub(crate) fn edited(
    inputs: &Inputs<'_>,
    source: &Image<'_>,
    time: f64,
    encoding: Encoding,
) -> Result<(InputFrame, Arc<EditedFrame>), Failure> {
    let parameters = &inputs.parameters;
    if let Some(edit) = &parameters.edit {
        edit.values()?;
    }
    if parameters.output() != Output::Result && parameters.is(Verb::Refine) {
        return Err(input("what is refined is no item: there is neither plate nor item", "choose Result as Output"));
    }
    check_learning(parameters, time)?;
    let scene = inputs.scene_of(source, time, encoding)?;
    let watch = RenderWatch(inputs.instance);
    let film = (neighbours::reach(parameters) > 0).then(|| neighbours::film(parameters, &scene.frame));
    let edited = with_daemon(|daemon| {
        let mut info = session::open(daemon, parameters, &|| inputs.session_start(time, Some(&scene)))?;
        if parameters.learns_in_render && info.state != SessionState::Learned {
            learn::learn(daemon, &info.session, parameters, &watch)?;
            info = daemon.open_session(&info.session)?;
        }
        let items = session::items_of_frame(daemon, info, parameters, &scene)?;
        let film = film.as_deref().filter(|_| neighbours::are_taken(daemon, parameters, items.info.model.as_deref()));
        let rendering =
            film.map(|film| FRAMES.begin(film, time, &neighbours::shot(&scene.frame, items.info.items.clone(), items.labels.clone())));
        let others =
            film.map(|film| neighbours::find(inputs, daemon, &Rendered { scene: &scene, items: &items, time, encoding, film }, &watch));
        let request = EditRequest::new(parameters, &items, scene.frame.aspect)?.beside(others.unwrap_or_default());
        let key = request.key(&scene.frame, &items, parameters)?;
        let fits = |edited: &EditedFrame| edited.fits(&scene.frame.pixels);
        let compute = || compute(daemon, &request, &scene.frame, &watch);
        let edited = RESULTS.get(&key, RESULTS_ON_DISK.as_ref(), &|| watch.wants_stop(), &fits, &compute)?;
        if let Some(rendering) = rendering {
            rendering.done(&edited);
        }
        Ok(edited)
    });
    if let (Err(_), Some(film)) = (&edited, &film)
        && let Some(shot) = neighbours::empty_shot(&scene)
    {
        // It is not edited, but shows what items hide in others.
        drop(FRAMES.begin(film, time, &shot));
    }
    edited.map(|edited| (scene.frame, edited))
}

/// A host that gives no other frames would learn each frame for itself.
fn check_learning(parameters: &Parameters, time: f64) -> Result<(), Failure> {
    let is_reference = (parameters.reference_time - time).abs() < 1e-9;
    if !parameters.learns_in_render || is_reference || gives_other_times() || parameters.named_session().is_some() {
        return Ok(());
    }
    let hint = "learn it beforehand with `dedit learn`, and name the session";
    Err(input("this host does not give the reference frame while another one is rendered", hint))
}

fn compute(daemon: &Daemon, request: &EditRequest, frame: &InputFrame, watch: &dyn Watch) -> Result<EditedFrame, Failure> {
    let (edit, blobs) = request.for_frame(frame)?;
    let edited = daemon.edit(edit, blobs, watch)?;
    if !edited.fits(&frame.pixels) {
        return Err(input("the daemon's answer is of another frame", "update D-Edit: `dedit daemon stop`, then try again"));
    }
    Ok(edited)
}
