"""LitServe with onnxruntime, in its own virtual environment. usage: litserve_peer.py PORT"""

import os
import sys

import litserve
import numpy as np
import onnxruntime


class Classifier(litserve.LitAPI):
    def setup(self, device: str) -> None:  # noqa: ARG002 - LitServe's interface
        self.session = onnxruntime.InferenceSession(os.environ["MODEL"])

    def decode_request(self, request: dict[str, object]) -> np.ndarray:
        return np.array(request["instances"], np.float32).reshape(-1, 28, 28)

    def predict(self, pixels: np.ndarray) -> np.ndarray:
        return self.session.run(None, {self.session.get_inputs()[0].name: pixels})[0]

    def encode_response(self, rows: np.ndarray) -> dict[str, object]:
        return {"predictions": rows.tolist()}


if __name__ == "__main__":
    server = litserve.LitServer(Classifier(), accelerator="cpu")
    server.run(host="127.0.0.1", port=int(sys.argv[1]), log_level="error", generate_client_file=False)
