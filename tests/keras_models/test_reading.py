"""Where a configuration comes from: files, older versions, and processes without TensorFlow."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import keras
import pytest
from typer.testing import CliRunner

from normlab.cli import app
from normlab.client.specs import spec_document
from normlab.errors import KerasModelError
from normlab.keras_models import configuration_of_file, convert, files
from support.keras_zoo import MODELS

# Keras's saving calls NumPy as it was before NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

ONE = "added_one_by_one"


def test_a_keras_file_is_read_without_being_loaded(tmp_path: Path) -> None:
    model, path = MODELS[ONE][0](), tmp_path / "model.keras"
    model.save(path)
    assert convert(configuration_of_file(path), {}) == convert(model, {})
    written = tmp_path / "model.json"
    written.write_text(model.to_json())
    assert convert(configuration_of_file(written), {}) == convert(model, {})


def test_files_that_hold_no_one_configuration_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("other.json", "{}")
    with pytest.raises(KerasModelError, match=r"without one config\.json"):
        configuration_of_file(path)
    monkeypatch.setattr(files, "MAX_CONFIGURATION_BYTES", 100)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", b" " * 10_000)
    with pytest.raises(KerasModelError, match="more than 100 bytes"):
        configuration_of_file(path)
    path.write_bytes(b"PK\x03\x04 broken")
    with pytest.raises(KerasModelError, match="cannot be read"):
        configuration_of_file(path)
    path.write_bytes(b"\x89HDF\r\n\x1a\n")
    with pytest.raises(KerasModelError, match="HDF5"):
        configuration_of_file(path)


def as_keras_3_0_wrote_it(value: Any) -> Any:
    """Types as strings, one input in a list of its own, no arguments that came later."""
    later = {
        "input_axes",
        "output_axes",
        "quantization_config",
        "renorm",
        "renorm_clipping",
        "renorm_momentum",
    }
    if isinstance(value, list):
        return [as_keras_3_0_wrote_it(item) for item in value]
    if not isinstance(value, dict):
        return value
    older = {key: as_keras_3_0_wrote_it(item) for key, item in value.items() if key not in later}
    if isinstance(older.get("dtype"), dict):
        older["dtype"] = older["dtype"]["config"]["name"]
    for end in ("input_layers", "output_layers"):
        if end in older and isinstance(older[end][0], str):
            older[end] = [older[end]]
    return older


@pytest.mark.parametrize("name", ["residual", "normalized_before_activations", "blocks_as_models"])
def test_the_form_of_older_versions_is_read(name: str) -> None:
    model = MODELS[name][0]()
    older = as_keras_3_0_wrote_it(json.loads(model.to_json()))
    assert convert(older, {"dataset": "digits"}) == convert(model, {"dataset": "digits"})


def test_neither_tensorflow_nor_keras_is_needed(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text(MODELS[ONE][0]().to_json())
    program = (
        "import sys; sys.modules.update(keras=None, tensorflow=None); import normlab; "
        f"print(normlab.from_keras(open({str(path)!r}).read()).architecture.layers[1].units)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "30"


def test_the_client_takes_models_where_it_takes_specs() -> None:
    model = MODELS[ONE][0]()
    body = spec_document(model, {"training": {"epochs": 2}, "dataset": "digits"})
    assert body["training"] == {"optimizer": convert(model, {}).body["training"]["optimizer"], "epochs": 2}
    assert body == spec_document({"architecture": model, "dataset": "digits", "training": {"epochs": 2}}, {})
    assert body == spec_document(model.to_json(), {"dataset": "digits", "training": {"epochs": 2}})
    assert body["name"] == "added"


def test_the_shell_says_what_cannot_be_had(tmp_path: Path) -> None:
    model = keras.Sequential(
        [keras.Input((8, 8)), keras.layers.Flatten(), keras.layers.Dense(3, name="three")]
    )
    path = tmp_path / "model.keras"
    model.save(path)
    result = CliRunner().invoke(
        app, ["submit", "--keras", os.fspath(path), "--dataset", "digits", "--dry-run"]
    )
    assert result.exit_code == 1
    assert "three (Dense): has 3 units" in result.stderr
