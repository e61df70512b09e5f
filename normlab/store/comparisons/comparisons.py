"""Making a comparison. Looking it up, listing, cancelling and deleting are those of any study."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from normlab.documents.events import EventKind
from normlab.documents.states import StudyState
from normlab.spec import JobSpec
from normlab.store.clock import database_now
from normlab.store.comparisons.replicates import add_replicates, new_members
from normlab.store.comparisons.tables import Comparison, ComparisonArm
from normlab.store.datasets import usage
from normlab.store.identifiers import ID_END, new_id
from normlab.store.jobs.creation import uploaded_dataset
from normlab.store.jobs.retry import MAX_ATTEMPTS
from normlab.store.studies import events
from normlab.store.studies.members import NewMember


@dataclass(frozen=True)
class Arm:
    """One side of a comparison; the seed in its spec does not count."""

    name: str
    spec: JobSpec
    base_seed: int | None = None
    """Its first seed, where that is not the comparison's."""


@dataclass(frozen=True)
class NewComparison:
    """What is to be compared. ``question`` is kept as it is, for those who analyse."""

    arms: Sequence[Arm]
    question: dict[str, Any]
    base_seed: int
    replicates: int
    """How many get their jobs at once."""
    max_replicates: int
    fresh: bool = False
    name: str | None = None


@dataclass(frozen=True)
class PreparedComparison:
    """A comparison that waits to be stored, with its first members."""

    comparison: Comparison
    members: Sequence[NewMember]
    datasets: Collection[tuple[str, int]]
    """The names and versions of the arms' datasets, where these were uploaded."""


def prepare(new: NewComparison, *, max_attempts: int = MAX_ATTEMPTS) -> PreparedComparison:
    """Work out all that takes time, without a transaction."""
    comparison_id = new_id(Comparison.id_prefix)
    comparison = Comparison(
        id=comparison_id,
        id_end=comparison_id[-ID_END:],
        name=new.name,
        state=StudyState.RUNNING,
        created_at=database_now(),
        updated_at=database_now(),
        question=new.question,
        base_seed=new.base_seed,
        replicates=0,
        max_replicates=new.max_replicates,
        fresh=new.fresh,
        event_count=0,
        arms=[
            ComparisonArm(
                position=position,
                name=arm.name,
                spec=_without_seed(arm.spec.to_document()),
                arm_digest=arm.spec.arm_digest,
                base_seed=arm.base_seed,
            )
            for position, arm in enumerate(new.arms)
        ],
    )
    members = new_members(comparison, new.replicates, max_attempts=max_attempts)
    datasets = {dataset for arm in new.arms if (dataset := uploaded_dataset(arm.spec)) is not None}
    return PreparedComparison(comparison, members, datasets)


def create(session: Session, prepared: PreparedComparison) -> Comparison:
    """Store a comparison with its first jobs. Notify a worker of those that are queued when this is committed.

    Raises:
        SpecError: a dataset was deleted since the specs were read.
    """
    comparison = prepared.comparison
    session.add(comparison)
    session.flush()
    for name, version in sorted(prepared.datasets):
        usage.record(session, comparison.id, name, version)
    created = {"state": StudyState.RUNNING, "reason": "created"}
    events.append(session, comparison, EventKind.STATE, created)
    add_replicates(session, comparison, prepared.members)
    session.flush()
    session.refresh(comparison)
    return comparison


def _without_seed(document: dict[str, Any]) -> dict[str, Any]:
    training = {field: value for field, value in document["training"].items() if field != "seed"}
    return {**document, "training": training}
