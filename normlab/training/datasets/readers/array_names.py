"""What the name of an array or file says: pixels or labels, and of which part."""

import re
from enum import StrEnum

from normlab.training.datasets.readers.base import Split

_PARTS = {
    "train": Split.TRAINING,
    "training": Split.TRAINING,
    "val": Split.VALIDATION,
    "valid": Split.VALIDATION,
    "validation": Split.VALIDATION,
    "dev": Split.VALIDATION,
    "test": Split.TEST,
    "testing": Split.TEST,
    "t10k": Split.TEST,
}
_LABELS = frozenset({"y", "label", "labels", "target", "targets", "class", "classes"})
_PIXELS = frozenset({"x", "img", "imgs", "image", "images", "pixel", "pixels", "data", "features"})
_GLUED = re.compile(r"(train|test|val)([xy])(?![a-z])|(?<![a-z])([xy])(train|test|val)")
_PIECES = re.compile(r"[a-z]+[0-9]+k\b|[a-z]+|[0-9]+")


class Role(StrEnum):
    """What an array holds."""

    PIXELS = "pixels"
    LABELS = "labels"


def meaning(name: str) -> tuple[Role | None, Split | None]:
    """What an array of this name holds and of which part; None: the name does not say.

    The last word counts: ``data/train_labels`` are labels.

    >>> meaning("X_train")
    (<Role.PIXELS: 'pixels'>, <Split.TRAINING: 'training'>)
    >>> meaning("t10k-labels-idx1-ubyte")
    (<Role.LABELS: 'labels'>, <Split.TEST: 'test'>)
    """
    role: Role | None = None
    part: Split | None = None
    for piece in _pieces(name):
        part = _PARTS.get(piece, part)
        if piece in _LABELS:
            role = Role.LABELS
        elif piece in _PIXELS:
            role = Role.PIXELS
    return role, part


def without_part(name: str) -> str:
    """What is left of a name, in lower case, when the words that name a part are left out.

    >>> without_part("Patient_train")
    'patient'
    """
    return "_".join(piece for piece in _pieces(name) if piece not in _PARTS)


def _pieces(name: str) -> list[str]:
    lowered = _GLUED.sub(lambda met: "_".join(piece for piece in met.groups() if piece), name.lower())
    return _PIECES.findall(lowered)
