//! Commands, links and headings of a document in Markdown.

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

/// The commands in its `sh` blocks, in order; one that goes on after a backslash at the end of a line is one command.
pub(super) fn commands(markdown: &str) -> Vec<String> {
    let mut blocks = String::new();
    let mut inside = false;
    for event in Parser::new(markdown) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => inside = language.as_ref() == "sh",
            Event::End(TagEnd::CodeBlock) => inside = false,
            Event::Text(text) if inside => blocks.push_str(&text),
            _ => {}
        }
    }
    let blocks = blocks.replace("\\\n", " ");
    blocks.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

/// Where its links and pictures lead.
pub(super) fn links(markdown: &str) -> Vec<String> {
    let target = |event| match event {
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => Some(dest_url.into_string()),
        _ => None,
    };
    Parser::new(markdown).filter_map(target).collect()
}

/// The anchors of its headings, as hosts of Markdown derive them: in lower case, words joined by hyphens, without punctuation.
pub(super) fn anchors(markdown: &str) -> Vec<String> {
    let mut anchors = Vec::new();
    let mut heading = None;
    for event in Parser::new(markdown) {
        match (event, &mut heading) {
            (Event::Start(Tag::Heading { .. }), _) => heading = Some(String::new()),
            (Event::Text(text) | Event::Code(text), Some(heading)) => heading.push_str(&text),
            (Event::End(TagEnd::Heading(_)), Some(heading)) => anchors.push(anchor(heading)),
            _ => {}
        }
    }
    anchors
}

fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'));
    kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = "
# The `dedit` map, again

A [link](other.md#part), `[no](link)` and ![a picture](sheet.png).

```sh
# Not a command.
cargo run --release -- generate \\
    --out a.png

cargo xtask test
```

```rust
let no = \"command\";
```

## Second_part
";

    #[test]
    fn commands_links_and_anchors_are_found() {
        assert_eq!(commands(DOCUMENT), ["cargo run --release -- generate      --out a.png", "cargo xtask test"]);
        assert_eq!(links(DOCUMENT), ["other.md#part", "sheet.png"]);
        assert_eq!(anchors(DOCUMENT), ["the-dedit-map-again", "second_part"]);
    }
}
