//! Documents that stay true: their commands exist, and links between documents lead somewhere.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use clap::Parser as _;

use super::readme;
use crate::Cli;
use crate::tally::Tally;
use crate::workspace::{Workspace, files, output, run as run_command, shown};

/// Checks each command of README and each document; one result for each.
pub(super) fn run(workspace: &Workspace) -> Result<Tally> {
    let mut tally = Tally::default();
    let mut count = |what: &str, result: Result<()>| match result {
        Ok(()) => {
            println!("ok {what}");
            tally += Tally::pass();
        }
        Err(error) => {
            println!("FAILED {what}: {error:#}");
            tally += Tally::fail();
        }
    };
    let root = workspace.root();
    run_command(&mut workspace.cargo("build --locked --release"))?;
    let mut documents = vec![root.join("README.md")];
    for directory in
        [".github", "crates", "plugins", "host-bindings", "tests"].map(|name| root.join(name)).iter().filter(|path| path.is_dir())
    {
        documents.extend(files(directory, "md")?);
    }
    for document in documents {
        let name = document.strip_prefix(root).unwrap_or(&document).display().to_string();
        let text = fs::read_to_string(&document).with_context(|| format!("{name} cannot be read"))?;
        for command in readme::commands(&text) {
            count(&format!("`{command}` in {name}"), command_exists(workspace, &command));
        }
        count(&name, links_resolve(&document));
    }
    Ok(tally)
}

/// Whether this project has such a command, with such options; a command of another program is taken as it is.
fn command_exists(workspace: &Workspace, command: &str) -> Result<()> {
    let words = shlex::split(command).context("its quotes do not end")?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["cargo", "xtask", arguments @ ..] => {
            Cli::try_parse_from(std::iter::once(&"xtask").chain(arguments)).context("cargo xtask does not take this")?;
            Ok(())
        }
        ["cargo", "run", "--release", "--", arguments @ ..] | ["dedit", arguments @ ..] => is_in_the_help(workspace, arguments),
        _ => Ok(()),
    }
}

/// Whether the help of `dedit`'s subcommand names every option among `arguments`.
fn is_in_the_help(workspace: &Workspace, arguments: &[&str]) -> Result<()> {
    // Verbs, and what is done with the daemon, are commands of their own, with options of their own.
    let depth = if matches!(arguments, ["edit" | "plan" | "daemon", ..]) { 2 } else { 1 };
    let subcommand = arguments.iter().take(depth).take_while(|word| !word.starts_with('-'));
    let mut help = workspace.command(workspace.built("dedit"));
    let text = output(help.args(subcommand).arg("--help"))?;
    let named: Vec<&str> = text.split(|letter: char| !(letter.is_alphanumeric() || letter == '-')).collect();
    let options = arguments.iter().filter(|argument| argument.starts_with("--")).map(|option| option.split('=').next().unwrap_or(option));
    let unknown: Vec<&str> = options.filter(|option| !named.contains(option)).collect();
    if !unknown.is_empty() {
        bail!("{} does not name {}", shown(&help), unknown.join(", "));
    }
    Ok(())
}

/// Whether every link of a document to a file, or to a heading in one, has an end; links to the web are not followed.
fn links_resolve(document: &Path) -> Result<()> {
    let text = fs::read_to_string(document).with_context(|| format!("{} cannot be read", document.display()))?;
    let mut broken = Vec::new();
    for link in readme::links(&text).into_iter().filter(|link| !link.contains("://") && !link.starts_with("mailto:")) {
        let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
        let target = if file.is_empty() { document.to_path_buf() } else { document.with_file_name(file) };
        let found =
            if anchor.is_empty() { target.exists() } else { fs::read_to_string(&target).is_ok_and(|text| has_heading(&text, anchor)) };
        if !found {
            broken.push(link);
        }
    }
    if !broken.is_empty() {
        bail!("links to nothing: {}", broken.join(", "));
    }
    Ok(())
}

fn has_heading(markdown: &str, anchor: &str) -> bool {
    readme::anchors(markdown).iter().any(|heading| heading == anchor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_nothing_are_found() {
        let directory = tempfile::tempdir().unwrap();
        let document = directory.path().join("a.md");
        fs::write(directory.path().join("b.md"), "# Of use\n").unwrap();
        for (link, resolves) in [
            ("b.md", true),
            ("b.md#of-use", true),
            ("#here", true),
            (".", true),
            ("https://example.org/x", true),
            ("c.md", false),
            ("b.md#of-no-use", false),
            ("#there", false),
        ] {
            fs::write(&document, format!("# Here\n[x]({link})\n")).unwrap();
            assert_eq!(links_resolve(&document).is_ok(), resolves, "{link}");
        }
    }
}
