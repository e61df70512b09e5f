"""How networks are asked about corrupted pictures, one after the other."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from normlab.spec.robustness import CorruptionName, RobustnessRequest
from normlab.training.robustness import measure

REQUEST = RobustnessRequest(corruptions=(CorruptionName.BRIGHTNESS, CorruptionName.SHIFT), severities=(1, 5))


def test_a_sign_of_life_is_given_before_each_network_is_asked() -> None:
    log: list[str] = []

    class Network:
        def probabilities(self, pixels: NDArray[Any]) -> NDArray[Any]:
            log.append("asked")
            return np.zeros((len(pixels), 10))

    networks = [measure.Asked(Network(), None) for _ in range(3)]
    pixels, labels = np.zeros((20, 8, 8), np.uint8), np.zeros(20, np.int64)
    measure.measure(networks, pixels, labels, REQUEST, 16, step=lambda: log.append("step"))
    assert log == ["step", "asked"] * (len(log) // 2)
