//! Names of items: which are allowed, and suggestions for unknown ones.

use crate::error::{Error, Result};
use crate::segmentation::MAX_ITEMS;

/// An error unless there is at least one name, all are different, and none is blank or holds a control character.
pub(super) fn check(names: &[String]) -> Result<()> {
    if names.is_empty() {
        return Err(Error::input("a segmentation without items").hint("name at least one item"));
    }
    if names.len() > MAX_ITEMS {
        return Err(Error::input(format!("{} items, and at most {MAX_ITEMS} fit", names.len())).hint("join small items"));
    }
    for (number, name) in names.iter().enumerate() {
        if name.trim() != name || name.is_empty() || name.contains(char::is_control) {
            let message = format!("item {number} is named {name:?}");
            return Err(Error::input(message).hint("give it a name without spaces round it and without control characters"));
        }
        if names[..number].contains(name) {
            return Err(Error::input(format!("two items are named '{name}'")).hint("rename one of them"));
        }
    }
    Ok(())
}

/// The error for a name that no item has.
pub(super) fn unknown(name: &str, names: &[String]) -> Error {
    let folded = name.to_lowercase();
    let nearest = names.iter().map(|known| (edit_distance(&folded, &known.to_lowercase()), known)).min();
    let error = Error::usage(format!("there is no item '{name}'"));
    match nearest {
        // A name with more than half its letters different is another word, not a typing error.
        Some((distance, known)) if 2 * distance <= known.chars().count().max(name.chars().count()) => {
            error.hint(format!("did you mean '{known}'?"))
        }
        _ => error.hint(format!("the items are {}", listed(names))),
    }
}

fn listed(names: &[String]) -> String {
    const SHOWN: usize = 8;
    let list = names.iter().take(SHOWN).map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN { format!("{list} and {} more", names.len() - SHOWN) } else { list }
}

/// The Levenshtein distance of two words, in letters.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in b.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
