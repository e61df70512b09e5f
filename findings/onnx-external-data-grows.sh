#!/bin/sh
# onnx 1.23.2: saving a model with external data again, to the same place, makes the data file longer each time; the
# values of before stay in it.
# Expected: the second save replaces the file, as it does without external data.
# Seen: 40,000 bytes of weights become a file of 40,000, 80,000 and 120,000 bytes, and each loads rightly. The model in
#   memory has no weights any more after the first save.
# So: delete the data file before each save, and save a copy.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'onnx==1.23.2' 'numpy==2.4.6'
"$folder/venv/bin/python" - <<'END'
import copy, pathlib, tempfile
import numpy as np, onnx
from onnx import TensorProto, helper, numpy_helper

shape = ["n", 100]
graph = helper.make_graph(
    [helper.make_node("MatMul", ["x", "w"], ["y"])], "product",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
    [numpy_helper.from_array(np.ones((100, 100), np.float32), "w")],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
sizes = []
with tempfile.TemporaryDirectory() as folder:
    file = pathlib.Path(folder) / "model.onnx"
    for _ in range(3):
        saved = copy.deepcopy(model)
        onnx.save_model(saved, file, save_as_external_data=True, location="model.data", size_threshold=0)
        sizes.append((file.parent / "model.data").stat().st_size)
        assert (numpy_helper.to_array(onnx.load(file).graph.initializer[0]) == 1).all()
print("bytes of the data file after each save:", sizes, "- weights in memory after a save:",
      len(saved.graph.initializer[0].raw_data), "bytes")
assert sizes == [40_000, 80_000, 120_000]
assert len(saved.graph.initializer[0].raw_data) == 0
END
