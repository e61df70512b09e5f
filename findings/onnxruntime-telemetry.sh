#!/bin/sh
# onnxruntime 1.32.0: the Linux wheel reports usage to its maker unless ORT_DISABLE_TELEMETRY=1 is set before the import.
# Expected: a library that computes, as its wheels for Linux were up to 1.28.
# Seen: 1.32.0 holds the reporter and starts a thread for it at the import; with the variable set there is no such
#   thread; 1.28.0 has neither. Seen with threads and strings alone: nothing here looks at the network.
# So: set the variable in the environment, or with os.environ before the first import.
# Linux only.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'onnxruntime==1.32.0' 'numpy==2.4.6'
"$folder/venv/bin/pip" install --quiet --no-deps --target "$folder/old" 'onnxruntime==1.28.0'
export OLD="$folder/old"
"$folder/venv/bin/python" - <<'END'
import os, pathlib, subprocess, sys

COUNT = "import os, time, onnxruntime; time.sleep(1); print(len(os.listdir('/proc/self/task')))"


def threads(environment, path):
    told = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"}
    run = subprocess.run([sys.executable, "-c", COUNT], env=told | environment | {"PYTHONPATH": path},
                         check=True, capture_output=True, text=True)
    return int(run.stdout)


def has_switch(path):
    return any(b"ORT_DISABLE_TELEMETRY" in file.read_bytes() for file in pathlib.Path(path).rglob("*.so*"))


import onnxruntime
new, old = str(pathlib.Path(onnxruntime.__file__).parents[1]), os.environ["OLD"]
assert onnxruntime.__version__ == "1.32.0"
found = {
    "1.32.0": (has_switch(new + "/onnxruntime"), threads({}, new)),
    "1.32.0, told not to": (True, threads({"ORT_DISABLE_TELEMETRY": "1"}, new)),
    "1.28.0": (has_switch(old), threads({}, old)),
}
for name, (switch, count) in found.items():
    print(f"{name}: knows the switch: {switch}, threads after the import: {count}")
assert found["1.32.0"][0] and not found["1.28.0"][0]
assert found["1.32.0"][1] == found["1.32.0, told not to"][1] + 1
END
