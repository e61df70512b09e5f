"""Whether the learning rates of a run depend on how long it will be."""

from normlab.spec.job import JobSpec


def depends_on_length(spec: JobSpec, epochs: int) -> bool:
    """Whether a run of so many epochs is another one than the beginning of the spec's: looked at where each epoch
    begins, in its middle and where it ends."""
    schedule, steps = spec.training.learning_rate_schedule, spec.steps_per_epoch
    return any(
        schedule.at(epoch, step, steps, epochs) != schedule.at(epoch, step, steps, spec.training.epochs)
        for epoch in range(1, epochs + 1)
        for step in {0, steps // 2, steps - 1}
    )
