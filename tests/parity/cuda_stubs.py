"""Let a CUDA build of PyTorch start on a machine without any CUDA library.

The Linux wheels of PyTorch on PyPI are linked against about 3 GB of CUDA
libraries that a CPU never calls, yet the loader refuses to start without them.
This writes one small shared object per missing library next to PyTorch's own
ones. Every function in them returns 100, `cudaErrorNoDevice`, so PyTorch sees
a machine that has no GPU.

Usage: python cuda_stubs.py SITE_PACKAGES
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

CUDA_LIBRARY = re.compile(r"^lib(cu|nv|nccl)")
CUDA_ERROR_NO_DEVICE = 100

Stubs = dict[str, dict[str, set[str]]]
"""Library name, then symbol version ("" for none), then the symbols."""


def output(*command: str) -> str:
    """What a program prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def symbols(library: Path, which: str) -> set[tuple[str, str]]:
    """Name and version of dynamic symbols; `which` is an option of nm."""
    lines = output("nm", "-D", which, "--format=posix", str(library)).splitlines()
    found = set()
    for entry, kind in (line.split()[:2] for line in lines):
        if kind not in "wv":
            name, _, version = entry.partition("@")
            found.add((name, version.lstrip("@")))
    return found


def wanted_versions(library: Path) -> dict[str, str]:
    """Symbol version -> the CUDA library that has to define it."""
    owners: dict[str, str] = {}
    owner = ""
    for kind, name in re.findall(r"(File|Name): (\S+)", output("readelf", "-V", str(library))):
        if kind == "File":
            owner = name
        elif CUDA_LIBRARY.match(owner):
            owners[name] = owner
    return owners


def missing(libraries: list[Path]) -> Stubs:
    """What only CUDA's own libraries would provide."""
    stubs: Stubs = {}
    owners: dict[str, str] = {}
    wanted: set[tuple[str, str]] = set()
    defined: set[str] = set()
    for library in libraries:
        needed = re.findall(r"\(NEEDED\).*\[(.+)\]", output("readelf", "-d", str(library)))
        stubs |= {name: defaultdict(set) for name in needed if CUDA_LIBRARY.match(name)}
        owners |= wanted_versions(library)
        wanted |= symbols(library, "--undefined-only")
        defined |= {name for name, _ in symbols(library, "--defined-only")}
    for library in libraries:
        stubs.pop(library.name, None)
    # The loader does not ask which library an unversioned symbol comes from: any one will do.
    anywhere = min(stubs, default="")
    for name, version in wanted:
        owner = owners.get(version, "") if version else anywhere
        if owner in stubs and name not in defined:
            stubs[owner][version].add(name)
    return stubs


def assembly(names: set[str]) -> str:
    """One function under all the names, for x86-64 and aarch64."""
    labels = [f'.globl "{n}"\n.type "{n}", %function\n"{n}":' for n in sorted(names)]
    body = [
        "#ifdef __aarch64__",
        f"mov w0, #{CUDA_ERROR_NO_DEVICE}",
        "#else",
        f"mov ${CUDA_ERROR_NO_DEVICE}, %eax",
        "#endif",
        "ret",
        '.section .note.GNU-stack,"",%progbits',
    ]
    return "\n".join([".text", *labels, *body]) + "\n"


def build(target: Path, versions: dict[str, set[str]]) -> None:
    """Assemble one stub library with its symbol versions."""
    script = "".join(
        f"{version} {{ global: {'; '.join(sorted(names))}; }};\n"
        for version, names in versions.items()
        if version
    )
    with tempfile.TemporaryDirectory() as scratch:
        source, exports, built = (Path(scratch, n) for n in ("stub.S", "exports", "stub.so"))
        source.write_text(assembly(set().union(*versions.values())))
        exports.write_text(script)
        linking = [f"-Wl,-soname,{target.name}"]
        linking += [f"-Wl,--version-script={exports}"] if script else []
        output("cc", "-shared", "-nostdlib", *linking, "-o", str(built), str(source))
        shutil.copyfile(built, target)


def main() -> None:
    """Write a stub for each missing library into PyTorch's library folder."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1], "torch", "lib")
    stubs = missing(sorted(folder.glob("*.so*")))
    for name, versions in stubs.items():
        build(folder / name, versions)
    print("stubs:", " ".join(sorted(stubs)) or "none needed")


if __name__ == "__main__":
    main()
