#!/bin/sh
# Keras 3.15.1: importing it imports scikit-learn and scipy.stats where they are installed.
# Expected: only the use of keras.wrappers does, which nothing else in Keras needs.
# Seen: 500 modules and 60 MiB more in each process (with scikit-learn 1.9.1, which brings scipy.stats), and a tenth to
#   a quarter of the CPU time of the whole import, TensorFlow's included.
# So: sys.modules["sklearn"] = None before the import and del sys.modules["sklearn"] after it: scikit-learn can still be
#   imported then; only keras.wrappers do not work. Or leave it out of environments that only predict.
# Linux only.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'tensorflow-cpu==2.21.0' 'keras==3.15.1' 'numpy==2.4.6' 'scikit-learn==1.9.1' 'scipy==1.17.1'
"$folder/venv/bin/python" - <<'END'
import json, os, subprocess, sys

IMPORT = """
import json, os, sys, time
if {hidden}:
    sys.modules["sklearn"] = None
import keras
seconds = time.process_time()
with open("/proc/self/statm") as file:
    mib = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
modules = [name for name, module in sys.modules.items() if module is not None]
if {hidden}:
    del sys.modules["sklearn"]
model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="ones")])
assert model(keras.ops.ones((1, 2))).numpy() == 2
import sklearn.linear_model
assert sklearn.linear_model.LinearRegression().fit([[0], [1]], [0, 1]).coef_[0] > 0.99
print(json.dumps([modules, mib, seconds]))
"""


def imported(hidden):
    environment = os.environ | {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
    script = IMPORT.format(hidden=hidden)
    run = subprocess.run([sys.executable, "-c", script], env=environment, check=True, capture_output=True)
    return json.loads(run.stdout.splitlines()[-1])


imported(False)  # compiles the modules to files
found = {}
for name, hidden in (("import keras", False), ("with scikit-learn hidden", True)):
    modules, mib, seconds = imported(hidden)
    theirs = [module for module in modules if module.split(".")[0] in ("sklearn", "scipy")]
    found[name] = "sklearn" in modules, "scipy.stats" in modules, len(theirs), mib
    print(f"{name}: {len(theirs)} modules of scikit-learn and SciPy, {mib:.0f} MiB, {seconds:.1f} s of CPU")
with_it, without = found.values()
assert with_it[:2] == (True, True) and without[:2] == (False, False)
assert with_it[2] > without[2] + 200
assert with_it[3] > without[3] + 25
END
