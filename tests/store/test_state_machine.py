"""Claims, heartbeats, losses, reports, ends, cancellations, retries and repeated messages, in any order.

The model is what the documentation promises, in a few lines of Python; the database is asked after every step.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import update

from normlab.errors import StateError
from normlab.spec import JobSpec
from normlab.store import Database, FailureCode, Job, JobState
from normlab.store.jobs import endings, events, jobs, leases, reaper, reports
from normlab.store.jobs.endings import Outcome
from support.epochs import made_up_epoch

MAX_ATTEMPTS = 2
FINAL = {JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED}


@dataclass
class Model:
    """What a job must look like."""

    state: JobState = JobState.QUEUED
    attempt: int = 0
    lost: int = 0
    cancel: bool = False
    expired: bool = False
    epochs: dict[int, int] = field(default_factory=dict)
    history: list[JobState] = field(default_factory=lambda: [JobState.QUEUED])

    def move(self, state: JobState) -> None:
        self.state, self.expired = state, False
        self.history.append(state)

    def has(self, attempt: int) -> bool:
        return self.state is JobState.RUNNING and self.attempt == attempt

    def lose(self) -> None:
        self.lost += 1
        if self.cancel:
            self.move(JobState.CANCELLED)
        else:
            self.move(JobState.FAILED if self.lost >= MAX_ATTEMPTS else JobState.QUEUED)


class Jobs(RuleBasedStateMachine):
    """Every attempt that ever was may come back at any time and try to write."""

    database: Database
    spec: JobSpec
    ids = Bundle("ids")
    attempts = st.integers(0, 4)

    def __init__(self) -> None:
        super().__init__()
        self.model: dict[str, Model] = {}

    @rule(target=ids)
    def create(self) -> str:
        with self.database.write() as session:
            job_id = jobs.create(session, self.spec, max_attempts=MAX_ATTEMPTS).id
        self.model[job_id] = Model()
        return job_id

    @rule(job_id=ids, times=st.integers(1, 3))
    def deliver(self, job_id: str, times: int) -> None:
        """A message comes, perhaps more than once; each is a claim."""
        model = self.model[job_id]
        for _ in range(times):
            with self.database.write() as session:
                job = leases.claim(session, job_id, worker="w", lease_seconds=60)
            assert (job is not None) == (model.state is JobState.QUEUED)
            if job is not None:
                model.attempt += 1
                model.move(JobState.RUNNING)
                assert job.attempt == model.attempt

    @rule(job_id=ids, attempt=attempts)
    def heartbeat(self, job_id: str, attempt: int) -> None:
        model = self.model[job_id]
        with self.database.write() as session:
            beat = leases.heartbeat(session, job_id, attempt, lease_seconds=60)
        assert (beat is not None) == model.has(attempt)
        if beat is not None:
            assert beat.cancel_requested == model.cancel
            model.expired = False

    @rule(job_id=ids)
    def lease_runs_out(self, job_id: str) -> None:
        model = self.model[job_id]
        if model.state is JobState.RUNNING:
            with self.database.write() as session:
                past = session.get_one(Job, job_id).created_at.replace(year=2000)
                session.execute(update(Job).where(Job.id == job_id).values(lease_expires_at=past))
            model.expired = True

    @rule()
    def sweep(self) -> None:
        expected = {job_id for job_id, model in self.model.items() if model.expired}
        taken_back = set(reaper.sweep(self.database).taken_back)
        assert taken_back & set(self.model) == expected  # others are left of the examples before
        for job_id in expected:
            self.model[job_id].lose()

    @rule(job_id=ids, attempt=attempts, epoch=st.integers(1, 5))
    def report(self, job_id: str, attempt: int, epoch: int) -> None:
        model = self.model[job_id]
        metrics = made_up_epoch(epoch)
        with self.database.write() as session:
            assert reports.report_epoch(session, job_id, attempt, metrics) == model.has(attempt)
        if model.has(attempt):
            model.epochs[epoch] = attempt

    @rule(job_id=ids, attempt=attempts, epochs=st.integers(0, 5))
    def begin(self, job_id: str, attempt: int, epochs: int) -> None:
        model = self.model[job_id]
        beginning = reports.Beginning(epochs, 10 * epochs)
        with self.database.write() as session:
            assert reports.begin(session, job_id, attempt, beginning) == model.has(attempt)
        if model.has(attempt):
            model.epochs = {epoch: by for epoch, by in model.epochs.items() if epoch <= epochs}

    @rule(job_id=ids, attempt=attempts)
    def finish(self, job_id: str, attempt: int) -> None:
        outcome = Outcome({"epochs": 5}, {}, {}, {}, [])
        with self.database.write() as session:
            ended = endings.finish(session, job_id, attempt, outcome)
        self._ended(self.model[job_id], attempt, ended, JobState.SUCCEEDED)

    @rule(job_id=ids, attempt=attempts)
    def fail(self, job_id: str, attempt: int) -> None:
        with self.database.write() as session:
            ended = endings.fail(session, job_id, attempt, FailureCode.NAN_LOSS, "it became nan")
        self._ended(self.model[job_id], attempt, ended, JobState.FAILED)

    @rule(job_id=ids, attempt=attempts)
    def shut_down(self, job_id: str, attempt: int) -> None:
        with self.database.write() as session:
            ended = leases.release(session, job_id, attempt, reason="shutdown")
        self._ended(self.model[job_id], attempt, ended, JobState.QUEUED)

    @rule(job_id=ids)
    def cancel(self, job_id: str) -> None:
        model = self.model[job_id]
        with _refused(model.state in (JobState.SUCCEEDED, JobState.FAILED)), self.database.write() as session:
            jobs.request_cancel(session, job_id)
        if model.state is JobState.QUEUED:
            model.move(JobState.CANCELLED)
        elif model.state is JobState.RUNNING:
            model.cancel = True

    @rule(job_id=ids)
    def retry(self, job_id: str) -> None:
        model = self.model[job_id]
        again = model.state in (JobState.FAILED, JobState.CANCELLED)
        with _refused(not again), self.database.write() as session:
            jobs.retry(session, job_id)
        if again:
            model.move(JobState.QUEUED)
            model.lost, model.cancel, model.epochs = 0, False, {}

    @invariant()
    def the_database_agrees(self) -> None:
        with self.database.read() as session:
            for job_id, model in self.model.items():
                job = jobs.get(session, job_id)
                assert (job.state, job.attempt, job.lost_attempts) == (model.state, model.attempt, model.lost)
                assert (job.lease_expires_at is not None) == (model.state is JobState.RUNNING)
                assert {row.epoch: row.attempt for row in reports.epochs(session, job_id)} == model.epochs
                told = events.after(session, job_id, limit=10_000)
                assert [event.number for event in told] == list(range(1, len(told) + 1))
                assert [event.data["state"] for event in told if event.kind == "state"] == model.history

    def _ended(self, model: Model, attempt: int, ended: Job | None, state: JobState) -> None:
        assert (ended is not None) == model.has(attempt)
        if ended is not None:
            model.move(JobState.CANCELLED if model.cancel else state)
            assert ended.state is model.state


@contextmanager
def _refused(refused: bool) -> Iterator[None]:
    if refused:
        with pytest.raises(StateError):
            yield
    else:
        yield


@pytest.mark.parametrize(
    "examples", [15, pytest.param(300, marks=[pytest.mark.faults, pytest.mark.timeout(1800)])]
)
def test_whatever_happens_in_whatever_order(
    database: Database, make_spec: Callable[..., JobSpec], examples: int
) -> None:
    machine = type("JobsHere", (Jobs,), {"database": database, "spec": make_spec()})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
