//! Broken files for tests of readers: every beginning of a whole one, every byte of it changed, and several at once.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// What becomes of a byte: another sign, another bit, nothing, everything.
const CHANGES: [fn(u8) -> u8; 4] = [|byte| byte ^ 0x80, |byte| byte ^ 1, |_| 0, |_| 255];
/// Rounds in which several bytes are changed at once.
const ROUNDS: u64 = 400;

/// Hands all broken forms of `whole` to `read`, which gives the sentence of its error, if there is one.
///
/// # Panics
/// Where reading panics, or an error is no sentence of one line.
pub(crate) fn feed(name: &str, whole: &[u8], read: impl Fn(&[u8]) -> Option<String>) {
    let check = |bytes: &[u8], what: &str| {
        let Ok(error) = catch_unwind(AssertUnwindSafe(|| read(bytes))) else { panic!("{name}, {what}: a panic on {} bytes", bytes.len()) };
        if let Some(error) = error {
            assert!(!error.is_empty() && !error.contains('\n') && error.len() < 1000, "{name}, {what}: {error}");
        }
    };
    assert_eq!(read(whole), None, "{name} is whole");
    for end in 0..whole.len() {
        check(&whole[..end], &format!("cut at {end}"));
    }
    let mut bytes = whole.to_vec();
    for at in 0..whole.len() {
        for change in CHANGES {
            bytes[at] = change(whole[at]);
            check(&bytes, &format!("byte {at} is {}", bytes[at]));
        }
        bytes[at] = whole[at];
    }
    // Marsaglia's xorshift: the same numbers each time.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut number = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for round in 0..ROUNDS {
        let mut bytes = whole.to_vec();
        for _ in 0..2 + number() % 6 {
            let at = (number() % bytes.len() as u64) as usize;
            bytes[at] = number() as u8;
        }
        check(&bytes, &format!("round {round}"));
    }
}
