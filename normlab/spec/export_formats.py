"""The files that a job leaves behind, one row each. Those with a use are formats of the trained network.

To add a format: add its row here, and ``normlab/training/export/<kind>.py`` with ``write(trained, path)``.
"""

from enum import StrEnum
from typing import Self


class ArtifactKind(StrEnum):
    """What a stored file of a job is. Its value is what the database and addresses name it by."""

    file_name: str
    media_type: str
    used_for: str
    """What people download it for; empty for what only the service reads."""

    def __new__(cls, kind: str, file_name: str, media_type: str, used_for: str = "") -> Self:
        """Make a member of a row."""
        member = str.__new__(cls, kind)
        member._value_ = kind
        member.file_name = file_name
        member.media_type = media_type
        member.used_for = used_for
        return member

    KERAS = "keras", "model.keras", "application/vnd.keras", "Keras's own, to go on training"
    ONNX = "onnx", "model.onnx", "application/onnx", "onnxruntime and most other runtimes"
    SAVED_MODEL = "saved_model", "saved_model.zip", "application/zip", "TensorFlow's folder as a zip file"
    LITERT = "litert", "model.tflite", "application/vnd.tflite", "phones and small devices"
    HISTORY = "history", "history.json", "application/json"
    """The metrics of each epoch."""
    TEST_CORRECT = "test_correct", "test_correct.npy", "application/x-npy"
    """For each test sample whether the network got it right: bool (n_test,)."""
    EVALUATION = "evaluation", "evaluation.npz", "application/x-npz"
    """What the network says about every validation and test sample."""
    ROBUSTNESS = "robustness", "robustness.npz", "application/x-npz"
    """Which corrupted pictures the network got right."""

    @property
    def suffix(self) -> str:
        """The end of its file's name, with the dot."""
        return self.file_name[self.file_name.rindex(".") :]


FORMATS = tuple(kind for kind in ArtifactKind if kind.used_for)
"""The formats in which a trained network can be had."""

ON_REQUEST = (ArtifactKind.SAVED_MODEL, ArtifactKind.LITERT)
"""Those that are made of the ``keras`` file when somebody first asks for them: TensorFlow takes about a second for
each, and most networks are never asked for in either."""

AT_ONCE = tuple(kind for kind in FORMATS if kind not in ON_REQUEST)
"""Those that are made when a job ends."""
