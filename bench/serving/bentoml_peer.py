"""BentoML with onnxruntime, in its own virtual environment: `bentoml serve bentoml_peer:Classifier`."""

import os

import bentoml
import numpy as np
import onnxruntime


@bentoml.service(workers=1)
class Classifier:
    def __init__(self) -> None:
        self.session = onnxruntime.InferenceSession(os.environ["MODEL"])

    @bentoml.api
    def predict(self, instances: list[list[float]]) -> dict[str, list[list[float]]]:
        pixels = np.array(instances, np.float32).reshape(-1, 28, 28)
        (rows,) = self.session.run(None, {self.session.get_inputs()[0].name: pixels})
        return {"predictions": rows.tolist()}
