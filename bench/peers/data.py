"""The notebook's split of Fashion-MNIST."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from normlab.spec import DatasetName
from normlab.training.datasets import load

BATCH = 32


@dataclass(frozen=True)
class Split:
    x_train: npt.NDArray[Any]  # (55000, 28, 28), between 0 and 1
    y_train: npt.NDArray[Any]  # (55000,)
    x_valid: npt.NDArray[Any]
    y_valid: npt.NDArray[Any]


def load_split(folder: Path, dtype: str = "float32", samples: int = 55_000) -> Split:
    data = load(DatasetName.FASHION_MNIST, folder / "datasets")
    x, y = (data.x_train / 255.0).astype(dtype), np.array(data.y_train)
    return Split(x[5000 : 5000 + samples], y[5000 : 5000 + samples], x[:5000], y[:5000])
