"""The examples in docstrings run, as ``python -m doctest`` would run them, and do what they say."""

import doctest
import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from normlab.local.service import LocalService

ROOT = Path(__file__).parents[1]
MODULES = sorted(
    str(path.relative_to(ROOT).with_suffix("")).replace("/", ".").removesuffix(".__init__")
    for package in ("normlab", "api", "worker", "migrations")
    for path in (ROOT / package).rglob("*.py")
    if ">>> " in path.read_text()
)
WITH_A_SERVICE = {
    "normlab.client.claims",
    "normlab.client.client",
    "normlab.client.comparisons",
    "normlab.client.models",
    "normlab.client.robustness",
    "normlab.client.sweeps",
}
WITHOUT = {"normlab.spec", "normlab.training", "normlab.analysis", "normlab.local.redis"}


def examples_of(module: ModuleType) -> Iterator[doctest.DocTest]:
    """Of the module itself and of what is defined in it; lazily loaded names are none of those."""
    finder = doctest.DocTestFinder(recurse=False)
    items = [
        module,
        *(item for item in vars(module).values() if getattr(item, "__module__", "") == module.__name__),
    ]
    for item in items:
        parts = [item, *(vars(item).values() if inspect.isclass(item) else ())]
        for part in parts:
            if callable(part) or inspect.ismodule(part):
                name = getattr(part, "__qualname__", module.__name__)
                yield from finder.find(part, name, globs=dict(vars(module)))


def run(name: str) -> None:
    tests = [test for test in examples_of(import_module(name)) if test.examples]
    assert tests, "no example was found"
    for test in tests:
        for example in test.examples:
            assert not example.options.get(doctest.SKIP), (
                f"{test.name}: an example that does not run is only prose"
            )
        runner = doctest.DocTestRunner()
        said: list[str] = []
        runner.run(test, out=said.append)
        assert runner.summarize(verbose=False).failed == 0, "".join(said)


def test_where_examples_are() -> None:
    assert set(MODULES) >= WITHOUT | WITH_A_SERVICE


@pytest.mark.parametrize("module", sorted(set(MODULES) - WITH_A_SERVICE))
def test_examples_run(module: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NORMLAB_DATA_DIR", str(tmp_path))
    run(module)


@pytest.mark.xdist_group("service")
@pytest.mark.parametrize("module", sorted(WITH_A_SERVICE))
def test_examples_with_a_service_run(
    module: str, local_service: LocalService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NORMLAB_URL", local_service.url)
    run(module)
