"""Jobs, their metrics, events and artifacts, comparisons, sweeps: in SQLite or Postgres, and in a folder or a bucket.

Functions take a ``Session`` first; ``Database.read()`` and ``Database.write()`` give one::

    with database.write() as session:
        job = jobs.create(session, spec)
"""

from normlab.documents.events import EventKind
from normlab.documents.states import (
    DatasetState,
    FailureCode,
    JobState,
    ModelChangeKind,
    StudyState,
    StudyStopReason,
    WarningCode,
)
from normlab.spec.export_formats import ArtifactKind
from normlab.store.artifact_store import ArtifactStore
from normlab.store.artifacts import Artifact
from normlab.store.availability import is_unavailable, why_unavailable
from normlab.store.comparisons.tables import Comparison, ComparisonArm, ComparisonEvent, ComparisonJob
from normlab.store.database import Database
from normlab.store.datasets.tables import DatasetFile, DatasetUse, DatasetVersion, NamedDataset
from normlab.store.evaluations import Evaluation
from normlab.store.format_requests import FormatRequest
from normlab.store.idempotency import IdempotencyKey
from normlab.store.jobs.tables import Epoch, Event, Job
from normlab.store.measurements import Measurement
from normlab.store.models.tables import ModelChange, ModelVersion, NamedModel
from normlab.store.robustness import Robustness
from normlab.store.sweeps.tables import Sweep, SweepArm, SweepEvent, SweepJob, SweepPoint
from normlab.store.trials.tables import Trial, TrialEvent, TrialJob

__all__ = [
    "Artifact",
    "ArtifactKind",
    "ArtifactStore",
    "Comparison",
    "ComparisonArm",
    "ComparisonEvent",
    "ComparisonJob",
    "Database",
    "DatasetFile",
    "DatasetState",
    "DatasetUse",
    "DatasetVersion",
    "Epoch",
    "Evaluation",
    "Event",
    "EventKind",
    "FailureCode",
    "FormatRequest",
    "IdempotencyKey",
    "Job",
    "JobState",
    "Measurement",
    "ModelChange",
    "ModelChangeKind",
    "ModelVersion",
    "NamedDataset",
    "NamedModel",
    "Robustness",
    "StudyState",
    "StudyStopReason",
    "Sweep",
    "SweepArm",
    "SweepEvent",
    "SweepJob",
    "SweepPoint",
    "Trial",
    "TrialEvent",
    "TrialJob",
    "WarningCode",
    "is_unavailable",
    "why_unavailable",
]
