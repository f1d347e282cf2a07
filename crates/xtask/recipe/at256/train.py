"""Makes the model: `train.py FOLDER --render PROGRAM --tokenizer FOLDER`. Run again, it goes on with whatever is next.

Each stage leaves a file in the folder that says whether it is done, and while it trains a state that is never older than a few minutes.
"""

import argparse
import signal
import tempfile
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

import autoencoder
import denoiser
from scenes import SHARD, Shard, draw
from states import meet, worker, workers
from words import Vocabulary

FIRST_SHARDS, SHARDS = 1, 24
"""Shards of the first stage, which can so begin at once, and of the others."""


def is_done(folder: Path, stage: str) -> bool:
    """Whether a stage has ended; its state is read without the weights taking memory."""
    path = folder / f"{stage}.pt"
    return path.exists() and torch.load(path, mmap=True)["done"]


def drawn(scenes: Path, render: Path, count: int) -> tuple[list[Shard], Shard]:
    """So many shards for training, and the scenes for the figures while training."""
    folders = [scenes / f"train-{first:05}" for first in range(0, count * SHARD, SHARD)]
    if worker() == 0:
        draw(render, scenes / "held", 1_000_000, 256, "seen")
        draw(render, scenes / "unseen", 2_000_000, 128, "unseen")
        for number, folder in enumerate(folders):
            draw(render, folder, number * SHARD, SHARD, "seen")
    dist.barrier()
    return [Shard(folder) for folder in folders], Shard(scenes / "held")


@torch.no_grad()
def encode(folder: Path, shards: list[Shard]) -> None:
    """Writes the latents of every shard beside its pictures, unless they are there."""
    vae = autoencoder.network()
    vae.load_state_dict(torch.load(folder / "whole.pt")["mean"])
    for shard in shards[worker() :: workers()]:
        path = shard.folder / "latents.f16"
        if path.exists():
            continue
        parts = [autoencoder.means(vae, shard.batch(slice(first, first + 8))).half().numpy() for first in range(0, len(shard), 8)]
        beside = path.with_suffix(".part")
        np.concatenate(parts).tofile(beside)
        beside.rename(path)
        print(f"latents: {shard.folder.name}", flush=True)
    dist.barrier()


def work(index: int, count: int, meeting: Path, options: argparse.Namespace) -> None:
    """All stages, from the first that is not done, as one of several workers."""
    # The end of the run's first process reaches the workers as this signal, which is ignored in what a shell starts in the background.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    meet(index, count, meeting)
    folder, scenes = options.folder, options.folder / "scenes"
    if not is_done(folder, "crops"):
        shards, held = drawn(scenes, options.render, FIRST_SHARDS)
        autoencoder.train("crops", folder, shards, held, None)
    shards, held = drawn(scenes, options.render, SHARDS)
    if not is_done(folder, "whole"):
        autoencoder.train("whole", folder, shards, held, "crops")
    encode(folder, [held, *shards])
    vocabulary = Vocabulary(options.tokenizer)
    for stage, is_cooldown in (("denoiser", False), ("cooled", True)):
        if not is_done(folder, stage):
            denoiser.train(folder, shards, held, vocabulary, is_cooldown)
    if not is_done(folder, "decoder"):
        autoencoder.train("decoder", folder, shards, held, "whole")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--render", type=Path, required=True, help="the built example `render` of dedit-toys")
    parser.add_argument("--tokenizer", type=Path, required=True, help="a folder with CLIP's tokenizer")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    (options.folder / "scenes").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as meeting:
        mp.spawn(work, (options.workers, Path(meeting), options), nprocs=options.workers)


if __name__ == "__main__":
    main()
