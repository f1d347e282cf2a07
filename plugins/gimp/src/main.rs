//! D-Edit as a plug-in of GIMP 2.10 and GIMP 3.
//!
//! A call goes one way through the files: what is offered ([`describe`]), what was asked for ([`parameters`]), the layer it is about ([`source`]) and its
//! pixels ([`pixels`], [`ground`]), its items ([`items`]), the daemon that does the work ([`desk`]), all of that in order ([`run`]), with a dialog where the
//! user is asked ([`ui`]), and the new layers ([`result`]). Nothing is computed here.

mod describe;
mod desk;
mod failure;
mod ground;
mod items;
mod jobs;
mod masks;
mod noted;
mod other;
mod parameters;
mod past;
mod pixels;
mod result;
mod run;
mod source;
mod told;
mod ui;
mod verbs;
mod watch;

#[cfg(test)]
mod fake;

use std::process::ExitCode;

use gimp_host::{Call, Host, Plugin, Procedure, Returned, Stop};

struct DEdit;

impl Plugin for DEdit {
    fn procedures(&self) -> Vec<Procedure> {
        describe::procedures()
    }

    fn run(&self, host: &dyn Host, call: &Call) -> Result<Returned, Stop> {
        run::run(host, call)
    }
}

fn main() -> ExitCode {
    gimp_host::run(&DEdit)
}
