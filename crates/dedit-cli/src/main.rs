//! The program `dedit`: D-Edit and plain diffusion on the command line.
//!
//! It computes nothing itself: it reads options, pictures and masks, hands them to the daemon, and writes what comes back. Only plain diffusion runs
//! here.

mod arguments;
mod command_line;
mod commands;
mod connection;
mod console;
mod edit_options;
mod error;
mod format;
mod interrupt;
mod items;
mod model_choice;
#[cfg(test)]
mod mutations;
mod output;
mod picture;
mod sheet;

use std::process::ExitCode;

use crate::command_line::Command;
use crate::commands::{daemon, demo, doctor, edit, generate, install, learn, model, plan, segment, show};
use crate::console::Console;
use crate::interrupt::Interrupt;

fn main() -> ExitCode {
    dedit_nn::memory::keep_large_buffers();
    let command = match command_line::read() {
        Ok(command) => command,
        Err(code) => return code,
    };
    let console = Console::new(command.reporting());
    // A daemon hears signals itself.
    if let Command::Daemon(options) = &command
        && options.is_foreground()
    {
        return daemon::run(options, &console).map_or_else(|error| console.fail(&error), |()| ExitCode::SUCCESS);
    }
    let outcome = Interrupt::install(&console).and_then(|interrupt| match command {
        Command::Generate(options) => generate::run(&options, &console, &interrupt),
        Command::Demo(options) => demo::run(&options, &console, &interrupt),
        Command::Learn(options) => learn::run(&options, &console, &interrupt),
        Command::Edit(options) => edit::run(&options, &console, &interrupt),
        Command::Plan(options) => plan::run(&options, &console, &interrupt),
        Command::Show(options) => show::run(&options, &console, &interrupt),
        Command::Segment(options) => segment::run(&options, &console, &interrupt),
        Command::Daemon(options) => daemon::run(&options, &console),
        Command::Install(options) => install::install(&options, &console, &interrupt),
        Command::Uninstall(options) => install::uninstall(&options, &console, &interrupt),
        Command::Doctor(options) => doctor::run(&options, &console),
        Command::Model(options) => model::run(&options, &console, &interrupt),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => console.fail(&error),
    }
}
