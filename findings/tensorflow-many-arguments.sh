#!/bin/sh
# TensorFlow 2.21.0: calling a tf.function with many tensors costs milliseconds in Python, whatever it computes.
# Expected: with an input_signature, which leaves nothing to be found out, microseconds.
# Seen: 3 ms of CPU for 64 tensors of 4 numbers that are added up, and rather more with the signature than without: each
#   call binds its arguments three times and checks each against its type four times, in Python. One flat vector that
#   the function splits itself: 0.4 ms.
# So: give a function that is called often one tensor, e.g. all weights in a row, and tf.split it inside.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'tensorflow-cpu==2.21.0' 'keras==3.15.1' 'numpy==2.4.6'
"$folder/venv/bin/python" - <<'END'
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import time
import tensorflow as tf

COUNT = 64
tensors = [tf.fill([4], float(number)) for number in range(COUNT)]
flat = tf.concat(tensors, 0)


def total(*parts):
    return tf.add_n(parts)


def total_of_flat(vector):
    return tf.add_n(tf.split(vector, COUNT))


signature = [tf.TensorSpec([4], tf.float32)] * COUNT
flat_signature = [tf.TensorSpec([4 * COUNT], tf.float32)]
ways = {
    "64 tensors, signature": (tf.function(total, input_signature=signature, autograph=False), tensors),
    "64 tensors": (tf.function(total, autograph=False), tensors),
    "one vector, signature": (tf.function(total_of_flat, input_signature=flat_signature, autograph=False), [flat]),
}
for function, arguments in ways.values():
    assert function(*arguments).numpy().tolist() == [2016.0] * 4
milliseconds = dict.fromkeys(ways, float("inf"))
for _ in range(10):
    for name, (function, arguments) in ways.items():
        start = time.process_time()
        for _ in range(20):
            function(*arguments)
        milliseconds[name] = min(milliseconds[name], (time.process_time() - start) / 20 * 1000)
for name, value in milliseconds.items():
    print(f"{name}: {value:.2f} ms of CPU a call")
ratio = milliseconds["64 tensors, signature"] / milliseconds["one vector, signature"]
print(f"many cost {ratio:.1f} times what one costs")
assert ratio > 3
END
