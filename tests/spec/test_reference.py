from normlab.spec.augmentation import AUGMENTATIONS
from normlab.spec.blocks import BLOCKS
from normlab.spec.layers import LAYERS
from normlab.spec.losses import LOSSES
from normlab.spec.optimizers import OPTIMIZERS
from normlab.spec.reference import options
from normlab.spec.schedules import SCHEDULES
from normlab.spec.training import TrainingSpec


def test_every_field_of_every_kind_is_described():
    for kinds, tag in (
        (LAYERS, "type"),
        (BLOCKS, "type"),
        (OPTIMIZERS, "name"),
        (SCHEDULES, "name"),
        (LOSSES, "name"),
        (AUGMENTATIONS, "name"),
    ):
        for name, kind in kinds.items():
            described = [option.name for option in options(kind)]
            fields = {field: info.is_required() for field, info in kind.model_fields.items() if field != tag}
            assert described == sorted(fields, key=lambda field: not fields[field]), name


def test_values_and_defaults_are_written_as_json_has_them():
    dense = {option.name: option for option in options(LAYERS["dense"])}
    assert dense["units"].default is None
    assert dense["units"].values == "whole number above 0"
    assert dense["use_bias"].default == "true"
    assert dense["kernel_initializer"].default == '"glorot_uniform"'
    training = {option.name: option for option in options(TrainingSpec)}
    assert training["optimizer"].values.startswith('"sgd", "adam", "adamw", "rmsprop", ')
    assert all(f'"{name}"' in training["optimizer"].values for name in OPTIMIZERS)
