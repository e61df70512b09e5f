"""What may be asked for: job specs, presets, datasets, and how large a job is. No TensorFlow here.

>>> from normlab.spec import estimate, parse_job_spec
>>> spec = parse_job_spec({"architecture": "baseline"})
>>> estimate(spec).parameters
266610
"""

from normlab.spec.architecture import Architecture, preset_layers
from normlab.spec.dataset_content import DatasetContent, DatasetFacts
from normlab.spec.dataset_lookup import NO_DATASETS, Datasets, UploadedDataset, no_such_dataset
from normlab.spec.dataset_spec import DatasetSpec
from normlab.spec.datasets import DATASETS, DatasetInfo, DatasetName
from normlab.spec.estimate import Estimate, LayerEstimate, estimate
from normlab.spec.job import Device, JobSpec, Resources
from normlab.spec.learning import learning_warnings
from normlab.spec.limits import Limits
from normlab.spec.parse import parse_job_spec
from normlab.spec.plan import PlannedLayer, plan, plan_job
from normlab.spec.presets import PRESETS, Preset
from normlab.spec.training import EarlyStopping, Precision, TrainingSpec

__all__ = [
    "DATASETS",
    "NO_DATASETS",
    "PRESETS",
    "Architecture",
    "DatasetContent",
    "DatasetFacts",
    "DatasetInfo",
    "DatasetName",
    "DatasetSpec",
    "Datasets",
    "Device",
    "EarlyStopping",
    "Estimate",
    "JobSpec",
    "LayerEstimate",
    "Limits",
    "PlannedLayer",
    "Precision",
    "Preset",
    "Resources",
    "TrainingSpec",
    "UploadedDataset",
    "estimate",
    "learning_warnings",
    "no_such_dataset",
    "parse_job_spec",
    "plan",
    "plan_job",
    "preset_layers",
]
