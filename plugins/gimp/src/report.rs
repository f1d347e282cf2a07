//! What a call returns: JSON for scripts, sentences for people.

use dedit_protocol::answer::{Catalog, Learned, Region, Revisions, Status};
use gimp_host::Stop;
use serde_json::json;

use crate::convert;
use crate::failure::{Failure, FailureKind};
use crate::items::PictureItems;
use crate::result::EditResult;

/// An error as GIMP takes it.
pub(crate) fn stop(failure: &Failure) -> Stop {
    match failure.kind {
        FailureKind::Cancelled => Stop::Cancelled,
        _ => Stop::Failed(failure.to_string()),
    }
}

/// The results of an edit, and remarks about the document.
pub(crate) fn results(results: &[EditResult], remarks: &[String]) -> String {
    let session = results.first().map(|result| result.session.clone());
    let results: Vec<_> = results.iter().map(result).collect();
    json!({"session": session, "results": results, "remarks": remarks}).to_string()
}

fn result(result: &EditResult) -> serde_json::Value {
    let edited = &result.edited;
    let edits: Vec<_> = result.edit.iter().map(convert::edit_record).collect();
    json!({
        "name": result.name, "revision": edited.revision, "base": edited.base, "seed": edited.seed, "draft": edited.draft,
        "seconds": edited.seconds, "region": region(edited.region), "edits": edits,
        "layers": result.items().iter().map(|item| item.name.as_str()).collect::<Vec<_>>(),
        "changed_pixels_outside": edited.changed_pixels_outside, "model": edited.model,
    })
}

fn region(region: Region) -> serde_json::Value {
    let Region { x, y, width, height } = region;
    json!({"x": x, "y": y, "width": width, "height": height})
}

/// What was learned.
pub(crate) fn learned(learned: &Learned, items: &PictureItems) -> String {
    json!({
        "session": items.session, "items": items.names, "seconds": learned.seconds, "steps": learned.steps,
        "loss_first": learned.loss_first, "loss_last": learned.loss_last, "remarks": items.remarks,
    })
    .to_string()
}

/// The items of a picture.
pub(crate) fn items(items: &PictureItems) -> String {
    json!({"session": items.session, "items": items.names, "base": items.base, "remarks": items.remarks}).to_string()
}

/// The revisions of a session.
pub(crate) fn history(session: &str, history: &Revisions) -> String {
    let revisions: Vec<_> = history
        .revisions
        .iter()
        .map(|revision| json!({"revision": revision.revision, "base": revision.base, "seed": revision.seed, "edits": revision.edits}))
        .collect();
    json!({"session": session, "current": history.current, "revisions": revisions}).to_string()
}

/// All models, as the daemon lists them.
pub(crate) fn models(catalog: &Catalog) -> String {
    json!(catalog).to_string()
}

/// The state of the daemon, in sentences.
pub(crate) fn status(status: &Status, version: &str) -> String {
    let mut lines = vec![format!("D-Edit {version}; the daemon has run for {}", time(status.seconds))];
    lines.push(match &status.models[..] {
        [] => "No model is loaded".to_owned(),
        models => models.iter().map(|model| format!("Model {} on {}", model.name, model.device)).collect::<Vec<_>>().join("\n"),
    });
    lines.extend(status.jobs.iter().map(|job| match job.position {
        None => format!("Job {}: {} for {}", job.job, job.what, job.client),
        Some(position) => format!("Job {}: {} for {}, {position} before it", job.job, job.what, job.client),
    }));
    let gigabytes = |bytes: u64| format!("{:.2} GB", bytes as f64 / 1e9);
    lines.push(format!("{} pictures are kept, {} of {}", status.sessions, gigabytes(status.store_bytes), gigabytes(status.store_quota)));
    lines.extend(status.rss_bytes.map(|bytes| format!("Memory: {}", gigabytes(bytes))));
    lines.join("\n")
}

fn time(seconds: f64) -> String {
    let minutes = (seconds.max(0.0) / 60.0) as u64;
    match minutes {
        0 => "less than a minute".to_owned(),
        1..120 => format!("{minutes} min"),
        _ => format!("{} h", minutes / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_shown_whole_and_cancelling_is_none() {
        let failure = Failure::from(dedit_protocol::Failure::new(FailureKind::Connection, "no daemon").at("/x").hint("start one"));
        assert_eq!(stop(&failure), Stop::Failed("no daemon: /x; start one".to_owned()));
        assert_eq!(stop(&Failure::new(FailureKind::Cancelled, "cancelled")), Stop::Cancelled);
    }

    #[test]
    fn the_status_names_what_runs() {
        let mut state = Status { seconds: 200.0, store_quota: 2_000_000_000, sessions: 3, ..Status::default() };
        assert_eq!(
            status(&state, "1.0"),
            "D-Edit 1.0; the daemon has run for 3 min\nNo model is loaded\n3 pictures are kept, 0.00 GB of 2.00 GB"
        );
        let job = dedit_protocol::answer::JobInfo {
            job: 7,
            what: "learn".into(),
            client: "gimp".into(),
            position: Some(1),
            ..Default::default()
        };
        state.jobs.push(job);
        assert!(status(&state, "1.0").contains("Job 7: learn for gimp, 1 before it"));
    }
}
