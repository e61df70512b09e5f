#!/bin/sh
# ml_dtypes 0.6.0 with NumPy 2.4.6: the mean of a thousand ones in bfloat16 is 0.256.
# Expected: 1, as for NumPy's float16, whose means are accumulated in float32.
# Seen: np.sum accumulates in bfloat16, which has eight bits: 256 + 1 is 256 again. Every mean, variance and cumulative
#   sum of more than 256 values is affected, without a warning.
# So: values.mean(dtype=np.float32), or convert first.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'ml-dtypes==0.6.0' 'numpy==2.4.6'
"$folder/venv/bin/python" - <<'END'
import ml_dtypes, numpy as np

found = {name: float(np.ones(1000, kind).mean()) for name, kind in
         {"float32": np.float32, "float16": np.float16, "bfloat16": ml_dtypes.bfloat16}.items()}
told = float(np.ones(1000, ml_dtypes.bfloat16).mean(dtype=np.float32))
print("means of a thousand ones:", found, "- of bfloat16 with dtype=float32:", told)
assert found["float32"] == found["float16"] == told == 1
assert 0.25 < found["bfloat16"] < 0.26
END
