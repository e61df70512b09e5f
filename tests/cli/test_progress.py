"""What is seen while something runs: it never goes back, keeps its columns, and names what it counts."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from api.comparisons.examples import WHOLE
from api.jobs.examples import JOB
from normlab.cli.display.comparison_progress import _description, _Done
from normlab.cli.display.console import SafeConsole
from normlab.cli.display.training_progress import LiveBoard, PlainBoard
from normlab.client import Client, JobEvent
from normlab.documents.comparisons import ComparisonDocument
from normlab.documents.events import EventKind
from normlab.documents.jobs import JobDocument
from normlab.documents.states import JobState

NOW = datetime.now(UTC)
AT = {"at": NOW.isoformat()}


def job(**fields: Any) -> JobDocument:
    """The example's job, which runs."""
    return JobDocument.model_validate(JOB | fields)


def terminal(width: int = 80) -> Console:
    return SafeConsole(file=io.StringIO(), force_terminal=True, color_system=None, width=width)


def state(name: str) -> JobEvent:
    return JobEvent("1", EventKind.STATE, {"state": name, **AT})


def progress(fraction: float | None, phase: str = "training") -> JobEvent:
    ends = (NOW + timedelta(seconds=100)).isoformat()
    data = {"phase": phase, "epoch": 3, "epochs": 10, "loss": 0.5, "estimated_end_at": ends}
    return JobEvent("2", EventKind.PROGRESS, {**data, "fraction": fraction})


EPOCH = JobEvent(
    "3",
    EventKind.EPOCH,
    {"epoch": 10, "loss": 0.4, "accuracy": 0.8, "val_accuracy": 0.75, "train_seconds": 1.0},
)


def test_a_bar_never_goes_back_but_for_another_attempt() -> None:
    console, watched = terminal(), job()
    board = LiveBoard(console, [watched])
    [task] = board._progress.tasks
    for event, expected in [
        (state("running"), 0.0),
        (progress(0.97), 0.97),
        (EPOCH, 0.97),  # the last epoch is not the run's end: the test set and the files follow
        (progress(0.96, "evaluating"), 0.97),
        (progress(None, "exporting"), 0.97),
        (state("queued"), 0.0),
        (state("running"), 0.0),
        (progress(0.1), 0.1),
        (state("succeeded"), 1.0),
    ]:
        board.show(watched, event)
        assert task.completed == expected, event


@pytest.mark.parametrize("width", [80, 160])
def test_a_bar_says_how_long_it_will_take_and_fits_the_terminal(width: int) -> None:
    console = terminal(width)
    watched = [
        job(name="n" * 60),
        job(id="job_" + "1" * 26, name="waits", position=3, waiting_for="its turn"),
    ]
    watched[1] = watched[1].model_copy(
        update={"estimated_start_at": datetime.now(UTC) + timedelta(seconds=3700)}
    )
    board = LiveBoard(console, watched)
    board.show(watched[0], state("running"))
    board.show(watched[0], progress(0.25))
    board.show(watched[0], EPOCH)
    console.print(board._progress)
    lines = console.file.getvalue().splitlines()
    assert len(lines) == 2
    assert all(cell_len(line) <= width for line in lines)
    for part in (" 25 %", "epoch 3/10", "validation 75.00 %", " left"):
        assert part in lines[0]
    for part in ("waits", "number 3", "starts in 1:0"):
        assert part in lines[1]
    assert "-:--:--" not in "".join(lines)
    board.show_place(watched[1].model_copy(update={"waiting_for": "a worker: none is there"}))
    assert board._progress.tasks[1].fields["phase"] == "no worker"


def test_columns_stand_still_where_a_name_is_escaped_or_wide() -> None:
    names = ("plain", "turned\u202eround", "日本語")
    jobs = [
        job(id=f"job_{number}" + "0" * 25, name=None).model_copy(update={"name": name})
        for number, name in enumerate(names)
    ]
    console = SafeConsole(file=io.StringIO(), width=200)
    board = PlainBoard(console, jobs)
    for watched in jobs:
        board.show(watched, EPOCH)
    lines = console.file.getvalue().splitlines()
    assert r"turned\u202eround" in lines[1]
    assert len({cell_len(line.partition("epoch 10/10")[0]) for line in lines}) == 1


def test_a_queued_job_says_once_what_it_waits_for() -> None:
    console = SafeConsole(file=io.StringIO(), width=200)
    waiting = job(position=4, waiting_for="its turn", estimated_start_at=NOW)
    PlainBoard(console, [waiting]).show(waiting, state("queued"))
    assert "queued: number 4, waits for its turn, to start about " in console.file.getvalue()


def comparison(**fields: Any) -> ComparisonDocument:
    return ComparisonDocument.model_validate(WHOLE).model_copy(update=fields)


def test_a_comparison_counts_seeds_or_runs() -> None:
    example = comparison()
    assert " seeds, " in _description(example)
    own = example.arms[-1].model_copy(update={"base_seed": 7})
    assert " runs of each arm, " in _description(comparison(arms=(*example.arms[:-1], own)))
    assert "pair" not in _description(example)


def test_a_comparisons_bar_never_goes_back_though_seeds_are_added() -> None:
    example = comparison(arms=tuple(arm.model_copy(update={"jobs": ()}) for arm in comparison().arms))
    with Client("http://127.0.0.1:1") as nobody:  # no job runs: none is asked about
        done = _Done(nobody)

        def look(**counts: int) -> float:
            states = {JobState(state): count for state, count in counts.items()}
            known = {"jobs": states, "pairs_planned": 20 // len(example.arms)}
            return done.look(
                example.model_copy(update={"progress": example.progress.model_copy(update=known)})
            )

        assert look(succeeded=10) == 0.5
        assert look(succeeded=9, running=1) == 0.5
        assert look(succeeded=10, queued=4) == 0.5
        assert look(succeeded=20) == 1.0
        assert done.time == "about 0:00 left"
