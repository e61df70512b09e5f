"""What was trained, before anything that is said of it."""

from collections.abc import Callable

from rich.markup import escape

from normlab.cli.display.output import out, table
from normlab.documents.comparisons import SetupDocument


def show_setup(setup: SetupDocument | None, title: Callable[[str], str] = str) -> None:
    """Write what is common once, then what differs by arm; nothing of a service that does not say it.

    ``title`` says what an arm is called here.
    """
    if setup is None:
        return
    common = table("setup", "all")
    for field, value in setup.common.items():
        common.add_row(field, escape(value))
    out.print(common)
    out.print()
    arms = list(next(iter(setup.by_arm.values()), {}))
    if not arms:
        return
    differing = table("what differs", *(escape(title(arm)) for arm in arms))
    for field, values in setup.by_arm.items():
        differing.add_row(field, *(escape(values[arm]) for arm in arms))
    out.print(differing)
    out.print()
