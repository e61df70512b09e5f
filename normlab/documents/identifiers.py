"""How ids and names look."""

JOB_ID_PATTERN = r"job_[0-9a-z]{26}"
COMPARISON_ID_PATTERN = r"cmp_[0-9a-z]{26}"
TRIAL_ID_PATTERN = r"trl_[0-9a-z]{26}"
SWEEP_ID_PATTERN = r"swp_[0-9a-z]{26}"
MODEL_NAME_PATTERN = r"(?!job_)[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
"""A name like a job's id would be mistaken for one."""
DATASET_ID_PATTERN = r"ds_[0-9a-z]{26}"

ID_PART_PATTERN = r"[a-z]{3}_[0-9a-z]{1,26}|[0-9a-z]{1,26}"
"""A part of an id that lists can be asked for: its beginning, with the prefix or without, or its end."""
