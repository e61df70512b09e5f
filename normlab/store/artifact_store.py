"""The files that jobs leave behind: in a folder or a bucket."""

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import fsspec
from fsspec.implementations.local import LocalFileSystem

from normlab.errors import ArtifactError, ArtifactStoreError, LostArtifactError, SetupError
from normlab.spec.export_formats import ArtifactKind
from normlab.store.artifacts import Artifact, StoredFile

_CHUNK = 1 << 20


def check_url(url: str) -> None:
    """Raise ``SetupError`` for the URL of a place that cannot be reached with what is installed. Opens nothing."""
    if "://" not in url:
        return
    protocol = url.partition("://")[0].partition("::")[0]
    try:
        fsspec.get_filesystem_class(protocol)
    except ValueError:
        raise SetupError(
            f"NORMLAB_ARTIFACTS_URL begins with {protocol}://, which is no kind of place that is known; it may be a "
            "folder, or a bucket such as s3://bucket/prefix."
        ) from None
    except ImportError as error:
        raise SetupError(f"NORMLAB_ARTIFACTS_URL begins with {protocol}://: {error}.") from None


class ArtifactStore:
    """A folder, or any other place that fsspec knows (``s3://bucket/prefix``).

    What has no ``://`` in it is the path of a folder, whatever else in its name could be taken for part of a URL.

    Each attempt writes below ``{job}/{attempt}/``, so one that has lost its job cannot touch the files of the
    next.
    """

    def __init__(self, url: str) -> None:
        check_url(url)
        if "://" in url:
            # A listing that is kept hides what another process writes later.
            self._files, self._root = fsspec.core.url_to_fs(url, use_listings_cache=False)
        else:
            self._files, self._root = LocalFileSystem(), str(Path(url).expanduser().absolute())
        self._is_local = isinstance(self._files, LocalFileSystem)

    def put(self, job_id: str, attempt: int, kind: ArtifactKind, source: Path, media_type: str) -> StoredFile:
        """Copy ``source`` into the store; when this returns, it survives a power cut."""
        path = f"{job_id}/{attempt}/{source.name}"
        target = self._locate(path)
        digest, size = hashlib.sha256(), 0
        folder = target.rpartition("/")[0]
        changed = _folders_to_change(Path(folder)) if self._is_local else []
        self._files.makedirs(folder, exist_ok=True)
        with source.open("rb") as reading, self._files.open(target, "wb") as writing:
            while chunk := reading.read(_CHUNK):
                digest.update(chunk)
                size += writing.write(chunk)
            if self._is_local:
                writing.flush()
                os.fsync(writing.fileno())
        for entry_of in changed:
            _sync_folder(entry_of)
        return StoredFile(kind=kind, path=path, sha256=digest.hexdigest(), bytes=size, media_type=media_type)

    @contextlib.contextmanager
    def open(self, artifact: Artifact | StoredFile) -> Iterator[IO[bytes]]:
        """The file, to be read in binary; its content is not compared with its checksum.

        Raises:
            LostArtifactError: it is not there.
            ArtifactStoreError: nothing is, or it cannot be read.
        """
        try:
            handle = self._files.open(self._locate(artifact.path), "rb")
        except FileNotFoundError:
            if not self._files.exists(self._root):
                raise ArtifactStoreError("the artifact store is not there; try again later") from None
            raise LostArtifactError(
                f"the {artifact.kind} file of job {artifact.path.partition('/')[0]} is lost: it is not in the "
                "artifact store any more"
            ) from None
        except OSError as error:
            raise ArtifactStoreError("the artifact store does not answer; try again later") from error
        with handle:
            yield handle

    def read(self, artifact: Artifact | StoredFile) -> bytes:
        """The file's content, compared with its checksum.

        Raises:
            ArtifactError: it is not there, or not what was stored.
        """
        with self.open(artifact) as handle:
            content: bytes = handle.read()
        if hashlib.sha256(content).hexdigest() != artifact.sha256:
            raise ArtifactError(
                f"the {artifact.kind} file of job {artifact.path.partition('/')[0]} is damaged: it does not match its "
                "checksum"
            )
        return content

    def delete(self, job_id: str, attempt: int | None = None) -> None:
        """Delete all files of a job, or of one of its attempts; nothing there is no error."""
        target = self._locate(job_id if attempt is None else f"{job_id}/{attempt}")
        with contextlib.suppress(FileNotFoundError):
            self._files.rm(target, recursive=True)

    def delete_before(self, job_id: str, attempt: int) -> None:
        """Delete what earlier attempts of a job left, which were killed before they could do so."""
        for earlier in range(1, attempt):
            self.delete(job_id, earlier)

    def _locate(self, path: str) -> str:
        if ".." in path.split("/") or path.startswith("/"):
            raise ArtifactError("an artifact's path must lie below the artifact store's root")
        return f"{self._root}/{path}"


def _folders_to_change(folder: Path) -> list[Path]:
    """The folders that get a new entry when a file is put into this one, which may have to be made first."""
    changed = [folder]
    while not folder.exists():
        folder = folder.parent
        changed.append(folder)
    return changed


def _sync_folder(folder: Path) -> None:
    # A file's own fsync does not write its name, which is in the folder, to the disk.
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
