#!/bin/sh
# SciPy 1.17.1 with NumPy 2.4.6: a mask that was saved in a .mat file comes back as numbers, so indexing with it takes
#   rows 0 and 1 again and again.
# Expected: bool, as it was saved; the file has it as logical, and scipy.io.whosmat says so.
# Seen: loadmat gives uint8, also with squeeze_me or simplify_cells. x[mask] is then no selection but a list of row
#   numbers: it has as many rows as the mask has values, all of them row 0 or row 1, without a word. The train_mask,
#   val_mask and test_mask of a dataset are such masks; MATLAB's own logical arrays are read in the same way.
# So: loadmat(file, mat_dtype=True), or mask.astype(bool).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'scipy==1.17.1' 'numpy==2.4.6'
"$folder/venv/bin/python" - <<'END'
import io
import numpy as np
import scipy.io

x, mask = np.arange(10, 18).reshape(4, 2), np.array([False, True, True, False])
file = io.BytesIO()
scipy.io.savemat(file, {"x": x, "train_mask": mask})
print("in the file:", scipy.io.whosmat((file.seek(0), file)[1]))


def rows(**options):
    file.seek(0)
    found = scipy.io.loadmat(file, **options)
    chosen = found["train_mask"].squeeze()
    print(options, chosen.dtype, "rows that it takes:", found["x"][chosen].tolist())
    return found["x"][chosen]


print("rows that were meant:", x[mask].tolist())
for options in ({}, {"squeeze_me": True}, {"simplify_cells": True}):
    taken = rows(**options)
    assert taken.tolist() == x[[0, 1, 1, 0]].tolist()
assert (rows(mat_dtype=True) == x[mask]).all()
END
