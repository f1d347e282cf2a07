//! D-Edit as a plug-in of GIMP 2.10 and GIMP 3.
//!
//! A call goes one way through the files: [`run`] checks its arguments ([`procedures`], [`parameters`]) and opens a dialog where it came from the menu
//! ([`ui`]); [`document`] finds what is edited ([`source`]), its pixels ([`composite`]) and items ([`items`]); [`actions`] has the daemon do the work
//! ([`request`], [`edit`], [`connection`]), and [`layers`] inserts the results ([`layer`]), each with the [`record`] of how it was made. Nothing is computed here.

mod actions;
mod clicks;
mod composite;
mod connection;
mod convert;
mod document;
mod edit;
mod failure;
mod history;
mod items;
mod layer;
mod layers;
mod masks;
mod parameters;
mod pixels;
mod procedures;
mod record;
mod reference;
mod report;
mod request;
mod result;
mod run;
mod sessions;
mod sides;
mod source;
mod ui;
mod watch;

#[cfg(test)]
mod fake;

use std::process::ExitCode;

use gimp_host::{About, Call, Host, Plugin, Procedure, Returned, Stop};

struct DEdit;

impl Plugin for DEdit {
    fn about(&self) -> About {
        About {
            author: "The D-Edit authors",
            year: "2026",
            usage: "dedit-gimp is a plug-in: GIMP starts it; `dedit install gimp` installs it",
        }
    }

    fn procedures(&self) -> Vec<Procedure> {
        procedures::procedures()
    }

    fn run(&self, host: &dyn Host, call: &Call) -> Result<Returned, Stop> {
        run::run(host, call)
    }
}

fn main() -> ExitCode {
    gimp_host::run(&DEdit)
}
