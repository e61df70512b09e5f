"""What a worker makes of jobs when nothing disturbs it."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import psutil
import pytest

from normlab.documents.jobs import JobResult
from normlab.local.process import Process
from normlab.spec import JobSpec
from normlab.spec.environment import ENVIRONMENT
from normlab.spec.export_formats import ON_REQUEST
from normlab.store import ArtifactKind, ArtifactStore, EventKind, FailureCode, JobState, artifacts
from normlab.store.jobs import events, jobs, reports
from support.workers import Service, children

MakeSpec = Callable[..., JobSpec]

pytestmark = [pytest.mark.usefixtures("worker"), pytest.mark.xdist_group("worker")]


def test_a_job_is_trained_and_everything_about_it_is_stored(service: Service, make_spec: MakeSpec) -> None:
    job = service.wait_for_end(service.submit(make_spec(training={"epochs": 30, "target_accuracy": 0.2})))
    assert (job.state, job.attempt, job.error_code) == (JobState.SUCCEEDED, 1, None)
    assert job.result is not None
    assert job.timings is not None
    assert job.environment is not None
    assert job.layers is not None
    assert job.result["epochs"] == 30
    assert job.result["export_errors"] == {}
    assert set(job.timings) == {
        f"{phase}_seconds"
        for phase in (
            "waiting",
            "starting",
            "compiling",
            "training",
            "probing",
            "evaluating",
            "exporting",
            "total",
        )
    }
    assert [layer["name"] for layer in job.layers][-1] == "output"
    assert set(job.environment) == set(ENVIRONMENT)
    assert job.environment["intra_op_threads"] == job.environment["cores"]
    assert set(job.environment["load"]) == {
        "core_share",
        "cpu_seconds",
        "busy_beside",
        "load_average_start",
        "load_average_end",
    }
    assert all(
        job.environment["load"][figure] is not None for figure in ("load_average_start", "load_average_end")
    )
    with service.database.read() as session:
        epochs = reports.epochs(session, job.id)
        states = [event.data["state"] for event in events.history(session, job.id)]
        files = {file.kind: file for file in artifacts.of_job(session, job.id)}
    assert [row.epoch for row in epochs] == list(range(1, 31))
    assert job.result["best_val_accuracy"] == max(row.val_accuracy or 0 for row in epochs)
    assert job.result["reached_target_at_epoch"] == next(
        row.epoch for row in epochs if row.val_accuracy >= 0.2
    )
    elapsed = [row.elapsed_seconds for row in epochs]
    assert elapsed == sorted(elapsed)
    assert states == ["queued", "running", "succeeded"]
    store = ArtifactStore(str(service.data_dir / "artifacts"))
    assert set(files) == set(ArtifactKind) - {*ON_REQUEST, ArtifactKind.ROBUSTNESS}
    network = onnxruntime.InferenceSession(store.read(files[ArtifactKind.ONNX]))
    assert network.run(None, {network.get_inputs()[0].name: np.zeros((1, 8, 8), np.float32)})[0].shape == (
        1,
        10,
    )
    correct = np.load(io.BytesIO(store.read(files[ArtifactKind.TEST_CORRECT])), allow_pickle=False)
    assert correct.mean() == pytest.approx(job.result["test_accuracy"])
    assert not (service.data_dir / "checkpoints" / job.id).exists()


def test_what_a_run_says_of_its_figures_is_stored_with_it(service: Service, make_spec: MakeSpec) -> None:
    layers = [{"type": "flatten"}, {"type": "batch_normalization"}]
    spec = make_spec(
        architecture={"layers": [*layers, *[{"type": "dense", "units": 9, "activation": "sigmoid"}] * 6]},
        training={"epochs": 1},
    )
    job = service.wait_for_end(service.submit(spec))
    assert job.state is JobState.SUCCEEDED
    with service.database.read() as session:
        (told,) = events.histories(session, [job.id], (EventKind.WARNING,)).values()
    assert [event.data["code"] for event in told] == ["nothing_learned", "unsettled_statistics"]
    assert job.result["majority"]["test"]["samples"] == 360
    settled = job.result["population_statistics"]
    assert settled["start_share"] == pytest.approx(0.99 ** settled["updates"])
    assert JobResult.model_validate(job.result).kept_epoch == 1


def test_a_message_that_comes_ten_times_makes_one_attempt(service: Service, make_spec: MakeSpec) -> None:
    first = service.wait_for_end(service.submit(make_spec(), notifications=10))
    after = service.wait_for_end(service.submit(make_spec()))
    assert (first.attempt, after.attempt) == (1, 1)
    with service.database.read() as session:
        assert len(events.history(session, first.id)) == 3


def test_a_job_that_nobody_was_notified_of_is_trained(service: Service, make_spec: MakeSpec) -> None:
    assert service.wait_for_end(service.submit(make_spec(), notifications=0)).state is JobState.SUCCEEDED


def test_a_running_job_is_cancelled_and_the_next_one_runs(
    service: Service, endless: JobSpec, make_spec: MakeSpec
) -> None:
    job_id = service.submit(endless)
    waiting = service.submit(make_spec())
    service.wait_for_epoch(job_id, 2)
    with service.database.write() as session:
        jobs.request_cancel(session, job_id)
    assert service.wait_for_end(job_id, seconds=10).state is JobState.CANCELLED
    assert service.wait_for_end(waiting).state is JobState.SUCCEEDED
    assert not (service.data_dir / "checkpoints" / job_id).exists()


def test_a_loss_that_is_no_number_fails_the_job_at_once(service: Service, make_spec: MakeSpec) -> None:
    job = service.wait_for_end(
        service.submit(make_spec(training={"optimizer": {"name": "sgd", "learning_rate": 1e9}}))
    )
    assert (job.state, job.attempt, job.error_code) == (JobState.FAILED, 1, FailureCode.NAN_LOSS)
    assert job.error_detail is not None
    assert "a smaller learning rate, gradient clipping or normalization layers may help" in job.error_detail


def test_a_job_that_runs_too_long_fails(service: Service, make_spec: MakeSpec) -> None:
    job = service.wait_for_end(
        service.submit(make_spec(training={"epochs": 10_000}, max_runtime_seconds=1.5))
    )
    assert (job.state, job.error_code) == (JobState.FAILED, FailureCode.DEADLINE_EXCEEDED)
    assert job.error_detail == "the job ran longer than its max_runtime_seconds"


def test_the_main_process_does_not_run_tensorflow_and_each_child_has_its_cores(
    service: Service, worker: Process, make_spec: MakeSpec
) -> None:
    service.wait_for_end(service.submit(make_spec()))

    def runs_tensorflow(process: psutil.Process) -> bool:
        threads = Path(f"/proc/{process.pid}/task").glob("*/comm")
        return any(thread.read_text().startswith("tf_") for thread in threads)

    (child,) = children(worker)
    assert runs_tensorflow(child)
    assert not runs_tensorflow(psutil.Process(worker.pid))
    assert child.cpu_affinity() == psutil.Process().cpu_affinity()  # one child: all of them
