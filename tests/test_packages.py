"""What an import of the packages loads, and that each name they offer is there."""

import subprocess
import sys

import pytest

import normlab
import normlab.analysis

HEAVY = ("tensorflow", "keras", "scipy", "altair", "numpy", "httpx", "sqlalchemy")


@pytest.mark.parametrize("package", ["normlab", "normlab.training", "normlab.analysis", "normlab.spec"])
def test_an_import_loads_nothing_heavy(package: str) -> None:
    program = f"import sys, {package}; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_each_name_of_the_lazy_packages_is_there() -> None:
    for package in (normlab, normlab.analysis):
        assert len(package.__all__) > 1
        for name in package.__all__:
            assert getattr(package, name) is not None


def test_a_function_is_not_hidden_by_the_module_it_lives_in() -> None:
    program = (
        "import normlab.analysis, normlab.analysis.differences; print(callable(normlab.analysis.differences))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
