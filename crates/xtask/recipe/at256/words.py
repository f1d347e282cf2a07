"""The words of the drawn world in CLIP's vocabulary, and the prompts that a scene is trained with.

Training uses a small table with a row for each token that occurs; `export.py` spreads it over the full vocabulary.
"""

from pathlib import Path

import numpy as np
from transformers import CLIPTokenizer

LENGTH = 32
"""Tokens of a prompt, with start and end."""
ITEM_TOKENS = 5
"""Tokens that an item of a picture gets when the picture is learned."""

COLOURS = "red orange yellow green blue purple white pink brown black".split()
MATERIALS = "wooden metal glass".split()
NOTHING = ["nothing", "nothing here", "empty", "an empty place", "no object"]
"""Prompts of a region in which there is to be ground alone."""

SYNONYMS = {
    "ball": ["sphere", "globe"],
    "cube": ["box", "block", "dice"],
    "cone": ["pyramid"],
    "ring": ["donut", "torus", "hoop"],
    "heart": ["love heart"],
    "mushroom": ["toadstool"],
    "tree": ["pine", "fir tree"],
    "house": ["cottage", "hut", "home"],
    "mug": ["cup"],
    "rocket": ["spaceship"],
    "duck": ["bird"],
    "snowman": ["snow man"],
    "car": ["jeep", "automobile"],
    "boat": ["ship", "sailboat"],
    "chair": ["seat"],
    "crown": ["tiara"],
    "flower": ["daisy", "blossom"],
    "bear": ["teddy", "teddy bear"],
    "castle": ["fortress"],
    "red": ["crimson", "scarlet"],
    "yellow": ["golden"],
    "green": ["emerald"],
    "blue": ["navy"],
    "purple": ["violet", "lilac"],
    "white": ["ivory"],
    "pink": ["rose"],
    "brown": ["chocolate"],
    "black": ["ebony"],
    "orange": ["tangerine"],
    "wooden": ["timber", "oak"],
    "metal": ["steel", "chrome", "shiny metal"],
    "glass": ["crystal", "transparent"],
    "grass": ["lawn", "meadow"],
    "sand": ["beach", "desert"],
    "wood": ["planks", "floorboards"],
    "marble": ["marble floor"],
    "stone": ["concrete", "pavement", "tiles"],
    "grey": ["gray"],
}
"""Other words for the same: they are put in now and then, so that the model knows them too."""

WORDS = """
a an and on , the of photo picture toy floor ground object place here no empty nothing plastic background wall sky sunset
ball cube cone ring star heart mushroom tree house mug rocket duck snowman car apple boat bell chair crown flower bear castle
""".split()


class Vocabulary:
    """From prompts to rows of the small table."""

    def __init__(self, tokenizer: Path):
        self.tokenizer = CLIPTokenizer.from_pretrained(tokenizer)
        self.start, self.end = self.tokenizer.bos_token_id, self.tokenizer.eos_token_id
        words = [*WORDS, *COLOURS, *MATERIALS, *NOTHING, *SYNONYMS, *(word for others in SYNONYMS.values() for word in others)]
        pieces = {token for word in words for token in self.tokenizer(word, add_special_tokens=False).input_ids}
        self.tokens = [self.start, self.end, *sorted(pieces)]
        self.rows = {token: row for row, token in enumerate(self.tokens)}
        self.known: dict[str, list[int]] = {}

    def pieces(self, words: str) -> list[int]:
        """Rows of some words alone."""
        if words not in self.known:
            tokens = self.tokenizer(words, add_special_tokens=False).input_ids if words else []
            self.known[words] = [self.rows[token] for token in tokens]
        return self.known[words]

    def padded(self, pieces: list[int]) -> list[int]:
        """Rows of a prompt: with start and end, filled up with the end token."""
        start, end = self.rows[self.start], self.rows[self.end]
        rows = [start, *pieces[: LENGTH - 2], end]
        return rows + [end] * (LENGTH - len(rows))

    def encode(self, prompt: str) -> list[int]:
        """Rows of a prompt."""
        return self.padded(self.pieces(prompt))


class Prompts:
    """Draws prompts as rows of the small table."""

    def __init__(self, vocabulary: Vocabulary, random: np.random.Generator):
        self.vocabulary, self.random = vocabulary, random
        self.empty = vocabulary.encode("")

    def chance(self, of: float) -> bool:
        return self.random.random() < of

    def pick(self, words: list[str]) -> str:
        return words[self.random.integers(len(words))]

    def vary(self, prompt: str, chance: float = 0.15) -> str:
        """A prompt with some of its words put differently."""
        words = prompt.replace(",", " ,").split()
        varied = [self.pick(SYNONYMS[word]) if word in SYNONYMS and self.chance(chance) else word for word in words]
        if varied[0] in ("a", "an") and self.chance(chance / 3):
            varied = ["a", self.pick(["photo", "picture"]), "of", *varied]
        return " ".join(varied).replace(" ,", ",")

    def caption(self, line: dict) -> list[int]:
        return self.vocabulary.encode(self.vary(line["caption"], 0.1))

    def of_items(self, line: dict) -> list[list[int]]:
        """The background's prompt and each toy's."""
        return [self.of_background(line["background"]), *(self.of_toy(prompt) for prompt in line["toys"])]

    def of_background(self, prompt: str) -> list[int]:
        return self.repeated(prompt.replace(",", "")) if self.chance(0.2) else self.vocabulary.encode(self.vary(prompt))

    def of_nothing(self, background: list[int]) -> list[int]:
        """The prompt of a region without a toy: that there is nothing, or what the background's is."""
        return self.vocabulary.encode(self.pick(NOTHING)) if self.chance(0.7) else background

    def of_toy(self, prompt: str) -> list[int]:
        """A prompt as words, or as an item's tokens start when a picture is learned: the words over and over.

        At times its tokens get another colour or no material, and the true one goes before them, as in “a green [v]”: so the model learns that words
        before an item's tokens count for more than the tokens. At times a word is left out, and stands for any colour or material.
        """
        plain = prompt.removeprefix("an ").removeprefix("a ").split()
        colour, material, kind = plain[0], " ".join(plain[1:-1]), plain[-1]
        style = self.random.random()
        if style < 0.5:
            return self.vocabulary.encode(self.vary(prompt))
        if style < 0.56 and not material:
            return self.vocabulary.encode(self.vary(f"a {colour} plastic {kind}"))
        if style < 0.62:
            return self.vocabulary.encode(self.vary(self.pick([f"a {kind}", kind, f"a {colour} {kind}", f"a {colour} toy", f"a {material} {kind}"])))
        if style < 0.7:
            return self.vocabulary.encode(self.vary(" ".join(plain)))
        if style < 0.83:
            return self.repeated(" ".join(plain))
        if material and self.chance(0.5):
            return self.repeated(f"{self.pick(['', *MATERIALS])} {colour} {kind}".strip(), before=f"a {material}")
        before = ("an " if colour == "orange" else "a ") + colour
        return self.repeated(" ".join([self.pick(COLOURS), *plain[1:]]), before=before)

    def repeated(self, words: str, before: str = "") -> list[int]:
        """Some words, then others over and over until they fill an item's tokens."""
        pieces = self.vocabulary.pieces(words)
        item = [pieces[place % len(pieces)] for place in range(ITEM_TOKENS)]
        return self.vocabulary.padded([*self.vocabulary.pieces(before), *item])
