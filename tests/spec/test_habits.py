"""The tables of what people know from elsewhere: every row is reached, and leads somewhere."""

from typing import get_args

import pytest

from normlab.comparisons import ComparisonRequest
from normlab.spec import DATASETS, Device, JobSpec, Precision
from normlab.spec.augmentation import AUGMENTATIONS
from normlab.spec.blocks import BLOCKS
from normlab.spec.fields import Activation
from normlab.spec.initializers import INITIALIZERS
from normlab.spec.layers import LAYERS
from normlab.spec.losses import LOSSES
from normlab.spec.metrics import Metric
from normlab.spec.mistakes.key_habits import RENAMED, UNSUPPORTED, WRITTEN_OTHERWISE
from normlab.spec.mistakes.keys import scopes
from normlab.spec.mistakes.places import places_of
from normlab.spec.mistakes.rows import row_key
from normlab.spec.mistakes.value_habits import RENAMED_VALUES, SENTENCES
from normlab.spec.monitors import Monitor
from normlab.spec.nearest import squashed
from normlab.spec.optimizers import OPTIMIZERS
from normlab.spec.presets import PresetNormalization
from normlab.spec.schedules import SCHEDULES

PLACES = [(place, root) for root in (JobSpec, ComparisonRequest) for place in places_of(root)]
ROWS = [*RENAMED, *UNSUPPORTED, *WRITTEN_OTHERWISE]
NAMES = {
    "activation": list(Activation),
    "kernel_initializer": list(INITIALIZERS),
    "layers": [*LAYERS, *BLOCKS],
    "optimizer": list(OPTIMIZERS),
    "loss": list(LOSSES),
    "augmentation": list(AUGMENTATIONS),
    "learning_rate_schedule": list(SCHEDULES),
    "dataset": list(DATASETS),
    "monitor": list(get_args(Monitor)),
    "metric": list(Metric),
    "device": list(Device),
    "precision": list(Precision),
    "padding": ["valid", "same"],
    "normalization": list(PresetNormalization),
    "merge": ["add", "concatenate", "multiply"],
}


def test_no_two_rows_say_the_same_name() -> None:
    keys = [row_key(row) for row in ROWS]
    assert [row for row, key in zip(ROWS, keys, strict=True) if keys.count(key) > 1] == []


@pytest.mark.parametrize("row", ROWS)
def test_a_row_of_a_key_is_of_a_place_that_is_and_hides_no_key_there(row: str) -> None:
    scope, name = row_key(row)
    here = [place for place, root in PLACES if scope in ("", *scopes(place, root))]
    assert here, f"no object is called {scope}"
    if scope:
        assert [place.path for place in here if name in map(squashed, place.keys)] == []
    if row in RENAMED:
        assert any(RENAMED[row] in place.keys for place, _ in PLACES), "its new name is none"


@pytest.mark.parametrize("table", {**RENAMED_VALUES, **SENTENCES})
def test_a_row_of_a_value_leads_to_a_value_and_hides_none(table: str) -> None:
    renamed, sentences = RENAMED_VALUES.get(table, {}), SENTENCES.get(table, {})
    known = set(map(squashed, NAMES[table]))
    assert set(renamed.values()) <= set(NAMES[table])
    assert {name for name in (*renamed, *sentences) if squashed(name) in known} == set()
    assert not set(map(squashed, renamed)) & set(map(squashed, sentences))
