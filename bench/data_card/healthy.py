"""False alarms on data in good order, whose parts are drawn many times."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from samples import Data
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.model_selection import train_test_split

from normlab.spec.datasets import DATASETS, DatasetName
from normlab.training.datasets.card import drift
from normlab.training.datasets.card.moments import Moments
from normlab.training.datasets.loading import load


def tables(times: int) -> Iterator[str]:
    """What is found in scikit-learn's tables, whose parts are drawn so many times, stratified."""
    for loaded in (load_wine, load_iris, load_breast_cancer):
        source = loaded()
        found: Counter[str] = Counter()
        for seed in range(times):
            x, x_test, y, y_test = train_test_split(
                source.data.astype(np.float32),
                source.target.astype(np.uint8),
                test_size=0.2,
                stratify=source.target,
                random_state=seed,
            )
            info = DATASETS[DatasetName.DIGITS].model_copy(
                update={
                    "shape": x.shape[1:],
                    "classes": tuple(map(str, source.target_names)),
                    "pixel_max": 1,
                    "default_validation_samples": len(x) // 10,
                }
            )
            found.update(Data(x, y, x_test, y_test, info).codes())
        told = ", ".join(f"`{code}` {count}" for code, count in found.items()) or "none"
        yield f"{loaded.__name__}, {times} times: {told}"


def splits(folder: Path, times: int) -> Iterator[str]:
    """How often parts that were drawn from digits are said to differ, and how far the worst cell is apart."""
    data = load(DatasetName.DIGITS, folder)
    x, y = np.concatenate([data.x_train, data.x_test]), np.concatenate([data.y_train, data.y_test])
    rows = np.column_stack([x.reshape(len(x), -1), x.reshape(len(x), -1).std(axis=1)]).astype(np.float64)
    rng = np.random.default_rng(0)
    worst, effects, shares = [], [], []
    for _ in range(times):
        order = rng.permutation(len(rows))
        test, training = Moments(rows.shape[1]), Moments(rows.shape[1])
        test.add(rows[order[:360]])
        training.add(rows[order[360:]])
        effect, p_values = drift.means_differ(training, test)
        worst.append(p_values.min() * len(p_values))
        effects.append(np.abs(effect).max())
        counts = [np.bincount(y[part], minlength=10).astype(float) for part in (order[360:], order[:360])]
        shares.append(drift.shares_differ(*counts)[1])
    for title, p_values in (("means of cells", np.array(worst)), ("shares of classes", np.array(shares))):
        below = ", ".join(f"{np.mean(p_values < level):.5f} below {level:g}" for level in (1e-2, 1e-3, 1e-4))
        yield f"{title}, {times:,} parts drawn from digits: {below}; least p value {p_values.min():.1e}"
    yield f"the largest effect of a cell: median {np.median(effects):.2f}, largest {max(effects):.2f}"
