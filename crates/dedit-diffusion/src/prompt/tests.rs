use proptest::prelude::*;

use super::chunks::Token;
use super::weights::Unit;
use super::*;

/// What a prompt is read as: words, rows as `<start..end>`, and `|` for a break, each with its weight.
fn read_text(prompt: &[Part]) -> Vec<(String, f64)> {
    let text = |unit| match unit {
        Unit::Words(words, weight) => (words, weight),
        Unit::Rows(rows, weight) => (format!("<{rows:?}>"), weight),
        Unit::Break => ("|".to_owned(), 0.0),
    };
    read(prompt).into_iter().map(text).collect()
}

struct Case {
    prompt: &'static str,
    units: &'static [(&'static str, f64)],
}

const fn case(prompt: &'static str, units: &'static [(&'static str, f64)]) -> Case {
    Case { prompt, units }
}

/// The first seven are documented with the weights of AUTOMATIC1111's web UI and diffusers' long-prompt pipelines.
const CASES: &[Case] = &[
    case("normal text", &[("normal text", 1.0)]),
    case("an (important) word", &[("an ", 1.0), ("important", 1.1), (" word", 1.0)]),
    case("(unbalanced", &[("unbalanced", 1.1)]),
    case("\\(literal\\]", &[("(literal]", 1.0)]),
    case("(unnecessary)(parens)", &[("unnecessaryparens", 1.1)]),
    case(
        "a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).",
        &[
            ("a ", 1.0),
            ("house", 1.573),
            (" ", 1.1),
            ("on", 1.0),
            (" a ", 1.1),
            ("hill", 0.55),
            (", sun, ", 1.1),
            ("sky", 1.4641),
            (".", 1.1),
        ],
    ),
    case("[a [b]]", &[("a ", 1.0 / 1.1), ("b", 1.0 / 1.21)]),
    case("(red : +1.3 ) (blue:.5) (up:2.)", &[("red ", 1.3), (" ", 1.0), ("blue", 0.5), (" ", 1.0), ("up", 2.0)]),
    case("(down:-1)", &[("down", -1.0)]),
    case("(a:99) ((b:1000):0.001)", &[("a", 10.0), (" b", 1.0)]),
    case("(a:1.2.3) (b:x) (c:)", &[("a:1.2.3", 1.1), (" ", 1.0), ("b:x", 1.1), (" ", 1.0), ("c:", 1.1)]),
    case("at 12:30) or ] here", &[("at 12:30) or ] here", 1.0)]),
    case("a BREAK b", &[("a ", 1.0), ("|", 0.0), (" b", 1.0)]),
    case("(a BREAK b:2)", &[("a ", 2.0), ("|", 0.0), (" b", 2.0)]),
    case("BREAKFAST xBREAK _BREAK break", &[("BREAKFAST xBREAK _BREAK break", 1.0)]),
    case("a\\b \\\\ (c)", &[("a\\b \\ ", 1.0), ("c", 1.1)]),
    case("no\\\\thing", &[("no\\\\thing", 1.0)]),
    case("[(a])", &[("a", 1.0)]),
    case("()", &[]),
    case("", &[("", 1.0)]),
];

#[test]
fn marks_become_weights() {
    for Case { prompt, units } in CASES {
        let found = read_text(&[Part::Words((*prompt).to_owned())]);
        assert_eq!(found.len(), units.len(), "{prompt}: {found:?}");
        for ((words, weight), (expected, expected_weight)) in found.iter().zip(*units) {
            assert!(words == expected && (weight - expected_weight).abs() < 1e-9, "{prompt}: {words:?} {weight}, expected {expected:?}");
        }
    }
}

#[test]
fn learned_tokens_stand_in_brackets_like_words() {
    let words = |text: &str| Part::Words(text.to_owned());
    let prompt = [words("a ("), Part::Rows(3..5), words(":1.5) ["), Part::Rows(5..7), words("] BREAK"), Part::Rows(3..5)];
    let expected = [("a ", 1.0), ("<3..5>", 1.5), (" ", 1.0), ("<5..7>", 1.0 / 1.1), (" ", 1.0), ("|", 0.0), ("<3..5>", 1.0)];
    let found = read_text(&prompt);
    assert_eq!(found, expected.map(|(text, weight)| (text.to_owned(), weight)));
}

/// Tokens of the words of a text, a letter each; a word ends before a space.
fn letters(text: &str) -> Vec<Token> {
    let ends = text.chars().skip(1).chain([' ']).map(|next| next == ' ');
    let token = |(c, ends_word)| Token { id: u32::from(c), weight: 1.0, ends_word, text: String::from(c) };
    text.chars().zip(ends).filter(|(c, _)| *c != ' ').map(token).collect()
}

#[test]
fn chunks_end_between_words() {
    let cases: &[(&str, &[&str])] = &[
        ("", &[]),
        ("abcd", &["abcd"]),
        ("ab cd", &["abcd"]),
        ("ab cde", &["ab", "cde"]),
        ("ab c defg h", &["abc", "defg", "h"]),
        ("abcdefg h", &["abcd", "efgh"]),
        ("a bcdefgh", &["a", "bcde", "fgh"]),
    ];
    for (text, expected) in cases {
        let tokens = letters(text);
        let chunks: Vec<String> = divide(&tokens, 4).iter().map(|chunk| chunk.iter().map(|token| token.text.as_str()).collect()).collect();
        assert_eq!(chunks, *expected, "{text}");
    }
}

#[test]
fn names_are_found_as_words_of_their_own() {
    let names = ["toy", "toy-2", "é"];
    let cases: &[(&str, &[Stretch<'_>])] = &[
        ("", &[Stretch::Words("")]),
        ("a bag", &[Stretch::Words("a bag")]),
        ("toy", &[Stretch::Name(0)]),
        ("a Toy, here", &[Stretch::Words("a "), Stretch::Name(0), Stretch::Words(", here")]),
        ("toys my_toy toy3", &[Stretch::Words("toys my_toy toy3")]),
        ("toy-2 toy-3", &[Stretch::Name(1), Stretch::Words(" toy-3")]),
        ("embedding:toy", &[Stretch::Name(0)]),
        ("embedding:bag", &[Stretch::Words("embedding:bag")]),
        ("é è", &[Stretch::Name(2), Stretch::Words(" è")]),
    ];
    for (text, expected) in cases {
        assert_eq!(find(text, &names), *expected, "{text}");
    }
}

#[test]
fn many_brackets_take_no_long_time() {
    let started = std::time::Instant::now();
    for text in ["(", "[", ")", "(a", "[a](", ":1)", "BREAK", "BREAK ", "\\(", "(a:9)"] {
        read(&[Part::Words(text.repeat(100_000))]);
    }
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

proptest! {
    #[test]
    fn any_text_has_a_defined_reading(text in r"(\PC|[()\[\]:\\ ]|BREAK|:-?[0-9.]{1,400}\)){0,60}", rows in 0_u32..4) {
        let (before, after) = text.split_at(text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at));
        let parts = [Part::Words(before.to_owned()), Part::Rows(0..rows), Part::Words(after.to_owned())];
        let units = read(&parts);
        let mut found = Vec::new();
        for unit in &units {
            let (Unit::Words(_, weight) | Unit::Rows(_, weight)) = unit else { continue };
            prop_assert!((-10.0..=10.0).contains(weight));
            if let Unit::Rows(rows, _) = unit {
                found.push(rows.clone());
            }
        }
        prop_assert_eq!(found, vec![0..rows], "learned tokens are neither lost nor doubled");
    }

    #[test]
    fn a_text_without_marks_is_untouched(text in r"[^()\[\]]{0,80}") {
        prop_assume!(Syntax::is_plain(&text));
        let parts = [Part::Words(text)];
        prop_assert_eq!(read(&parts), unread(&parts));
    }

    #[test]
    fn names_leave_all_other_words(text in r"(\PC|toy|é|embedding:| ){0,20}") {
        let stretches = find(&text, &["toy", "é"]);
        let left: String = stretches.iter().map(|stretch| if let Stretch::Words(words) = stretch { words } else { "" }).collect();
        let is_other = |stretch: &&Stretch<'_>| matches!(stretch, Stretch::Words(_));
        prop_assert!(stretches.iter().all(|stretch| is_other(&stretch) || stretches.len() > 1 || left.is_empty()));
        prop_assert!(left.len() <= text.len());
    }

    #[test]
    fn chunks_hold_all_tokens_in_order(text in "[a-d ]{0,60}", room in 1_usize..9) {
        let tokens = letters(&text);
        let chunks = divide(&tokens, room);
        prop_assert!(chunks.iter().all(|chunk| (1..=room).contains(&chunk.len())));
        prop_assert_eq!(chunks.concat(), tokens);
    }
}
