#!/bin/sh
# onnx 1.23.2: the reference evaluator computes Softmax of opset 12 and below as if it were of opset 13.
# Expected: what the specification of the model's opset says. Up to opset 12 all dimensions from `axis` (by default 1)
#   on are one row; since 13 only the dimension `axis` (by default the last) is.
# Seen: for an input of 2 x 3 x 4 its probabilities add up to 3 for each sample, and differ from onnxruntime's, which
#   add up to 1. onnx's own version_converter knows the difference: the converted model is right in both.
# So: convert to opset 13 or later before the reference evaluator is taken as the truth.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'onnx==1.23.2' 'onnxruntime==1.32.0' 'numpy==2.4.6'
"$folder/venv/bin/python" - <<'END'
import os
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import numpy as np, onnxruntime
from onnx import TensorProto, helper, version_converter
from onnx.reference import ReferenceEvaluator

shape = [2, 3, 4]
graph = helper.make_graph(
    [helper.make_node("Softmax", ["x"], ["y"])], "softmax",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
)
old = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 12)], ir_version=8)
new = version_converter.convert_version(old, 13)
x = np.random.default_rng(0).normal(size=shape).astype(np.float32)


def sums(model):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    outputs = session.run(None, {"x": x})[0], ReferenceEvaluator(model).run(None, {"x": x})[0]
    return [output.sum(axis=(1, 2)).round(4).tolist() for output in outputs]


for name, model in {"opset 12": old, "converted to 13": new}.items():
    print(name, "- sums of onnxruntime and of the reference:", *sums(model))
assert sums(old) == [[1, 1], [3, 3]]
assert sums(new) == [[1, 1], [1, 1]]
END
