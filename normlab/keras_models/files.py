"""Configurations from files: ``.json`` as ``to_json()`` gives it, and ``.keras``, of which nothing else is opened."""

import zlib
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from normlab.keras_models.reading import whole_model

MAX_CONFIGURATION_BYTES = 2**24
"""Of a configuration as JSON. That of a network of 700 layers has about 1 MB."""

ARCHIVE_BEGINS = b"PK\x03\x04"
"""What a zip file, and so a ``.keras`` file, begins with."""
_HDF5_BEGINS = b"\x89HDF\r\n\x1a\n"
_CONFIGURATION = "config.json"


def configuration_of_file(path: Path) -> str:
    """A model's configuration as JSON text. Of an archive nothing else is read: no weights, and nothing is unpacked.

    Raises:
        KerasModelError: There is none, or it is larger than ``MAX_CONFIGURATION_BYTES``.
        OSError: The file cannot be read.
    """
    with path.open("rb") as opened:
        content = opened.read(len(_HDF5_BEGINS))
        if content == _HDF5_BEGINS:
            raise whole_model("is in an HDF5 file (.h5): save it as .keras, or write its to_json() to a file")
        if content.startswith(ARCHIVE_BEGINS):
            content = _from_archive(path)
        else:
            content += opened.read(MAX_CONFIGURATION_BYTES)
    if len(content) > MAX_CONFIGURATION_BYTES:
        raise whole_model(f"its configuration has more than {MAX_CONFIGURATION_BYTES:,} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise whole_model("its configuration is not JSON: it is not text in UTF-8") from error


def _from_archive(path: Path) -> bytes:
    try:
        with ZipFile(path) as archive:
            if archive.namelist().count(_CONFIGURATION) == 1:
                with archive.open(_CONFIGURATION) as member:
                    return member.read(MAX_CONFIGURATION_BYTES + 1)
    except (BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, zlib.error) as error:
        raise whole_model(f"is in a zip file that cannot be read: {error}") from error
    raise whole_model(f"is in a zip file without one {_CONFIGURATION}, which Keras writes into .keras files")
