//! From what was asked for to what the daemon is told.

use dedit_protocol::event::SessionInfo;
use dedit_protocol::names::SessionState;
use dedit_protocol::request::{Edit, EditOptions, EditVerb, ModelChoice, PlanOptions};
use dedit_protocol::{Blob, Pixels, Samples};
use sha2::{Digest as _, Sha256};

use crate::desk::numbers;
use crate::failure::{Failure, FailureKind};
use crate::parameters::{Kind, Parameters};
use crate::pixels::Plate;
use crate::session::{Table, bytes, chosen, place};

/// An edit of a frame, but for the frame's pixels.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Order {
    edit: Edit,
    numbers: Vec<u16>,
    /// The place of the item among the session's: what is made again is where it is.
    item: u16,
}

impl Order {
    /// # Errors
    /// Where an item is meant that is not there.
    pub(crate) fn new(parameters: &Parameters, table: &Table, aspect: f64) -> Result<Self, Failure> {
        let item = chosen(&table.info.items, &parameters.item)?;
        let place = place(&table.info.items, &item)?;
        let verb = verb(parameters, &table.info, item, aspect)?;
        let edit = Edit {
            session: table.info.session.clone(),
            edits: vec![verb],
            plan: PlanOptions { fit: parameters.fit.word().map(str::to_owned), ..PlanOptions::default() },
            options: EditOptions {
                steps: parameters.steps,
                guidance: parameters.guidance,
                strength: parameters.strength,
                seed: Some(parameters.seed),
                steady: parameters.steady,
                ..EditOptions::default()
            },
            model: ModelChoice { model: some(&parameters.model), ..ModelChoice::default() },
            // Another host may set other items before the daemon comes to it.
            frame_names: Some(table.info.items.clone()),
            // What is not learned yet is edited as it is: a render that was not asked to learn does not fail for it.
            draft: true,
            ..Edit::default()
        };
        Ok(Self { edit, numbers: table.numbers.clone(), item: place })
    }

