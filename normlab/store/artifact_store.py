"""The files that jobs leave behind, and those of datasets: in a folder or a bucket."""

import contextlib
import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import IO

import fsspec
from fsspec.implementations.local import LocalFileSystem

from normlab.errors import ArtifactError, ArtifactStoreError, LostArtifactError, SetupError
from normlab.spec.export_formats import ArtifactKind
from normlab.store.artifact_writing import Writing, Written
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

    def put(self, job_id: str, attempt: int, kind: ArtifactKind, source: Path, media_type: str) -> StoredFile:
        """Copy a job's file ``source`` into the store; when this returns, it survives a power cut."""
        written = self.put_file(f"{job_id}/{attempt}/{source.name}", source)
        return StoredFile(kind=kind, media_type=media_type, **vars(written))

    def put_file(self, path: str, source: Path) -> Written:
        """The same with any file, to ``path`` below the store's root."""
        writing = self.begin(path)
        try:
            with source.open("rb") as reading:
                while chunk := reading.read(_CHUNK):
                    writing.write(chunk)
            return writing.finish()
        except BaseException:
            writing.discard()
            raise

    def begin(self, path: str) -> Writing:
        """Begin a file whose content comes piece by piece."""
        return Writing(self._files, self._locate(path), path)

    def open(self, artifact: Artifact | StoredFile) -> AbstractContextManager[IO[bytes]]:
        """A job's file, to be read in binary; its content is not compared with its checksum.

        Raises:
            LostArtifactError: it is not there.
            ArtifactStoreError: nothing is, or it cannot be read.
        """
        return self.open_file(
            artifact.path, f"the {artifact.kind} file of job {artifact.path.partition('/')[0]}"
        )

    @contextlib.contextmanager
    def open_file(self, path: str, what: str) -> Iterator[IO[bytes]]:
        """The same with any file; ``what`` begins the sentence that says what is wrong with it."""
        try:
            handle = self._files.open(self._locate(path), "rb")
        except FileNotFoundError:
            if not self._files.exists(self._root):
                raise ArtifactStoreError("the artifact store is not there; try again later") from None
            raise LostArtifactError(f"{what} is lost: it is not in the artifact store any more") from None
        except OSError as error:
            raise ArtifactStoreError("the artifact store does not answer; try again later") from error
        with handle:
            yield handle

    def fetch_file(self, path: str, sha256: str, what: str, target: Path) -> None:
        """Copy a file out of the store to ``target``.

        Raises:
            ArtifactError: as ``open_file``; or it is not what was stored, by its SHA-256 in hexadecimal.
            OSError: ``target`` cannot be written.
        """
        digest = hashlib.sha256()
        with self.open_file(path, what) as reading, target.open("wb") as writing:
            while chunk := reading.read(_CHUNK):
                digest.update(chunk)
                writing.write(chunk)
        if digest.hexdigest() != sha256:
            raise ArtifactError(f"{what} is damaged: it does not match its checksum")

    def local_path(self, path: str) -> Path | None:
        """Where a file is on this machine, if the store is a folder."""
        return Path(self._locate(path)) if isinstance(self._files, LocalFileSystem) else None

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

    def delete_file(self, path: str) -> None:
        """Delete one file; nothing there is no error."""
        with contextlib.suppress(FileNotFoundError):
            self._files.rm(self._locate(path))

    def files_in(self, folder: str) -> dict[str, datetime]:
        """The names of the files in a folder below the root, and when each was last written."""
        with contextlib.suppress(FileNotFoundError):
            found = self._files.ls(self._locate(folder), detail=False)
            return {path.rpartition("/")[2]: self._files.modified(path) for path in found}
        return {}

    def _locate(self, path: str) -> str:
        if ".." in path.split("/") or path.startswith("/"):
            raise ArtifactError("an artifact's path must lie below the artifact store's root")
        return f"{self._root}/{path}"
