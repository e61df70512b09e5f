"""Versions of datasets that wait for their check, or are ready without one, for tests of what uses them."""

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from normlab.spec import JobSpec
from normlab.store import ArtifactStore, Database, DatasetState, DatasetVersion, NamedDataset
from normlab.store.clock import database_now
from normlab.store.datasets import versions
from normlab.store.datasets.versions import UPLOADS, Source
from normlab.store.identifiers import new_id

Upload = Callable[..., DatasetVersion]


def keep_dataset(session: Session, spec: JobSpec) -> None:
    """Have the version that a spec was made for, if it is of an uploaded dataset."""
    dataset = spec.dataset
    if dataset.version is None or dataset.content is None:
        return
    if versions.find(session, dataset.name, dataset.version) is not None:
        return
    name = session.get(NamedDataset, dataset.name)
    if name is None:
        session.add(NamedDataset(name=dataset.name, version_count=dataset.version))
        session.flush()
    session.add(
        DatasetVersion(
            id=new_id("ds"),
            name=dataset.name,
            version=dataset.version,
            state=DatasetState.READY,
            created_at=database_now(),
            finished_at=database_now(),
            options={},
            source={"path": "nowhere", "sha256": "0" * 64, "bytes": 0, "name": None},
            attempt=1,
            lost_attempts=0,
            content=dataset.content.model_dump(mode="json"),
            content_digest=dataset.content.digest,
        )
    )
    session.flush()


def uploader(database: Database, store: ArtifactStore) -> Upload:
    """A function that adds content as the next version of a name, to be checked."""

    def upload(name: str, content: bytes, **options: Any) -> DatasetVersion:
        dataset_id = new_id("ds")
        writing = store.begin(f"{UPLOADS}/{dataset_id}")
        writing.write(content)
        with database.write() as session:
            return versions.create(session, dataset_id, name, Source(**vars(writing.finish())), options)

    return upload
