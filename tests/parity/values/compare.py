"""Whether two directories of parity folders say the same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import torch
from safetensors.torch import load_file

if TYPE_CHECKING:
    from pathlib import Path

RELATIVE = 1e-3
"""Of the largest value: what other processors and versions may change after four steps."""

Tensors = dict[str, torch.Tensor]


def same_tensor(first: torch.Tensor, second: torch.Tensor) -> bool:
    """Equal shape and type; integers equal, picture levels within one, floats close."""
    if first.shape != second.shape or first.dtype != second.dtype:
        return False
    if first.dtype == torch.uint8:
        return bool((first.int() - second.int()).abs().max() <= 1)
    if not first.is_floating_point() or first.dtype == torch.float16:
        return torch.equal(first, second)
    return bool((first - second).abs().max() <= RELATIVE * first.abs().max())


def same_json(first: object, second: object) -> bool:
    """Equal, numbers close; versions of libraries may differ."""
    if isinstance(first, dict) and isinstance(second, dict):
        keys = {key for key in first | second if not key.endswith("_version")}
        return all(
            key in first and key in second and same_json(first[key], second[key]) for key in keys
        )
    if isinstance(first, list) and isinstance(second, list):
        return len(first) == len(second) and all(map(same_json, first, second))
    if isinstance(first, float) and isinstance(second, float):
        return abs(first - second) <= RELATIVE * max(abs(first), abs(second))
    return first == second


def tensor_differences(first: Tensors, second: Tensors) -> list[str]:
    """Names of tensors that differ or that one side lacks."""
    differ = first.keys() ^ second.keys()
    both = first.keys() & second.keys()
    differ |= {name for name in both if not same_tensor(first[name], second[name])}
    return sorted(differ)


def file_differences(first: Path, second: Path) -> list[str]:
    """What differs between two files."""
    if not second.is_file():
        return ["missing"]
    if first.suffix == ".safetensors":
        return tensor_differences(load_file(first), load_file(second))
    if first.suffix == ".pth":
        return tensor_differences(torch.load(first), torch.load(second))
    if first.suffix == ".json":
        same = same_json(json.loads(first.read_text()), json.loads(second.read_text()))
    else:
        same = first.read_text() == second.read_text()
    return [] if same else ["contents"]


def differences(first: Path, second: Path) -> list[str]:
    """One line for each file of the first directory that differs in the second."""
    lines = []
    for file in sorted(path for path in first.rglob("*") if path.is_file()):
        name = file.relative_to(first)
        found = file_differences(file, second / name)
        if found:
            lines.append(f"{name}: {', '.join(found[:5])}")
    return lines
