"""The legal transitions between the states of a job."""

from normlab.documents.states import JobState

LEGAL_TRANSITIONS: dict[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.CANCELLED}),
    JobState.RUNNING: frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED, JobState.QUEUED}),
    JobState.SUCCEEDED: frozenset(),
    JobState.FAILED: frozenset({JobState.QUEUED}),
    JobState.CANCELLED: frozenset({JobState.QUEUED}),
}
"""From each state, the states that may follow it."""


def sources(state: JobState) -> frozenset[JobState]:
    """The states from which ``state`` may be reached."""
    return frozenset(before for before, after in LEGAL_TRANSITIONS.items() if state in after)
