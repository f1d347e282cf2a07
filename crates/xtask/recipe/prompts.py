"""The prompts that a scene is trained with."""

import random

from vocabulary import Vocabulary, vary

COLOURS = "red orange yellow green blue purple white".split()
ITEM_TOKENS = 5
"""Tokens that an item of a picture gets when the picture is learned."""


class Prompts:
    """Draws prompts as rows of the small table."""

    def __init__(self, vocabulary: Vocabulary):
        self.vocabulary = vocabulary
        self.empty = vocabulary.encode("")

    def caption(self, line: dict) -> list[int]:
        return self.vocabulary.encode(vary(line["caption"]))

    def of_items(self, line: dict) -> list[list[int]]:
        """The background's prompt and each toy's."""
        return [self.of_item(prompt) for prompt in (line["background"], *line["toys"])]

    def of_item(self, prompt: str) -> list[int]:
        """A prompt as words, or as an item's tokens start when a picture is learned: the words over and over.

        At times a toy's tokens get another colour and the true one goes before them, as in “a green [v]”: so the model learns that words
        before an item's tokens count for more than the tokens.
        """
        style = random.random()
        if style < 0.6:
            return self.vocabulary.encode(vary(prompt))
        plain = prompt.removeprefix("a ").removeprefix("an ")
        if style < 0.7:
            return self.vocabulary.encode(vary(plain))
        colour = plain.split()[0]
        if style < 0.85 or colour not in COLOURS:
            return self.repeated(plain)
        other = plain.replace(colour, random.choice(COLOURS), 1)
        return self.repeated(other, before=["an" if colour == "orange" else "a", colour])

    def repeated(self, words: str, before: list[str] = ()) -> list[int]:
        """Some words, then others over and over until they fill an item's tokens."""
        pieces = self.vocabulary.pieces(words)
        item = [pieces[place % len(pieces)] for place in range(ITEM_TOKENS)]
        return self.vocabulary.padded([*self.vocabulary.pieces(" ".join(before)), *item])
