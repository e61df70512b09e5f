from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from normlab.errors import NotFoundError, StateError
from normlab.spec import JobSpec, parse_job_spec
from normlab.store import Database, FailureCode, Job, JobState, deletion
from normlab.store.identifiers import new_id
from normlab.store.jobs import endings, events, jobs, leases, listing
from normlab.store.jobs.endings import Outcome
from normlab.store.jobs.listing import JobFilter, JobOrder
from normlab.store.jobs.states import LEGAL_TRANSITIONS, sources

MakeJob = Callable[..., str]
ClaimJob = Callable[..., Job]

OUTCOME = Outcome(result={"epochs": 2}, timings={}, environment={}, digests={}, layers=[])


def test_a_job_is_stored_as_it_was_asked_for(database: Database, make_spec: Callable[..., JobSpec]) -> None:
    spec = make_spec(name="first", tags=["b", "a", "b"], priority=3, max_runtime_seconds=60)
    with database.write() as session:
        job_id = jobs.create(session, spec, max_attempts=5).id
    with database.read() as session:
        job = jobs.get(session, job_id)
    assert job.id.startswith("job_")
    assert (job.name, job.tag_names, job.state) == ("first", ["b", "a"], JobState.QUEUED)
    assert (job.spec_digest, job.arm_digest) == (spec.digest, spec.arm_digest)
    assert (job.max_attempts, job.priority, job.max_runtime_seconds) == (5, 3, 60)
    assert parse_job_spec(job.spec) == spec
    assert (job.attempt, job.progress, job.result, job.error_code) == (0, None, None, None)


def test_an_unknown_job_is_named(database: Database) -> None:
    with database.read() as session:
        with pytest.raises(NotFoundError, match=r"^there is no job job_x$"):
            jobs.get(session, "job_x")
        with pytest.raises(NotFoundError, match=r"^there is no job job_x, job_y$"):
            jobs.get_many(session, ["job_x", "job_y"])
        assert jobs.find(session, "job_x") is None


def test_pages_neither_repeat_nor_miss_a_job_when_others_come_in(
    database: Database, make_job: MakeJob
) -> None:
    made = [make_job() for _ in range(7)]
    seen: list[str] = []
    cursor = None
    while True:
        with database.read() as session:
            page = listing.page(session, limit=3, cursor=cursor)
        seen += page.ids
        cursor = page.next_cursor
        if cursor is None:
            break
        make_job()
    assert seen == made[::-1]


def test_the_last_page_that_is_full_has_no_next(database: Database, make_job: MakeJob) -> None:
    for _ in range(4):
        make_job()
    with database.read() as session:
        assert listing.page(session, limit=4).next_cursor is None
        assert listing.page(session, limit=3).next_cursor is not None


def test_jobs_are_filtered_by_all_that_is_given(
    database: Database, make_job: MakeJob, claim_job: ClaimJob
) -> None:
    plain = make_job()
    tagged = make_job({"name": "n", "tags": ["a", "b"]})
    running = claim_job(spec={"tags": ["a"]}).id
    other_seed = make_job({"training": {"seed": 7}})

    def found(**wanted: object) -> set[str]:
        with database.read() as session:
            return set(listing.page(session, JobFilter(**wanted)).ids)  # type: ignore[arg-type]  # any field

    assert found(tags=["a"]) == {tagged, running}
    assert found(tags=["a", "b"]) == {tagged}
    assert found(states=[JobState.RUNNING]) == {running}
    assert found(states=[JobState.RUNNING, JobState.QUEUED], tags=["a"]) == {tagged, running}
    assert found(name="n") == {tagged}
    assert found(name="unknown") == set()
    other = make_job({"dataset": "mnist", "architecture": "batch_norm"})
    assert found(dataset="mnist") == found(preset="batch_norm") == {other}
    for part in (other, other[-6:], other.removeprefix("job_")[:-1], other[:-1]):
        assert found(id_part=part) == {other}
    assert found(id_part=other[:8]) == {plain, tagged, running, other_seed, other}
    assert found(id_part=other[5:-5]) == set()  # neither its beginning nor its end


