"""Where a job was trained, and the checksums of what went into it. Fields of a newer version are kept as attributes."""

from pydantic import ConfigDict, Field

from normlab.documents.base import Document


class MachineLoad(Document):
    """How busy the machine was while the network trained. Null where the system does not tell, or for a short run."""

    model_config = ConfigDict(extra="allow")

    core_share: float | None = Field(
        default=None,
        description="Of the time in which the process had work, the part in which it ran, 0 to 1. The rest it waited "
        "for a core.",
    )
    busy_beside: float | None = Field(
        default=None, description="Of the machine's whole time, the part that others used, 0 to 1."
    )
    cpu_seconds: float | None = Field(
        default=None,
        description="Processor time of training and evaluating, not of probing, added up over the threads.",
    )
    load_average_start: float | None = Field(
        default=None,
        description="Processes that ran or wanted to, over the minute before the training began.",
    )
    load_average_end: float | None = Field(default=None, description="The same at its end.")


class JobEnvironment(Document):
    """Where a job was trained. A field that its version of Normlab did not record is null."""

    model_config = ConfigDict(extra="allow")

    normlab: str | None = Field(default=None, description="Version.")
    tensorflow: str | None = Field(default=None, description="Version.")
    keras: str | None = Field(default=None, description="Version.")
    numpy: str | None = Field(default=None, description="Version.")
    python: str | None = Field(default=None, description="Version.")
    platform: str | None = Field(default=None, description="The operating system.")
    machine: str | None = Field(default=None, description="The processor's architecture, such as `x86_64`.")
    device: str | None = Field(default=None, description="`cpu` or `gpu`.")
    device_name: str | None = Field(default=None, description="The processor's own name.")
    device_memory_peak_bytes: int | None = Field(default=None, description="Of a GPU.")
    cores: int | None = Field(default=None, description="Of the machine.")
    intra_op_threads: int | None = Field(default=None, description="Threads in one operation.")
    inter_op_threads: int | None = Field(default=None, description="Operations beside each other.")
    library_settings: dict[str, str] | None = Field(
        default=None,
        description="Variables of the process by which oneDNN, XLA and TensorFlow compute otherwise, such as "
        "`ONEDNN_MAX_CPU_ISA`: those that are set.",
    )
    executor: str | None = Field(default=None, description="How the training program was compiled.")
    precision: str | None = Field(default=None, description="Keras's policy, such as `float32`.")
    load: MachineLoad | None = None


class JobDigests(Document):
    """SHA-256 checksums that prove what was the same between two runs."""

    model_config = ConfigDict(extra="allow")

    spec: str | None = Field(default=None, description="Of the job spec: `spec_digest` when it was trained.")
    dataset: str | None = Field(default=None, description="Of the dataset's files.")
    data_order: str | None = Field(default=None, description="Of the order of the training samples.")
    probe_batch: str | None = Field(
        default=None, description="Of the numbers of the samples that probes look at."
    )
    initial_kernels: dict[str, str] | None = Field(
        default=None, description="Of the kernels at the start, by layer."
    )
    final_weights: str | None = Field(default=None, description="Of all weights at the end.")
