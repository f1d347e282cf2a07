"""The drawn scenes as arrays."""

import json
from pathlib import Path

import numpy as np
import torch

SIDE = 128
"""Pixels along each side of a training picture."""


class Scenes:
    """What `cargo run -p dedit-toys --example render` wrote, read from the disk as needed."""

    def __init__(self, folder: Path):
        self.lines = [json.loads(line) for line in (folder / "scenes.jsonl").read_text().splitlines()]
        count = len(self.lines)

        def array(name: str, *shape: int) -> np.ndarray:
            return np.memmap(folder / name, np.uint8, "r", shape=(count, *shape))

        self.pictures = array("pictures.u8", SIDE, SIDE, 3)
        self.labels = array("labels.u8", SIDE, SIDE)
        self.shadows = array("shadows.u8", SIDE, SIDE)

    def __len__(self) -> int:
        return len(self.lines)

    def batch(self, indices: np.ndarray) -> torch.Tensor:
        """Pictures as `[n, 3, side, side]` in −1 to 1."""
        return torch.from_numpy(self.pictures[np.sort(indices)]).permute(0, 3, 1, 2).float() / 127.5 - 1


def psnr(error: torch.Tensor) -> torch.Tensor:
    """Decibels for the squared errors `[n, …]` of values in −1 to 1, for each of the n."""
    return -10 * torch.log10(error.flatten(1).mean(1) / 4)
