//! Ctrl-C, and the signals that ask a program to end.

use std::process::exit;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::console::{Console, exit_code};
use crate::error::{Error, ErrorKind, Result};

/// Whether the user wants to stop. While nobody listens (a model is loaded, nothing is there to lose), the first ctrl-C ends the program at once; while
/// somebody does, the second one.
#[derive(Clone, Default)]
pub(crate) struct Interrupt {
    asked: Arc<AtomicBool>,
    listening: Arc<AtomicBool>,
}

impl Interrupt {
    /// Takes over ctrl-C.
    pub(crate) fn install(console: &Console) -> Result<Self> {
        let interrupt = Self::default();
        let (seen, console) = (interrupt.clone(), console.clone());
        let handler = move || {
            if seen.listening.load(Ordering::SeqCst) && !seen.asked.swap(true, Ordering::SeqCst) {
                console.note("stopping after this step; press ctrl-C again to stop at once");
            } else {
                console.fail(&Error::cancelled());
                exit(i32::from(exit_code(ErrorKind::Cancelled)));
            }
        };
        ctrlc::set_handler(handler).map_err(|error| Error::new(ErrorKind::Internal, format!("ctrl-C cannot be taken over ({error})")))?;
        Ok(interrupt)
    }

    /// From now on [`Self::asked`] is asked often: the first ctrl-C no longer ends the program.
    pub(crate) fn listen(&self) {
        self.listening.store(true, Ordering::SeqCst);
    }

    /// Whether to stop.
    pub(crate) fn asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }
}
