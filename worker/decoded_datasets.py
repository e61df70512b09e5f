"""The decoded arrays of uploaded datasets, for a machine that has not checked them itself."""

from pathlib import Path, PurePosixPath

from normlab.errors import DatasetError
from normlab.store import ArtifactStore, Database
from normlab.store.datasets import versions


def fetch_decoded(database: Database, store: ArtifactStore, digest: str, folder: Path) -> None:
    """Put the arrays of the content with this digest into an empty folder.

    Raises:
        DatasetError: No version that is ready has this content.
        ArtifactError: The artifact store does not give them.
        OSError: The folder is full or may not be written.
    """
    with database.read() as session:
        files = versions.decoded_files(session, digest)
    if not files:
        raise DatasetError(f"No dataset of this service has the content {digest} any more.")
    for file in files:
        name = PurePosixPath(file.name).name
        store.fetch_file(file.path, file.sha256, f"{name} of the content {digest}", folder / name)
