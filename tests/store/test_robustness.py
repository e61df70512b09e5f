"""Networks on corrupted pictures: asked for once, measured together with what is asked the same, kept and gone with
the job."""

from collections.abc import Callable

import pytest

from normlab.spec import DatasetSpec, JobSpec
from normlab.spec.robustness import RobustnessRequest
from normlab.store import ArtifactKind, Database, deletion, robustness
from normlab.store.artifacts import StoredFile
from normlab.store.jobs import endings, jobs, leases
from normlab.store.jobs.endings import Outcome

KIND = ArtifactKind.ROBUSTNESS
FILE = StoredFile(KIND, "job/1/robustness-1.npz", "0" * 64, 10, KIND.media_type)
ALL, SOME = RobustnessRequest(), RobustnessRequest(severities=(5,), seed=3)


@pytest.fixture
def job_ids(database: Database, make_spec: Callable[..., JobSpec]) -> list[str]:
    """Jobs that have succeeded."""
    with database.write() as session:
        ids = [jobs.create(session, make_spec()).id for _ in range(3)]
        for job_id in ids:
            leases.claim(session, job_id, worker="w", lease_seconds=60)
            endings.finish(session, job_id, 1, Outcome({"epochs": 1}, {}, {}, {}, []))
    return ids


def ask(database: Database, job_ids: list[str], request: RobustnessRequest) -> str:
    key = request.key(DatasetSpec(name="digits"))
    with database.write() as session:
        for job_id in job_ids:
            robustness.ask(session, job_id, key, request)
    return key


def test_what_is_asked_the_same_is_taken_together(database: Database, job_ids: list[str]) -> None:
    first = ask(database, job_ids[:1], SOME)
    second = ask(database, job_ids, ALL)
    ask(database, job_ids[1:], SOME)
    assert first != second
    with database.write() as session:
        together = robustness.take(session, at_most=10, lease_seconds=60)
        assert sorted(one.job_id for one in together) == sorted(job_ids)
        assert {(one.key, one.request) for one in together} == {(first, SOME)}
        two = robustness.take(session, at_most=2, lease_seconds=60)
        rest = robustness.take(session, at_most=2, lease_seconds=60)
        assert [one.request for one in (*two, *rest)] == [ALL] * 3
        assert robustness.take(session, at_most=2, lease_seconds=60) == []


def test_one_is_measured_once_and_kept(database: Database, job_ids: list[str]) -> None:
    key = ask(database, job_ids[:1], ALL)
    with database.write() as session:
        (taken,) = robustness.take(session, at_most=10, lease_seconds=60)
        assert robustness.renew(session, taken, lease_seconds=60)
        assert robustness.finish(session, taken, FILE)
    ask(database, job_ids[:1], ALL)
    with database.write() as session:
        assert robustness.of_jobs(session, job_ids, key)[job_ids[0]].file == FILE
        assert not robustness.is_any_free(session)
        deletion.delete_job(session, job_ids[0])
    with database.read() as session:
        assert robustness.of_jobs(session, job_ids, key) == {}


def test_who_lost_it_writes_and_keeps_nothing(database: Database, job_ids: list[str]) -> None:
    ask(database, job_ids[:1], ALL)
    with database.write() as session:
        (first,) = robustness.take(session, at_most=1, lease_seconds=-1)
        (second,) = robustness.take(session, at_most=1, lease_seconds=60)
        assert not robustness.renew(session, first, lease_seconds=60)
        assert not robustness.finish(session, first, FILE)
        assert robustness.finish(session, second, "it is nowhere")
        assert robustness.take_error(session, second.job_id, second.key) == "it is nowhere"
        assert robustness.take_error(session, second.job_id, second.key) is None
