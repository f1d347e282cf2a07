"""The words of the drawn world in CLIP's vocabulary.

Training uses a small table with a row for each token that occurs; `export.py` spreads it over the full vocabulary.
"""

import random
from pathlib import Path

from transformers import CLIPTokenizer

LENGTH = 24
"""Tokens of a prompt, with start and end."""

SYNONYMS = {
    "ball": ["sphere"],
    "cube": ["box", "block"],
    "ring": ["donut", "torus"],
    "mug": ["cup"],
    "car": ["jeep"],
    "purple": ["violet"],
    "red": ["crimson"],
    "grass": ["lawn"],
    "stone": ["concrete"],
    "wood": ["wooden floor"],
    "sand": ["beach"],
}
"""Other words for the same: they are put in now and then, so that the model knows them too."""

WORDS = """
a an and on , the of photo toy floor ball cube cone ring star heart mushroom tree house mug rocket duck snowman car red orange yellow green blue
purple white grass sand wood marble stone wall sky pink grey gray sunset background sphere box block donut torus cup jeep violet crimson lawn
concrete wooden beach
""".split()


class Vocabulary:
    """From prompts to rows of the small table."""

    def __init__(self, tokenizer: Path):
        self.tokenizer = CLIPTokenizer.from_pretrained(tokenizer)
        self.start, self.end = self.tokenizer.bos_token_id, self.tokenizer.eos_token_id
        pieces = {token for word in WORDS for token in self.tokenizer(word, add_special_tokens=False).input_ids}
        self.tokens = [self.start, self.end, *sorted(pieces)]
        self.rows = {token: row for row, token in enumerate(self.tokens)}
        self.known: dict[str, list[int]] = {}

    def pieces(self, words: str) -> list[int]:
        """Rows of some words alone."""
        return [self.rows[token] for token in self.tokenizer(words, add_special_tokens=False).input_ids] if words else []

    def padded(self, pieces: list[int]) -> list[int]:
        """Rows of a prompt: with start and end, filled up with the end token."""
        start, end = self.rows[self.start], self.rows[self.end]
        rows = [start, *pieces[: LENGTH - 2], end]
        return rows + [end] * (LENGTH - len(rows))

    def encode(self, prompt: str) -> list[int]:
        """Rows of a prompt."""
        if prompt not in self.known:
            self.known[prompt] = self.padded(self.pieces(prompt))
        return self.known[prompt]


def vary(prompt: str, chance: float = 0.15) -> str:
    """A prompt with some of its words put differently."""
    words = prompt.replace(",", " ,").split()
    varied = [random.choice(SYNONYMS[word]) if word in SYNONYMS and random.random() < chance else word for word in words]
    if random.random() < chance / 3 and varied[0] in ("a", "an"):
        varied = ["a", "photo", "of", *varied]
    return " ".join(varied).replace(" ,", ",")
