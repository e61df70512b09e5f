"""What an operator can set: environment variables with the prefix ``NORMLAB_`` (or a ``.env`` file).

Nested ones have two underscores: ``NORMLAB_LIMITS__EPOCHS=500``.
"""

import os
import re
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

from platformdirs import user_data_path
from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from normlab.errors import SetupError
from normlab.spec.limits import DatasetLimits, Limits
from normlab.spec.nearest import did_you_mean

BROKER_SCHEMES = ("redis", "rediss", "redis+socket")


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite file, whose path may hold what means something in a URL: ``%2F``, ``?``, ``::``."""
    from sqlalchemy import URL  # noqa: PLC0415 - takes a quarter of a second, and the command line needs none

    return URL.create("sqlite", database=str(path)).render_as_string(hide_password=False)


def _root_path(path: str) -> str:
    path = path.rstrip("/")
    if path and not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+", path):
        raise ValueError("must be a path such as /normlab")
    return path


class Settings(BaseSettings):
    """All settings of the API, the worker and ``normlab up``, with what they are without any environment.

    Raises:
        SetupError: A setting cannot be used. The sentence names it and leaves its value out: it may be a password.
    """

    model_config = SettingsConfigDict(
        env_prefix="NORMLAB_",
        env_nested_delimiter="__",
        env_file=".env",
        extra="ignore",
        hide_input_in_errors=True,
    )

    data_dir: Path = Field(default_factory=lambda: user_data_path("normlab"))
    """Everything that is kept on this machine: database, artifacts, dataset files, checkpoints. `normlab up` makes a
    new one for its owner alone."""
    database_url: SecretStr | None = None
    """``postgresql://user:password@host/database`` or ``sqlite:////folder/normlab.db``. Without it: SQLite in the data
    folder. A pooler such as PgBouncer may stand before Postgres, in transaction mode, too; options behind ``?`` are
    libpq's, and ``prepare_threshold``, without which no statement is prepared."""
    broker_url: SecretStr | None = None
    """Redis URL. Without it: the private Redis of ``normlab up``, on a unix socket in the data folder."""
    artifacts_url: SecretStr | None = None
    """A folder or an fsspec URL (``s3://bucket/prefix``). Without it: ``artifacts`` in the data folder."""
    limits: Limits = Limits()
    """The largest job that is accepted."""
    dataset_limits: DatasetLimits = DatasetLimits()
    """The largest dataset that is accepted."""

    lease_seconds: PositiveFloat = 60
    """How long an attempt may stay silent before its job is given to another worker."""
    heartbeat_seconds: PositiveFloat = 5
    """How often an attempt renews its lease and learns of a cancellation."""
    maintenance_seconds: PositiveFloat = 10
    """How often each process looks for queued jobs that nobody was told of, and for expired leases."""
    max_attempts: PositiveInt = 3
    """After so many attempts that were lost the job fails as ``lost_worker``."""
    checkpoint_seconds: PositiveFloat = 10
    """Checkpoints are written at an epoch's end, and no more often than this."""

    hang_seconds: PositiveFloat = 60
    """A training that was told to stop and does not is ended with its process after so long. So is a process
    that gives no sign of life, so long after its lease has run out."""

    shutdown_grace_seconds: PositiveFloat = 45
    """A worker that was told to end has ended after so long, whatever its children do. Whoever kills it if it has not
    (``stop_grace_period`` in docker-compose.yml) must wait longer."""

    worker_processes: PositiveInt | None = None
    """Children of one worker. Without it: one for each core, or fewer where the memory does not suffice for so many."""
    jobs_per_child: PositiveInt = 50
    """A child is replaced by a fresh one after so many jobs."""
    child_memory_bytes: PositiveInt | None = None
    """A child that needs more of its own fails its job as ``out_of_memory``; libraries that all children share do not
    count. Without it: its share of what the machine, its control groups and its batch system allow (the formula is in
    ``worker/memory.py``)."""
    child_warm_bytes: PositiveInt | None = None
    """A child that holds more than this after a job, compiled programs and data, is replaced by a fresh one before its
    next job: a fraction of a second in which no job runs in it, and programs are compiled anew. Without it: 0.6 of what
    it may use."""
    worker_gpu: bool | None = None
    """Whether this worker takes jobs that ask for a GPU. Without it: if TensorFlow finds one."""

    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """Names by which the API is reached, separated by commas: ``lab.example.org,*.lab.example.org``; ``*`` for any.
    ``localhost``, addresses, and the name that it listens at need not be named."""
    root_path: Annotated[str, AfterValidator(_root_path)] = ""
    """The path below which a proxy offers the API, such as ``/normlab``."""
    max_body_bytes: PositiveInt = 2**20
    """Larger request bodies are refused with 413, but for those of predictions and datasets."""
    max_prediction_bytes: PositiveInt = 32 * 2**20
    """The same for bodies with images or numbers to classify."""
    max_dataset_bytes: PositiveInt = 2 * 2**30
    """The same for datasets that are added; they are streamed into the artifact store."""
    max_header_bytes: PositiveInt = 32 * 2**10
    """A longer request line with its headers is refused with 431."""
    max_headers: PositiveInt = 100
    """More headers are refused with 431."""
    header_seconds: PositiveFloat = 20
    """A client whose headers are not complete after so long is cut off."""
    stall_seconds: PositiveFloat = 30
    """So is one that sends nothing more of a body, or takes nothing more of an answer, for so long."""
    min_body_bytes_per_second: PositiveInt = 1024
    """So is one whose body comes more slowly than this, on the average after its first ``stall_seconds``."""
    max_instances: PositiveInt = 1024
    """The most images that one prediction request may carry."""
    max_image_pixels: PositiveInt = 16_000_000
    """Larger images are refused before they are decoded, but for JPEGs that can be decoded smaller (baseline)."""
    max_jpeg_pixels: PositiveInt = 256_000_000
    """Larger JPEGs are refused, too; a million pixels take about 5 ms to decode smaller."""
    max_request_pixels: PositiveInt = 64_000_000
    """So are images that have more together; a million take about 10 ms to decode."""
    model_cache_bytes: PositiveInt = 128 * 2**20
    """Loaded models are kept until their files add up to this."""
    kept_answer_bytes: PositiveInt = 64 * 2**20
    """Answers about comparisons, their charts, reports and bundles are kept until they add up to this, and given again
    as long as nothing has changed."""

    log_bytes: PositiveInt = 10 * 2**20
    """A log of ``normlab up`` that has grown to so much is set aside, and one that was set aside before is deleted."""

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise SetupError("\n".join(map(_sentence, error.errors()))) from None
        except SettingsError as error:
            raise SetupError(_not_json(error)) from None
        except (OSError, UnicodeDecodeError) as error:
            raise SetupError(f"The file .env cannot be read: {error}.") from None

    @field_validator("broker_url")
    @classmethod
    def _is_redis_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _is_broker_url(value.get_secret_value()):
            raise ValueError(
                f"should be a URL that begins with {', '.join(BROKER_SCHEMES[:-1])} or {BROKER_SCHEMES[-1]}, such as "
                "redis://:PASSWORD@HOST:6379/0, with @ : / ? # and % in a password as %40 %3A %2F %3F %23 and %25"
            )
        return value

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(name.strip() for name in value.split(",") if name.strip())
        return value

    @cached_property
    def resolved_database_url(self) -> str:
        """The database's SQLAlchemy URL."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return sqlite_url(self.data_dir.absolute() / "normlab.db")

    @cached_property
    def resolved_broker_url(self) -> str:
        """The broker's URL as Celery wants it."""
        if self.broker_url is not None:
            return self.broker_url.get_secret_value()
        socket = self.data_dir.absolute() / "redis" / "redis.sock"
        return f"redis+socket://{quote(os.fsencode(socket))}"

    @cached_property
    def resolved_artifacts_url(self) -> str:
        """The artifact store's fsspec URL or folder."""
        if self.artifacts_url is not None and (url := self.artifacts_url.get_secret_value()):
            return url
        return str(self.data_dir.absolute() / "artifacts")

    @property
    def datasets_dir(self) -> Path:
        """Where dataset files are looked for first and downloaded to."""
        return self.data_dir / "datasets"

    @property
    def checkpoints_dir(self) -> Path:
        """Where running attempts keep their checkpoints, a folder for each job."""
        return self.data_dir / "checkpoints"


