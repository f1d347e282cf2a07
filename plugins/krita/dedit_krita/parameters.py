"""Actions and parameters: generated from crates/dedit-schema by `cargo xtask generate`, not by hand."""

# ruff: noqa: E501

from .schema import Action, Parameter

INSTANT_MODEL = "patches"
"""The model of edits whose quality is `instant`."""

FAST = {"scheduler": "lcm", "steps": 6, "guidance": 1.5}
"""Options of edits whose quality is `fast`."""

FAST_LORA = "lcm-lora"
"""What stands for the LCM-LoRA of a model's family."""

SHARED = (
    Parameter("when", "Quality", "Diffusion models learn a picture and its items once, which takes a while; patches has nothing to learn", "choice", default="learned", choices=(("learned", "Best (learns first where needed)"), ("draft", "At once (draft)"), ("fast", "Fast (draft in few steps)"), ("both", "At once, and again after learning"), ("instant", "Instant (no weights)"),), takes="learned, draft, fast, both or instant"),
    Parameter("variations", "Variations", "How many results, each with a seed of its own", "whole", low=1, high=64, default=1, takes="whole numbers from 1 to 64"),
    Parameter("items", "Items from", "Where the picture's items are taken from", "choice", default="auto", choices=(("auto", "Selection, else known items, masks, channels"), ("selection", "Selection"), ("layer-masks", "Layer masks"), ("layer-alpha", "Transparency of layers"), ("session", "As set before"), ("everything", "Found automatically"),), takes="auto, selection, layer-masks, layer-alpha, session or everything"),
    Parameter("picture", "Picture", "What is edited", "choice", default="layer", choices=(("layer", "The active layer"), ("visible", "All that is visible"),), takes="layer or visible"),
    Parameter("fit", "Shape", "Which shape the new content may take", "choice", default="auto", choices=(("auto", "Chosen by the edit"), ("exact", "The item's outline"), ("loose", "Roughly the item's outline"), ("box", "The box around it"),), takes="auto, exact, loose or box"),
    Parameter("seed", "Seed", "Seed of the noise", "whole", low=0, high=18446744073709551615, automatic=-1, takes="whole numbers from 0 to 18446744073709551615, or -1 for the usual", usual="a random one, which is reported"),
    Parameter("steps", "Steps", "Denoising steps", "whole", low=1, high=1000, automatic=0, takes="whole numbers from 1 to 1000, or 0 for the usual", usual="20; 50 to reconstruct and as published"),
    Parameter("guidance", "Guidance", "Guidance scale: how strongly the prompts lead", "number", low=0, high=50, automatic=0, takes="0 to 50, or 0 for the usual", usual="7 with words, 3 without, 1 to reconstruct"),
    Parameter("strength", "Strength", "Share of the steps in which the soft ring stays as it was", "number", low=0, high=1, automatic=-1, takes="0 to 1, or -1 for the usual", usual="0.5"),
    Parameter("model", "Model", "patches (no weights), toys, or the path of a diffusion model on the daemon's machine", "text", takes="words", usual="what DEDIT_MODEL names where the daemon starts, else patches"),
    Parameter("feather", "Feather, px", "Width of the soft ring around what changes; 0 for a hard edge", "number", low=0, high=1000, automatic=-1, takes="0 to 1000, or -1 for the usual", usual="20, less in small pictures, or as soft as the selection", unit="px", older=("ring",)),
    Parameter("margin", "Margin, px", "How far around what leaves or moves its surroundings are generated anew, for its shadow; 0 for not at all", "number", low=0, high=10000, automatic=-1, takes="0 to 10000, or -1 for the usual", usual="0.2 of the item's size; 0 as published", unit="px"),
    Parameter("output", "Output", "What becomes of the result; edits of no item, such as an expanded canvas, are one layer", "choice", default="layer", choices=(("layer", "One layer"), ("layers", "Item and clean plate as two layers"),), takes="layer or layers"),
)
"""Parameters of every edit."""

