"""Training on several cores: one thread and one optimiser in each process, all on the same weights without locks.

On small networks this is faster than several threads in one process, and two processes disturb each other little.
"""

import copy
import csv
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.multiprocessing as mp

SAVE_SECONDS = 240


@dataclass
class Shared:
    """What the workers share beside the weights."""

    folder: Path
    workers: int
    seen: "mp.sharedctypes.Synchronized"
    """Samples trained on, by all workers."""

    def count(self, samples: int) -> int:
        """Adds samples, and gives how many there were before."""
        with self.seen.get_lock():
            before = self.seen.value
            self.seen.value += samples
        return before


def run(body: Callable, shared: Shared, *arguments) -> None:
    """Runs `body(worker, shared, *arguments)` in every worker; ends when all have, or one has failed."""
    mp.spawn(start, (body, shared, *arguments), nprocs=shared.workers)


def start(worker: int, body: Callable, shared: Shared, *arguments) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(shared.seen.value * 64 + worker)
    os.nice(5)
    body(worker, shared, *arguments)


def save(path: Path, state: object) -> None:
    """Writes a state so that a stop at any moment leaves the old or the new one."""
    beside = path.with_suffix(".part")
    torch.save(state, beside)
    beside.replace(path)


class Mean:
    """A decaying mean of a module's weights, as a module."""

    def __init__(self, module: torch.nn.Module, decay: float):
        self.source, self.module, self.decay = module, copy.deepcopy(module).eval(), decay
        self.updates = 0

    @torch.no_grad()
    def update(self) -> None:
        # The first weights are random; they are soon forgotten.
        self.updates += 1
        decay = min(self.decay, self.updates / (self.updates + 10))
        for mean, parameter in zip(self.module.parameters(), self.source.parameters(), strict=True):
            mean.lerp_(parameter, 1 - decay)


class Log:
    """A table that grows: the loss curve."""

    def __init__(self, path: Path):
        self.path = path
        self.begun = time.time()

    def row(self, **values: float) -> None:
        is_new = not self.path.exists()
        values = {"seconds": round(time.time() - self.begun), **values}
        with self.path.open("a", newline="") as file:
            writer = csv.DictWriter(file, values)
            if is_new:
                writer.writeheader()
            writer.writerow(values)
        print(" ".join(f"{name} {value:.5g}" for name, value in values.items()), flush=True)
