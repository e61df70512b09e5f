"""What one writes in an afternoon: FastAPI, pydantic, and onnxruntime as it comes."""

import os

import numpy as np
import onnxruntime
from fastapi import FastAPI
from pydantic import BaseModel

session = onnxruntime.InferenceSession(os.environ["MODEL"])


class Instances(BaseModel):
    instances: list[list[float]]


class Prediction(BaseModel):
    label: int
    probability: float
    probabilities: list[float]


class Predictions(BaseModel):
    predictions: list[Prediction]


app = FastAPI()


@app.post("/predict")
def predict(body: Instances) -> Predictions:
    pixels = np.array(body.instances, np.float32).reshape(-1, 28, 28)
    (rows,) = session.run(None, {session.get_inputs()[0].name: pixels})
    return Predictions(
        predictions=[
            Prediction(label=int(row.argmax()), probability=float(row.max()), probabilities=row.tolist())
            for row in rows
        ]
    )
