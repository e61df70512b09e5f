"""The whole of Fashion-MNIST, brought in each format, is the built-in one to the last bit."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scipy.io

from normlab.spec.datasets import DATASETS, DatasetName
from normlab.training.datasets import Dataset, load
from normlab.training.datasets.arrays import Pixels
from normlab.training.datasets.assembling import assemble
from normlab.training.datasets.readers.base import ReadingOptions
from normlab.training.datasets.readers.detect import open_reader
from normlab.training.datasets.sources import SOURCES
from normlab.training.datasets.splitting import Splitting, ValidationPart
from support.dataset_files import npz
from support.pictures import encoded, tarred, zipped

pytestmark = pytest.mark.nightly
NAME = DatasetName.FASHION_MNIST


@pytest.fixture(scope="module")
def built_in(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = SOURCES[NAME].system_folder
    if folder is None or not folder.is_dir():
        pytest.skip("needs Debian's package dataset-fashion-mnist")
    return load(NAME, tmp_path_factory.mktemp("data"))


def idx_files(_: Dataset, path: Path) -> None:
    folder = SOURCES[NAME].system_folder
    assert folder is not None
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, file.name)


def keras_npz(data: Dataset, path: Path) -> None:
    path.write_bytes(npz(x_train=data.x_train, y_train=data.y_train, x_test=data.x_test, y_test=data.y_test))


def scaled_npz(data: Dataset, path: Path) -> None:
    """As people have it after the first lines of a tutorial."""
    train, test = (x[..., None].astype(np.float32) / np.float32(255) for x in (data.x_train, data.x_test))
    with path.open("wb") as file:
        np.savez(file, x_train=train, y_train=data.y_train.astype(np.int64), x_test=test, y_test=data.y_test)


def kuzushiji(data: Dataset, path: Path) -> None:
    arrays = {
        "train-imgs": data.x_train,
        "train-labels": data.y_train,
        "test-imgs": data.x_test,
        "test-labels": data.y_test,
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            archive.writestr(f"kmnist-{name}.npz", npz(arr_0=array))


def matlab(data: Dataset, path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for part, x, y in (("train", data.x_train, data.y_train), ("test", data.x_test, data.y_test)):
            file = io.BytesIO()
            scipy.io.savemat(file, {"X": x.transpose(1, 2, 0), "y": y}, do_compression=True)
            archive.writestr(f"{part}.mat", file.getvalue())


def parts(data: Dataset) -> Iterator[tuple[str, Pixels, Pixels]]:
    yield "train", data.x_train, data.y_train
    yield "test", data.x_test, data.y_test


def png_folders(data: Dataset, path: Path) -> None:
    """Classes first and parts below, numbers as names, in an outer folder."""
    with zipfile.ZipFile(path, "w") as archive:
        for part, x, y in parts(data):
            for number, (picture, label) in enumerate(zip(x, y, strict=True)):
                archive.writestr(f"fashion/{label}/{part}/{number}.png", encoded(picture))


def webdataset(data: Dataset, path: Path) -> None:
    files = {}
    for part, x, y in parts(data):
        for number, (picture, label) in enumerate(zip(x, y, strict=True)):
            files[f"{part}/{number:05}.png"] = encoded(picture)
            files[f"{part}/{number:05}.cls"] = str(label).encode()
    tarred(path, files)


def rows(x: Pixels, y: Pixels) -> bytes:
    """CSV with the label last."""
    return b"".join(
        b",".join(map(b"%d".__mod__, row)) + b"\n"
        for row in np.column_stack([x.reshape(len(x), -1), y]).tolist()
    )


def csv_files(data: Dataset, path: Path) -> None:
    names = ",".join(f"pixel{number}" for number in range(784)).encode() + b",label\n"
    zipped(path, {f"fashion-mnist_{part}.csv": names + rows(x, y) for part, x, y in parts(data)})


def arff_with_parts(data: Dataset, path: Path) -> None:
    attributes = "".join(f"@ATTRIBUTE pixel{number + 1} integer\n" for number in range(784))
    head = f"@RELATION fashion\n{attributes}@ATTRIBUTE class {{9,8,7,6,5,4,3,2,1,0}}\n@ATTRIBUTE split string\n@DATA\n"
    text = head.encode()
    for part, x, y in parts(data):
        text += rows(x, y).replace(b"\n", f",{part}\n".encode())
    path.write_bytes(gzip.compress(text, 1))


def parquet_of_pixels(data: Dataset, path: Path) -> None:
    tables = {}
    for part, x, y in parts(data):
        columns = {f"pixel{number + 1}": column for number, column in enumerate(x.reshape(len(x), -1).T)}
        tables[f"{part}.parquet"] = in_parquet(pa.table({**columns, "class": y.astype(str)}))
    zipped(path, tables)


def parquet_of_files(data: Dataset, path: Path) -> None:
    note = {"info": {"features": {"label": {"names": [f"class {number}" for number in range(10)]}}}}
    shards = {}
    for part, x, y in parts(data):
        for shard, (some, labels) in enumerate(zip(np.array_split(x, 2), np.array_split(y, 2), strict=True)):
            table = pa.table(
                {"image": [{"bytes": encoded(each), "path": None} for each in some], "label": labels}
            )
            table = table.replace_schema_metadata({"huggingface": json.dumps(note)})
            shards[f"data/{part}-0000{shard}-of-00002.parquet"] = in_parquet(table)
    tarred(path, shards)


def in_parquet(table: pa.Table) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file)
    return file.getvalue()


ARRAYS = [idx_files, keras_npz, scaled_npz, kuzushiji, matlab]
PICTURES = [png_folders, webdataset, csv_files, arff_with_parts, parquet_of_pixels, parquet_of_files]


@pytest.mark.parametrize("write", ARRAYS + PICTURES)
def test_it_has_the_digest_of_the_built_in(
    built_in: Dataset, tmp_path: Path, write: Callable[[Dataset, Path], None]
) -> None:
    write(built_in, tmp_path / "file")
    reader = open_reader(tmp_path / "file", ReadingOptions())
    info = DATASETS[NAME]
    splitting = Splitting(validation=ValidationPart.FIRST, validation_samples=info.default_validation_samples)
    assembled = assemble(reader, tmp_path / "assembled", splitting=splitting)
    assert assembled.digest == built_in.digest
    assert assembled.shape == info.shape
    assert assembled.pixel_max == info.pixel_max
    assert (assembled.training_samples, assembled.test_samples) == (info.training_samples, info.test_samples)
    assert assembled.default_validation_samples == info.default_validation_samples
