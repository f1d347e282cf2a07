"""Trains the judge of edits: `classifier.py SCENES HELD FILE`. It says what a crop of a picture shows, kind and colour, or that there is nothing.

Its scenes have seeds of their own, and the model's outputs never take part in its training.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from scenes import SIDE, Scenes

KINDS = "ball cube cone ring star heart mushroom tree house mug rocket duck snowman car".split()
COLOURS = "red orange yellow green blue purple white".split()
NOTHING = len(KINDS)
CROP = 48
BATCH, STEPS, RATE = 64, 3000, 2e-3


class Classifier(torch.nn.Module):
    def __init__(self):
        super().__init__()
        widths = [3, 16, 32, 64, 96]
        self.convs = torch.nn.ModuleList(
            torch.nn.Conv2d(inner, outer, 3, stride=2, padding=1) for inner, outer in zip(widths, widths[1:], strict=False)
        )
        self.out = torch.nn.Linear(widths[-1] * 9, len(KINDS) + 1 + len(COLOURS))

    def forward(self, crops: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        for conv in self.convs:
            crops = F.relu(conv(crops))
        return self.out(crops.flatten(1)).split([len(KINDS) + 1, len(COLOURS)], 1)


def square(box: tuple[int, int, int, int]) -> tuple[int, int, int]:
    """The square round a box (left, top, right, bottom) that is looked at: left, top, side; the side reaches a little beyond, within the picture."""
    left, top, right, bottom = box
    side = min(max(right - left, bottom - top) * 5 // 4 + 4, SIDE)
    place = [min(max((low + high - side) // 2, 0), SIDE - side) for low, high in ((left, right), (top, bottom))]
    return place[0], place[1], side


def crop(picture: torch.Tensor, box: tuple[int, int, int, int]) -> torch.Tensor:
    left, top, side = square(box)
    cut = picture[None, :, top : top + side, left : left + side]
    return F.interpolate(cut, (CROP, CROP), mode="bilinear", align_corners=False)[0]


def examples(scenes: Scenes, random: np.random.Generator) -> list[tuple[int, tuple[int, int, int, int], int, int]]:
    """Scene, box, kind and colour of every toy, and of as many places without one as there are scenes."""
    found = []
    for index, line in enumerate(scenes.lines):
        labels = scenes.labels[index]
        for number, prompt in enumerate(line["toys"], 1):
            rows, columns = np.flatnonzero((labels == number).any(1)), np.flatnonzero((labels == number).any(0))
            _article, colour, kind = prompt.split()
            box = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
            found.append((index, box, KINDS.index(kind), COLOURS.index(colour)))
        for _try in range(20):
            side = int(random.integers(24, 56))
            left, top = (int(at) for at in random.integers(0, SIDE - side, 2))
            if not (labels[top : top + side, left : left + side] > 0).any():
                found.append((index, (left, top, left + side, top + side), NOTHING, -1))
                break
    return found


def batch(scenes: Scenes, chosen: list, random: np.random.Generator, is_training: bool) -> tuple[torch.Tensor, ...]:
    crops, kinds, colours = [], [], []
    for index, box, kind, colour in chosen:
        picture = torch.from_numpy(scenes.pictures[index]).permute(2, 0, 1).float() / 127.5 - 1
        if is_training:
            # Whatever is judged lies elsewhere by some pixels, and is softer or noisier than a drawing.
            shift, grow = random.integers(-5, 6, 2), random.integers(-3, 7)
            left, top, right, bottom = box
            box = (left + int(shift[0]) - int(grow), top + int(shift[1]) - int(grow), right + int(shift[0]) + int(grow), bottom + int(shift[1]) + int(grow))
        one = crop(picture, box)
        if is_training:
            if random.random() < 0.5:
                one = F.avg_pool2d(one[None], 3, 1, 1, count_include_pad=False)[0]
            one = one * random.uniform(0.85, 1.15) + random.uniform(-0.1, 0.1) + torch.randn_like(one) * random.uniform(0, 0.08)
        crops.append(one)
        kinds.append(kind)
        colours.append(colour)
    return torch.stack(crops), torch.tensor(kinds), torch.tensor(colours)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenes", type=Path)
    parser.add_argument("held", type=Path)
    parser.add_argument("file", type=Path)
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    random = np.random.default_rng(0)
    scenes, held = Scenes(options.scenes), Scenes(options.held)
    known, others = examples(scenes, random), examples(held, random)
    network = Classifier()
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, STEPS)
    for step in range(STEPS):
        chosen = [known[index] for index in random.integers(0, len(known), BATCH)]
        crops, kinds, colours = batch(scenes, chosen, random, is_training=True)
        of_kind, of_colour = network(crops)
        value = F.cross_entropy(of_kind, kinds) + F.cross_entropy(of_colour, colours, ignore_index=-1)
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        schedule.step()
        if step % 300 == 299:
            with torch.no_grad():
                crops, kinds, colours = batch(held, others, random, is_training=False)
                of_kind, of_colour = network(crops)
            right = of_kind.argmax(1) == kinds
            both = right & ((of_colour.argmax(1) == colours) | (colours < 0))
            print(f"{step + 1} loss {value.item():.3f} kind {right.float().mean():.4f} both {both.float().mean():.4f}", flush=True)
    save_file({name: tensor.contiguous() for name, tensor in network.state_dict().items()}, options.file)


if __name__ == "__main__":
    main()
