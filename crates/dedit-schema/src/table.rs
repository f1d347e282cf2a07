//! The rows: what every verb and action takes.

use crate::defaults;
use crate::host::Host::{self, Cli, Gimp, Krita, OpenFx};
use crate::parameter::{Choice, Id, Kind, Parameter, Range};

const EVERY: &[Host] = &[Cli, Gimp, Krita, OpenFx];
const WINDOWS: &[Host] = &[Gimp, Krita];
const NOT_CLI: &[Host] = &[Gimp, Krita, OpenFx];

/// A row that every host offers; the functions below change what is different.
const fn row(id: Id, name: &'static str, label: &'static str, help: &'static str, kind: Kind) -> Parameter {
    Parameter { id, name, names: &[], older: &[], label, help, helps: &[], unit: "", kind, hosts: EVERY, required: false, usual: None }
}

impl Parameter {
    const fn in_hosts(self, hosts: &'static [Host]) -> Self {
        Self { hosts, ..self }
    }

    const fn called(self, names: &'static [(Host, &'static str)]) -> Self {
        Self { names, ..self }
    }

    const fn explained(self, helps: &'static [(Host, &'static str)]) -> Self {
        Self { helps, ..self }
    }

    const fn needed(self) -> Self {
        Self { required: true, ..self }
    }

    const fn once_called(self, older: &'static [&'static str]) -> Self {
        Self { older, ..self }
    }

    const fn in_unit(self, unit: &'static str) -> Self {
        Self { unit, ..self }
    }

    const fn usually(self, usual: fn() -> String) -> Self {
        Self { usual: Some(usual), ..self }
    }
}

/// A number with a default of its own.
const fn number(low: f64, high: f64, default: f64) -> Kind {
    Kind::Number(Range { low, high, default: Some(default), automatic: None })
}

/// A number that the daemon chooses where none is given; hosts without empty fields show `automatic` for that.
const fn chosen_number(low: f64, high: f64, automatic: f64) -> Kind {
    Kind::Number(Range { low, high, default: None, automatic: Some(automatic) })
}

const fn whole(low: i128, high: i128, default: i128) -> Kind {
    Kind::Whole(Range { low, high, default: Some(default), automatic: None })
}

const fn chosen_whole(low: i128, high: i128, automatic: i128) -> Kind {
    Kind::Whole(Range { low, high, default: None, automatic: Some(automatic) })
}

const fn word(word: &'static str, label: &'static str) -> Choice {
    Choice { word, label, hosts: EVERY }
}

/// The largest coordinate of a picture on the wire, pixels.
const FAR: f64 = 65_000.0;

const ITEM: Parameter =
    row(Id::Item, "item", "_Item", "The item's name; where there is a selection, empty for what is selected", Kind::Text)
        .explained(&[(OpenFx, "The item, by its name or its number from 1; empty where there is only one")])
        .needed();
const INTO: Parameter = row(Id::Into, "into", "Filled _by", "The item that gets the pixels it leaves", Kind::Text).usually(nearest);
const PROMPT: Parameter = row(Id::Prompt, "prompt", "_Prompt", "What it becomes, in words, such as: a white handbag", Kind::Text).needed();

pub(crate) const REPLACE: &[Parameter] = &[ITEM, PROMPT];

pub(crate) const AUGMENT: &[Parameter] =
    &[ITEM, Parameter { help: "Words for it, with [v] for the item itself, such as: a golden [v]", ..PROMPT }];

pub(crate) const PERSONALIZE: &[Parameter] =
    &[ITEM, Parameter { help: "The scene, with [v] for the item itself, such as: [v] on a beach", ..PROMPT }];

