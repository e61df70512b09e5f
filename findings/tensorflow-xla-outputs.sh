#!/bin/sh
# TensorFlow 2.21.0: returning one more value from a function that XLA compiles changes the last bit of another one.
# Expected: loss + weight * penalty is the same number whether or not weight * penalty is returned beside it.
# Seen: other bits for about one in six. A product that nothing else needs is fused with the sum and rounded once
#   (FMA); if it is returned, it is rounded by itself, as without XLA. So a loss moves by a unit in the last digit when
#   a part of it is logged, though weights and data are the same.
# So: compare such numbers with a tolerance, or compile the same outputs in each version that is compared.
# Needs a processor with FMA (of x86: since 2013).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'tensorflow-cpu==2.21.0' 'keras==3.15.1' 'numpy==2.4.6'
"$folder/venv/bin/python" - <<'END'
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np, tensorflow as tf


def total(loss, weight, penalty):
    return loss + weight * penalty


def total_and_part(loss, weight, penalty):
    return loss + weight * penalty, weight * penalty


values = np.random.default_rng(0).uniform(0, 2, (3, 1000)).astype(np.float32)
once = np.float32(values[0] + values[1].astype(np.float64) * values[2])
differing = {}
for compiled in (False, True):
    options = {"jit_compile": compiled, "autograph": False}
    alone = tf.function(total, **options)(*tf.constant(values)).numpy()
    beside = tf.function(total_and_part, **options)(*tf.constant(values))[0].numpy()
    differing[compiled] = np.sum(alone != beside)
    print(f"jit_compile={compiled}: {differing[compiled]} of 1,000 sums differ")
first = np.argmax(alone != beside)
print("the first of them:", alone[first], "alone,", beside[first], "with the part beside it")
print("rounded once:", np.sum(alone == once), "alone,", np.sum(beside == once), "with the part beside it")
assert differing[False] == 0 < differing[True]
assert np.allclose(alone, beside, rtol=2e-7, atol=0)
END
