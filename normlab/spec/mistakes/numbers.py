"""Values that should be numbers or flags, and are none, or beyond a bound."""

import json
import math
from collections.abc import Callable

from normlab.spec.mistakes.samples import samples
from normlab.spec.mistakes.wrong import Wrong, is_number
from normlab.spec.shown import shown

_FLAGS = {
    **dict.fromkeys(("true", "yes", "on", "1"), "true"),
    **dict.fromkeys(("false", "no", "off", "0"), "false"),
}


def no_integer(wrong: Wrong) -> str:
    """Something else where a whole number should be."""
    given = wrong.given
    if wrong.key == "seed" and isinstance(given, list):
        return "should be one whole number: a comparison trains with several seeds, POST /comparisons"
    sentence = f"should be a whole number, not {shown(given)}"
    if wrong.key == "validation_samples" and isinstance(given, float) and 0 < given < 1:
        return f"{sentence}: {samples(given, wrong.body)}"
    if isinstance(given, float) and given.is_integer():
        return f"{sentence}: {int(given)}, without a point"
    return f"{sentence}{_unquoted(given, int)}{wrong.or_default}"


def no_number(wrong: Wrong) -> str:
    """Something else where a number should be."""
    hint = _unquoted(wrong.given, float)
    if wrong.key == "learning_rate" and isinstance(wrong.given, str | dict | list) and not hint:
        return f'should be a number, not {shown(wrong.given)}; how it changes is "learning_rate_schedule"'
    return f"should be a number, not {shown(wrong.given)}{hint}{wrong.or_default}"


def not_finite(wrong: Wrong) -> str:
    """NaN or an infinity."""
    return f"should be a finite number, not {shown(wrong.given)}"


def no_flag(wrong: Wrong) -> str:
    """Something else where true or false should be."""
    flag = _FLAGS.get(str(wrong.given).strip().lower())
    hint = "" if flag is None else f": {flag}"
    if hint and isinstance(wrong.given, str):
        hint += ", without quotes"
    return f"should be true or false, not {shown(wrong.given)}{hint}{wrong.or_default}"


def too_large(wrong: Wrong) -> str:
    """A number above its bound."""
    bound = wrong.context.get("lt", wrong.context.get("le"))
    sentence = f"should be {wrong.message.removeprefix('Input should be ')}, not {shown(wrong.given)}"
    if bound is not None and 0.99 < bound <= 1 and is_number(wrong.given) and 1 < wrong.given <= 100:
        return f"{sentence}: {wrong.given:g} % is {shown(wrong.given / 100)}"
    return sentence


def _unquoted(given: object, number: Callable[[str], float]) -> str:
    """The number that stands in quotes, if one does."""
    if not isinstance(given, str):
        return ""
    text = given.strip()
    try:
        value = float(text[:-1]) / 100 if text.endswith("%") else number(text)
    except ValueError:
        return ""
    return f": {json.dumps(value)}, without quotes" if math.isfinite(value) else ""