pub(crate) const SWAP_IN: &[Parameter] = &[
    ITEM,
    row(Id::From, "from", "Other item", "What takes its place: reference:NAME, or NAME for an item of this picture", Kind::Text)
        .in_hosts(&[Cli, OpenFx])
        .called(&[(OpenFx, "other")])
        .explained(&[(OpenFx, "The item of a named session's reference picture")])
        .needed(),
    row(Id::FromImage, "from-image", "_Another picture", "The open image with the other item", Kind::Image).in_hosts(&[Gimp]),
    row(Id::FromDocument, "from-document", "_Another picture", "The open document with the other item", Kind::Text).in_hosts(&[Krita]),
    row(Id::FromFile, "from-file", "Or a file on _disk", "A picture file with the other item", Kind::File).in_hosts(WINDOWS),
    row(
        Id::FromItem,
        "from-item",
        "The o_ther item",
        "How the other item is found in its picture",
        Kind::Choice {
            choices: &[
                word("auto", "Its selection, else mask or transparency"),
                word("selection", "Its selection"),
                word("layer-mask", "The layer's mask"),
                word("layer-alpha", "The layer's transparency"),
                word("channel", "A saved channel"),
            ],
            default: "auto",
        },
    )
    .in_hosts(&[Gimp]),
    row(Id::FromName, "from-name", "_Known as", "Its layer, mask or channel; without a name the active layer or the first one", Kind::Text)
        .in_hosts(WINDOWS),
];

pub(crate) const REMOVE: &[Parameter] = &[
    Parameter { kind: Kind::Texts, help: "The name of the item; give it again for more of them", ..ITEM }.in_hosts(&[Cli]),
    ITEM.in_hosts(NOT_CLI),
    INTO,
];

const SHIFT_UP: &str = "Pixels of the full size, to the right and up";

pub(crate) const MOVE: &[Parameter] = &[
    ITEM,
    row(Id::Dx, "dx", "_X, px", "Pixels to the right; negative to the left", number(-FAR, FAR, 0.0))
        .in_unit("px")
        .called(&[(OpenFx, "shift")])
        .explained(&[(OpenFx, SHIFT_UP)]),
    row(Id::Dy, "dy", "_Y, px", "Pixels down; negative up", number(-FAR, FAR, 0.0))
        .in_unit("px")
        .called(&[(OpenFx, "shift")])
        .explained(&[(OpenFx, SHIFT_UP)]),
    row(Id::Scale, "scale", "Si_ze", "How many times as large", number(0.01, 100.0, 1.0)),
    row(Id::Rotate, "rotate", "_Turn, degrees", "Degrees clockwise", number(-36_000.0, 36_000.0, 0.0))
        .in_unit("°")
        .called(&[(OpenFx, "rotation")])
        .explained(&[(OpenFx, "Degrees counterclockwise")]),
    INTO,
];

pub(crate) const SWAP: &[Parameter] =
    &[ITEM, row(Id::With, "with", "_With", "The other item", Kind::Text).called(&[(OpenFx, "other")]).needed()];

const MASK: Parameter = row(Id::Mask, "mask", "Mask", "The item's new outline: a picture file", Kind::File).in_hosts(&[Cli]).needed();

pub(crate) const RESHAPE: &[Parameter] = &[ITEM, MASK, INTO];

pub(crate) const BLEND: &[Parameter] = &[
    ITEM,
    row(Id::With, "with", "_With", "The other item: NAME, or reference:NAME", Kind::Text)
        .called(&[(OpenFx, "other")])
        .explained(&[(OpenFx, "The other item")])
        .needed(),
    row(
        Id::Amount,
        "amount",
        "_Amount",
        "Share of the other item: 0 for the item itself, 1 for the other",
        number(0.0, 1.0, defaults::AMOUNT),
    ),
];

pub(crate) const REFINE: &[Parameter] =
    &[Parameter { help: "The region: a picture file; soft values change less", ..MASK }, ITEM.in_hosts(&[OpenFx])];

/// Pixels at one side.
const SIDE: Kind = whole(0, FAR as i128, 0);

pub(crate) const EXPAND: &[Parameter] = &[
    row(Id::Left, "left", "Left, p_x", "Pixels that the canvas gets at the left", SIDE).in_unit("px"),
    row(Id::Right, "right", "Right, px", "Pixels that the canvas gets at the right", SIDE).in_unit("px"),
    row(Id::Top, "top", "_Top, px", "Pixels that the canvas gets at the top", SIDE).in_unit("px"),
    row(Id::Bottom, "bottom", "_Bottom, px", "Pixels that the canvas gets at the bottom", SIDE).in_unit("px"),
    Parameter { label: "Filled b_y", help: "The item that gets the new pixels", ..INTO },
];

