"""False alarms on data in good order, whose parts are drawn many times."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from samples import Data
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine
from sklearn.model_selection import train_test_split

from normlab.spec import DatasetContent
from normlab.spec.columns import Column, ColumnKind, Task
from normlab.spec.datasets import DATASETS, DatasetName
from normlab.training.datasets.arrays import Arrays
from normlab.training.datasets.card import drift
from normlab.training.datasets.card.making import make_card
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


def columns(times: int) -> Iterator[str]:
    """The same of tables with columns, and of one that is drawn anew each time."""
    sources = {each.__name__: each for each in (load_wine, load_iris, load_breast_cancer, load_diabetes)}
    for name, source in {**sources, "a random table": None}.items():
        found: Counter[str] = Counter()
        for seed in range(times):
            x, y = _random_table(seed) if source is None else source(return_X_y=True)
            order = np.random.default_rng(seed).permutation(len(x))
            x, y = x[order].astype(np.float32), y[order]
            regression = name == "load_diabetes"
            cut = len(x) - len(x) // 5
            content = DatasetContent(
                digest=f"sha256:{'0' * 64}",
                shape=x.shape[1:],
                task=Task.REGRESSION if regression else None,
                classes=() if regression else tuple(map(str, np.unique(y).tolist())),
                training_samples=cut,
                test_samples=len(x) - cut,
                default_validation_samples=cut // 10,
                pixel_max=1,
                columns=tuple(
                    _category(place, x[:, place])
                    if source is None and place >= 15
                    else Column(name=f"c{place}")
                    for place in range(x.shape[1])
                ),
                target="target",
            )
            y = y.astype(np.float32 if regression else np.uint8)
            card = make_card(Arrays(x[:cut], y[:cut], x[cut:], y[cut:]), content)
            found.update(finding.code for finding in card.document.findings)
        told = ", ".join(f"`{code}` {count}" for code, count in found.items()) or "none"
        yield f"{name}, {times} times: {told}"


def _random_table(seed: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """20 columns that have nothing to do with three classes: skewed numbers, counts, categories, missing values."""
    rng = np.random.default_rng(1_000_000 + seed)
    rows = 1_000
    x = np.column_stack(
        [
            np.exp(rng.normal(0, 2, (rows, 5))),
            rng.normal(size=(rows, 5)),
            rng.poisson(1, (rows, 5)),
            rng.integers(0, [2, 5, 20, 100, 300], (rows, 5)),
        ]
    )
    x[rng.random(x.shape) < 0.05] = np.nan
    return x, rng.integers(0, 3, rows)


def _category(place: int, values: NDArray[np.float32]) -> Column:
    names = tuple(f"k{number}" for number in range(int(np.nanmax(values)) + 1))
    return Column(name=f"c{place}", kind=ColumnKind.CATEGORY, categories=names)


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
