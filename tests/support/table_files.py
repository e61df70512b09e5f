"""Tables as files, and what becomes of them when they are read and assembled."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from normlab.spec.columns import Column
from normlab.training.datasets import decoded
from normlab.training.datasets.arrays import Arrays
from normlab.training.datasets.assembling import Assembled, assemble
from normlab.training.datasets.readers.base import Notice, ReadingOptions
from normlab.training.datasets.readers.detect import open_reader
from normlab.training.datasets.splitting import Splitting


@dataclass
class ReadTable:
    """A table in its decoded form."""

    assembled: Assembled
    arrays: Arrays

    @property
    def x(self) -> NDArray[np.float32]:
        """All rows: validation's, training's, test's."""
        return np.concatenate([self.arrays.x_train, self.arrays.x_test])

    @property
    def columns(self) -> dict[str, Column]:
        return {column.name: column for column in self.assembled.columns or ()}

    @property
    def notices(self) -> dict[str, Notice]:
        return {notice.code: notice for notice in self.assembled.notices}

    def values(self, name: str) -> list[float]:
        """A column, in the order of the file where parts are."""
        return self.x[:, list(self.columns).index(name)].tolist()


def write(folder: Path, content: str | bytes, name: str = "table.bin") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read_table(path: Path, *, splitting: Splitting | None = None, **options: Any) -> ReadTable:
    """Open a file by its content and assemble it beside it."""
    reader = open_reader(path, ReadingOptions(**options))
    assembled = assemble(reader, path.with_name("decoded"), splitting=splitting or Splitting())
    opened = decoded.read(assembled.folder, thorough=True)
    assert opened is not None
    return ReadTable(assembled, opened.arrays)
