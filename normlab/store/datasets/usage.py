"""Who uses a version: jobs and comparisons whose specs name it. What is used is not deleted."""

from collections.abc import Collection, Sequence

from sqlalchemy import String, bindparam, delete, insert, select
from sqlalchemy.orm import Session

from normlab.documents.states import DatasetState
from normlab.errors import Problem, SpecError
from normlab.store.base import table_of
from normlab.store.datasets.tables import DatasetUse, DatasetVersion
from normlab.store.prepared import Prepared, Transaction, written

_versions = table_of(DatasetVersion)
_uses = table_of(DatasetUse)
_RECORD = Prepared(
    insert(_uses)
    .from_select(
        ["used_by", "dataset_id"],
        select(bindparam("used_by", type_=String), _versions.c.id)
        .where(
            _versions.c.name == bindparam("name"),
            _versions.c.version == bindparam("version"),
            _versions.c.state == written(DatasetState.READY),
        )
        # Who is just deleting the version is waited for, and then there is nothing to use.
        .with_for_update(read=True, key_share=True, of=_versions),
    )
    .returning(_uses.c.dataset_id)
)


def record(where: Transaction, used_by: str, name: str, version: int) -> None:
    """Note that a job or comparison uses a version, in the transaction that stores it.

    Raises:
        SpecError: it is not there, since it was deleted after the spec was read.
    """
    if not _RECORD.rows(where, used_by=used_by, name=name, version=version):
        raise SpecError([Problem("", f"version {version} of dataset {name} is not there any more")])


def users_of(session: Session, dataset_ids: Collection[str]) -> Sequence[str]:
    """The ids of jobs and comparisons that use any of these versions, comparisons first."""
    query = select(DatasetUse.used_by).where(DatasetUse.dataset_id.in_(dataset_ids)).distinct()
    return session.scalars(query.order_by(DatasetUse.used_by)).all()


def forget(session: Session, users: Collection[str]) -> None:
    """Delete what is noted of jobs or comparisons that are being deleted."""
    gone = delete(DatasetUse).where(DatasetUse.used_by.in_(users))
    session.execute(gone, execution_options={"synchronize_session": False})
