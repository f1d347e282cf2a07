"""Operations on rasters, compared with plain loops."""

from __future__ import annotations

import array
import random
import unittest

from dedit_krita import pixels as p
from dedit_krita.wire import Pixels

CODES = {"u8": "B", "u16": "H", "f32": "f"}


def naive_order(data: bytes, channels: int, samples: str) -> bytes:
    """Swap red and blue, sample by sample."""
    values = array.array(CODES[samples])
    values.frombytes(data)
    for place in range(0, len(values), channels):
        values[place], values[place + 2] = values[place + 2], values[place]
    return values.tobytes()


class Random(unittest.TestCase):
    """Random rasters of random sizes, the same in each run."""

    def setUp(self) -> None:
        """Seed the random numbers."""
        self.chance = random.Random(20)

    def size(self) -> tuple[int, int]:
        """Return a random size."""
        return self.chance.randint(1, 17), self.chance.randint(1, 13)

    def data(self, count: int) -> bytes:
        """Return random bytes."""
        return bytes(self.chance.randint(0, 255) for _ in range(count))

    def mask(self, count: int) -> bytes:
        """Return a random binary mask."""
        return bytes(self.chance.choice((0, 255)) for _ in range(count))

    def part(self, width: int, height: int) -> p.Rect:
        """Return a random rectangle within a size."""
        wide, high = self.chance.randint(1, width), self.chance.randint(1, height)
        x, y = self.chance.randint(0, width - wide), self.chance.randint(0, height - high)
        return p.Rect(x, y, wide, high)

    def test_the_wires_order(self) -> None:
        """Red and blue are swapped in integer samples; floats and grey stay."""
        for samples, size in p.SAMPLE_BYTES.items():
            for channels in (2, 4):
                data = self.data(12 * channels * size)
                turned = p.swap_red_blue(data, channels, samples)
                is_turned = channels == 4 and samples != "f32"
                expected = naive_order(data, channels, samples) if is_turned else data
                self.assertEqual(turned, expected, (samples, channels))
                self.assertEqual(p.swap_red_blue(turned, channels, samples), data)

    def test_chosen(self) -> None:
        """Each pixel is from one of the two rasters."""
        for _ in range(50):
            count, pixel = self.chance.randint(1, 40), self.chance.choice((1, 2, 4, 8, 16))
            below, above = self.data(count * pixel), self.data(count * pixel)
            mask = self.mask(count)
            expected = b"".join(
                (above if mask[k] else below)[k * pixel : (k + 1) * pixel] for k in range(count)
            )
            self.assertEqual(p.select(below, above, mask), expected)

    def test_differing(self) -> None:
        """A single bit makes a pixel differ."""
        for _ in range(50):
            count, pixel = self.chance.randint(1, 40), self.chance.choice((1, 2, 4, 8, 16))
            one = self.data(count * pixel)
            other = bytearray(one)
            for _ in range(self.chance.randint(0, 4)):
                other[self.chance.randrange(len(one))] ^= 1 << self.chance.randint(0, 7)
            expected = bytes(
                255 * (one[k * pixel :][:pixel] != other[k * pixel :][:pixel]) for k in range(count)
            )
            self.assertEqual(p.difference_mask(one, bytes(other), pixel), expected)

    def test_cut_and_put(self) -> None:
        """Pasting a crop changes nothing; what was pasted can be cropped."""
        for _ in range(50):
            (width, height), pixel = self.size(), self.chance.choice((1, 3, 4, 8))
            data, part = self.data(width * height * pixel), self.part(width, height)
            piece = p.crop(data, width, pixel, part)
            expected = b"".join(
                data[((part.y + row) * width + part.x) * pixel :][: part.width * pixel]
                for row in range(part.height)
            )
            self.assertEqual(piece, expected)
            self.assertEqual(p.paste(data, width, pixel, part, piece), data)
            other = self.data(len(piece))
            whole = p.paste(data, width, pixel, part, other)
            self.assertEqual(p.crop(whole, width, pixel, part), other)
            mask = p.difference_mask(data, whole, pixel)
            around = p.bounding_box(mask, width)
            if around is not None:
                self.assertEqual(around.within(part), around)

    def test_bounds(self) -> None:
        """The smallest rectangle; None for an empty mask."""
        self.assertIsNone(p.bounding_box(bytes(12), 4))
        for _ in range(50):
            width, height = self.size()
            mask = bytes(self.chance.choice((0, 0, 0, 9)) for _ in range(width * height))
            places = [(k % width, k // width) for k, value in enumerate(mask) if value]
            if not places:
                continue
            columns, rows = zip(*places)
            x, y = min(columns), min(rows)
            expected = p.Rect(x, y, max(columns) - x + 1, max(rows) - y + 1)
            self.assertEqual(p.bounding_box(mask, width), expected)

    def test_thinned(self) -> None:
        """Every n-th row and column, so that no side is too long."""
        for _ in range(50):
            (width, height), pixel = self.size(), self.chance.choice((1, 4))
            most, data = self.chance.randint(1, 20), self.data(width * height * pixel)
            step = max(1, -(-max(width, height) // most))
            wide, high, thin = p.downsample(data, width, pixel, most)
            expected = b"".join(
                data[(y * width + x) * pixel :][:pixel]
                for y in range(0, height, step)
                for x in range(0, width, step)
            )
            self.assertEqual(thin, expected)
            self.assertEqual(wide * high * pixel, len(thin))
            self.assertLessEqual(max(wide, high), most)

    def test_downsampling_a_part(self) -> None:
        """A part that is downsampled alone fits into the downsampled whole."""
        for _ in range(200):
            width, height = self.size()
            data, part = self.data(width * height), self.part(width, height)
            most = self.chance.randint(1, 20)
            wide, _, small = p.downsample(data, width, 1, most)
            step = p.downsample_step(width, height, most)
            cropped = p.crop(data, width, 1, part)
            box, piece = p.downsample_part(cropped, part, step)
            self.assertEqual(len(piece), box.area)
            if box.area:
                self.assertEqual(p.crop(small, wide, 1, box), piece)
                self.assertEqual(p.paste(small, wide, 1, box, piece), small)

    def test_masks_of_numbers(self) -> None:
        """The mask of a label."""
        for _ in range(50):
            count = self.chance.randint(1, 60)
            labels = bytes(self.chance.randint(0, 4) for _ in range(count))
            number = self.chance.randint(0, 5)
            mask = p.label_mask(labels, number)
            self.assertEqual(mask, bytes(255 * (value == number) for value in labels))

    def test_numbers_of_more_than_a_byte(self) -> None:
        """Labels above 255 become 255."""
        values = [self.chance.choice((0, 3, 254, 255, 256, 300, 65535)) for _ in range(64)]
        data = array.array("H", values).tobytes()
        small = p.labels_to_bytes(Pixels(8, 8, 1, "u16", data))
        self.assertEqual(list(small), [min(255, value) for value in values])

    def test_kinds_of_alpha(self) -> None:
        """Alpha of 1, of anything between, and of anything but 0."""
        for samples, most in p.MOST.items():
            some = (0, most, 0.5 if samples == "f32" else 100)
            values = [self.chance.choice(some) for _ in range(40)]
            shares = array.array(CODES[samples], values).tobytes()
            for mask, holds in (
                (p.nonzero_mask, lambda value: value != 0),
                (p.full_mask, lambda value, most=most: value == most),
                (p.soft_mask, lambda value, most=most: 0 < value < most),
            ):
                expected = bytes(255 * holds(value) for value in values)
                self.assertEqual(mask(shares, samples), expected, (mask, samples))

    def test_half_transparent_pixels_are_blended(self) -> None:
        """Straight alpha over opaque and half-transparent pixels, and over nothing."""
        half = {"u8": 51, "u16": 13107, "f32": 0.2}
        for samples, most in p.MOST.items():
            fifth = half[samples]
            cases = [
                ([fifth, most], [most, fifth], [0.2 + 0.8 * 0.2, 1.0]),
                ([most, 0], [fifth, fifth], [0.2, 0.2]),
                ([0, fifth], [most, fifth], [1 / 1.8, 0.36]),
                ([0, 0], [0, 0], [0.0, 0.0]),
            ]
            for below, above, expected in cases:
                data = [array.array(CODES[samples], values).tobytes() for values in (below, above)]
                made = p.values_of(p.blend(*data, b"\xff", 2, samples), samples)
                for value, wanted in zip(made, expected):
                    rounding = 1e-6 if samples == "f32" else 0.51 / most
                    self.assertAlmostEqual(value / most, wanted, delta=rounding, msg=samples)


class Shown(unittest.TestCase):
    """Images for display."""

    def test_floats_of_any_kind(self) -> None:
        """NaN and infinity are drawn as something."""
        values = [0.0, 0.5, 1.0, 1.0, float("nan"), float("inf"), float("-inf"), 7.0]
        shown = p.to_rgba8(Pixels(2, 1, 4, "f32", array.array("f", values).tobytes()))
        self.assertEqual(list(shown), [0, 128, 255, 255, 0, 255, 0, 255])


class Rectangles(unittest.TestCase):
    """Rectangles."""

    def test_within(self) -> None:
        """The intersection, of area 0 if there is none."""
        canvas = p.Rect(0, 0, 10, 8)
        self.assertEqual(p.Rect(-3, -2, 30, 5).within(canvas), p.Rect(0, 0, 10, 3))
        self.assertEqual(p.Rect(12, 2, 3, 3).within(canvas).area, 0)
