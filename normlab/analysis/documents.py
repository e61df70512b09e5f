"""Results as plain JSON."""

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

import numpy as np


def to_plain(value: Any) -> Any:
    """A result (dataclasses, enums, tuples, arrays, numbers) as plain JSON. A number that is not finite is
    null."""
    match value:
        case Enum():
            return value.value
        case bool() | np.bool_():
            return bool(value)
        case float() | np.floating():
            return float(value) if math.isfinite(value) else None
        case np.integer():
            return int(value)
        case Mapping():
            return {str(key): to_plain(inner) for key, inner in value.items()}
        case list() | tuple() | np.ndarray():
            if hasattr(value, "_asdict"):
                return to_plain(value._asdict())
            return [to_plain(inner) for inner in value]
    if is_dataclass(value):
        return {field.name: to_plain(getattr(value, field.name)) for field in fields(value)}
    return value
