"""Where each sample is from, for people: kept on disk beside the arrays, one line for each sample."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


class OriginsWriter:
    """Writes origins in the order of the file; remembers 8 bytes for each."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._ends = array("q", [0])

    def append(self, origins: Iterable[str]) -> None:
        """Add a chunk's.

        Raises:
            OSError: the disk is full.
        """
        lines = [origin.replace("\n", "\\n").encode(errors="backslashreplace") + b"\n" for origin in origins]
        end = self._ends[-1]
        for line in lines:
            end += len(line)
            self._ends.append(end)
        self._file.write(b"".join(lines))

    def ends(self) -> NDArray[np.int64]:
        """Where each line begins, and the end of the last."""
        return np.array(self._ends, np.int64)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


@dataclass(frozen=True, eq=False)
class Origins:
    """The origins of the samples of ``x_train`` and ``x_test``, read one by one."""

    path: Path
    """The lines, in the order of the uploaded file."""
    ends: NDArray[np.int64]
    """Where each line begins, and the end of the last."""
    training: NDArray[np.int64]
    """The place in the uploaded file of each sample of ``x_train``."""
    test: NDArray[np.int64]

    def of_training(self, rows: Sequence[int]) -> list[str]:
        """Where these samples of ``x_train`` are from."""
        return self._read(self.training, rows)

    def of_test(self, rows: Sequence[int]) -> list[str]:
        """Where these samples of ``x_test`` are from."""
        return self._read(self.test, rows)

    def _read(self, samples: NDArray[np.int64], rows: Sequence[int]) -> list[str]:
        found = []
        with self.path.open("rb") as file:
            for sample in (int(samples[row]) for row in rows):
                start, end = int(self.ends[sample]), int(self.ends[sample + 1])
                file.seek(start)
                found.append(file.read(end - start)[:-1].decode())
        return found
