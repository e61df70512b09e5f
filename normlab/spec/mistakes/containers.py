"""Values that should be objects, lists or texts, and are none, or have too much or too little in them."""

import re

from normlab.spec.mistakes.names import layer_named
from normlab.spec.mistakes.value_habits import FORMS
from normlab.spec.mistakes.wrong import Wrong, is_number
from normlab.spec.shown import quoted, shown

LISTS = ("layers", "shortcut", "branches", "arms")
"""Keys of lists of objects."""
_PENALTIES = {"l1": '{"l1": 0.01}', "l2": '{"l2": 0.01}', "l1_l2": '{"l1": 0.01, "l2": 0.01}'}
"""Keras's short names for penalties, and what they are."""
_PAIRS = ("kernel_size", "strides", "dilation_rate", "pool_size")
"""Keys of two numbers, for which one may stand."""
_NUMBERS = (*_PAIRS, "target_shape", "epochs")
"""Keys of lists of numbers."""


def no_object(wrong: Wrong) -> str:
    """Something else where an object should be."""
    given, key = wrong.given, wrong.key
    if key == "architecture" and isinstance(given, list | tuple):
        return 'should be an object: write "architecture": {"layers": […]}, with this list in it'
    if key == "early_stopping" and given is False:
        return "should be an object, or left out for training without it"
    written = None
    if key.endswith("_regularizer") and is_number(given):
        written = f'{{"l2": {shown(given)}}}'
    elif key.endswith("_regularizer") and str(given).lower() in _PENALTIES:
        written = _PENALTIES[str(given).lower()]
    elif key == "layers" and isinstance(given, str):
        written = f'{{"type": {quoted(layer_named(given) or given)}}}'
    elif key == "arms" and isinstance(given, str):
        written = f'{{"name": {quoted(given)}, "spec": {{"architecture": {quoted(given)}}}}}'
    elif key == "spec" and isinstance(given, str):
        written = f'{{"architecture": {quoted(given)}}}'
    elif key == "resources" and isinstance(given, str):
        written = f'{{"device": {quoted(given)}}}'
    if written is not None:
        return f"should be an object: {written}"
    place = wrong.location.place
    form = FORMS.get(key or (place.model.__name__ if place else ""))
    such = "" if form is None else f" such as {form}"
    return f"should be an object{such}, not {shown(given)}"


def no_list(wrong: Wrong) -> str:
    """Something else where a list should be."""
    given, key = wrong.given, wrong.key
    if key in _NUMBERS and isinstance(given, str) and (sizes := re.findall(r"\d+", given)):
        return f"should be {_sizes(key, sizes)}, not {shown(given)}"
    if key in LISTS and isinstance(given, dict):
        return f"should be a list: [{FORMS[key]}, …]"
    if isinstance(given, str) or is_number(given):
        return f"should be a list: [{shown(given)}]"
    return f"should be a list, not {shown(given)}"


def _sizes(key: str, sizes: list[str]) -> str:
    if key in _PAIRS and len(set(sizes)) == 1:
        return f"[{sizes[0]}, {sizes[0]}], or {sizes[0]} for both"
    return f"[{', '.join(sizes)}]"


def wrong_length(wrong: Wrong) -> str:
    """A list or a text that is too long or too short."""
    if wrong.key in _PAIRS and not wrong.in_list:
        return f"should be two numbers, or one for both, not {shown(wrong.given)}"
    is_long = "long" in wrong.kind
    number = wrong.context["max_length" if is_long else "min_length"]
    things = "character" if "string" in wrong.kind else "item"
    plural = "" if number == 1 else "s"
    return f"should have {'at most' if is_long else 'at least'} {number} {things}{plural}, not {len(wrong.given)}"
