//! From what was asked for to what the daemon is told.

use dedit_protocol::request::{Edit, EditOptions, EditVerb, ModelChoice, PlanOptions};
use dedit_protocol::{Blob, Pixels, Samples};
use sha2::{Digest as _, Sha256};

use crate::desk::{Desk, numbers};
use crate::failure::{Failure, FailureKind};
use crate::parameters::{Kind, Parameters};
use crate::pixels::Plate;
use crate::session::{Table, chosen};

/// An edit of a frame, but for the frame's pixels.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Order {
    edit: Edit,
    numbers: Option<Vec<u16>>,
    /// The mask of the region that is made again.
    mask: Option<Vec<u8>>,
}

impl Order {
    /// `from` is the reference picture's item, where one was set.
    ///
    /// # Errors
    /// Where an item is meant that is not there.
    pub(crate) fn new(desk: &Desk, parameters: &Parameters, table: &Table, aspect: f64, from: Option<&str>) -> Result<Self, Failure> {
        let item = chosen(&table.info.items, &parameters.item)?;
        let mask = match parameters.kind {
            Kind::Refine => {
                let place = table.info.items.iter().position(|name| *name == item).unwrap_or_default();
                let numbers = table.numbers.clone().map_or_else(|| desk.labels(&table.info.session).map(|labels| labels.numbers), Ok)?;
                Some(numbers.into_iter().map(|number| if usize::from(number) == place { u8::MAX } else { 0 }).collect())
            }
            _ => None,
        };
        let verb = verb(parameters, &table.info.items, item, aspect, from)?;
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
            // What is not learned yet is edited as it is: a render that was not asked to learn does not fail for it.
            draft: true,
            ..Edit::default()
        };
        Ok(Self { edit, numbers: table.numbers.clone(), mask })
    }

    /// The name of what comes of it: the same pixels, items and words, in a session that knows as much, come out the same.
    pub(crate) fn key(&self, plate: &Plate, table: &Table, parameters: &Parameters, reference: Option<&Pixels>) -> Result<String, Failure> {
        let written = serde_json::to_string(&self.edit).map_err(|error| Failure::new(FailureKind::Internal, error.to_string()))?;
        let mut hasher = Sha256::new();
        for part in [
            env!("CARGO_PKG_VERSION"),
            &written,
            &plate.pixels.digest(),
            &table.info.items.join("\n"),
            if table.info.state == "learned" { "learned" } else { "" },
            table.info.model.as_deref().unwrap_or_default(),
            &parameters.take.to_string(),
            &reference.map(Pixels::digest).unwrap_or_default(),
        ] {
            // Each with its length, so that no two lists of parts run together to the same.
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        if let Some(numbers) = &self.numbers {
            for number in numbers {
                hasher.update(number.to_le_bytes());
            }
        }
        Ok(format!("{:x}", hasher.finalize()))
    }

    /// As the daemon is told it, with the frame.
    pub(crate) fn of_frame(&self, plate: &Plate) -> Result<(Edit, Vec<Blob>), Failure> {
        let (mut edit, size) = (self.edit.clone(), plate.size());
        let mut blobs = vec![Blob::Pixels(plate.pixels.clone())];
        edit.frame = Some(0);
        if let Some(items) = &self.numbers {
            edit.frame_items = Some(blobs.len());
            blobs.push(Blob::Pixels(numbers(size, items.clone())?));
        }
        if let Some(mask) = &self.mask {
            let pixels = Pixels::new(size.0 as u32, size.1 as u32, 1, Samples::U8(mask.clone()))
                .ok_or_else(|| Failure::new(FailureKind::Internal, "the region is not as large as the frame"))?;
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
fn verb(parameters: &Parameters, items: &[String], item: String, aspect: f64, from: Option<&str>) -> Result<EditVerb, Failure> {
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
            let from = from.ok_or_else(|| {
                Failure::new(FailureKind::Input, "there is no picture to take an item from").hint("connect one to Reference")
            })?;
            EditVerb::SwapIn { item, from: format!("reference:{from}") }
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

    fn items() -> Vec<String> {
        ["bag", "chair", "background"].map(str::to_owned).to_vec()
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
            assert_eq!(verb(&with(kind), &items(), item(), 2.0, Some("hat")).unwrap(), expected);
        }
        assert!(verb(&with(Kind::SwapIn), &items(), item(), 1.0, None).unwrap_err().to_string().contains("connect one to Reference"));
    }
}
