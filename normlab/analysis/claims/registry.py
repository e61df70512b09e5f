"""All claims that are known: each is a module of ``known`` with a ``CLAIM``, found by itself."""

import pkgutil
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module

from normlab.analysis.claims import known
from normlab.analysis.claims.claim import Claim


@cache
def all_claims() -> Mapping[str, Claim]:
    """Every claim by its name, in the order of the names."""
    modules = [
        import_module(f"{known.__name__}.{found.name}") for found in pkgutil.iter_modules(known.__path__)
    ]
    claims: list[Claim] = [module.CLAIM for module in modules]
    return {claim.name: claim for claim in claims}


def named(names: Sequence[str]) -> tuple[Claim, ...]:
    """The claims of these names, in the order of the registry.

    Raises ``KeyError`` for a name that is not known.
    """
    claims = all_claims()
    for name in names:
        claims[name]
    return tuple(claim for name, claim in claims.items() if name in names)
