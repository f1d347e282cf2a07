"""Write tiny random checkpoints and what PyTorch computes with them.

Usage: python generate.py OUT_DIR [FOLDER ...]

OUT_DIR is filled with the folders that README.md describes; with names of folders, only those are
written. Everything is computed in float32 on one thread of the CPU.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import torch
from transformers.utils import logging

from values import checkpoint, ladder, layers, lora, pipeline, schedulers, single_file, train
from values.configs import FAMILIES

Writer = Callable[[Path], None]

tiny = cache(checkpoint.build)


def writers() -> dict[str, Writer]:
    """Folder -> what writes it below a directory."""
    table: dict[str, Writer] = {
        "layers": layers.write_layers,
        "schedulers": schedulers.write_schedulers,
    }
    for kind in FAMILIES:
        table[f"tiny-{kind}"] = partial(write_checkpoint, kind=kind)
        table[f"ladder-{kind}"] = partial(write_ladder, kind=kind)
        table[f"single-file-{kind}"] = partial(write_single_file, kind=kind)
        table[f"pipeline-{kind}"] = partial(write_pipeline, kind=kind)
    for kind in ("sd", "sdxl"):
        table[f"lora-{kind}"] = partial(write_lora, kind=kind)
        table[f"train-{kind}"] = partial(write_train, kind=kind)
    return table


def write_lora(out: Path, kind: str) -> None:
    """Write `lora-<kind>`."""
    lora.write_lora(out, tiny(kind))


def write_train(out: Path, kind: str) -> None:
    """Write `train-<kind>`."""
    train.write_train(out, checkpoint.build(kind))


def write_pipeline(out: Path, kind: str) -> None:
    """Write `pipeline-<kind>`."""
    pipeline.write_pipeline(out, tiny(kind))


def write_checkpoint(out: Path, kind: str) -> None:
    """Write `tiny-<kind>`."""
    checkpoint.save(out / f"tiny-{kind}", tiny(kind))


def write_ladder(out: Path, kind: str) -> None:
    """Write `ladder-<kind>`."""
    ladder.write_ladder(out, tiny(kind))


def write_single_file(out: Path, kind: str) -> None:
    """Write `single-file-<kind>`."""
    single_file.write_single_file(out, tiny(kind))


def main() -> None:
    """Write the folders that the command line names."""
    table = writers()
    parser = argparse.ArgumentParser(description="Write parity folders.")
    parser.add_argument("out", type=Path)
    parser.add_argument("folders", nargs="*", metavar="FOLDER", help=", ".join(table))
    options = parser.parse_args()
    unknown = set(options.folders) - set(table)
    if unknown:
        parser.error(f"no such folder: {', '.join(sorted(unknown))}")
    torch.set_num_threads(1)
    logging.disable_progress_bar()
    for name in options.folders or table:
        shutil.rmtree(options.out / name, ignore_errors=True)
        table[name](options.out)
        print(name)


if __name__ == "__main__":
    main()
