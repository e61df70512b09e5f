"""What the examples of the documentation have in common."""

from typing import Any

from pydantic import BaseModel

JOB_ID = "job_06m3k2v8q4t1x7zc5w9r0ydbne"
COMPARISON_ID = "cmp_06m3k3a1wz8p2h5v0c9d4r6tqe"
TRIAL_ID = "trl_06m3k3a1wz8p2h5v0c9d4r6tqe"
SWEEP_ID = "swp_06m3k3c7d2v9x4n1t8w5q0rbye"
MODEL_NAME = "shoes"
DATASET_NAME = "parts"
DATASET_ID = "ds_06m3k2v8q4t1x7zc5w9r0ydbne"

Examples = dict[type[BaseModel], list[dict[str, Any]]]
"""What the OpenAPI document shows of a schema."""