def test_jobs_are_sorted_by_a_figure_over_pages(database: Database, claim_job: ClaimJob) -> None:
    accuracies = [0.1 + 0.2, 0.9, None, 0.3, 0.9]
    made = [claim_job().id for _ in accuracies]
    with database.write() as session:
        for job_id, accuracy in zip(made, accuracies, strict=True):
            if accuracy is not None:
                result = {"epochs": 1, "test_accuracy": accuracy, "train_seconds": 1 / accuracy}
                endings.finish(session, job_id, 1, replace(OUTCOME, result=result))

    def listed(order: JobOrder) -> list[int]:
        seen, cursor = [], None
        while True:
            with database.read() as session:
                page = listing.page(session, order=order, limit=2, cursor=cursor)
            seen += [made.index(job_id) for job_id in page.ids]
            cursor = page.next_cursor
            if cursor is None:
                return seen

    assert listed(JobOrder.TEST_ACCURACY) == [4, 1, 0, 3, 2]
    assert listed(JobOrder.TRAIN_SECONDS) == [4, 1, 0, 3, 2]
    assert listed(JobOrder.OLDEST) == [0, 1, 2, 3, 4]
    with database.write() as session:
        page = listing.page(session, order=JobOrder.TEST_ACCURACY, limit=2)
        deletion.delete_job(session, made[1])
    with database.read() as session, pytest.raises(NotFoundError, match="begin without a cursor"):
        listing.page(session, order=JobOrder.TEST_ACCURACY, cursor=page.next_cursor)


def test_a_queued_job_is_cancelled_at_once_and_never_starts(database: Database, make_job: MakeJob) -> None:
    job_id = make_job()
    with database.write() as session:
        assert jobs.request_cancel(session, job_id).state is JobState.CANCELLED
    with database.write() as session:
        assert jobs.request_cancel(session, job_id).state is JobState.CANCELLED
        assert leases.claim(session, job_id, worker="w", lease_seconds=60) is None
        assert leases.claim_next(session, worker="w", lease_seconds=60) is None
    with database.read() as session:
        assert len(events.history(session, job_id)) == 2


def test_a_running_job_learns_that_it_is_to_be_cancelled(database: Database, claim_job: ClaimJob) -> None:
    job_id = claim_job().id
    with database.write() as session:
        asked = jobs.request_cancel(session, job_id)
    assert asked.state is JobState.RUNNING
    assert asked.cancel_requested_at is not None
    with database.write() as session:
        assert jobs.request_cancel(session, job_id).cancel_requested_at == asked.cancel_requested_at
        assert leases.heartbeat(session, job_id, 1, lease_seconds=60) == leases.Heartbeat(
            cancel_requested=True
        )
        cancelled = endings.cancel(session, job_id, 1)
    assert cancelled is not None
    assert cancelled.state is JobState.CANCELLED


@pytest.mark.parametrize("ending", ["finish", "fail", "release", "lose"])
def test_once_its_cancellation_was_accepted_a_job_ends_as_cancelled(
    database: Database, claim_job: ClaimJob, ending: str
) -> None:
    job_id = claim_job().id
    with database.write() as session:
        jobs.request_cancel(session, job_id)
    with database.write() as session:
        ended = {
            "finish": lambda: endings.finish(session, job_id, 1, OUTCOME),
            "fail": lambda: endings.fail(session, job_id, 1, FailureCode.NAN_LOSS, "the loss became NaN"),
            "release": lambda: leases.release(session, job_id, 1),
            "lose": lambda: leases.lose(session, job_id, 1, reason="lease_expired"),
        }[ending]()
    assert ended is not None
    assert (ended.state, ended.error_code, ended.result) == (JobState.CANCELLED, None, None)


