#!/bin/sh
# safetensors 0.8.0: its functions for NumPy write bfloat16 and float8 arrays (of ml_dtypes) and cannot read them.
# Expected: what save() takes, load() gives back.
# Seen: KeyError: 'BF16'. The file is valid: its header says BF16.
# So: read the header and use view(ml_dtypes.bfloat16) on the bytes, or read with the functions for a framework.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'safetensors==0.8.0' 'ml-dtypes==0.6.0' 'numpy==2.4.6'
"$folder/venv/bin/python" - <<'END'
import json
import ml_dtypes, numpy as np
from safetensors.numpy import load, save

values = {"bfloat16": ml_dtypes.bfloat16, "float8_e4m3fn": ml_dtypes.float8_e4m3fn, "float16": np.float16}
for name, kind in values.items():
    file = save({"weights": np.ones(2, kind)})
    header = json.loads(file[8 : 8 + int.from_bytes(file[:8], "little")])["weights"]["dtype"]
    try:
        answer = f"loaded as {load(file)['weights'].dtype}"
    except KeyError as error:
        answer = f"KeyError: {error}"
    print(name, "- in the header:", header, "-", answer)
    assert answer.startswith("loaded" if name == "float16" else "KeyError")
END
