"""Values that should be one of some names: activations, initializers, kinds of layers, …"""

import re
from collections.abc import Sequence

from normlab.spec.blocks import BLOCKS
from normlab.spec.fields import Activation
from normlab.spec.layers import LAYERS
from normlab.spec.mistakes.rows import Rows
from normlab.spec.mistakes.samples import samples
from normlab.spec.mistakes.value_habits import FORMS, OWN_DATASET, RENAMED_VALUES, SENTENCES
from normlab.spec.mistakes.wrong import Wrong, is_number
from normlab.spec.nearest import did_you_mean, nearest, respelled
from normlab.spec.shown import listed, quoted, shown

_RENAMED = {table: Rows(rows) for table, rows in RENAMED_VALUES.items()}
_SENTENCES = {table: Rows(rows) for table, rows in SENTENCES.items()}
_NO_ROWS = Rows({})
_OR = {"dataset": f"; {OWN_DATASET}"}
"""What can be done beside taking one of the names, by table."""
_MODULES = re.compile(
    r"^(?:(?:tf|torch|keras|nn|layers|optim|lr_scheduler|F|functional|activations|optimizers)\.)+"
)
"""Before a name in Python."""
_TAGS = ("type", "name", "kind", "layer", "class_name", "class", "optimizer", "op")
"""Keys by which others say of which kind an object is."""


def bare(name: str) -> str:
    """A name without what stands around it in Python: ``torch.nn.ReLU()`` is ``ReLU``."""
    return _MODULES.sub("", name).removesuffix("()")


def layer_named(name: str) -> str | None:
    """The kind of layer that a name elsewhere means."""
    return _RENAMED["layers"].of(bare(name)) or nearest(bare(name), [*LAYERS, *BLOCKS])


def no_such_name(wrong: Wrong) -> str:
    """A value that is none of the names that are known."""
    expected = str(wrong.context.get("expected_tags") or wrong.context.get("expected"))
    names = [part.strip().strip("'") for part in expected.replace(" or ", ", ").split(",")]
    given = wrong.context.get("tag", wrong.given)
    if wrong.key == "validation_split" and is_number(given):
        return f"says which samples, first or random; how many is a number: {samples(given, wrong.body)}"
    if not isinstance(given, str | int | float):
        return f"should be {listed(names, 'or')}, not {shown(given)}{wrong.or_default}"
    return not_known(given, names, _table_of(wrong))


def not_known(given: str | float, names: Sequence[str], table: str) -> str:
    """What is said about a name that is none of ``names``; ``table`` is what the tables of habits call these."""
    name = bare(given if isinstance(given, str) else shown(given))
    if (sentence := _SENTENCES.get(table, _NO_ROWS).of(name)) is not None:
        return f"{shown(given)} {sentence}"
    if (here := _RENAMED.get(table, _NO_ROWS).of(name)) in names:
        return f"{shown(given)} is called {quoted(str(here))} here"
    if (here := respelled(name, names)) is not None:
        return f"{shown(given)} is written {quoted(here)} here"
    if table == "layers":
        function = respelled(name, Activation) or _RENAMED["activation"].of(name)
        if function is not None:
            layer = f'{{"type": "activation", "activation": {quoted(str(function))}}}'
            return f"{shown(given)} is an activation: write {layer}"
    hint = did_you_mean(name, names)
    return (
        f"{shown(given)} is not known here{hint}; it should be one of {', '.join(names)}{_OR.get(table, '')}"
    )


def _table_of(wrong: Wrong) -> str:
    """The tables' name for what is asked for: ``optimizer`` also for the ``name`` in it."""
    if wrong.key == "name" and len(wrong.location.parts) > 1:
        return str(wrong.location.parts[-2])
    return wrong.key


def no_kind(wrong: Wrong) -> str:
    """An object without the key that says of which kind it is."""
    tag = str(wrong.context["discriminator"]).strip("'")
    given = wrong.given if isinstance(wrong.given, dict) else {}
    for other in _TAGS:
        if other != tag and isinstance(given.get(other), str):
            name = layer_named(given[other]) if wrong.key == "layers" else None
            written = f"{{{quoted(tag)}: {quoted(name or given[other])}, …}}"
            return f"should have {quoted(tag)}, not {quoted(other)}: {written}"
    if len(given) == 1 and wrong.key == "layers":
        (name, inside), *_ = given.items()
        if (known := layer_named(str(name))) is not None:
            options = ", …" if inside else ""
            return f'should have "type": {{"type": {quoted(known)}{options}}}'
    if wrong.key == "layers":
        return f"should have {quoted(tag)}, as in {FORMS['layers']}"
    default = {"optimizer": "sgd", "loss": "cross_entropy", "learning_rate_schedule": "cosine"}.get(
        wrong.key, "…"
    )
    return f"should have {quoted(tag)}, as in {{{quoted(tag)}: {quoted(default)}, …}}"
