"""Loaded models, kept as long as their files together stay below a bound."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt

from normlab.onnx_runtime import on_one_thread
from normlab.onnx_runtime import onnxruntime as ort


class OnnxModel:
    """One exported network, ready to be called from any thread.

    It runs on the thread that calls it: images are small, so a pool of threads for each model would only
    compete with the other requests, and onnxruntime's own threads spin while they wait.
    """

    def __init__(self, onnx: bytes) -> None:
        self._session = ort.InferenceSession(onnx, on_one_thread(), providers=["CPUExecutionProvider"])
        # The session keeps the file to be able to change to another provider; there is none, and it would double
        # what a model takes.
        self._session._model_bytes = None
        self.input_name: str = self._session.get_inputs()[0].name
        self.output_name: str = self._session.get_outputs()[0].name
        self._outputs = [self.output_name]
        # `InferenceSession.run` looks at every input and for graphics processors first, in Python; what does the work
        # looks at the inputs itself.
        self._run = self._session._sess.run
        self.file_bytes = len(onnx)

    def __call__(self, batch: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Class probabilities (n, classes) of raw pixels (n, *shape)."""
        probabilities: npt.NDArray[np.float32] = self._run(self._outputs, {self.input_name: batch}, None)[0]
        return probabilities


class ModelCache:
    """The models that were used last, by the checksum of their file, at most ``max_bytes`` of files.

    A model larger than the whole bound is loaded for its request and not kept. Threads that want the same
    model at once load it once.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._models: OrderedDict[str, OnnxModel] = OrderedDict()
        self._bytes = 0
        self._loading: dict[str, tuple[threading.Lock, int]] = {}

    @property
    def bytes_held(self) -> int:
        """The size of the files of all models that are kept."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._models)

    def get(self, sha256: str, read: Callable[[], bytes]) -> OnnxModel:
        """The model whose file has this checksum; ``read`` gives the file when it is not loaded yet."""
        model = self.kept(sha256)
        if model is not None:
            return model
        with self._loading_alone(sha256):
            model = self.kept(sha256)
            if model is None:
                model = OnnxModel(read())
                self._keep(sha256, model)
        return model

    def kept(self, sha256: str) -> OnnxModel | None:
        """The model if it is loaded; nothing is read."""
        with self._lock:
            model = self._models.get(sha256)
            if model is not None:
                self._models.move_to_end(sha256)
            return model

    def _keep(self, sha256: str, model: OnnxModel) -> None:
        if model.file_bytes > self._max_bytes:
            return
        with self._lock:
            self._models[sha256] = model
            self._bytes += model.file_bytes
            while self._bytes > self._max_bytes:
                _, oldest = self._models.popitem(last=False)
                self._bytes -= oldest.file_bytes

    @contextmanager
    def _loading_alone(self, sha256: str) -> Iterator[None]:
        """Hold this model's own lock, which lives as long as somebody waits for it."""
        with self._lock:
            lock, waiting = self._loading.get(sha256, (threading.Lock(), 0))
            self._loading[sha256] = (lock, waiting + 1)
        try:
            with lock:
                yield
        finally:
            with self._lock:
                lock, waiting = self._loading.pop(sha256)
                if waiting > 1:
                    self._loading[sha256] = (lock, waiting - 1)
