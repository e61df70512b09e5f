"""Lists of jobs: every filter, order and page gives what a plain look at all jobs gives, and walks an index."""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from itertools import combinations, product
from typing import Any

import pytest
from sqlalchemy import select

from normlab.documents.jobs import JobOrder, JobResult
from normlab.documents.states import FailureCode, JobState
from normlab.spec import JobSpec
from normlab.store import Database, Job
from normlab.store.base import table_of
from normlab.store.index_walks import PartShape
from normlab.store.jobs import endings, jobs, leases, list_statements, listing, transitions
from normlab.store.jobs.endings import Outcome
from normlab.store.jobs.figures import FIGURES, NO_FIGURE
from normlab.store.jobs.list_statements import Place, Wanted
from normlab.store.jobs.listing import JobFilter
from normlab.store.jobs.tables import JobTag

KEYS = {
    "tags": (["a"], ["b"], ["a", "b"], ["nobody's"]),
    "name": ("first", "second", "nobody's"),
    "dataset": ("digits", "mnist", "cifar10"),
    "preset": ("baseline", "batch_norm", "deep_sigmoid"),
}
STATES: Sequence[tuple[JobState, ...]] = (
    (),
    (JobState.SUCCEEDED,),
    (JobState.FAILED,),
    (JobState.QUEUED, JobState.RUNNING, JobState.CANCELLED),
    (JobState.SUCCEEDED, JobState.CANCELLED),
    tuple(JobState),
)
COUNT, PAGE = 40, 15


def test_every_filter_is_looked_at_here() -> None:
    assert {field.name for field in fields(JobFilter)} == {*KEYS, "states", "id_part"}


@pytest.fixture
def filled(database: Database, make_spec: Callable[..., JobSpec]) -> Database:
    """Jobs of all kinds, many of them with equal figures."""
    chance = random.Random(7)
    with database.write() as session:
        for _ in range(COUNT):
            spec = make_spec(
                name=chance.choice(["first", "second", None]),
                tags=chance.sample(["a", "b", "c"], chance.randint(0, 3)),
                dataset=chance.choice(["digits", "mnist"]),
                architecture=chance.choice(["baseline", "batch_norm", {"layers": [{"type": "flatten"}]}]),
            )
            job = jobs.create(session, spec)
            state = chance.choice([*JobState, JobState.SUCCEEDED, JobState.SUCCEEDED])
            if state is JobState.QUEUED:
                continue
            if state is JobState.CANCELLED:
                jobs.request_cancel(session, job.id)
                continue
            leases.claim(session, job.id, worker="w", lease_seconds=60)
            if state is JobState.FAILED:
                endings.fail(session, job.id, 1, FailureCode.NAN_LOSS, "it became nan")
            elif state is JobState.SUCCEEDED:
                figures = {name: chance.choice([None, 0.0, 0.1 + 0.2, 0.5, 1.5]) for name in FIGURES}
                endings.finish(session, job.id, 1, Outcome({"epochs": 1, **figures}, {}, {}, {}, []))
    return database


def test_every_page_is_that_of_a_plain_look_at_all_jobs(filled: Database) -> None:
    looked_at = set()
    with filled.read() as session:
        everything = list(session.scalars(select(Job).order_by(Job.id)))
        for wanted in filters(everything):
            expected = [job for job in everything if fulfils(job, wanted)]
            for order in JobOrder:
                ids = [job.id for job in sorted(expected, key=lambda job, by=order: place(job, by))]
                listed, cursor = [], None
                while True:
                    page = listing.page(session, wanted, order=order, limit=PAGE, cursor=cursor)
                    listed += page.ids
                    cursor = page.next_cursor
                    if cursor is None:
                        break
                    assert len(page.ids) == PAGE
                    assert cursor == page.ids[-1]
                assert listed == ids, (wanted, order)
                looked_at.add((order, len(ids) > PAGE))
    assert len(looked_at) == 2 * len(JobOrder)


