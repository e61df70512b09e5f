"""Configurations from files: ``.json`` as ``to_json()`` gives it, and ``.keras``, of which nothing else is opened."""

import io
from zipfile import BadZipFile, ZipFile

from normlab.keras_models.reading import whole_model

MAX_CONFIGURATION_BYTES = 2**24
"""Of a configuration as JSON. That of a network of 700 layers has about 1 MB."""

_CONFIGURATION = "config.json"
_ZIP, _HDF5 = b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"


def configuration_of_file(content: bytes) -> str:
    """A model's configuration as JSON text from what is in a file.

    Raises ``KerasModelError`` if there is none, or it is larger than ``MAX_CONFIGURATION_BYTES``.
    """
    if content.startswith(_HDF5):
        raise whole_model("is in an HDF5 file (.h5): save it as .keras, or write its to_json() to a file")
    if content.startswith(_ZIP):
        content = _from_archive(content)
    if len(content) > MAX_CONFIGURATION_BYTES:
        raise whole_model(f"its configuration has more than {MAX_CONFIGURATION_BYTES:,} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise whole_model("its configuration is not JSON: it is not text in UTF-8") from error


def _from_archive(content: bytes) -> bytes:
    try:
        with ZipFile(io.BytesIO(content)) as archive:
            if archive.namelist().count(_CONFIGURATION) != 1:
                raise whole_model(
                    f"is in a zip file without one {_CONFIGURATION}: Keras writes that into .keras files"
                )
            with archive.open(_CONFIGURATION) as member:
                return member.read(MAX_CONFIGURATION_BYTES + 1)
    except (
        BadZipFile,
        NotImplementedError,
        RuntimeError,
        EOFError,
        ValueError,
    ) as error:  # broken, encrypted, …
        raise whole_model(f"is in a zip file that cannot be read: {error}") from error
