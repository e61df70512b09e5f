"""MLflow's `models serve` with onnxruntime, in its own virtual environment. usage: mlflow_peer.py PORT"""

import os
import sys
import tempfile
from pathlib import Path

import mlflow
import numpy as np
import onnxruntime


class Classifier(mlflow.pyfunc.PythonModel):
    def load_context(self, context: object) -> None:  # noqa: ARG002 - MLflow's interface
        self.session = onnxruntime.InferenceSession(os.environ["MODEL"])

    def predict(self, context: object, model_input: object, params: object = None) -> list[list[float]]:  # noqa: ARG002 - as above
        pixels = np.asarray(model_input, np.float32).reshape(-1, 28, 28)
        (rows,) = self.session.run(None, {self.session.get_inputs()[0].name: pixels})
        return rows.tolist()


mlflow.models.set_model(Classifier())

if __name__ == "__main__":
    folder = str(Path(tempfile.mkdtemp(prefix="normlab-bench-mlflow-")) / "model")
    mlflow.pyfunc.save_model(folder, python_model=__file__, pip_requirements=[])
    programs = Path(sys.executable).parent
    os.environ["PATH"] = f"{programs}:{os.environ['PATH']}"
    command = [str(programs / "mlflow"), "models", "serve", "--model-uri", folder, "--env-manager", "local"]
    os.execv(command[0], [*command, "--host", "127.0.0.1", "--port", sys.argv[1], "--workers", "1"])
