"""Fashion-MNIST in the forms in which people have pictures."""

import gzip
import io
import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from PIL import Image

Arrays = dict[str, np.ndarray]
PARTS = ("train", "test")


def write_pngs(path: Path, arrays: Arrays) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in PARTS:
            for number, (picture, label) in enumerate(
                zip(arrays[f"x_{part}"], arrays[f"y_{part}"], strict=True)
            ):
                archive.writestr(f"{part}/{label}/{number}.png", png(picture))


def png(picture: np.ndarray) -> bytes:

    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


def table(arrays: Arrays, part: str) -> Any:

    pixels = arrays[f"x_{part}"].reshape(-1, 784).T.copy()
    columns = {f"pixel{number + 1}": pa.array(column) for number, column in enumerate(pixels)}
    return pa.table({"label": pa.array(arrays[f"y_{part}"]), **columns})


def write_csv(path: Path, arrays: Arrays) -> None:

    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in PARTS:
            with archive.open(f"{part}.csv", "w", force_zip64=True) as file:
                pyarrow.csv.write_csv(table(arrays, part), file)


def write_npz(path: Path, arrays: Arrays) -> None:
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)


def write_idx(path: Path, arrays: Arrays) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for part, word in (("train", "train"), ("test", "t10k")):
            for kind, array in (("images-idx3", arrays[f"x_{part}"]), ("labels-idx1", arrays[f"y_{part}"])):
                header = bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}i", *array.shape)
                archive.writestr(f"{word}-{kind}-ubyte.gz", gzip.compress(header + array.tobytes(), 6))


def write_parquet(path: Path, arrays: Arrays) -> None:

    write_shards(path, {part: table(arrays, part) for part in PARTS})


def write_images(path: Path, arrays: Arrays) -> None:

    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    note = json.dumps(
        {"info": {"features": {"label": {"names": [str(n) for n in range(10)], "_type": "ClassLabel"}}}}
    )
    tables = {}
    for part in PARTS:
        files = pa.array([{"bytes": png(picture), "path": None} for picture in arrays[f"x_{part}"]], kind)
        columns = pa.table({"image": files, "label": pa.array(arrays[f"y_{part}"].astype(np.int64))})
        tables[part] = columns.replace_schema_metadata({"huggingface": note})
    write_shards(path, tables)


def write_shards(path: Path, tables: dict[str, Any]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for part, columns in tables.items():
            with archive.open(f"data/{part}-00000-of-00001.parquet", "w", force_zip64=True) as file:
                pq.write_table(columns, file, row_group_size=10_000)
