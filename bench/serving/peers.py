"""The packaged servers that Normlab is measured beside, each in a virtual environment of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from environments import MLFLOW, environment_with

HERE = Path(__file__).parent
ENVIRONMENT = {
    # None of them is to report to anybody that it was measured here.
    "DO_NOT_TRACK": "true",
    "BENTOML_DO_NOT_TRACK": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "ORT_DISABLE_TELEMETRY": "1",
    # A line for each request, which the others do not write either.
    "BENTOML_CONFIG_OPTIONS": "api_server.logging.access.enabled=false",
}


@dataclass(frozen=True)
class Peer:
    """One packaged server: what to install, how to start it on a port, and where it answers."""

    name: str
    requirements: tuple[str, ...]
    command: Callable[[Path, int], list[str]]
    """From its environment's ``bin`` and a port."""
    alive: str
    path: str
    format: str = "json"
    """Which of the bench's bodies it takes."""
    folder: Path = HERE

    def install(self) -> Path | None:
        """The ``bin`` of its environment, made when it is not there; None if it cannot be installed."""
        name = self.name.split()[0].lower()
        return environment_with(name, [*self.requirements, f"onnxruntime=={version('onnxruntime')}"])


PEERS = (
    Peer(
        "LitServe + onnxruntime",
        ("litserve==0.2.19",),
        lambda programs, port: [str(programs / "python"), "litserve_peer.py", str(port)],
        alive="/health",
        path="/predict",
    ),
    Peer(
        "BentoML + onnxruntime",
        ("bentoml==1.4.40",),
        lambda programs, port: [
            *(str(programs / "bentoml"), "serve", "bentoml_peer:Classifier"),
            *("--host", "127.0.0.1", "--port", str(port)),
        ],
        alive="/readyz",
        path="/predict",
    ),
    Peer(
        "MLServer + onnxruntime",
        ("mlserver==1.7.1",),
        lambda programs, port: [
            *("env", f"MLSERVER_HTTP_PORT={port}", f"MLSERVER_GRPC_PORT={port + 100}"),
            *(
                f"MLSERVER_METRICS_PORT={port + 200}",
                "PYTHONPATH=.",
                str(programs / "mlserver"),
                "start",
                ".",
            ),
        ],
        alive="/v2/models/baseline/ready",
        path="/v2/models/baseline/infer",
        format="oip json",
        folder=HERE / "mlserver",
    ),
    Peer(
        "MLflow + onnxruntime",
        (MLFLOW,),
        lambda programs, port: [str(programs / "python"), "mlflow_peer.py", str(port)],
        alive="/ping",
        path="/invocations",
        format="mlflow",
    ),
)
