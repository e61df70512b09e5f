"""Keras's own format (``.keras``): a zip file of the network's layers, as JSON, and its weights.

Keras writes every parameter of a layer, and refuses a file with a parameter that it does not know. So that versions
before this one open the file, those that came later are left out where they have their default. The same network
gives the same bytes.
"""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any
from zipfile import ZipFile, ZipInfo

import keras

from normlab.training.export.plain import plain
from normlab.training.export.serving_function import TrainedNetwork

_NEWER: dict[str, object] = {
    "quantization_config": None,  # since 3.13
    "renorm": False,  # these three since 3.14
    "renorm_clipping": None,
    "renorm_momentum": 0.99,
    "use_gate": False,  # of attention
    "sliding_window": None,
    "input_axes": None,  # these two since 3.15
    "output_axes": None,
}
"""Parameters that came after Keras 3.10, the oldest version that opens the files, and their defaults."""

_CONFIG, _METADATA = "config.json", "metadata.json"


def write(trained: TrainedNetwork, path: Path) -> None:
    """Write the file."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        saved = Path(folder) / path.name
        plain(trained.network).save(saved)
        with ZipFile(saved) as source, ZipFile(path, "w") as target:
            for name in source.namelist():
                with (
                    source.open(name) as reading,
                    target.open(ZipInfo(name), "w", force_zip64=True) as writing,
                ):
                    if name == _CONFIG:
                        writing.write(_to_json(_without_newer_defaults(json.load(reading))))
                    elif name == _METADATA:
                        writing.write(_to_json({"keras_version": json.load(reading)["keras_version"]}))
                    else:
                        shutil.copyfileobj(reading, writing)


def read(path: Path) -> keras.Model:
    """The network of a file that ``write`` wrote."""
    return keras.models.load_model(path, compile=False)


def _without_newer_defaults(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_newer_defaults(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _without_newer_defaults(item)
        for key, item in value.items()
        if key not in _NEWER or item != _NEWER[key]
    }


def _to_json(value: object) -> bytes:
    return json.dumps(value).encode()
