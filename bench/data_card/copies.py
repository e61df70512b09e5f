"""Changed copies of training pictures in the test part: how many are found."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from changes import CHANGES
from samples import Data, photographs

from normlab.spec.datasets import DATASETS, DatasetName
from normlab.training.datasets.card import near_duplicates
from normlab.training.datasets.card.parts import Parts
from normlab.training.datasets.card.same_pictures import SamePictures
from normlab.training.datasets.loading import load


def copies(folder: Path, count: int) -> Iterator[str]:
    """Of changed copies in the test part, how many are found; and how many test pictures are as they are."""
    kinds = {
        "Fashion-MNIST": load(DatasetName.FASHION_MNIST, folder),
        "digits": load(DatasetName.DIGITS, folder),
    }
    data = {
        title: Data(kind.x_train, kind.y_train, kind.x_test, kind.y_test, DATASETS[DatasetName(kind.name)])
        for title, kind in kinds.items()
    }
    data["pieces of photographs"] = photographs()
    yield f"| copies in the test part | {' | '.join(data)} |"
    yield f"| --- |{' --- |' * len(data)}"
    yield f"| none | {' | '.join(_share(one, 0) for one in data.values())} |"
    for title, change in CHANGES.items():
        cells = []
        for one in data.values():
            planted = min(count, len(one.x_test) // 2)
            source = np.random.default_rng(0).choice(len(one.x_train), planted, replace=False)
            x_test = one.x_test.copy()
            x_test[:planted] = change(one.x_train[source], one.info)
            cells.append(_share(replace(one, x_test=x_test), planted))
        yield f"| {title} | {' | '.join(cells)} |"


def _share(data: Data, planted: int) -> str:
    found = near_pairs(data)
    if planted:
        return f"{np.count_nonzero(found < planted):,} of {planted:,}"
    return f"{len(found):,} of {len(data.x_test):,} as they are"


def near_pairs(data: Data) -> npt.NDArray[np.int64]:
    """The test pictures that have a near duplicate or an exact one, by their places in the test part."""
    parts = Parts(data, data.info)
    same_pictures, near = SamePictures(parts.samples), near_duplicates.NearDuplicates(parts.samples)
    for block in parts.blocks():
        same_pictures.add(block)
        near.add(block)
    groups = same_pictures.groups()
    queries, _, _ = near.pairs(parts, groups)
    in_test = np.arange(parts.samples) >= parts.in_training_array
    return np.concatenate([queries, groups.also_in(in_test, ~in_test)]) - parts.in_training_array
