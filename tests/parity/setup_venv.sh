#!/bin/sh
# Set up a virtual environment with PyTorch on the CPU, diffusers, transformers and peft.
#
#   setup_venv.sh DIR
#
# From PyPI alone: a download of about 650 MB, 1.7 GB on disk. Needs Python 3.11 or newer with venv,
# and a C compiler (Debian 12: python3-venv, gcc). Run again, it does nothing when DIR is up to date.
set -eu

if [ $# -ne 1 ]; then
    echo "usage: setup_venv.sh DIR" >&2
    exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
dir=$1
stamp=$dir/READY

if [ -f "$stamp" ] && cmp -s "$stamp" "$here/requirements.txt"; then
    exit 0
fi
[ -x "$dir/bin/python" ] || "${PYTHON:-python3}" -m venv "$dir"
"$dir/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-cache-dir \
    --requirement "$here/requirements.txt"
"$dir/bin/python" "$here/cuda_stubs.py" \
    "$("$dir/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
"$dir/bin/python" -c 'import torch, diffusers, transformers, peft' 2>/dev/null || {
    echo "error: PyTorch does not start in $dir; see: $dir/bin/python -c 'import torch'" >&2
    exit 1
}
cp "$here/requirements.txt" "$stamp"
