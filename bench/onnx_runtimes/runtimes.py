"""One runtime over all files of a folder; prints what it gives wrongly as JSON.

usage: runtimes.py RUNTIME FOLDER
"""

# ruff: noqa: PLC0415 - each process loads the one runtime that it is for
import json
import os
import sys
import types
from importlib.metadata import version
from pathlib import Path

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np

TOLERANCE = 1e-4


def onnxruntime(path):
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return lambda batch: session.run(None, {"raw_pixels": batch})[0]


def reference(path):
    from onnx.reference import ReferenceEvaluator

    evaluator = ReferenceEvaluator(str(path))
    return lambda batch: evaluator.run(None, {"raw_pixels": batch})[0]


def openvino(path):
    import openvino

    core = openvino.Core()
    compiled = core.compile_model(core.read_model(path), "CPU", {"EXECUTION_MODE_HINT": "ACCURACY"})
    return lambda batch: compiled([batch])[0]


def opencv(path):
    import cv2

    network = cv2.dnn.readNetFromONNX(str(path))

    def run(batch):
        network.setInput(batch)
        return network.forward()

    return run


def onnx2torch(path):
    import torch

    for name in ("torchvision", "torchvision.ops"):
        sys.modules.setdefault(name, types.ModuleType(name))
    sys.modules["torchvision"].ops = sys.modules["torchvision.ops"]
    sys.modules["torchvision.ops"].roi_align = None
    import onnx2torch

    module = onnx2torch.convert(str(path)).eval()
    return lambda batch: module(torch.from_numpy(batch)).detach().numpy()


RUNTIMES = {
    "onnxruntime": (onnxruntime, "onnxruntime"),
    "reference": (reference, "onnx"),
    "openvino": (openvino, "openvino"),
    "opencv": (opencv, "opencv-python-headless"),
    "onnx2torch": (onnx2torch, "onnx2torch"),
}


def main():
    name, folder = sys.argv[1], Path(sys.argv[2])
    load, package = RUNTIMES[name]
    pixels = np.fromfile(folder / "pixels.f32", np.float32).reshape(64, 8, 8)
    wrong = {}
    for path in sorted(folder.glob("*.onnx")):
        expected = np.fromfile(path.with_suffix(".f32"), np.float32).reshape(64, 10)
        try:
            run = load(path)
            for batch in (1, 64):
                difference = np.abs(run(pixels[:batch]) - expected[:batch]).max()
                if not difference < TOLERANCE:
                    wrong[path.stem] = f"off by {difference:.2g} for a batch of {batch}"
        except Exception as error:
            wrong[path.stem] = f"{type(error).__name__}: {error}".strip().splitlines()[-1]
    print(json.dumps({"runtime": f"{package} {version(package)}", "wrong": wrong}))


if __name__ == "__main__":
    main()
