#!/bin/sh
# TensorFlow 2.21.0: what XLA compiled for a tf.function stays in memory when the function is gone.
# Expected: freed with the function, as its graph is.
# Seen: about half a MiB for each small function that was compiled and deleted; with jit_compile=False next to nothing.
#   A process that builds network after network grows for ever.
# So: keep compiled functions and use them again for the same shapes, or end the process after some.
# Linux only.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'tensorflow-cpu==2.21.0' 'keras==3.15.1' 'numpy==2.4.6'
"$folder/venv/bin/python" - <<'END'
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import gc
import tensorflow as tf


def resident_mib():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def make_run_and_forget(number, compiled):
    @tf.function(jit_compile=compiled, autograph=False)
    def function(x):
        for step in range(4):
            x = tf.tanh(tf.matmul(x, x) + float(number * 10 + step))
        return x

    function(tf.ones((8, 8)))


grown = {}
for compiled in (False, True):
    for number in range(16):
        if number == 4:
            gc.collect()
            before = resident_mib()
        make_run_and_forget(number, compiled)
    gc.collect()
    grown[compiled] = (resident_mib() - before) / 12
    print(f"jit_compile={compiled}: {grown[compiled]:.2f} MiB more for each function that is gone")
assert grown[True] > 0.2
assert grown[False] < 0.1
END