    /// The name of what comes of it: the same pixels, items and words, in a session that knows as much, come out the same.
    pub(crate) fn key(&self, plate: &Plate, table: &Table, parameters: &Parameters) -> Result<String, Failure> {
        let written = serde_json::to_string(&self.edit).map_err(|error| Failure::new(FailureKind::Internal, error.to_string()))?;
        let mut hasher = Sha256::new();
        for part in [
            env!("CARGO_PKG_VERSION"),
            &written,
            plate.digest(),
            &table.info.items.join("\n"),
            if table.info.state == SessionState::Learned { "learned" } else { "" },
            table.info.model.as_deref().unwrap_or_default(),
            &parameters.take.to_string(),
        ] {
            // Each with its length, so that no two lists of parts run together to the same.
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        // Which region is made again is not in the edit, whose masks are blobs.
        hasher.update(self.item.to_le_bytes());
        hasher.update(bytes(&self.numbers));
        Ok(format!("{:x}", hasher.finalize()))
    }

    /// As the daemon is told it, with the frame.
    pub(crate) fn of_frame(&self, plate: &Plate) -> Result<(Edit, Vec<Blob>), Failure> {
        let (mut edit, size) = (self.edit.clone(), plate.size());
        let mut blobs = vec![Blob::Pixels(plate.pixels.clone()), Blob::Pixels(numbers(size, self.numbers.clone())?)];
        (edit.frame, edit.frame_items) = (Some(0), Some(1));
        if matches!(edit.edits[..], [EditVerb::Refine { .. }]) {
            let mask = self.numbers.iter().map(|number| if *number == self.item { u8::MAX } else { 0 }).collect();
            let pixels = Pixels::new(size.0 as u32, size.1 as u32, 1, Samples::U8(mask)).ok_or_else(|| {
                Failure::new(FailureKind::Internal, "the region is not as large as the frame").hint("update D-Edit: `dedit install openfx`")
            })?;
            edit.edits = vec![EditVerb::Refine { mask: blobs.len() }];
            blobs.push(Blob::Pixels(pixels));
        }
        Ok((edit, blobs))
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// What is done with an item.
fn verb(parameters: &Parameters, session: &SessionInfo, item: String, aspect: f64) -> Result<EditVerb, Failure> {
    let items = &session.items;
    let into = if parameters.into.is_empty() { None } else { Some(chosen(items, &parameters.into)?) };
    let other = || chosen(items, &parameters.other);
    Ok(match parameters.kind {
        Kind::Replace => EditVerb::Replace { item, prompt: parameters.prompt.clone() },
        Kind::Augment => EditVerb::Augment { item, prompt: with_item(&parameters.prompt) },
        Kind::Remove => EditVerb::Remove { items: vec![item], into },
        Kind::Move => {
            let [right, down] = parameters.shift;
            // A length of the whole picture is one of square pixels; those of a frame may be wider.
            EditVerb::Move { item, dx: right / aspect, dy: down, scale: parameters.scale, rotate: parameters.rotate, into }
        }
        Kind::Swap => EditVerb::Swap { item, with: other()? },
        Kind::SwapIn => {
            // The picture of a Reference clip has one item, however the other one of the frame is called.
            let said = if parameters.session.is_empty() { "" } else { &parameters.other };
            EditVerb::SwapIn { item, from: format!("reference:{}", chosen(&session.reference_items, said)?) }
        }
        Kind::Blend => EditVerb::Blend { item, with: other()?, amount: parameters.amount as f32 },
        Kind::Refine | Kind::Nothing => EditVerb::Refine { mask: 0 },
    })
}

/// Words round an item have its place in them; behind them where they do not say.
fn with_item(words: &str) -> String {
    if words.contains("[v]") { words.to_owned() } else { format!("{words} [v]") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::tests::defaults;

    fn session() -> SessionInfo {
        SessionInfo {
            items: ["bag", "chair", "background"].map(str::to_owned).to_vec(),
            reference_items: ["hat", "background"].map(str::to_owned).to_vec(),
            ..SessionInfo::default()
        }
    }

    #[test]
    fn each_kind_is_what_the_daemon_calls_it() {
        let with = |kind| Parameters {
            kind,
            prompt: "a hat".into(),
            other: "2".into(),
            into: "background".into(),
            shift: [12.0, -4.0],
            scale: 0.5,
            rotate: 30.0,
            ..defaults()
        };
        let item = || "bag".to_owned();
        let into = Some("background".to_owned());
        for (kind, expected) in [
            (Kind::Replace, EditVerb::Replace { item: item(), prompt: "a hat".into() }),
            (Kind::Augment, EditVerb::Augment { item: item(), prompt: "a hat [v]".into() }),
            (Kind::Remove, EditVerb::Remove { items: vec![item()], into: into.clone() }),
            // Pixels twice as wide: half as many.
            (Kind::Move, EditVerb::Move { item: item(), dx: 6.0, dy: -4.0, scale: 0.5, rotate: 30.0, into }),
            (Kind::Swap, EditVerb::Swap { item: item(), with: "chair".into() }),
            (Kind::SwapIn, EditVerb::SwapIn { item: item(), from: "reference:hat".into() }),
            (Kind::Blend, EditVerb::Blend { item: item(), with: "chair".into(), amount: 0.5 }),
        ] {
            assert_eq!(verb(&with(kind), &session(), item(), 2.0).unwrap(), expected);
        }
        let without = SessionInfo { reference_items: Vec::new(), ..session() };
        assert!(verb(&with(Kind::SwapIn), &without, item(), 1.0).is_err());
    }

    #[test]
    fn what_is_made_again_decides_under_which_name_it_is_kept() {
        let plate = Plate::of_bytes(2, 1, &[7; 6]);
        let table = Table { info: session(), numbers: vec![0, 1] };
        let made_again = |item: &str| {
            let parameters = Parameters { kind: Kind::Refine, item: item.to_owned(), ..defaults() };
            let order = Order::new(&parameters, &table, 1.0).unwrap();
            let (edit, blobs) = order.of_frame(&plate).unwrap();
            assert_eq!(edit.edits, [EditVerb::Refine { mask: 2 }]);
            (order.key(&plate, &table, &parameters).unwrap(), blobs[2].clone())
        };
        let mask = |bytes: &[u8]| Blob::Pixels(Pixels::new(2, 1, 1, Samples::U8(bytes.to_vec())).unwrap());
        let (bag, chair) = (made_again("bag"), made_again("chair"));
        assert_eq!((&bag.1, &chair.1), (&mask(&[255, 0]), &mask(&[0, 255])));
        assert_ne!(bag.0, chair.0);
        assert_eq!(bag, made_again("1"));
    }
}
