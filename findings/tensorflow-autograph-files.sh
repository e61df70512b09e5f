#!/bin/sh
# TensorFlow 2.21.0: a process that is killed leaves the code that autograph generated in the temporary folder.
# Expected: no file outlives a process that only calls a tf.function; the code could stay in memory.
# Seen: one __autograph_generated_file*.py for each converted function, removed at a regular end alone. Workers that are
#   killed (for memory, by a scheduler, at a deadline) fill /tmp with them.
# So: autograph=False where no Python control flow has to be converted, or a TMPDIR for each process that goes with it.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'tensorflow-cpu==2.21.0' 'keras==3.15.1' 'numpy==2.4.6'
"$folder/venv/bin/python" - <<'END'
import os, pathlib, subprocess, sys, tempfile

CHILD = """
import os, signal, sys
import tensorflow as tf

@tf.function
def double(x):
    return 2 * x

double(tf.constant(1.0))
if sys.argv[1] == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
"""
left = {}
for how in ("ended", "killed"):
    with tempfile.TemporaryDirectory() as folder:
        script, temporary = pathlib.Path(folder) / "child.py", pathlib.Path(folder) / "tmp"
        script.write_text(CHILD)
        temporary.mkdir()
        environment = os.environ | {"TMPDIR": str(temporary), "TF_CPP_MIN_LOG_LEVEL": "3"}
        subprocess.run([sys.executable, script, how], env=environment, stderr=subprocess.DEVNULL, check=False)
        left[how] = [path.name for path in temporary.iterdir()]
    print(how, "- files left:", left[how])
assert left["ended"] == []
assert len(left["killed"]) == 1 and left["killed"][0].startswith("__autograph_generated_file")
END
