//! The progress suites, versions 1 and 2.

use std::ffi::c_double;

use ofx_host::abi::{Handle, ProgressSuite, ProgressSuiteV2, Status, Text, status};

use super::access::{effect, refuse};
use crate::call::Call;
use crate::effect_state::EffectState;
use crate::guard::{answer, needed, text};
use crate::log::Progress;

pub(super) static SUITE_1: ProgressSuite = ProgressSuite { start: Some(start_1), update: Some(update), end: Some(end) };
pub(super) static SUITE_2: ProgressSuiteV2 = ProgressSuiteV2 { start: Some(start_2), update: Some(update), end: Some(end) };

fn record(effect: &EffectState, progress: Progress) {
    if let Some(call) = Call::of(effect) {
        call.log.records().progress.push(progress);
    }
}

fn start(handle: Handle, label: Text, id: Option<String>) -> Result<(), Status> {
    let effect = effect(handle, "progressStart")?;
    let label = needed(label, "the label of a progress")?;
    if std::mem::replace(&mut effect.life().in_progress, true) {
        return refuse(&effect.host, status::FAILED, "progressStart before progressEnd".to_owned());
    }
    record(&effect, Progress::Start(label, id));
    Ok(())
}

extern "C" fn start_1(handle: Handle, label: Text) -> Status {
    answer(|| start(handle, label, None))
}

extern "C" fn start_2(handle: Handle, label: Text, id: Text) -> Status {
    answer(|| start(handle, label, Some(text(id).unwrap_or_default())))
}

extern "C" fn update(handle: Handle, progress: c_double) -> Status {
    answer(|| {
        let effect = effect(handle, "progressUpdate")?;
        let (started, hook) = {
            let life = effect.life();
            (life.in_progress, life.progress.clone())
        };
        if !started {
            return refuse(&effect.host, status::FAILED, "progressUpdate without progressStart".to_owned());
        }
        if !(0.0..=1.0).contains(&progress) {
            return refuse(&effect.host, status::VALUE, format!("progressUpdate: {progress} is not between 0 and 1"));
        }
        record(&effect, Progress::Update(progress));
        if hook.is_none_or(|hook| hook(progress)) { Ok(()) } else { Err(status::NO) }
    })
}

extern "C" fn end(handle: Handle) -> Status {
    answer(|| {
        let effect = effect(handle, "progressEnd")?;
        if !std::mem::take(&mut effect.life().in_progress) {
            return refuse(&effect.host, status::FAILED, "progressEnd without progressStart".to_owned());
        }
        record(&effect, Progress::End);
        Ok(())
    })
}
