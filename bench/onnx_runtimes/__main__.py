"""In which runtimes Normlab's ONNX files give Keras's probabilities: every preset, every kind of layer.

usage: python bench/onnx_runtimes

Prints a table for docs/serving.md. Installs the runtimes in a temporary folder, from PyPI and npm.
"""

import json
import subprocess
import tempfile
import venv
from pathlib import Path
from typing import Any

import keras
import numpy as np

from normlab.spec import PRESETS, parse_job_spec, plan_job
from normlab.spec.fields import Activation
from normlab.training.export import onnx as onnx_file
from normlab.training.export.serving_function import TrainedNetwork
from normlab.training.layers.network import build_serving_network

PYTHON = {
    "numpy": "2.4.6",
    "onnx": "1.23.2",
    "onnxruntime": "1.32.0",
    "openvino": "2026.4.1",
    "opencv-python-headless": "5.0.0.93",
    "torch": "2.13.0+cpu",
}
WITHOUT_DEPENDENCIES = {"onnx2torch": "1.5.15"}  # its torchvision is for boxes, which no network here has
NODE = {"onnxruntime-node": "1.30.0", "onnxruntime-web": "1.30.0"}
HERE = Path(__file__).parent

IMAGE = {"type": "reshape", "target_shape": [8, 8, 1]}
FLATTEN = {"type": "flatten"}


def on_images(*layers: dict[str, Any], **convolution: Any) -> list[dict[str, Any]]:
    return [IMAGE, {"type": "conv2d", "filters": 4, "kernel_size": 3} | convolution, *layers, FLATTEN]


def cases() -> dict[str, Any]:
    """Architectures by name."""
    normalizations = [
        {"type": "batch_normalization"},
        {"type": "layer_normalization"},
        {"type": "group_normalization", "groups": 2},
    ]
    same = {"padding": "same", "pool_size": 3, "strides": 2}
    return {
        **{name: name for name in PRESETS},
        "conv2d": on_images(),
        "conv2d, same, strided": on_images(strides=2, padding="same"),
        "conv2d, kernel 3 x 1, strides 1 x 2": on_images(kernel_size=[3, 1], strides=[1, 2], padding="same"),
        "conv2d, dilated": on_images(dilation_rate=2),
        "max_pooling2d": on_images({"type": "max_pooling2d"}),
        "max_pooling2d, same": on_images({"type": "max_pooling2d", **same}),
        "average_pooling2d": on_images({"type": "average_pooling2d"}),
        "average_pooling2d, same": on_images({"type": "average_pooling2d", **same}),
        "global_average_pooling2d": on_images({"type": "global_average_pooling2d"})[:-1],
        "dense on images": on_images({"type": "dense", "units": 6}),
        "dropout": [FLATTEN, {"type": "dropout", "rate": 0.3}],
        **{f"{layer['type']} on images": on_images(layer) for layer in normalizations},
        **{f"{layer['type']} on rows": [layer, FLATTEN] for layer in normalizations},
        **{f"{layer['type']}": [FLATTEN, layer] for layer in normalizations},
        **{
            str(activation): [
                FLATTEN,
                {"type": "dense", "units": 8},
                {"type": "activation", "activation": activation},
            ]
            for activation in Activation
        },
    }


def write_all(folder: Path) -> None:
    """Each case as NNN.onnx, with names.json, the pixels as one file of float32, and what Keras gives for them."""
    pixels = np.random.default_rng(1).integers(0, 17, (64, 8, 8)).astype(np.float32)
    pixels.tofile(folder / "pixels.f32")
    names = {}
    for number, (name, architecture) in enumerate(cases().items()):
        layers = architecture if isinstance(architecture, str) else {"layers": architecture}
        plan = plan_job(parse_job_spec({"architecture": layers, "dataset": "digits"}))
        network = build_serving_network(plan, 16)
        randomize(network)
        names[f"{number:03}"] = name
        onnx_file.write(TrainedNetwork(plan, network, 16), folder / f"{number:03}.onnx")
        np.asarray(network(pixels)).tofile(folder / f"{number:03}.f32")
    (folder / "names.json").write_text(json.dumps(names))


def randomize(network: keras.Model) -> None:
    draw = np.random.default_rng(0)
    for weight in network.weights:
        values = draw.normal(0, 0.3, weight.shape)
        weight.assign(np.abs(values) + 0.1 if weight.name == "moving_variance" else values)


def main() -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        write_all(folder)
        venv.create(folder / "venv", with_pip=True)
        python = folder / "venv" / "bin" / "python"
        pip = [python, "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, *(f"{name}=={version}" for name, version in PYTHON.items())], check=True)
        alone = (f"{name}=={version}" for name, version in WITHOUT_DEPENDENCIES.items())
        subprocess.run([*pip, "--no-deps", *alone], check=True)
        npm = ["npm", "install", "--silent", "--ignore-scripts", "--prefix", folder]
        subprocess.run([*npm, *(f"{name}@{version}" for name, version in NODE.items())], check=True)
        (folder / "runtimes.cjs").write_text((HERE / "runtimes.cjs").read_text())
        runs = [
            *([python, HERE / "runtimes.py", runtime, folder] for runtime in ("onnxruntime", "reference")),
            *(
                [python, HERE / "runtimes.py", runtime, folder]
                for runtime in ("openvino", "opencv", "onnx2torch")
            ),
            *(["node", folder / "runtimes.cjs", name, folder] for name in NODE),
        ]
        names = json.loads((folder / "names.json").read_text())
        print("| runtime | right | not |\n| --- | --- | --- |")
        for run in runs:
            answer = json.loads(subprocess.run(run, check=True, capture_output=True, text=True).stdout)
            wrong = "; ".join(f"{names[number]}: {why}" for number, why in answer["wrong"].items())
            right = len(names) - len(answer["wrong"])
            print(f"| {answer['runtime']} | {right} of {len(names)} | {wrong} |", flush=True)


if __name__ == "__main__":
    main()
