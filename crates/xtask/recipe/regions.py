"""Which prompt rules where: the masks that the denoiser is trained with, from exact to loose."""

import numpy as np
import torch
import torch.nn.functional as F

GRIDS = (16, 8, 4)
"""Sides of the grids at which there is cross-attention, for latents of side 32."""


def owners(labels: np.ndarray, shadows: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The owner of every pixel `[side, side]`: 0 for the background, or a toy's number.

    Half of the time each toy has its own pixels. Else it has a looser region, as it will when one thing is to become another: its pixels
    grown, with its shadow, or as a box. A loose region takes from the background alone.
    """
    kind = random.choice(["exact", "grown", "shadow", "box"], p=[0.45, 0.2, 0.1, 0.25])
    if kind == "exact":
        return labels
    out = labels.copy()
    for toy in range(1, labels.max() + 1):
        mask = labels == toy
        if not mask.any():
            continue
        if kind == "shadow":
            mask = mask | (shadows == toy)
        if kind == "box":
            rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
            top, bottom, left, right = (random.integers(0, 9) for _ in range(4))
            loose = np.zeros_like(mask)
            loose[max(rows[0] - top, 0) : rows[-1] + 1 + bottom, max(columns[0] - left, 0) : columns[-1] + 1 + right] = True
        else:
            reach = int(random.integers(2, 9)) if kind == "grown" else 2
            loose = grow(grow(mask, reach), reach)
        out[loose & (out == 0)] = toy
    return out


def grow(mask: np.ndarray, reach: int) -> np.ndarray:
    """A mask grown along its last axis, and transposed."""
    wide = F.max_pool1d(torch.from_numpy(mask)[:, None].float(), 2 * reach + 1, 1, reach)
    return wide[:, 0].numpy().T > 0


def on_grid(owned: torch.Tensor, count: int, side: int) -> torch.Tensor:
    """Who owns the most of each cell: `[n, side, side]` whole numbers for `[n, height, width]`, each below `count`."""
    shares = torch.stack([F.adaptive_avg_pool2d((owned == number).float(), side) for number in range(count)], 1)
    return shares.argmax(1)


def forbidden(cells: torch.Tensor, count: int, length: int) -> torch.Tensor:
    """What is added to attention scores so that each cell sees its owner's prompt alone: `[n, cells, count · length]`."""
    allowed = F.one_hot(cells.flatten(1), count).repeat_interleave(length, 2)
    return (1 - allowed.float()) * -1e4