const SEED_AGAIN: Kind = chosen_whole(0, u64::MAX as i128, -1);

pub(crate) const REDO: &[Parameter] =
    &[row(Id::Seed, "seed", "S_eed", "Seed of the noise", SEED_AGAIN).in_hosts(WINDOWS).usually(another_seed)];

const ITEMS_FROM: Parameter = row(
    Id::Items,
    "items",
    "Items _from",
    "Where the picture's items are taken from",
    Kind::Choice {
        choices: &[
            word("auto", "Selection, else known items, masks, channels"),
            word("selection", "Selection"),
            word("layer-masks", "Layer masks"),
            word("layer-alpha", "Transparency of layers"),
            Choice { word: "channels", label: "Saved channels", hosts: &[Gimp] },
            word("session", "As set before"),
            word("everything", "Found automatically"),
        ],
        default: "auto",
    },
)
.in_hosts(WINDOWS);

const PICTURE: Parameter = row(
    Id::Picture,
    "picture",
    "Pict_ure",
    "What is edited",
    Kind::Choice { choices: &[word("layer", "The active layer"), word("visible", "All that is visible")], default: "layer" },
)
.in_hosts(WINDOWS);

const MODEL: Parameter =
    row(Id::Model, "model", "Mode_l", "patches (no weights), toys, or the path of a diffusion model on the daemon's machine", Kind::Text)
        .in_hosts(NOT_CLI)
        .usually(daemons_model);

const fn preset(help: &'static str, choices: &'static [Choice]) -> Parameter {
    row(Id::Preset, "preset", "Preset", help, Kind::Choice { choices, default: "default" })
}
const TUNED: Choice = word("default", "Tuned");
const PUBLISHED: Choice = Choice { word: "reference", label: "As published", hosts: &[Cli] };

