"""Datasets in memory that a fault may be planted into."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_sample_images

from normlab.spec.datasets import DATASETS, DatasetInfo, DatasetName
from normlab.training.datasets.card.making import make_card
from normlab.training.datasets.loading import load

Pictures = npt.NDArray[np.uint8]


@dataclass
class Data:
    """Arrays of a dataset, in memory, that a fault may change."""

    x_train: Pictures
    y_train: Pictures
    x_test: Pictures
    y_test: Pictures
    info: DatasetInfo

    def codes(self) -> set[str]:
        """What its card finds, but for what is true of both datasets as they are."""
        of_both = {"nearly_constant_inputs"}
        return {finding.code for finding in make_card(self, self.info).document.findings} - of_both


def drawn(name: DatasetName, folder: Path, rng: np.random.Generator, samples: int) -> Data:
    """Some samples of a dataset in parts that were drawn, a sixth for testing."""
    data = load(name, folder)
    x, y = np.concatenate([data.x_train, data.x_test]), np.concatenate([data.y_train, data.y_test])
    order = rng.permutation(len(x))[:samples]
    test = len(order) // 6
    validation = len(order) // 12
    info = DATASETS[name].model_copy(
        update={
            "training_samples": len(order) - test,
            "test_samples": test,
            "default_validation_samples": validation,
        }
    )
    x, y = x[order], y[order]
    return Data(x[test:].copy(), y[test:].copy(), x[:test].copy(), y[:test].copy(), info)


def photographs() -> Data:
    """Pieces of scikit-learn's two photographs, 32 by 32 in colour, half of each over its neighbour."""
    side, step = 32, 16
    pieces = np.array(
        [
            photograph[top : top + side, left : left + side]
            for photograph in load_sample_images().images
            for top in range(0, photograph.shape[0] - side, step)
            for left in range(0, photograph.shape[1] - side, step)
        ]
    )
    pieces = pieces[np.random.default_rng(0).permutation(len(pieces))]
    test, labels = len(pieces) // 6, np.zeros(len(pieces), np.uint8)
    info = DATASETS[DatasetName.CIFAR10].model_copy(update={"default_validation_samples": 0})
    return Data(pieces[test:], labels[test:], pieces[:test], labels[:test], info)
