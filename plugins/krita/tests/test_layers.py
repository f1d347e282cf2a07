"""Items as layers in other colour spaces than the daemon's."""

from __future__ import annotations

import array
import random
import unittest
from dataclasses import dataclass

from dedit_krita import pixels as p
from dedit_krita.colour_space import ColourSpace
from dedit_krita.layers import refit

COUNT = 400


@dataclass
class Case:
    """Pixels of one colour: the item's alpha, what lies below, and what is to be seen."""

    model: str
    depth: str
    share: float
    below: float
    shown: float
    made: float
    """The alpha that the item gets."""


CASES = (
    Case("RGBA", "F32", 0.5, 0.2, 0.6, 0.5),
    Case("RGBA", "F32", 0.1, 0.2, 3.0, 0.1),
    # Nothing darker than black makes it as dark.
    Case("RGBA", "F32", 0.1, 0.5, 0.25, 0.5),
    Case("RGBA", "U16", 0.1, 0.5, 0.25, 0.5),
    Case("GRAYA", "U8", 0.2, 0.0, 0.6, 0.6),
    Case("CMYKA", "U8", 0.4, 0.2, 0.4, 0.4),
    Case("LABA", "F32", 0.1, 0.5, -0.25, 0.1),
)


class Refit(unittest.TestCase):
    """What is seen of an item over its plate stays, where Krita blends in another space."""

    def check(self, space: ColourSpace, item: bytes, below: bytes, shown: bytes) -> bytes:
        """The item over what is below gives what is shown."""
        made, samples = refit(item, below, shown, space), space.samples
        soft = p.soft_mask(p.alpha(made, space.channels, samples), samples)
        full = p.full_mask(p.alpha(made, space.channels, samples), samples)
        laid = p.blend(p.select(below, made, full), made, soft, space.channels, samples)
        seen, wanted = p.values_of(laid, samples), p.values_of(shown, samples)
        off = max(abs(one - other) for one, other in zip(seen, wanted))
        self.assertLessEqual(off, 1e-5 if samples == "f32" else 1, space)
        return made

    def test_single_pixels(self) -> None:
        """Alpha stays, unless no colour gives what is shown."""
        for case in CASES:
            space = ColourSpace(case.model, case.depth, "any")
            most, code = p.MOST[space.samples], p.NUMBERS[space.samples]

            def pixel(
                colour: float, alpha: float, space: ColourSpace = space, most: float = most
            ) -> bytes:
                values = [*[colour] * (space.channels - 1), alpha]
                whole = [v * most if space.samples == "f32" else round(v * most) for v in values]
                return array.array(p.NUMBERS[space.samples], whole).tobytes()

            item, below, shown = pixel(0.3, case.share), pixel(case.below, 1), pixel(case.shown, 1)
            made = self.check(space, item, below, shown)
            alpha = array.array(code, made)[-1] / most
            self.assertAlmostEqual(alpha, case.made, delta=0.004, msg=str(case))

    def test_random_pixels(self) -> None:
        """Whatever is below and shown."""
        chance = random.Random(5)
        for model, depth in (("RGBA", "U8"), ("RGBA", "U16"), ("GRAYA", "F32"), ("CMYKA", "U8")):
            space = ColourSpace(model, depth, "any")
            most, code = p.MOST[space.samples], p.NUMBERS[space.samples]

            def some() -> float:
                value = chance.random() * most  # noqa: B023 (called at once)
                return value if most == 1.0 else int(value)  # noqa: B023

            alphas = [some() for _ in range(COUNT)]
            colours = range(space.channels - 1)
            rows = [
                [[*(some() for _ in colours), alpha] for alpha in column]
                for column in (alphas, [most] * COUNT, [most] * COUNT)
            ]
            # Where the item covers nothing or all, nothing is changed.
            for item, below, shown in zip(*rows):
                if item[-1] in (0, most):
                    shown[:] = item if item[-1] else below
            flat = [
                array.array(code, [value for pixel in row for value in pixel]).tobytes()
                for row in rows
            ]
            self.check(space, *flat)