/// What all edits take, in the permanent order: new rows come behind the others.
pub(crate) const SHARED: &[Parameter] = &[
    row(
        Id::When,
        "when",
        "_Quality",
        "Diffusion models learn a picture and its items once, which takes a while; patches has nothing to learn",
        Kind::Choice {
            choices: &[
                word("learned", "Best (learns first where needed)"),
                word("draft", "At once (draft)"),
                Choice { word: Choice::FAST, label: "Fast (draft in few steps)", hosts: WINDOWS },
                word("both", "At once, and again after learning"),
                Choice { word: Choice::INSTANT, label: "Instant (no weights)", hosts: WINDOWS },
            ],
            default: "learned",
        },
    )
    .in_hosts(WINDOWS),
    row(
        Id::Variations,
        "variations",
        "_Variations",
        "How many results, each with a seed of its own",
        whole(1, 64, defaults::VARIATIONS as i128),
    )
    .in_hosts(&[Cli, Gimp, Krita]),
    ITEMS_FROM,
    PICTURE,
    row(
        Id::Fit,
        "fit",
        "S_hape",
        "Which shape the new content may take",
        Kind::Choice {
            choices: &[
                word("auto", "Chosen by the edit"),
                word("exact", "The item's outline"),
                word("loose", "Roughly the item's outline"),
                word("box", "The box around it"),
            ],
            default: "auto",
        },
    ),
    row(Id::Seed, "seed", "S_eed", "Seed of the noise", SEED_AGAIN).in_hosts(&[Cli, Gimp, Krita]).usually(another_seed),
    // A film needs one seed for all frames.
    row(Id::Seed, "seed", "S_eed", "Seed of the noise, the same in every frame", whole(0, i32::MAX as i128, 0)).in_hosts(&[OpenFx]),
    row(Id::Steps, "steps", "_Steps", "Denoising steps", chosen_whole(1, 1000, 0)).usually(usual_steps),
    row(Id::Guidance, "guidance", "_Guidance", "Guidance scale: how strongly the prompts lead", chosen_number(0.0, 50.0, 0.0))
        .usually(usual_guidance),
    row(Id::Strength, "strength", "Stre_ngth", "Share of the steps in which the soft ring stays as it was", chosen_number(0.0, 1.0, -1.0))
        .usually(|| defaults::STRENGTH.to_string()),
    MODEL,
    row(
        Id::Feather,
        "feather",
        "Feather, px",
        "Width of the soft ring around what changes; 0 for a hard edge",
        chosen_number(0.0, 1000.0, -1.0),
    )
    .once_called(&["ring"])
    .in_unit("px")
    .usually(usual_feather),
    row(
        Id::Margin,
        "margin",
        "Margin, px",
        "How far around what leaves or moves its surroundings are generated anew, for its shadow; 0 for not at all",
        chosen_number(0.0, 10_000.0, -1.0),
    )
    .in_unit("px")
    .usually(usual_margin),
    row(Id::Also, "also", "Also", "Another item to generate again; give it again for more of them", Kind::Texts).in_hosts(&[Cli]),
    preset(
        "Our tuned defaults, the published implementation's settings, or a draft in few steps with an LCM-LoRA",
        &[TUNED, PUBLISHED, word(Choice::FAST, "Few steps")],
    )
    .in_hosts(&[Cli, OpenFx]),
    row(
        Id::Scheduler,
        "scheduler",
        "Scheduler",
        "The scheduler",
        Kind::Choice {
            choices: &[
                word("ddim", "DDIM"),
                word("ddpm", "DDPM"),
                word("euler", "Euler"),
                word("euler-a", "Euler ancestral"),
                word("dpmpp-2m", "DPM-Solver++ 2M"),
                word("dpmpp-2m-karras", "DPM-Solver++ 2M Karras"),
                word("unipc", "UniPC"),
                word("lcm", "LCM"),
            ],
            default: "dpmpp-2m",
        },
    )
    .in_hosts(&[Cli])
    .usually(|| "dpmpp-2m; ddim or ddpm as published".to_owned()),
    row(
        Id::Anchor,
        "anchor",
        "Anchor",
        "Share of the steps in which moved items keep their own pixels; 0 generates them anew",
        chosen_number(0.0, 1.0, -1.0),
    )
    .in_hosts(&[Cli])
    .usually(|| defaults::ANCHOR.to_string()),
    row(
        Id::Start,
        "start",
        "Start",
        "Where denoising starts: noise of the seed, or noise inverted from the picture",
        Kind::Choice { choices: &[word("auto", "By verb"), word("noise", "Noise"), word("inverted", "Inverted")], default: "auto" },
    )
    .in_hosts(&[Cli])
    .usually(|| "noise; inverted to reconstruct".to_owned()),
    row(
        Id::WholePicture,
        "whole-picture",
        "Whole picture",
        "Work on the whole picture at the model's size, not on the region with its surroundings",
        Kind::Switch,
    )
    .in_hosts(&[Cli]),
    row(
        Id::Steady,
        "steady",
        "Steady",
        "Tie the noise to places of the picture, and let it go with what moves: frames of a film that are edited alike come out alike",
        Kind::Switch,
    )
    .in_hosts(&[Cli, OpenFx]),
    row(
        Id::Output,
        "output",
        "Output",
        "What becomes of the result; edits of no item, such as an expanded canvas, are one layer",
        Kind::Choice {
            choices: &[word("layer", "One layer"), word(Choice::LAYERS, "Item and clean plate as two layers")],
            default: "layer",
        },
    )
    .in_hosts(WINDOWS),
    row(
        Id::Output,
        "output",
        "Output",
        "The result, the clean plate (the picture without the item), or the item alone with transparency",
        Kind::Choice { choices: &[word("result", "Result"), word("plate", "Plate"), word("item", "Item")], default: "result" },
    )
    .in_hosts(&[OpenFx]),
    row(
        Id::OtherFrames,
        "other-frames",
        "Other frames",
        "How many frames before and after may show what an item hides in this one, where the model is patches; 0 for none",
        whole(0, 64, defaults::OTHER_FRAMES as i128),
    )
    .in_hosts(&[OpenFx])
    .called(&[(OpenFx, "otherFrames")]),
];

pub(crate) const LEARN: &[Parameter] = &[
    ITEMS_FROM,
    PICTURE,
    MODEL,
    row(Id::Restart, "restart", "_Begin again", "Forgets what was learned before", Kind::Switch).in_hosts(WINDOWS),
];

