"""What every training stage needs: workers, states that survive a stop at any moment, means of weights, tables of losses.

Each worker is a process with one thread and a copy of the network, and takes its part of every batch; they meet once a step, to average gradients.
On a machine with other work this is faster than several threads in one process, which meet at every operation.
"""

import copy
import csv
import datetime
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist

SAVE_SECONDS = 240


def meet(worker: int, workers: int, folder: Path) -> None:
    """Joins the other workers of a run; `folder` is empty at first."""
    torch.set_num_threads(1)
    store = f"file://{folder.absolute()}/meeting"
    # One worker may wait for another that draws scenes for hours.
    dist.init_process_group("gloo", init_method=store, rank=worker, world_size=workers, timeout=datetime.timedelta(days=7))


def worker() -> int:
    return dist.get_rank()


def workers() -> int:
    return dist.get_world_size()


def average(parameters: list[torch.nn.Parameter]) -> None:
    """Gives all workers the mean of their gradients."""
    flat = torch.cat([parameter.grad.flatten() for parameter in parameters])
    dist.all_reduce(flat)
    flat /= workers()
    for parameter, part in zip(parameters, flat.split([parameter.numel() for parameter in parameters]), strict=True):
        parameter.grad.copy_(part.view_as(parameter))


def save(path: Path, state: object) -> None:
    """Writes a state so that a stop at any moment leaves the old or the new one."""
    beside = path.with_suffix(".part")
    torch.save(state, beside)
    beside.replace(path)


class Log:
    """A table that grows: the loss curve."""

    def __init__(self, path: Path):
        self.path = path

    def row(self, **values: float) -> None:
        is_new = not self.path.exists()
        with self.path.open("a", newline="") as file:
            writer = csv.DictWriter(file, values)
            if is_new:
                writer.writeheader()
            writer.writerow(values)
        print(f"{self.path.stem}: " + " ".join(f"{name} {value:.5g}" for name, value in values.items()), flush=True)


class Training:
    """A network, its optimiser and a decaying mean of its weights, after some steps."""

    def __init__(self, path: Path, network: torch.nn.Module, rate: float, decay: float, weight_decay: float = 0.0):
        self.path, self.network, self.decay = path, network, decay
        self.mean = copy.deepcopy(network).eval().requires_grad_(False)
        self.trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
        self.optimiser = torch.optim.AdamW(self.trained, lr=rate, betas=(0.9, 0.99), weight_decay=weight_decay, fused=True)
        self.step, self.begun, self.seconds, self.is_done = 0, 0, 0.0, False
        if path.exists():
            state = torch.load(path)
            self.take(state)
            self.begun, self.is_done = state["begun"], state["done"]

    def take(self, state: dict) -> None:
        """Goes on from a state, which may be another training's."""
        self.network.load_state_dict(state["network"])
        self.mean.load_state_dict(state["mean"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.seconds = state["step"], state["seconds"]
        self.begun = self.step

    def keep(self) -> None:
        state = {"network": self.network.state_dict(), "mean": self.mean.state_dict(), "optimiser": self.optimiser.state_dict()}
        save(self.path, state | {"step": self.step, "begun": self.begun, "seconds": self.seconds, "done": self.is_done})

    def run(self, steps: int, rate: Callable[[float], float], loss: Callable[[int], torch.Tensor], report: Callable, every: int) -> None:
        """Trains up to a number of steps in all.

        `rate` gives the learning rate for the share of steps that are done, `loss` the loss of a step's batch, and `report` is called with the mean
        loss after every so many steps, by the first worker. All random numbers of a step follow from its number and the worker's, so that a run that
        was stopped goes on as if it had not been. `seconds` counts the time of a worker's processor, which other work on the machine hardly changes.
        """
        saved, begun, losses = time.time(), time.process_time(), []
        while self.step < steps:
            for group in self.optimiser.param_groups:
                group["lr"] = rate(self.step / steps) * min(1.0, (self.step + 1) / 200)
            torch.manual_seed(self.step * 64 + worker())
            value = loss(self.step)
            self.optimiser.zero_grad()
            value.backward()
            average(self.trained)
            torch.nn.utils.clip_grad_norm_(self.trained, 1.0)
            self.optimiser.step()
            self.step += 1
            if worker() > 0:
                continue
            self.follow()
            losses.append(value.item())
            if self.step % every == 0 or self.step == steps:
                self.seconds, begun = self.seconds + time.process_time() - begun, time.process_time()
                report(float(np.mean(losses)))
                losses.clear()
            if time.time() - saved > SAVE_SECONDS:
                self.seconds, begun = self.seconds + time.process_time() - begun, time.process_time()
                saved = time.time()
                self.keep()

    def finish(self) -> None:
        """Keeps the state for good: the stage is over."""
        self.is_done = True
        if worker() == 0:
            self.keep()
        dist.barrier()

    @torch.no_grad()
    def follow(self) -> None:
        """Moves the mean towards the weights; the first weights, which are random, are soon forgotten."""
        decay = min(self.decay, self.step / (self.step + 10))
        for mean, parameter in zip(self.mean.parameters(), self.network.parameters(), strict=True):
            mean.lerp_(parameter, 1 - decay)
