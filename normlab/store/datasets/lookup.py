"""From the name in a spec to what is in the database, for whoever reads what somebody sent."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from normlab.documents.states import DatasetState
from normlab.errors import Problem
from normlab.spec.dataset_content import DatasetContent
from normlab.spec.dataset_lookup import UploadedDataset, no_such_dataset
from normlab.store.database import Database
from normlab.store.datasets import versions
from normlab.store.datasets.tables import DatasetVersion, NamedDataset

MAX_NAMES = 1000
"""Among so many names the one is looked for that was probably meant."""


class StoredDatasets:
    """The ``Datasets`` of a service."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, name: str, version: int | None) -> UploadedDataset | Problem:
        """The version, or the newest one that was not cancelled; a problem where it is not there or not ready.

        That a newer upload is still checked, or was refused, is said: to train on the one before it would do something
        else than was probably meant.
        """
        with self._database.read() as session:
            if version is not None:
                found = versions.find(session, name, version)
                if found is None and versions.find(session, name) is not None:
                    return Problem("/version", f"dataset {name} has no version {version}")
            else:
                found = _newest(session, name)
            if found is None:
                return no_such_dataset(name, session.scalars(select(NamedDataset.name).limit(MAX_NAMES)))
            if found.state is DatasetState.READY:
                content = DatasetContent.model_validate(found.content)
                return UploadedDataset(found.version, content)
            pointer = "/name" if version is None else "/version"
            hint = _hint(session, name) if version is None else ""
        return Problem(pointer, f"version {found.version} of dataset {name} {_why(found)}{hint}")


def _newest(session: Session, name: str) -> DatasetVersion | None:
    query = select(DatasetVersion).where(
        DatasetVersion.name == name, DatasetVersion.state != DatasetState.CANCELLED
    )
    return session.scalars(query.order_by(DatasetVersion.version.desc()).limit(1)).one_or_none()


def _why(found: DatasetVersion) -> str:
    """Why a version that is not ready cannot be used, as the end of a sentence."""
    match found.state:
        case DatasetState.CHECKING:
            return "is still being checked: wait until it is ready"
        case DatasetState.REFUSED:
            return f"was refused: {found.reason}"
        case _:
            return "was cancelled before it was checked: upload it again"


def _hint(session: Session, name: str) -> str:
    ready = (
        select(DatasetVersion.version)
        .where(DatasetVersion.name == name, DatasetVersion.state == DatasetState.READY)
        .order_by(DatasetVersion.version.desc())
        .limit(1)
    )
    earlier = session.scalar(ready)
    return "" if earlier is None else f'; version {earlier} is ready: ask for "version": {earlier}'