def filters(everything: Sequence[Job]) -> Iterator[JobFilter]:
    """None, each alone with all states, and pairs of them; parts of ids alone and with others."""
    for states in STATES:
        yield JobFilter(states=states)
        for name, values in KEYS.items():
            yield from (JobFilter(states=states, **{name: value}) for value in values)
    for (first, values), (second, others) in combinations(KEYS.items(), 2):
        for value, other in product(values[:3], others[:2]):
            yield JobFilter(**{first: value, second: other})
    yield JobFilter(states=STATES[4], **{name: values[0] for name, values in KEYS.items()})  # type: ignore[arg-type]  # each its own
    some = everything[COUNT // 2].id
    for part in (some, some[:6], some[4:8], some[4:], some[-4:], some[-2:], some[-1:], some[6:-3], "zzz_zz"):
        yield JobFilter(id_part=part)
        yield JobFilter(id_part=part, states=STATES[1])
        yield JobFilter(id_part=part, tags=["a"], dataset="digits")


def fulfils(job: Job, wanted: JobFilter) -> bool:
    part, letters = wanted.id_part, job.id.removeprefix("job_")
    return (
        (not wanted.states or job.state in wanted.states)
        and set(wanted.tags) <= set(job.tag_names)
        and wanted.name in (None, job.name)
        and wanted.dataset in (None, job.spec["dataset"]["name"])
        and wanted.preset in (None, job.spec["architecture"].get("preset"))
        and (part is None or letters.startswith(part.removeprefix("job_")) or letters.endswith(part))
    )


def place(job: Job, order: JobOrder) -> Any:
    age = int(job.id.removeprefix("job_"), 36)
    if order.by_age:
        return age if order is JobOrder.OLDEST else -age
    figure = (job.result or {}).get(order.value)
    if figure is None:
        return (1, 0, -age)
    return (0, figure if order is JobOrder.TRAIN_SECONDS else -figure, -age)


def test_figures_are_those_of_results(filled: Database) -> None:
    assert set(FIGURES) < set(JobResult.model_fields)
    with filled.read() as session:
        for job in session.scalars(select(Job)):
            for name in FIGURES:
                if job.state is JobState.SUCCEEDED:
                    assert job.result is not None
                    result = job.result[name]
                    assert getattr(job, name) == (NO_FIGURE if result is None else result)
                else:
                    assert getattr(job, name) is None


def test_tags_have_copies_of_what_they_are_listed_by(filled: Database) -> None:
    columns = ("state", *FIGURES)
    assert {*columns, "job_id", "tag", "position"} == {column.name for column in table_of(JobTag).c}
    with filled.read() as session:
        rows = session.execute(select(Job, JobTag).join(JobTag, JobTag.job_id == Job.id)).all()
    assert len({job.state for job, _ in rows}) > len(JobState) - 2
    for job, tag in rows:
        assert [getattr(tag, name) for name in columns] == [getattr(job, name) for name in columns]


WALKABLE = (None, "tag0", *(name for name in KEYS if name != "tags"))
"""All that a list of jobs may be one value of."""


WALKED_STATES = (None, STATES[1], STATES[4])


def walks() -> Iterator[tuple[Wanted, str, str]]:
    """Every statement of a list of jobs with at most one value and perhaps a part of an id, as SQLite runs it."""
    for key, states, part in product(WALKABLE, WALKED_STATES, (None, *PartShape)):
        wanted = Wanted(() if key is None else (key,), states, part)
        for order, at in product(JobOrder, Place):
            if order.by_age and at is Place.BY_FIGURE:
                continue
            for statement in list_statements.pages(wanted, key, order, at):
                yield wanted, f"{wanted} {order} {at}", statement.written("sqlite")[0]


def test_each_list_walks_an_index_in_its_order(sqlite_database: Database) -> None:
    """Those of all jobs by age walk the primary key; all others only the part of an index that they want."""
    looked_at = set()
    with sqlite_database.read() as session:
        for wanted, what, statement in walks():
            looked_at.add(what)
            parameters = dict.fromkeys(re.findall(r":(\w+)", statement), 1)
            plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            for _, _, _, step in plan:
                assert "TEMP B-TREE" not in step, (what, step)
                assert "SCAN" not in step or (wanted.keys, wanted.states) == ((), None), (what, step)
    assert len(looked_at) == len(WALKABLE) * len(WALKED_STATES) * (1 + len(PartShape)) * (2 * 2 + 4 * 3)


def test_jobs_that_are_cancelled_together_take_their_tags_along(
    database: Database, make_spec: Callable[..., JobSpec]
) -> None:
    with database.write() as session:
        ids = [jobs.create(session, make_spec(tags=["a", "b"])).id for _ in range(2)]
        transitions.move_all(session, JobState.CANCELLED, ids, reason="cancelled")
    with database.read() as session:
        cancelled = listing.page(session, JobFilter(tags=["a"], states=[JobState.CANCELLED]))
        assert sorted(cancelled.ids) == ids
        assert listing.page(session, JobFilter(tags=["b"], states=[JobState.QUEUED])).ids == []
