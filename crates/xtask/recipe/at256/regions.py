"""Which prompt rules where: the regions that the denoiser is trained with, from exact to loose, and some without a toy."""

import numpy as np
import torch
import torch.nn.functional as F

from scenes import SIDE

GRIDS = (16, 8, 4)
"""Sides of the grids at which there is cross-attention, for latents of side 32."""


def box_of(mask: np.ndarray) -> tuple[int, int, int, int]:
    """First and last row and column of a mask, the last ones exclusive."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return rows[0], rows[-1] + 1, columns[0], columns[-1] + 1


def owners(labels: np.ndarray, shadows: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The owner of every pixel `[side, side]`: 0 for the background, or a toy's number.

    Two fifths of the toys have their own pixels. The others have a looser region, as they will when one thing is to become another: their pixels
    grown, or a box up to twice as wide and as high, in both cases with their shadow or without it. Loose regions take from the background alone.
    """
    out = labels.copy()
    for toy in random.permutation(int(labels.max())) + 1:
        mask = labels == toy
        if not mask.any():
            continue
        kind = random.choice(["exact", "shadow", "grown", "box"], p=[0.4, 0.12, 0.18, 0.3])
        if kind == "exact":
            continue
        loose = mask | (shadows == toy) if kind == "shadow" or random.random() < 0.4 else mask
        if kind == "box":
            loose = loose | box(mask, random)
        else:
            loose = grow(loose, 4 if kind == "shadow" else int(random.integers(4, 25)))
        out[loose & (out == 0)] = toy
    return out


def box(mask: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A box round a mask, up to twice as wide and as high, with the mask anywhere in it."""
    top, bottom, left, right = box_of(mask)
    more = [int((high - low) * random.random()) for low, high in ((top, bottom), (left, right))]
    above, before = (int(one * random.random()) for one in more)
    out = np.zeros_like(mask)
    out[max(top - above, 0) : bottom + more[0] - above, max(left - before, 0) : right + more[1] - before] = True
    return out


def vacate(owned: np.ndarray, other: tuple[np.ndarray, np.ndarray], number: int, random: np.random.Generator) -> bool:
    """Gives a part of the background to `number`, in which there is no toy: a box, or where another scene has a toy and its shadow.

    `other` are that scene's labels and shadows. Whether there was room.
    """
    labels, shadows = other
    if labels.any() and random.random() < 0.6:
        toy = int(random.integers(1, labels.max() + 1))
        part = grow((labels == toy) | (shadows == toy), int(random.integers(2, 17)))
    else:
        height, width = random.integers(SIDE // 8, SIDE // 2, 2)
        top, left = random.integers(0, SIDE - height), random.integers(0, SIDE - width)
        part = np.zeros(owned.shape, bool)
        part[top : top + height, left : left + width] = True
    part &= owned == 0
    if part.sum() < SIDE:
        return False
    owned[part] = number
    return True


def grow(mask: np.ndarray, reach: int) -> np.ndarray:
    """A mask grown by some pixels to all sides."""
    pooled = F.max_pool2d(torch.from_numpy(mask)[None, None].float(), (2 * reach + 1, 1), 1, (reach, 0))
    return F.max_pool2d(pooled, (1, 2 * reach + 1), 1, (0, reach))[0, 0].numpy() > 0


def on_grid(owned: torch.Tensor, count: int, side: int) -> torch.Tensor:
    """Who owns the most of each cell: `[n, side, side]` whole numbers for `[n, height, width]`, each below `count`."""
    shares = torch.stack([F.adaptive_avg_pool2d((owned == number).float(), side) for number in range(count)], 1)
    return shares.argmax(1)


def forbidden(cells: torch.Tensor, count: int, length: int) -> torch.Tensor:
    """What is added to attention scores so that each cell sees its owner's prompt alone: `[n, cells, count · length]`."""
    allowed = F.one_hot(cells.flatten(1), count).repeat_interleave(length, 2)
    return (1 - allowed.float()) * -1e4
