"""MLServer with onnxruntime, in its own virtual environment: `mlserver start` in this folder."""

import os

import numpy as np
import onnxruntime
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse


class Classifier(MLModel):
    async def load(self) -> bool:
        self.session = onnxruntime.InferenceSession(os.environ["MODEL"])
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        pixels = NumpyCodec.decode_input(payload.inputs[0]).astype(np.float32).reshape(-1, 28, 28)
        (rows,) = self.session.run(None, {self.session.get_inputs()[0].name: pixels})
        output = NumpyCodec.encode_output("probabilities", rows)
        return InferenceResponse(model_name=self.name, outputs=[output])
