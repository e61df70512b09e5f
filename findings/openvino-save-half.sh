#!/bin/sh
# OpenVINO 2026.4.1: save_model stores the weights as float16 unless it is told compress_to_fp16=False.
# Expected: the weights of the model that is saved.
# Seen: 1.000244 becomes 1.0, 70,000 becomes 65,504, 1e-9 becomes 0, without a word. A model that is compiled from the
#   ONNX file, without being saved between, has all of them.
# So: openvino.save_model(model, path, compress_to_fp16=False), and compare outputs after saving.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'openvino==2026.4.1' 'onnx==1.23.2' 'numpy==2.4.6'
"$folder/venv/bin/python" - <<'END'
import pathlib, tempfile
import numpy as np, onnx, openvino
from onnx import TensorProto, helper, numpy_helper

weights = np.array([[1 + 2**-12, 70_000], [0.1, 1e-9]], np.float32)
shape = ["n", 2]
graph = helper.make_graph(
    [helper.make_node("MatMul", ["x", "w"], ["y"])], "product",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
    [numpy_helper.from_array(weights, "w")],
)
core, accurate = openvino.Core(), {"INFERENCE_PRECISION_HINT": "f32"}
with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), folder / "m.onnx")
    model = openvino.convert_model(folder / "m.onnx")
    openvino.save_model(model, folder / "default.xml")
    openvino.save_model(model, folder / "whole.xml", compress_to_fp16=False)
    found = {file: core.compile_model(folder / file, "CPU", accurate)([np.eye(2, dtype=np.float32)])[0].copy()
             for file in ("m.onnx", "default.xml", "whole.xml")}
for file, values in found.items():
    print(file, values.tolist())
assert (found["m.onnx"] == weights).all() and (found["whole.xml"] == weights).all()
assert found["default.xml"].tolist() == [[1, 65504], [np.float32(np.float16(0.1)), 0]]
END
