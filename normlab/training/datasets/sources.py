"""Where each dataset's files come from and which SHA-256 they must have."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from normlab.spec.datasets import DatasetName
from normlab.training.datasets import cifar, formats
from normlab.training.datasets.arrays import Arrays

_KERAS_FILES = "https://storage.googleapis.com/tensorflow/tf-keras-datasets"
_DEBIAN_FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")


@dataclass(frozen=True)
class Archive:
    """One file of a dataset, as its publisher made it.

    ``names`` are the paths under the datasets folder where it is looked for; a download goes to the first.
    ``sha256`` are the sums that are accepted: the first is that of the file behind ``url``, the others are of
    repackaged files with the same content.
    """

    names: tuple[str, ...]
    sha256: tuple[str, ...]
    url: str


@dataclass(frozen=True)
class Source:
    """All that is needed to have a dataset: its files, the places beside the datasets folder, the decoder.

    ``decode`` takes the archives' bytes in the order of ``archives``. ``package`` is the Debian package that
    fills ``system_folder``.
    """

    archives: tuple[Archive, ...]
    decode: Callable[[Sequence[bytes]], Arrays]
    system_folder: Path | None = None
    package: str | None = None


def _fashion_mnist(name: str, sha256: str, debian_sha256: str) -> Archive:
    return Archive((f"fashion-mnist/{name}",), (sha256, debian_sha256), f"{_KERAS_FILES}/{name}")


SOURCES: Mapping[DatasetName, Source] = {
    DatasetName.FASHION_MNIST: Source(
        # Debian took the file's name and date out of the gzip headers: its sums differ, the compressed data
        # does not (a test puts the headers back). Keras gives no sums here; the first are of Zalando's files.
        archives=(
            _fashion_mnist(
                "train-images-idx3-ubyte.gz",
                "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
                "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7",
            ),
            _fashion_mnist(
                "train-labels-idx1-ubyte.gz",
                "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
                "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056",
            ),
            _fashion_mnist(
                "t10k-images-idx3-ubyte.gz",
                "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
                "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa",
            ),
            _fashion_mnist(
                "t10k-labels-idx1-ubyte.gz",
                "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
                "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05",
            ),
        ),
        decode=formats.from_idx,
        system_folder=_DEBIAN_FASHION_MNIST,
        package="dataset-fashion-mnist",
    ),
    DatasetName.MNIST: Source(
        archives=(
            Archive(
                ("mnist.npz",),
                ("731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",),
                f"{_KERAS_FILES}/mnist.npz",
            ),
        ),
        decode=formats.from_npz,
    ),
    DatasetName.CIFAR10: Source(
        archives=(
            Archive(
                # The second name is the file's in Keras's own cache, so that the cache can be copied.
                ("cifar-10-python.tar.gz", "cifar-10-batches-py-target_archive"),
                ("6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",),
                "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
            ),
        ),
        decode=cifar.from_tar,
    ),
    DatasetName.DIGITS: Source(archives=(), decode=formats.from_scikit_learn),
}
