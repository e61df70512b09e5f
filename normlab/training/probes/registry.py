"""The classes of the probes that ``normlab.spec.probes`` lists: each in the module of its family, found by its name."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from inspect import isclass

from normlab.spec.probes.info import Family
from normlab.training.probes.base import Probe


@cache
def probe_classes() -> Mapping[str, type[Probe]]:
    """Every probe's class by its name."""
    modules = [import_module(f"{__package__}.{family}") for family in Family]
    found = [each for module in modules for each in vars(module).values() if isclass(each)]
    return {each.name: each for each in found if issubclass(each, Probe) and each is not Probe}
