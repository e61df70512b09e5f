"""Versions of datasets: made, looked up, listed."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, aliased

from normlab.documents.states import DatasetState
from normlab.errors import NotFoundError
from normlab.store.clock import database_now
from normlab.store.datasets.tables import DatasetFile, DatasetVersion, NamedDataset
from normlab.store.upsert import insert

UPLOADS = "uploads"
"""The folder of the artifact store that has uploaded files until they are checked, each named by its version's id."""
DECODED = "decoded/"
"""How the names of decoded arrays begin."""
PICTURES = "pictures/"
"""How those of a card's pictures begin."""


@dataclass(frozen=True)
class Source:
    """An uploaded file in the artifact store."""

    path: str
    sha256: str
    bytes: int
    name: str | None = None
    """The file's own, if the uploader's program gave it."""


def create(
    session: Session, dataset_id: str, name: str, source: Source, options: dict[str, Any]
) -> DatasetVersion:
    """The next version of a name, to be checked. Uploads at the same time get numbers one after the other."""
    made = insert(session, NamedDataset).values(name=name, version_count=0).on_conflict_do_nothing()
    count = (
        update(NamedDataset)
        .where(NamedDataset.name == name)
        .values(version_count=NamedDataset.version_count + 1)
        .returning(NamedDataset.version_count)
        .execution_options(synchronize_session=False)
    )
    number = None
    while number is None:  # the name may be deleted in between
        session.execute(made)
        number = session.scalar(count)
    version = DatasetVersion(
        id=dataset_id,
        name=name,
        version=number,
        state=DatasetState.CHECKING,
        created_at=database_now(),
        options=options,
        source=asdict(source),
        attempt=0,
        lost_attempts=0,
    )
    session.add(version)
    session.flush()
    session.refresh(version)
    return version


def find(session: Session, name: str, version: int | None = None) -> DatasetVersion | None:
    """A version of a name, without a number its newest; None if there is none."""
    query = select(DatasetVersion).where(DatasetVersion.name == name)
    if version is not None:
        query = query.where(DatasetVersion.version == version)
    return session.scalars(query.order_by(DatasetVersion.version.desc()).limit(1)).one_or_none()


def get(session: Session, name: str, version: int | None = None) -> DatasetVersion:
    """The same.

    Raises:
        NotFoundError: there is none.
    """
    found = find(session, name, version)
    if found is None:
        raise why_missing(session, name, version)
    return found


def why_missing(session: Session, name: str, version: int | None) -> NotFoundError:
    """The error for a version that is not there, or for a name that no dataset has."""
    if version is None or find(session, name) is None:
        return NotFoundError(f"there is no dataset {name}")
    return NotFoundError(f"dataset {name} has no version {version}")


def of_name(session: Session, name: str) -> Sequence[DatasetVersion]:
    """All versions of a name, the newest first."""
    query = select(DatasetVersion).where(DatasetVersion.name == name)
    return session.scalars(query.order_by(DatasetVersion.version.desc())).all()


def newest(session: Session) -> Sequence[DatasetVersion]:
    """The newest version of each name, by the alphabet."""
    later = aliased(DatasetVersion)
    last = select(func.max(later.version)).where(later.name == DatasetVersion.name).scalar_subquery()
    query = select(DatasetVersion).where(DatasetVersion.version == last).order_by(DatasetVersion.name)
    return session.scalars(query).all()


def being_checked(session: Session, ids: Iterable[str]) -> set[str]:
    """Those of the versions that are not checked to the end, and whose uploaded file is therefore needed."""
    query = select(DatasetVersion.id).where(
        DatasetVersion.id.in_(list(ids)), DatasetVersion.state == DatasetState.CHECKING
    )
    return set(session.scalars(query))


def files(session: Session, dataset_id: str) -> dict[str, DatasetFile]:
    """The files of a version, by name."""
    query = select(DatasetFile).where(DatasetFile.dataset_id == dataset_id).order_by(DatasetFile.name)
    return {file.name: file for file in session.scalars(query)}


def decoded_files(session: Session, content_digest: str) -> Sequence[DatasetFile]:
    """The decoded arrays of a version with this content; nothing if there is none."""
    ready = (
        select(DatasetVersion.id)
        .where(DatasetVersion.content_digest == content_digest, DatasetVersion.state == DatasetState.READY)
        .order_by(DatasetVersion.id)
        .limit(1)
        .scalar_subquery()
    )
    query = select(DatasetFile).where(DatasetFile.dataset_id == ready, DatasetFile.name.startswith(DECODED))
    return session.scalars(query.order_by(DatasetFile.name)).all()


def known_contents(session: Session, digests: Iterable[str]) -> set[str]:
    """Those of the contents' digests that a version has."""
    query = select(DatasetVersion.content_digest).where(DatasetVersion.content_digest.in_(list(digests)))
    return {digest for digest in session.scalars(query) if digest is not None}


def cards(session: Session, digests: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The data cards of these contents, by digest; nothing of those without one."""
    query = select(DatasetVersion.content_digest, DatasetVersion.card).where(
        DatasetVersion.content_digest.in_(list(digests)), DatasetVersion.card.is_not(None)
    )
    return {
        digest: card for digest, card in session.execute(query) if digest is not None and card is not None
    }
