"""Evaluations of trained networks on other datasets than their own, which a worker makes when they are asked for
(``normlab.store.wanted``). The row stays, with the file.

What a network says about its own dataset's samples is kept when its job ends (``ArtifactKind.EVALUATION``).
"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import BigInteger, ForeignKey, String, Text, delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from normlab.spec import DATASETS, DatasetContent, DatasetSpec
from normlab.spec.export_formats import ArtifactKind
from normlab.store.artifacts import StoredFile
from normlab.store.base import Base, table_of
from normlab.store.clock import database_now
from normlab.store.datasets import versions
from normlab.store.datasets.tables import DatasetVersion
from normlab.store.jobs.tables import Job
from normlab.store.upsert import insert
from normlab.store.wanted import Queue, Taken, Wanted


class Evaluation(Base, Wanted):
    """What a network says about another dataset's samples: wanted, made, or impossible."""

    __tablename__ = "evaluations"

    job_id: Mapped[str] = mapped_column(ForeignKey(Job.id, ondelete="CASCADE"), primary_key=True)
    dataset: Mapped[str] = mapped_column(String(110), primary_key=True)
    """The name of a built-in one, or the id of a version of one that was added (``key_of``)."""
    path: Mapped[str | None] = mapped_column(Text)
    """Of the file, as of an ``Artifact``: None until it is made, as the two below."""
    sha256: Mapped[str | None] = mapped_column(String(64))
    bytes: Mapped[int | None] = mapped_column(BigInteger)

    @property
    def file(self) -> StoredFile | None:
        """The file, if it is made."""
        if self.path is None or self.sha256 is None or self.bytes is None:
            return None
        kind = ArtifactKind.EVALUATION
        return StoredFile(kind, self.path, self.sha256, self.bytes, kind.media_type)


@dataclass(frozen=True)
class TakenEvaluation:
    """An evaluation that a process is to make."""

    job_id: str
    dataset: str
    attempt: int
    """Counted from 1; a later one takes it from those before."""

    @property
    def taken(self) -> Taken:
        """The row."""
        return Taken((self.job_id, self.dataset), self.attempt)


_evaluations = table_of(Evaluation)
_queue = Queue(_evaluations, _evaluations.c.path.is_(None))


def key_of(session: Session, dataset: DatasetSpec) -> str:
    """What stands for a dataset here. Names and numbers of deleted versions may come again; ids do not.

    Raises:
        NotFoundError: the version is not there any more.
    """
    return (
        dataset.name if dataset.version is None else versions.get(session, dataset.name, dataset.version).id
    )


def dataset_of(session: Session, key: str) -> DatasetSpec | None:
    """The dataset that a key stands for; None: it was deleted."""
    if key in DATASETS:
        return DatasetSpec(name=key)
    found = session.get(DatasetVersion, key)
    if found is None:
        return None
    content = DatasetContent.model_validate(found.content)
    return DatasetSpec(name=found.name, version=found.version, content=content)


def forget(session: Session, dataset_ids: Collection[str]) -> None:
    """Delete what was asked for on versions that are being deleted. Files that were made go with their jobs."""
    session.execute(delete(_evaluations).where(_evaluations.c.dataset.in_(dataset_ids)))


def ask(session: Session, job_id: str, dataset: str) -> None:
    """Ask for the evaluation of a job that has succeeded. Asking again changes nothing."""
    wanted = insert(session, Evaluation).values(
        job_id=job_id, dataset=dataset, asked_at=database_now(), attempts=0
    )
    session.execute(wanted.on_conflict_do_nothing())


def get(session: Session, job_id: str, dataset: str) -> Evaluation | None:
    """What was asked for; None: it was not."""
    return session.get(Evaluation, (job_id, dataset))


def take_error(session: Session, job_id: str, dataset: str) -> str | None:
    """Why it could not be made; None where it was not tried. The row goes, so that who asks again has it tried again: a
    dataset that could not be had may come.
    """
    failed = delete(_evaluations).where(*_queue.of((job_id, dataset)), _evaluations.c.error.is_not(None))
    return session.scalar(failed.returning(_evaluations.c.error))


def is_any_free(session: Session) -> bool:
    """Whether ``take`` would give something."""
    return _queue.is_any_free(session)


def take(session: Session, *, lease_seconds: float) -> TakenEvaluation | None:
    """The evaluation that was asked for first of those that nobody makes; None if there is none."""
    taken = _queue.take(session, lease_seconds=lease_seconds)
    if taken is None:
        return None
    job_id, dataset = taken.key
    return TakenEvaluation(job_id, dataset, taken.attempt)


def finish(session: Session, evaluation: TakenEvaluation, made: StoredFile | str) -> bool:
    """Keep what came of it: the file, or why there is none.

    False: it is another process's by now, or its job is gone.
    """
    if isinstance(made, str):
        return _queue.change(session, evaluation.taken, error=made)
    return _queue.change(session, evaluation.taken, path=made.path, sha256=made.sha256, bytes=made.bytes)


def put_back(session: Session, evaluation: TakenEvaluation) -> None:
    """Leave it for later and do not count the attempt, since what stood in the way is not the network's fault."""
    _queue.put_back(session, evaluation.taken)