ACTIONS = (
    Action("replace", "Replace", "Replace", "Replaces the item by what a prompt describes", True, (
        Parameter("item", "Item", "The item's name; where there is a selection, empty for what is selected", "text", takes="words", required=True),
        Parameter("prompt", "Prompt", "What it becomes, in words, such as: a white handbag", "text", takes="words", required=True),
    ), needs_model=True),
    Action("augment", "Augment", "Augment this item", "Changes the item by words and keeps its identity, such as: a golden [v]", True, (
        Parameter("item", "Item", "The item's name; where there is a selection, empty for what is selected", "text", takes="words", required=True),
        Parameter("prompt", "Prompt", "Words for it, with [v] for the item itself, such as: a golden [v]", "text", takes="words", required=True),
    ), needs_model=True),
    Action("swap-in", "Replace from another picture", "Replace from another picture", "Puts an item of another picture in the item's place", True, (
        Parameter("item", "Item", "The item's name; where there is a selection, empty for what is selected", "text", takes="words", required=True),
        Parameter("from-document", "Another picture", "The open document with the other item", "text", takes="words"),
        Parameter("from-file", "Or a file on disk", "A picture file with the other item", "file", takes="the path of a file"),
        Parameter("from-name", "Known as", "Its layer, mask or channel; without a name the active layer or the first one", "text", takes="words"),
    )),
    Action("remove", "Remove", "Remove", "Takes the item away and fills the place", True, (
        Parameter("item", "Item", "The item's name; where there is a selection, empty for what is selected", "text", takes="words", required=True),
        Parameter("into", "Filled by", "The item that gets the pixels it leaves", "text", takes="words", usual="the nearest items"),
    )),
    Action("lift", "Lift", "Lift to its own layer and fill the hole", "Makes the item a layer of its own, free to be moved, and fills the place behind it", True, (
        Parameter("item", "Item", "The item's name; where there is a selection, empty for what is selected", "text", takes="words", required=True),
        Parameter("into", "Filled by", "The item that gets the pixels it leaves", "text", takes="words", usual="the nearest items"),
    ), verb="remove", without=("output",)),
    Action("move", "Move", "Move / resize", "Moves, resizes or turns the item and fills the place that it leaves", True, (
        Parameter("item", "Item", "The item's name; where there is a selection, empty for what is selected", "text", takes="words", required=True),
        Parameter("dx", "X, px", "Pixels to the right; negative to the left", "number", low=-65000, high=65000, default=0, takes="-65000 to 65000", unit="px"),
        Parameter("dy", "Y, px", "Pixels down; negative up", "number", low=-65000, high=65000, default=0, takes="-65000 to 65000", unit="px"),
        Parameter("scale", "Size", "How many times as large", "number", low=0.01, high=100, default=1, takes="0.01 to 100"),
        Parameter("rotate", "Turn, degrees", "Degrees clockwise", "number", low=-36000, high=36000, default=0, takes="-36000 to 36000", unit="°"),
        Parameter("into", "Filled by", "The item that gets the pixels it leaves", "text", takes="words", usual="the nearest items"),
    )),
    Action("swap", "Swap", "Swap items", "Lets two items take each other's place and outline", True, (
        Parameter("item", "Item", "The item's name; where there is a selection, empty for what is selected", "text", takes="words", required=True),
        Parameter("with", "With", "The other item", "text", takes="words", required=True),
    )),
    Action("refine", "Refine", "Refine selection", "Generates a region again as it is", True, ()),
    Action("expand", "Expand", "Expand the canvas", "Enlarges the canvas and fills the new pixels", True, (
        Parameter("left", "Left, px", "Pixels that the canvas gets at the left", "whole", low=0, high=65000, default=0, takes="whole numbers from 0 to 65000", unit="px"),
        Parameter("right", "Right, px", "Pixels that the canvas gets at the right", "whole", low=0, high=65000, default=0, takes="whole numbers from 0 to 65000", unit="px"),
        Parameter("top", "Top, px", "Pixels that the canvas gets at the top", "whole", low=0, high=65000, default=0, takes="whole numbers from 0 to 65000", unit="px"),
        Parameter("bottom", "Bottom, px", "Pixels that the canvas gets at the bottom", "whole", low=0, high=65000, default=0, takes="whole numbers from 0 to 65000", unit="px"),
        Parameter("into", "Filled by", "The item that gets the new pixels", "text", takes="words", usual="the nearest items"),
    )),
    Action("redo", "Redo", "Redo with another seed", "Makes the last result again with another seed", False, (
        Parameter("seed", "Seed", "Seed of the noise", "whole", low=0, high=18446744073709551615, automatic=-1, takes="whole numbers from 0 to 18446744073709551615, or -1 for the usual", usual="a random one, which is reported"),
    )),
    Action("learn", "Learn", "Learn items", "Learns the picture's items, which makes every edit of them better", False, (
        Parameter("items", "Items from", "Where the picture's items are taken from", "choice", default="auto", choices=(("auto", "Selection, else known items, masks, channels"), ("selection", "Selection"), ("layer-masks", "Layer masks"), ("layer-alpha", "Transparency of layers"), ("session", "As set before"), ("everything", "Found automatically"),), takes="auto, selection, layer-masks, layer-alpha, session or everything"),
        Parameter("picture", "Picture", "What is edited", "choice", default="layer", choices=(("layer", "The active layer"), ("visible", "All that is visible"),), takes="layer or visible"),
        Parameter("model", "Model", "patches (no weights), toys, or the path of a diffusion model on the daemon's machine", "text", takes="words", usual="what DEDIT_MODEL names where the daemon starts, else patches"),
        Parameter("restart", "Begin again", "Forgets what was learned before", "switch", default=False, takes="on or off"),
    )),
    Action("items", "Items", "Items", "Shows and sets what the picture's items are", False, (
        Parameter("items", "Items from", "Where the picture's items are taken from", "choice", default="auto", choices=(("auto", "Selection, else known items, masks, channels"), ("selection", "Selection"), ("layer-masks", "Layer masks"), ("layer-alpha", "Transparency of layers"), ("session", "As set before"), ("everything", "Found automatically"),), takes="auto, selection, layer-masks, layer-alpha, session or everything"),
        Parameter("most", "Find at most", "How many items are looked for, where they are found automatically", "whole", low=1, high=64, default=12, takes="whole numbers from 1 to 64"),
        Parameter("picture", "Picture", "What is edited", "choice", default="layer", choices=(("layer", "The active layer"), ("visible", "All that is visible"),), takes="layer or visible"),
    )),
    Action("history", "History", "History", "Shows the results of this picture, and puts one back as a layer", False, (
        Parameter("revision", "Result", "Which result comes back as a layer; -1 for none", "whole", low=0, high=2147483647, automatic=-1, takes="whole numbers from 0 to 2147483647, or -1 for the usual", usual="none"),
        Parameter("picture", "Picture", "What is edited", "choice", default="layer", choices=(("layer", "The active layer"), ("visible", "All that is visible"),), takes="layer or visible"),
    )),
    Action("models", "Models", "Models", "Shows the models that edits can use, fetches others, and chooses the usual one", False, ()),
    Action("status", "Status", "Status", "Shows the state of the D-Edit daemon", False, ()),
)
"""In the order of menus."""

