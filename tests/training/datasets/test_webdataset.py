"""WebDataset's tars: pictures with their labels beside them."""

import json

import numpy as np
import pytest

from normlab.errors import DatasetError
from normlab.training.datasets.readers.base import Split
from support.dataset_files import read
from support.pictures import encoded, random_pixels, tarred, zipped

LABELS = [2, 10, 2, 0]
PNG = {f"{number:06}.png": encoded(random_pixels(number)) for number in range(4)}
CLS = {f"{number:06}.cls": f"{label}\n".encode() for number, label in enumerate(LABELS)}
JSON = {
    f"{number:06}.json": json.dumps({"label": label, "who": "me"}).encode()
    for number, label in enumerate(LABELS)
}


@pytest.mark.parametrize("beside", [CLS, JSON, CLS | {"000000.json": b"{}", "000001.txt": b"a caption"}])
@pytest.mark.parametrize("pack", [tarred, zipped])
def test_labels_beside_pictures(tmp_path, pack, beside):
    found = read(pack(tmp_path / "a", PNG | beside))
    np.testing.assert_array_equal(found.x[None], [random_pixels(number) for number in range(4)])
    assert found.classes == ["0", "2", "10"]
    assert found.y[None] == [1, 2, 1, 0]
    assert found.format == "webdataset"
    assert found.origins[None][1] == "000001.png"


def test_folders_may_be_parts_and_keys_end_at_the_first_dot(tmp_path):
    sample = {"in.png": PNG["000000.png"], "cls": b"cat"}
    files = {f"{part}/a.{ending}": data for part in ("train", "test") for ending, data in sample.items()}
    found = read(tarred(tmp_path / "a", files))
    assert found.y == {Split.TRAINING: [0], Split.TEST: [0]}
    assert found.classes == ["cat"]


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"000009.png": PNG["000000.png"]}, r"000009\.png has no label beside it: add 000009\.cls"),
        ({"000003.cls": b""}, r"000003\.cls needs a text"),
        ({"000003.cls": b"\xff"}, r"000003\.cls is no label"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, files, says):
    with pytest.raises(DatasetError, match=says):
        read(tarred(tmp_path / "a", PNG | CLS | files))
    with pytest.raises(DatasetError, match=r"000003\.json needs"):
        read(tarred(tmp_path / "a", PNG | JSON | {"000003.json": b'{"label": true}'}))


def test_columns_of_the_notes_can_be_groups(tmp_path):
    found = read(tarred(tmp_path / "a", PNG | JSON), label_column="who")
    assert found.classes == ["me"]
    with pytest.raises(DatasetError, match="no 'where'"):
        read(tarred(tmp_path / "a", PNG | JSON), group_column="where")
