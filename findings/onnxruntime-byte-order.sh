#!/bin/sh
# onnxruntime 1.32.0 and OpenCV 5.0.0: an array of big-endian floats (as FITS, IDX and network formats give them) is read
# as if its bytes were little-endian, without an error.
# Expected: conversion, as OpenVINO and TensorFlow do it, or an error, as PyTorch gives.
# Seen: 2 * [1, 2] is [9.2e-41, 1.8e-43]: both look at NumPy's type and not at its byte order.
# So: pixels.astype(np.float32) before a run; it costs nothing where nothing is to be done with copy=False.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'onnxruntime==1.32.0' 'onnx==1.23.2' 'opencv-python-headless==5.0.0.93' 'numpy==2.4.6'
"$folder/venv/bin/python" - <<'END'
import os
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import cv2, numpy as np, onnxruntime
from onnx import TensorProto, helper, numpy_helper

shape = ["n", 2]
graph = helper.make_graph(
    [helper.make_node("Mul", ["x", "two"], ["y"])], "doubled",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
    [numpy_helper.from_array(np.float32(2), "two")],
)
file = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
network = cv2.dnn.readNetFromONNX(np.frombuffer(file, np.uint8))


def with_opencv(x):
    network.setInput(x)
    return network.forward()


native, other = np.array([[1, 2], [3, 4]], "<f4"), np.array([[1, 2], [3, 4]], ">f4")
assert (native == other).all()
for name, run in {"onnxruntime": lambda x: session.run(None, {"x": x})[0], "OpenCV": with_opencv}.items():
    print(name, "little-endian:", run(native).tolist(), "big-endian:", run(other).tolist())
    assert (run(native) == 2 * native).all()
    assert np.abs(run(other)).max() < 1e-38
END