MODEL_BUTTONS = (
    ("fetch", "Fetch", "Downloads the chosen model; a download that was cut off goes on where it was"),
    ("default", "Make default", "The chosen model is used where no other is named"),
    ("add", "Add file…", "Lists a model file of this machine, which stays where it is"),
    ("verify", "Verify", "Compares the chosen model's files with their checksums"),
    ("remove", "Remove", "Deletes a fetched model, or takes an added file off the list"),
)
"""Name, label and tool tip."""

MODEL_WORDS = {
    "sd1": "SD 1.5",
    "sd2": "SD 2.1",
    "sdxl": "SDXL",
    "checkpoint": "model",
    "lora": "LoRA",
    "embedding": "embedding",
    "vae": "VAE",
    "segmentation": "segmentation",
}
"""Families and kinds of the protocol, and what people call them."""

MODEL_TEXTS = {
    "lead": "Fetch a model...",
    "lead_help": "Opens the list of models, from which one can be fetched",
    "open_help": "Shows the models of this machine and those that can be fetched",
    "fetched": "fetched",
    "found": "found",
    "absent": "not fetched",
    "broken": "broken",
    "usual": ", default",
    "about_licence": "Licence: {licence}, {link}",
    "about_place": "Kept by {program}: {path}",
    "about_broken": "Broken: {broken}; remove it and fetch or copy it again",
    "inpainting": "made to fill regions",
    "ask_title": "Licence",
    "ask": "{title} is offered under the licence {licence}. Read it, and accept it to download the model.",
    "ask_link": "Read it at",
    "accept": "Accept and fetch",
    "add_title": "Add a model file",
    "add_row": "File",
    "add_done": "Added: {title}",
    "fetch_done": "{title} is here. It is used where no other model is named, if it is the only one or the default.",
    "stopped": "Stopped. What has come is kept, and Fetch goes on from there.",
    "verify_same": "{title}: the checksum is right.",
    "verify_whole": "{title} is whole; no checksum is known to compare it with.",
    "remove_done": "{title} was removed.",
    "default_done": "{title} is used where no other model is named.",
}
"""What is said about models; names in braces stand for values."""
