#!/bin/sh
# TensorFlow 2.21.0: XLA's persistent cache works on a CPU too, and a call fails where the cache cannot be written.
# Expected: TF_XLA_FLAGS=--tf_xla_persistent_cache_directory=FOLDER is for GPUs, and a program that cannot be kept is
#   computed all the same.
# Seen: the next process takes a program from the folder instead of compiling it, with the same bits in a fraction of
#   the CPU time (its log has a line "Error parsing text-format", which means nothing). Where the folder cannot be made,
#   the call compiles and then raises the file system's error, here FailedPreconditionError.
# So: make the folder and write a file in it before the flag is set, and leave the flag out where that fails.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'tensorflow-cpu==2.21.0' 'keras==3.15.1' 'numpy==2.4.6'
cat > "$folder/compute.py" <<'END'
import hashlib, json, time
import numpy as np, tensorflow as tf


@tf.function(jit_compile=True, autograph=False)
def compute(x):
    for step in range(100):
        x = tf.tanh(tf.matmul(x, x) / 8 + x + step / 100)
    return x


x = tf.constant(np.random.default_rng(0).normal(size=(64, 64)).astype(np.float32))
compute.get_concrete_function(x)
start = time.process_time()
try:
    answer = hashlib.sha256(compute(x).numpy().tobytes()).hexdigest()[:16]
except tf.errors.OpError as error:
    answer = f"{type(error).__name__}: {error.message.splitlines()[0]}"
print(json.dumps([answer, time.process_time() - start]))
END
touch "$folder/file"
FOLDER=$folder "$folder/venv/bin/python" - <<'END'
import json, os, pathlib, subprocess, sys

folder = pathlib.Path(os.environ["FOLDER"])


def compute(name, cache):
    flags = f"--tf_xla_persistent_cache_directory={cache}" if cache else ""
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_XLA_FLAGS": flags}
    run = subprocess.run([sys.executable, folder / "compute.py"], env=environment, check=True, capture_output=True)
    answer, seconds = json.loads(run.stdout.splitlines()[-1])
    print(f"{name}: {answer.replace(str(folder), 'FOLDER')} in {seconds:.2f} s of CPU")
    return answer, seconds


without, _ = compute("no cache", None)
first, compiling = compute("a new cache", folder / "cache")
kept = list((folder / "cache").iterdir())
print("files in it:", len(kept), "-", kept[0].suffix)
second, loading = compute("the same again", folder / "cache")
refused, _ = compute("a cache below a file", folder / "file" / "cache")
assert len(kept) == 1 and list((folder / "cache").iterdir()) == kept
assert without == first == second and len(without) == 16
assert loading < compiling * 0.6
assert "Error: " in refused
END
