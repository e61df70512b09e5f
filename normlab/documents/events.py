"""What the events of jobs, comparisons and sweeps tell."""

from enum import StrEnum


class EventKind(StrEnum):
    """What an event tells: ``event:`` in a stream. The database keeps all but ``PROGRESS`` and ``END``."""

    STATE = "state"
    """The job, comparison or sweep has changed its state."""
    PROGRESS = "progress"
    """Of a job that runs: where it is. It has no number, since only the newest is told."""
    EPOCH = "epoch"
    """Of a job: the numbers of one epoch."""
    MEASURED = "measured"
    """Of a job: probes have measured, up to this epoch and step; the numbers are in the job's ``probes``. A newer one
    takes its place."""
    WARNING = "warning"
    """Of a job: something went wrong that did not end it."""
    JOB = "job"
    """Of a comparison or sweep: one of its jobs has ended."""
    PAIR = "pair"
    """Of a comparison: all jobs of a seed have ended."""
    REPLICATES = "replicates"
    """Of a comparison: jobs for further seeds were made."""
    POINT = "point"
    """Of a sweep: all jobs of a point have ended."""
    POINTS = "points"
    """Of a sweep: jobs for further points were made."""
    END = "end"
    """The last event of a stream: nothing can follow."""
