"""Settings of a trial in words."""

from typing import Any, Protocol


class AnySetting(Protocol):
    """A setting, wherever it is from."""

    @property
    def pointer(self) -> str:
        """Into a job's spec."""

    @property
    def value(self) -> Any:
        """What stands there, or what it is multiplied by."""

    @property
    def times(self) -> bool:
        """Whether it is multiplied."""


def words_of(setting: AnySetting) -> str:
    """Such as ``batch_size 2`` and ``10 times the learning_rate``."""
    name = setting.pointer.rpartition("/")[2]
    return f"{setting.value} times the {name}" if setting.times else f"{name} {setting.value}"
