"""Classes that are numbered as they are met, by the text of their label."""

import math
import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from normlab.errors import DatasetError
from normlab.training.datasets.readers.base import Notice, ReadingLimits

_FRACTION = re.compile(r"[+-]?(\d+\.\d*|\.\d+|\d+(\.\d*)?[eE][+-]?\d+|nan|inf)", re.IGNORECASE)


class ClassesMet:
    """Texts of labels to numbers. Whole numbers that are written with a fraction (``5.0``) count as whole."""

    def __init__(self, limits: ReadingLimits) -> None:
        self._limits = limits
        self._numbers: dict[str, int] = {}
        self._texts: dict[str, int] = {}
        self._with_fraction = False

    @property
    def names(self) -> Sequence[str]:
        """Of the classes, in the order in which they were met."""
        return list(self._numbers)

    def numbers(self, texts: Sequence[str], origins: Sequence[str]) -> npt.NDArray[np.int32]:
        """The number of each label, (n,). Raises ``DatasetError`` for what is none, with its origin."""
        return np.array(
            [
                self._texts[text] if text in self._texts else self._number(text, origin)
                for text, origin in zip(texts, origins, strict=True)
            ],
            np.int32,
        )

    def _number(self, text: str, origin: str) -> int:
        name = text.strip()
        if not name:
            raise DatasetError(f"{origin} has no label.")
        if _FRACTION.fullmatch(name):
            value = float(name)
            if not math.isfinite(value) or value != int(value):
                raise DatasetError(f"{origin}: the label {name} is no whole number and no name of a class.")
            name = str(int(value))
            self._with_fraction = True
        number = self._numbers.setdefault(name, len(self._numbers))
        if number >= self._limits.max_classes:
            raise DatasetError(
                f"{origin}: there are more than {self._limits.max_classes} classes (max_classes). Is this column the "
                "label?"
            )
        self._texts[text] = number
        return number

    def notices(self) -> list[Notice]:
        """What was noticed of the labels; complete when all were met."""
        found = []
        if self._with_fraction:
            detail = (
                "Labels are whole numbers that are written with a fraction (5.0): they were taken as whole."
            )
            found.append(Notice("labels_with_fraction", "info", detail))
        whole = sorted(int(name) for name in self._numbers if re.fullmatch(r"-?\d{1,18}", name))
        if whole and len(whole) == len(self._numbers) and whole != list(range(len(whole))):
            detail = (
                f"Labels go from {whole[0]} to {whole[-1]}, {len(whole)} of them, and not from 0 to "
                f"{len(whole) - 1}: they are the names of the classes, which are numbered from 0 in this order."
            )
            found.append(Notice("labels_not_from_zero", "info", detail))
        return found
