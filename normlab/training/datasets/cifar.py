"""CIFAR-10 out of ``cifar-10-python.tar.gz``, without unpickling anything.

The archive that Keras downloads holds pickled batches. Keras reads them with an unpickler that allows few
classes; Normlab has the stronger rule that it never unpickles. So a batch is read as what it is on disk, a
list of opcodes: ``pickletools.genops`` splits it without carrying out a single one, and the two values that
are wanted stand there in plain sight, the labels as small integers and the pixels as one long string.
"""

import io
import pickletools
import tarfile
from collections.abc import Sequence

import numpy as np

from normlab.training.datasets.arrays import Arrays, Pixels

_FOLDER = "cifar-10-batches-py"
_SHAPE = (3, 32, 32)
_PIXELS = 3 * 32 * 32
_STRINGS = frozenset({"SHORT_BINSTRING", "BINSTRING"})
_INTEGERS = frozenset({"BININT1", "BININT2", "BININT"})


def from_tar(archives: Sequence[bytes]) -> Arrays:
    """Decode the five training batches and the test batch to (samples, 32, 32, 3) and (samples,), uint8.

    Raises:
        ValueError, KeyError, OSError, tarfile.TarError: the archive is not what it should be.
    """
    (archive,) = archives
    batches: dict[str, tuple[Pixels, Pixels]] = {}
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        for member in tar:
            file = tar.extractfile(member)
            folder, _, name = member.name.rpartition("/")
            if file is not None and folder == _FOLDER and name.rpartition("_")[0] in {"data_batch", "test"}:
                batches[name] = read_batch(file.read())
    training = [batches[f"data_batch_{number}"] for number in range(1, 6)]
    x_test, y_test = batches["test_batch"]
    return Arrays(
        np.concatenate([x for x, _ in training]), np.concatenate([y for _, y in training]), x_test, y_test
    )


def read_batch(content: bytes) -> tuple[Pixels, Pixels]:
    """Read one batch: pixels (n, 32, 32, 3) and labels (n,), both uint8.

    The pickle (protocol 2, written by Python 2) is a dictionary. Behind the string ``labels`` stand n
    integers; behind the string ``data`` stands an array of shape (n, 3072): its content is the only string
    of n times 3072 bytes, right after a boolean that says whether it is in Fortran's order. A row is the red,
    the green and the blue plane.

    Raises:
        ValueError: the content is no such batch.
    """
    labels: list[int] = []
    pixels: bytes | None = None
    key = previous = ""
    for opcode, value, _ in pickletools.genops(content):
        if opcode.name in _STRINGS and isinstance(value, str):
            if value in {"batch_label", "labels", "data", "filenames"}:
                key = value
            elif key == "data" and len(value) == len(labels) * _PIXELS:
                if previous != "NEWFALSE":
                    raise ValueError("the batch's pixels are not in C order")
                pixels = value.encode("latin-1")  # genops hands a string's bytes over as Latin-1
        elif opcode.name in _INTEGERS and isinstance(value, int) and key == "labels":
            labels.append(value)
        previous = opcode.name
    if not labels or pixels is None:
        raise ValueError("the batch holds no labels, or no pixels that fit them")
    planes = np.frombuffer(pixels, np.uint8).reshape(len(labels), *_SHAPE)  # (n, 3, 32, 32)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), np.array(labels, np.uint8)
