//! `dedit plan`: what an edit comes to, before anything is computed.

use std::path::PathBuf;

use clap::Args;
use dedit_edit::{Channels, EditPlan, Image, Samples, Segmentation, Size};
use dedit_protocol::answer::Planned;
use dedit_protocol::features;
use dedit_protocol::request::{self, PlanOptions};
use dedit_schema::Group;
use serde_json::{Value, json};

use crate::arguments::{Reporting, Unused};
use crate::console::Console;
use crate::edit_options::{Besides, Planning, Source, VerbCall, items_on_canvas, size_on_canvas};
use crate::error::Result;
use crate::format::distant_regions;
use crate::interrupt::Interrupt;
use crate::output;
use crate::picture::encode_plain;

/// Show what an edit comes to: new masks and the region that changes; needs no model
#[derive(Debug, Args)]
#[command(subcommand_required = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    call: VerbCall<Common>,
}

impl Options {
    pub(crate) fn reporting(&self) -> &Reporting {
        &self.call.besides().reporting
    }
}

/// What all verbs take.
#[derive(Debug, Clone, Args)]
pub(crate) struct Common {
    /// The plan as a PNG picture: items in colours, full where pixels change, faded where they stay
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The items after the edit as a 16-bit grey PNG of their numbers
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    planning: Planning,
    #[command(flatten)]
    unused: Unused,
    #[command(flatten)]
    reporting: Reporting,
}

impl Besides for Common {
    const GROUPS: &'static [Group] = &[Group::Plan];
}

/// Runs the command.
pub(crate) fn run(options: &Options, console: &Console, interrupt: &Interrupt) -> Result<()> {
    let common = options.call.besides();
    let connection = common.unused.daemon.connect_if_running(console, interrupt)?;
    connection.require(features::CROPPED)?;
    let session = common.source.info(&connection)?;
    let [width, height] = session.size.map(|side| side as usize);
    let size = Size::new(width, height)?;
    let (edits, blobs) = common.planning.edits(&options.call, size)?;
    let verb = edits[0].verb().id();
    let canvas = size_on_canvas(size, &edits)?;
    let plan = PlanOptions::from_values(options.call.values());
    let plan = request::Plan { session: session.session.clone(), edits: edits.clone(), plan, base: Some(0), ..request::Plan::default() };
    let (planned, change) = if common.out.is_some() || common.labels.is_some() {
        let before = items_on_canvas(&connection.segmentation(&session)?, &edits)?;
        let (planned, plan) = connection.plan(plan, blobs, &before)?;
        common.write(&plan)?;
        (planned, plan.change().values().to_vec())
    } else {
        connection.plan_of_region(plan, blobs)?
    };
    let report = report(verb, &planned, &change, canvas);
    let count = |name: &str| report[name].as_u64().unwrap_or(0);
    let regions = distant_regions(&planned.regions).map_or_else(String::new, |regions| format!("; {regions}"));
    let (made, soft) = (count("active_pixels"), count("soft_pixels"));
    let summary = format!("{verb}: {made} pixels are made, {soft} around them change a little{regions}");
    console.finish(&summary, report);
    Ok(())
}

impl Common {
    fn write(&self, plan: &EditPlan) -> Result<()> {
        if let Some(file) = &self.out {
            let file = &output::prepare(file, 1, &["png"])?[0];
            output::write(file, &encode_plain(&plan.picture()?, None)?)?;
        }
        if let Some(file) = &self.labels {
            let file = &output::prepare(file, 1, &["png"])?[0];
            output::write(file, &labels_png(plan.after())?)?;
        }
        Ok(())
    }
}

/// `change` is of the picture, or of the region alone, outside of which nothing changes.
fn report(verb: &str, planned: &Planned, change: &[f32], size: Size) -> Value {
    let count = |holds: fn(f32) -> bool| change.iter().filter(|value| holds(**value)).count();
    json!({
        "verb": verb,
        "region": planned.region,
        "regions": planned.regions,
        "active_pixels": count(|value| value >= 1.0),
        "soft_pixels": count(|value| value > 0.0 && value < 1.0),
        "hard_pixels": size.pixels() - count(|value| value > 0.0),
        "items": planned.items,
    })
}

/// Items as a 16-bit grey PNG file of their numbers.
fn labels_png(items: &Segmentation) -> Result<Vec<u8>> {
    let image = Image::new(items.size(), Channels::Grey, Samples::U16(items.labels().to_vec()))?;
    encode_plain(&image, None)
}
