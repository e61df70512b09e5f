"""The wheel beside people's own packages."""

import importlib.metadata
import subprocess
import sys
import zipfile
from pathlib import Path

import alembic
import pytest

from normlab.programs import PROGRAMS

pytestmark = pytest.mark.xdist_group(__name__)  # one process makes what all tests here share

ROOT = Path(__file__).parents[1]
DEPENDENCIES = Path(alembic.__file__).parents[1]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages with the wheel's contents and somebody's own ``api``, ``worker`` and ``migrations``."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    site = folder / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    for name in PROGRAMS:
        (site / f"{name}.py").write_text(f"MINE = {name!r}\n")
    return site


def python(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python with the wheel's packages, then our dependencies, and without this checkout."""
    path = f"import sys; sys.path[:0] = [{str(site)!r}]; sys.path.append({str(DEPENDENCIES)!r}); "
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", path + arguments[0], *arguments[1:]],
        check=False,
        capture_output=True,
        text=True,
        cwd=site,
    )


def test_it_brings_one_name(site: Path) -> None:
    brought = {path.name for path in site.iterdir()} - {f"{name}.py" for name in PROGRAMS}
    version = importlib.metadata.version("normlab")
    assert brought == {"normlab", f"normlab-{version}.dist-info"}


def test_the_programs_run_beside_packages_of_the_same_names(site: Path) -> None:
    mine = python(
        site, "import api, worker, migrations, normlab; print(api.MINE, worker.MINE, normlab.__file__)"
    )
    assert mine.stdout.split() == ["api", "worker", str(site / "normlab" / "__init__.py")], mine.stderr
    for program in PROGRAMS:
        run = f"from normlab.programs import run; run({program!r})"
        helped = python(site, run, "--help")
        assert helped.stdout.startswith("usage: normlab-"), helped.stderr


def test_its_migrations_make_the_tables(site: Path, tmp_path: Path) -> None:
    prepare = f"import os; os.environ['NORMLAB_DATA_DIR'] = {str(tmp_path)!r}; "
    made = python(site, prepare + "from normlab.programs import migrate; migrate()")
    assert (made.returncode, (tmp_path / "normlab.db").exists()) == (0, True), made.stderr


def test_an_unknown_program_is_refused() -> None:
    refused = subprocess.run(
        [sys.executable, "-m", "normlab.programs", "apo"], check=False, capture_output=True, text=True
    )
    assert (refused.returncode, refused.stderr.split()[0]) == (1, "Usage:")
