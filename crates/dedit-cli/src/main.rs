//! The program `dedit`: plain diffusion on the command line.
//!
//! It computes nothing itself: it reads the options, hands pictures and prompts to `dedit-diffusion`, and writes what comes back.

mod arguments;
mod console;
mod demo;
mod generate;
mod interrupt;
mod making;
mod memory;
mod model;
mod output;
mod picture;

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
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => console.fail(&error),
    }
}
