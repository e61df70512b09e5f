"""A value that may not stand where it stands, with all that helps to say why."""

from dataclasses import dataclass
from typing import Any, TypeGuard

from normlab.spec.blocks import LAYER_LISTS
from normlab.spec.mistakes.places import Location


@dataclass(frozen=True)
class Wrong:
    """One of pydantic's findings about a value."""

    kind: str
    """pydantic's name for the mistake, such as ``int_type``."""
    message: str
    """pydantic's sentence."""
    context: dict[str, Any]
    given: Any
    location: Location
    body: object

    @property
    def key(self) -> str:
        """The key that the value, or the list that it is in, stands behind; empty for the whole. ``layers`` for a
        layer wherever it stands."""
        key = next((part for part in reversed(self.location.parts) if isinstance(part, str)), "")
        return "layers" if self.in_list and key in LAYER_LISTS else key

    @property
    def in_list(self) -> bool:
        """Whether it is one of a list's."""
        return bool(self.location.parts) and isinstance(self.location.parts[-1], int)

    @property
    def or_default(self) -> str:
        """For a null where the key may be left out: that it may."""
        place = self.location.place
        field = None if place is None or self.in_list else place.model.model_fields.get(self.key)
        if self.given is not None or field is None or field.is_required():
            return ""
        return "; leave it out for the default"


def is_number(value: object) -> TypeGuard[float]:
    """A number that is not a flag, which Python takes for one."""
    return isinstance(value, int | float) and not isinstance(value, bool)
