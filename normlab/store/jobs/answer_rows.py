"""What answers about jobs are written from, by one statement each, as the driver gives it.

Times are texts on SQLite and ``datetime`` on Postgres; documents are texts of JSON on both.
"""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ColumnElement, Select, Table, Text, TextClause, bindparam, select
from sqlalchemy import cast as sql_cast

from normlab.documents.events import EventKind
from normlab.errors import NotFoundError
from normlab.spec.epochs import EpochMetrics
from normlab.store.base import table_of
from normlab.store.clock import Moment
from normlab.store.jobs.tables import TOLD_OF_JOBS, Epoch, Event, Job, JobTag
from normlab.store.json_sql import each_text, json_array, json_group, json_value
from normlab.store.prepared import Prepared, Transaction, written


class JobAnswer(NamedTuple):
    """A job; the fields but for the last two are columns of its table."""

    id: str
    name: str | None
    state: str
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    spec: str
    spec_digest: str
    arm_digest: str
    attempt: int
    max_attempts: int
    progress: str | None
    result: str | None
    timings: str | None
    error_code: str | None
    error_detail: str | None
    environment: str | None
    digests: str | None
    tags: str
    """An array of ``[position, tag]``, in any order."""
    told: str
    """Its events that are states and warnings: an array of ``[number, kind, at, attempt, data]``, in any order."""


class MetricsAnswer(NamedTuple):
    """What an answer with a job's epochs says of the job."""

    state: str
    result: str | None
    told: str
    """Its warnings, as in ``JobAnswer``."""


EPOCH_COLUMNS = (*EpochMetrics.model_fields, "recorded_at")
"""Of the rows that ``epochs`` gives, in order."""

_jobs, _tags, _events, _epochs = (table_of(table) for table in (Job, JobTag, Event, Epoch))


def _told(*kinds: EventKind) -> Any:
    events = _events.c
    told = json_array(events.number, events.kind, events.at, events.attempt, json_value(events.data))
    of_kinds = events.kind.in_([written(kind) for kind in kinds])
    return _group(told, events.job_id == _jobs.c.id, TOLD_OF_JOBS, of_kinds)


def _group(value: json_array, *conditions: ColumnElement[bool] | TextClause) -> Any:
    """An array of the values of all rows of another table that belong to a job."""
    return select(json_group(value)).where(*conditions).correlate(_jobs).scalar_subquery()


def _column(table: Table, name: str) -> Any:
    column = table.c[name]
    return sql_cast(column, Text) if name in _DOCUMENTS else column


_DOCUMENTS = {"spec", "progress", "result", "timings", "environment", "digests"}
_TAGS = _group(json_array(_tags.c.position, _tags.c.tag), _tags.c.job_id == _jobs.c.id)
_JOBS: Select[Any] = select(
    *(_column(_jobs, name) for name in JobAnswer._fields[:-2]),
    _TAGS,
    _told(EventKind.STATE, EventKind.WARNING),
)
_ONE = Prepared(_JOBS.where(_jobs.c.id == bindparam("job_id")))
_SOME = Prepared(_JOBS.where(_jobs.c.id.op("IN")(each_text(bindparam("job_ids")))))
_METRICS = Prepared(
    select(_jobs.c.state, _column(_jobs, "result"), _told(EventKind.WARNING)).where(
        _jobs.c.id == bindparam("job_id")
    )
)
_EPOCHS = Prepared(
    select(*(_epochs.c[name] for name in EPOCH_COLUMNS))
    .where(_epochs.c.job_id == bindparam("job_id"))
    .order_by(_epochs.c.epoch)
)


def job(where: Transaction, job_id: str) -> JobAnswer:
    """One job.

    Raises:
        NotFoundError: there is none.
    """
    return JobAnswer._make(_only(_ONE.rows(where, job_id=job_id), job_id))


def jobs(where: Transaction, job_ids: Collection[str]) -> list[JobAnswer]:
    """Those of these jobs that there are, in this order."""
    if not job_ids:
        return []
    rows = map(JobAnswer._make, _SOME.rows(where, job_ids=orjson.dumps(list(job_ids)).decode()))
    found = {row.id: row for row in rows}
    return [found[job_id] for job_id in job_ids if job_id in found]


def metrics(where: Transaction, job_id: str) -> MetricsAnswer:
    """A job, but for its epochs.

    Raises:
        NotFoundError: there is none.
    """
    return MetricsAnswer._make(_only(_METRICS.rows(where, job_id=job_id), job_id))


def epochs(where: Transaction, job_id: str) -> list[Sequence[Any]]:
    """A job's epochs in order."""
    return [_with_nan(row) for row in _EPOCHS.rows(where, job_id=job_id)]


def _with_nan(row: Sequence[Any]) -> Sequence[Any]:
    """SQLite keeps NaN as a text."""
    return [float(value) if value == "NaN" else value for value in row] if "NaN" in row else row


def _only(rows: Sequence[Sequence[Any]], job_id: str) -> Sequence[Any]:
    if not rows:
        raise NotFoundError(f"there is no job {job_id}")
    return rows[0]
