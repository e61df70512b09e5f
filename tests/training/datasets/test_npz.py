"""NumPy's ``.npz`` with the names that people give their arrays, and values of all types."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from normlab.errors import DatasetError
from normlab.training.datasets.assembling import assemble
from normlab.training.datasets.readers.array_names import Role, meaning
from normlab.training.datasets.readers.base import ReadingLimits, ReadingOptions, Split
from normlab.training.datasets.readers.detect import open_reader
from normlab.training.datasets.splitting import Splitting
from support.dataset_files import npz, pictures, read, tarred, zipped

TRAIN, VAL, TEST = Split.TRAINING, Split.VALIDATION, Split.TEST
X, Y = pictures(12, 5, 6), np.arange(12) % 3


def saved(path: Path, **arrays: NDArray[Any]) -> Path:
    path.write_bytes(npz(**arrays))
    return path


@pytest.mark.parametrize(
    ("name", "role", "split"),
    [
        ("x_train", Role.PIXELS, TRAIN),
        ("Xtrain", Role.PIXELS, TRAIN),
        ("trainY", Role.LABELS, TRAIN),
        ("y_val", Role.LABELS, VAL),
        ("test_images", Role.PIXELS, TEST),
        ("t10k-labels-idx1-ubyte", Role.LABELS, TEST),
        ("k49-train-imgs", Role.PIXELS, TRAIN),
        ("data/validation/labels", Role.LABELS, VAL),
        ("X", Role.PIXELS, None),
        ("target", Role.LABELS, None),
        ("valley", None, None),
        ("index", None, None),
    ],
)
def test_names_say_what_an_array_is(name: str, role: Role | None, split: Split | None) -> None:
    assert meaning(name) == (role, split)


def test_keras_and_medmnist(tmp_path: Path) -> None:
    keras = read(saved(tmp_path / "a", x_train=X[:8], y_train=Y[:8], x_test=X[8:], y_test=Y[8:]))
    assert keras.format == "npz"
    assert (keras.x[TRAIN] == X[:8]).all()
    assert (keras.x[TEST] == X[8:]).all()
    assert keras.y[TEST] == Y[8:].tolist()
    assert keras.classes == ["0", "1", "2"]
    assert keras.origins[TEST][-1] == "x_test[3]"
    assert keras.codes == []
    column = Y.astype(np.uint8)[:, None]
    medmnist = read(
        saved(
            tmp_path / "b",
            train_images=X[:6],
            train_labels=column[:6],
            val_images=X[6:9],
            val_labels=column[6:9],
            test_images=X[9:],
            test_labels=column[9:],
        )
    )
    assert {split: len(x) for split, x in medmnist.x.items()} == {TRAIN: 6, VAL: 3, TEST: 3}
    assert medmnist.y[VAL] == Y[6:9].tolist()


@pytest.mark.parametrize("names", [("X", "y"), ("images", "labels"), ("data", "target")])
def test_one_part(tmp_path: Path, names: tuple[str, str]) -> None:
    found = read(saved(tmp_path / "a", **{names[0]: X, names[1]: Y, "notes": np.zeros(3)}))
    assert (found.x[None] == X).all()
    assert found.codes == ["ignored_arrays"]


def test_arrays_without_names(tmp_path: Path) -> None:
    assert (read(saved(tmp_path / "a", arr_0=X, arr_1=Y)).x[None] == X).all()
    found = read(saved(tmp_path / "a", arr_0=X[:8], arr_1=Y[:8], arr_2=X[8:], arr_3=Y[8:]))
    assert found.y == {TRAIN: Y[:8].tolist(), TEST: Y[8:].tolist()}


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_kuzushiji_has_a_file_for_each_array(tmp_path: Path, pack: Any) -> None:
    files = {
        "kmnist-train-imgs.npz": npz(arr_0=X[:8]),
        "kmnist-train-labels.npz": npz(arr_0=Y[:8].astype(np.uint8)),
        "kmnist-test-imgs.npz": npz(arr_0=X[8:]),
        "kmnist-test-labels.npz": npz(arr_0=Y[8:].astype(np.uint8)),
        "README.md": b"# Kuzushiji-MNIST",
    }
    found = read(pack(tmp_path / "a", files))
    assert (found.x[TRAIN] == X[:8]).all()
    assert (found.x[TEST] == X[8:]).all()
    assert found.y[TEST] == Y[8:].tolist()


@pytest.mark.parametrize(
    ("x", "expected", "codes"),
    [
        (X.astype(np.int64), X, []),
        (X.astype(np.float32), X, []),
        (X.astype(">u2"), X, []),
        (X / 255, X, ["pixels_scaled"]),
        ((X / 255).astype(np.float16), X, ["pixels_scaled"]),
        (X > 100, np.where(X > 100, 255, 0), ["pixels_scaled"]),
        (X.astype(np.uint16) * 257, X, ["pixels_scaled"]),
        (X.astype(np.uint16) * 16 + 7, X, ["pixels_scaled"]),
        (X.astype(np.float64) * 256 + 255, X, ["pixels_scaled"]),
        (X[..., None], X, []),
        (X.reshape(12, 1, 5, 6), X, ["channels_first"]),
        (pictures(12, 64), pictures(12, 64).reshape(12, 8, 8), ["flat_pixels"]),
    ],
)
def test_pixels_of_other_types_and_shapes(
    tmp_path: Path, x: NDArray[Any], expected: NDArray[Any], codes: list[str]
) -> None:
    found = read(saved(tmp_path / "a", X=x, y=Y))
    assert (found.x[None] == expected).all()
    assert found.codes == codes


def test_the_range_is_that_of_all_parts(tmp_path: Path) -> None:
    dark = X[8:].astype(np.uint16)
    found = read(
        saved(tmp_path / "a", x_train=X[:8].astype(np.uint16) * 257, y_train=Y[:8], x_test=dark, y_test=Y[8:])
    )
    assert found.x[TEST].max() <= 1


def test_turning_exchanges_rows_and_columns(tmp_path: Path) -> None:
    found = read(saved(tmp_path / "a", X=X, y=Y), turn=True)
    assert (found.x[None] == X.swapaxes(1, 2)).all()
    assert found.codes == ["pictures_turned"]


@pytest.mark.parametrize(
    ("y", "classes", "codes"),
    [
        (Y.astype(np.float64), ["0", "1", "2"], []),
        (Y.astype(np.uint64), ["0", "1", "2"], []),
        (np.eye(3, dtype=np.float32)[Y], ["0", "1", "2"], ["one_hot_labels"]),
        (np.eye(5, dtype=bool)[Y], ["0", "1", "2", "3", "4"], ["one_hot_labels"]),
        (Y + 1, ["1", "2", "3"], ["labels_renumbered"]),
        (Y * 5 - 5, ["-5", "0", "5"], ["labels_renumbered"]),
        (np.array(["cat 2", "cat 10", "dog"])[Y], ["cat 2", "cat 10", "dog"], []),
        (np.array([b"a", b"b", b"c"])[Y], ["a", "b", "c"], []),
    ],
)
def test_labels_of_all_kinds(tmp_path: Path, y: NDArray[Any], classes: list[str], codes: list[str]) -> None:
    found = read(saved(tmp_path / "a", X=X, y=y))
    assert found.y[None] == Y.tolist()
    assert found.classes == classes
    assert found.codes == codes


def broken(array: NDArray[Any], place: tuple[int, ...], value: float) -> NDArray[Any]:
    copy = array.astype(np.float64)
    copy[place] = value
    return copy


@pytest.mark.parametrize(
    ("arrays", "phrase"),
    [
        ({"X": broken(X, (7, 1, 2), np.nan), "y": Y}, r"X\[7, 1, 2\] is nan"),
        ({"X": broken(X, (7, 1, 2), -1), "y": Y}, r"X\[7, 1, 2\] is -1.*normalization"),
        ({"X": broken(X, (7, 1, 2), 0.5), "y": Y}, "fractions"),
        ({"X": broken(X, (7, 1, 2), 70000), "y": Y}, "70000"),
        ({"X": X.astype(str), "y": Y}, "pixels are numbers"),
        ({"X": X, "y": broken(Y, (4,), 1.5)}, r"y\[4\] is 1.5"),
        ({"X": X, "y": broken(Y, (4,), np.inf)}, r"y\[4\] is inf"),
        ({"X": X, "y": np.eye(3)[Y] + np.eye(3)[::-1][Y]}, r"y\[0\] is no one-hot row"),
        ({"X": X, "y": np.eye(3)[Y] * (np.arange(12) != 7)[:, None]}, r"y\[7\] is no one-hot row"),
        ({"X": X, "y": np.eye(3)[Y] * 2}, r"y\[0\] is no one-hot row"),
        ({"X": X, "y": np.where(np.eye(3)[Y] == 0, 0.5, 1)}, r"y\[0\] is no one-hot row"),
        ({"x_train": X, "y_train": Y, "x_test": X, "y_test": np.eye(3)[Y]}, "one has one-hot rows"),
        ({"x_train": X, "y_train": np.eye(3)[Y], "x_test": X, "y_test": Y}, "one has one-hot rows"),
        ({"X": X, "y": Y[:11]}, "12 samples and y has 11"),
        ({"X": X, "y": np.array(["a" * 300, *"bcdefghijkl"])}, "not so long"),
        ({"X": X, "y": np.zeros((12, 2, 2))}, r"\(12, 2, 2\)"),
        ({"X": X, "y": np.arange(12)}, "max_classes"),
        ({"X": X[:, 0], "y": Y}, "rows of 6 values"),
        ({"X": pictures(12, 2, 3, 4, 5), "y": Y}, r"\(2, 3, 4, 5\)"),
        ({"X": X, "images": X, "y": Y}, "Both X and images"),
        ({"x_train": X, "y_test": Y}, "x_train has no labels"),
        ({"one": X, "two": Y}, "which are pixels"),
        ({"X": X, "y": Y.astype(object)}, "pickle"),
        ({"X": np.asfortranarray(X), "y": Y}, "ascontiguousarray"),
        ({"X": X, "y": Y.astype([("a", "i4")])}, "records"),
        ({"X": pictures(12, 40, 40), "y": Y}, "max_values_per_sample"),
        ({"X": pictures(60, 30, 30), "y": np.arange(60) % 3}, "max_samples"),
        ({"X": pictures(50, 30, 30), "y": np.arange(50) % 3}, "max_decoded_bytes"),
        ({"x_train": X, "y_train": Y, "x_test": X[:, 1:], "y_test": Y}, r"x_test have the shape \(4, 6\)"),
    ],
)
def test_what_cannot_be_read_says_where(tmp_path: Path, arrays: dict[str, NDArray[Any]], phrase: str) -> None:
    limits = ReadingLimits(
        max_classes=5, max_values_per_sample=1000, max_samples=50, max_decoded_bytes=40_000
    )
    with pytest.raises(DatasetError, match=phrase):
        read(saved(tmp_path / "a", **arrays), limits=limits)


def test_a_header_that_says_it_is_very_long_is_not_read(tmp_path: Path) -> None:
    member = b"\x93NUMPY\x02\x00" + (2**31).to_bytes(4, "little") + b" " * 100
    with pytest.raises(DatasetError, match="2147483648 bytes itself"):
        read(zipped(tmp_path / "a", {"X.npy": member}))


@pytest.mark.parametrize("options", [{"label_column": "y"}, {"split_column": "y"}, {"image_size": (8, 8)}])
def test_options_that_arrays_cannot_follow_are_refused(tmp_path: Path, options: dict[str, Any]) -> None:
    (name,) = options
    with pytest.raises(DatasetError, match=f"{name} cannot be used"):
        read(saved(tmp_path / "a", X=X, y=Y), **options)


def test_names_of_classes_stand_beside_the_labels(tmp_path: Path) -> None:
    names = np.array(["cat", "dog", "horse", "unicorn"])
    found = read(saved(tmp_path / "a", X=X, y=Y, class_names=names))
    assert found.classes == names.tolist()
    assert found.y[None] == Y.tolist()
    assert found.codes == []
    with pytest.raises(DatasetError, match=r"label 2 has no name.* 2 classes"):
        read(saved(tmp_path / "b", X=X, y=Y, classes=names[:2].astype(bytes)))


@pytest.mark.parametrize(
    "who", [np.arange(12) // 4, np.array(["ann", "bob", "eve"])[np.arange(12) // 4][:, None]]
)
@pytest.mark.parametrize("as_text", [True, False])
def test_groups_and_times_are_arrays_of_their_own(tmp_path: Path, who: NDArray[Any], as_text: bool) -> None:
    days = np.arange(12).astype("datetime64[D]")
    path = saved(tmp_path / "a", X=X, y=Y, Patient=who, taken=days.astype(str) if as_text else days)
    (chunk,) = open_reader(path, ReadingOptions(group_column="patient", time_column="taken")).chunks()
    assert chunk.groups == who.reshape(-1).astype(str).tolist()
    assert chunk.times is not None
    assert (chunk.times == days).all()
    parts = saved(tmp_path / "b", x_train=X, y_train=Y, who_train=who, x_test=X, y_test=Y, who_test=who)
    assert all(chunk.groups for chunk in open_reader(parts, ReadingOptions(group_column="who")).chunks())
    with pytest.raises(DatasetError, match=r"group_column is doctor.*Patient"):
        read(path, group_column="doctor")
    with pytest.raises(DatasetError, match="12 samples and who has 11 groups"):
        read(saved(tmp_path / "c", X=X, y=Y, who=who[:11]), group_column="who")
    with pytest.raises(DatasetError, match="who has values of type <U300"):
        read(saved(tmp_path / "d", X=X, y=Y, who=np.array(["a" * 300] * 12)), group_column="who")
    limits = ReadingLimits(max_classes=3)
    with pytest.raises(DatasetError, match="max_classes"):
        read(saved(tmp_path / "e", X=X, y=Y, class_names=np.array(list("abcd"))), limits=limits)


def test_reading_can_be_stopped_while_the_range_of_pixels_is_looked_for(tmp_path: Path) -> None:
    reader = open_reader(saved(tmp_path / "a", X=X / 255, y=Y), ReadingOptions())
    told: list[int] = []
    assemble(reader, tmp_path / "d", splitting=Splitting(), progress=told.append)
    assert told == [0, 12, 12]
