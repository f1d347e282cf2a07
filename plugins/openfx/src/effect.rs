//! The effect: its answers to the host's actions.

use std::ffi::CStr;

use dedit_schema::Verb;
use ofx_host::abi::RangeD;
use ofx_host::names::{prop, value};
use ofx_host::{
    Change, ClipDeclaration, Context, Definition, Effect, Error, Frame, FramesNeeded, HostFacts, Identity, Instance, Properties, Result,
};

use crate::cache::RESULTS;
use crate::choices::{MaskSource, Output};
use crate::failure::to_host;
use crate::film::FRAMES;
use crate::inputs::{Inputs, gives_other_times, reference_time, remember_host};
use crate::layers::write_items;
use crate::masks::is_numbered;
use crate::names::{MASK, REFERENCE};
use crate::parameters::{NamedSession, Parameters};
use crate::pixels::write_frame;
use crate::{buttons, clips, daemon, describe, neighbours, render};

/// The effect.
pub(crate) struct DEdit;

impl Effect for DEdit {
    fn label(&self) -> &'static CStr {
        c"D-Edit"
    }

    fn clips(&self, context: Context) -> &'static [ClipDeclaration] {
        clips::of(context)
    }

    fn describe(&self, host: &HostFacts, effect: &Properties<'_>) -> Result<()> {
        if let Some(path) = effect.text(prop::FILE_PATH, 0).filter(|path| !path.is_empty()) {
            daemon::remember_bundle(&path);
        }
        remember_host(host);
        describe::effect(host, effect);
        Ok(())
    }

    fn describe_in_context(&self, _: &HostFacts, _: Context, definition: &Definition<'_>) -> Result<()> {
        describe::parameters(definition)
    }

    fn identity(&self, instance: &Instance<'_>, frame: &Frame) -> Result<Option<Identity>> {
        let nothing = Parameters::of(instance, frame)?.changes_nothing();
        Ok(nothing.then_some(Identity { clip: value::SOURCE, time: frame.time }))
    }

    fn frames_needed(&self, instance: &Instance<'_>, time: f64) -> Result<Vec<FramesNeeded>> {
        let parameters = Parameters::read(instance, time, [1.0, 1.0])?;
        if parameters.changes_nothing() {
            return Ok(Vec::new());
        }
        let reference = reference_time(&parameters, time);
        let is_named = matches!(parameters.named_session(), Some(NamedSession::ByUser(_)));
        let learned = (!is_named && (reference - time).abs() >= 1e-9).then_some(reference);
        let around = if gives_other_times() { neighbours::wanted(&parameters) } else { Vec::new() };
        if learned.is_none() && around.is_empty() {
            return Ok(Vec::new());
        }
        let times: Vec<f64> = [time].into_iter().chain(learned).chain(around.iter().map(|offset| time + offset)).collect();
        let needed = |clip, time| FramesNeeded { clip, range: RangeD { min: time, max: time } };
        let both = [value::SOURCE, MASK].into_iter().flat_map(|clip| times.iter().map(move |time| needed(clip, *time)));
        let taken_from = learned.filter(|_| parameters.is(Verb::SwapIn)).map(|reference| needed(REFERENCE, reference));
        Ok(both.chain(taken_from).collect())
    }

    fn varies(&self, instance: &Instance<'_>) -> Result<bool> {
        let parameters = Parameters::read(instance, 0.0, [1.0, 1.0])?;
        Ok(parameters.mask_source == MaskSource::File && is_numbered(&parameters.mask_file))
    }

    fn makes_alpha(&self, instance: &Instance<'_>) -> Result<bool> {
        let parameters = Parameters::read(instance, 0.0, [1.0, 1.0])?;
        Ok(parameters.output() == Output::Item)
    }

    fn render(&self, instance: &Instance<'_>, frame: &Frame) -> Result<()> {
        let parameters = Parameters::of(instance, frame)?;
        let inputs = Inputs { instance, parameters };
        let missing = |what: &str| if instance.is_aborted() { Error::aborted() } else { Error::failed(what) };
        let output = inputs.image(value::OUTPUT, frame.time)?;
        let mut output = output.ok_or_else(|| missing("the host gave no image to fill"))?;
        let source = inputs.image(value::SOURCE, frame.time)?;
        let source = source.ok_or_else(|| missing("there is no Source at this time; connect one"))?;
        let encoding = inputs.encoding(value::SOURCE, source.depth());
        if inputs.parameters.changes_nothing() {
            write_frame(&mut output, &source, None, frame, encoding);
            return Ok(());
        }
        match render::edited(&inputs, &source, frame.time, encoding) {
            Ok((input, edited)) => {
                if inputs.parameters.output() == Output::Item {
                    write_items(&mut output, &input, &edited, frame, encoding);
                } else {
                    write_frame(&mut output, &source, Some((&input, &edited.region)), frame, encoding);
                }
                Ok(())
            }
            Err(failure) => {
                // Hosts that ignore the failure show the source, and not a frame that is half filled.
                write_frame(&mut output, &source, None, frame, encoding);
                Err(to_host(&failure))
            }
        }
    }

    fn changed(&self, instance: &Instance<'_>, change: &Change) -> Result<()> {
        buttons::changed(instance, change)
    }

    fn purge(&self) {
        RESULTS.purge();
        FRAMES.purge();
    }
}
