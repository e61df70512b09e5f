"""What is said about a value that may not stand behind its key: how it is written here."""

from collections.abc import Callable

from pydantic_core import ErrorDetails

from normlab.spec.mistakes.containers import LISTS, no_list, no_object, wrong_length
from normlab.spec.mistakes.names import no_kind, no_such_name
from normlab.spec.mistakes.numbers import no_flag, no_integer, no_number, not_finite, too_large
from normlab.spec.mistakes.places import Location
from normlab.spec.mistakes.value_habits import FORMS
from normlab.spec.mistakes.wrong import Wrong
from normlab.spec.shown import shown


def wrong_value(detail: ErrorDetails, location: Location, body: object) -> str:
    """The sentence about one of pydantic's findings that is not about an unknown key."""
    kind, message = detail["type"], detail["msg"]
    wrong = Wrong(kind, message, detail.get("ctx", {}), detail["input"], location, body)
    if kind in _SENTENCES:
        return _SENTENCES[kind](wrong)
    bound = message.removeprefix("Input should be ").removeprefix("Value should ")
    return message if bound == message else f"should be {bound}, not {shown(wrong.given)}"


def _missing(wrong: Wrong) -> str:
    if wrong.key not in FORMS:
        return "is required"
    return (
        f"is required: [{FORMS[wrong.key]}, …]" if wrong.key in LISTS else f"is required: {FORMS[wrong.key]}"
    )


def _no_text(wrong: Wrong) -> str:
    return f"should be a string, not {shown(wrong.given)}{wrong.or_default}"


def _no_unicode(_: Wrong) -> str:
    return "should be text; it holds half of a surrogate pair, which is no character"


def _not_fitting(wrong: Wrong) -> str:
    return f"should be a text that fits {wrong.context['pattern']}, not {shown(wrong.given)}"


def _in_our_words(wrong: Wrong) -> str:
    return str(wrong.context["error"])


_SENTENCES: dict[str, Callable[[Wrong], str]] = {
    "missing": _missing,
    "value_error": _in_our_words,
    "union_tag_not_found": no_kind,
    **dict.fromkeys(("union_tag_invalid", "enum", "literal_error"), no_such_name),
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type"), no_object),
    **dict.fromkeys(("tuple_type", "list_type"), no_list),
    **dict.fromkeys(("too_long", "too_short", "string_too_long", "string_too_short"), wrong_length),
    **dict.fromkeys(("int_type", "int_from_float", "int_parsing", "int_parsing_size"), no_integer),
    **dict.fromkeys(("float_type", "float_parsing"), no_number),
    "finite_number": not_finite,
    **dict.fromkeys(("bool_type", "bool_parsing"), no_flag),
    **dict.fromkeys(("less_than", "less_than_equal"), too_large),
    "string_type": _no_text,
    "string_unicode": _no_unicode,
    "string_pattern_mismatch": _not_fitting,
}
"""By pydantic's name for the mistake; what is not here is about the bounds of numbers."""
