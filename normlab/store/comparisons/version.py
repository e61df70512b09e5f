"""What an answer about a comparison depends on, in a few small rows, so that one that was made can be kept and used
until any of it has changed, whichever process has changed it.

Four things can change what a comparison says:

- its own row, events and members: each change is an event, and ``event_count`` counts them; but for a result that is
  stored later, which has no event;
- the jobs of its members: a job that has ended stays as it is until it is retried, and each retry and each end is an
  event of the job. Of a job that has not ended, only its state is told;
- comparisons before it that have looked at the same runs (``earlier``), as long as no result is stored;
- files in the artifact store, which no row tells of: what was made without a file that may be read later is not to be
  kept.
"""

import hashlib
from typing import NamedTuple

from sqlalchemy import String, bindparam, select, type_coerce
from sqlalchemy.orm import Session

from normlab.documents.states import JobState, StudyState
from normlab.errors import NotFoundError
from normlab.store.base import table_of
from normlab.store.comparisons.earlier import earlier_versions
from normlab.store.comparisons.tables import Comparison, ComparisonJob
from normlab.store.jobs.tables import Job

_comparisons, _members, _jobs = (table_of(rows).c for rows in (Comparison, ComparisonJob, Job))

_FINAL = frozenset(state.value for state in JobState if state.final)

_COMPARISON = select(
    type_coerce(_comparisons.state, String), _comparisons.event_count, _comparisons.result.is_not(None)
).where(_comparisons.id == bindparam("comparison_id"))

_MEMBERS = (
    select(type_coerce(_jobs.state, String), _jobs.event_count, type_coerce(_jobs.error_code, String))
    .join_from(table_of(ComparisonJob), table_of(Job), _jobs.id == _members.job_id)
    .where(_members.comparison_id == bindparam("comparison_id"))
    .order_by(_members.replicate, _members.arm)
)


class Version(NamedTuple):
    """Two answers of the same version are the same."""

    statistics: bytes
    """Of all that does not tell of jobs which have not ended."""
    whole: bytes


def version_of(session: Session, comparison_id: str) -> Version:
    """The version of a comparison at the moment that the transaction sees.

    Raises:
        NotFoundError: there is no such comparison.
    """
    given = {"comparison_id": comparison_id}
    row = session.execute(_COMPARISON, given).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no comparison {comparison_id}")
    state, event_count, has_result = row
    jobs = session.execute(_MEMBERS, given).all()
    # What a comparison that is over has said keeps the looks that it has counted.
    stored = has_result and state != StudyState.RUNNING
    earlier = [] if stored else earlier_versions(session, comparison_id)
    ended = [(job[:3] if job[0] in _FINAL else None) for job in jobs]
    statistics = _digest((state, event_count, bool(has_result), ended, earlier))
    return Version(statistics, _digest((statistics, [job[0] for job in jobs])))


def _digest(value: object) -> bytes:
    return hashlib.blake2b(repr(value).encode(), digest_size=16).digest()
