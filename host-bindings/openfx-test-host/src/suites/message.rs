//! The message suites, versions 1 and 2.
#![expect(unsafe_code, reason = "variadic functions are written in C and call this one by its name")]

use std::ffi::c_int;

use ofx_host::abi::{Handle, MessageSuite, Status, Text, status};

use super::access::{effect, refuse};
use crate::call::Call;
use crate::guard::{answer, needed, text};
use crate::log::{Message, complain, record_message};

unsafe extern "C" {
    fn ofx_test_message_post(handle: Handle, kind: Text, id: Text, format: Text, ...) -> Status;
    fn ofx_test_message_persist(handle: Handle, kind: Text, id: Text, format: Text, ...) -> Status;
}

/// The table of version 1 ends after `message`; here null pointers follow, so that calling them is noticed.
pub(super) static SUITE_1: MessageSuite =
    MessageSuite { message: Some(ofx_test_message_post), set_persistent_message: None, clear_persistent_message: None };
pub(super) static SUITE_2: MessageSuite = MessageSuite {
    message: Some(ofx_test_message_post),
    set_persistent_message: Some(ofx_test_message_persist),
    clear_persistent_message: Some(clear),
};

const KINDS: [&str; 6] =
    ["OfxMessageFatal", "OfxMessageError", "OfxMessageWarning", "OfxMessageMessage", "OfxMessageLog", "OfxMessageQuestion"];
const PERSISTENT_KINDS: [&str; 3] = ["OfxMessageError", "OfxMessageWarning", "OfxMessageMessage"];

/// A formatted message.
// SAFETY: the name is this crate's own; the one caller is variadic.c, which declares it in the same way.
#[unsafe(no_mangle)]
extern "C" fn ofx_test_message(handle: Handle, persistent: c_int, kind: Text, id: Text, format: Text) -> Status {
    answer(|| {
        let persistent = persistent != 0;
        let kind = needed(kind, "the type of a message")?;
        let words = needed(format, "the format of a message")?;
        let message = Message { persistent, kind: kind.clone(), id: text(id).unwrap_or_default(), text: words };
        let effect = if handle.is_null() && !persistent { None } else { Some(effect(handle, "message")?) };
        let Some(host) = effect.as_ref().map(|effect| effect.host.clone()).or_else(Call::current_host) else {
            complain(None, format!("a message without an effect: {message:?}"));
            return Err(status::FAILED);
        };
        let known: &[&str] = if persistent { &PERSISTENT_KINDS } else { &KINDS };
        if !known.contains(&kind.as_str()) {
            return refuse(&host, status::FAILED, format!("there is no such message type: {kind}"));
        }
        if let (true, Some(effect)) = (persistent, &effect) {
            effect.life().persistent = Some(message.clone());
        }
        record_message(&host.log, message);
        match kind.as_str() {
            "OfxMessageQuestion" if host.settings.is_background => {
                refuse(&host, status::FAILED, "a question in a background host".to_owned())
            }
            "OfxMessageQuestion" => Err(if host.says_yes() { status::YES } else { status::NO }),
            _ => Ok(()),
        }
    })
}

extern "C" fn clear(handle: Handle) -> Status {
    answer(|| {
        let effect = effect(handle, "clearPersistentMessage")?;
        let cleared = effect.life().persistent.take();
        if let Some(cleared) = cleared {
            record_message(&effect.host.log, Message { kind: "cleared".to_owned(), ..cleared });
        }
        Ok(())
    })
}
