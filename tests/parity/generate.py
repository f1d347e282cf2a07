"""Write tiny random checkpoints and what PyTorch computes with them.

    python generate.py OUT_DIR [FOLDER ...]
    python generate.py --check DIR

The first fills OUT_DIR with the folders that README.md describes, or with the named ones. The
second writes them elsewhere, compares, and fails where DIR says something else. Everything is
computed in float32 on one thread of the CPU.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import torch
from transformers.utils import logging

from values import (
    checkpoint,
    compare,
    dedit,
    float8,
    inpaint,
    kinds,
    ladder,
    layers,
    lora,
    pipeline,
    prompts,
    sam,
    schedulers,
    single_file,
    train,
)

Writer = Callable[[Path], None]

tiny = cache(checkpoint.build)


def writers() -> dict[str, Writer]:
    """Folder -> what writes it; later ones read earlier ones."""
    table: dict[str, Writer] = {
        "layers": layers.write_layers,
        "schedulers": schedulers.write_schedulers,
        "sam-official": partial(sam.write_sam, "official"),
        "sam-mobile": partial(sam.write_sam, "mobile"),
        "sam-transformers": sam.write_transformers,
    }
    for kind in ("sd", "sd2", "sdxl"):
        table |= {
            f"tiny-{kind}": partial(of, checkpoint.save_tiny, kind),
            f"ladder-{kind}": partial(of, ladder.write_ladder, kind),
            f"single-file-{kind}": partial(of, single_file.write_single_file, kind),
            f"pipeline-{kind}": partial(of, pipeline.write_pipeline, kind),
        }
    table["float8-sd2"] = partial(of, float8.write_float8, "sd2")
    for kind in ("sd", "sdxl"):
        table |= {
            f"inpaint-{kind}": partial(of, inpaint.write_inpaint, kind),
            f"lora-{kind}": partial(of, lora.write_lora, kind),
            f"lora-kinds-{kind}": partial(of, kinds.write_kinds, kind),
            f"prompts-{kind}": partial(of, prompts.write_prompts, kind),
            f"train-{kind}": partial(of, train.write_train, kind),
            f"dedit-{kind}": partial(of, dedit.write_dedit, kind),
        }
    return table


def of(write: Callable[[Path, checkpoint.Checkpoint], None], kind: str, out: Path) -> None:
    """Write a folder that is about a checkpoint."""
    write(out, tiny(kind))


def write_all(out: Path, names: list[str]) -> None:
    """Write folders, in the table's order."""
    for name, write in writers().items():
        if name in names:
            shutil.rmtree(out / name, ignore_errors=True)
            write(out)
            print(name)


def check(committed: Path) -> None:
    """Fail where a directory differs from what is computed now."""
    with tempfile.TemporaryDirectory() as scratch:
        write_all(Path(scratch), list(writers()))
        lines = compare.differences(Path(scratch), committed)
    if lines:
        sys.exit("\n".join(["these differ:", *lines]))
    print("all the same")


def main() -> None:
    """Do what the command line says."""
    table = writers()
    parser = argparse.ArgumentParser(description="Write or check parity folders.")
    parser.add_argument("out", type=Path)
    parser.add_argument("folders", nargs="*", metavar="FOLDER", help=", ".join(table))
    parser.add_argument("--check", action="store_true", help="compare with OUT instead of writing")
    options = parser.parse_args()
    unknown = set(options.folders) - set(table)
    if unknown:
        parser.error(f"no such folder: {', '.join(sorted(unknown))}")
    torch.set_num_threads(1)
    logging.disable_progress_bar()
    if options.check:
        check(options.out)
    else:
        write_all(options.out, options.folders or list(table))


if __name__ == "__main__":
    main()
