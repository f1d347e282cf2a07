//! The edit request for a frame.

use dedit_protocol::event::SessionInfo;
use dedit_protocol::names::SessionState;
use dedit_protocol::request::{Edit, EditOptions, EditVerb, ModelChoice, Neighbour, PlanOptions, set_item};
use dedit_protocol::{Blob, Pixels, Samples};
use dedit_schema::{Id, Value, Values, Verb};
use sha2::{Digest as _, Sha256};

use crate::choices::Output;
use crate::failure::{Failure, FailureKind, refused};
use crate::items::{bytes, position, resolve};
use crate::neighbours::OtherFrame;
use crate::parameters::{self, Parameters};
use crate::pixels::{EditedRegion, InputFrame};
use crate::session::FrameItems;

/// The places of the blobs of a request.
const FRAME: usize = 0;
const LABELS: usize = 1;
const REGION: usize = 2;

/// An edit of a frame, without the frame's pixels.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EditRequest {
    edit: Edit,
    /// For each pixel, row by row, the index of its item.
    labels: Vec<u16>,
    /// The index of the edited item.
    item: u16,
    others: Vec<OtherFrame>,
}

impl EditRequest {
    /// `aspect` is the width of a pixel over its height.
    ///
    /// # Errors
    /// Where an item does not exist, or a parameter is missing or out of range.
    pub(crate) fn new(parameters: &Parameters, items: &FrameItems, aspect: f64) -> Result<Self, Failure> {
        let edit = parameters.edit.as_ref().ok_or_else(|| Failure::new(FailureKind::Internal, "there is no edit to request"))?;
        let (verb, values) = resolved(edit, &items.info, parameters.session.is_empty(), aspect)?;
        let (item, verbs) = (position(&items.info.items, values.text(Id::Item).unwrap_or_default())?, vec![verb]);
        let options = EditOptions::from_values(&values);
        let edit = Edit {
            session: items.info.session.clone(),
            plan: PlanOptions::from_values(&values),
            model: ModelChoice { model: values.text(Id::Model).map(str::to_owned), ..ModelChoice::default() }.for_options(&options),
            options,
            frame: Some(FRAME),
            frame_items: Some(LABELS),
            // Another program may set other items before the daemon gets to this request.
            frame_names: Some(items.info.items.clone()),
            // A session that is not learned is edited as it is: rendering does not fail for it.
            draft: true,
            // The result of a removal is the plate. That of an item at rest, which is a removal too, is made with the item, which is shown beside it.
            layers: match edit.output() {
                Output::Result => false,
                Output::Plate => edit.verb != Verb::Remove,
                Output::Item => true,
            },
            edits: verbs,
            ..Edit::default()
        };
        Ok(Self { edit, labels: items.labels.clone(), item, others: Vec::new() })
    }

    /// With other frames of the film.
    pub(crate) fn beside(self, others: Vec<OtherFrame>) -> Self {
        Self { others, ..self }
    }

