#!/bin/sh
# ml_dtypes 0.6.0 with NumPy 2.4.6: np.save writes bfloat16 and float8 arrays in a form that np.load cannot give back.
# Expected: the same type, or an error when it is written: ml_dtypes is imported, and the types have names.
# Seen: bfloat16 comes back as "|V2" (two bytes of anything) and float8_e4m3fn as "|V1", which have no arithmetic; the
#   file of float8_e5m2 says "<f1", which np.load refuses as no valid type. np.savez does the same.
# So: save values.view(np.uint16) or np.uint8 and the name of the type; view(ml_dtypes.bfloat16) brings a file back.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'ml-dtypes==0.6.0' 'numpy==2.4.6'
"$folder/venv/bin/python" - <<'END'
import io
import ml_dtypes, numpy as np


def again(values):
    file = io.BytesIO()
    np.save(file, values)
    file.seek(0)
    try:
        return np.load(file)
    except ValueError as error:
        return f"ValueError: {error}"


values = np.array([1, 2], ml_dtypes.bfloat16)
loaded = again(values)
fine = again(np.ones(2, ml_dtypes.float8_e4m3fn))
wide = again(np.ones(2, ml_dtypes.float8_e5m2))
print("bfloat16:", loaded.dtype, "- float8_e4m3fn:", fine.dtype, "- float8_e5m2:", wide)
assert loaded.dtype == np.dtype("V2") and fine.dtype == np.dtype("V1")
assert (loaded.view(ml_dtypes.bfloat16) == values).all()
assert str(wide).startswith("ValueError: descr is not a valid dtype descriptor: '<f1'")
END
