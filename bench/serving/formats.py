"""Every way to send images to a server that is measured."""

import io
import json

import numpy as np
from load import Body
from PIL import Image


def bodies(pixels: np.ndarray) -> dict[str, dict[int, Body]]:
    """Every input format, with 1 and 64 images."""
    return {
        kind: {count: make(pixels[:count]) for count in (1, 64)}
        for kind, make in (
            ("json", as_json),
            ("npy", as_npy),
            ("oip json", oip_json),
            ("oip binary", oip_binary),
            ("mlflow", mlflow_json),
        )
    }


def as_json(pixels: np.ndarray) -> Body:
    return Body(json.dumps({"instances": pixels.reshape(len(pixels), -1).tolist()}).encode())


def as_npy(pixels: np.ndarray) -> Body:
    file = io.BytesIO()
    np.save(file, pixels)
    return Body(file.getvalue(), "application/x-npy")


def _tensor(pixels: np.ndarray) -> dict[str, object]:
    return {"name": "raw_pixels", "datatype": "UINT8", "shape": [len(pixels), 784]}


def oip_json(pixels: np.ndarray) -> Body:
    return Body(json.dumps({"inputs": [{**_tensor(pixels), "data": pixels.reshape(-1).tolist()}]}).encode())


def oip_binary(pixels: np.ndarray) -> Body:
    data = pixels.tobytes()
    head = json.dumps(
        {"inputs": [{**_tensor(pixels), "parameters": {"binary_data_size": len(data)}}]}
    ).encode()
    length = ("Inference-Header-Content-Length", str(len(head)))
    return Body(head + data, "application/octet-stream", (length,))


def mlflow_json(pixels: np.ndarray) -> Body:
    return Body(json.dumps({"inputs": pixels.reshape(len(pixels), -1).tolist()}).encode())


def png(pixels: np.ndarray) -> Body:
    """One image as a file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return Body(file.getvalue(), "image/png")
