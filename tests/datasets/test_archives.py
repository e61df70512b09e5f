import functools
import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from normlab.errors import DatasetError
from normlab.spec.datasets import DatasetName
from normlab.training.datasets import load
from normlab.training.datasets.sources import Source


@pytest.fixture
def published(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder and the address under which a real HTTP server offers it."""
    folder = tmp_path / "published"
    folder.mkdir()
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_file_in_the_datasets_folder_is_used(
    tmp_path: Path, plain_mnist: bytes, npz_source: Callable[..., Source]
) -> None:
    (tmp_path / "mnist.npz").write_bytes(plain_mnist)
    mnist = load(DatasetName.MNIST, tmp_path, source=npz_source(plain_mnist))
    assert mnist.x_train.shape == (60_000, 28, 28)
    assert mnist.y_test[:3].tolist() == [0, 1, 2]


def test_a_wrong_file_is_refused_and_the_next_place_is_used(
    tmp_path: Path, debian_copy: Source, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = tmp_path / "data" / "fashion-mnist" / "t10k-labels-idx1-ubyte.gz"
    wrong.parent.mkdir(parents=True)
    wrong.write_bytes(b"no labels")
    fashion = load(DatasetName.FASHION_MNIST, tmp_path / "data", source=debian_copy)
    assert fashion.y_test.shape == (10_000,)
    assert f"{wrong}: its SHA-256 is {hashlib.sha256(b'no labels').hexdigest()}" in caplog.text
    assert "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5" in caplog.text
    assert wrong.read_bytes() == b"no labels"


def test_offline_the_error_names_every_place_and_what_helps(tmp_path: Path, debian_copy: Source) -> None:
    assert debian_copy.system_folder is not None
    missing = debian_copy.system_folder / "train-images-idx3-ubyte.gz"
    missing.unlink()
    wrong = tmp_path / "data" / "fashion-mnist" / missing.name
    wrong.parent.mkdir(parents=True)
    wrong.write_bytes(b"wrong")
    with pytest.raises(DatasetError) as caught:
        load(DatasetName.FASHION_MNIST, tmp_path / "data", source=debian_copy)
    message = str(caught.value)
    found = hashlib.sha256(b"wrong").hexdigest()
    expected = " or ".join(debian_copy.archives[0].sha256)
    assert f"1. {wrong}: its SHA-256 is {found} where {expected} is expected; it is not used" in message
    assert f"2. {missing}: there is no such file" in message
    assert "3. http://127.0.0.1:9/fashion-mnist/train-images-idx3-ubyte.gz: " in message
    assert "Connection refused" in message
    assert "install Debian's package dataset-fashion-mnist" in message
    assert f"put train-images-idx3-ubyte.gz into {wrong.parent}, or go online" in message


def test_what_is_nowhere_is_downloaded_by_keras_and_kept(
    tmp_path: Path, published: tuple[Path, str], plain_mnist: bytes, npz_source: Callable[..., Source]
) -> None:
    folder, address = published
    (folder / "mnist.npz").write_bytes(plain_mnist)
    data = tmp_path / "data"
    source = npz_source(plain_mnist, url=f"{address}/mnist.npz")
    assert load(DatasetName.MNIST, data, source=source).x_test.shape == (10_000, 28, 28)
    assert (data / "mnist.npz").read_bytes() == plain_mnist
    assert sorted(path.name for path in data.iterdir()) == ["decoded", "mnist.npz"]


def test_a_wrong_file_in_the_datasets_folder_is_replaced_by_the_download(
    tmp_path: Path, published: tuple[Path, str], plain_mnist: bytes, npz_source: Callable[..., Source]
) -> None:
    folder, address = published
    (folder / "mnist.npz").write_bytes(plain_mnist)
    (tmp_path / "mnist.npz").write_bytes(plain_mnist[:1000])
    load(DatasetName.MNIST, tmp_path, source=npz_source(plain_mnist, url=f"{address}/mnist.npz"))
    assert (tmp_path / "mnist.npz").read_bytes() == plain_mnist


def test_a_wrong_download_is_refused_and_not_kept(
    tmp_path: Path, published: tuple[Path, str], plain_mnist: bytes, npz_source: Callable[..., Source]
) -> None:
    folder, address = published
    (folder / "mnist.npz").write_bytes(b"not what was published")
    data = tmp_path / "data"
    url = f"{address}/mnist.npz"
    found = hashlib.sha256(b"not what was published").hexdigest()
    with pytest.raises(DatasetError, match=re.escape(f"2. {url}: its SHA-256 is {found} where")):
        load(DatasetName.MNIST, data, source=npz_source(plain_mnist, url=url))
    assert [path.name for path in data.iterdir()] == ["decoded"]


def test_a_page_that_is_not_there_is_a_reason(
    tmp_path: Path, published: tuple[Path, str], plain_mnist: bytes, npz_source: Callable[..., Source]
) -> None:
    source = npz_source(plain_mnist, url=f"{published[1]}/mnist.npz", system=tmp_path / "system")
    with pytest.raises(DatasetError, match="404") as caught:
        load(DatasetName.MNIST, tmp_path / "data", source=source)
    assert "install Debian's package dataset-mnist, put mnist.npz into" in str(caught.value)


def test_pickled_members_of_an_npz_are_refused(tmp_path: Path, npz_source: Callable[..., Source]) -> None:
    path = tmp_path / "mnist.npz"
    np.savez(path, x_train=np.array([{}], dtype=object))
    with pytest.raises(
        DatasetError, match="The files of mnist cannot be decoded: Object arrays cannot be loaded"
    ):
        load(DatasetName.MNIST, tmp_path, source=npz_source(path.read_bytes()))


def test_a_folder_with_a_files_name_is_a_reason(
    tmp_path: Path, plain_mnist: bytes, npz_source: Callable[..., Source]
) -> None:
    (tmp_path / "mnist.npz").mkdir()
    with pytest.raises(DatasetError, match=r"mnist\.npz: Is a directory"):
        load(DatasetName.MNIST, tmp_path, source=npz_source(plain_mnist))
