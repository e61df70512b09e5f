import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

DEMO = [sys.executable, "-c", "from normlab.cli import app; app()", "demo", "--epochs", "1", "--data"]
FETCHED = Path(__file__).parents[2] / "demo-data" / "datasets"


def run_demo(data: Path) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("NORMLAB_")}
    return subprocess.run([*DEMO, data], capture_output=True, text=True, check=False, env=environment)


@pytest.mark.slow
@pytest.mark.xdist_group("service")
def test_the_demo_trains_compares_and_classifies(tmp_path: Path) -> None:
    if FETCHED.is_dir():  # `make test` has put Fashion-MNIST there
        (tmp_path / "datasets").symlink_to(FETCHED)
    done = run_demo(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "batch_norm  epoch 1/1  loss " in done.stderr
    assert "what differs" in done.stdout
    assert "The dataset says: Ankle boot" in done.stdout
    assert "Too few epochs to compare the curves, which is done from epoch 3 on." in done.stdout
    assert "baseline against baseline_with_batch_norm, 5 seeds of each, 1 epoch\n" in done.stdout
    assert "95 % interval" in done.stdout
    why = done.stdout.partition("Why does deep_sigmoid not learn?")[2].splitlines()
    lines = [line for line in why if line.startswith("- ")]
    assert len(lines) == 5
    assert lines[0].startswith("- Gradients vanish toward the input: in dense_1")
    assert "The gradient's factor from layer to layer" in lines[2]
    assert "<h1>demo</h1>" in (tmp_path / "report.html").read_text()
    for name, width in (("comparison.png", 2162), ("test_image.png", 28)):
        with Image.open(tmp_path / name) as image:
            assert (image.format, image.width) == ("PNG", pytest.approx(width, rel=0.5))


def test_without_a_dataset_the_demo_ends_before_it_starts_anything(tmp_path: Path) -> None:
    (tmp_path / "datasets").write_text("a file where the folder should be")
    done = run_demo(tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Error: the decoded files in " in done.stderr
    assert done.stderr.endswith("it must be a folder that can be written.\n")
    assert not (tmp_path / "redis").exists()
