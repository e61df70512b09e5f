"""All augmentations of a training, one after the other."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from normlab.spec.augmentation import BaseAugmentation, Mixup
from normlab.training.augmentation import colour, geometry
from normlab.training.augmentation.draws import Draws
from normlab.training.augmentation.mixing import mixup
from normlab.training.seeds import Role, derive

FUNCTIONS: Mapping[str, Callable[[Any, tf.Tensor, Draws], tf.Tensor]] = {
    "flip": geometry.flip,
    "shift": geometry.shift,
    "crop": geometry.crop,
    "rotation": geometry.rotation,
    "cutout": geometry.cutout,
    "brightness": colour.brightness,
    "contrast": colour.contrast,
}
"""Those that change pictures alone, by their names."""


class Pipeline:
    """The augmentations of a training. What differs between jobs of a kind is in its variables."""

    def __init__(self, asked: Sequence[BaseAugmentation], classes: int, dtype: str) -> None:
        self._asked = asked
        self._classes = classes
        self._dtype = dtype
        self._keys = tf.Variable(tf.zeros(len(asked), tf.int32), trainable=False)
        self._origin = tf.Variable((0, 0), dtype=tf.int32, trainable=False)  # epoch, samples taken before

    def reset(self, seed: int) -> None:
        """Draw from the streams of a seed: one for each kind, and for each time that it is there.

        So what one augmentation draws does not depend on which others there are.
        """
        if not self._asked:
            return
        counts: Counter[str] = Counter()
        keys = []
        for each in self._asked:
            counts[each.name] += 1
            keys.append(derive(seed, Role.AUGMENTATION, each.name, counts[each.name]))
        self._keys.assign(keys)

    def begin(self, epoch: int, taken: int) -> None:
        """The next steps are of an epoch (from 1) of which so many samples lie before the table of these steps."""
        if self._asked:
            self._origin.assign((epoch, taken))

    def __call__(
        self, pictures: tf.Tensor, labels: tf.Tensor, step: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Change scaled pixels (batch, *shape) and labels (batch,) of a step of the table.

        Gives the pixels, and as targets the labels, or their shares (batch, classes) if pictures are mixed.
        """
        if not self._asked:
            return pictures, labels
        shape, batch = pictures.shape, pictures.shape[0]
        pictures = tf.reshape(pictures, (*shape[:3], -1))  # grey ones, too, get channels
        places = tf.cast(self._origin[1] + step * batch + tf.range(batch), tf.uint32)
        targets = labels
        for number, asked in enumerate(self._asked):
            key, epoch = tf.cast(self._keys[number], tf.uint32), tf.cast(self._origin[0], tf.uint32)
            draws = Draws(key, epoch, places, self._dtype)
            if isinstance(asked, Mixup):
                shares = tf.one_hot(labels, self._classes, dtype=self._dtype)
                pictures, targets = mixup(asked, pictures, shares, draws)
            else:
                pictures = FUNCTIONS[asked.name](asked, pictures, draws)
        return tf.reshape(pictures, shape), targets
