"""Tables whose rows have all their pixels in one text, as FER2013's."""

from pathlib import Path

import numpy as np
import pytest

from normlab.errors import DatasetError
from normlab.training.datasets.readers import pixel_texts
from normlab.training.datasets.readers.base import Split
from support.dataset_files import Read, gzipped, pictures, read, zipped

X, Y = pictures(12, 48, 48), np.arange(12) % 7
USAGE = ["Training"] * 8 + ["PublicTest"] * 2 + ["PrivateTest"] * 2


def fer2013(x: np.ndarray = X, *, header: str = "emotion,pixels,Usage", end: str = "\n") -> bytes:
    rows = [
        f"{label},{' '.join(map(str, picture.ravel()))},{usage}"
        for picture, label, usage in zip(x, Y, USAGE, strict=True)
    ]
    return end.join([header, *rows, ""]).encode()


@pytest.mark.parametrize(
    "content",
    [
        fer2013(),
        fer2013(end="\r\n"),
        gzipped(fer2013()),
        fer2013(header='"emotion","pixels","Usage"'),
    ],
)
def test_fer2013(tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pixel_texts, "_CHUNK_BYTES", 20_000)
    (tmp_path / "a").write_bytes(content)
    zipped(tmp_path / "b", {"fer2013/fer2013.csv": content, "fer2013/README": b"about"})
    for name in ("a", "b"):
        assert_is_fer2013(read(tmp_path / name))


def assert_is_fer2013(found: Read) -> None:
    assert (found.x[Split.TRAINING] == X[:8]).all()
    assert (found.x[Split.VALIDATION] == X[8:10]).all()
    assert (found.x[Split.TEST] == X[10:]).all()
    assert found.y[Split.TRAINING] == Y[:8].tolist()
    assert found.format == "csv"


def test_colours_and_numbers_with_a_point(tmp_path: Path) -> None:
    x = pictures(4, 8, 8, 3)
    rows = [" ".join(map(str, picture.ravel())) for picture in x]
    rows[3] = rows[3].replace(" ", ".0  ")
    (tmp_path / "a").write_text(
        "pixels,kind\n" + "".join(f"{row},{'abab'[n]}\n" for n, row in enumerate(rows))
    )
    found = read(tmp_path / "a")
    assert found.x[None].reshape(4, -1).tolist() in (x.reshape(4, -1).tolist(), planes(x).tolist())
    assert (found.x[None].shape, found.codes) == ((4, 8, 8, 3), ["colour_order"])


def planes(x: np.ndarray) -> np.ndarray:
    return x.reshape(4, 3, 8, 8).transpose(0, 2, 3, 1).reshape(4, -1)


@pytest.mark.parametrize(
    ("old", "new", "phrase"),
    [
        (" 1", " 256", "row 1: '256' is no pixel"),
        (" 1", " -1", "'-1' is no pixel"),
        (",Training", ",Elsewhere", "'Elsewhere' names no part"),
        (",Training", "", "row 1 has 2 columns where 3"),
        (" ", " 7 ", "has 2305 pixels"),
    ],
)
def test_what_is_wrong_is_said_with_its_row(tmp_path: Path, old: str, new: str, phrase: str) -> None:
    first, second, *rest = fer2013(np.ones_like(X)).decode().split("\n")
    lines = [first, second.replace(old, new, 1), *rest]
    if phrase.startswith("has 2305"):
        lines[1], lines[2] = lines[2], lines[1]
    (tmp_path / "a").write_text("\n".join(lines))
    with pytest.raises(DatasetError, match=phrase):
        read(tmp_path / "a")


def test_a_column_with_the_label_is_needed(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(fer2013(header="one,pixels,two"))
    with pytest.raises(DatasetError, match="label_column"):
        read(tmp_path / "a")
    found = read(tmp_path / "a", label_column="one", split_column="two")
    assert len(found.x[Split.TEST]) == 2
