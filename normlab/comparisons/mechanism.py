"""What differs inside the networks that a comparison has trained."""

from itertools import combinations
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from normlab.analysis.mechanism.quantities import PROBES_COMPARED
from normlab.comparisons.runs import ComparedRuns
from normlab.errors import SpecError
from normlab.spec import parse_job_spec
from normlab.spec.measurements import Measured
from normlab.store import measurements

if TYPE_CHECKING:
    from normlab.analysis import MeasuredRun, Mechanism, RunRecord

MAX_ARMS = 4
"""Of more arms only the pairs with the first one are compared inside: all pairs would be a hundred pages."""


def mechanisms(session: Session, runs: ComparedRuns) -> tuple["Mechanism", ...]:
    """For each pair of arms what differs inside, by the runs that have succeeded so far; nothing where no run was
    measured."""
    from normlab.analysis import compare_mechanisms  # noqa: PLC0415 - scipy takes seconds

    job_ids = [run.job for group in runs.arms.values() for run in group]
    rows = measurements.rows_of_jobs(session, job_ids, PROBES_COMPARED)
    if not any(rows.values()):
        return ()
    measured = {
        job_id: [Measured(r.step, r.epoch, r.probe, r.layer, r.statistic, r.value) for r in found]
        for job_id, found in rows.items()
    }
    arms = {name: [_measured(run, measured[run.job]) for run in group] for name, group in runs.arms.items()}
    pairs = [*combinations(arms, 2)]
    if len(arms) > MAX_ARMS:
        pairs = [pair for pair in pairs if pair[0] == next(iter(arms))]
    return tuple(
        compare_mechanisms(
            {a: arms[a], b: arms[b]}, confidence=runs.question.confidence, comparisons=len(pairs)
        )
        for a, b in pairs
    )


def why_none(runs: ComparedRuns) -> str:
    """Why a comparison has no mechanisms, in words."""
    if not any(runs.arms.values()):
        return "No run of this comparison has succeeded so far."
    return (
        'No run of this comparison was measured inside. Runs are measured where the spec has "probes" at "standard"; '
        'those that were trained without are trained anew with "reuse" at false (in a terminal --fresh).'
    )


def _measured(run: "RunRecord", measured: list[Measured]) -> "MeasuredRun":
    from normlab.analysis import MeasuredRun  # noqa: PLC0415 - scipy takes seconds

    try:
        spec = parse_job_spec(dict(run.spec))
    except (
        SpecError
    ):  # of another version: what it measured at the ends of epochs cannot be told from the rest
        return MeasuredRun(run.pair_number or 0, 0, ())
    return MeasuredRun(run.pair_number or 0, spec.steps_per_epoch, measured)