def _is_broker_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # its message has a part of the URL, which may be the password's
        return False
    if parts.scheme not in BROKER_SCHEMES or port == 0:
        return False
    place = parts.path if parts.scheme.endswith("socket") else parts.hostname
    return bool(place) and "@" not in parts.path + parts.query + parts.fragment


_NOT_JSON = (
    "should be an object in JSON; it is easier to set its parts alone, as in NORMLAB_LIMITS__EPOCHS=500"
)


def _not_json(error: SettingsError) -> str:
    """Of a setting that has others in it: pydantic names the field, and not the variable that people set."""
    field = re.search(r'field "(\w+)"', str(error))
    return f"{error}." if field is None else f"NORMLAB_{field[1].upper()}: {_NOT_JSON}."


_OF_GROUPS: dict[Any, type[BaseModel]] = {"limits": Limits, "dataset_limits": DatasetLimits}
"""The settings that have others in them."""


def _sentence(error: Any) -> str:
    """What is wrong with a setting, without its value."""
    name = "__".join(str(part) for part in error["loc"]).upper()
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        message = (
            f"is not known here{did_you_mean(error['loc'][-1], _OF_GROUPS[error['loc'][0]].model_fields)}"
        )
    elif error["type"] == "model_type":
        message = _NOT_JSON
    elif message.startswith("Input should be "):
        message = message.removeprefix("Input ").partition(", unable to")[0]
    return f"NORMLAB_{name}: {message}."
