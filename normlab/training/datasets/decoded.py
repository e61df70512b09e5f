"""The decoded arrays, kept as ``.npy`` files that every process of the machine maps into memory.

A folder holds the four arrays and ``manifest.json`` with the content's digest and each file's size and
SHA-256. It is written under another name and renamed when it is whole.
"""

import hashlib
import io
import json
import logging
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from normlab.training.datasets.arrays import Arrays, Pixels, content_digest, digest_heading
from normlab.training.datasets.disk import publish, write_durably

logger = logging.getLogger(__name__)

_MANIFEST = "manifest.json"
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class Decoded:
    """Read-only memory-mapped arrays and the digest of their content."""

    arrays: Arrays
    digest: str


def write(folder: Path, arrays: Arrays) -> None:
    """Write the arrays to ``folder``, in place of what is there. To be called by one process at a time.

    Who has the former files mapped keeps reading them: they are unlinked, not overwritten.

    Raises:
        OSError: the disk is full or may not be written.
    """
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)  # of a process that was killed
    partial.mkdir(parents=True)
    try:
        files: dict[str, dict[str, object]] = {}
        for part, array in zip(Arrays._fields, arrays, strict=True):
            buffer = io.BytesIO()
            np.save(buffer, array, allow_pickle=False)
            content = buffer.getbuffer()
            write_durably(partial / f"{part}.npy", content)
            files[f"{part}.npy"] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        _write_manifest(partial, content_digest(arrays), files)
        shutil.rmtree(folder, ignore_errors=True)
        publish(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def finish(folder: Path) -> str:
    """Make a folder whose four arrays are written a decoded form; its content's digest.

    Arrays are read some MiB at a time and waited for until they are on the disk.

    Raises:
        OSError: the disk is full or may not be written.
    """
    content = hashlib.sha256()
    files: dict[str, dict[str, object]] = {}
    for part in Arrays._fields:
        path = folder / f"{part}.npy"
        file_digest = hashlib.sha256()
        with path.open("rb") as file:
            os.fsync(file.fileno())
            np.lib.format.read_magic(file)
            shape, _, dtype = np.lib.format.read_array_header_1_0(file)
            content.update(digest_heading(part, dtype, shape))
            header_bytes = file.tell()
            file.seek(0)
            file_digest.update(file.read(header_bytes))
            while block := file.read(_BLOCK_BYTES):
                file_digest.update(block)
                content.update(block)
            files[path.name] = {"bytes": file.tell(), "sha256": file_digest.hexdigest()}
    digest = f"sha256:{content.hexdigest()}"
    _write_manifest(folder, digest, files)
    return digest


def _write_manifest(folder: Path, digest: str, files: Mapping[str, Mapping[str, object]]) -> None:
    write_durably(folder / _MANIFEST, json.dumps({"digest": digest, "files": files}, indent=1).encode())


def read(folder: Path, *, thorough: bool = False) -> Decoded | None:
    """Map the arrays of ``folder``; None when there are none, or when they are damaged.

    Sizes are compared on every call. The checksums, which take a tenth of a second for 50 MB, are compared
    when ``thorough``, and whenever a file is not older than the manifest, which is written last: somebody has
    changed or copied it.
    """
    try:
        manifest = json.loads((folder / _MANIFEST).read_bytes())
        digest, files = str(manifest["digest"]), manifest["files"]
        suspicious = thorough or _changed(folder)
        for name in _names():
            _compare(folder / name, files[name], checksum=suspicious)
        arrays = Arrays(*(_mapped(folder / name) for name in _names()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        logger.warning("the decoded files in %s are damaged and will be made again: %s", folder, error)
        return None
    if suspicious:
        _trust(folder)
    return Decoded(arrays, digest)


def _mapped(path: Path) -> Pixels:
    # Privately, so that who needs memory that could be written gets it (TensorFlow); as long as nobody does, the pages
    # are the file's.
    array: Pixels = np.load(path, mmap_mode="c", allow_pickle=False)
    array.setflags(write=False)
    return array


def _names() -> list[str]:
    return [f"{part}.npy" for part in Arrays._fields]


def _changed(folder: Path) -> bool:
    written = (folder / _MANIFEST).stat().st_mtime_ns
    return any((folder / name).stat().st_mtime_ns >= written for name in _names())


def _compare(path: Path, expected: dict[str, object], *, checksum: bool) -> None:
    if path.stat().st_size != expected["bytes"]:
        raise ValueError(f"{path.name} has {path.stat().st_size} bytes, not {expected['bytes']}")
    if checksum:
        with path.open("rb") as file:
            actual = hashlib.file_digest(file, "sha256").hexdigest()
        if actual != expected["sha256"]:
            raise ValueError(f"{path.name} has the SHA-256 {actual}, not {expected['sha256']}")


def _trust(folder: Path) -> None:
    """Make the manifest the newest file, so that checksums are not compared again until something changes."""
    try:
        os.utime(folder / _MANIFEST)
    except OSError:
        logger.debug("%s cannot be written: its checksums are compared on every load", folder)
