"""The table of docs/from-keras.md: which of Keras's own networks are taken."""

import keras
import pytest

from normlab.errors import KerasModelError
from normlab.keras_models import convert
from normlab.spec import plan_job

pytestmark = pytest.mark.nightly


@pytest.mark.parametrize("name", ["ResNet50V2", "DenseNet121"])
def test_networks_that_are_taken_have_the_same_parameters(name: str) -> None:
    model = getattr(keras.applications, name)(weights=None, classes=10, input_shape=(32, 32, 3))
    planned = plan_job(convert(model, {"dataset": "cifar10"}).spec)
    assert sum(variable.size for item in planned for variable in item.variables) == model.count_params()


def test_networks_that_are_not_taken_say_why() -> None:
    model = keras.applications.MobileNetV2(weights=None, classes=10, input_shape=(32, 32, 3))
    with pytest.raises(KerasModelError, match="max_value") as caught:
        convert(model, {"dataset": "cifar10"})
    assert len(caught.value.refused) == 35
    assert {each.class_name for each in caught.value.refused} == {"ReLU"}
