"""JSON as the database's columns hold it."""

from typing import Any

import orjson


def to_json(value: Any) -> str:
    """A document as text; NaN becomes null, since JSON has no NaN and Postgres refuses it."""
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY).decode()