pub(crate) const ITEMS: &[Parameter] = &[
    ITEMS_FROM,
    row(
        Id::Most,
        "most",
        "Find at mos_t",
        "How many items are looked for, where they are found automatically",
        whole(1, defaults::MOST_ITEMS as i128, defaults::ITEMS_AT_MOST as i128),
    )
    .in_hosts(WINDOWS),
    PICTURE,
];

pub(crate) const HISTORY: &[Parameter] = &[
    row(Id::Revision, "revision", "Resul_t", "Which result comes back as a layer; -1 for none", chosen_whole(0, i32::MAX as i128, -1))
        .in_hosts(WINDOWS)
        .usually(|| "none".to_owned()),
    PICTURE,
];

/// The options of fine-tuning, which the command line's `learn` takes.
pub const LEARNING: &[Parameter] = &[
    preset("Our tuned defaults, or the published implementation's settings", &[TUNED, PUBLISHED]).in_hosts(&[Cli]),
    row(Id::Tokens, "tokens", "Tokens", "Tokens of each item", chosen_whole(1, defaults::MOST_TOKENS as i128, 0))
        .in_hosts(&[Cli])
        .usually(|| defaults::TOKENS.to_string()),
    row(
        Id::Updates,
        "updates",
        "Updates",
        "Updates of the two stages at most, for the tokens and for the attention",
        Kind::WholePair(defaults::UPDATES),
    )
    .in_hosts(&[Cli]),
    row(Id::Rates, "rates", "Rates", "Learning rates of the two stages", Kind::NumberPair(defaults::RATES)).in_hosts(&[Cli]),
    row(Id::Rank, "rank", "Rank", "Rank of the LoRA on the attention", chosen_whole(1, 1000, 0))
        .in_hosts(&[Cli])
        .usually(|| defaults::RANK.to_string()),
    row(
        Id::FullAttention,
        "full-attention",
        "Full attention",
        "Train the cross-attention weights themselves: a session of over 100 MB",
        Kind::Switch,
    )
    .in_hosts(&[Cli]),
    row(Id::Batch, "batch", "Batch", "Pairs of noise and timestep in one pass", chosen_whole(1, 1000, 0))
        .in_hosts(&[Cli])
        .usually(|| defaults::BATCH.to_string()),
    row(Id::Accumulation, "accumulation", "Accumulation", "Passes whose gradients add up to one update", chosen_whole(1, 1000, 0))
        .in_hosts(&[Cli])
        .usually(|| defaults::ACCUMULATION.to_string()),
    row(Id::NoEarlyStop, "no-early-stop", "No early stop", "Go through all updates, also when the loss has settled", Kind::Switch)
        .in_hosts(&[Cli]),
    row(
        Id::CheckpointLevels,
        "checkpoint-levels",
        "Checkpoint levels",
        "Compute the outermost N levels of the denoiser again in the backward pass: less memory for more time",
        whole(0, 16, 0),
    )
    .in_hosts(&[Cli]),
    row(
        Id::PreviewEvery,
        "preview-every",
        "Preview every",
        "Write a preview to the session's folder every N updates",
        whole(0, 1_000_000, 0),
    )
    .in_hosts(&[Cli]),
    row(Id::Seed, "seed", "Seed", "Seed of everything random", whole(0, u64::MAX as i128, 0)).in_hosts(&[Cli]),
];

fn nearest() -> String {
    "the nearest items".to_owned()
}

fn another_seed() -> String {
    "a random one, which is reported".to_owned()
}

fn daemons_model() -> String {
    format!("what DEDIT_MODEL names where the daemon starts, else {}", defaults::MODEL)
}

fn usual_steps() -> String {
    format!("{}; {} to reconstruct and as published", defaults::STEPS, defaults::STEPS_RECONSTRUCT)
}

fn usual_guidance() -> String {
    format!(
        "{} with words, {} without, {} to reconstruct",
        defaults::GUIDANCE_WORDS,
        defaults::GUIDANCE_TOKENS,
        defaults::GUIDANCE_RECONSTRUCT
    )
}

fn usual_feather() -> String {
    format!("{}, less in small pictures, or as soft as the selection", defaults::FEATHER)
}

fn usual_margin() -> String {
    format!("{} of the item's size; 0 as published", defaults::MARGIN)
}
