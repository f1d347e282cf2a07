"""The drawn scenes as arrays: folders of some scenes each, in order."""

import json
import subprocess
from pathlib import Path

import numpy as np
import torch

SIDE = 256
"""Pixels along each side of a training picture."""
SHARD = 1000
"""Scenes in each folder for training."""


def draw(render: Path, folder: Path, first: int, count: int, cast: str) -> None:
    """Draws scenes into a folder, unless it is there: `crates/dedit-toys/examples/render.rs`. A stop at any moment leaves all of the folder or nothing."""
    if folder.exists():
        return
    beside = folder.with_suffix(".part")
    subprocess.run([render, beside, str(first), str(count), str(SIDE), cast], check=True)
    beside.rename(folder)


class Shard:
    """What `render` wrote into one folder, read from the disk as needed."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.lines = [json.loads(line) for line in (folder / "scenes.jsonl").read_text().splitlines()]
        count = len(self.lines)

        def array(name: str, *shape: int) -> np.ndarray:
            return np.memmap(folder / name, np.uint8, "r", shape=(count, *shape))

        self.pictures = array("pictures.u8", SIDE, SIDE, 3)
        self.labels = array("labels.u8", SIDE, SIDE)
        self.shadows = array("shadows.u8", SIDE, SIDE)

    def __len__(self) -> int:
        return len(self.lines)

    def batch(self, indices: np.ndarray | slice) -> torch.Tensor:
        """Pictures as `[n, 3, side, side]` in −1 to 1."""
        return to_tensor(self.pictures[indices])


def to_tensor(pictures: np.ndarray) -> torch.Tensor:
    """`[n, height, width, 3]` bytes to `[n, 3, height, width]` in −1 to 1."""
    return torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1


def psnr(error: torch.Tensor) -> torch.Tensor:
    """Decibels for the squared errors `[n, …]` of values in −1 to 1, for each of the n."""
    return -10 * torch.log10(error.flatten(1).mean(1) / 4)
