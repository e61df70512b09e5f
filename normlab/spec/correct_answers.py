"""Which corrupted pictures a network got right: a file that the worker writes and the API reads."""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Answers:
    """With one kind of statistics. The pictures are the same, in the same order, in all files of one question."""

    clean: Bools
    """(pictures,)."""
    corrupted: Bools
    """(corruptions, severities, pictures), in the question's order."""

    def mean(self, places: Sequence[tuple[int, int]]) -> npt.NDArray[np.float64]:
        """For each picture (pictures,) in which share of these places, of a corruption and a severity, it was right."""
        rows, columns = zip(*places, strict=True)
        share: npt.NDArray[np.float64] = self.corrupted[list(rows), list(columns)].mean(axis=0)
        return share


@dataclass(frozen=True)
class CorrectAnswers:
    """Of one network."""

    trained: Answers
    re_estimated: Answers | None
    """None where there is no such thing."""
    layers: tuple[str, ...] = ()
    """Whose statistics were re-estimated."""
    samples: int | None = None
    """Over how many pictures they were."""
    reason: str = ""
    """Why they were not."""

    def to_bytes(self) -> bytes:
        """As a compressed ``.npz`` file, a bit for each answer."""
        about = {"layers": self.layers, "samples": self.samples, "reason": self.reason}
        arrays: dict[str, npt.NDArray[Any]] = {
            "pictures": np.array(len(self.trained.clean)),
            "about": np.array(json.dumps(about)),
        }
        for name, answers in (("trained", self.trained), ("re_estimated", self.re_estimated)):
            if answers is not None:
                arrays[f"{name}_clean"] = np.packbits(answers.clean)
                arrays[f"{name}_corrupted"] = np.packbits(answers.corrupted, axis=-1)
        file = io.BytesIO()
        np.savez_compressed(file, allow_pickle=False, **arrays)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> "CorrectAnswers":
        """What ``to_bytes`` gave."""
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            pictures, about = int(arrays["pictures"]), json.loads(str(arrays["about"]))

            def answers(name: str) -> Answers | None:
                if f"{name}_clean" not in arrays:
                    return None
                clean, corrupted = (
                    np.unpackbits(arrays[f"{name}_{part}"], axis=-1, count=pictures).astype(bool)
                    for part in ("clean", "corrupted")
                )
                return Answers(clean, corrupted)

            trained = answers("trained")
            if trained is None:
                raise ValueError("the file has no answers of the network as it was trained")
            return cls(
                trained, answers("re_estimated"), tuple(about["layers"]), about["samples"], about["reason"]
            )
