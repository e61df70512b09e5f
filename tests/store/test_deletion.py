from collections.abc import Callable

import pytest
from sqlalchemy import select

from normlab.errors import StateError
from normlab.spec import JobSpec
from normlab.store import Comparison, ComparisonJob, Database, IdempotencyKey, Job, deletion, idempotency
from normlab.store.base import Base
from normlab.store.comparisons import comparisons
from normlab.store.comparisons.comparisons import Arm, NewComparison
from normlab.store.deletion import REFERENCES, OnDelete
from normlab.store.jobs import endings, jobs, leases
from normlab.store.jobs.endings import Outcome
from normlab.store.models import names
from normlab.store.studies import members, studies

MakeJob = Callable[..., str]

OUTCOME = Outcome(result={"epochs": 2}, timings={}, environment={}, digests={}, layers=[])


def finish(database: Database, job_id: str) -> None:
    with database.write() as session:
        claimed = leases.claim(session, job_id, worker="w", lease_seconds=60)
        assert claimed is not None
        endings.finish(session, job_id, claimed.attempt, OUTCOME)


@pytest.fixture
def comparison(database: Database, make_spec: Callable[..., JobSpec]) -> str:
    """A cancelled comparison of two arms; one of its jobs has succeeded before."""
    arms = [Arm("a", make_spec()), Arm("b", make_spec(training={"batch_size": 32}))]
    new = NewComparison(arms=arms, question={}, base_seed=1, replicates=1, max_replicates=1)
    with database.write() as session:
        made = comparisons.create(session, comparisons.prepare(new))
    finish(database, job_ids(database, made.id)[0])
    with database.write() as session:
        studies.cancel(session, Comparison, made.id)
    return made.id


def job_ids(database: Database, comparison_id: str) -> list[str]:
    with database.read() as session:
        return [member.job_id for member in members.of(session, ComparisonJob, comparison_id)]


def test_every_reference_in_the_tables_is_known() -> None:
    declared: dict[str, dict[str, OnDelete]] = {}
    for table in Base.metadata.tables.values():
        for constraint in table.foreign_key_constraints:
            rule = OnDelete.GOES if constraint.ondelete == "CASCADE" else OnDelete.FORBIDS
            column = f"{table.name}.{next(iter(constraint.columns)).name}"
            declared.setdefault(constraint.referred_table.name, {})[column] = rule
    tied = {
        table: {column: rule for column, rule in columns.items() if rule is not OnDelete.IS_FORGOTTEN}
        for table, columns in REFERENCES.items()
    }
    assert tied == declared


def test_a_job_that_a_name_stands_for_stays_when_its_comparison_goes(
    database: Database, comparison: str
) -> None:
    named, other = job_ids(database, comparison)
    with database.write() as session:
        names.point(session, "clothes", named)
    with database.write() as session:
        assert deletion.delete_study(session, Comparison, comparison, with_jobs=True) == [other]
    with database.read() as session:
        assert session.scalars(select(Job.id)).all() == [named]
        assert names.get(session, "clothes").versions[0].job_id == named


def test_what_stands_in_the_way_of_a_jobs_deletion_is_said(database: Database, comparison: str) -> None:
    job_id = job_ids(database, comparison)[0]

    def refused(key_phrase: str) -> None:
        with pytest.raises(StateError, match=key_phrase), database.write() as session:
            deletion.delete_job(session, job_id)

    with database.write() as session:
        names.point(session, "clothes", job_id)
    refused(f"{job_id} is used by {comparison}")
    with database.write() as session:
        deletion.delete_study(session, Comparison, comparison)
    refused("a version of model clothes")
    with database.write() as session:
        deletion.delete_job(session, job_id, forget_names=True)
    with database.read() as session:
        assert jobs.find(session, job_id) is None
        assert names.names_of(session, [job_id]) == []


def test_a_key_is_free_again_when_what_it_made_is_deleted(
    database: Database, make_job: MakeJob, comparison: str
) -> None:
    """Its answer was the document of a job that was not there any more, for a week."""
    deleted, kept = make_job(), make_job()
    with database.write() as session:
        for resource in (deleted, kept, comparison):
            assert idempotency.begin(session, f"key of {resource}", "digest") is None
            idempotency.remember(session, f"key of {resource}", {"id": resource})
    with database.write() as session:
        deletion.delete_job(session, deleted)
        deletion.delete_study(session, Comparison, comparison, with_jobs=True)
    with database.write() as session:
        assert session.scalars(select(IdempotencyKey.key)).all() == [f"key of {kept}"]
        assert idempotency.begin(session, f"key of {deleted}", "another digest") is None