    /// The cache key of the result: a digest of everything that it depends on.
    pub(crate) fn key(&self, frame: &InputFrame, items: &FrameItems, parameters: &Parameters) -> Result<String, Failure> {
        let written = serde_json::to_string(&self.edit).map_err(|error| Failure::new(FailureKind::Internal, error.to_string()))?;
        let mut hasher = Sha256::new();
        for part in [
            env!("CARGO_PKG_VERSION"),
            &written,
            frame.digest(),
            &items.info.items.join("\n"),
            if items.info.state == SessionState::Learned { "learned" } else { "" },
            items.info.model.as_deref().unwrap_or_default(),
            &parameters.take.to_string(),
        ] {
            // Prefixed by its length, so that different lists of parts give different bytes.
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        // The region of `refine` is a blob, so it is not in `written`.
        hasher.update(self.item.to_le_bytes());
        hasher.update(bytes(&self.labels));
        for OtherFrame { offset, seen, labels } in &self.others {
            hasher.update(offset.to_le_bytes());
            hasher.update(&seen.shot.digest);
            hasher.update(bytes(labels));
            if let Some(EditedRegion { region, pixels }) = seen.edited.as_ref().map(|edited| &edited.region) {
                hasher.update(format!("{region:?} {}", pixels.digest()));
            }
        }
        Ok(format!("{:x}", hasher.finalize()))
    }

    /// The request with its blobs.
    pub(crate) fn for_frame(&self, frame: &InputFrame) -> Result<(Edit, Vec<Blob>), Failure> {
        let one_channel = |samples: Samples| {
            Pixels::new(frame.pixels.width(), frame.pixels.height(), 1, samples)
                .map(Blob::Pixels)
                .ok_or_else(|| Failure::new(FailureKind::Internal, "the label map does not have the frame's size"))
        };
        let mut blobs = vec![Blob::Pixels(frame.pixels.clone()), one_channel(Samples::U16(self.labels.clone()))?];
        if matches!(self.edit.edits[..], [EditVerb::Refine { .. }]) {
            let inside = self.labels.iter().map(|label| if *label == self.item { u8::MAX } else { 0 });
            blobs.push(one_channel(Samples::U8(inside.collect()))?);
        }
        let mut edit = self.edit.clone();
        for other in &self.others {
            edit.neighbours.push(neighbour(other, &mut blobs, &one_channel)?);
        }
        Ok((edit, blobs))
    }
}

/// Another frame, whose blobs are added.
fn neighbour(
    OtherFrame { offset, seen, labels }: &OtherFrame,
    blobs: &mut Vec<Blob>,
    one_channel: &impl Fn(Samples) -> Result<Blob, Failure>,
) -> Result<Neighbour, Failure> {
    let mut add = |blob: Blob| {
        blobs.push(blob);
        blobs.len() - 1
    };
    let frame = add(Blob::Pixels(seen.shot.pixels.clone()));
    let frame_items = Some(add(one_channel(Samples::U16(labels.clone()))?));
    let edited = seen.edited.as_ref().map(|edited| add(Blob::Pixels(edited.region.pixels.clone())));
    let region = seen.edited.as_ref().map(|edited| edited.region.region).unwrap_or_default();
    Ok(Neighbour { offset: *offset, frame, frame_items, edited, region })
}

/// The edit with the names of its items in the session, and lengths in square pixels. `has_own_session` is for sessions that belong to the instance.
fn resolved(edit: &parameters::Edit, session: &SessionInfo, has_own_session: bool, aspect: f64) -> Result<(EditVerb, Values), Failure> {
    let mut values = edit.values()?.clone();
    let given = |values: &Values, id: Id| values.text(id).unwrap_or_default().to_owned();
    let item = resolve(&session.items, &given(&values, Id::Item))?;
    set_item(&mut values, Id::Item, &item);
    for id in [Id::Into, Id::With] {
        if let Some(name) = values.text(id).map(str::to_owned) {
            set_item(&mut values, id, &resolve(&session.items, &name)?);
        }
    }
    if edit.verb == Verb::SwapIn {
        // The picture of a Reference clip has one item, and `other` may be meant for another verb.
        let name = if has_own_session { String::new() } else { given(&values, Id::From) };
        set_item(&mut values, Id::From, &format!("reference:{}", resolve(&session.reference_items, &name)?));
    }
    if let Some(right) = values.number(Id::Dx) {
        values.insert(Id::Dx, Some(Value::Number(right / aspect)));
    }
    let verb = if edit.shows_still_item() { Verb::Remove } else { edit.verb };
    let verb = EditVerb::from_values(verb, &values, Some(REGION)).map_err(|refusal| refused(&refusal))?;
    Ok((verb, values))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::tests::{parameters, text};

    fn session() -> SessionInfo {
        SessionInfo {
            session: "s".to_owned(),
            items: ["bag", "chair", "background"].map(str::to_owned).to_vec(),
            reference_items: ["hat", "background"].map(str::to_owned).to_vec(),
            ..SessionInfo::default()
        }
    }

    fn of(verb: Verb, given: &[(Id, Value)], session: &SessionInfo) -> Result<EditVerb, Failure> {
        let parameters = parameters(Some((verb, given)));
        resolved(parameters.edit.as_ref().unwrap(), session, true, 2.0).map(|(verb, _)| verb)
    }

    #[test]
    fn each_edit_names_items_of_the_session() {
        let (item, into) = (|| "bag".to_owned(), Some("background".to_owned()));
        let bag = || (Id::Item, text("1"));
        let number = |id: Id, value: f64| (id, Value::Number(value));
        for (verb, given, expected) in [
            (Verb::Replace, vec![bag(), (Id::Prompt, text("a hat"))], EditVerb::Replace { item: item(), prompt: "a hat".into() }),
            (Verb::Augment, vec![bag(), (Id::Prompt, text("a hat"))], EditVerb::Augment { item: item(), prompt: "a hat [v]".into() }),
            (Verb::Remove, vec![bag(), (Id::Into, text("3"))], EditVerb::Remove { items: vec![item()], into }),
            // Pixels twice as wide as high: half as many.
            (
                Verb::Move,
                vec![bag(), number(Id::Dx, 12.0), number(Id::Dy, -4.0), number(Id::Scale, 0.5), number(Id::Rotate, 30.0)],
                EditVerb::Move { item: item(), dx: 6.0, dy: -4.0, scale: 0.5, rotate: 30.0, into: None },
            ),
            (Verb::Swap, vec![bag(), (Id::With, text("2"))], EditVerb::Swap { item: item(), with: "chair".into() }),
            (Verb::SwapIn, vec![bag(), (Id::From, text("2"))], EditVerb::SwapIn { item: item(), from: "reference:hat".into() }),
            (Verb::Blend, vec![bag(), (Id::With, text("chair"))], EditVerb::Blend { item: item(), with: "chair".into(), amount: 0.5 }),
            (Verb::Refine, vec![bag()], EditVerb::Refine { mask: REGION }),
        ] {
            assert_eq!(of(verb, &given, &session()).unwrap(), expected);
        }
        let without = SessionInfo { reference_items: Vec::new(), ..session() };
        assert!(of(Verb::SwapIn, &[bag()], &without).is_err());
        assert!(of(Verb::Remove, &[], &session()).unwrap_err().message.contains("which item"));
    }

    #[test]
    fn outputs_of_one_edit_have_one_key() {
        let frame = InputFrame::of_bytes(2, 1, &[7; 6]);
        let items = FrameItems { info: session(), labels: vec![0, 1] };
        let request = |verb: Verb, right: f64, output: &str| {
            let values = [(Id::Item, text("bag")), (Id::Dx, Value::Number(right)), (Id::Output, text(output))];
            let parameters = parameters(Some((verb, &values)));
            let request = EditRequest::new(&parameters, &items, 1.0).unwrap();
            (request.key(&frame, &items, &parameters).unwrap(), request.edit)
        };
        for (one, other, same) in [
            (request(Verb::Move, 3.0, "plate"), request(Verb::Move, 3.0, "item"), true),
            (request(Verb::Move, 3.0, "result"), request(Verb::Move, 3.0, "item"), false),
            (request(Verb::Move, 0.0, "plate"), request(Verb::Move, 0.0, "item"), true),
            (request(Verb::Remove, 0.0, "result"), request(Verb::Remove, 0.0, "plate"), true),
            (request(Verb::Remove, 0.0, "result"), request(Verb::Remove, 0.0, "item"), false),
            (request(Verb::Move, 0.0, "item"), request(Verb::Remove, 0.0, "item"), true),
        ] {
            assert_eq!(one.0 == other.0, same, "{one:?} {other:?}");
        }
    }

    #[test]
    fn the_region_of_refine_is_part_of_the_key() {
        let frame = InputFrame::of_bytes(2, 1, &[7; 6]);
        let items = FrameItems { info: session(), labels: vec![0, 1] };
        let refined = |item: &str| {
            let parameters = parameters(Some((Verb::Refine, &[(Id::Item, text(item))])));
            let request = EditRequest::new(&parameters, &items, 1.0).unwrap();
            let (edit, blobs) = request.for_frame(&frame).unwrap();
            assert_eq!(edit.edits, [EditVerb::Refine { mask: REGION }]);
            (request.key(&frame, &items, &parameters).unwrap(), blobs[REGION].clone())
        };
        let mask = |bytes: &[u8]| Blob::Pixels(Pixels::new(2, 1, 1, Samples::U8(bytes.to_vec())).unwrap());
        let (bag, chair) = (refined("bag"), refined("chair"));
        assert_eq!((&bag.1, &chair.1), (&mask(&[255, 0]), &mask(&[0, 255])));
        assert_ne!(bag.0, chair.0);
        assert_eq!(bag, refined("1"));
    }
}
