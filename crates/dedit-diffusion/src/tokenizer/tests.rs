use super::*;

/// A prompt and its ids without start and end, from transformers 4.37.2 with ftfy 6.3.1.
struct Case {
    prompt: &'static str,
    /// Padded with the end token (Stable Diffusion 1).
    ids: &'static [u32],
    /// Padded with "!" (Stable Diffusion 2), where that differs: "!" is then a separate token everywhere.
    ids_exclamation: Option<&'static [u32]>,
}

#[rustfmt::skip]
const CASES: &[Case] = &[
    Case { prompt: "a photo of a red bag", ids: &[320, 1125, 539, 320, 736, 3365], ids_exclamation: None },
    Case { prompt: "", ids: &[], ids_exclamation: None },
    Case { prompt: "A Man's HAT, 3 cats & a dog's bowl!!", ids: &[320, 786, 568, 3801, 267, 274, 3989, 261, 320, 1929, 568, 3814, 748], ids_exclamation: Some(&[320, 786, 568, 3801, 267, 274, 3989, 261, 320, 1929, 568, 3814, 0, 0]) },
    Case { prompt: "na\u{ef}ve caf\u{e9} \u{fc}ber stra\u{df}e \u{6771}\u{4eac} \u{1f34e}", ids: &[1097, 35689, 563, 15304, 6522, 1516, 1894, 127, 253, 324, 48338, 21078, 361, 32069], ids_exclamation: None },
    Case { prompt: "  double   spaces\tand\nnewlines ", ids: &[3200, 9006, 537, 1218, 3418], ids_exclamation: None },
    Case { prompt: "don't they're we'll 1234567890 3.14159", ids: &[847, 713, 889, 982, 649, 1342, 272, 273, 274, 275, 276, 277, 278, 279, 280, 271, 274, 269, 272, 275, 272, 276, 280], ids_exclamation: None },
    Case { prompt: "<|startoftext|> hello <|endoftext|>", ids: &[49406, 3306, 49407], ids_exclamation: None },
    Case { prompt: "#ball2 #ball2_1", ids: &[258, 1069, 273, 258, 1069, 273, 318, 272], ids_exclamation: None },
    Case { prompt: "a_b-c/d\\e (f) [g] {h}", ids: &[320, 318, 321, 268, 322, 270, 323, 315, 324, 263, 325, 264, 314, 326, 316, 346, 327, 348], ids_exclamation: None },
    Case { prompt: "\u{fb01} ligature \u{bd} \u{b2}", ids: &[3589, 19915, 4490, 33613, 41175], ids_exclamation: None },
    Case { prompt: "emoji \u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467} family", ids: &[16327, 26304, 26304, 964, 356, 1315], ids_exclamation: None },
    Case { prompt: "\u{e9} combining e\u{301}", ids: &[4166, 23561, 4166], ids_exclamation: None },
    Case { prompt: "ALL CAPS", ids: &[615, 23185], ids_exclamation: None },
    Case { prompt: "snake_case CamelCase", ids: &[8798, 318, 2068, 27005, 2068], ids_exclamation: None },
    Case { prompt: "<|STARTOFTEXT|> Hello<|EndOfText|>x", ids: &[49406, 3306, 49407, 343], ids_exclamation: None },
    Case { prompt: "!", ids: &[256], ids_exclamation: Some(&[0]) },
    Case { prompt: "a!b !! c", ids: &[320, 256, 321, 748, 322], ids_exclamation: Some(&[320, 0, 321, 0, 0, 322]) },
    Case { prompt: "\u{130}stanbul \u{3a3}\u{391}\u{3a3} \u{1c5}", ids: &[328, 16384, 11231, 139, 225, 138, 109, 139, 480, 67, 129, 378], ids_exclamation: None },
    Case { prompt: "a\u{a0}b\u{2003}c\u{200b}d\u{1c}e f\u{3000}g", ids: &[320, 321, 322, 9844, 654, 325, 326], ids_exclamation: None },
    Case { prompt: "l'\u{e9}t\u{e9} n'est-ce pas 'S 'LL it''s", ids: &[331, 262, 3459, 39694, 333, 262, 1509, 268, 629, 9525, 568, 1342, 585, 8445, 338], ids_exclamation: None },
    Case { prompt: "\u{ff11}\u{ff12} \u{663} \u{2167} x\u{b2} \u{ff76}\u{ff9e}", ids: &[272, 273, 149, 352, 158, 227, 371, 343, 41175, 3909, 361], ids_exclamation: None },
    Case { prompt: "\u{0}a\u{fffd}b\u{7} \u{feff}c", ids: &[320, 39802, 321, 322], ids_exclamation: None },
    Case { prompt: "\u{d55c}\u{ad6d}\u{c5b4} \u{939}\u{93f}\u{928}\u{94d}\u{926}\u{940} \u{e44}\u{e17}\u{e22}", ids: &[15197, 250, 31871, 255, 31625, 368, 29446, 26721, 26090, 19389, 29552, 25751, 31718, 245, 33091], ids_exclamation: None },
    Case { prompt: "<|endoftext|", ids: &[27, 347, 40786, 4160, 347], ids_exclamation: None },
    Case { prompt: "12:30pm $5.00 50%", ids: &[272, 273, 281, 274, 271, 990, 259, 276, 269, 271, 271, 276, 271, 260], ids_exclamation: None },
    Case { prompt: "\u{c5} \u{c5} fi\u{301}", ids: &[127, 354, 127, 354, 69, 23928], ids_exclamation: None },
    Case { prompt: "\u{1f1e9}\u{1f1ea}", ids: &[21531], ids_exclamation: None },
    Case { prompt: "the dog\u{2019}s \u{201c}bowl\u{201d}", ids: &[518, 1929, 568, 257, 3814, 257], ids_exclamation: None },
    Case { prompt: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa \u{1f600}\u{1f600}\u{1f600}\u{1f600}\u{1f600}", ids: &[23126, 23126, 23126, 23126, 6727, 19336, 12832, 12832, 12832, 34503], ids_exclamation: None },
    Case { prompt: "x!<|endoftext|>!y", ids: &[343, 256, 49407, 256, 344], ids_exclamation: Some(&[343, 0, 49407, 0, 344]) },
    Case { prompt: "\u{17f}'\u{17f} K", ids: &[129, 379, 6, 129, 379, 330], ids_exclamation: None },
];

fn padded(ids: &[u32], pad: u32, length: usize) -> Vec<u32> {
    let mut all = vec![49406];
    all.extend(ids);
    all.push(49407);
    all.resize(length, pad);
    all
}

#[test]
fn prompts_become_the_ids_that_transformers_gives() {
    for (pad, pad_id) in [(END, 49407), (EXCLAMATION, 0)] {
        let tokenizer = Tokenizer::bundled(pad).unwrap();
        for case in CASES {
            let ids = case.ids_exclamation.filter(|_| pad == EXCLAMATION).unwrap_or(case.ids);
            for length in [40, 77] {
                let expected = Encoded { ids: padded(ids, pad_id, length), dropped: None };
                assert_eq!(tokenizer.encode(case.prompt, length).unwrap(), expected, "{:?} padded with {pad}", case.prompt);
            }
        }
    }
}

#[test]
fn a_long_prompt_is_cut_and_the_rest_is_told() {
    let tokenizer = Tokenizer::bundled(END).unwrap();
    let cut = tokenizer.encode("a photo of a Red bag, ﬁnely MADE", 8).unwrap();
    assert_eq!(cut.ids, [49406, 320, 1125, 539, 320, 736, 3365, 49407]);
    assert_eq!(cut.dropped.as_deref(), Some(", ﬁnely MADE"));
    assert_eq!(tokenizer.encode("a photo of a red bag", 8).unwrap().dropped, None);
    assert!(tokenizer.encode("a", 1).unwrap_err().to_string().contains("at least 2"));
}

/// A minimal vocabulary: all bytes, "ab", the special tokens.
fn write_files(dir: &Path, files: &[(&str, String)]) {
    for (name, text) in files {
        std::fs::write(dir.join(name), text).unwrap();
    }
}

fn small_vocabulary() -> serde_json::Value {
    ["a", "b", "a</w>", "b</w>", "ab</w>", "!", START, END]
        .iter()
        .zip(0_u32..)
        .map(|(token, id)| ((*token).to_owned(), serde_json::Value::from(id)))
        .collect()
}

#[test]
fn all_forms_of_files_are_read() {
    let vocab = small_vocabulary();
    let merges = "#version: 0.2\na b</w>\n".to_owned();
    let json = |merges: serde_json::Value| serde_json::json!({"model": {"type": "BPE", "vocab": vocab, "merges": merges}}).to_string();
    let added = r#"{"added_tokens_decoder": {"5": {"content": "!", "special": true}, "8": {"content": "zz"}}, "pad_token": {"content": "!"}, "model_max_length": 40}"#;
    let forms = [
        (vec![("vocab.json", vocab.to_string()), ("merges.txt", merges)], 7, 77),
        (vec![("tokenizer.json", json(serde_json::json!(["a b</w>"])))], 7, 77),
        (
            vec![
                ("tokenizer.json", json(serde_json::json!([["a", "b</w>"]]))),
                ("special_tokens_map.json", r#"{"pad_token": "!"}"#.to_owned()),
            ],
            5,
            77,
        ),
        (vec![("tokenizer.json", json(serde_json::json!([["a", "b</w>"]]))), ("tokenizer_config.json", added.to_owned())], 5, 40),
    ];
    for (files, pad, max_length) in forms {
        let dir = tempfile::tempdir().unwrap();
        write_files(dir.path(), &files);
        let tokenizer = Tokenizer::from_dir(dir.path()).unwrap();
        assert_eq!(tokenizer.encode("AB b", 6).unwrap().ids, [6, 4, 3, 7, pad, pad]);
        assert_eq!((tokenizer.pad_id(), tokenizer.max_length()), (pad, max_length));
        if max_length == 40 {
            assert_eq!(tokenizer.encode("bzz", 4).unwrap().ids, [6, 3, 8, 7]);
        }
    }
}

#[test]
fn settings_without_a_vocabulary_mean_the_bundled_one() {
    let dir = tempfile::tempdir().unwrap();
    write_files(dir.path(), &[("tokenizer_config.json", r#"{"pad_token": "!", "model_max_length": 40}"#.to_owned())]);
    let tokenizer = Tokenizer::from_dir(dir.path()).unwrap();
    assert_eq!(tokenizer.encode("a red bag", 6).unwrap().ids, [49406, 320, 736, 3365, 49407, 0]);
    assert_eq!(tokenizer.max_length(), 40);
}

#[test]
fn bad_files_are_refused_in_one_sentence() {
    let vocab = small_vocabulary().to_string();
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[], "there is no tokenizer here"),
        (&[("vocab.json", &vocab), ("tokenizer_config.json", "{}")], "there is no tokenizer here"),
        (&[("vocab.json", "[]"), ("merges.txt", "")], "this is not a vocabulary"),
        (&[("vocab.json", &vocab), ("merges.txt", "a b\n")], "the merge \"a b\" needs the token \"ab\""),
        (&[("vocab.json", &vocab), ("merges.txt", "a b c\n")], "expected a merge of two tokens"),
        (&[("vocab.json", "{}"), ("merges.txt", "")], "the vocabulary has no token \"<|startoftext|>\""),
        (&[("tokenizer.json", "{\"model\": {\"type\": \"Unigram\", \"vocab\": {}, \"merges\": []}}")], "a tokenizer of type Unigram"),
        (&[("tokenizer.json", "nonsense")], "this is not valid JSON"),
        (&[("vocab.json", &vocab), ("merges.txt", ""), ("special_tokens_map.json", "{\"pad_token\": \"?\"}")], "no token \"?\""),
    ];
    for (files, expected) in cases {
        let dir = tempfile::tempdir().unwrap();
        let files: Vec<(&str, String)> = files.iter().map(|(name, text)| (*name, (*text).to_owned())).collect();
        write_files(dir.path(), &files);
        let message = Tokenizer::from_dir(dir.path()).err().unwrap().to_string();
        assert!(message.contains(expected), "{message}");
    }
}
