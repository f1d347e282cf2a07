//! The daemon under a name of its own, for plug-ins and services: what it is given follows `dedit daemon start --foreground`.

use std::env::{args_os, current_exe};
use std::io;
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let beside = current_exe().map(|own| own.with_file_name(if cfg!(windows) { "dedit.exe" } else { "dedit" }));
    let started = beside.and_then(|program| {
        let mut command = Command::new(program);
        become_program(command.args(["daemon", "start", "--foreground"]).args(args_os().skip(1)))
    });
    started.unwrap_or_else(|error| {
        eprintln!("error: dedit, which is to lie beside deditd, cannot be started ({error}); install both in one folder");
        ExitCode::from(5)
    })
}

/// The process goes on as the other program, so that whoever started it ends the right one.
#[cfg(unix)]
fn become_program(command: &mut Command) -> io::Result<ExitCode> {
    Err(std::os::unix::process::CommandExt::exec(command))
}

#[cfg(not(unix))]
fn become_program(command: &mut Command) -> io::Result<ExitCode> {
    let code = command.status()?.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
