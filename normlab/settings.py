"""What an operator can set: environment variables with the prefix ``NORMLAB_`` (or a ``.env`` file).

Nested ones have two underscores: ``NORMLAB_LIMITS__EPOCHS=500``.
"""

from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from platformdirs import user_data_path
from pydantic import Field, PositiveFloat, PositiveInt, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from normlab.spec.limits import Limits


class Settings(BaseSettings):
    """All settings of the API, the worker and ``normlab up``, with what they are without any environment."""

    model_config = SettingsConfigDict(
        env_prefix="NORMLAB_",
        env_nested_delimiter="__",
        env_file=".env",
        extra="ignore",
        use_attribute_docstrings=True,
    )

    data_dir: Path = Field(default_factory=lambda: user_data_path("normlab"))
    """Everything that is kept on this machine: database, artifacts, dataset files, checkpoints."""
    database_url: SecretStr | None = None
    """SQLAlchemy URL. Without it: SQLite in the data folder."""
    broker_url: SecretStr | None = None
    """Redis URL. Without it: the private Redis of ``normlab up``, on a unix socket in the data folder."""
    artifacts_url: str | None = None
    """A folder or an fsspec URL (``s3://bucket/prefix``). Without it: ``artifacts`` in the data folder."""
    limits: Limits = Limits()
    """The largest job that is accepted."""

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
    """Children of one worker. Without it: as many as there are cores."""
    jobs_per_child: PositiveInt = 50
    """A child is replaced by a fresh one after so many jobs."""
    child_memory_bytes: PositiveInt | None = None
    """A child that needs more fails its job as ``out_of_memory``. Without it: its share of the machine's memory."""
    worker_gpu: bool | None = None
    """Whether this worker takes jobs that ask for a GPU. Without it: if TensorFlow finds one."""
    max_body_bytes: PositiveInt = 32 * 2**20
    """Larger request bodies are refused with 413."""
    max_instances: PositiveInt = 1024
    """The most images that one prediction request may carry."""
    max_image_pixels: PositiveInt = 16_000_000
    """Larger images are refused before they are decoded."""
    model_cache_bytes: PositiveInt = 128 * 2**20
    """Loaded models are kept until their files add up to this."""

    @cached_property
    def resolved_database_url(self) -> str:
        """The database's SQLAlchemy URL."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data_dir.absolute() / 'normlab.db'}"

    @cached_property
    def resolved_broker_url(self) -> str:
        """The broker's URL as Celery wants it."""
        if self.broker_url is not None:
            return self.broker_url.get_secret_value()
        socket = self.data_dir.absolute() / "redis" / "redis.sock"
        return f"redis+socket://{quote(str(socket))}"

    @cached_property
    def resolved_artifacts_url(self) -> str:
        """The artifact store's fsspec URL or folder."""
        return self.artifacts_url or str(self.data_dir.absolute() / "artifacts")

    @property
    def datasets_dir(self) -> Path:
        """Where dataset files are looked for first and downloaded to."""
        return self.data_dir / "datasets"

    @property
    def checkpoints_dir(self) -> Path:
        """Where running attempts keep their checkpoints, a folder for each job."""
        return self.data_dir / "checkpoints"