def test_cancel_against_finish_one_wins_and_the_answer_agrees(
    database: Database, claim_job: ClaimJob, threads: ThreadPoolExecutor
) -> None:
    for _ in range(25):
        job_id = claim_job().id
        together = Barrier(2)

        def cancel(job_id: str = job_id, together: Barrier = together) -> bool:
            together.wait()
            try:
                with database.write() as session:
                    jobs.request_cancel(session, job_id)
            except StateError:
                return False
            return True

        accepted = threads.submit(cancel)
        together.wait()
        with database.write() as session:
            ended = endings.finish(session, job_id, 1, OUTCOME)
        assert ended is not None
        assert (ended.state is JobState.CANCELLED) == accepted.result()


def test_a_job_that_is_over_cannot_be_cancelled(database: Database, claim_job: ClaimJob) -> None:
    job_id = claim_job().id
    with database.write() as session:
        endings.finish(session, job_id, 1, OUTCOME)
    sentence = f"^job {job_id} has already succeeded; only a queued or running job can be cancelled$"
    with pytest.raises(StateError, match=sentence), database.write() as session:
        jobs.request_cancel(session, job_id)
    with pytest.raises(NotFoundError, match="there is no job"), database.write() as session:
        jobs.request_cancel(session, "job_x")


def test_a_failed_job_can_be_retried_and_keeps_its_history(database: Database, claim_job: ClaimJob) -> None:
    job_id = claim_job().id
    sentence = f"^job {job_id} is running; only a failed or cancelled job can be retried$"
    with pytest.raises(StateError, match=sentence), database.write() as session:
        jobs.retry(session, job_id)
    with database.write() as session:
        endings.fail(session, job_id, 1, FailureCode.DATASET_ERROR, "the file is gone")
    with database.write() as session:
        job = jobs.retry(session, job_id)
    assert (job.state, job.error_code, job.error_detail, job.finished_at) == (
        JobState.QUEUED,
        None,
        None,
        None,
    )
    with database.write() as session:
        claimed = leases.claim(session, job_id, worker="w", lease_seconds=60)
    assert claimed is not None
    assert claimed.attempt == 2
    with database.read() as session:
        states = [event.data["state"] for event in events.history(session, job_id)]
    assert states == ["queued", "running", "failed", "queued", "running"]


def test_deleting_takes_everything_but_not_a_running_job(database: Database, claim_job: ClaimJob) -> None:
    job_id = claim_job(spec={"tags": ["a"]}).id
    with (
        pytest.raises(StateError, match=f"^job {job_id} is running; cancel it first$"),
        database.write() as session,
    ):
        deletion.delete_job(session, job_id)
    with database.write() as session:
        endings.finish(session, job_id, 1, OUTCOME)
        deletion.delete_job(session, job_id)
    with database.read() as session:
        assert jobs.find(session, job_id) is None
        assert events.after(session, job_id) == []
        assert listing.page(session, JobFilter(tags=["a"])).ids == []
    with pytest.raises(NotFoundError, match="there is no job"), database.write() as session:
        deletion.delete_job(session, job_id)


def test_every_transition_that_is_not_in_the_table_changes_nothing(
    database: Database, claim_job: ClaimJob
) -> None:
    job_id = claim_job().id
    with database.write() as session:
        endings.finish(session, job_id, 1, OUTCOME)
    with database.write() as session:
        assert leases.claim(session, job_id, worker="w", lease_seconds=60) is None
        assert endings.fail(session, job_id, 1, FailureCode.INTERNAL, "late") is None
        assert leases.release(session, job_id, 1) is None
    with database.read() as session:
        assert jobs.get(session, job_id).state is JobState.SUCCEEDED


def test_the_table_of_transitions_is_whole() -> None:
    assert set(LEGAL_TRANSITIONS) == set(JobState)
    assert sources(JobState.SUCCEEDED) == {JobState.RUNNING}
    assert LEGAL_TRANSITIONS[JobState.SUCCEEDED] == frozenset()
    assert [state for state in JobState if state.final] == [
        JobState.SUCCEEDED,
        JobState.FAILED,
        JobState.CANCELLED,
    ]


def test_ids_sort_in_the_order_they_were_made() -> None:
    made = [new_id("job") for _ in range(2000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert all(len(identifier) == len("job_") + 26 for identifier in made)
