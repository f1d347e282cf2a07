//! The imports between the files of a Python source tree.

use std::collections::BTreeMap;

use super::graph::Graph;

/// The imports between `files` (paths from the folder in which Python looks for modules, with `/`, and texts), wherever in a file they stand.
///
/// An import inside a function counts like any other, and so does one below `if TYPE_CHECKING:`, except in the files `types_only`.
pub(super) fn imports(files: &[(String, String)], types_only: &[&str]) -> Graph {
    let mut graph = Graph::default();
    let mut modules = BTreeMap::new();
    for (path, _) in files {
        let module = module_of(path);
        modules.insert(module.clone(), graph.file(path.clone(), module));
    }
    for (path, text) in files {
        let module = module_of(path);
        let is_package = path.ends_with("__init__.py");
        // The indentation of an `if TYPE_CHECKING:` that is still open.
        let mut open = None;
        for Statement { line, indentation, text } in statements(text) {
            open = open.filter(|outer| indentation > *outer);
            if text == "if TYPE_CHECKING:" {
                open = Some(indentation);
            }
            if open.is_some() && types_only.contains(&path.as_str()) {
                continue;
            }
            for wanted in imported(&text, &module, is_package) {
                // The longest prefix that is a module; the rest is a name in it.
                let found = (1..=wanted.len()).rev().find_map(|length| modules.get(&wanted[..length]));
                if let Some(found) = found {
                    graph.arrow(modules[&module], *found, line);
                }
            }
        }
    }
    graph
}

fn module_of(path: &str) -> Vec<String> {
    let path = path.trim_end_matches(".py");
    let path = path.strip_suffix("__init__").unwrap_or(path);
    path.split('/').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// The full names that an `import` or `from` statement in `module` imports.
fn imported(statement: &str, module: &[String], is_package: bool) -> Vec<Vec<String>> {
    let dotted = |name: &str| name.trim().split('.').map(|part| part.trim().to_owned()).collect::<Vec<_>>();
    let without_alias = |name: &str| name.split(" as ").next().unwrap_or_default().trim().to_owned();
    if let Some(names) = statement.strip_prefix("import ") {
        return names.split(',').map(|name| dotted(&without_alias(name))).collect();
    }
    let Some((from, names)) = statement.strip_prefix("from ").and_then(|rest| rest.split_once(" import ")) else { return Vec::new() };
    let from = from.trim();
    let levels = from.chars().take_while(|c| *c == '.').count();
    let mut base = Vec::new();
    if levels > 0 {
        let up = levels - usize::from(is_package);
        base.extend_from_slice(&module[..module.len().saturating_sub(up)]);
    }
    base.extend(dotted(&from[levels..]).into_iter().filter(|part| !part.is_empty()));
    let names = names.trim().trim_start_matches('(').trim_end_matches(')').split(',').map(without_alias);
    names.filter(|name| !name.is_empty()).map(|name| base.iter().cloned().chain([name]).collect()).collect()
}

/// A statement on one line, without comments and strings.
struct Statement {
    /// Number of its first line.
    line: usize,
    /// Number of characters before it.
    indentation: usize,
    text: String,
}

impl Statement {
    fn new(line: usize, raw: &str) -> Self {
        Self { line, indentation: raw.len() - raw.trim_start().len(), text: raw.trim().to_owned() }
    }
}

/// The statements of a Python file.
fn statements(text: &str) -> Vec<Statement> {
    let mut found = Vec::new();
    let (mut statement, mut begun, mut depth) = (String::new(), 1, 0);
    let mut line = 1;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let mut length = c.len_utf8();
        match c {
            '#' => length = rest.find('\n').unwrap_or(rest.len()),
            '"' | '\'' => length = string_length(rest, c),
            '\\' if rest.starts_with("\\\n") => length = 2,
            '\n' | ';' if depth == 0 => {
                found.push(Statement::new(begun, &std::mem::take(&mut statement)));
                begun = line + usize::from(c == '\n');
            }
            _ => {
                depth += i32::from("([{".contains(c)) - i32::from(")]}".contains(c));
                statement.push(if c == '\n' { ' ' } else { c });
            }
        }
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    found.push(Statement::new(begun, &statement));
    found.retain(|statement| !statement.text.is_empty());
    found
}

/// The length in bytes of the string that `text` begins with, quotes included.
fn string_length(text: &str, quote: char) -> usize {
    let triple = quote.to_string().repeat(3);
    let end = if text.starts_with(&triple) { triple } else { quote.to_string() };
    let mut at = end.len();
    while at < text.len() && !text[at..].starts_with(&end) {
        let escaped = usize::from(text[at..].starts_with('\\'));
        at += text[at..].chars().take(1 + escaped).map(char::len_utf8).sum::<usize>();
    }
    (at + end.len()).min(text.len())
}
