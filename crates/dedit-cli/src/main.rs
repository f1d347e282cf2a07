//! The program `dedit`: D-Edit and plain diffusion on the command line.
//!
//! It computes nothing itself: it reads options, pictures and masks, hands them to `dedit-engine` and `dedit-diffusion`, and writes what comes back.

mod arguments;
mod console;
mod demo;
mod edit;
mod generate;
mod interrupt;
mod items;
mod learn;
mod making;
mod memory;
mod model;
mod output;
mod picture;
mod plan;
mod session;
mod sheet;
mod show;

use std::process::ExitCode;

use crate::arguments::Command;
use crate::console::Console;
use crate::interrupt::Interrupt;

fn main() -> ExitCode {
    dedit_nn::memory::keep_large_buffers();
    let command = match arguments::read() {
        Ok(command) => command,
        Err(code) => return code,
    };
    let console = Console::new(command.reporting());
    let outcome = Interrupt::install(&console).and_then(|interrupt| match command {
        Command::Generate(options) => generate::run(&options, &console, &interrupt),
        Command::Demo(options) => demo::run(&options, &console, &interrupt),
        Command::Learn(options) => learn::run(&options, &console, &interrupt),
        Command::Edit(options) => edit::run(&options, &console, &interrupt),
        Command::Plan(options) => plan::run(&options, &console),
        Command::Show(options) => show::run(&options, &console),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => console.fail(&error),
    }
}
